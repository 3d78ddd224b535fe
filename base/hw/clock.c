/* SPDX-License-Identifier: GPL-2.0-only */
/* Time from the TSC; its frequency from CPUID, or measured against the HPET or the PIT. */
#include "base/hw/clock.h"

#include "base/acpi.h"
#include "base/hw/cpu.h"
#include "base/hw/insn.h"
#include "base/hw/irqchip.h"
#include "base/hw/lapic.h"
#include "base/mmio.h"
#include "base/string.h"
#include "base/time.h"

#define LEAST_KHZ                                                                                  \
	1000ull /* 1 MHz (emulators that count instructions) .. 20 GHz: the rest is a              \
		   misunderstanding */
#define MOST_KHZ   20000000ull
#define FS_PER_NS  1000000ull
#define MEASURE_MS 20

/*
 * Before time_init() the fastest TSC there may be is assumed, so that waits are too long rather
 * than too short.
 */
static u64 tsc_khz = 5000000, ns_per_tsc_shifted = (1000000ull << 32) / 5000000, tsc_start;
static const char *source = "none";
static bool calibrated;

bool time_is_calibrated(void)
{
	return calibrated;
}

u64 time_tsc_khz(void)
{
	return tsc_khz;
}

const char *time_source(void)
{
	return source;
}

static u64 ns_since(u64 tsc)
{
	return (u64)((unsigned __int128)(rdtsc() - tsc) * ns_per_tsc_shifted >> 32);
}

u64 time_now_ns(void)
{
	return ns_since(tsc_start);
}

void time_delay_ns(u64 ns)
{
	u64 start = time_now_ns();

	while (time_now_ns() - start < ns) {
		if (time_wait_hook)
			time_wait_hook();
		cpu_relax();
	}
	time_waited_ns += time_now_ns() - start;
}

/* Intel SDM 2A CPUID leaf 15h: TSC = ECX * EBX / EAX, complete only if none is zero. */
static u64 khz_from_cpuid(void)
{
	struct cpuid_result r = cpuid(0, 0);

	if (r.eax < 0x15)
		return 0;
	r = cpuid(0x15, 0);
	return r.eax && r.ebx && r.ecx ? (u64)r.ecx * r.ebx / r.eax / 1000 : 0;
}

/* The leaf that hypervisors give: EAX = TSC in kHz. CPUID 1: ECX bit 31 says that there is one. */
static u64 khz_from_hypervisor(void)
{
	if (!(cpuid(1, 0).ecx & BIT(31)) || cpuid(0x40000000, 0).eax < 0x40000010)
		return 0;
	return cpuid(0x40000010, 0).eax;
}

/* IA-PC HPET specification 1.0a section 2.3 */
#define HPET_CAPABILITIES                                                                          \
	0x00                 /* 63:32 = femtoseconds per tick; bit 13 = the counter has 64 bits    \
			      */
#define HPET_CONFIG     0x10 /* bit 0 = run */
#define HPET_COUNTER    0xf0
#define HPET_SLOWEST_FS 100000000u

struct hpet_table { /* section 3.2.4 */
	struct acpi_header header;
	u32 block_id;
	u8 address_space, bit_width, bit_offset, access_size;
	u64 address;
} __attribute__((packed));

/*
 * HPET and TSC at the same moment: the pair that took least time of a few, in case an SMI came
 * between.
 */
static u32 hpet_read(const struct mmio *m, u64 *tsc)
{
	u64 best = ~0ull;
	u32 count = 0;

	for (int i = 0; i < 5; i++) {
		u64 before = rdtsc();
		u32 now = mmio_read32(m, HPET_COUNTER);
		u64 took = rdtsc() - before;

		if (took < best) {
			best = took;
			count = now;
			*tsc = before + took / 2;
		}
	}
	return count;
}

