/* SPDX-License-Identifier: GPL-2.0-only */
/* The ACPI tables of a guest, read back by the bytes that ACPI 6.5 and PCI Firmware 3.3 name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/acpi.h"
#include "base/guest_abi.h"
#include "vmm/guest/acpi_tables.h"

#define RAM_BYTES (1 * MiB)
#define CPUS_MAX  16

static const u8 dsdt[] = "DSDT\x30\0\0\0 an AML table of forty-eight bytes, no more";
static u8 *ram;
static u64 rsdp;

static u64 field(u64 at, unsigned bytes)
{
	u64 value = 0;
	assert_true(at + bytes <= RAM_BYTES);
	memcpy(&value, ram + at, bytes);
	return value;
}

static void write_for(unsigned cpus)
{
	memset(ram, 0, RAM_BYTES);
	rsdp = acpi_tables_write(ram, cpus, dsdt, sizeof(dsdt) - 1);
}

static int setup(void **state)
{
	(void)state;
	ram = calloc(1, RAM_BYTES);
	write_for(2);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(ram);
	return 0;
}

/* The table with this signature that the XSDT names. */
static u64 find(const char *signature)
{
	u64 xsdt = field(rsdp + 24, 8);
	u64 entries = (field(xsdt + 4, 4) - 36) / 8;
	for (u64 i = 0; i < entries; i++) {
		u64 at = field(xsdt + 36 + 8 * i, 8);
		if (!memcmp(ram + at, signature, 4))
			return at;
	}
	fail_msg("no %s", signature);
	return 0;
}

static void assert_whole(u64 at)
{
	u64 bytes = field(at + 4, 4);
	assert_true(at >= ACPI_TABLES_GPA && at + bytes <= ACPI_TABLES_END);
	assert_true(acpi_checksum_ok(ram + at, bytes));
}

static void every_table_has_its_checksum_and_lies_in_its_window(void **state)
{
	(void)state;
	for (unsigned cpus = 1; cpus <= CPUS_MAX; cpus++) {
		write_for(cpus);
		assert_true(acpi_checksum_ok(ram + rsdp, 20));
		assert_true(acpi_checksum_ok(ram + rsdp, 36));
		assert_whole(field(rsdp + 24, 8));
		assert_whole(find("FACP"));
		assert_whole(find("APIC"));
		assert_whole(find("MCFG"));
	}
}

static void the_rsdp_is_of_revision_2_and_has_no_rsdt(void **state)
{
	(void)state;
	assert_memory_equal(ram + rsdp, "RSD PTR ", 8);
	assert_int_equal(field(rsdp + 15, 1), 2);
	assert_int_equal(field(rsdp + 16, 4), 0);
}

static void the_fadt_says_hardware_reduced_and_where_to_power_off_and_to_reset(void **state)
{
	(void)state;
	u64 fadt = find("FACP");
	u64 flags = field(fadt + 112, 4);
	assert_int_equal(field(fadt + 8, 1), 6);
	assert_true(flags & BIT(20)); /* hardware-reduced */
	assert_true(flags & BIT(19)); /* physical destination mode */
	assert_true(flags & BIT(10)); /* reset register */
	assert_int_equal(field(fadt + 116, 1), 1);
	assert_int_equal(field(fadt + 120, 8), GUEST_PORT_RESET);
	assert_int_equal(field(fadt + 128, 1), GUEST_RESET_VALUE);
	assert_int_equal(field(fadt + 244 + 4, 8), GUEST_PORT_SLEEP_CONTROL);
	assert_int_equal(field(fadt + 256 + 4, 8), GUEST_PORT_SLEEP_STATUS);
}

static void the_fadt_has_no_fixed_hardware(void **state)
{
	(void)state;
	u64 fadt = find("FACP");
	for (unsigned at = 46; at < 109; at++)
		assert_int_equal(field(fadt + at, 1), 0);
	for (unsigned at = 148; at < 244; at++)
		assert_int_equal(field(fadt + at, 1), 0);
}

static void the_fadt_points_at_the_dsdt_as_iasl_made_it(void **state)
{
	(void)state;
	u64 at = field(find("FACP") + 140, 8);
	assert_memory_equal(ram + at, dsdt, sizeof(dsdt) - 1);
}

