/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/fadt.h"

#include "base/acpi.h"
#include "base/string.h"

/* Offsets in the FADT, ACPI 6.5 table 5.9. */
enum {
	FADT_DSDT = 40,
	FADT_SMI_CMD = 48,
	FADT_ACPI_ENABLE = 52,
	FADT_PM1A_CNT = 64,
	FADT_PM1B_CNT = 68,
	FADT_FLAGS = 112,
	FADT_RESET_REG = 116, /* generic address: space, width, offset, size, 8 bytes of address */
	FADT_RESET_VALUE = 128,
	FADT_X_DSDT = 140,
	FADT_X_PM1A_CNT = 172,
	FADT_X_PM1B_CNT = 184,
};
#define FLAG_RESET_REG_SUPPORTED BIT(10)
#define FLAG_HW_REDUCED          BIT(20)
#define SPACE_IO                 1

/* AML, ACPI 6.5 section 20.3. */
#define AML_ZERO    0x00
#define AML_ONE     0x01
#define AML_NAME    0x08
#define AML_BYTE    0x0a
#define AML_WORD    0x0b
#define AML_DWORD   0x0c
#define AML_PACKAGE 0x12

/* A field of `width` bytes, 0 if the table ends before it. */
static u64 field(const struct acpi_header *table, u32 offset, u32 width)
{
	u64 value = 0;

	if (table->length >= offset + width)
		memcpy(&value, (const u8 *)table + offset, width);
	return value;
}

/* The port of a generic address in I/O space, or 0. */
static u16 port_of(const struct acpi_header *fadt, u32 offset)
{
	u64 address = field(fadt, offset + 4, 8);

	return field(fadt, offset, 1) == SPACE_IO && address <= 0xffff ? (u16)address : 0;
}

static u16 pm1_port(const struct acpi_header *fadt, u32 old, u32 extended)
{
	u16 port = port_of(fadt, extended);
	u64 legacy = field(fadt, old, 4);

	return port ? port : legacy <= 0xffff ? (u16)legacy : 0;
}

/* One integer constant at *at; moves *at behind it. */
static bool read_integer(const u8 *aml, size_t len, size_t *at, u8 *value)
{
	size_t bytes;

	if (*at >= len)
		return false;
	switch (aml[*at]) {
	case AML_ZERO:
	case AML_ONE: *value = aml[(*at)++]; return true;
	case AML_BYTE: bytes = 1; break;
	case AML_WORD: bytes = 2; break;
	case AML_DWORD: bytes = 4; break;
	default: return false;
	}
	if (len - *at <= bytes)
		return false;
	*value = aml[*at + 1];
	*at += 1 + bytes;
	return true;
}

bool acpi_find_s5(const u8 *aml, size_t len, u8 *sleep_type_a, u8 *sleep_type_b)
{
	/*
	 * NameOp, perhaps a root prefix, "_S5_", PackageOp, PkgLength, number of elements,
	 * elements.
	 */
	for (size_t at = 1; at + 7 < len; at++) {
		bool named = aml[at - 1] == AML_NAME ||
			     (aml[at - 1] == '\\' && at >= 2 && aml[at - 2] == AML_NAME);
		size_t next = at + 5;

		if (memcmp(aml + at, "_S5_", 4) != 0 || !named || aml[at + 4] != AML_PACKAGE)
			continue;
		/*
		 * Section 20.2.4: bits 7:6 of the first byte of PkgLength count the bytes that
		 * follow it.
		 */
		next += 1u + (aml[next] >> 6);
		if (next >= len || aml[next] < 1)
			continue;
		*sleep_type_b = 0;
		bool both = aml[next++] >= 2;

		if (read_integer(aml, len, &next, sleep_type_a) &&
		    (!both || read_integer(aml, len, &next, sleep_type_b)))
			return true;
	}
	return false;
}

/*
 * The DSDT's body. Its checksum does not matter to us: the package is either there, or it is not.
 */
static const u8 *map_dsdt(const struct acpi_header *fadt, size_t *len)
{
	u64 address = field(fadt, FADT_X_DSDT, 8);
	const struct acpi_header *dsdt;

	if (!address)
		address = field(fadt, FADT_DSDT, 4);
	dsdt = address ? phys_map(hpa(address), sizeof(*dsdt)) : NULL;
	if (!dsdt || memcmp(dsdt->signature, "DSDT", 4) != 0 || dsdt->length < sizeof(*dsdt) ||
	    dsdt->length > 16 * MiB)
		return NULL;
	*len = dsdt->length - sizeof(*dsdt);
	return phys_map(hpa(address + sizeof(*dsdt)), *len);
}

struct acpi_power acpi_power_read(void)
{
	const struct acpi_header *fadt = acpi_find("FACP", 0);
	struct acpi_power p = { 0 };
	const u8 *aml;
	size_t len;
	u32 flags;

	if (!fadt)
		return p;
	flags = (u32)field(fadt, FADT_FLAGS, 4);
	if (flags & FLAG_RESET_REG_SUPPORTED) {
		p.reset_port = port_of(fadt, FADT_RESET_REG);
		p.reset_value = (u8)field(fadt, FADT_RESET_VALUE, 1);
	}
	if (flags & FLAG_HW_REDUCED)
		return p;
	p.smi_command = (u16)field(fadt, FADT_SMI_CMD, 4);
	p.acpi_enable = (u8)field(fadt, FADT_ACPI_ENABLE, 1);
	p.pm1a_control = pm1_port(fadt, FADT_PM1A_CNT, FADT_X_PM1A_CNT);
	p.pm1b_control = pm1_port(fadt, FADT_PM1B_CNT, FADT_X_PM1B_CNT);
	aml = map_dsdt(fadt, &len);
	p.can_power_off =
		aml && p.pm1a_control && acpi_find_s5(aml, len, &p.sleep_type_a, &p.sleep_type_b);
	return p;
}
