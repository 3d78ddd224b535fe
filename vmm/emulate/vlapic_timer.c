/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The local APIC's timer, Intel SDM Vol. 3A section 11.5.4. Time comes in as the guest's
 * nanoseconds; the state is one absolute expiry, from which the current count is derived when the
 * guest asks.
 */
#include "vmm/emulate/vlapic_regs.h"

#define NS_PER_TICK_AT_1_KHZ 1000000ull
#define NEVER_NS             (~0ull >> 1)

/* kHz is ticks per millisecond; both halves stay below 2^64 for clocks up to 10 GHz. */
static u64 ticks_to_ns(u64 ticks, u64 khz)
{
	u64 whole_ms = ticks / khz;
	if (whole_ms > NEVER_NS / NS_PER_TICK_AT_1_KHZ - 1)
		return NEVER_NS;
	return whole_ms * NS_PER_TICK_AT_1_KHZ + ticks % khz * NS_PER_TICK_AT_1_KHZ / khz;
}

static u64 ns_to_ticks(u64 ns, u64 khz)
{
	return ns / NS_PER_TICK_AT_1_KHZ * khz +
	       ns % NS_PER_TICK_AT_1_KHZ * khz / NS_PER_TICK_AT_1_KHZ;
}

/* Figure 11-10: 000 = 2, 001 = 4, ... 110 = 128, 111 = 1; the three bits are 3, 1 and 0. */
static unsigned divide_shift(const struct vlapic *l)
{
	unsigned code = (l->timer_divide & 3) | (l->timer_divide >> 1 & 4);
	return (code + 1) & 7;
}

static u32 mode(u32 lvt)
{
	return lvt & LVT_TIMER_MODE;
}

static u64 period_ns(const struct vlapic *l)
{
	return ticks_to_ns((u64)l->timer_initial << divide_shift(l), l->timer_khz);
}

/* 0 means "not running", so a deadline at the very start of time is one nanosecond late. */
static void arm(struct vlapic *l, u64 now_ns, u64 delta_ns)
{
	u64 expiry = now_ns + delta_ns;
	if (expiry < now_ns || expiry > NEVER_NS)
		expiry = NEVER_NS;
	l->timer_start_ns = now_ns;
	l->timer_expiry_ns = MAX(expiry, 1ull);
}

static void disarm(struct vlapic *l)
{
	l->timer_expiry_ns = 0;
	l->tsc_deadline = 0;
}

bool vlapic_timer_mode_legal(const struct vlapic *l, u32 lvt)
{
	u32 m = mode(lvt);
	return m == LVT_TIMER_ONE_SHOT || m == LVT_TIMER_PERIODIC ||
	       (m == LVT_TIMER_TSC_DEADLINE && l->tsc_khz != 0);
}

/* Changing between TSC-deadline mode and the others disarms the timer, 11.5.4.1. */
void vlapic_timer_mode_change(struct vlapic *l, u32 lvt)
{
	bool was_deadline = mode(l->lvt[LVT_TIMER]) == LVT_TIMER_TSC_DEADLINE;
	bool is_deadline = mode(lvt) == LVT_TIMER_TSC_DEADLINE;
	if (was_deadline != is_deadline) {
		disarm(l);
		l->timer_initial = 0;
	}
}

u32 vlapic_timer_current(const struct vlapic *l, u64 now_ns)
{
	if (mode(l->lvt[LVT_TIMER]) == LVT_TIMER_TSC_DEADLINE || now_ns >= l->timer_expiry_ns)
		return 0;
	u64 ticks = ns_to_ticks(l->timer_expiry_ns - now_ns, l->timer_khz) >> divide_shift(l);
	return (u32)MIN(ticks, (u64)l->timer_initial);
}

void vlapic_timer_write_initial(struct vlapic *l, u32 value, u64 now_ns)
{
	if (mode(l->lvt[LVT_TIMER]) == LVT_TIMER_TSC_DEADLINE)
		return; /* ignored in this mode, 11.5.4.1 */
	l->timer_initial = value;
	if (value == 0)
		disarm(l);
	else
		arm(l, now_ns, period_ns(l));
}

/* A running count goes on from where it is, at the new speed. */
void vlapic_timer_write_divide(struct vlapic *l, u32 value, u64 now_ns)
{
	u64 left = vlapic_timer_current(l, now_ns);
	bool counting = left != 0;
	l->timer_divide = value;
	if (counting)
		arm(l, now_ns, ticks_to_ns(left << divide_shift(l), l->timer_khz));
}

bool vlapic_timer_write_deadline(struct vlapic *l, u64 value, u64 now_ns, u64 now_tsc)
{
	if (l->tsc_khz == 0)
		return false;
	if (mode(l->lvt[LVT_TIMER]) != LVT_TIMER_TSC_DEADLINE)
		return true; /* ignored in other modes, 11.5.4.1 */
	l->tsc_deadline = value;
	if (value == 0)
		disarm(l);
	else
		arm(l, now_ns, value <= now_tsc ? 0 : ticks_to_ns(value - now_tsc, l->tsc_khz));
	return true;
}

static void fire(struct vlapic *l)
{
	u32 lvt = l->lvt[LVT_TIMER];
	l->timer_fires++;
	if (lvt & LVT_MASKED)
		return;
	if ((lvt & LVT_VECTOR) < VECTOR_FIRST_LEGAL)
		vlapic_error(l, ESR_RECEIVE_ILLEGAL_VECTOR);
	else
		vlapic_post(l, (u8)(lvt & LVT_VECTOR));
}

u64 vlapic_timer_poll(struct vlapic *l, u64 now_ns)
{
	if (l->timer_expiry_ns == 0 || now_ns < l->timer_expiry_ns)
		return l->timer_expiry_ns;
	u64 due = l->timer_expiry_ns;
	bool periodic = mode(l->lvt[LVT_TIMER]) == LVT_TIMER_PERIODIC;
	fire(l);
	disarm(l);
	if (!periodic)
		return 0;
	/*
	 * Periods that went by while the vCPU did not run are one interrupt, as IRR has one bit:
	 * the phase is kept, the number is not. Catching up one by one would let a guest with a
	 * short period keep its core busy.
	 */
	u64 period = MAX(period_ns(l), VLAPIC_MIN_PERIOD_NS);
	u64 missed = (now_ns - due) / period;
	arm(l, due, (missed + 1) * period);
	return l->timer_expiry_ns;
}
