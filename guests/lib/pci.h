/* SPDX-License-Identifier: GPL-2.0-only */
/* PCI as a small guest sees it: one bus through ECAM, its devices placed by "firmware", MSI-X. */
#ifndef GUESTS_PCI_H
#define GUESTS_PCI_H

#include "base/types.h"

#define PCI_COMMAND        0x04
#define PCI_COMMAND_MEMORY BIT(1)
#define PCI_COMMAND_MASTER BIT(2)

/* A function by its address in ECAM. */
struct pci_device {
	volatile u8 *config;
	u8 number; /* device on bus 0 */
};

/* The n-th device with these IDs, in device order. False if there are not so many. */
bool pci_find_device(u16 vendor, u16 device, unsigned n, struct pci_device *out);
/* The same by class code: base class, sub-class, programming interface. */
bool pci_find_class(u32 class_code, unsigned n, struct pci_device *out);
u32 pci_config_read(const struct pci_device *d, u16 offset);
void pci_config_write16(const struct pci_device *d, u16 offset, u16 value);

/* Where a capability is; 0 if there is none with this ID. */
u16 pci_find_capability(const struct pci_device *d, u8 id);

/* Address of a memory BAR, as it stands. */
volatile u8 *pci_bar(const struct pci_device *d, unsigned bar);
/* Memory decode and bus mastering on. */
void pci_enable(const struct pci_device *d);

/* Table entries [0, count) to vectors first.. on this CPU, then MSI-X on. False if there are fewer
 * entries. */
bool pci_msix_enable(const struct pci_device *d, u8 first_vector, unsigned count);

#endif
