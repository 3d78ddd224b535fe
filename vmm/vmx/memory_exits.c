// SPDX-License-Identifier: GPL-2.0-only
/* Exits that carry an address: EPT violations (emulated devices) and I/O instructions (Intel SDM
 * Vol. 3C 28.2.1). */
#include "base/log.h"
#include "base/time.h"
#include "vmm/guest/devices.h"
#include "vmm/guest/guest.h"
#include "vmm/vmx/insn.h"
#include "vmm/vmx/vmx.h"

/* Exit qualification of EPT violations, table 28-7. */
#define EPT_QUAL_WRITE        BIT64(1)
#define EPT_QUAL_FETCH        BIT64(2)
#define EPT_QUAL_LINEAR_VALID BIT64(7)
#define EPT_QUAL_FINAL        BIT64(8) /* the access itself, not a page-table walk */

/* Exit qualification of I/O instructions, table 28-5. */
#define IO_WIDTH(q)  (((unsigned)(q)&7) + 1)
#define IO_IN(q)     ((q) >> 3 & 1)
#define IO_STRING(q) ((q) >> 4 & 1)
#define IO_PORT(q)   ((u16)((q) >> 16))

enum verdict on_ept_violation(struct vcpu *v)
{
	u64 q = vmcs_read(VMCS_EXIT_QUALIFICATION);
	gpa_t at = gpa(vmcs_read(VMCS_GUEST_PHYSICAL_ADDRESS));
	struct why why = { 0 };
	unsigned length = 0;
	enum err e = ERR_NOT_FOUND;

	/* Then RIP is not at the instruction that made the access: nothing can be emulated. */
	if (delivery_cut_short() >= 0) {
		vm_end(v->vm, VM_STATUS_STOPPED,
		       "vCPU %u: delivering event %d at RIP 0x%llx touched guest-physical 0x%llx: "
		       "the IDT, GDT, TSS and stacks must be in RAM, which ends at 0x%llx",
		       v->index, delivery_cut_short(),
		       (unsigned long long)vmcs_read(VMCS_GUEST_RIP), (unsigned long long)at.v,
		       (unsigned long long)v->vm->ram_bytes);
		return STOP_VM;
	}
	if ((q & EPT_QUAL_LINEAR_VALID) && (q & EPT_QUAL_FINAL))
		e = mmio_access(v, at, q & EPT_QUAL_WRITE, q & EPT_QUAL_FETCH, &length, &why);
	if (e == OK) {
		/* The length field of the VMCS is not defined for EPT violations: it is the
		 * decoder's. */
		vmcs_write(VMCS_GUEST_RIP, vmcs_read(VMCS_GUEST_RIP) + length);
		return RESUME_SAME;
	}
	if (e == ERR_UNSUPPORTED) {
		guest_teach(v->vm, "%s: #GP", why.text);
		return INJECT_GP;
	}
	vm_end(v->vm, VM_STATUS_STOPPED,
	       "vCPU %u: %s of guest-physical 0x%llx at RIP 0x%llx: nothing is there (RAM ends at "
	       "0x%llx; config space at 0x%x, BARs at 0x%x)",
	       v->index,
	       q & EPT_QUAL_FETCH   ? "instruction fetch"
	       : q & EPT_QUAL_WRITE ? "write"
				    : "read",
	       (unsigned long long)at.v, (unsigned long long)vmcs_read(VMCS_GUEST_RIP),
	       (unsigned long long)v->vm->ram_bytes, GUEST_ECAM_BASE, GUEST_MMIO_BASE);
	return STOP_VM;
}

enum verdict on_ept_misconfig(struct vcpu *v)
{
	vm_end(v->vm, VM_STATUS_STOPPED,
	       "vCPU %u: EPT misconfiguration at guest-physical 0x%llx (a bug of the hypervisor; "
	       "please report it)",
	       v->index, (unsigned long long)vmcs_read(VMCS_GUEST_PHYSICAL_ADDRESS));
	return STOP_VM;
}

/* INS and OUTS are not emulated: #GP tells the guest at the instruction. */
enum verdict on_io(struct vcpu *v)
{
	u64 q = vmcs_read(VMCS_EXIT_QUALIFICATION);
	unsigned width = IO_WIDTH(q);
	u64 mask = width == 4 ? 0xffffffffull : width == 2 ? 0xffffull : 0xffull;

	if (IO_STRING(q))
		return INJECT_GP;
	if (!IO_IN(q)) {
		ioport_write(v, IO_PORT(q), width, (u32)(v->gpr[RAX] & mask));
		return v->vm->state == VM_RUNNING ? RESUME_NEXT : LEAVE_NEXT;
	}
	/* IN EAX clears bits 63:32 of RAX; the narrower forms keep the rest. */
	v->gpr[RAX] =
		(width == 4 ? 0 : v->gpr[RAX] & ~mask) | (ioport_read(v, IO_PORT(q), width) & mask);
	return RESUME_NEXT;
}
