/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A local APIC in x2APIC mode. Register map and reserved bits: Intel SDM Vol. 3A section 11.12.1,
 * table 11-6. The timer is in vlapic_timer.c.
 */
#include "base/string.h"
#include "vmm/emulate/vlapic_regs.h"

static void bit_set(u32 *bits, u8 vector)
{
	__atomic_fetch_or(&bits[vector / 32], BIT(vector % 32), __ATOMIC_RELEASE);
}

static void bit_clear(u32 *bits, u8 vector)
{
	__atomic_fetch_and(&bits[vector / 32], ~BIT(vector % 32), __ATOMIC_RELEASE);
}

static int highest(const u32 bits[8])
{
	for (int word = 7; word >= 0; word--) {
		u32 value = __atomic_load_n(&bits[word], __ATOMIC_ACQUIRE);
		if (value)
			return word * 32 + 31 - __builtin_clz(value);
	}
	return -1;
}

static void look_again(struct vlapic *l)
{
	__atomic_store_n(&l->pending, 1, __ATOMIC_RELEASE);
}

void vlapic_init(struct vlapic *l, u32 id, u64 timer_khz, u64 tsc_khz)
{
	memset(l, 0, sizeof(*l));
	l->id = id;
	/* Logical x2APIC ID: cluster in 31:16, one bit of 16 in it. SDM Vol. 3A 11.12.10.2. */
	l->ldr = (id >> 4) << 16 | BIT(id & 15);
	l->svr = SVR_RESET;
	l->timer_khz = timer_khz;
	l->tsc_khz = tsc_khz;
	for (unsigned i = 0; i < LVT_ENTRIES; i++)
		l->lvt[i] = LVT_MASKED;
}

void vlapic_error(struct vlapic *l, u32 esr_bit)
{
	l->esr_pending |= esr_bit;
	u32 lvt = l->lvt[LVT_ERROR];
	/* An error entry with an illegal vector would report itself for ever. */
	if (!(lvt & LVT_MASKED) && (lvt & LVT_VECTOR) >= VECTOR_FIRST_LEGAL)
		vlapic_post(l, (u8)(lvt & LVT_VECTOR));
}

bool vlapic_post(struct vlapic *l, u8 vector)
{
	if (vector < VECTOR_FIRST_LEGAL)
		return false;
	if (!(__atomic_load_n(&l->svr, __ATOMIC_RELAXED) & SVR_ENABLED))
		return false;
	bit_set(l->irr, vector);
	look_again(l);
	return true;
}

bool vlapic_is_destination(const struct vlapic *l, u32 destination, bool logical)
{
	if (destination == X2APIC_BROADCAST)
		return true;
	if (!logical)
		return destination == l->id;
	return destination >> 16 == l->ldr >> 16 && (destination & l->ldr & 0xffff);
}

u8 vlapic_ppr(const struct vlapic *l)
{
	int in_service = highest(l->isr);
	u8 isrv = in_service < 0 ? 0 : (u8)(in_service & 0xf0);
	return (l->tpr & 0xf0) >= isrv ? (u8)l->tpr : isrv;
}

int vlapic_deliverable(const struct vlapic *l)
{
	int vector = highest(l->irr);
	if (vector < 0 || (vector & 0xf0) <= (vlapic_ppr(l) & 0xf0))
		return -1;
	return vector;
}

void vlapic_accept(struct vlapic *l, u8 vector)
{
	bit_clear(l->irr, vector);
	bit_clear(l->tmr, vector); /* all our sources are edge-triggered messages */
	bit_set(l->isr, vector);
}

static void eoi(struct vlapic *l)
{
	int vector = highest(l->isr);
	if (vector >= 0)
		bit_clear(l->isr, (u8)vector);
	look_again(l);
}

static void write_svr(struct vlapic *l, u32 value)
{
	__atomic_store_n(&l->svr, value, __ATOMIC_RELAXED);
	if (value & SVR_ENABLED)
		return;
	/* Disabling by software masks every entry; SDM Vol. 3A 11.4.7.2. */
	for (unsigned i = 0; i < LVT_ENTRIES; i++)
		l->lvt[i] |= LVT_MASKED;
}

