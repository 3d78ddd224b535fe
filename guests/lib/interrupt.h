/* SPDX-License-Identifier: GPL-2.0-only */
/* Interrupts, exceptions and the local APIC of a small guest. */
#ifndef GUESTS_INTERRUPT_H
#define GUESTS_INTERRUPT_H

#include "base/types.h"

/* Vectors: the timer, then what devices get, then the APIC's spurious vector. */
#define VECTOR_TIMER    0x20
#define VECTOR_DEVICES  0x30
#define VECTOR_SPURIOUS 0xff

/* Load the IDT. Interrupts stay off until the guest turns them on. */
void interrupt_init(void);

static inline void interrupts_on(void)
{
	__asm__ volatile("sti" : : : "memory");
}

/* Call `handler` on `vector` with interrupts off; the EOI follows it. */
typedef void guest_handler(void *ctx);
void interrupt_set(u8 vector, guest_handler *handler, void *ctx);

/* An exception as it arrived. */
struct fault {
	u64 vector, error_code, rip;
	u64 address; /* CR2 of a page fault */
};

/*
 * Run action(arg). If it raises an exception, say so in `*fault` and return true: what action() was
 * doing is abandoned. Do not nest.
 */
bool catch_fault(void (*action)(void *), void *arg, struct fault *fault);

#define EXCEPTION_DIVIDE 0
#define EXCEPTION_UD     6
#define EXCEPTION_GP     13
#define EXCEPTION_PF     14

/* --- local APIC, x2APIC mode (SDM volume 3A chapter 11.12) ---------------------------------------
 */

/* Turn it on, everything masked. */
void apic_init(void);
u32 apic_id(void);
/* VECTOR_TIMER once after `ns`, or every `ns`; 0 stops the timer. Replaces what was set. */
void apic_timer_once(u64 ns);
void apic_timer_every(u64 ns);
/* Sleep with HLT; takes the timer and its vector. Interrupts are off before and after. */
void apic_sleep(u64 ns);
/* Raise `vector` on this CPU. */
void apic_self_ipi(u8 vector);

#endif
