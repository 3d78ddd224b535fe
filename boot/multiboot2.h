/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading the Multiboot2 information block (Multiboot2 specification 2.0 section 3.6). */
#ifndef BOOT_MULTIBOOT2_H
#define BOOT_MULTIBOOT2_H

#include "base/boot_info.h"

#define MULTIBOOT2_MAGIC 0x36d76289u /* in EAX, section 3.3 */

/*
 * Fill `boot` from the `len` bytes at `block` (the block says its own length; less than `len` is
 * read if it does). What does not fit sets boot->truncated. A tag that is too short for its type is
 * skipped; a list that runs out of the block ends there. Returns ERR_INVALID if there is no memory
 * map, without which nothing works.
 */
enum err multiboot2_parse(const void *block, size_t len, struct boot_info *boot,
			  struct why *why) MUST_CHECK;

#endif
