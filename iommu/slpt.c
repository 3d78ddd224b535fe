/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Second-stage tables of one domain (VT-d §3.7, §9.8). Level 0 entries map 4 KiB, level 1 2 MiB,
 * level 2 1 GiB. Changes are planned first: every page that the change will need is allocated,
 * unlinked, before the first store. A table that was linked and unlinked again would need a flush,
 * since units cache pointers to empty tables (§6.2.5).
 */
#include "base/panic.h"
#include "base/pool.h"
#include "base/string.h"
#include "iommu/internal.h"

#define LEVEL_BITS 9

static unsigned shift(unsigned level)
{
	return PAGE_SHIFT + LEVEL_BITS * level;
}
static u64 span(unsigned level)
{
	return 1ull << shift(level);
}
static u64 *slot(u64 *table, u64 at, unsigned level)
{
	return &table[at >> shift(level) & (TABLE_ENTRIES_64 - 1)];
}
static bool is_present(u64 e)
{
	return (e & SLPT_PRESENT) != 0;
}
static bool is_leaf(u64 e, unsigned level)
{
	return level == 0 || (e & SLPT_LARGE);
}
static u64 *table_of(u64 e)
{
	return pool_va(hpa(e & ENTRY_ADDRESS));
}
static u64 leaf(u64 to, u64 prot, unsigned level)
{
	return to | prot | (level ? SLPT_LARGE : 0);
}

/* Descend towards `*level`; stop early at a leaf or where nothing is. Says where it stopped. */
static u64 *descend(const struct iommu_domain *d, u64 at, unsigned *level)
{
	unsigned l = vtd.levels - 1;
	u64 *e = slot(d->root, at, l);

	while (l > *level && is_present(*e) && !is_leaf(*e, l)) {
		e = slot(table_of(*e), at, l - 1);
		l--;
	}
	*level = l;
	return e;
}

/* --- pages put aside, linked through their first word --- */

struct spare {
	u64 *first;
};

static void spare_free(struct spare *s)
{
	while (s->first) {
		u64 *page = s->first;

		s->first = (u64 *)(uintptr_t)*page;
		pool_free(POOL_IOMMU, page, 1);
	}
}

static enum err spare_fill(struct spare *s, u64 pages, const struct iommu_domain *d,
			   struct why *why)
{
	s->first = NULL;
	for (u64 i = 0; i < pages; i++) {
		u64 *page = table_alloc(1);

		if (!page) {
			spare_free(s);
			return fail(why, ERR_NO_MEMORY, RID_NONE,
				    "domain %s: no memory for %lu pages of IOMMU tables; nothing "
				    "was changed",
				    d->name, pages);
		}
		*page = (uintptr_t)s->first;
		s->first = page;
	}
	return OK;
}

/* Cannot fail: the plan counted. */
static u64 *spare_take(struct spare *s, struct iommu_domain *d)
{
	u64 *page = s->first;

	HV_ASSERT(page);
	s->first = (u64 *)(uintptr_t)*page;
	table_store(page, 0);
	d->pages++;
	return page;
}

/* --- map --- */

struct range {
	u64 at, to, left;
};

static void advance(struct range *r, unsigned level)
{
	r->at += span(level);
	r->to += span(level);
	r->left -= span(level);
}

/*
 * The largest leaf that units, alignment and rest allow, and that no older table stands in the way
 * of.
 */
static unsigned leaf_level(const struct iommu_domain *d, const struct range *r)
{
	unsigned level = vtd.leaf_1g ? 2 : vtd.leaf_2m ? 1 : 0;

	while (level > 0) {
		unsigned reached = level;
		u64 *e;

		if (IS_ALIGNED(r->at | r->to, span(level)) && r->left >= span(level)) {
			e = descend(d, r->at, &reached);
			if (reached > level || !is_present(*e) || is_leaf(*e, level))
				break;
		}
		level--;
	}
	return level;
}

/* How many table pages will be missing; fails if anything in the range is mapped already. */
static enum err plan_map(const struct iommu_domain *d, struct range r, u64 *pages, struct why *why)
{
	u64 start = r.at;

	*pages = 0;
	while (r.left) {
		unsigned level = leaf_level(d, &r), reached = level;

		if (is_present(*descend(d, r.at, &reached)))
			return fail(why, ERR_BUSY, RID_NONE, "domain %s: 0x%lx is mapped already",
				    d->name, r.at);
		/* A missing table is counted where the range first enters what it covers. */
		for (unsigned l = level; l < reached; l++)
			*pages += r.at == start || IS_ALIGNED(r.at, span(l + 1));
		advance(&r, level);
	}
	return OK;
}

