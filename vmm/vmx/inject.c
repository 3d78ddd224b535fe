// SPDX-License-Identifier: GPL-2.0-only
/*
 * The only writer of the VM-entry interruption information (Intel SDM Vol. 3C 25.8.3). Order at
 * each entry: an event whose delivery the last exit cut short, then an exception that a handler
 * decided, then NMI, then the virtual LAPIC's interrupt.
 */
#include "vmm/vmx/insn.h"
#include "vmm/vmx/msr.h"
#include "vmm/vmx/vmx.h"

void inject_exception(struct vcpu *v, u8 vector, bool has_error, u32 error)
{
	v->inject_exception = true;
	v->inject_vector = vector;
	v->inject_has_error = has_error;
	v->inject_error = error;
}

void inject_remember_cut(struct vcpu *v)
{
	u32 info = (u32)vmcs_read(VMCS_IDT_VECTORING_INFO);

	if (!(info & INTR_INFO_VALID))
		return;
	v->idt_vectoring = info;
	vcpu_attention(v, ATTENTION_INJECT);
	if (info & INTR_INFO_ERROR_CODE)
		v->idt_vectoring_error = (u32)vmcs_read(VMCS_IDT_VECTORING_ERROR);
}

static void write_event(u32 info, u32 error)
{
	u32 type = (info & INTR_TYPE_MASK) >> INTR_TYPE_SHIFT;

	if (info & INTR_INFO_ERROR_CODE)
		vmcs_write(VMCS_ENTRY_EXCEPTION_ERROR, error);
	if (type >= INTR_SOFT_INTERRUPT)
		vmcs_write(VMCS_ENTRY_INSTRUCTION_LENGTH, vmcs_read(VMCS_EXIT_INSTRUCTION_LENGTH));
	vmcs_write(VMCS_ENTRY_INTERRUPTION_INFO, info & (INTR_INFO_VALID | INTR_INFO_ERROR_CODE |
							 INTR_TYPE_MASK | INTR_INFO_VECTOR));
}

static void set_window(struct vcpu *v, bool open)
{
	if (v->window_open == open)
		return;
	v->window_open = open;
	vmcs_write(VMCS_PRIMARY_CONTROLS,
		   open ? vmx_controls.primary | PRIMARY_INTERRUPT_WINDOW : vmx_controls.primary);
}

/* Blocking by STI or MOV SS lasts one instruction; after we emulated one it is over. */
static bool guest_takes_interrupts(void)
{
	return (vmcs_read(VMCS_GUEST_RFLAGS) & RFLAGS_IF) &&
	       !(vmcs_read(VMCS_GUEST_INTERRUPTIBILITY) & (BLOCKING_STI | BLOCKING_MOV_SS));
}

/* Returns true if an event was written. */
static bool inject_pending_exception(struct vcpu *v)
{
	if (v->idt_vectoring) {
		write_event(v->idt_vectoring, v->idt_vectoring_error);
		v->idt_vectoring = 0;
		return true;
	}
	if (v->inject_exception) {
		v->inject_exception = false;
		write_event(INTR_INFO_VALID | INTR_HARD_EXCEPTION << INTR_TYPE_SHIFT |
				    v->inject_vector |
				    (v->inject_has_error ? INTR_INFO_ERROR_CODE : 0),
			    v->inject_error);
		return true;
	}
	if (v->inject_nmi && !(vmcs_read(VMCS_GUEST_INTERRUPTIBILITY) &
			       (BLOCKING_NMI | BLOCKING_STI | BLOCKING_MOV_SS))) {
		v->inject_nmi = false;
		write_event(INTR_INFO_VALID | INTR_NMI << INTR_TYPE_SHIFT | EXC_NMI, 0);
		return true;
	}
	return false;
}

void inject_before_entry(struct vcpu *v)
{
	bool busy = inject_pending_exception(v);
	int vector;

	if (!__atomic_exchange_n(&v->lapic.pending, 0, __ATOMIC_ACQUIRE) && !v->window_open)
		return;
	vector = vlapic_deliverable(&v->lapic);
	if (vector < 0) {
		set_window(v, false);
		return;
	}
	if (busy || !guest_takes_interrupts()) {
		set_window(v, true);
		return;
	}
	vlapic_accept(&v->lapic, (u8)vector);
	v->injected++;
	write_event(INTR_INFO_VALID | INTR_EXTERNAL << INTR_TYPE_SHIFT | (u32)vector, 0);
	set_window(v, vlapic_deliverable(&v->lapic) >= 0);
}
