/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A vCPU's local APIC in x2APIC mode (Intel SDM Vol. 3A 11.12): IRR/ISR, EOI, TPR, timer (one-shot,
 * periodic, TSC-deadline), ICR. Pure state: time is passed in, IPIs are told to the caller. IRR may
 * be set from any core (atomics); all else is the owner core's.
 */
#ifndef VMM_EMULATE_VLAPIC_H
#define VMM_EMULATE_VLAPIC_H

#include "base/types.h"

#define X2APIC_MSR_FIRST      0x800u
#define X2APIC_MSR_LAST       0x8ffu
#define IA32_TSC_DEADLINE_MSR 0x6e0u

/* Our local vector table, in register order 0x832..0x837; no CMCI (SDM Vol. 3A 11.5.1). */
enum vlapic_lvt {
	LVT_TIMER,
	LVT_THERMAL,
	LVT_PERF,
	LVT_LINT0,
	LVT_LINT1,
	LVT_ERROR,
	LVT_ENTRIES
};

/* A periodic timer never fires more often than this, so that a guest cannot keep its core busy. */
#define VLAPIC_MIN_PERIOD_NS 50000ull

struct vlapic {
	u32 id;
	u32 irr[8] __attribute__((aligned(64)));
	u32 isr[8], tmr[8];
	u32 tpr, svr, ldr, lvt[7], esr, timer_initial, timer_divide;
	u64 icr;
	u64 tsc_deadline;                    /* IA32_TSC_DEADLINE */
	u64 timer_start_ns, timer_expiry_ns; /* 0 = not running */
	u64 timer_khz; /* input clock before the divider, as CPUID tells the guest */
	u64 tsc_khz;
	u64 timer_fires;
	volatile u32 pending; /* non-zero: what vlapic_deliverable() says may have changed since the
				 last look (IRR, EOI, TPR); the entry path reads only this, and
				 clears it before it looks */
	u32 esr_pending;      /* errors since the guest last wrote ESR */
};

/* An IPI that the guest asked for through ICR or SELF IPI. */
struct vlapic_ipi {
	bool valid;
	u8 vector, delivery_mode; /* 0 fixed, 4 NMI, 5 INIT, 6 start-up */
	bool level_assert;
	u32 destination;
	u8 shorthand; /* 0 none, 1 self, 2 all, 3 all but self */
	bool logical;
};

/* Power-on state; also what INIT leaves. tsc_khz 0: the guest has no TSC-deadline mode. */
void vlapic_init(struct vlapic *l, u32 id, u64 timer_khz, u64 tsc_khz);

/* RDMSR/WRMSR of 0x800..0x8ff and IA32_TSC_DEADLINE (0x6e0). False = #GP(0). `now_ns`/`now_tsc`:
 * the guest's clocks. */
bool vlapic_msr_read(struct vlapic *l, u32 msr, u64 now_ns, u64 *value);
bool vlapic_msr_write(struct vlapic *l, u32 msr, u64 value, u64 now_ns, u64 now_tsc,
		      struct vlapic_ipi *ipi);

/* Post a fixed interrupt. Dropped and false: vector < 16, or the guest has not enabled its APIC
 * (SVR bit 8). Any core. */
bool vlapic_post(struct vlapic *l, u8 vector);

/* Is this APIC meant by an IPI's or message's destination (SDM Vol. 3A 11.12.9-10)? 0xffffffff is
 * everybody. */
bool vlapic_is_destination(const struct vlapic *l, u32 destination, bool logical);

/* Priority that an interrupt must exceed: max of TPR and the highest vector in service. */
u8 vlapic_ppr(const struct vlapic *l);

/* The vector to deliver now given TPR and ISR, or -1. vlapic_accept() moves it from IRR to ISR when
 * it is injected. */
int vlapic_deliverable(const struct vlapic *l);
void vlapic_accept(struct vlapic *l, u8 vector);

/* If the timer is due at now_ns: post its vector, re-arm if periodic. Returns the next expiry in
 * ns, 0 = none. */
u64 vlapic_timer_poll(struct vlapic *l, u64 now_ns);

#endif
