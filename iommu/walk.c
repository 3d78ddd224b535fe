/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a unit does with a request, step by step, read from the very tables that it reads (VT-d
 * §3.4, §3.7): nothing here is taken from what we remember of them. For people; nothing depends on
 * it.
 */
#include "base/pool.h"
#include "iommu/internal.h"

#define LEVEL_BITS      9u
#define CONTEXT_AW(hi)  ((unsigned)((hi)&7))
#define CONTEXT_AW_LAST 3u /* 57 bits, 5 levels */

enum {
	FAULT_ROOT = 0x01,
	FAULT_CONTEXT = 0x02,
	FAULT_CONTEXT_WRONG = 0x03,
	FAULT_BEYOND = 0x04,
	FAULT_WRITE = 0x05,
	FAULT_READ = 0x06,
};

static void add_step(struct iommu_walk *w, enum iommu_table table, unsigned level, unsigned index,
		     const u64 *entry, bool wide)
{
	w->step[w->steps++] = (struct iommu_walk_step){ .table = table,
							.level = level,
							.index = index,
							.at = pool_hpa(entry),
							.lo = entry[0],
							.hi = wide ? entry[1] : 0 };
}

static void blocked(struct iommu_walk *w, u8 read, u8 write)
{
	w->read_fault = read;
	w->write_fault = write;
	w->read_text = read ? fault_reason_text(read) : NULL;
	w->write_text = write ? fault_reason_text(write) : NULL;
}

/* Root and context; false: blocked there. */
static bool walk_context(const struct iommu_unit *u, struct rid rid, struct iommu_walk *w,
			 struct entry128 *context)
{
	const struct entry128 *root = &u->root[rid_bus(rid)], *table;

	add_step(w, IOMMU_TABLE_ROOT, 0, rid_bus(rid), &root->lo, true);
	if (!(root->lo & ENTRY_PRESENT)) {
		blocked(w, FAULT_ROOT, FAULT_ROOT);
		return false;
	}
	table = pool_va(hpa(root->lo & ENTRY_ADDRESS));
	*context = table[rid_devfn(rid)];
	add_step(w, IOMMU_TABLE_CONTEXT, 0, rid_devfn(rid), &table[rid_devfn(rid)].lo, true);
	if (!(context->lo & ENTRY_PRESENT)) {
		blocked(w, FAULT_CONTEXT, FAULT_CONTEXT);
		return false;
	}
	w->domain_id = context_domain_id(*context);
	if (vtd.domain[w->domain_id % MAX_DOMAINS].live)
		w->domain = vtd.domain[w->domain_id % MAX_DOMAINS].name;
	return true;
}

static void walk_pages(const struct entry128 *context, u64 at, struct iommu_walk *w)
{
	unsigned level = CONTEXT_AW(context->hi) + 2;
	u64 table = context->lo & ENTRY_ADDRESS, prot = SLPT_PRESENT;

	if (CONTEXT_AW(context->hi) > CONTEXT_AW_LAST) {
		blocked(w, FAULT_CONTEXT_WRONG, FAULT_CONTEXT_WRONG);
		return;
	}
	if (at >> MIN(PAGE_SHIFT + LEVEL_BITS * level, vtd.width)) {
		blocked(w, FAULT_BEYOND, FAULT_BEYOND);
		return;
	}
	for (;; level--) {
		unsigned shift = PAGE_SHIFT + LEVEL_BITS * (level - 1);
		unsigned index = at >> shift & (TABLE_ENTRIES_64 - 1);
		const u64 *entry = (const u64 *)pool_va(hpa(table)) + index;

		add_step(w, IOMMU_TABLE_PAGES, level, index, entry, false);
		prot &= *entry;
		blocked(w, prot & SLPT_READ ? 0 : FAULT_READ, prot & SLPT_WRITE ? 0 : FAULT_WRITE);
		if (!prot)
			return;
		table = *entry & ENTRY_ADDRESS;
		if (level == 1 || (*entry & SLPT_LARGE)) {
			w->leaf_bytes = 1ull << shift;
			w->to = hpa((table & ~(w->leaf_bytes - 1)) + (at & (w->leaf_bytes - 1)));
			return;
		}
	}
}

enum err iommu_walk(struct rid rid, iova_t at, struct iommu_walk *out, struct why *why)
{
	struct iommu_unit *u = iommu_unit_for(rid);
	struct entry128 context = { 0 };
	enum err e;

	*out = (struct iommu_walk){ 0 };
	spin_lock(&vtd.lock);
	e = unit_usable(u, rid, why);
	if (e == OK) {
		out->unit = u->base;
		if (walk_context(u, rid, out, &context))
			walk_pages(&context, at.v, out);
	}
	spin_unlock(&vtd.lock);
	return e;
}
