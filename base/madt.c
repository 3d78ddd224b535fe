/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/madt.h"

#include "base/acpi.h"
#include "base/hw/cpu.h"
#include "base/string.h"

/* Entry types and where their fields are, ACPI 6.5 sections 5.2.12.2, .3 and .12. */
enum {
	ENTRY_LOCAL_APIC = 0, /* 8 bytes: [3] = APIC id, [4..7] = flags */
	ENTRY_IO_APIC = 1,    /* 12 bytes: [4..7] = address */
	ENTRY_X2APIC = 9,     /* 16 bytes: [4..7] = x2APIC id, [8..11] = flags */
};
#define FLAG_ENABLED BIT(0)
#define FIRST_ENTRY  44 /* header, local APIC address, flags */
#define XAPIC_NOBODY 0xff

static u32 read32(const u8 *p)
{
	u32 value;

	memcpy(&value, p, sizeof(value));
	return value;
}

/*
 * The entry at or after offset *at; moves *at behind it. NULL at the end, or where an entry's
 * length is nonsense.
 */
static const u8 *next_entry(const struct acpi_header *madt, u32 *at)
{
	const u8 *entry = (const u8 *)madt + *at;

	if (madt->length < 2 || *at > madt->length - 2 || entry[1] < 2 ||
	    entry[1] > madt->length - *at)
		return NULL;
	*at += entry[1];
	return entry;
}

/* The APIC id of an entry that stands for an enabled core. */
static bool core_of(const u8 *entry, u32 *apic_id)
{
	if (entry[0] == ENTRY_LOCAL_APIC && entry[1] >= 8 && (read32(entry + 4) & FLAG_ENABLED)) {
		*apic_id = entry[3];
		return *apic_id != XAPIC_NOBODY;
	}
	if (entry[0] == ENTRY_X2APIC && entry[1] >= 16 && (read32(entry + 8) & FLAG_ENABLED)) {
		*apic_id = read32(entry + 4);
		return *apic_id != ~0u;
	}
	return false;
}

static bool is_listed(const u32 *ids, unsigned count, u32 id)
{
	for (unsigned i = 0; i < count; i++)
		if (ids[i] == id)
			return true;
	return false;
}

unsigned madt_cpus(u32 *apic_ids, unsigned max)
{
	const struct acpi_header *madt = acpi_find("APIC", 0);
	u32 at = FIRST_ENTRY, id;
	unsigned count = 1;
	const u8 *entry;

	apic_ids[0] = lapic_id();
	while (madt && (entry = next_entry(madt, &at))) {
		/* Some firmware names a core by both kinds of entry. */
		if (!core_of(entry, &id) || is_listed(apic_ids, MIN(count, max), id))
			continue;
		if (count < max)
			apic_ids[count] = id;
		count++;
	}
	return count;
}

unsigned madt_io_apics(hpa_t *addresses, unsigned max)
{
	const struct acpi_header *madt = acpi_find("APIC", 0);
	u32 at = FIRST_ENTRY;
	unsigned count = 0;
	const u8 *entry;

	while (madt && count < max && (entry = next_entry(madt, &at)))
		if (entry[0] == ENTRY_IO_APIC && entry[1] >= 12)
			addresses[count++] = hpa(read32(entry + 4));
	return count;
}
