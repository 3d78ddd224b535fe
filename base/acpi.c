/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/acpi.h"

#include "base/log.h"
#include "base/string.h"

#define MAX_TABLES    64
#define LARGEST_TABLE (16 * MiB) /* no real one comes near */
#define RSDP_V1_BYTES 20
#define RSDP_V2_BYTES 36

struct rsdp { /* ACPI 6.5 section 5.2.5.3 */
	char signature[8];
	u8 checksum; /* of the first 20 bytes */
	char oem_id[6];
	u8 revision;
	u32 rsdt;
	u32 length; /* from here on with revision 2 */
	u64 xsdt;
	u8 extended_checksum; /* of all 36 bytes */
	u8 reserved[3];
} __attribute__((packed));
_Static_assert(sizeof(struct rsdp) == RSDP_V2_BYTES, "ACPI 6.5 section 5.2.5.3");

static const struct acpi_header *tables[MAX_TABLES];
static unsigned table_count;

bool acpi_checksum_ok(const void *table, size_t len)
{
	const u8 *bytes = table;
	u8 sum = 0;

	for (size_t i = 0; i < len; i++)
		sum = (u8)(sum + bytes[i]);
	return sum == 0;
}

/* Signatures come from firmware, and may be anything: what is no text becomes '?'. */
static void printable(char to[5], const char signature[4])
{
	for (int i = 0; i < 4; i++)
		to[i] = signature[i] > ' ' && signature[i] < 0x7f ? signature[i] : '?';
	to[4] = 0;
}

/* The whole table at `address` if it is sound; else says in the log what is wrong with it. */
static const struct acpi_header *map_table(u64 address)
{
	const struct acpi_header *h = phys_map(hpa(address), sizeof(*h));
	char name[5];

	if (!h) {
		log_warn("acpi", "no table can be read at 0x%lx: left out", address);
		return NULL;
	}
	printable(name, h->signature);
	if (h->length < sizeof(*h) || h->length > LARGEST_TABLE) {
		log_warn("acpi", "table %s at 0x%lx has an impossible length of %u bytes: left out",
			 name, address, h->length);
		return NULL;
	}
	h = phys_map(hpa(address), h->length);
	if (!h) {
		log_warn("acpi", "table %s at 0x%lx ends outside of memory: left out", name,
			 address);
		return NULL;
	}
	if (!acpi_checksum_ok(h, h->length)) {
		log_warn("acpi", "table %s at 0x%lx has a wrong checksum: left out", name, address);
		return NULL;
	}
	return h;
}

static void add_table(u64 address)
{
	const struct acpi_header *table = address ? map_table(address) : NULL;
	char name[5];

	if (!table)
		return;
	if (table_count == MAX_TABLES) {
		printable(name, table->signature);
		log_warn("acpi", "more than %u tables: %s at 0x%lx is left out", MAX_TABLES, name,
			 address);
		return;
	}
	tables[table_count++] = table;
}

/* Add what the XSDT or RSDT at `address` lists; its entries have `width` bytes. */
static bool add_from_root(u64 address, const char *signature, size_t width)
{
	const struct acpi_header *root = address ? map_table(address) : NULL;

	if (!root)
		return false;
	if (memcmp(root->signature, signature, 4) != 0) {
		log_warn("acpi", "the table at 0x%lx should be the %s but has another signature",
			 address, signature);
		return false;
	}
	for (size_t at = sizeof(*root); at + width <= root->length; at += width) {
		u64 entry = 0;

		memcpy(&entry, (const u8 *)root + at, width);
		add_table(entry);
	}
	return true;
}

static bool is_rsdp(const void *p)
{
	return memcmp(p, "RSD PTR ", 8) == 0 && acpi_checksum_ok(p, RSDP_V1_BYTES);
}

/* ACPI 6.5 section 5.2.5.1: on 16-byte boundaries. */
static const void *search_range(u64 base, u64 size)
{
	const u8 *bytes = phys_map(hpa(base), size);

	for (u64 at = 0; bytes && at + RSDP_V2_BYTES <= size; at += 16)
		if (is_rsdp(bytes + at))
			return bytes + at;
	return NULL;
}

/* The first KiB of the extended BIOS data area, whose segment is at 0x40e, then the BIOS itself. */
static const void *search_bios(void)
{
	const u8 *pointer = phys_map(hpa(0x40e), 2);
	const void *found = NULL;

	if (pointer) {
		u64 ebda = (u64)(pointer[0] | pointer[1] << 8) << 4;

		if (ebda >= 0x400 && ebda < 0xa0000)
			found = search_range(ebda, KiB);
	}
	return found ? found : search_range(0xe0000, 0x20000);
}

enum err acpi_init(const void *rsdp, size_t len, struct why *why)
{
	struct rsdp r = { 0 };

	table_count = 0;
	if (rsdp && (len < RSDP_V1_BYTES || !is_rsdp(rsdp))) {
		log_warn("acpi",
			 "the RSDP from the boot loader is damaged (%lu bytes); searching the BIOS "
			 "area",
			 (u64)len);
		rsdp = NULL;
	}
	if (!rsdp) {
		rsdp = search_bios();
		len = RSDP_V2_BYTES;
	}
	if (!rsdp)
		return fail(why, ERR_NOT_FOUND, RID_NONE,
			    "no ACPI: no sound RSDP from the boot loader, in the EBDA or in "
			    "0xE0000..0xFFFFF");
	memcpy(&r, rsdp, MIN(len, sizeof(r)));
	if (r.revision >= 2 && len >= RSDP_V2_BYTES) {
		if (!acpi_checksum_ok(&r, sizeof(r)))
			log_warn("acpi",
				 "the RSDP's extended checksum is wrong: its XSDT is not used");
		else if (add_from_root(r.xsdt, "XSDT", sizeof(u64)))
			return OK;
	}
	if (add_from_root(r.rsdt, "RSDT", sizeof(u32)))
		return OK;
	return fail(why, ERR_INVALID, RID_NONE,
		    "the RSDP is sound, but neither its XSDT (0x%lx) nor its RSDT (0x%x) is",
		    (u64)r.xsdt, r.rsdt);
}

const struct acpi_header *acpi_find(const char signature[4], unsigned n)
{
	for (unsigned i = 0; i < table_count; i++)
		if (memcmp(tables[i]->signature, signature, 4) == 0 && n-- == 0)
			return tables[i];
	return NULL;
}
