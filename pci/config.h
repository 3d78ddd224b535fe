/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PCI Express config space through ECAM (PCIe 6.0 section 7.2.2). Register names are those of
 * <linux/pci_regs.h>.
 */
#ifndef PCI_CONFIG_H
#define PCI_CONFIG_H

#include "base/acpi.h"
#include "base/types.h"

/* One ECAM range, as MCFG gives it. */
struct pci_segment {
	u16 segment;
	u8 first_bus, last_bus;
	hpa_t base; /* of bus 0, even if first_bus is not 0 */
};

/*
 * Take the ECAM ranges from MCFG (PCI Firmware 3.3 section 4.1.2). Entries with nonsense in them
 * are named in the log and skipped; ERR_NOT_FOUND if none is left or mcfg is NULL.
 */
enum err pci_config_init(const struct acpi_header *mcfg, struct why *why);
unsigned pci_segment_count(void);
const struct pci_segment *pci_segment(unsigned n);

/*
 * Reads of a bus that no segment covers, or of no device, give all ones; such writes are dropped.
 * Offsets < 4096, aligned.
 */
u8 pci_read8(struct rid rid, u16 offset);
u16 pci_read16(struct rid rid, u16 offset);
u32 pci_read32(struct rid rid, u16 offset);
void pci_write8(struct rid rid, u16 offset, u8 value);
void pci_write16(struct rid rid, u16 offset, u16 value);
void pci_write32(struct rid rid, u16 offset, u32 value);

#endif
