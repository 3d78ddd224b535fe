/* SPDX-License-Identifier: GPL-2.0-only */
/* ECAM and MSI-X (PCIe 6.0 sections 7.2.2, 7.7.2). */
#include "pci.h"

#include "guest.h"
#include "interrupt.h"

#define DEVICES_PER_BUS       32
#define ECAM_DEVICE_BYTES     (8 * PAGE_SIZE) /* eight functions of 4 KiB */
#define CONFIG_IDS            0x00
#define CONFIG_CLASS          0x08
#define CLASS_SHIFT           8 /* above the revision */
#define CONFIG_BAR0           0x10
#define CONFIG_CAPABILITIES   0x34
#define BAR_64BIT             BIT(2)
#define BAR_FLAGS             0xfu
#define CAPABILITY_MSIX       0x11
#define CAPABILITIES_MAX      48
#define MSIX_CONTROL          2
#define MSIX_TABLE            4
#define MSIX_TABLE_SIZE       0x7ffu
#define MSIX_BAR_MASK         7u
#define MSIX_ENABLE           BIT(15)
#define MSIX_FUNCTION_MASK    BIT(14)
#define MSI_ADDRESS           0xfee00000u
#define MSI_DESTINATION_SHIFT 12

/* One MSI-X table entry. */
struct msix_entry {
	u32 address_low, address_high, data, control;
};
_Static_assert(sizeof(struct msix_entry) == 16, "PCIe 6.0 section 7.7.2");

u32 pci_config_read(const struct pci_device *d, u16 offset)
{
	return *(volatile u32 *)(d->config + offset);
}

void pci_config_write16(const struct pci_device *d, u16 offset, u16 value)
{
	*(volatile u16 *)(d->config + offset) = value;
}

/* The n-th device whose dword at `offset`, shifted right, is `value`. */
static bool find(u16 offset, unsigned shift, u32 value, unsigned n, struct pci_device *out)
{
	for (unsigned i = 0; i < DEVICES_PER_BUS; i++) {
		out->number = (u8)i;
		out->config = (volatile u8 *)(guest->ecam_base + i * ECAM_DEVICE_BYTES);
		if (pci_config_read(out, offset) >> shift == value && !n--)
			return true;
	}
	return false;
}

bool pci_find_device(u16 vendor, u16 device, unsigned n, struct pci_device *out)
{
	return find(CONFIG_IDS, 0, (u32)device << 16 | vendor, n, out);
}

bool pci_find_class(u32 class_code, unsigned n, struct pci_device *out)
{
	return find(CONFIG_CLASS, CLASS_SHIFT, class_code, n, out);
}

volatile u8 *pci_bar(const struct pci_device *d, unsigned bar)
{
	u16 offset = (u16)(CONFIG_BAR0 + bar * sizeof(u32));
	u64 low = pci_config_read(d, offset), high = 0;

	if (low & BAR_64BIT)
		high = pci_config_read(d, (u16)(offset + sizeof(u32)));
	return (volatile u8 *)(high << 32 | (low & ~(u64)BAR_FLAGS));
}

void pci_enable(const struct pci_device *d)
{
	pci_config_write16(d, PCI_COMMAND,
			   (u16)(pci_config_read(d, PCI_COMMAND) | PCI_COMMAND_MEMORY |
				 PCI_COMMAND_MASTER));
}

u16 pci_find_capability(const struct pci_device *d, u8 id)
{
	u8 offset = (u8)pci_config_read(d, CONFIG_CAPABILITIES);

	for (unsigned i = 0; offset && i < CAPABILITIES_MAX; i++) {
		u32 header = pci_config_read(d, offset & ~3u);

		if ((u8)header == id)
			return offset;
		offset = (u8)(header >> 8);
	}
	return 0;
}

bool pci_msix_enable(const struct pci_device *d, u8 first_vector, unsigned count)
{
	u16 cap = pci_find_capability(d, CAPABILITY_MSIX);
	u16 control = cap ? (u16)(pci_config_read(d, cap) >> 16) : 0;
	volatile struct msix_entry *entry;
	u32 table;

	if (!cap || (control & MSIX_TABLE_SIZE) + 1u < count)
		return false;
	table = pci_config_read(d, cap + MSIX_TABLE);
	entry = (volatile struct msix_entry *)(pci_bar(d, table & MSIX_BAR_MASK) +
					       (table & ~MSIX_BAR_MASK));
	for (unsigned i = 0; i < count; i++) {
		entry[i].address_low = MSI_ADDRESS | apic_id() << MSI_DESTINATION_SHIFT;
		entry[i].address_high = 0;
		entry[i].data = first_vector + i;
		entry[i].control = 0;
	}
	pci_config_write16(d, cap + MSIX_CONTROL,
			   (u16)((control | MSIX_ENABLE) & ~MSIX_FUNCTION_MASK));
	return true;
}
