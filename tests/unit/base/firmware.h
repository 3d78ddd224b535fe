/* SPDX-License-Identifier: GPL-2.0-only */
/* A little BIOS: builds ACPI tables with right checksums in fake physical memory. */
#ifndef FIRMWARE_H
#define FIRMWARE_H

#include "base/acpi.h"

#define FIRMWARE_BASE  0x7f000000ull
#define FIRMWARE_BYTES 0x40000u

struct rsdp_bytes {
	u8 b[36];
};

/* Start anew: empty memory at FIRMWARE_BASE, no tables listed. */
void firmware_reset(void);

/*
 * Place a table of `len` bytes in all, its body from `body` (may be NULL: zeros); list it in the
 * root tables.
 */
u64 firmware_add(const char *signature, const void *body, u32 len);

/* The same, but not listed (a DSDT). */
u64 firmware_place(const char *signature, const void *body, u32 len);

/* List any address as a table. */
void firmware_list(u64 address);

/* The bytes of a table, to damage them; and to make its checksum right again. */
u8 *firmware_bytes(u64 address);
void firmware_fix_checksum(u64 address);

/* Build RSDT and XSDT of what was listed, and an RSDP of this revision (0 or 2) for both. */
struct rsdp_bytes firmware_finish(int revision);
u64 firmware_rsdt(void);
u64 firmware_xsdt(void);

#endif
