// SPDX-License-Identifier: GPL-2.0-only
/*
 * A triple fault: an exception could not be delivered, nor could the double fault that came of it
 * (Intel SDM Vol. 3A 6.15, "Interrupt 8"). The guest itself can no longer say anything, so we look
 * for what it would look for: is what a delivery needs there at all?
 */
#include "base/format.h"
#include "base/hw/insn.h"
#include "base/log.h"
#include "vmm/guest/guest.h"
#include "vmm/vmx/insn.h"
#include "vmm/vmx/msr.h"
#include "vmm/vmx/vmx.h"

#define LONG_GATE_BYTES   16u /* SDM Vol. 3A figure 6-8 */
#define LEGACY_GATE_BYTES 8u  /* figure 6-2; an entry of the real-mode IVT has 4 */
#define FOUND_BYTES       96

/* In the order in which a delivery needs them. */
static const struct need {
	const char *what;
	u16 base, offset;
} needs[] = {
	{ "the instruction at RIP", VMCS_GUEST_CS_BASE, VMCS_GUEST_RIP },
	{ "the IDT", VMCS_GUEST_IDTR_BASE, 0 },
	{ "the GDT", VMCS_GUEST_GDTR_BASE, 0 },
	{ "the stack", VMCS_GUEST_SS_BASE, VMCS_GUEST_RSP },
};

/* What a person should look at first, found in the guest's own tables. */
static void find(struct vcpu *v, char *text, size_t bytes)
{
	u64 limit = vmcs_read(VMCS_GUEST_IDTR_LIMIT);
	u64 gate = vmcs_read(VMCS_GUEST_EFER) & EFER_LMA ? LONG_GATE_BYTES : LEGACY_GATE_BYTES;

	for (unsigned i = 0; i < ARRAY_LEN(needs); i++) {
		u64 at = vmcs_read(needs[i].base);
		gpa_t physical;

		if (needs[i].offset)
			at += vmcs_read(needs[i].offset);
		if (guest_linear_to_physical(v, at, &physical) && physical.v < v->vm->ram_bytes)
			continue;
		format(text, bytes, "%s (0x%llx) is not mapped to RAM", needs[i].what,
		       (unsigned long long)at);
		return;
	}
	if (limit < (EXC_PF + 1) * gate - 1)
		format(text, bytes, "the IDT ends before the exceptions do (limit 0x%llx)",
		       (unsigned long long)limit);
	else
		format(text, bytes,
		       "code, IDT, GDT and stack are mapped: look at the IDT's entries");
}

static void say_registers(struct vcpu *v)
{
	log_info("vm",
		 "VM %s: vCPU %u at its triple fault: CR0 0x%llx CR2 0x%llx CR4 0x%llx EFER 0x%llx "
		 "RFLAGS 0x%llx CS 0x%llx IDT 0x%llx+0x%llx GDT 0x%llx+0x%llx, last event injected "
		 "0x%llx, cut short 0x%llx",
		 v->vm->name, v->index, (unsigned long long)vmcs_read(VMCS_GUEST_CR0),
		 (unsigned long long)read_cr2(), (unsigned long long)vmcs_read(VMCS_GUEST_CR4),
		 (unsigned long long)vmcs_read(VMCS_GUEST_EFER),
		 (unsigned long long)vmcs_read(VMCS_GUEST_RFLAGS),
		 (unsigned long long)vmcs_read(VMCS_GUEST_CS_SELECTOR),
		 (unsigned long long)vmcs_read(VMCS_GUEST_IDTR_BASE),
		 (unsigned long long)vmcs_read(VMCS_GUEST_IDTR_LIMIT),
		 (unsigned long long)vmcs_read(VMCS_GUEST_GDTR_BASE),
		 (unsigned long long)vmcs_read(VMCS_GUEST_GDTR_LIMIT),
		 (unsigned long long)vmcs_read(VMCS_ENTRY_INTERRUPTION_INFO),
		 (unsigned long long)vmcs_read(VMCS_IDT_VECTORING_INFO));
}

/* How the first table of the guest's own page walk is found, and what begins it. */
static void say_page_tables(struct vcpu *v)
{
	u64 cr3 = vmcs_read(VMCS_GUEST_CR3) & ~(u64)(PAGE_SIZE - 1), first = 0;
	unsigned prot = 0;
	hpa_t at = { 0 };

	if (!ept_translate(v->vm, gpa(cr3), &at, &prot) ||
	    !guest_read(v->vm, gpa(cr3), &first, sizeof(first)))
		return;
	log_info("vm",
		 "VM %s: EPT 0x%llx: CR3's table is at host-physical 0x%llx (permissions %u), its "
		 "first entry is 0x%llx",
		 v->vm->name, (unsigned long long)vmcs_read(VMCS_EPT_POINTER),
		 (unsigned long long)at.v, prot, (unsigned long long)first);
}

enum verdict on_triple_fault(struct vcpu *v)
{
	char found[FOUND_BYTES];

	find(v, found, sizeof(found));
	say_registers(v);
	say_page_tables(v);
	vm_end(v->vm, VM_STATUS_TRIPLE_FAULT,
	       "vCPU %u: triple fault at RIP 0x%llx (CR3 0x%llx, RSP 0x%llx): an exception had no "
	       "usable handler, twice; %s",
	       v->index, (unsigned long long)vmcs_read(VMCS_GUEST_RIP),
	       (unsigned long long)vmcs_read(VMCS_GUEST_CR3),
	       (unsigned long long)vmcs_read(VMCS_GUEST_RSP), found);
	return STOP_VM;
}
