/* SPDX-License-Identifier: GPL-2.0-only */
/* The hypervisor's own page tables; private to base/hw/ and boot/. */
#ifndef BASE_HW_PAGING_H
#define BASE_HW_PAGING_H

#include "base/types.h"

/* Page-table entry bits, Intel SDM 3A section 4.5.4, tables 4-15 to 4-20. */
#define PTE_PRESENT       BIT64(0)
#define PTE_WRITE         BIT64(1)
#define PTE_WRITE_THROUGH BIT64(3)
#define PTE_CACHE_DISABLE BIT64(4)
#define PTE_LARGE         BIT64(7)
#define PTE_NX            BIT64(63)
#define PTE_ADDRESS       BITS64(51, 12)

/*
 * Map [va, va+size) to [pa, pa+size), all multiples of 4096, with the largest pages that fit. What
 * is mapped already stays as it is. Thread-safe. ERR_NO_MEMORY when there is no page for a table; a
 * part may be mapped then.
 */
enum err paging_map(u64 va, u64 pa, u64 size, u64 flags) MUST_CHECK;

/*
 * True if physical [base, base+size) is below MAXPHYADDR, and if any of it is RAM of the direct
 * map.
 */
bool paging_address_ok(u64 base, u64 size);
bool paging_is_ram(u64 base, u64 size);

/*
 * Where the boot loader put the image: known long before paging_init(), and crash records need it.
 */
void image_set_base(hpa_t base);

/* Physical address of something in the image. */
hpa_t image_hpa(const void *p);

#endif
