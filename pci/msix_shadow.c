/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The MSI-X table that a guest sees: plain memory with the format of PCIe 6.0 section 7.7.2.7. No
 * write of it reaches a device.
 */
#include "base/string.h"
#include "pci/internal.h"
#include "pci/msix.h"

#define ADDRESS_RESERVED 3ull /* message addresses are dword-aligned; the bits read 0 */

_Static_assert(sizeof(struct msix_shadow_entry) == MSIX_ENTRY_BYTES, "PCIe 6.0 section 7.7.2.7");

void msix_shadow_init(struct msix_shadow *s, struct msix_shadow_entry *entries, u16 vectors)
{
	s->vectors = vectors;
	s->entry = entries;
	for (u16 i = 0; i < vectors; i++)
		entries[i] = (struct msix_shadow_entry){ .control = PCI_MSIX_ENTRY_CTRL_MASKBIT };
}

static bool inside(const struct msix_shadow *s, u32 offset, unsigned width)
{
	return (u64)offset + width <= (u64)s->vectors * MSIX_ENTRY_BYTES;
}

u64 msix_shadow_read(const struct msix_shadow *s, u32 offset, unsigned width)
{
	u64 value = 0;

	if (width > sizeof(value) || !inside(s, offset, width))
		return 0;
	memcpy(&value, (const u8 *)s->entry + offset, width);
	return value;
}

int msix_shadow_write(struct msix_shadow *s, u32 offset, unsigned width, u64 value)
{
	if ((width != sizeof(u32) && width != sizeof(u64)) || !IS_ALIGNED(offset, width) ||
	    !inside(s, offset, width))
		return -1;
	struct msix_shadow_entry *e = &s->entry[offset / MSIX_ENTRY_BYTES], new = *e;

	memcpy((u8 *)&new + offset % MSIX_ENTRY_BYTES, &value, width);
	new.address &= ~ADDRESS_RESERVED;
	new.control &= PCI_MSIX_ENTRY_CTRL_MASKBIT;
	if (memcmp(&new, e, sizeof(new)) == 0)
		return -1;
	*e = new;
	return (int)(offset / MSIX_ENTRY_BYTES);
}
