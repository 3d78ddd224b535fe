/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Base Address Registers (PCIe 6.0 section 7.5.1.2.1), of functions and, with the same format, of
 * the VF BARs in an SR-IOV capability (section 9.3.3.14).
 */
#include "base/log.h"
#include "pci/config.h"
#include "pci/internal.h"

#define BAR_STEP       4u
#define ALL_ONES       0xffffffffu
#define MEM_ATTRIBUTES 0x0fu
#define IO_ATTRIBUTES  0x03u
#define IO_UPPER_HALF  0xffff0000u
#define MIN_MEM_BAR    16u /* four attribute bits leave 16 bytes as the smallest */
#define MAX_BAR_SIZE   BIT64(51)

static bool type_is_64bit(u32 low)
{
	return (low & PCI_BASE_ADDRESS_MEM_TYPE_MASK) == PCI_BASE_ADDRESS_MEM_TYPE_64;
}

static enum err decode_io(const struct bar_words *w, struct pci_bar *out)
{
	/* The upper half may be hardwired to zero: x86 has 64 KiB of ports. */
	u32 mask = (w->low_mask & ~IO_ATTRIBUTES) | IO_UPPER_HALF;
	u32 size = ~mask + 1;

	*out = (struct pci_bar){ .io = true, .base = w->low & ~IO_ATTRIBUTES, .size = size };
	return IS_POWER_OF_2(size) && size <= 64 * KiB ? OK : ERR_INVALID;
}

enum err bar_decode(const struct bar_words *w, struct pci_bar *out)
{
	*out = (struct pci_bar){ 0 };
	if (w->low_mask == 0)
		return OK;
	/*
	 * The attribute bits are read-only; a device whose bits change under us is not to be
	 * believed.
	 */
	if ((w->low_mask ^ w->low) & PCI_BASE_ADDRESS_SPACE)
		return ERR_INVALID;
	if (w->low_mask & PCI_BASE_ADDRESS_SPACE_IO)
		return decode_io(w, out);
	if ((w->low_mask ^ w->low) & MEM_ATTRIBUTES)
		return ERR_INVALID;
	bool wide = type_is_64bit(w->low);
	u64 mask = (w->low_mask & ~MEM_ATTRIBUTES) | (wide ? (u64)w->high_mask << 32 : ~0ull << 32);
	u64 size = ~mask + 1;

	if ((w->low & PCI_BASE_ADDRESS_MEM_TYPE_MASK) == PCI_BASE_ADDRESS_MEM_TYPE_MASK)
		return ERR_INVALID; /* type 11b is reserved */
	if (mask == 0 || !IS_POWER_OF_2(size) || size < MIN_MEM_BAR || size > MAX_BAR_SIZE)
		return ERR_INVALID;
	u64 base = (w->low & ~MEM_ATTRIBUTES) | (wide ? (u64)w->high << 32 : 0);

	if (!IS_ALIGNED(base, size))
		return ERR_INVALID;
	out->base = base;
	out->size = size;
	out->is_64bit = wide;
	out->prefetchable = w->low & PCI_BASE_ADDRESS_MEM_PREFETCH;
	return OK;
}

/* Write all ones, read what sticks, put the old value back. */
static u32 probe_mask(struct rid rid, u16 at, u32 old)
{
	pci_write32(rid, at, ALL_ONES);
	u32 mask = pci_read32(rid, at);

	pci_write32(rid, at, old);
	return mask;
}

unsigned bars_size(struct rid rid, u16 offset, unsigned count, struct pci_bar *out)
{
	unsigned bad = 0;

	for (unsigned i = 0; i < count; i++) {
		u16 at = (u16)(offset + i * BAR_STEP);
		struct bar_words w = { .low = pci_read32(rid, at) };
		bool wide = !(w.low & PCI_BASE_ADDRESS_SPACE_IO) && type_is_64bit(w.low);

		out[i] = (struct pci_bar){ 0 };
		if (wide && i + 1 == count) {
			log_warn("pci",
				 RID_FMT ": BAR %u is 64-bit but is the last one; it is not used",
				 RID_ARG(rid), i);
			return bad + 1;
		}
		w.low_mask = probe_mask(rid, at, w.low);
		if (wide) {
			w.high = pci_read32(rid, at + BAR_STEP);
			w.high_mask = probe_mask(rid, at + BAR_STEP, w.high);
			out[i + 1] = (struct pci_bar){ 0 };
		}
		if (bar_decode(&w, &out[i]) != OK) {
			log_warn("pci",
				 RID_FMT ": BAR %u is no BAR (value %08x:%08x, mask %08x:%08x); it "
					 "is not used",
				 RID_ARG(rid), i, w.high, w.low, w.high_mask, w.low_mask);
			out[i] = (struct pci_bar){ 0 };
			bad++;
		}
		i += wide;
	}
	return bad;
}

struct pci_bar rom_size(struct rid rid, u16 offset)
{
	u32 old = pci_read32(rid, offset);
	/* The enable bit stays 0 while all ones stand in the address. */
	u32 mask;

	pci_write32(rid, offset, (u32)PCI_ROM_ADDRESS_MASK);
	mask = pci_read32(rid, offset) & (u32)PCI_ROM_ADDRESS_MASK;
	pci_write32(rid, offset, old);
	u32 size = ~mask + 1;

	if (mask == 0 || !IS_POWER_OF_2(size))
		return (struct pci_bar){ 0 };
	return (struct pci_bar){ .base = old & (u32)PCI_ROM_ADDRESS_MASK & mask, .size = size };
}

void bar_write_base(struct rid rid, u16 offset, const struct pci_bar *bar, u64 base)
{
	pci_write32(rid, offset, (u32)base);
	if (bar->is_64bit)
		pci_write32(rid, offset + BAR_STEP, (u32)(base >> 32));
}

u64 bar_read_base(struct rid rid, u16 offset, const struct pci_bar *bar)
{
	u64 base = pci_read32(rid, offset) & ~MEM_ATTRIBUTES;

	if (bar->is_64bit)
		base |= (u64)pci_read32(rid, offset + BAR_STEP) << 32;
	return base;
}
