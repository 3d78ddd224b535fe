/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The only stores to memory that a unit may be walking at this very moment. Each is one 8-byte
 * store, in program order (XSA-328, XSA-347), and reaches memory before the next one if the units
 * do not snoop the caches (XSA-321).
 */
#include "base/pool.h"
#include "iommu/internal.h"

void table_store(u64 *entry, u64 value)
{
	__atomic_store_n(entry, value, __ATOMIC_RELEASE);
	if (!vtd.coherent)
		cache_write_back(entry, sizeof(*entry));
}

/*
 * The entry must not be present, or only its low half may change: hardware fetches 16 bytes, but we
 * store them as two halves (the compiler is kept off the vector registers), so the half with the
 * present bit comes last (§6.2.2.1).
 */
void table_store128(struct entry128 *entry, struct entry128 value)
{
	if (entry->hi != value.hi)
		table_store(&entry->hi, value.hi);
	table_store(&entry->lo, value.lo);
}

/* Zeroed pages that a unit may be pointed at: even their zeroes are in memory when this returns. */
void *table_alloc(u64 pages)
{
	void *table = pool_alloc(POOL_IOMMU, pages, PAGE_SIZE);

	if (table && !vtd.coherent)
		cache_write_back(table, pages * PAGE_SIZE);
	return table;
}
