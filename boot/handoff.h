/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the UEFI application needs to know of the hypervisor's image that it carries: a small table
 * at a place it can find (the ELF section .handoff), with everything at its linked address.
 */
#ifndef BOOT_HANDOFF_H
#define BOOT_HANDOFF_H

#include "base/boot_info.h"

#define HANDOFF_MAGIC   0x46464f444e414855ull /* "UHANDOFF" */
#define HANDOFF_VERSION 1

/* Linked addresses (image_va + offset); the loader subtracts image_va and adds where it put the
 * image. */
struct boot_handoff {
	u64 magic;
	u32 version, info_bytes; /* sizeof(struct boot_info), so that a stale loader notices */
	u64 image_va;
	u64 entry; /* void entry(void) in 64-bit mode, on `stack_top`, interrupts off */
	u64 stack_top;
	u64 info; /* struct boot_info to fill, but for the pointers in it */
	u64 root; /* five pages for page tables: PML4, two PDPTs, then */
	u64 pdpt_low, pdpt_high;
	u64 pd_high; /* one page: 2 MiB pages of the image */
	u64 pd_low;  /* four pages: 2 MiB pages of the first 4 GiB */
};

#endif
