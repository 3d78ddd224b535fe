/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Config space through ECAM: where each segment's 4 KiB pages are, and every access to them.
 * MCFG comes from firmware and may hold anything, so an entry counts only after all of it made
 * sense.
 */
#include "pci/config.h"

#include "base/log.h"
#include "base/mmio.h"
#include "base/string.h"

#define MAX_SEGMENTS 16
#define ECAM_FUNCTION_SHIFT                                                                        \
	12 /* PCIe 6.0 table 7-1: address = bus << 20 | devfn << 12 | register */
#define ECAM_BUS_SHIFT       20
#define ECAM_BUS_BYTES       (1ull << ECAM_BUS_SHIFT)
#define CONFIG_BYTES         4096u
#define PHYSICAL_ADDRESS_END BIT64(52)

/* PCI Firmware 3.3 table 4-2 and 4-3. */
struct mcfg_entry {
	u64 base;
	u16 segment;
	u8 first_bus, last_bus;
	u32 reserved;
} __attribute__((packed));
_Static_assert(sizeof(struct mcfg_entry) == 16, "PCI Firmware 3.3 table 4-3");

#define MCFG_ENTRIES_OFFSET 44u

static struct {
	struct pci_segment info;
	struct mmio ecam; /* starts at first_bus */
} segments[MAX_SEGMENTS];
static unsigned segment_count;

/* What is wrong with an MCFG entry; NULL if nothing is. */
static const char *entry_fault(const struct mcfg_entry *e)
{
	if (e->first_bus > e->last_bus)
		return "its first bus is above its last bus";
	if (e->base == 0 || !IS_ALIGNED(e->base, ECAM_BUS_BYTES))
		return "its base is zero or not aligned to 1 MiB";
	if (e->base >= PHYSICAL_ADDRESS_END - ((u64)e->last_bus + 1) * ECAM_BUS_BYTES)
		return "it leaves the physical address space";
	for (unsigned i = 0; i < segment_count; i++) {
		const struct pci_segment *s = &segments[i].info;

		if (s->segment == e->segment && s->first_bus <= e->last_bus &&
		    e->first_bus <= s->last_bus)
			return "an earlier entry covers some of its buses";
	}
	if (segment_count == MAX_SEGMENTS)
		return "there are more entries than this hypervisor can hold (16)";
	return NULL;
}

static void take_entry(const struct mcfg_entry *e)
{
	const char *fault = entry_fault(e);
	struct mmio ecam = { 0 };

	if (!fault) {
		u64 first = e->base + e->first_bus * ECAM_BUS_BYTES;
		u64 bytes = (e->last_bus - e->first_bus + 1ull) * ECAM_BUS_BYTES;

		if (mmio_map(hpa(first), bytes, &ecam) != OK)
			fault = "its addresses cannot be mapped as device registers";
	}
	if (fault) {
		log_warn("pci", "MCFG entry segment %04x buses %02x-%02x at %llx is not used: %s",
			 (unsigned)e->segment, (unsigned)e->first_bus, (unsigned)e->last_bus,
			 (unsigned long long)e->base, fault);
		return;
	}
	segments[segment_count].info =
		(struct pci_segment){ e->segment, e->first_bus, e->last_bus, hpa(e->base) };
	segments[segment_count].ecam = ecam;
	segment_count++;
}

enum err pci_config_init(const struct acpi_header *mcfg, struct why *why)
{
	segment_count = 0;
	if (!mcfg)
		return fail(why, ERR_NOT_FOUND, RID_NONE,
			    "no ACPI table MCFG: without ECAM there are no extended capabilities; "
			    "use a PCI Express machine (QEMU: -machine q35)");
	if (mcfg->length < MCFG_ENTRIES_OFFSET + sizeof(struct mcfg_entry))
		return fail(why, ERR_NOT_FOUND, RID_NONE,
			    "MCFG has %u bytes, expected at least %zu: it names no ECAM range",
			    (unsigned)mcfg->length,
			    MCFG_ENTRIES_OFFSET + sizeof(struct mcfg_entry));
	unsigned entries = (mcfg->length - MCFG_ENTRIES_OFFSET) / sizeof(struct mcfg_entry);

	for (unsigned i = 0; i < entries; i++) {
		struct mcfg_entry e;

		memcpy(&e, (const u8 *)mcfg + MCFG_ENTRIES_OFFSET + i * sizeof(e), sizeof(e));
		take_entry(&e);
	}
	if (segment_count == 0)
		return fail(why, ERR_NOT_FOUND, RID_NONE,
			    "none of the %u entries of MCFG is usable; the log says why for each",
			    entries);
	return OK;
}

unsigned pci_segment_count(void)
{
	return segment_count;
}

const struct pci_segment *pci_segment(unsigned n)
{
	return n < segment_count ? &segments[n].info : NULL;
}

/*
 * The ECAM range that holds `rid`'s page, and where in it `offset` is; NULL if there is none or the
 * access is malformed. Inlined, since with a constant width half of it goes, and the walk asks for
 * thousands of functions that are not there.
 */
static inline __attribute__((always_inline)) const struct mmio *locate(struct rid rid, u16 offset,
								       unsigned width, u64 *at)
{
	if (offset + width > CONFIG_BYTES || !IS_ALIGNED((u32)offset, width))
		return NULL;
	for (unsigned i = 0; i < segment_count; i++) {
		const struct pci_segment *s = &segments[i].info;
		unsigned bus = rid_bus(rid);

		if (s->segment != rid.segment || bus < s->first_bus || bus > s->last_bus)
			continue;
		*at = (u64)(bus - s->first_bus) << ECAM_BUS_SHIFT |
		      (u64)rid_devfn(rid) << ECAM_FUNCTION_SHIFT | offset;
		return &segments[i].ecam;
	}
	return NULL;
}

u8 pci_read8(struct rid rid, u16 offset)
{
	u64 at;
	const struct mmio *m = locate(rid, offset, sizeof(u8), &at);

	return m ? mmio_read8(m, at) : UINT8_MAX;
}

u16 pci_read16(struct rid rid, u16 offset)
{
	u64 at;
	const struct mmio *m = locate(rid, offset, sizeof(u16), &at);

	return m ? mmio_read16(m, at) : UINT16_MAX;
}

u32 pci_read32(struct rid rid, u16 offset)
{
	u64 at;
	const struct mmio *m = locate(rid, offset, sizeof(u32), &at);

	return m ? mmio_read32(m, at) : UINT32_MAX;
}

void pci_write8(struct rid rid, u16 offset, u8 value)
{
	u64 at;
	const struct mmio *m = locate(rid, offset, sizeof(u8), &at);

	if (m)
		mmio_write8(m, at, value);
}

void pci_write16(struct rid rid, u16 offset, u16 value)
{
	u64 at;
	const struct mmio *m = locate(rid, offset, sizeof(u16), &at);

	if (m)
		mmio_write16(m, at, value);
}

void pci_write32(struct rid rid, u16 offset, u32 value)
{
	u64 at;
	const struct mmio *m = locate(rid, offset, sizeof(u32), &at);

	if (m)
		mmio_write32(m, at, value);
}
