/* SPDX-License-Identifier: GPL-2.0-only */
/* Physical addresses of what we have mapped, and back: the pool's seam, and firmware tables. */
#include "base/acpi.h"
#include "base/hw/image.h"
#include "base/hw/paging.h"
#include "base/panic.h"
#include "base/pool.h"

hpa_t pool_hpa(const void *p)
{
	u64 va = (uintptr_t)p;

	/* Static objects may be shown to devices and to VMX too. */
	if (va >= IMAGE_VA)
		return image_hpa(p);
	if (va < DIRECT_MAP_VA || va >= MMIO_VA)
		HV_BUG("pool_hpa of %p, which is not in the direct map", p);
	return hpa(va - DIRECT_MAP_VA);
}

void *pool_va(hpa_t address)
{
	return (void *)(DIRECT_MAP_VA + address.v);
}

const void *phys_map(hpa_t address, u64 len)
{
	u64 start = ALIGN_DOWN(address.v, PAGE_SIZE), end = ALIGN_UP(address.v + len, PAGE_SIZE);

	/*
	 * A table can lie outside of all RAM that the memory map names. What it says may be
	 * nonsense.
	 */
	if (len == 0 || end <= start || end > AREA_BYTES || !paging_address_ok(start, end - start))
		return NULL;
	if (paging_map(FIRMWARE_VA + start, start, end - start, PTE_NX) != OK)
		return NULL;
	return (const void *)(FIRMWARE_VA + address.v);
}
