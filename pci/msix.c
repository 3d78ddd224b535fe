/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The only writer of physical MSI-X tables. What a guest programs ends in a shadow (msix_shadow.c);
 * what stands in the device's table was composed by us.
 */
#include "pci/msix.h"

#include "pci/config.h"
#include "pci/internal.h"

#define PBA_BITS_PER_QWORD 64u

/* A structure in a BAR: `bytes` at `offset`. */
struct placement {
	u8 bar;
	u32 offset;
	u64 bytes;
};

static enum err check_placement(const struct pci_function *f, const struct pci_bar bars[PCI_BARS],
				const struct placement *p, const char *what, struct why *why)
{
	if (p->bar >= PCI_BARS || bars[p->bar].size == 0 || bars[p->bar].io ||
	    bars[p->bar].base == 0)
		return fail(why, ERR_DEVICE, f->rid,
			    RID_FMT
			    ": its MSI-X %s is in BAR %u, which is no memory BAR with an address",
			    RID_ARG(f->rid), what, (unsigned)p->bar);
	if (p->bytes > bars[p->bar].size || p->offset > bars[p->bar].size - p->bytes)
		return fail(why, ERR_DEVICE, f->rid,
			    RID_FMT ": its MSI-X %s (%llu bytes at %x) leaves BAR %u (%llu bytes)",
			    RID_ARG(f->rid), what, (unsigned long long)p->bytes, p->offset,
			    (unsigned)p->bar, (unsigned long long)bars[p->bar].size);
	return OK;
}

static bool overlaps(const struct placement *a, const struct placement *b)
{
	return a->bar == b->bar && a->offset < b->offset + b->bytes &&
	       b->offset < a->offset + a->bytes;
}

/* Read the capability and believe none of it before it has been checked against the BARs. */
static enum err decode(struct msix *m, const struct pci_function *f,
		       const struct pci_bar bars[PCI_BARS], struct why *why)
{
	u32 table = pci_read32(f->rid, f->cap_msix + PCI_MSIX_TABLE);
	u32 pba = pci_read32(f->rid, f->cap_msix + PCI_MSIX_PBA);

	m->vectors = (pci_read16(f->rid, f->cap_msix + PCI_MSIX_FLAGS) & PCI_MSIX_FLAGS_QSIZE) + 1;
	struct placement t = { table & PCI_MSIX_TABLE_BIR, table & PCI_MSIX_TABLE_OFFSET,
			       (u64)m->vectors * MSIX_ENTRY_BYTES };
	struct placement p = { pba & PCI_MSIX_PBA_BIR, pba & PCI_MSIX_PBA_OFFSET,
			       ALIGN_UP((u64)m->vectors, PBA_BITS_PER_QWORD) / 8 };
	enum err e = check_placement(f, bars, &t, "table", why);

	if (e == OK)
		e = check_placement(f, bars, &p, "pending bit array", why);
	if (e != OK)
		return e;
	if (overlaps(&t, &p))
		return fail(
			why, ERR_DEVICE, f->rid,
			RID_FMT
			": MSI-X table (%x, %u vectors) and pending bits (%x) overlap in BAR %u",
			RID_ARG(f->rid), t.offset, (unsigned)m->vectors, p.offset, (unsigned)t.bar);
	m->table_bar = t.bar;
	m->table_offset = t.offset;
	m->pba_bar = p.bar;
	m->pba_offset = p.offset;
	return mmio_map(hpa(bars[t.bar].base + t.offset), t.bytes, &m->table);
}

enum err msix_init(struct msix *m, const struct pci_function *f,
		   const struct pci_bar bars[PCI_BARS], struct why *why)
{
	*m = (struct msix){ .rid = f->rid, .cap = f->cap_msix };
	if (!m->cap)
		return fail(why, ERR_UNSUPPORTED, f->rid, RID_FMT ": no MSI-X capability",
			    RID_ARG(f->rid));
	enum err e = decode(m, f, bars, why);

	if (e == ERR_NO_MEMORY || e == ERR_INVALID)
		return fail(why, e, f->rid, RID_FMT ": its MSI-X table cannot be mapped",
			    RID_ARG(f->rid));
	if (e != OK)
		return e;
	/* Mask before disable: between the two no vector may fire that nobody waits for (R21). */
	for (u16 i = 0; i < m->vectors; i++)
		msix_mask_entry(m, i, true);
	msix_set_control(m, false, false);
	return OK;
}

void msix_table_pages(const struct msix *m, u64 *first_page_offset, u64 *last_page_offset)
{
	u64 end = m->table_offset + (u64)m->vectors * MSIX_ENTRY_BYTES;

	*first_page_offset = ALIGN_DOWN((u64)m->table_offset, PAGE_SIZE);
	*last_page_offset = ALIGN_DOWN(end - 1, PAGE_SIZE);
}

static u64 entry_at(u16 index, u64 field)
{
	return (u64)index * MSIX_ENTRY_BYTES + field;
}

void msix_mask_entry(struct msix *m, u16 index, bool masked)
{
	u64 at = entry_at(index, PCI_MSIX_ENTRY_VECTOR_CTRL);

	if (index >= m->vectors)
		return;
	mmio_write32(&m->table, at, masked ? PCI_MSIX_ENTRY_CTRL_MASKBIT : 0);
	/* The read pushes the posted write: when this returns, the device has seen it. */
	(void)mmio_read32(&m->table, at);
}

void msix_write_entry(struct msix *m, u16 index, u64 address, u32 data, bool masked)
{
	if (index >= m->vectors)
		return;
	/*
	 * Address and data of an unmasked entry must not change: a message could be made of both
	 * halves (6.1.4.2).
	 */
	msix_mask_entry(m, index, true);
	mmio_write32(&m->table, entry_at(index, PCI_MSIX_ENTRY_LOWER_ADDR), (u32)address);
	mmio_write32(&m->table, entry_at(index, PCI_MSIX_ENTRY_UPPER_ADDR), (u32)(address >> 32));
	mmio_write32(&m->table, entry_at(index, PCI_MSIX_ENTRY_DATA), data);
	if (!masked)
		msix_mask_entry(m, index, false);
}

void msix_set_control(struct msix *m, bool enable, bool function_mask)
{
	pci_write16(m->rid, m->cap + PCI_MSIX_FLAGS,
		    (enable ? PCI_MSIX_FLAGS_ENABLE : 0) |
			    (function_mask ? PCI_MSIX_FLAGS_MASKALL : 0));
}
