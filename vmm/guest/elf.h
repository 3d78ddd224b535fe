/* SPDX-License-Identifier: GPL-2.0-only */
/* ELF64 kernels: check everything first, then copy. Pure: bytes in, plan out. */
#ifndef VMM_GUEST_ELF_H
#define VMM_GUEST_ELF_H

#include "base/types.h"

#define ELF_SEGMENTS_MAX 16

/* Below this lie page tables, GDT and struct coppice_start (base/guest_abi.h). */
#define ELF_LOWEST_ADDRESS (64 * KiB)

struct elf_segment {
	u64 file_offset, file_bytes; /* what is copied */
	u64 address, bytes;          /* where in guest RAM; beyond file_bytes it stays zero */
	bool executable;
};

struct elf_plan {
	u64 entry;
	unsigned segments;
	struct elf_segment segment[ELF_SEGMENTS_MAX];
};

/*
 * May this file be loaded into `ram_bytes` of zeroed RAM? ERR_INVALID with file, what was found,
 * what was expected and what to do. Trusts nothing in `image`; nothing outside [image, image +
 * size) is read.
 */
enum err elf_check(const char *file, const void *image, u64 size, u64 ram_bytes,
		   struct elf_plan *out, struct why *why) MUST_CHECK;

/* Copy the segments of a checked plan. Cannot fail. */
void elf_copy(const struct elf_plan *plan, const void *image, u8 *ram);

#endif
