/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/memory_map.h"

/* Looking for the next range that must be left out, rounded outwards to pages. */
struct hole_search {
	u64 at;                   /* looking for the first hole that ends beyond this address */
	struct memory_piece best; /* the one with the lowest base so far */
};

/* `address` rounded up to a page; the last page of 64 bits rounds to its own start. */
static u64 page_end(u64 address)
{
	return address > ALIGN_DOWN(~0ull, PAGE_SIZE) ? ALIGN_DOWN(~0ull, PAGE_SIZE)
						      : ALIGN_UP(address, PAGE_SIZE);
}

static void consider(struct hole_search *s, u64 base, u64 size)
{
	u64 end = base + size < base ? ~0ull : base + size;
	struct memory_piece hole = { ALIGN_DOWN(base, PAGE_SIZE), page_end(end) };

	if (size && hole.end > s->at && hole.base < s->best.base)
		s->best = hole;
}

static struct memory_piece next_hole(const struct boot_info *boot, enum memory_use use,
				     unsigned range, u64 at)
{
	struct hole_search s = { .at = at, .best = { ~0ull, ~0ull } };

	/*
	 * Other ranges: all that are not usable, and usable ones that came earlier and are dealt
	 * with already.
	 */
	for (unsigned i = 0; i < boot->memory_ranges; i++)
		if (boot->memory[i].kind != BOOT_MEMORY_USABLE || i < range)
			consider(&s, boot->memory[i].base.v, boot->memory[i].size);
	consider(&s, boot->image_base.v, boot->image_size);
	if (use == MEMORY_POOL) {
		consider(&s, 0, MiB);
		for (unsigned i = 0; i < boot->modules; i++)
			consider(&s, boot->module[i].base.v, boot->module[i].size);
	}
	return s.best;
}

unsigned memory_map_pieces(const struct boot_info *boot, enum memory_use use,
			   struct memory_piece *out, unsigned max)
{
	unsigned count = 0;

	for (unsigned i = 0; i < boot->memory_ranges; i++) {
		const struct boot_memory *m = &boot->memory[i];
		u64 at = ALIGN_UP(m->base.v, PAGE_SIZE),
		    end = ALIGN_DOWN(m->base.v + m->size, PAGE_SIZE);

		/*
		 * An address at the very end of 64 bits wraps when it is rounded up: no RAM there.
		 */
		while (m->kind == BOOT_MEMORY_USABLE && at >= m->base.v && at < end) {
			struct memory_piece hole = next_hole(boot, use, i, at);
			u64 stop = MIN(hole.base, end);

			if (stop > at) {
				if (count == max)
					return count;
				out[count++] = (struct memory_piece){ at, stop };
			}
			at = hole.end;
		}
	}
	return count;
}

#define GAP_ALIGN MiB

/* Where the gap that begins at `from` ends: at the next range, or at `limit`. `from` if it is
 * inside a range. */
static u64 gap_end(const struct boot_info *boot, u64 from, u64 limit)
{
	u64 end = limit;

	for (unsigned i = 0; i < boot->memory_ranges; i++) {
		u64 base = boot->memory[i].base.v, size = boot->memory[i].size;

		if (size == 0 || (base < from && size <= from - base))
			continue; /* ends before */
		if (base <= from)
			return from;
		end = MIN(end, ALIGN_DOWN(base, GAP_ALIGN));
	}
	return end;
}

void memory_map_largest_gap(const struct boot_info *boot, u64 limit, u64 *base, u64 *size)
{
	*base = *size = 0;
	/* A gap begins where a range ends. */
	for (unsigned i = 0; i < boot->memory_ranges; i++) {
		u64 from = boot->memory[i].base.v + boot->memory[i].size, end;

		if (from < boot->memory[i].base.v || from >= limit)
			continue;
		from = ALIGN_UP(from, GAP_ALIGN);
		end = gap_end(boot, from, limit);
		if (end > from && end - from > *size) {
			*base = from;
			*size = end - from;
		}
	}
}
