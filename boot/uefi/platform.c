/* SPDX-License-Identifier: GPL-2.0-only */
/* ACPI's root pointer, the root bridges' apertures, the memory map. */
#include "boot/uefi/uefi.h"

#define RSDP_BYTES_V1     20
#define RSDP_BYTES_V2     36
#define EXIT_TRIES        8
#define SPARE_DESCRIPTORS 16 /* the map may grow between asking for its size and asking for it */

/* ACPI 2.0's table first: it has the 64-bit XSDT (UEFI 2.10 section 4.6). */
EFI_STATUS platform_rsdp(struct boot_info *info)
{
	EFI_GUID v2 = ACPI_20_TABLE_GUID, v1 = ACPI_TABLE_GUID;
	const void *rsdp = NULL;
	UINT8 len = 0;

	for (UINTN i = 0; i < ST->NumberOfTableEntries; i++) {
		const EFI_CONFIGURATION_TABLE *t = &ST->ConfigurationTable[i];

		if (CompareGuid((EFI_GUID *)&t->VendorGuid, &v2) == 0) {
			rsdp = t->VendorTable;
			len = RSDP_BYTES_V2;
		} else if (!rsdp && CompareGuid((EFI_GUID *)&t->VendorGuid, &v1) == 0) {
			rsdp = t->VendorTable;
			len = RSDP_BYTES_V1;
		}
	}
	if (!rsdp)
		return give_up(EFI_NOT_FOUND, L"the firmware has no ACPI tables",
			       L"Coppice needs them to find PCI and the IOMMU.");
	CopyMem(info->rsdp, (void *)rsdp, len);
	info->rsdp_len = len;
	return EFI_SUCCESS;
}

/* Resource descriptors of PciRootBridgeIo->Configuration() are ACPI QWORD address space descriptors
 * (ACPI 6.5 section 6.4.3.5.1, PI 1.7 volume 5). */
#define QWORD_DESCRIPTOR 0x8a
#define RESOURCE_MEMORY  0

struct qword_space {
	UINT8 tag;
	UINT16 length;
	UINT8 kind, flags, specific;
	UINT64 granularity, minimum, maximum, offset, size;
} __attribute__((packed));

static void add_apertures(struct boot_info *info, const UINT8 *resources)
{
	for (const struct qword_space *q = (const void *)resources;
	     q->tag == QWORD_DESCRIPTOR && info->apertures < BOOT_APERTURES;
	     q = (const void *)((const UINT8 *)q + q->length + 3)) {
		if (q->kind != RESOURCE_MEMORY || q->size == 0)
			continue;
		info->aperture[info->apertures].base = q->minimum + q->offset;
		info->aperture[info->apertures].size = q->size;
		info->apertures++;
	}
}

void platform_apertures(struct boot_info *info)
{
	EFI_GUID guid = EFI_PCI_ROOT_BRIDGE_IO_PROTOCOL_GUID;
	EFI_HANDLE *handles = NULL;
	UINTN count = 0;

	if (EFI_ERROR(LibLocateHandle(ByProtocol, &guid, NULL, &count, &handles)))
		return;
	for (UINTN i = 0; i < count; i++) {
		EFI_PCI_ROOT_BRIDGE_IO_PROTOCOL *bridge;
		void *resources = NULL;

		if (EFI_ERROR(uefi_call_wrapper(BS->HandleProtocol, 3, handles[i], &guid,
						(void **)&bridge)))
			continue;
		if (!EFI_ERROR(uefi_call_wrapper(bridge->Configuration, 2, bridge, &resources)) &&
		    resources)
			add_apertures(info, resources);
	}
	FreePool(handles);
}

/* What a memory type is to us once boot services are gone (UEFI 2.10 table 7.10). */
static enum boot_memory_kind kind_of(UINT32 type)
{
	switch (type) {
	case EfiLoaderCode:
	case EfiLoaderData:
	case EfiBootServicesCode:
	case EfiBootServicesData:
	case EfiConventionalMemory: return BOOT_MEMORY_USABLE;
	case EfiACPIReclaimMemory: return BOOT_MEMORY_ACPI;
	case EfiACPIMemoryNVS: return BOOT_MEMORY_NVS;
	case EfiUnusableMemory: return BOOT_MEMORY_BAD;
	default: return BOOT_MEMORY_RESERVED;
	}
}

/* Neighbours of one kind become one range: firmware hands out more descriptors than we keep. */
static void add_memory(struct boot_info *info, UINT64 base, UINT64 size, enum boot_memory_kind kind)
{
	struct boot_memory *last =
		info->memory_ranges ? &info->memory[info->memory_ranges - 1] : NULL;

	if (last && last->kind == kind && last->base.v + last->size == base) {
		last->size += size;
		return;
	}
	if (info->memory_ranges == BOOT_MEMORY_RANGES) {
		info->truncated = TRUE;
		return;
	}
	info->memory[info->memory_ranges].base.v = base;
	info->memory[info->memory_ranges].size = size;
	info->memory[info->memory_ranges++].kind = kind;
}

static void translate(struct boot_info *info, const UINT8 *map, UINTN size, UINTN step)
{
	for (UINTN at = 0; at + step <= size; at += step) {
		const EFI_MEMORY_DESCRIPTOR *d = (const void *)(map + at);

		add_memory(info, d->PhysicalStart, d->NumberOfPages * EFI_PAGE_SIZE,
			   kind_of(d->Type));
	}
}

EFI_STATUS platform_exit(EFI_HANDLE self, struct boot_info *info)
{
	UINTN room = 0, size, key, step = sizeof(EFI_MEMORY_DESCRIPTOR);
	UINT32 version;
	EFI_MEMORY_DESCRIPTOR *map = NULL;
	EFI_STATUS status = EFI_SUCCESS;

	uefi_call_wrapper(BS->GetMemoryMap, 5, &room, map, &key, &step, &version);
	room += SPARE_DESCRIPTORS * step;
	map = AllocatePool(room);
	if (!map)
		return give_up(EFI_OUT_OF_RESOURCES, L"no memory for the memory map", L"");
	/* Any event may change the map after we have read it; then its key is stale and we ask
	 * again. From the first try on, the firmware may have shut down consoles: nothing is
	 * printed in this loop. */
	for (int i = 0; i < EXIT_TRIES; i++) {
		size = room;
		status = uefi_call_wrapper(BS->GetMemoryMap, 5, &size, map, &key, &step, &version);
		if (EFI_ERROR(status))
			break;
		status = uefi_call_wrapper(BS->ExitBootServices, 2, self, key);
		if (!EFI_ERROR(status)) {
			translate(info, (const UINT8 *)map, size, step);
			return EFI_SUCCESS;
		}
	}
	return give_up(status, L"the firmware does not let go (ExitBootServices)",
		       L"Try again; if it stays, update the firmware.");
}
