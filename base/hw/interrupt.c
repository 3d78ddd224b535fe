/* SPDX-License-Identifier: GPL-2.0-only */
/* Who gets which interrupt. */
#include "base/hw/insn.h"
#include "base/hw/trap.h"
#include "base/log.h"

static interrupt_handler *handlers[256];
static u32 unexpected[256];
static void (*nmi_handler)(void);

void interrupt_set_handler(u8 vector, interrupt_handler *handler)
{
	__atomic_store_n(&handlers[vector], handler, __ATOMIC_RELEASE);
}

void nmi_set_handler(void (*handler)(void))
{
	__atomic_store_n(&nmi_handler, handler, __ATOMIC_RELEASE);
}

void interrupt_dispatch(u8 vector)
{
	interrupt_handler *handler = __atomic_load_n(&handlers[vector], __ATOMIC_ACQUIRE);

	/*
	 * A spurious interrupt sets no bit in the ISR: an EOI would end somebody else's (Intel SDM
	 * 3A section 12.9).
	 */
	if (vector == VECTOR_SPURIOUS)
		return;
	if (handler)
		handler(vector);
	else if (__atomic_fetch_add(&unexpected[vector], 1, __ATOMIC_RELAXED) == 0)
		log_warn("cpu",
			 "interrupt 0x%02x on core %u has no handler; more of this vector are only "
			 "counted",
			 vector, cpu_index());
	lapic_eoi();
}

void trap(struct trap_frame *frame)
{
	if (frame->vector >= FIRST_INTERRUPT) {
		interrupt_dispatch((u8)frame->vector);
		return;
	}
	if (frame->vector != VECTOR_NMI)
		crash_exception(frame);
	if (crash_in_progress())
		halt_forever();

	void (*handler)(void) = __atomic_load_n(&nmi_handler, __ATOMIC_ACQUIRE);

	if (handler)
		handler();
}