/* Bits that each entry has; others are reserved. SDM Vol. 3A figure 11-8. */
static const u32 lvt_bits[LVT_ENTRIES] = {
	[LVT_TIMER] = LVT_VECTOR | LVT_STATUS | LVT_MASKED | LVT_TIMER_MODE,
	[LVT_THERMAL] = LVT_VECTOR | LVT_DELIVERY | LVT_STATUS | LVT_MASKED,
	[LVT_PERF] = LVT_VECTOR | LVT_DELIVERY | LVT_STATUS | LVT_MASKED,
	[LVT_LINT0] = LVT_VECTOR | LVT_DELIVERY | LVT_STATUS | LVT_PIN | LVT_MASKED,
	[LVT_LINT1] = LVT_VECTOR | LVT_DELIVERY | LVT_STATUS | LVT_PIN | LVT_MASKED,
	[LVT_ERROR] = LVT_VECTOR | LVT_STATUS | LVT_MASKED,
};

static bool write_lvt(struct vlapic *l, unsigned index, u32 value)
{
	if (value & ~lvt_bits[index])
		return false;
	if (index == LVT_TIMER && !vlapic_timer_mode_legal(l, value))
		return false;
	value &= ~(u32)(LVT_STATUS | LVT_REMOTE_IRR); /* read-only */
	if (!(l->svr & SVR_ENABLED))
		value |= LVT_MASKED;
	if (index == LVT_TIMER)
		vlapic_timer_mode_change(l, value);
	l->lvt[index] = value;
	return true;
}

static bool write_icr(struct vlapic *l, u64 value, struct vlapic_ipi *ipi)
{
	if (value & ICR_RESERVED)
		return false;
	l->icr = value;
	*ipi = (struct vlapic_ipi){
		.vector = (u8)value,
		.delivery_mode = value >> ICR_DELIVERY_SHIFT & 7,
		.level_assert = value & ICR_LEVEL,
		.destination = (u32)(value >> 32),
		.shorthand = value >> ICR_SHORTHAND_SHIFT & 3,
		.logical = value & ICR_LOGICAL,
	};
	switch (ipi->delivery_mode) {
	case ICR_LOWEST: ipi->delivery_mode = ICR_FIXED; /* fall through */
	case ICR_FIXED:
		ipi->valid = ipi->vector >= VECTOR_FIRST_LEGAL;
		if (!ipi->valid)
			vlapic_error(l, ESR_SEND_ILLEGAL_VECTOR);
		break;
	case ICR_INIT:
		/* INIT level de-assert does nothing on processors of our kind, 11.6.1. */
		ipi->valid = ipi->level_assert || !(value & ICR_TRIGGER_LEVEL);
		break;
	case ICR_NMI:
	case ICR_STARTUP: ipi->valid = true; break;
	default: break; /* SMI and reserved modes: nothing is sent */
	}
	return true;
}

static void self_ipi(struct vlapic *l, u8 vector, struct vlapic_ipi *ipi)
{
	*ipi = (struct vlapic_ipi){ .valid = vector >= VECTOR_FIRST_LEGAL,
				    .vector = vector,
				    .delivery_mode = ICR_FIXED,
				    .level_assert = true,
				    .destination = l->id,
				    .shorthand = ICR_TO_SELF };
	if (!ipi->valid)
		vlapic_error(l, ESR_SEND_ILLEGAL_VECTOR);
}

/* Bits that may be 1 in a write of each 32-bit register; 0 with WRITABLE = only zero may be
 * written. */
struct register_row {
	u32 msr;
	bool readable, writable;
	u32 legal;
};
static const struct register_row register_rows[] = {
	{ X2APIC_ID, true, false, 0 },
	{ X2APIC_VERSION, true, false, 0 },
	{ X2APIC_TPR, true, true, 0xff },
	{ X2APIC_PPR, true, false, 0 },
	{ X2APIC_EOI, false, true, 0 },
	{ X2APIC_LDR, true, false, 0 },
	{ X2APIC_SVR, true, true, SVR_VECTOR | SVR_ENABLED | SVR_FOCUS },
	{ X2APIC_ESR, true, true, 0 },
	{ X2APIC_TIMER_INITIAL, true, true, ~0u },
	{ X2APIC_TIMER_CURRENT, true, false, 0 },
	{ X2APIC_TIMER_DIVIDE, true, true, DIVIDE_BITS },
	{ X2APIC_SELF_IPI, false, true, 0xff },
};

