/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The real iommu/store.c with its one store instruction made visible: each becomes an event in the
 * log of the fakes. Linked before the library, it takes the place of the library's own.
 */
#include "fakes/fakes.h"
#include "iommu/internal.h"

static inline void logged_store(u64 *entry, u64 value)
{
	fake_event_add(FAKE_NOTE, (uintptr_t)entry, sizeof(*entry), value);
	*(volatile u64 *)entry = value;
}
#define __atomic_store_n(entry, value, order) logged_store(entry, value)
#include "iommu/store.c"
