/* SPDX-License-Identifier: GPL-2.0-only */
/* Bitmaps over u64 words. The caller keeps every index below the bitmap's size. */
#ifndef BASE_BITMAP_H
#define BASE_BITMAP_H

#include "base/types.h"

#define BITMAP_WORDS(bits) (((bits) + 63) / 64)

static inline bool bitmap_test(const u64 *map, u32 bit)
{
	return map[bit / 64] >> (bit % 64) & 1;
}
static inline void bitmap_set(u64 *map, u32 bit)
{
	map[bit / 64] |= 1ull << (bit % 64);
}
static inline void bitmap_clear(u64 *map, u32 bit)
{
	map[bit / 64] &= ~(1ull << (bit % 64));
}

/* Make the bits of [first, first+count) all `set` or all clear. */
void bitmap_fill(u64 *map, u32 first, u32 count, bool set);

/* First clear bit in [from, bits), or `bits` if all are set. */
u32 bitmap_find_clear(const u64 *map, u32 bits, u32 from);

/*
 * First start in [from, bits) of `count` clear bits in a row, aligned to `align` (power of two),
 * or `bits`.
 */
u32 bitmap_find_clear_run(const u64 *map, u32 bits, u32 from, u32 count, u32 align);

/* Number of set bits below `bits`. */
u32 bitmap_count(const u64 *map, u32 bits);

#endif
