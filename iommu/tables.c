/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Root and context tables of a unit (VT-d §9.1, §9.3): which domain a Requester ID belongs to.
 *
 *	root (4 KiB) --[bus]--> context table (4 KiB) --[device, function]--> second-stage tables +
 *domain id
 */
#include "base/pool.h"
#include "iommu/internal.h"

/*
 * The context entry of a Requester ID; makes the table of its bus if need be. NULL when memory is
 * out.
 */
static struct entry128 *entry_of(struct iommu_unit *u, struct rid rid, struct why *why)
{
	struct entry128 *root = &u->root[rid_bus(rid)], *table;

	if (!(root->lo & ENTRY_PRESENT)) {
		table = table_alloc(1);
		if (!table) {
			fail(why, ERR_NO_MEMORY, rid,
			     "no memory for the IOMMU's context table of bus %02x", rid_bus(rid));
			return NULL;
		}
		table_store128(root, root_entry(pool_hpa(table)));
		if (flush_after(u, CHANGE_ROOT_ENTRY_SET, &(struct flush_target){ 0 }, why) != OK)
			return NULL;
	}
	table = pool_va(hpa(root->lo & ENTRY_ADDRESS));
	return &table[rid_devfn(rid)];
}

/*
 * Not present first, flushed, then the new value: so the unit never sees the tables of one domain
 * with the id of the other, and the old domain is out of every cache before the new one is in
 * (§6.2.2.1). DMA in between faults.
 */
static enum err clear(struct iommu_unit *u, struct entry128 *e, struct rid rid, struct why *why)
{
	struct flush_target t = { .domain_id = context_domain_id(*e), .source_id = rid.id };
	enum err result;

	table_store(&e->lo, 0);
	result = flush_after(u, CHANGE_CONTEXT_CLEAR, &t, why);
	/*
	 * On failure the old domain counts this function for ever, so its pages are never reused.
	 */
	if (result == OK)
		vtd.domain[t.domain_id].attached[u->index]--;
	return result;
}

enum err tables_set(struct iommu_unit *u, struct rid rid, struct iommu_domain *d, struct why *why)
{
	struct flush_target t = { .domain_id = d->id, .source_id = rid.id };
	struct entry128 *e = entry_of(u, rid, why);
	enum err result;

	if (!e)
		return u->dead ? ERR_TIMEOUT : ERR_NO_MEMORY;
	if (e->lo & ENTRY_PRESENT) {
		if (context_domain_id(*e) == d->id)
			return OK;
		result = clear(u, e, rid, why);
		if (result != OK)
			return result;
	}
	table_store128(e, context_entry(pool_hpa(d->root), vtd.levels, d->id));
	d->attached[u->index]++;
	return flush_after(u, CHANGE_CONTEXT_SET, &t, why);
}

/* For a unit that is given up: nobody can confirm it any more, but its table shall say no. */
void tables_cut(struct iommu_unit *u, struct rid rid)
{
	struct entry128 *table;

	if (!u->root || !(u->root[rid_bus(rid)].lo & ENTRY_PRESENT))
		return;
	table = pool_va(hpa(u->root[rid_bus(rid)].lo & ENTRY_ADDRESS));
	table_store(&table[rid_devfn(rid)].lo, 0);
}
