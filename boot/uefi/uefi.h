/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the UEFI application know of each other (UEFI 2.10, through GNU-EFI). */
#ifndef BOOT_UEFI_H
#define BOOT_UEFI_H

#include <efi.h>
#include <efilib.h>

#include "boot/handoff.h"

/* Print why we cannot go on, wait for a key, and return `status` to the firmware's boot manager. */
EFI_STATUS give_up(EFI_STATUS status, const CHAR16 *what, const CHAR16 *advice);

/* --- image.c: the hypervisor inside us */

struct loaded_image {
	const struct boot_handoff *handoff; /* in the ELF file */
	UINT64 base; /* where the image lies in memory, 2 MiB aligned, below 4 GiB */
	struct boot_info *info;
};
EFI_STATUS image_load(struct loaded_image *image);

/* Where the loader reaches something of the image by its linked address. */
void *image_at(const struct loaded_image *image, UINT64 linked);

/* Fill the boot page tables and jump. After ExitBootServices only. */
__attribute__((noreturn)) void image_start_hypervisor(const struct loaded_image *image);

/* --- files.c: coppice.cfg and what it names, from the volume that we came from */

EFI_STATUS files_load(EFI_HANDLE self, struct boot_info *info);

/* --- platform.c: what else the hypervisor wants to know */

EFI_STATUS platform_rsdp(struct boot_info *info);
void platform_apertures(struct boot_info *info);
/* Get the last memory map, leave boot services (trying again when the map changed meanwhile), and
 * translate the map. */
EFI_STATUS platform_exit(EFI_HANDLE self, struct boot_info *info);

#endif
