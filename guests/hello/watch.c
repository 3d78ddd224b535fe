/* SPDX-License-Identifier: GPL-2.0-only */
/* RAM of the guest that nothing was loaded into: is it wiped, and does anybody else write to it? */
#include "hello.h"

#include "base/hw/insn.h"
#include "interrupt.h"

#define LOADER_BYTES    (64 * KiB) /* base/guest_abi.h: page tables, GDT, start data */
#define IMAGE_LINK_BASE (1 * MiB)
#define WATCH_SECONDS   5
#define WATCH_PAUSE     (20 * NS_PER_MS)
#define DAMAGE_SHOWN    8

struct range {
	u64 *start, *end;
};

/* [0] between loader and image, [1] behind the image. */
static void free_ranges(struct range r[2])
{
	r[0] = (struct range){ (u64 *)LOADER_BYTES, (u64 *)IMAGE_LINK_BASE };
	r[1] = (struct range){ (u64 *)guest_image_end, (u64 *)guest->ram_bytes };
}

int check_wiped(void)
{
	struct range r[2];

	free_ranges(r);
	for (unsigned i = 0; i < ARRAY_LEN(r); i++)
		for (u64 *p = r[i].start; p < r[i].end; p++)
			if (*p) {
				print("FAILED: RAM at %p is %llx, not wiped\n", (void *)p,
				      (unsigned long long)*p);
				return STATUS_FAILED;
			}
	print("RAM is wiped\n");
	return STATUS_OK;
}

/* Every address has its own value, so that memory that moved shows as well as memory that changed.
 */
static u64 pattern(const u64 *p)
{
	return (u64)p * 0x9e3779b97f4a7c15ull ^ guest->ram_bytes;
}

static void fill(const struct range *r)
{
	for (u64 *p = r->start; p < r->end; p++)
		*p = pattern(p);
}

static u64 count_damage(const struct range *r)
{
	u64 damage = 0;

	for (volatile u64 *p = r->start; p < r->end; p++) {
		u64 is = *p, should = pattern((const u64 *)p);

		if (is == should)
			continue;
		if (damage++ < DAMAGE_SHOWN)
			print("FAILED: RAM at %p is %llx, was %llx\n", (void *)p,
			      (unsigned long long)is, (unsigned long long)should);
		*p = should;
	}
	return damage;
}

static void on_timer(void *ctx)
{
	*(volatile bool *)ctx = true;
}

static void pause_a_little(void)
{
	volatile bool fired = false;

	interrupt_set(VECTOR_TIMER, on_timer, (void *)&fired);
	apic_timer_once(WATCH_PAUSE);
	while (!fired)
		halt_until_interrupt();
}

int watch_ram(u64 argument)
{
	u64 seconds = argument ? argument : cmdline_number("secs", WATCH_SECONDS);
	u64 damage = 0, rounds = 0;
	struct range r[2];

	free_ranges(r);
	for (unsigned i = 0; i < ARRAY_LEN(r); i++)
		fill(&r[i]);
	print("watching %llu KiB of RAM for %llu s\n", (unsigned long long)(guest->ram_bytes / KiB),
	      (unsigned long long)seconds);
	while (now_ns() < seconds * NS_PER_S) {
		for (unsigned i = 0; i < ARRAY_LEN(r); i++)
			damage += count_damage(&r[i]);
		rounds++;
		pause_a_little();
	}
	hc_figure(FIGURE_ERRORS, damage);
	print("%llu rounds, %llu words changed\n", (unsigned long long)rounds,
	      (unsigned long long)damage);
	return damage ? STATUS_FAILED : STATUS_OK;
}
