/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the fake PCI machine share. */
#ifndef FAKE_PCI_INTERNAL_H
#define FAKE_PCI_INTERNAL_H

#include "fake_pci.h"

extern struct fake_function fake_functions[];
extern unsigned fake_function_count;

/* fake_pci.c */
u64 fake_ecam_read(void *ctx, u64 offset, unsigned width);
void fake_ecam_write(void *ctx, u64 offset, unsigned width, u64 value);
void fake_function_init(struct fake_function *f, struct rid rid, struct fake_function *parent);
bool fake_is_bridge(const struct fake_function *f);

/* fake_pci_sriov.c: what registers do beyond being memory */
struct fake_function *fake_enabled_vf(struct fake_function *pf, struct rid rid);
void fake_note_access(struct fake_function *f);
void fake_refresh(struct fake_function *f); /* First VF Offset and Stride follow ARI */
u64 fake_read_hook(const struct fake_function *f, unsigned at, unsigned width, u64 value);
bool fake_write_is_lost(const struct fake_function *f, unsigned at);
void fake_write_hook(struct fake_function *f, unsigned at, unsigned width, u32 value);
unsigned fake_num_vfs(const struct fake_function *pf); /* 0 while VF Enable is off */

/* fake_pci_mmio.c */
void fake_pci_mmio_reset(void);

#endif
