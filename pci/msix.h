/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * MSI-X (PCIe 6.0 section 6.1.4.2 and 7.7.2). This file is the only writer of a physical MSI-X
 * table, and holds the shadow that a guest sees instead of it.
 */
#ifndef PCI_MSIX_H
#define PCI_MSIX_H

#include "base/mmio.h"
#include "pci/fabric.h"

#define MSIX_ENTRY_BYTES 16
#define MSIX_MAX_VECTORS 2048

/* Where a function's table and PBA are, decoded once. */
struct msix {
	struct rid rid;
	u8 cap;
	u16 vectors; /* table size */
	u8 table_bar, pba_bar;
	u32 table_offset, pba_offset; /* within their BARs, bytes */
	struct mmio table;            /* mapped */
};

/*
 * Decode the capability of `f`; `bars` are its BARs (of a VF: from the PF's SR-IOV capability, see
 * vf_bar()). Refuses tables that leave their BAR, overlap the PBA, or are not there. Masks every
 * entry and disables MSI-X (R21). Needs memory decode on.
 */
enum err msix_init(struct msix *m, const struct pci_function *f,
		   const struct pci_bar bars[PCI_BARS], struct why *why);

/*
 * Offsets within the table's BAR of the first and of the last 4 KiB page that holds a part of the
 * table: exactly these pages are trapped (R18). Other registers may be in them and are passed
 * through (R17).
 */
void msix_table_pages(const struct msix *m, u64 *first_page_offset, u64 *last_page_offset);

/* Program one entry: masked, written, then unmasked if `masked` is false. index < vectors. */
void msix_write_entry(struct msix *m, u16 index, u64 address, u32 data, bool masked);
void msix_mask_entry(struct msix *m, u16 index, bool masked);

/* MSI-X Enable and Function Mask in Message Control. */
void msix_set_control(struct msix *m, bool enable, bool function_mask);

/* What the guest wrote: never reaches the device. All entries masked after init. */
struct msix_shadow_entry {
	u64 address;
	u32 data;
	u32 control; /* bit 0 = mask */
};
struct msix_shadow {
	u16 vectors;
	struct msix_shadow_entry *entry; /* `vectors` of them, from the caller */
};
void msix_shadow_init(struct msix_shadow *s, struct msix_shadow_entry *entries, u16 vectors);

/*
 * Guest read/write at `offset` bytes into the table, width 1, 2, 4 or 8, any alignment inside the
 * table; outside it reads 0 and drops writes. A write returns the index of the entry that changed,
 * or -1. Writes narrower than 4 bytes are dropped (PCIe allows only DWORD and QWORD) and return -1.
 */
u64 msix_shadow_read(const struct msix_shadow *s, u32 offset, unsigned width);
int msix_shadow_write(struct msix_shadow *s, u32 offset, unsigned width, u64 value);

#endif
