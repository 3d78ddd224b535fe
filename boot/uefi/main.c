/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Coppice as a UEFI application: EFI/BOOT/BOOTX64.EFI on any FAT volume, with coppice.cfg and the
 * guests' files beside it. It carries the hypervisor, reads the files, collects what a boot loader
 * collects, leaves boot services and jumps.
 */
#include "boot/uefi/uefi.h"

static void wait_for_key(void)
{
	UINTN index;

	uefi_call_wrapper(ST->ConIn->Reset, 2, ST->ConIn, FALSE);
	uefi_call_wrapper(BS->WaitForEvent, 3, 1, &ST->ConIn->WaitForKey, &index);
}

EFI_STATUS give_up(EFI_STATUS status, const CHAR16 *what, const CHAR16 *advice)
{
	Print(L"\ncoppice: %s: %r\n         %s\nPress a key to go back to the firmware.\n", what,
	      status, advice);
	wait_for_key();
	return status;
}

static UINT64 read_tsc(void)
{
	UINT32 low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (UINT64)high << 32 | low;
}

EFI_STATUS efi_main(EFI_HANDLE self, EFI_SYSTEM_TABLE *table)
{
	UINT64 entry_tsc = read_tsc();
	struct loaded_image image;
	EFI_STATUS status;

	InitializeLib(self, table);
	Print(L"coppice: UEFI application\n");
	status = image_load(&image);
	if (EFI_ERROR(status))
		return status;
	image.info->entry_tsc = entry_tsc;
	image.info->image_base.v = image.base;
	status = platform_rsdp(image.info);
	if (EFI_ERROR(status))
		return status;
	status = files_load(self, image.info);
	if (EFI_ERROR(status))
		return status;
	platform_apertures(image.info);
	status = platform_exit(self, image.info);
	if (EFI_ERROR(status))
		return status;
	image_start_hypervisor(&image);
}
