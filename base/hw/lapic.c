/* SPDX-License-Identifier: GPL-2.0-only */
/* The local APIC, x2APIC or xAPIC (Intel SDM 3A chapter 12). */
#include "base/hw/lapic.h"

#include "base/hw/clock.h"
#include "base/hw/cpu.h"
#include "base/hw/insn.h"
#include "base/hw/irqchip.h"
#include "base/hw/trap.h"
#include "base/mmio.h"
#include "base/time.h"

#define MSR_APIC_BASE    0x1bu
#define APIC_BASE_X2APIC BIT64(10)
#define APIC_BASE_ENABLE BIT64(11)
#define MSR_X2APIC       0x800u /* + register offset / 16 */

/* Register offsets, table 12-1; as MSR numbers table 12-6. */
enum lapic_reg {
	LAPIC_ID = 0x20,
	LAPIC_TPR = 0x80,
	LAPIC_EOI = 0xb0,
	LAPIC_DFR = 0xe0, /* not in x2APIC mode */
	LAPIC_SVR = 0xf0,
	LAPIC_ESR = 0x280,
	LAPIC_LVT_CMCI = 0x2f0,
	LAPIC_ICR = 0x300, /* 64 bits in x2APIC mode; else high half at 0x310 */
	LAPIC_ICR_HIGH = 0x310,
	LAPIC_LVT_TIMER = 0x320,
	LAPIC_LVT_THERMAL = 0x330,
	LAPIC_LVT_PERFORMANCE = 0x340,
	LAPIC_LVT_LINT0 = 0x350,
	LAPIC_LVT_LINT1 = 0x360,
	LAPIC_LVT_ERROR = 0x370,
	LAPIC_TIMER_INITIAL = 0x380,
	LAPIC_TIMER_CURRENT = 0x390,
	LAPIC_TIMER_DIVIDE = 0x3e0,
	LAPIC_VERSION = 0x30,
};

#define LVT_MASKED    BIT(16)
#define SVR_ENABLE    BIT(8)
#define ICR_NMI       (4u << 8) /* delivery mode, section 12.6.1 */
#define ICR_INIT      (5u << 8)
#define ICR_STARTUP   (6u << 8)
#define ICR_PENDING   BIT(12)
#define ICR_ASSERT    BIT(14)
#define ICR_OTHERS    (3u << 18) /* all excluding self */
#define DIVIDE_BY_16  3u         /* figure 12-10 */
#define TIMER_DIVIDER 16

static bool ready, x2apic;
static struct mmio registers;
static u64 timer_khz;            /* before the divider */
static u64 ticks_per_ns_shifted; /* after it, << 32 */

static u32 read_reg(enum lapic_reg reg)
{
	return x2apic ? (u32)rdmsr(MSR_X2APIC + reg / 16) : mmio_read32(&registers, reg);
}

static void write_reg(enum lapic_reg reg, u32 value)
{
	if (x2apic)
		wrmsr(MSR_X2APIC + reg / 16, value);
	else
		mmio_write32(&registers, reg, value);
}

static enum err enable(struct why *why)
{
	u64 base = rdmsr(MSR_APIC_BASE);
	enum err e;

	/*
	 * CPUID 1: ECX bit 21 = x2APIC. Its state survives what the firmware did: it cannot be
	 * left but through off.
	 */
	x2apic = cpuid(1, 0).ecx & BIT(21);
	if (x2apic) {
		/* Off to x2APIC is no legal step (figure 12-27): enable first. */
		wrmsr(MSR_APIC_BASE, base | APIC_BASE_ENABLE);
		wrmsr(MSR_APIC_BASE, base | APIC_BASE_ENABLE | APIC_BASE_X2APIC);
		return OK;
	}
	wrmsr(MSR_APIC_BASE, base | APIC_BASE_ENABLE);
	e = mmio_map(hpa(base & BITS64(51, 12)), PAGE_SIZE, &registers);
	if (e != OK)
		return fail(why, e, RID_NONE,
			    "the local APIC's registers at 0x%lx cannot be mapped",
			    (u64)(base & BITS64(51, 12)));
	return OK;
}

enum err lapic_init(struct why *why)
{
	static const enum lapic_reg lvt[] = { LAPIC_LVT_TIMER,       LAPIC_LVT_LINT0,
					      LAPIC_LVT_LINT1,       LAPIC_LVT_ERROR,
					      LAPIC_LVT_PERFORMANCE, LAPIC_LVT_THERMAL,
					      LAPIC_LVT_CMCI };
	enum err e = enable(why);
	unsigned highest;

