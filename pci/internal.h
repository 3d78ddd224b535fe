/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of pci/ share with each other and nobody else includes. */
#ifndef PCI_INTERNAL_H
#define PCI_INTERNAL_H

#include <linux/pci_regs.h>

#include "pci/fabric.h"

#define PORT_TYPE_NONE    0xff /* pci_function.port_type of a function without a PCIe capability */
#define CONFIG_NO_DEVICE  0xffffffffu /* what a read gives where nothing answers */
#define PCI_MAX_FUNCTIONS 1024

/* --- fabric.c: the table of functions --- */

/* Forget all functions: a walk starts from nothing. */
void fabric_clear(void);

/* Take a function out (a VF that was disabled). Other pointers stay valid. */
void fabric_remove(struct pci_function *f);

/*
 * May `bus` of `segment` be given to somebody: no function was found on it and no bridge leads to
 * it.
 */
bool fabric_bus_is_free(unsigned segment, unsigned bus);

/* How many more functions fit. */
unsigned fabric_room(void);

/* Is `f` below `bridge`, at any depth? A bridge is not below itself. */
bool fabric_is_below(const struct pci_function *f, const struct pci_function *bridge);

static inline bool is_bridge(const struct pci_function *f)
{
	return f->header_type == PCI_HEADER_TYPE_BRIDGE;
}

/* A port with a link below it: what sits there is one device, device 0 (PCIe 6.0 section 7.3.1). */
static inline bool is_downstream_port(const struct pci_function *f)
{
	return is_bridge(f) &&
	       (f->port_type == PCI_EXP_TYPE_ROOT_PORT || f->port_type == PCI_EXP_TYPE_DOWNSTREAM ||
		f->port_type == PCI_EXP_TYPE_PCIE_BRIDGE);
}

/* --- caps.c --- */

/* Fill the capability offsets, port type and FLR bit of `f` from its lists. */
void caps_scan(struct pci_function *f);

/* --- bars.c --- */

/*
 * What a BAR is, from its value and from what it read after all ones were written to it. `high`
 * words matter only for 64-bit BARs. ERR_INVALID for sizes and types that cannot be. A BAR that is
 * not there has size 0 and is no error.
 */
struct bar_words {
	u32 low, high, low_mask, high_mask;
};
enum err bar_decode(const struct bar_words *words, struct pci_bar *out);

/*
 * Size the `count` BARs at `offset` of `rid` and restore their values. The caller has turned decode
 * off. Bad BARs are named in the log and left out; their number is returned.
 */
unsigned bars_size(struct rid rid, u16 offset, unsigned count, struct pci_bar *out);

/* The same for the expansion ROM register at `offset`. */
struct pci_bar rom_size(struct rid rid, u16 offset);

/* Write a BAR's base (both halves of a 64-bit one). */
void bar_write_base(struct rid rid, u16 offset, const struct pci_bar *bar, u64 base);

/* The base address that the registers hold now. */
u64 bar_read_base(struct rid rid, u16 offset, const struct pci_bar *bar);

/* --- windows.c --- */

#define WINDOW_CLOSED ((struct pci_window){ .base = 1, .limit = 0 })
static inline bool window_open(const struct pci_window *w)
{
	return w->base <= w->limit;
}
static inline u64 window_size(const struct pci_window *w)
{
	return window_open(w) ? w->limit - w->base + 1 : 0;
}
static inline bool window_holds(const struct pci_window *w, u64 base, u64 size)
{
	return window_open(w) && base >= w->base && size != 0 && size - 1 <= w->limit - w->base &&
	       base - w->base <= w->limit - w->base - (size - 1);
}

/* Read both memory windows of a bridge. */
void windows_read(struct pci_function *bridge);

/* Write one of them, to the device and to `bridge`. ERR_DEVICE if it does not stick. */
enum err window_write(struct pci_function *bridge, bool prefetch, const struct pci_window *w);

/* Can the bridge's prefetchable window hold addresses above 4 GiB? */
bool window_prefetch_is_64bit(const struct pci_function *bridge);

#endif
