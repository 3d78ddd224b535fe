/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the firmware's memory map to what we may map and hand out. Firmware maps overlap, and are
 * not sorted.
 */
#ifndef BASE_MEMORY_MAP_H
#define BASE_MEMORY_MAP_H

#include "base/boot_info.h"

struct memory_piece {
	u64 base, end; /* page-aligned, [base, end) */
};

enum memory_use {
	MEMORY_DIRECT_MAP, /* usable RAM without the image */
	MEMORY_POOL,       /* and without the first MiB and the modules */
};

/*
 * The pieces of RAM for this use, at most `max`; returns how many. No two overlap, and none
 * overlaps a range that the firmware calls anything but usable: what it says twice and differently
 * is not touched.
 */
unsigned memory_map_pieces(const struct boot_info *boot, enum memory_use use,
			   struct memory_piece *out, unsigned max);

/*
 * The largest range below `limit` that the firmware's map names for nothing at all: where it leaves
 * room for devices. Size 0 if there is none. 1 MiB granularity.
 */
void memory_map_largest_gap(const struct boot_info *boot, u64 limit, u64 *base, u64 *size);

#endif
