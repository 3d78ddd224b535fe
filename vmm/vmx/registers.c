// SPDX-License-Identifier: GPL-2.0-only
/* Control registers, debug registers, XCR0 (Intel SDM Vol. 3C 28.2.1, tables 28-3 and 28-4; Vol.
 * 3A 2.5). */
#include "base/hw/insn.h"
#include "vmm/vmx/insn.h"
#include "vmm/vmx/msr.h"
#include "vmm/vmx/vmx.h"

/* CR4 bits that a guest may set; anything else is #GP, as on a CPU without the feature. */
#define CR4_ALLOWED (BITS64(10, 0) | CR4_UMIP | CR4_FSGSBASE | CR4_OSXSAVE | CR4_SMEP | CR4_SMAP)
#define CR0_DEFINED (BITS64(5, 0) | CR0_WP | BIT64(18) | CR0_NW | CR0_CD | CR0_PG)

/* Exit qualification of control-register accesses. */
#define CR_QUAL_NUMBER(q) ((q)&15)
#define CR_QUAL_TYPE(q)   ((q) >> 4 & 3)
#define CR_QUAL_REG(q)    ((q) >> 8 & 15)
enum cr_type {
	CR_WRITE,
	CR_READ,
	CR_CLTS,
	CR_LMSW
};

#define DR_QUAL_NUMBER(q) ((q)&7)
#define DR_QUAL_READ(q)   ((q) >> 4 & 1)

#define PDPTES         4
#define PDPTE_PRESENT  BIT64(0)
#define PDPTE_RESERVED (BITS64(63, 52) | BITS64(8, 5) | BITS64(2, 1))
#define CR3_PDPT       BITS64(31, 5)

/*
 * A write that we carry out turns PAE paging on: the processor would load four entries from memory
 * and refuse wrong ones (SDM Vol. 3A 4.4.1).
 */
static bool load_pdptes(struct vcpu *v)
{
	u64 entry[PDPTES];

	if (!guest_read(v->vm, gpa(vmcs_read(VMCS_GUEST_CR3) & CR3_PDPT), entry, sizeof(entry)))
		return false;
	for (unsigned i = 0; i < PDPTES; i++)
		if ((entry[i] & PDPTE_PRESENT) && (entry[i] & PDPTE_RESERVED))
			return false;
	for (unsigned i = 0; i < PDPTES; i++)
		vmcs_write(VMCS_GUEST_PDPTE0 + 2 * i, entry[i]);
	return true;
}

/*
 * Paging on or off by a write that we carry out: what the processor does then (SDM Vol. 3A 4.1.2,
 * 10.8.5). 64-bit code can do neither.
 */
static bool switch_paging(struct vcpu *v, bool on)
{
	u64 efer = vmcs_read(VMCS_GUEST_EFER);
	bool pae = vmcs_read(VMCS_GUEST_CR4) & CR4_PAE, long_mode = on && (efer & EFER_LME);

	if ((long_mode || (efer & EFER_LMA)) &&
	    (vmcs_read(VMCS_GUEST_CS_ACCESS) & SEGMENT_CODE_LONG))
		return false;
	if ((long_mode && !pae) || (on && pae && !long_mode && !load_pdptes(v)))
		return false;
	vmcs_write(VMCS_GUEST_EFER, long_mode ? efer | EFER_LMA : efer & ~EFER_LMA);
	vmcs_write(VMCS_ENTRY_CONTROLS, vmx_controls.entry | (long_mode ? ENTRY_IA32E : 0));
	vcpu_flush_tlb(v);
	return true;
}

/* CR0: NE stays on in hardware, CD and NW are remembered only; the rest is the guest's. */
static enum verdict write_cr0_guest(struct vcpu *v, u64 value)
{
	if (value >> 32 || ((value & CR0_PG) && !(value & CR0_PE)) ||
	    ((value & CR0_NW) && !(value & CR0_CD)))
		return INJECT_GP;
	value = (value & CR0_DEFINED) | CR0_ET;
	/* The exit came before the processor looked at the write. */
	if (((vmcs_read(VMCS_GUEST_CR0) ^ value) & CR0_PG) && !switch_paging(v, value & CR0_PG))
		return INJECT_GP;
	vmcs_write(VMCS_CR0_SHADOW, value);
	vmcs_write(VMCS_GUEST_CR0, (value & ~(CR0_CD | CR0_NW)) | CR0_NE);
	return RESUME_NEXT;
}

