/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every invalidation of this hypervisor. Whoever changes something that a unit may have cached
 * calls flush_after() with the kind of change, and does not go on (reuse memory, an id, a handle)
 * unless it returns OK.
 */
#include "base/pool.h"
#include "base/time.h"
#include "iommu/internal.h"

#define QUEUE_ENTRIES    TABLE_ENTRIES_128
#define FLUSH_TIMEOUT_NS NS_PER_S

enum {
	CONTEXT_ALL = BIT(0),
	CONTEXT_DEVICE = BIT(1),
	IOTLB_ALL = BIT(2),
	IOTLB_DOMAIN = BIT(3),
	IOTLB_PAGES = BIT(4),
	IEC_ALL = BIT(5),
	IEC_INDEX = BIT(6),
};

/*
 * Change -> flush needed (VT-d §6.5.3.3 table 28, §6.4, §6.6, §6.7). Without caching mode (CM = 0)
 * hardware caches nothing that is not present, so making an entry present needs nothing; with it
 * (CM = 1, a unit that a hypervisor below us emulates) every change must be told.
 */
/* clang-format off */
static const struct {
	u8 cm0, cm1;
} needed[] = {
	/*                          CM = 0                         CM = 1 */
	[CHANGE_ROOT_POINTER] =   { CONTEXT_ALL | IOTLB_ALL,       CONTEXT_ALL | IOTLB_ALL },
	[CHANGE_ROOT_ENTRY_SET] = { 0,                             CONTEXT_ALL | IOTLB_ALL },
	[CHANGE_CONTEXT_SET] =    { 0,                             CONTEXT_DEVICE | IOTLB_DOMAIN },
	[CHANGE_CONTEXT_CLEAR] =  { CONTEXT_DEVICE | IOTLB_DOMAIN, CONTEXT_DEVICE | IOTLB_DOMAIN },
	[CHANGE_PAGE_SET] =       { 0,                             IOTLB_PAGES },
	[CHANGE_PAGE_CLEAR] =     { IOTLB_PAGES,                   IOTLB_PAGES },
	[CHANGE_IRT_POINTER] =    { IEC_ALL,                       IEC_ALL },
	[CHANGE_IRTE_SET] =       { 0,                             IEC_INDEX },
	[CHANGE_IRTE_CLEAR] =     { IEC_INDEX,                     IEC_INDEX },
};
/* clang-format on */
_Static_assert(ARRAY_LEN(needed) == CHANGES, "every kind of change has a row");

static void push(struct iommu_unit *u, struct entry128 descriptor)
{
	u->queue[u->queue_tail] = descriptor;
	if (!(u->ecap & ECAP_C))
		cache_write_back(&u->queue[u->queue_tail], sizeof(descriptor));
	u->queue_tail = (u->queue_tail + 1) % QUEUE_ENTRIES;
}

/* The smallest aligned power of two of pages, as its exponent, that covers the range. */
static unsigned address_mask(u64 at, u64 size)
{
	unsigned mask = 0;

	while (at >> (PAGE_SHIFT + mask) != (at + size - 1) >> (PAGE_SHIFT + mask))
		mask++;
	return mask;
}

static void push_pages(struct iommu_unit *u, const struct flush_target *t, u64 drain)
{
	unsigned mask = address_mask(t->at, t->size);

	if (!(u->cap & CAP_PSI) || mask > CAP_MAMV(u->cap)) {
		push(u, desc_iotlb(DESC_DOMAIN, drain, t->domain_id, 0, 0));
		vtd.counters.iotlb_domain++;
		return;
	}
	push(u, desc_iotlb(DESC_SELECTIVE, drain, t->domain_id,
			   ALIGN_DOWN(t->at, PAGE_SIZE << mask), mask));
	vtd.counters.iotlb_page++;
}

