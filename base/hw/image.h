/* SPDX-License-Identifier: GPL-2.0-only */
/* Where our own image lies: symbols of boot/linker.ld, and the fixed parts of the address space. */
#ifndef BASE_HW_IMAGE_H
#define BASE_HW_IMAGE_H

#include "base/types.h"

/*
 * The hypervisor's address space (upper half; nothing is mapped in the lower half):
 *
 *	0xffff800000000000  direct map: every page of usable RAM, RW-, but for the image itself
 *	0xffffc00000000000  device registers, uncached, RW-, mapped on demand by mmio_map()
 *	0xffffd00000000000  stacks, each with an unmapped guard page below
 *	0xffffe00000000000  firmware tables, R--, mapped on demand by phys_map()
 *	0xffffffff80000000  the image (boot/linker.ld)
 */
#define DIRECT_MAP_VA 0xffff800000000000ull
#define MMIO_VA       0xffffc00000000000ull
#define STACKS_VA     0xffffd00000000000ull
#define FIRMWARE_VA   0xffffe00000000000ull
#define AREA_BYTES                                                                                 \
	(1ull << 44) /* of each area but the direct map, which has four times as much              \
		      */
#define IMAGE_VA 0xffffffff80000000ull

extern u8 image_start[], image_text_end[], image_rodata_end[], image_end[];
extern u8 image_stacks[]; /* boot core: 1 + 4 stacks, each a guard page and HOST_STACK_BYTES */

#endif