	if (e != OK)
		return e;
	if (!x2apic)
		write_reg(LAPIC_DFR, ~0u); /* flat model */
	write_reg(LAPIC_SVR, SVR_ENABLE | VECTOR_SPURIOUS);
	/*
	 * Version register 23:16 = number of LVT entries - 1; the order of lvt[] is the order they
	 * came in.
	 */
	highest = read_reg(LAPIC_VERSION) >> 16 & 0xff;
	for (unsigned i = 0; i < ARRAY_LEN(lvt) && i <= highest; i++)
		write_reg(lvt[i], LVT_MASKED);
	write_reg(LAPIC_TPR, 0);
	write_reg(LAPIC_ESR, 0);
	if (!ready) {
		ready = true;
		irqchip_silence();
		lapic_calibrate();
	}
	return OK;
}

bool lapic_is_x2apic(void)
{
	return x2apic;
}

u32 lapic_id(void)
{
	return x2apic ? read_reg(LAPIC_ID) : read_reg(LAPIC_ID) >> 24;
}

void lapic_eoi(void)
{
	write_reg(LAPIC_EOI, 0);
}

static bool icr_is_idle(void *unused)
{
	(void)unused;
	return !(read_reg(LAPIC_ICR) & ICR_PENDING);
}

static void send(u32 apic_id, u32 command)
{
	if (x2apic) {
		/*
		 * WRMSR to the x2APIC does not serialize: what the other core shall see must be
		 * out (section 12.12.3).
		 */
		full_fence();
		wrmsr(MSR_X2APIC + LAPIC_ICR / 16, (u64)apic_id << 32 | command);
		return;
	}
	write_reg(LAPIC_ICR_HIGH, apic_id << 24);
	write_reg(LAPIC_ICR, command);
	/* Bounded, and a core that is gone is noticed by whoever waits for its answer. */
	if (wait_until(icr_is_idle, NULL, NS_PER_MS) != OK)
		return;
}

void lapic_ipi(u32 apic_id, u8 vector)
{
	send(apic_id, vector | ICR_ASSERT);
}

void lapic_nmi(u32 apic_id)
{
	send(apic_id, ICR_NMI | ICR_ASSERT);
}

void lapic_init_ipi(u32 apic_id)
{
	send(apic_id, ICR_INIT | ICR_ASSERT);
}

void lapic_startup_ipi(u32 apic_id, u8 page)
{
	send(apic_id, ICR_STARTUP | ICR_ASSERT | page);
}

void lapic_nmi_others(void)
{
	if (ready)
		send(0, ICR_NMI | ICR_ASSERT | ICR_OTHERS);
}

void lapic_calibrate(void)
{
	u64 start, ns;
	u32 left;

	/* lapic_init() and time_init() both call us; the later of them measures. */
	if (!ready || !time_is_calibrated())
		return;
	write_reg(LAPIC_TIMER_DIVIDE, DIVIDE_BY_16);
	start = time_now_ns();
	write_reg(LAPIC_TIMER_INITIAL, ~0u);
	time_delay_ns(10 * NS_PER_MS);
	left = read_reg(LAPIC_TIMER_CURRENT);
	ns = time_now_ns() - start;
	write_reg(LAPIC_TIMER_INITIAL, 0);
	timer_khz = (u64)(~0u - left) * TIMER_DIVIDER * NS_PER_MS / ns;
	ticks_per_ns_shifted = (timer_khz << 32) / TIMER_DIVIDER / NS_PER_MS;
}

u64 lapic_timer_khz(void)
{
	return timer_khz;
}

void lapic_timer_oneshot(u8 vector, u64 ns)
{
	u64 ticks;

	if (ns == 0) {
		write_reg(LAPIC_LVT_TIMER, LVT_MASKED | vector);
		write_reg(LAPIC_TIMER_INITIAL, 0);
		return;
	}
	/*
	 * More than fits in 32 bits (a minute at 1 GHz) fires early; who waits longer asks again.
	 */
	ticks = (u64)((unsigned __int128)ns * ticks_per_ns_shifted >> 32);
	write_reg(LAPIC_TIMER_DIVIDE, DIVIDE_BY_16);
	write_reg(LAPIC_LVT_TIMER, vector); /* one-shot mode */
	write_reg(LAPIC_TIMER_INITIAL, (u32)MAX(MIN(ticks, 0xffffffffull), 1ull));
}
