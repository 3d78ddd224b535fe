/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/bitmap.h"

void bitmap_fill(u64 *map, u32 first, u32 count, bool set)
{
	while (count > 0) {
		u32 low = first % 64, part = MIN(count, 64 - low);
		u64 bits = BITS64(low + part - 1, low);

		if (set)
			map[first / 64] |= bits;
		else
			map[first / 64] &= ~bits;
		first += part;
		count -= part;
	}
}

/*
 * First bit in [from, bits) that differs from the pattern `skip` (0: first set bit, ~0: first
 * clear bit), or `bits`.
 */
static u32 find_other(const u64 *map, u32 bits, u32 from, u64 skip)
{
	while (from < bits) {
		u64 word = (map[from / 64] ^ skip) >> (from % 64);

		if (word) {
			u64 found = (u64)from + (u64)__builtin_ctzll(word);

			return found < bits ? (u32)found : bits;
		}
		/* The last word may end beyond 2^32 - 64. */
		if (from / 64 == (bits - 1) / 64)
			break;
		from = (from / 64 + 1) * 64;
	}
	return bits;
}

u32 bitmap_find_clear(const u64 *map, u32 bits, u32 from)
{
	return find_other(map, bits, from, ~0ull);
}

u32 bitmap_find_clear_run(const u64 *map, u32 bits, u32 from, u32 count, u32 align)
{
	u64 start = ALIGN_UP((u64)from, align);

	while (start + count <= bits) {
		u32 end = (u32)(start + count);
		u32 busy = find_other(map, end, (u32)start, 0);

		if (busy == end)
			return (u32)start;
		start = ALIGN_UP((u64)bitmap_find_clear(map, bits, busy), align);
	}
	return bits;
}

/*
 * Each step clears the lowest set bit. The compiler's own would be a call into its library, which
 * is not linked.
 */
static u32 ones(u64 word)
{
	u32 count = 0;

	for (; word; word &= word - 1)
		count++;
	return count;
}

u32 bitmap_count(const u64 *map, u32 bits)
{
	u32 count = 0;

	for (u32 i = 0; i < bits / 64; i++)
		count += ones(map[i]);
	if (bits % 64)
		count += ones(map[bits / 64] & BITS64(bits % 64 - 1, 0));
	return count;
}