static const struct register_row *find_register(u32 msr)
{
	for (unsigned i = 0; i < ARRAY_LEN(register_rows); i++)
		if (register_rows[i].msr == msr)
			return &register_rows[i];
	return NULL;
}

static u32 read_register(struct vlapic *l, u32 msr, u64 now_ns)
{
	switch (msr) {
	case X2APIC_ID: return l->id;
	case X2APIC_VERSION: return VERSION_NUMBER | (LVT_ENTRIES - 1) << VERSION_MAX_LVT_SHIFT;
	case X2APIC_TPR: return l->tpr;
	case X2APIC_PPR: return vlapic_ppr(l);
	case X2APIC_LDR: return l->ldr;
	case X2APIC_SVR: return l->svr;
	case X2APIC_ESR: return l->esr;
	case X2APIC_TIMER_INITIAL: return l->timer_initial;
	case X2APIC_TIMER_CURRENT: return vlapic_timer_current(l, now_ns);
	case X2APIC_TIMER_DIVIDE: return l->timer_divide;
	default: return 0;
	}
}

static void write_register(struct vlapic *l, u32 msr, u32 value, u64 now_ns, struct vlapic_ipi *ipi)
{
	switch (msr) {
	case X2APIC_TPR:
		l->tpr = value;
		look_again(l);
		break;
	case X2APIC_EOI: eoi(l); break;
	case X2APIC_SVR: write_svr(l, value); break;
	case X2APIC_ESR: /* a write publishes what has gathered since the last one, 11.5.3 */
		l->esr = l->esr_pending;
		l->esr_pending = 0;
		break;
	case X2APIC_TIMER_INITIAL: vlapic_timer_write_initial(l, value, now_ns); break;
	case X2APIC_TIMER_DIVIDE: vlapic_timer_write_divide(l, value, now_ns); break;
	case X2APIC_SELF_IPI: self_ipi(l, (u8)value, ipi); break;
	default: break;
	}
}

/* The three 256-bit registers of eight words each. */
static const u32 *bitmap_word(const struct vlapic *l, u32 msr)
{
	if (msr >= X2APIC_ISR && msr < X2APIC_ISR + 8)
		return &l->isr[msr - X2APIC_ISR];
	if (msr >= X2APIC_TMR && msr < X2APIC_TMR + 8)
		return &l->tmr[msr - X2APIC_TMR];
	if (msr >= X2APIC_IRR && msr < X2APIC_IRR + 8)
		return &l->irr[msr - X2APIC_IRR];
	return NULL;
}

bool vlapic_msr_read(struct vlapic *l, u32 msr, u64 now_ns, u64 *value)
{
	const u32 *word = bitmap_word(l, msr);
	if (word) {
		*value = __atomic_load_n(word, __ATOMIC_ACQUIRE);
		return true;
	}
	if (msr >= X2APIC_LVT && msr < X2APIC_LVT + LVT_ENTRIES) {
		*value = l->lvt[msr - X2APIC_LVT];
		return true;
	}
	if (msr == X2APIC_ICR) {
		*value = l->icr;
		return true;
	}
	if (msr == IA32_TSC_DEADLINE_MSR) {
		*value = l->tsc_deadline;
		return l->tsc_khz != 0;
	}
	const struct register_row *row = find_register(msr);
	if (!row || !row->readable)
		return false;
	*value = read_register(l, msr, now_ns);
	return true;
}

bool vlapic_msr_write(struct vlapic *l, u32 msr, u64 value, u64 now_ns, u64 now_tsc,
		      struct vlapic_ipi *ipi)
{
	ipi->valid = false;
	if (msr == X2APIC_ICR)
		return write_icr(l, value, ipi);
	if (msr == IA32_TSC_DEADLINE_MSR)
		return vlapic_timer_write_deadline(l, value, now_ns, now_tsc);
	/* All others have 32 bits; a 1 above them is reserved. */
	if (value >> 32)
		return false;
	if (msr >= X2APIC_LVT && msr < X2APIC_LVT + LVT_ENTRIES)
		return write_lvt(l, msr - X2APIC_LVT, (u32)value);
	const struct register_row *row = find_register(msr);
	if (!row || !row->writable || (value & ~(u64)row->legal))
		return false;
	write_register(l, msr, (u32)value, now_ns, ipi);
	return true;
}