/* Context cache before IOTLB: entries made from a stale context must not survive (§6.2.2.1). */
static void push_batch(struct iommu_unit *u, unsigned what, enum change change,
		       const struct flush_target *t)
{
	u64 drain = (u->cap & CAP_DRD ? DESC_IOTLB_DRAIN_READS : 0) |
		    (u->cap & CAP_DWD ? DESC_IOTLB_DRAIN_WRITES : 0);
	/* A cached "not present" context is tagged with domain 0 (§6.2.2). */
	u16 context_tag = change == CHANGE_CONTEXT_SET ? 0 : t->domain_id;

	if (what & CONTEXT_ALL) {
		push(u, desc_context(DESC_GLOBAL, 0, 0));
		vtd.counters.context_global++;
	}
	if (what & CONTEXT_DEVICE) {
		push(u, desc_context(DESC_SELECTIVE, context_tag, t->source_id));
		vtd.counters.context_device++;
	}
	if (what & IOTLB_ALL) {
		push(u, desc_iotlb(DESC_GLOBAL, drain, 0, 0, 0));
		vtd.counters.iotlb_global++;
	}
	if (what & IOTLB_DOMAIN) {
		push(u, desc_iotlb(DESC_DOMAIN, drain, t->domain_id, 0, 0));
		vtd.counters.iotlb_domain++;
	}
	if (what & IOTLB_PAGES)
		push_pages(u, t, drain);
	if (what & IEC_ALL) {
		push(u, desc_iec_global());
		vtd.counters.iec_global++;
	}
	if (what & IEC_INDEX) {
		push(u, desc_iec_index(t->irte_index));
		vtd.counters.iec_index++;
	}
}

struct completion {
	struct iommu_unit *unit;
	u32 errors;
};

/* Done, or hopeless: after IQE and ITE the unit fetches nothing more (§6.5.2.11). */
static bool completed(void *ctx)
{
	struct completion *c = ctx;

	if (*c->unit->status == c->unit->tag)
		return true;
	c->errors = vtd_read32(&c->unit->regs, VTD_FSTS) & (FSTS_IQE | FSTS_ITE);
	return c->errors != 0;
}

/*
 * Queue the wait descriptor, start the batch and wait. The status word must show this batch's own
 * tag: a completion that comes late belongs to an older batch and proves nothing about this one
 * (XSA-373).
 */
static enum err run(struct iommu_unit *u, struct why *why)
{
	struct completion c = { .unit = u };

	u->tag++;
	push(u, desc_wait(hpa(pool_hpa((const void *)u->queue).v + PAGE_SIZE), u->tag));
	vtd.counters.wait++;
	store_fence();
	vtd_write64(&u->regs, VTD_IQT, u->queue_tail * sizeof(struct entry128));
	if (wait_until(completed, &c, FLUSH_TIMEOUT_NS) == OK && *u->status == u->tag)
		return OK;
	if (c.errors)
		unit_give_up(
			u, "its invalidation queue stopped with an error (FSTS 0x%x, IQERCD 0x%lx)",
			c.errors, vtd_read64(&u->regs, VTD_IQERCD));
	else
		unit_give_up(u, "an invalidation did not complete within 1 s");
	return fail(why, ERR_TIMEOUT, RID_NONE,
		    "IOMMU unit at 0x%lx: %s; what it may still reach must not be reused",
		    u->base.v, u->dead_reason);
}

enum err flush_after(struct iommu_unit *u, enum change change, const struct flush_target *t,
		     struct why *why)
{
	unsigned what = u->cap & CAP_CM ? needed[change].cm1 : needed[change].cm0;

	if (u->dead)
		return fail(why, ERR_TIMEOUT, RID_NONE,
			    "IOMMU unit at 0x%lx cannot be flushed any more: %s; what it may still "
			    "reach must not be reused",
			    u->base.v, u->dead_reason);
	/*
	 * Before the queue runs nothing can be stale: the root pointer's global flush comes after.
	 */
	if (!(u->command & GCMD_QIE))
		return OK;
	if (!what) {
		store_fence();
		/* Invalidations imply this (§6.8); making an entry present without one does not. */
		return u->cap & CAP_RWBF ? unit_flush_write_buffer(u, why) : OK;
	}
	push_batch(u, what, change, t);
	return run(u, why);
}

enum err flush_domain_pages(struct iommu_domain *d, enum change change, u64 at, u64 size,
			    struct why *why)
{
	struct flush_target t = { .domain_id = d->id, .at = at, .size = size };
	enum err result = OK;

	for (unsigned i = 0; i < vtd.units; i++) {
		enum err e = d->attached[i] ? flush_after(&vtd.unit[i], change, &t, why) : OK;

		if (e != OK)
			result = e;
	}
	return result;
}