static u64 khz_from_hpet(void)
{
	const struct hpet_table *table = (const struct hpet_table *)acpi_find("HPET", 0);
	u64 fs_per_tick, start_tsc = 0, end_tsc = 0, ticks_wanted, polls = 0;
	u32 start, ticks;
	struct mmio m;

	if (!table || table->header.length < sizeof(*table) || table->address_space != 0)
		return 0;
	if (mmio_map(hpa(table->address), 1024, &m) != OK)
		return 0;
	fs_per_tick = mmio_read32(&m, HPET_CAPABILITIES + 4);
	if (fs_per_tick == 0 || fs_per_tick > HPET_SLOWEST_FS)
		return 0;
	ticks_wanted = MEASURE_MS * NS_PER_MS * FS_PER_NS / fs_per_tick;
	mmio_write32(&m, HPET_CONFIG, mmio_read32(&m, HPET_CONFIG) | 1);
	start = hpet_read(&m, &start_tsc);
	/*
	 * 32 bits of the counter last for 4 seconds at 1 GHz. A counter that stands still ends the
	 * wait as well.
	 */
	do {
		ticks = hpet_read(&m, &end_tsc) - start;
	} while (ticks < ticks_wanted && ++polls < 1000000);
	if (ticks < ticks_wanted)
		return 0;
	return (end_tsc - start_tsc) * NS_PER_MS / (ticks * fs_per_tick / FS_PER_NS);
}

/*
 * 8254 data sheet: 1.193182 MHz. Channel 2 hangs on port 0x61: bit 0 = gate, bit 1 = speaker, bit
 * 5 = its output.
 */
#define PIT_HZ        1193182ull
#define PIT_CHANNEL_2 0x42
#define PIT_COMMAND   0x43
#define PIT_CH2_MODE0                                                                              \
	0xb0 /* channel 2, low then high byte, mode 0: the output rises at the end                 \
	      */
#define SPEAKER_PORT 0x61

static u64 khz_from_pit(void)
{
	const u64 count = PIT_HZ * MEASURE_MS / 1000;
	u64 start, polls = 0;
	u8 speaker = port_in8(SPEAKER_PORT);
	bool done;

	port_out8(SPEAKER_PORT, (u8)((speaker & ~3u) | 1));
	port_out8(PIT_COMMAND, PIT_CH2_MODE0);
	port_out8(PIT_CHANNEL_2, (u8)count);
	port_out8(PIT_CHANNEL_2, (u8)(count >> 8));
	start = rdtsc();
	do {
		done = port_in8(SPEAKER_PORT) & BIT(5);
	} while (!done && ++polls < 1000000);
	start = rdtsc() - start;
	port_out8(SPEAKER_PORT, speaker);
	return done ? start / MEASURE_MS : 0;
}

static bool plausible(u64 khz)
{
	return khz >= LEAST_KHZ && khz <= MOST_KHZ;
}

enum err time_init(struct why *why)
{
	static const struct {
		const char *name;
		u64 (*khz)(void);
	} sources[] = {
		{ "CPUID 15h", khz_from_cpuid },
		{ "CPUID 40000010h", khz_from_hypervisor },
		{ "HPET", khz_from_hpet },
		{ "PIT", khz_from_pit },
	};

	u64 begun = rdtsc();

	/* By now the ACPI tables are known, and with them all I/O APICs. */
	irqchip_silence();
	for (unsigned i = 0; i < ARRAY_LEN(sources) && !calibrated; i++) {
		u64 khz = sources[i].khz();

		if (!plausible(khz))
			continue;
		tsc_khz = khz;
		ns_per_tsc_shifted = (1000000ull << 32) / khz;
		tsc_start = rdtsc();
		source = sources[i].name;
		calibrated = true;
	}
	if (!calibrated)
		return fail(why, ERR_DEVICE, RID_NONE,
			    "no clock tells how fast the TSC is: CPUID 15h is incomplete, and "
			    "neither HPET nor PIT count");
	/* To watch another clock is to wait; only now is it known for how long. */
	time_waited_ns += ns_since(begun);
	lapic_calibrate();
	return OK;
}
