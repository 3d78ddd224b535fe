/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Finding ACPI tables (ACPI 6.5 section 5.2). Every table is checked (length, checksum) before
 * anybody sees it.
 */
#ifndef BASE_ACPI_H
#define BASE_ACPI_H

#include "base/types.h"

struct acpi_header {
	char signature[4];
	u32 length;
	u8 revision;
	u8 checksum;
	char oem_id[6];
	char oem_table_id[8];
	u32 oem_revision;
	u32 creator_id;
	u32 creator_revision;
} __attribute__((packed));
_Static_assert(sizeof(struct acpi_header) == 36, "ACPI 6.5 table 5.4");

/*
 * Map `len` bytes of firmware memory read-only. Returns NULL if it is not mappable. base/hw/ on the
 * target; a fake on the host.
 */
const void *phys_map(hpa_t address, u64 len);

/*
 * Remember the root table. `rsdp` points at a copy of the RSDP (20 or 36 bytes, `len` says how many
 * are valid), as the boot loader hands it over; NULL searches the BIOS area (EBDA,
 * 0xE0000..0xFFFFF). Damaged tables are named in the log and left out; damage of one table does not
 * hide the others.
 */
enum err acpi_init(const void *rsdp, size_t len, struct why *why);

/* The n-th table with this signature, or NULL. The pointer stays valid. */
const struct acpi_header *acpi_find(const char signature[4], unsigned n);

/* True if `len` bytes sum to zero modulo 256. */
bool acpi_checksum_ok(const void *table, size_t len);

#endif
