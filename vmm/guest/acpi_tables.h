/* SPDX-License-Identifier: GPL-2.0-only */
/* The ACPI tables of a Linux guest. Pure: written into RAM that the caller gives. */
#ifndef VMM_GUEST_ACPI_TABLES_H
#define VMM_GUEST_ACPI_TABLES_H

#include "base/types.h"

/* Where they lie; not RAM in the guest's memory map. */
#define ACPI_TABLES_GPA 0xe0000u
#define ACPI_TABLES_END 0xf0000u

/* The DSDT in AML: vmm/guest/dsdt.asl, compiled by iasl when Coppice is built. */
extern const u8 guest_dsdt[];
extern const u32 guest_dsdt_bytes;

/*
 * Write all tables for `cpus` vCPUs into zeroed guest RAM that begins at `ram` and is at least 1
 * MiB. Returns the guest-physical address of the RSDP.
 */
u64 acpi_tables_write(u8 *ram, unsigned cpus, const u8 *dsdt, u32 dsdt_bytes);

#endif
