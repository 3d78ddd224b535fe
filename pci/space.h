/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which host-physical addresses belong to whom: where VF BARs and grown bridge windows may go. All
 * of it is bookkeeping; nothing here writes to a device.
 */
#ifndef PCI_SPACE_H
#define PCI_SPACE_H

#include "pci/fabric.h"

/*
 * Address space that the host bridge routes to PCI. Call before sriov_enable(). Without any, the
 * span between the lowest and the highest BAR or window below the chipset's own area (0xfec00000)
 * is used.
 */
void pci_add_aperture(u64 base, u64 size);

/*
 * Never put anything here: RAM, firmware's reserved ranges, device registers outside PCI. ECAM is
 * reserved anyway.
 */
void pci_reserve_range(u64 base, u64 size);

/* Forget all apertures and reserved ranges. */
void pci_space_clear(void);

#endif
