/* SPDX-License-Identifier: GPL-2.0-only */
#include "firmware.h"

#include <stdlib.h>
#include <string.h>

#include "fakes/fakes.h"

static u8 memory[FIRMWARE_BYTES];
static u64 used, listed[128], rsdt, xsdt;
static unsigned listed_count;

void firmware_reset(void)
{
	memset(memory, 0, sizeof(memory));
	used = 0;
	listed_count = 0;
	fake_phys_add(hpa(FIRMWARE_BASE), memory, sizeof(memory));
}

u8 *firmware_bytes(u64 address)
{
	return memory + (address - FIRMWARE_BASE);
}

static u8 sum(const u8 *bytes, size_t len)
{
	u8 total = 0;

	while (len--)
		total = (u8)(total + *bytes++);
	return total;
}

void firmware_fix_checksum(u64 address)
{
	struct acpi_header *h = (struct acpi_header *)firmware_bytes(address);

	h->checksum = 0;
	h->checksum = (u8)-sum((const u8 *)h, h->length);
}

u64 firmware_place(const char *signature, const void *body, u32 len)
{
	u64 address = FIRMWARE_BASE + used;
	struct acpi_header *h = (struct acpi_header *)firmware_bytes(address);

	if (used + len > sizeof(memory))
		abort();
	used = ALIGN_UP(used + len, 16);
	memcpy(h->signature, signature, 4);
	h->length = len;
	if (body)
		memcpy(h + 1, body, len - sizeof(*h));
	firmware_fix_checksum(address);
	return address;
}

void firmware_list(u64 address)
{
	listed[listed_count++] = address;
}

u64 firmware_add(const char *signature, const void *body, u32 len)
{
	u64 address = firmware_place(signature, body, len);

	firmware_list(address);
	return address;
}

struct rsdp_bytes firmware_finish(int revision)
{
	struct rsdp_bytes rsdp = { "RSD PTR " };
	u32 length = 36, short_entries[128];

	for (unsigned i = 0; i < listed_count; i++)
		short_entries[i] = (u32)listed[i];
	rsdt = firmware_place("RSDT", short_entries, (u32)(36 + 4 * listed_count));
	xsdt = firmware_place("XSDT", listed, (u32)(36 + 8 * listed_count));
	rsdp.b[15] = (u8)revision;
	memcpy(rsdp.b + 16, &rsdt, 4);
	if (revision >= 2) {
		memcpy(rsdp.b + 20, &length, 4);
		memcpy(rsdp.b + 24, &xsdt, 8);
	}
	rsdp.b[8] = (u8)-sum(rsdp.b, 20);
	rsdp.b[32] = (u8)-sum(rsdp.b, 36);
	return rsdp;
}

u64 firmware_rsdt(void)
{
	return rsdt;
}

u64 firmware_xsdt(void)
{
	return xsdt;
}
