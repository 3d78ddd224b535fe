/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Firmware that says anything. The input is a list of tables: a byte that picks the signature, two
 * bytes of length, the body. Checksums are made right, so that the readers behind them are reached;
 * the first byte of the input damages one byte of all the firmware's memory afterwards.
 */
#include <stdlib.h>
#include <string.h>

#include "base/fadt.h"
#include "base/madt.h"
#include "fakes/fakes.h"

#include "base/firmware.c" /* tests/unit/base: the little BIOS */

#define MOST_TABLES 40

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Take one table from the input; returns how many bytes it had, 0 at the end. */
static size_t take_table(const uint8_t *data, size_t size)
{
	static const char signatures[][5] = { "APIC", "FACP", "DSDT", "SSDT", "XSDT", "RSDT" };
	const char *signature;
	size_t len;
	u64 address;

	if (size < 3)
		return 0;
	signature = signatures[data[0] % ARRAY_LEN(signatures)];
	len = MIN((size_t)(data[1] | (data[2] & 7) << 8), size - 3);
	address = firmware_add(signature, data + 3, (u32)(36 + len));
	/* The DSDT is found through the FADT: put its address where one may be listed already. */
	if (memcmp(signature, "DSDT", 4) == 0 && firmware_bytes(FIRMWARE_BASE)[0] == 'F' && len) {
		memcpy(firmware_bytes(FIRMWARE_BASE) + 40, &address, 4);
		firmware_fix_checksum(FIRMWARE_BASE);
	}
	return 3 + len;
}

static void read_all(void)
{
	hpa_t io_apics[4];
	u32 ids[4];
	struct acpi_power power = acpi_power_read();

	if (madt_cpus(ids, ARRAY_LEN(ids)) < 1)
		abort(); /* the core that asks is always there */
	if (madt_io_apics(io_apics, ARRAY_LEN(io_apics)) > ARRAY_LEN(io_apics))
		abort();
	if (power.can_power_off && power.pm1a_control == 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rsdp_bytes rsdp;
	struct why why = { .text = "" };
	size_t at = 3;

	if (size < 3)
		return 0;
	fakes_reset();
	firmware_reset();
	for (unsigned n = 0; n < MOST_TABLES; n++) {
		size_t taken = take_table(data + at, size - at);

		if (taken == 0)
			break;
		at += taken;
	}
	rsdp = firmware_finish(data[0] & 1 ? 2 : 0);
	if (acpi_init(&rsdp, 36, NULL) != OK)
		abort(); /* whatever the tables say, the roots are sound */
	read_all();
	firmware_bytes(FIRMWARE_BASE)[data[1] | data[2] << 8] ^= data[0];
	if (acpi_init(&rsdp, 36, &why) != OK && why.text[0] == 0)
		abort(); /* every refusal says why */
	read_all();
	return 0;
}
