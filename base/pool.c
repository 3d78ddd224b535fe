/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The page pool. Each range of RAM is a region that begins with its own tables:
 *
 *	| bitmap: 1 = in use | state: one byte per page | page 0 | page 1 | ...
 *
 * The bitmap makes the search fast; the state bytes say to whom a page belongs and where an
 *allocation begins, so that freeing something else than what was allocated is noticed.
 */
#include "base/pool.h"

#include "base/bitmap.h"
#include "base/log.h"
#include "base/panic.h"
#include "base/spinlock.h"
#include "base/string.h"

#define REGIONS 128

/*
 * State of a page: 0 = free, else owner tag + 1, and for the first page of an allocation
 * STATE_FIRST.
 */
#define STATE_FREE    0
#define STATE_FIRST   0x80
#define STATE_FREEING 0x40 /* being poisoned: no longer owned, not yet free */

struct region {
	u64 base; /* physical address of page 0 */
	u32 pages;
	u32 free;
	u32 hint; /* no page below this one is free: where searches begin */
	u64 *map;
	u8 *state;
};

static struct region regions[REGIONS];
static unsigned region_count;
static u64 used[POOL_TAGS];
static struct spinlock lock;
static u64 pages_wiped;

static void wipe(void *p, int byte, u64 pages)
{
	memset(p, byte, pages * PAGE_SIZE);
	__atomic_fetch_add(&pages_wiped, pages, __ATOMIC_RELAXED);
}

u64 pool_pages_wiped(void)
{
	return pages_wiped;
}

void pool_init(void)
{
	region_count = 0;
	memset(used, 0, sizeof(used));
	lock = (struct spinlock){ 0 };
}

u64 pool_overhead_pages(u64 pages)
{
	return ALIGN_UP(BITMAP_WORDS(pages) * sizeof(u64) + pages, PAGE_SIZE) / PAGE_SIZE;
}

void pool_add(hpa_t base, u64 size)
{
	u64 start = ALIGN_UP(base.v, PAGE_SIZE), end = ALIGN_DOWN(base.v + size, PAGE_SIZE);
	u64 pages = end > start && start >= base.v ? (end - start) / PAGE_SIZE : 0;
	u64 overhead = pool_overhead_pages(pages);
	struct region *r;

	/* Page numbers in a region are 32 bits: 16 TiB. */
	if (pages <= overhead || pages > UINT32_MAX)
		return;
	if (region_count == REGIONS) {
		log_warn("pool", "more than %u memory ranges: %lu MiB at 0x%lx stay unused",
			 REGIONS, (u64)(size / MiB), base.v);
		return;
	}
	r = &regions[region_count];
	*r = (struct region){
		.base = start + overhead * PAGE_SIZE,
		.pages = (u32)(pages - overhead),
		.free = (u32)(pages - overhead),
		.map = pool_va(hpa(start)),
	};
	r->state = (u8 *)(r->map + BITMAP_WORDS(pages));
	wipe(r->map, 0, overhead);
	region_count++;
}

/* First run of free pages in `r` whose address is a multiple of `align`, or r->pages. */
static u32 find_run(const struct region *r, u32 pages, u64 align)
{
	u32 at = r->hint;

	for (;;) {
		u64 aligned;

		at = bitmap_find_clear_run(r->map, r->pages, at, pages, 1);
		aligned = (ALIGN_UP(r->base + at * PAGE_SIZE, align) - r->base) / PAGE_SIZE;
		if (at == r->pages || aligned == at)
			return at;
		if (aligned >= r->pages)
			return r->pages;
		at = (u32)aligned;
	}
}

static void take(struct region *r, enum pool_tag tag, u32 first, u32 pages)
{
	bitmap_fill(r->map, first, pages, true);
	memset(r->state + first, (int)tag + 1, pages);
	r->state[first] |= STATE_FIRST;
	r->free -= pages;
	r->hint = bitmap_find_clear(r->map, r->pages, r->hint);
	used[tag] += pages;
}

void *pool_alloc(enum pool_tag tag, u64 pages, u64 align)
{
	void *p = NULL;

	HV_ASSERT(tag < POOL_TAGS && pages > 0 && align >= PAGE_SIZE && IS_POWER_OF_2(align));
	spin_lock(&lock);
	for (unsigned i = 0; i < region_count && !p; i++) {
		struct region *r = &regions[i];
		u32 at;

		if (r->free < pages)
			continue;
		at = find_run(r, (u32)pages, align);
		if (at == r->pages)
			continue;
		take(r, tag, at, (u32)pages);
		p = pool_va(hpa(r->base + at * PAGE_SIZE));
	}
	spin_unlock(&lock);
	/*
	 * Outside the lock: clearing the RAM of a guest takes long, and the pages are ours by now.
	 */
	if (p)
		wipe(p, 0, pages);
	return p;
}

static struct region *region_of(u64 address)
{
	for (unsigned i = 0; i < region_count; i++)
		if (address >= regions[i].base &&
		    address - regions[i].base < regions[i].pages * PAGE_SIZE)
			return &regions[i];
	return NULL;
}

/* True if [first, first+pages) is exactly one allocation of `tag`. */
static bool is_allocation(const struct region *r, enum pool_tag tag, u32 first, u64 pages)
{
	u8 owned = (u8)(tag + 1);

	if (pages == 0 || pages > r->pages - first || r->state[first] != (owned | STATE_FIRST))
		return false;
	for (u64 i = 1; i < pages; i++)
		if (r->state[first + i] != owned)
			return false;
	return first + pages == r->pages || r->state[first + pages] != owned;
}

void pool_free(enum pool_tag tag, void *p, u64 pages)
{
	struct region *r;
	u32 first;

	if (!p)
		return;
	r = region_of(pool_hpa(p).v);
	if (!r || !IS_ALIGNED((uintptr_t)p, PAGE_SIZE))
		HV_BUG("pool_free of %p, which is no page of the pool", p);
	first = (u32)((pool_hpa(p).v - r->base) / PAGE_SIZE);
	spin_lock(&lock);
	if (!is_allocation(r, tag, first, pages)) {
		u8 state = r->state[first];

		spin_unlock(&lock);
		HV_BUG("pool_free of %p: %lu pages of tag %d were not allocated so (state 0x%x)", p,
		       pages, (int)tag, state);
	}
	r->state[first] = STATE_FREEING;
	spin_unlock(&lock);

	/* Poisoned before anybody else can get them: what a guest left in its RAM ends here. */
	wipe(p, POOL_POISON, pages);

	spin_lock(&lock);
	bitmap_fill(r->map, first, (u32)pages, false);
	memset(r->state + first, STATE_FREE, pages);
	r->free += (u32)pages;
	r->hint = MIN(r->hint, first);
	used[tag] -= pages;
	spin_unlock(&lock);
}

u64 pool_used(enum pool_tag tag)
{
	return __atomic_load_n(&used[tag], __ATOMIC_RELAXED);
}

u64 pool_available(void)
{
	u64 free = 0;

	spin_lock(&lock);
	for (unsigned i = 0; i < region_count; i++)
		free += regions[i].free;
	spin_unlock(&lock);
	return free;
}
