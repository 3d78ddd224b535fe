/* SPDX-License-Identifier: GPL-2.0-only */
#include "guard.h"

#include "guest.h"
#include "memory.h"

#define LOADER_BYTES (64 * KiB) /* base/guest_abi.h: page tables, GDT, start data */
#define DAMAGE_SHOWN 8
#define GOLDEN_RATIO 0x9e3779b97f4a7c15ull

struct range {
	u64 *start, *end;
};

/* [0] between loader and image, [1] behind what is in use. */
static struct range guarded[2];

static void find_free(void)
{
	guarded[0] = (struct range){ (u64 *)LOADER_BYTES, (u64 *)guest_image_start };
	guarded[1] = (struct range){ (u64 *)memory_end(), (u64 *)guest->ram_bytes };
}

bool guard_is_wiped(void)
{
	find_free();
	for (unsigned i = 0; i < ARRAY_LEN(guarded); i++)
		for (const u64 *p = guarded[i].start; p < guarded[i].end; p++)
			if (*p) {
				print("FAILED: RAM at %p is %llx, not wiped\n", (const void *)p,
				      (unsigned long long)*p);
				return false;
			}
	return true;
}

/* Every address has its own value, so that memory that moved shows as well as memory that changed.
 */
static u64 pattern(const u64 *p)
{
	return (u64)p * GOLDEN_RATIO ^ guest->ram_bytes;
}

void guard_fill(void)
{
	find_free();
	for (unsigned i = 0; i < ARRAY_LEN(guarded); i++)
		for (u64 *p = guarded[i].start; p < guarded[i].end; p++)
			*p = pattern(p);
}

u64 guard_count_damage(void)
{
	u64 damage = 0;

	for (unsigned i = 0; i < ARRAY_LEN(guarded); i++)
		for (u64 *p = guarded[i].start; p < guarded[i].end; p++) {
			u64 is = *(volatile u64 *)p;

			if (is == pattern(p))
				continue;
			if (damage++ < DAMAGE_SHOWN)
				print("FAILED: RAM at %p is %llx, was %llx\n", (void *)p,
				      (unsigned long long)is, (unsigned long long)pattern(p));
			*p = pattern(p);
		}
	return damage;
}
