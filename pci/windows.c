/* SPDX-License-Identifier: GPL-2.0-only */
/* The memory windows of bridges (PCIe 6.0 section 7.5.1.3): which addresses reach what is below. */
#include "pci/config.h"
#include "pci/internal.h"

#define WINDOW_SHIFT        16 /* registers hold address bits 31:20 in their bits 15:4 */
#define WINDOW_MASK         0xfff0u
#define WINDOW_LOW_BITS     (MiB - 1)
#define WINDOW_CLOSED_BASE  0xfff0u
#define WINDOW_CLOSED_LIMIT 0x0000u

bool window_prefetch_is_64bit(const struct pci_function *bridge)
{
	u16 base = pci_read16(bridge->rid, PCI_PREF_MEMORY_BASE);

	return (base & PCI_PREF_RANGE_TYPE_MASK) == PCI_PREF_RANGE_TYPE_64;
}

static struct pci_window window_of(u16 base, u16 limit, u32 base_high, u32 limit_high)
{
	struct pci_window w = {
		.base = (u64)base_high << 32 | (u64)(base & WINDOW_MASK) << WINDOW_SHIFT,
		.limit = (u64)limit_high << 32 | (u64)(limit & WINDOW_MASK) << WINDOW_SHIFT |
			 WINDOW_LOW_BITS,
	};

	/*
	 * Base 0 is what a bridge holds that nobody set up, or a window that it does not have: RAM
	 * is there, not BARs.
	 */
	return w.base == 0 ? WINDOW_CLOSED : w;
}

static struct pci_window read_window(const struct pci_function *bridge, bool prefetch)
{
	struct rid r = bridge->rid;

	if (!prefetch)
		return window_of(pci_read16(r, PCI_MEMORY_BASE), pci_read16(r, PCI_MEMORY_LIMIT), 0,
				 0);
	bool wide = window_prefetch_is_64bit(bridge);

	return window_of(pci_read16(r, PCI_PREF_MEMORY_BASE), pci_read16(r, PCI_PREF_MEMORY_LIMIT),
			 wide ? pci_read32(r, PCI_PREF_BASE_UPPER32) : 0,
			 wide ? pci_read32(r, PCI_PREF_LIMIT_UPPER32) : 0);
}

void windows_read(struct pci_function *bridge)
{
	bridge->mem = read_window(bridge, false);
	bridge->prefetch = read_window(bridge, true);
}

enum err window_write(struct pci_function *bridge, bool prefetch, const struct pci_window *w)
{
	struct rid r = bridge->rid;
	bool open = window_open(w);
	u16 base = open ? (u16)(w->base >> WINDOW_SHIFT) & WINDOW_MASK : WINDOW_CLOSED_BASE;
	u16 limit = open ? (u16)(w->limit >> WINDOW_SHIFT) & WINDOW_MASK : WINDOW_CLOSED_LIMIT;
	u16 base_at = prefetch ? PCI_PREF_MEMORY_BASE : PCI_MEMORY_BASE;
	u16 limit_at = prefetch ? PCI_PREF_MEMORY_LIMIT : PCI_MEMORY_LIMIT;

	/*
	 * Closed first: between the two writes the bridge must not claim a range that is half old
	 * and half new.
	 */
	pci_write16(r, limit_at, WINDOW_CLOSED_LIMIT);
	pci_write16(r, base_at, WINDOW_CLOSED_BASE);
	if (prefetch && window_prefetch_is_64bit(bridge)) {
		pci_write32(r, PCI_PREF_BASE_UPPER32, open ? (u32)(w->base >> 32) : 0);
		pci_write32(r, PCI_PREF_LIMIT_UPPER32, open ? (u32)(w->limit >> 32) : 0);
	}
	pci_write16(r, base_at, base);
	pci_write16(r, limit_at, limit);

	struct pci_window now = read_window(bridge, prefetch);
	bool sticks = open ? now.base == w->base && now.limit == w->limit : !window_open(&now);

	*(prefetch ? &bridge->prefetch : &bridge->mem) = now;
	return sticks ? OK : ERR_DEVICE;
}

bool pci_windows_cover(const struct pci_function *f, u64 base, u64 size, bool prefetchable)
{
	for (const struct pci_function *up = f->parent; up; up = up->parent) {
		/*
		 * A prefetchable BAR may sit in either window, one with read side effects only in
		 * the plain one.
		 */
		if (!window_holds(&up->mem, base, size) &&
		    !(prefetchable && window_holds(&up->prefetch, base, size)))
			return false;
	}
	return true;
}