static void commit_map(struct iommu_domain *d, struct range r, unsigned prot, struct spare *spare)
{
	while (r.left) {
		unsigned level = leaf_level(d, &r), reached = level;
		u64 *e = descend(d, r.at, &reached);

		while (reached > level) {
			table_store(e, pool_hpa(spare_take(spare, d)).v | SLPT_PRESENT);
			reached--;
			e = slot(table_of(*e), r.at, reached);
		}
		table_store(e, leaf(r.to, prot, level));
		advance(&r, level);
	}
}

enum err slpt_map(struct iommu_domain *d, u64 at, u64 to, u64 size, unsigned prot, struct why *why)
{
	struct range r = { at, to, size };
	struct spare spare;
	u64 pages;
	enum err e = plan_map(d, r, &pages, why);

	if (e == OK)
		e = spare_fill(&spare, pages, d, why);
	if (e != OK)
		return e;
	commit_map(d, r, prot, &spare);
	return OK;
}

/* --- unmap --- */

/* How many tables it takes to make `at` the start of a leaf. */
static unsigned splits_at(const struct iommu_domain *d, u64 at)
{
	unsigned level = 0, splits = 0;

	if (at >> vtd.width || !is_present(*descend(d, at, &level)))
		return 0;
	for (; !IS_ALIGNED(at, span(level)); level--)
		splits++;
	return splits;
}

/*
 * Replace the large leaf around `at` by a table of smaller ones that say the same, with one store,
 * until a leaf starts at `at`. Returns by widening the flush to what the large leaf covered: caches
 * may hold it whole (§6.5.3.3).
 */
static void split(struct iommu_domain *d, u64 at, struct spare *spare, u64 *flush_at,
		  u64 *flush_end)
{
	for (;;) {
		unsigned level = 0;
		u64 *e, *table;

		if (at >> vtd.width)
			return;
		e = descend(d, at, &level);
		if (!is_present(*e) || IS_ALIGNED(at, span(level)))
			return;
		table = spare_take(spare, d);
		for (unsigned i = 0; i < TABLE_ENTRIES_64; i++)
			table_store(&table[i], leaf((*e & ENTRY_ADDRESS) + i * span(level - 1),
						    *e & SLPT_PRESENT, level - 1));
		table_store(e, pool_hpa(table).v | SLPT_PRESENT);
		*flush_at = MIN(*flush_at, ALIGN_DOWN(at, span(level)));
		*flush_end = MAX(*flush_end, ALIGN_DOWN(at, span(level)) + span(level));
	}
}

enum err slpt_unmap(struct iommu_domain *d, u64 at, u64 size, u64 *flush_at, u64 *flush_size,
		    struct why *why)
{
	u64 end = at + size, flush_end = end;
	struct spare spare;
	enum err e = spare_fill(&spare, splits_at(d, at) + splits_at(d, end), d, why);

	if (e != OK)
		return e;
	*flush_at = at;
	split(d, at, &spare, flush_at, &flush_end);
	split(d, end, &spare, flush_at, &flush_end);
	spare_free(&spare); /* both ends may have been in one leaf */
	while (at < end) {
		unsigned level = 0;
		u64 *entry = descend(d, at, &level);

		if (is_present(*entry))
			table_store(entry, 0);
		at = ALIGN_DOWN(at, span(level)) + span(level);
	}
	*flush_size = flush_end - *flush_at;
	return OK;
}

/* --- the rest --- */

bool iommu_translate(const struct iommu_domain *d, iova_t at, hpa_t *to, unsigned *prot,
		     u64 *leaf_bytes)
{
	unsigned level = 0;
	u64 e;

	if (at.v >> vtd.width)
		return false;
	e = *descend(d, at.v, &level);
	if (!is_present(e))
		return false;
	*to = hpa((e & ENTRY_ADDRESS) + (at.v & (span(level) - 1)));
	*prot = (unsigned)(e & SLPT_PRESENT);
	if (leaf_bytes)
		*leaf_bytes = span(level);
	return true;
}

/* Depth is bounded by the number of levels. */
static void free_table(u64 *table, unsigned level)
{
	for (unsigned i = 0; i < TABLE_ENTRIES_64; i++)
		if (is_present(table[i]) && !is_leaf(table[i], level))
			free_table(table_of(table[i]), level - 1);
	pool_free(POOL_IOMMU, table, 1);
}

void slpt_free(struct iommu_domain *d)
{
	free_table(d->root, vtd.levels - 1);
	d->root = NULL;
	d->pages = 0;
}
