// SPDX-License-Identifier: GPL-2.0-only
/*
 * The only writer of the VM-entry interruption information (Intel SDM Vol. 3C 25.8.3). Order at
 * each entry: an exception that a handler decided, then NMI, then the virtual LAPIC's interrupt.
 * No exit cuts the delivery of an event short and goes on: what could (IDT, GDT, TSS or stack in
 * device memory, #DB and #AC without end) stops the VM.
 */
#include "vmm/vmx/insn.h"
#include "vmm/vmx/msr.h"
#include "vmm/vmx/vmx.h"

void inject_exception(struct vcpu *v, u8 vector, bool has_error, u32 error)
{
	v->inject_exception = true;
	v->inject_type = INTR_HARD_EXCEPTION;
	v->inject_vector = vector;
	v->inject_has_error = has_error;
	v->inject_error = error;
}

static void write_event(enum intr_type type, u8 vector, u32 rest)
{
	vmcs_write(VMCS_ENTRY_INTERRUPTION_INFO,
		   INTR_INFO_VALID | (u32)type << INTR_TYPE_SHIFT | rest | vector);
}

/* In real mode exceptions push no error code, and an entry that would is refused (27.2.1.3). */
static void write_exception(struct vcpu *v)
{
	bool error = v->inject_has_error && (vmcs_read(VMCS_GUEST_CR0) & CR0_PE);

	if (error)
		vmcs_write(VMCS_ENTRY_EXCEPTION_ERROR, v->inject_error);
	if (v->inject_type != INTR_HARD_EXCEPTION)
		vmcs_write(VMCS_ENTRY_INSTRUCTION_LENGTH, vmcs_read(VMCS_EXIT_INSTRUCTION_LENGTH));
	/* The exception ends the shadow of an STI or MOV SS before it. */
	vmcs_write(VMCS_GUEST_INTERRUPTIBILITY,
		   vmcs_read(VMCS_GUEST_INTERRUPTIBILITY) & ~(u64)(BLOCKING_STI | BLOCKING_MOV_SS));
	write_event(v->inject_type, v->inject_vector, error ? INTR_INFO_ERROR_CODE : 0);
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
	if (v->inject_exception) {
		v->inject_exception = false;
		write_exception(v);
		return true;
	}
	if (v->inject_nmi && !(vmcs_read(VMCS_GUEST_INTERRUPTIBILITY) &
			       (BLOCKING_NMI | BLOCKING_STI | BLOCKING_MOV_SS))) {
		v->inject_nmi = false;
		write_event(INTR_NMI, EXC_NMI, 0);
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
	write_event(INTR_EXTERNAL, (u8)vector, 0);
	set_window(v, vlapic_deliverable(&v->lapic) >= 0);
}