static void the_madt_has_an_x2apic_per_vcpu_and_one_io_apic(void **state)
{
	(void)state;
	for (unsigned cpus = 1; cpus <= CPUS_MAX; cpus++) {
		write_for(cpus);
		u64 madt = find("APIC"), end = madt + field(madt + 4, 4);
		unsigned x2apics = 0, ioapics = 0;
		for (u64 at = madt + 44; at < end; at += field(at + 1, 1)) {
			if (field(at, 1) == 9) {
				assert_int_equal(field(at + 4, 4), x2apics++);
				assert_int_equal(field(at + 8, 4), 1);
			} else {
				assert_int_equal(field(at, 1), 1);
				assert_int_equal(field(at + 4, 4), GUEST_IOAPIC_BASE);
				ioapics++;
			}
		}
		assert_int_equal(x2apics, cpus);
		assert_int_equal(ioapics, 1);
	}
}

static void the_mcfg_names_one_bus_of_config_space(void **state)
{
	(void)state;
	u64 mcfg = find("MCFG");
	assert_int_equal(field(mcfg + 4, 4), 60);
	assert_int_equal(field(mcfg + 44, 8), GUEST_ECAM_BASE);
	assert_int_equal(field(mcfg + 54, 1), 0);
	assert_int_equal(field(mcfg + 55, 1), 0);
}

/* The ASL source repeats numbers of base/guest_abi.h; this is what notices when one is changed. */
static void the_dsdt_source_has_the_numbers_of_the_guest_abi(void **state)
{
	(void)state;
	char line[200], wanted[9][80];
	bool found[9] = { false };
	snprintf(wanted[0], 80, "Name (_CBA, 0x%08X)", GUEST_ECAM_BASE);
	snprintf(wanted[1], 80, "Memory32Fixed (ReadWrite, 0x%08X, 0x%08X)", GUEST_ECAM_BASE,
		 GUEST_ECAM_SIZE);
	snprintf(wanted[2], 80, "0, 0x%08X, 0x%08X, 0, 0x%08X)", GUEST_MMIO_BASE,
		 GUEST_MMIO_BASE + GUEST_MMIO_SIZE - 1, GUEST_MMIO_SIZE);
	snprintf(wanted[3], 80, "IO (Decode16, 0x%04X, 0x%04X, 1, 1)", GUEST_PORT_EXIT_STATUS,
		 GUEST_PORT_EXIT_STATUS);
	snprintf(wanted[4], 80, "IO (Decode16, 0x%04X, 0x%04X, 1, %d)", GUEST_PORT_SLEEP_CONTROL,
		 GUEST_PORT_SLEEP_CONTROL, GUEST_PORT_RESET - GUEST_PORT_SLEEP_CONTROL + 1);
	snprintf(wanted[5], 80, "Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive) { %u }",
		 GUEST_COM1_PIN);
	snprintf(wanted[6], 80, "Name (\\_S5, Package () { 5, 0, 0, 0 })");
	snprintf(wanted[7], 80, "EisaId (\"PNP0A08\")");
	snprintf(wanted[8], 80, "IO (Decode16, 0x03F8, 0x03F8, 1, 8)");
	FILE *asl = fopen("vmm/guest/dsdt.asl", "r");
	assert_non_null(asl);
	while (fgets(line, sizeof(line), asl))
		for (unsigned i = 0; i < ARRAY_LEN(wanted); i++)
			found[i] |= strstr(line, wanted[i]) != NULL;
	fclose(asl);
	for (unsigned i = 0; i < ARRAY_LEN(wanted); i++)
		if (!found[i])
			fail_msg("vmm/guest/dsdt.asl has no \"%s\"", wanted[i]);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(every_table_has_its_checksum_and_lies_in_its_window),
		T(the_rsdp_is_of_revision_2_and_has_no_rsdt),
		T(the_fadt_says_hardware_reduced_and_where_to_power_off_and_to_reset),
		T(the_fadt_has_no_fixed_hardware),
		T(the_fadt_points_at_the_dsdt_as_iasl_made_it),
		T(the_madt_has_an_x2apic_per_vcpu_and_one_io_apic),
		T(the_mcfg_names_one_bus_of_config_space),
		T(the_dsdt_source_has_the_numbers_of_the_guest_abi),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
