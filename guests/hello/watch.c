/* SPDX-License-Identifier: GPL-2.0-only */
/* The victim: fills its RAM and looks again and again whether anybody wrote to it. */
#include "guard.h"
#include "hello.h"

#include "interrupt.h"

#define WATCH_SECONDS 5
#define WATCH_PAUSE   (20 * NS_PER_MS)

int watch_ram(u64 argument)
{
	u64 seconds = argument ? argument : cmdline_number("secs", WATCH_SECONDS);
	u64 damage = 0, rounds = 0;

	guard_fill();
	print("watching %llu KiB of RAM for %llu s\n", (unsigned long long)(guest->ram_bytes / KiB),
	      (unsigned long long)seconds);
	do {
		apic_sleep(WATCH_PAUSE);
		damage += guard_count_damage();
		rounds++;
	} while (now_ns() < seconds * NS_PER_S);
	hc_figure(FIGURE_ERRORS, damage);
	print("%llu rounds, %llu words changed\n", (unsigned long long)rounds,
	      (unsigned long long)damage);
	return damage ? STATUS_FAILED : STATUS_OK;
}
