/* SPDX-License-Identifier: GPL-2.0-only */
/* Domains: the second-stage tables of one VM (or of nobody), and which functions walk them. */
#include "base/bitmap.h"
#include "base/format.h"
#include "base/pool.h"
#include "iommu/internal.h"

_Static_assert(BITMAP_WORDS(MAX_DOMAINS) == ARRAY_LEN(((struct vtd *)NULL)->domain_ids_used),
	       "one bit per domain id");
_Static_assert(IOMMU_READ == SLPT_READ && IOMMU_WRITE == SLPT_WRITE,
	       "permissions are stored as they come, VT-d §9.8");

static enum err check_width(const char *name, unsigned width_bits, struct why *why)
{
	if (vtd.levels == 0)
		return fail(why, ERR_UNSUPPORTED, RID_NONE,
			    "domain %s: there is no usable IOMMU unit", name);
	if (width_bits > vtd.width)
		return fail(why, ERR_UNSUPPORTED, RID_NONE,
			    "domain %s needs %u address bits, the IOMMU units translate only %u "
			    "(tables of %u levels); give "
			    "the VM less memory",
			    name, width_bits, vtd.width, vtd.levels);
	return OK;
}

static struct iommu_domain *create(const char *name, struct why *why)
{
	u32 id = bitmap_find_clear(vtd.domain_ids_used, vtd.domain_ids, 1);
	struct iommu_domain *d;

	if (id >= vtd.domain_ids) {
		fail(why, ERR_NO_SPACE, RID_NONE, "domain %s: all %u domain ids are in use", name,
		     vtd.domain_ids - 1);
		return NULL;
	}
	d = &vtd.domain[id];
	*d = (struct iommu_domain){
		.live = true, .id = (u16)id, .root = table_alloc(1), .pages = 1
	};
	if (!d->root) {
		d->live = false;
		fail(why, ERR_NO_MEMORY, RID_NONE, "domain %s: no memory for its tables", name);
		return NULL;
	}
	format(d->name, sizeof(d->name), "%s", name);
	bitmap_set(vtd.domain_ids_used, id);
	return d;
}

struct iommu_domain *iommu_domain_create(const char *name, unsigned width_bits, struct why *why)
{
	struct iommu_domain *d = NULL;

	spin_lock(&vtd.lock);
	if (check_width(name, width_bits, why) == OK)
		d = create(name, why);
	spin_unlock(&vtd.lock);
	return d;
}

static unsigned functions_attached(const struct iommu_domain *d)
{
	unsigned n = 0;

	for (unsigned i = 0; i < vtd.units; i++)
		n += d->attached[i];
	return n;
}

/*
 * Every function left through a completed flush of this domain id (tables.c), so neither caches nor
 * hardware know the pages or the id any more; only then do they go back (XSA-346, XSA-399). A
 * function whose flush failed never leaves.
 */
enum err iommu_domain_destroy(struct iommu_domain *d, struct why *why)
{
	enum err result = OK;

	spin_lock(&vtd.lock);
	if (functions_attached(d)) {
		result = fail(why, ERR_BUSY, RID_NONE,
			      "domain %s: %u functions are attached, or left through a flush that "
			      "never completed",
			      d->name, functions_attached(d));
	} else {
		slpt_free(d);
		d->live = false;
		bitmap_clear(vtd.domain_ids_used, d->id);
	}
	spin_unlock(&vtd.lock);
	return result;
}

u16 iommu_domain_id(const struct iommu_domain *d)
{
	return d->id;
}
unsigned iommu_domains_used(void)
{
	return bitmap_count(vtd.domain_ids_used, MAX_DOMAINS);
}
u64 iommu_domain_pages(const struct iommu_domain *d)
{
	return d->pages;
}

/* --- map, unmap --- */

static bool touches_interrupt_range(u64 at, u64 size)
{
	return at <= INTERRUPT_RANGE_LAST && at + size > INTERRUPT_RANGE_FIRST;
}

static enum err check_range(const struct iommu_domain *d, u64 at, u64 size, const char *what,
			    unsigned bits, struct why *why)
{
	if (size == 0 || !IS_ALIGNED(at | size, PAGE_SIZE))
		return fail(why, ERR_INVALID, RID_NONE,
			    "domain %s: %s 0x%lx+0x%lx is not whole pages", d->name, what, at,
			    size);
	if (at + size < at || at + size > 1ull << bits)
		return fail(why, ERR_INVALID, RID_NONE,
			    "domain %s: %s 0x%lx+0x%lx does not fit into %u bits", d->name, what,
			    at, size, bits);
	return OK;
}

/* Whole pages, within the width, and not what interrupts are made of (P2). */
static enum err check_mappable(const struct iommu_domain *d, u64 at, u64 size, const char *what,
			       unsigned bits, struct why *why)
{
	enum err e = check_range(d, at, size, what, bits, why);

	if (e == OK && touches_interrupt_range(at, size))
		e = fail(why, ERR_REFUSED, RID_NONE,
			 "domain %s: %s 0x%lx+0x%lx touches 0xfeexxxxx: writes there are "
			 "interrupts, not "
			 "memory",
			 d->name, what, at, size);
	return e;
}

enum err iommu_map(struct iommu_domain *d, iova_t at, hpa_t to, u64 size, unsigned prot,
		   struct why *why)
{
	enum err e = check_mappable(d, at.v, size, "device address", vtd.width, why);
	u64 flush_at, flush_size;

	if (e == OK)
		e = check_mappable(d, to.v, size, "host address", vtd.host_width, why);
	if (e == OK && (prot == 0 || prot & ~(IOMMU_READ | IOMMU_WRITE)))
		e = fail(why, ERR_INVALID, RID_NONE,
			 "domain %s: permission 0x%x is neither read nor write", d->name, prot);
	if (e != OK)
		return e;
	spin_lock(&vtd.lock);
	e = slpt_map(d, at.v, to.v, size, prot, why);
	if (e == OK) {
		e = flush_domain_pages(d, CHANGE_PAGE_SET, at.v, size, why);
		/* Cannot fail: what was just mapped ends where leaves end. */
		if (e != OK)
			(void)slpt_unmap(d, at.v, size, &flush_at, &flush_size, NO_WHY);
	}
	spin_unlock(&vtd.lock);
	return e;
}

enum err iommu_unmap(struct iommu_domain *d, iova_t at, u64 size, struct why *why)
{
	enum err e = check_range(d, at.v, size, "device address", vtd.width, why);
	u64 flush_at, flush_size;

	if (e != OK)
		return e;
	spin_lock(&vtd.lock);
	e = slpt_unmap(d, at.v, size, &flush_at, &flush_size, why);
	if (e == OK)
		e = flush_domain_pages(d, CHANGE_PAGE_CLEAR, flush_at, flush_size, why);
	spin_unlock(&vtd.lock);
	return e;
}

/* --- attach --- */

enum err iommu_attach(struct iommu_domain *d, struct rid rid, struct why *why)
{
	struct iommu_unit *u = iommu_unit_for(rid);
	enum err e;

	spin_lock(&vtd.lock);
	e = unit_usable(u, rid, why);
	if (e == OK)
		e = tables_set(u, rid, d ? d : vtd.parking, why);
	else if (u && !d)
		tables_cut(u, rid);
	spin_unlock(&vtd.lock);
	if (e != OK && why && rid_equal(why->rid, RID_NONE))
		why->rid = rid;
	return e;
}