static enum verdict write_cr4_guest(struct vcpu *v, u64 value)
{
	u64 changed = value ^ vmcs_read(VMCS_GUEST_CR4), efer = vmcs_read(VMCS_GUEST_EFER);

	/* Bits that this CPU lacks are allowed bits no more. */
	if (value & ~(CR4_ALLOWED & vmx_controls.cr4_fixed1))
		return INJECT_GP;
	if ((changed & CR4_PAE) && (efer & EFER_LMA))
		return INJECT_GP;
	if ((changed & value & CR4_PAE) && (vmcs_read(VMCS_GUEST_CR0) & CR0_PG) && !load_pdptes(v))
		return INJECT_GP;
	vcpu_flush_tlb(v);
	vmcs_write(VMCS_CR4_SHADOW, value);
	vmcs_write(VMCS_GUEST_CR4, (value & vmx_controls.cr4_fixed1) | vmx_controls.cr4_fixed0);
	v->os_xsave = value & CR4_OSXSAVE;
	return RESUME_NEXT;
}

static enum verdict write_cr8_guest(struct vcpu *v, u64 value)
{
	if (value > 15)
		return INJECT_GP;
	v->lapic.tpr = (u32)value << 4;
	v->lapic.pending = 1;
	return RESUME_NEXT;
}

static enum verdict cr_write(struct vcpu *v, unsigned number, u64 value)
{
	switch (number) {
	case 0: return write_cr0_guest(v, value);
	case 4: return write_cr4_guest(v, value);
	case 8: return write_cr8_guest(v, value);
	default: return INJECT_UD;
	}
}

#define LMSW_BITS              0xfull /* PE MP EM TS; LMSW cannot clear PE */
#define CR_QUAL_LMSW_SOURCE(q) ((q) >> 16 & 0xffff)

enum verdict on_cr_access(struct vcpu *v)
{
	u64 q = vmcs_read(VMCS_EXIT_QUALIFICATION);
	u64 cr0;

	switch ((enum cr_type)CR_QUAL_TYPE(q)) {
	case CR_WRITE: return cr_write(v, CR_QUAL_NUMBER(q), vcpu_gpr(v, CR_QUAL_REG(q)));
	case CR_READ:
		if (CR_QUAL_NUMBER(q) != 8)
			return INJECT_UD;
		vcpu_set_gpr(v, CR_QUAL_REG(q), v->lapic.tpr >> 4);
		return RESUME_NEXT;
	case CR_CLTS: return write_cr0_guest(v, vcpu_cr0(v) & ~CR0_TS);
	case CR_LMSW:
	default:
		cr0 = vcpu_cr0(v);
		return write_cr0_guest(v, (cr0 & ~(LMSW_BITS & ~CR0_PE)) |
						  (CR_QUAL_LMSW_SOURCE(q) & LMSW_BITS));
	}
}

/*
 * Debug registers are remembered but never armed: DR0-3 and DR6 are not in the VMCS, and switching
 * them for a feature that no small guest uses would cost every vCPU switch (docs/CAVEATS.md).
 */
enum verdict on_dr_access(struct vcpu *v)
{
	u64 q = vmcs_read(VMCS_EXIT_QUALIFICATION);
	unsigned number = DR_QUAL_NUMBER(q), reg = CR_QUAL_REG(q);
	u64 value;

	if (number == 4 || number == 5)
		number += 2; /* aliases of DR6 and DR7 while CR4.DE is clear */
	if (DR_QUAL_READ(q)) {
		value = number < 4    ? v->dr[number]
			: number == 6 ? v->dr6
				      : vmcs_read(VMCS_GUEST_DR7);
		vcpu_set_gpr(v, reg, value);
		return RESUME_NEXT;
	}
	value = vcpu_gpr(v, reg);
	if (number >= 6 && value >> 32)
		return INJECT_GP;
	if (number < 4)
		v->dr[number] = value;
	else if (number == 6)
		v->dr6 = value | DR6_FIXED;
	return RESUME_NEXT;
}

enum verdict on_xsetbv(struct vcpu *v)
{
	u64 value = v->gpr[RDX] << 32 | (u32)v->gpr[RAX];
	bool avx_without_sse = (value & 4) && !(value & 2);

	/* SDM Vol. 1 13.3: x87 must be set, AVX needs SSE; only what CPUID showed. The CPU has
	 * checked CPL and CR4.OSXSAVE. */
	if ((u32)v->gpr[RCX] != 0 || !(value & 1) || avx_without_sse || (value & ~xcr0_allowed()))
		return INJECT_GP;
	v->xcr0 = value;
	xsetbv(0, value);
	return RESUME_NEXT;
}
