/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The page pool: all memory that Coppice hands out at run time, to itself and to guests. Pages are
 * zeroed when they are allocated and filled with POOL_POISON when they are freed. Every page has an
 * owner tag, and the counts per tag are in the report. Not reentrant from interrupt or NMI context;
 * takes its own lock otherwise.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include "base/types.h"

#define POOL_POISON 0xab

enum pool_tag {
	POOL_HOST, /* page tables, stacks and per-core data of the hypervisor */
	POOL_PCI,
	POOL_IOMMU, /* root, context, second-level and interrupt-remapping tables, queues */
	POOL_DRIVER,
	POOL_VM,    /* vm, vcpu, VMCS, EPT, virtual devices */
	POOL_GUEST, /* guest RAM */
	POOL_TAGS,
};

/* Start with an empty pool. Called once at boot, and by tests. */
void pool_init(void);

/*
 * Give [base, base+size) to the pool (whole pages inside it). Called at boot for each usable RAM
 * range. The pool keeps the first pool_overhead_pages() of it for its own tables; a range too small
 * to pay for these is ignored.
 */
void pool_add(hpa_t base, u64 size);
u64 pool_overhead_pages(u64 pages);

/*
 * `pages` contiguous zeroed pages, aligned to `align` bytes (a power of two >= 4096). NULL when
 * there are none. The address is in the hypervisor's direct map.
 */
void *pool_alloc(enum pool_tag tag, u64 pages, u64 align);

/*
 * Give them back; they are poisoned. `p` and `pages` must be exactly what was allocated; NULL is
 * ignored.
 */
void pool_free(enum pool_tag tag, void *p, u64 pages);

/* Pages in use by `tag`, and pages free in all. */
u64 pool_used(enum pool_tag tag);
u64 pool_available(void);

/* Pages zeroed or poisoned since boot: each is 512 stores, which would drown any other count of
 * instructions. */
u64 pool_pages_wiped(void);

/*
 * Direct map: every page of RAM is mapped once, writable, never executable. On the host both are
 * the identity.
 */
hpa_t pool_hpa(const void *p);
void *pool_va(hpa_t address);

#endif
