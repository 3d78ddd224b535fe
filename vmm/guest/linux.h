/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stock Linux kernels (bzImage) by the 64-bit boot protocol, Linux Documentation/arch/x86/boot.rst.
 * Check everything first, then place. Pure: bytes in, a plan and bytes out.
 */
#ifndef VMM_GUEST_LINUX_H
#define VMM_GUEST_LINUX_H

#include "base/types.h"

/* The files of a VM and the room they have; initrd_size 0 = none. */
struct linux_files {
	const char *kernel_name, *initrd_name;
	const u8 *kernel, *initrd;
	u64 kernel_size, initrd_size;
	const char *cmdline;
	u64 ram_bytes;
};

struct linux_plan {
	u64 code_offset, code_bytes; /* the part of the file that runs */
	u64 address;                 /* where it goes, and where it begins to unpack itself */
	u64 initrd_address;          /* 0 = none */
	u64 entry;
};

/* "HdrS" where a bzImage has it? Nothing more is promised about the file. */
bool linux_is_bzimage(const void *image, u64 size);

/*
 * May this kernel run in that much RAM? ERR_INVALID or ERR_NO_SPACE with file, what was found, what
 * was expected and what to do. Trusts nothing in the files; reads nothing outside them.
 */
enum err linux_check(const struct linux_files *f, struct linux_plan *out,
		     struct why *why) MUST_CHECK;

/*
 * Copy kernel and initrd, write boot_params and the command line. `ram` is zeroed RAM of the size
 * that was checked. Returns the guest-physical address of boot_params, which RSI holds at entry.
 */
u64 linux_place(const struct linux_files *f, const struct linux_plan *plan, u64 rsdp, u8 *ram);

#endif
