/* SPDX-License-Identifier: GPL-2.0-only */
#include "base_test.h"

#include "firmware.h"

static int setup(void **state)
{
	(void)state;
	fakes_reset();
	firmware_reset();
	return 0;
}

static enum err init(struct rsdp_bytes rsdp, struct why *why)
{
	return acpi_init(&rsdp, rsdp.b[15] >= 2 ? 36 : 20, why);
}

static void tables_are_found_through_rsdt_and_through_xsdt(void **state)
{
	(void)state;
	for (int revision = 0; revision <= 2; revision += 2) {
		setup(state);
		u64 mcfg = firmware_add("MCFG", NULL, 60), dmar = firmware_add("DMAR", NULL, 48);

		assert_int_equal(init(firmware_finish(revision), NULL), OK);
		assert_ptr_equal(acpi_find("MCFG", 0), firmware_bytes(mcfg));
		assert_ptr_equal(acpi_find("DMAR", 0), firmware_bytes(dmar));
		assert_null(acpi_find("HPET", 0));
		assert_string_equal(fake_log_text(), "");
	}
}

static void tables_of_one_name_are_numbered(void **state)
{
	u64 first = firmware_add("SSDT", NULL, 40);

	(void)state;
	firmware_add("APIC", NULL, 44);
	u64 second = firmware_add("SSDT", NULL, 41);

	assert_int_equal(init(firmware_finish(2), NULL), OK);
	assert_ptr_equal(acpi_find("SSDT", 0), firmware_bytes(first));
	assert_ptr_equal(acpi_find("SSDT", 1), firmware_bytes(second));
	assert_null(acpi_find("SSDT", 2));
}

static void acpi_table_with_a_bad_checksum_is_left_out_and_the_others_are_found(void **state)
{
	u64 bad = firmware_add("DMAR", NULL, 48);

	(void)state;
	firmware_add("MCFG", NULL, 60);
	firmware_bytes(bad)[40] ^= 0x10;
	assert_int_equal(init(firmware_finish(2), NULL), OK);
	assert_null(acpi_find("DMAR", 0));
	assert_non_null(acpi_find("MCFG", 0));
	assert_true(fake_log_contains("table DMAR at 0x7f000000 has a wrong checksum"));
}

static void impossible_lengths_are_left_out_by_name(void **state)
{
	static const u32 lengths[] = { 0, 1, 35, 16 * 1024 * 1024 + 1, 0x80000000, 0xffffffff };

	for (unsigned i = 0; i < ARRAY_LEN(lengths); i++) {
		setup(state);
		u64 bad = firmware_add("DMAR", NULL, 48);

		firmware_add("MCFG", NULL, 60);
		memcpy(firmware_bytes(bad) + 4, &lengths[i], 4);
		assert_int_equal(init(firmware_finish(2), NULL), OK);
		assert_null(acpi_find("DMAR", 0));
		assert_non_null(acpi_find("MCFG", 0));
		assert_true(fake_log_contains("table DMAR at 0x7f000000 has an impossible length"));
	}
}

static void tables_outside_of_memory_are_left_out(void **state)
{
	static const u64 addresses[] = { 0x1000, FIRMWARE_BASE + FIRMWARE_BYTES - 8, ~0ull - 3,
					 1ull << 60 };
	u64 runs_out;
	u32 length = FIRMWARE_BYTES;

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(addresses); i++)
		firmware_list(addresses[i]);
	firmware_list(0);
	runs_out = firmware_add("DMAR", NULL, 48);
	memcpy(firmware_bytes(runs_out) + 4, &length, 4);
	firmware_place("XXXX", NULL, 64); /* so that it begins later than the memory does */
	firmware_add("MCFG", NULL, 60);
	runs_out = firmware_add("SSDT", NULL, 48);
	memcpy(firmware_bytes(runs_out) + 4, &length, 4);
	assert_int_equal(init(firmware_finish(2), NULL), OK);
	assert_non_null(acpi_find("MCFG", 0));
	assert_null(acpi_find("SSDT", 0));
	assert_true(fake_log_contains("no table can be read at 0x1000"));
	assert_true(fake_log_contains("table SSDT"));
}

static void a_damaged_xsdt_gives_way_to_the_rsdt(void **state)
{
	struct rsdp_bytes rsdp;

	(void)state;
	firmware_add("MCFG", NULL, 60);
	rsdp = firmware_finish(2);
	firmware_bytes(firmware_xsdt())[20] ^= 1;
	assert_int_equal(init(rsdp, NULL), OK);
	assert_non_null(acpi_find("MCFG", 0));
	assert_null(acpi_find("MCFG", 1));
	assert_true(fake_log_contains("XSDT"));
}

static void an_rsdp_with_a_bad_extended_checksum_only_loses_its_xsdt(void **state)
{
	struct rsdp_bytes rsdp;

	(void)state;
	firmware_add("MCFG", NULL, 60);
	rsdp = firmware_finish(2);
	rsdp.b[30] ^= 1;
	assert_int_equal(init(rsdp, NULL), OK);
	assert_non_null(acpi_find("MCFG", 0));
	assert_true(fake_log_contains("extended checksum"));
}

static void a_root_with_another_signature_is_not_read(void **state)
{
	struct rsdp_bytes rsdp;

	(void)state;
	firmware_add("MCFG", NULL, 60);
	rsdp = firmware_finish(2);
	memcpy(firmware_bytes(firmware_xsdt()), "EVIL", 4);
	firmware_fix_checksum(firmware_xsdt());
	assert_int_equal(init(rsdp, NULL), OK);
	assert_true(fake_log_contains("should be the XSDT"));
}

static void without_a_sound_root_the_error_names_both(void **state)
{
	struct rsdp_bytes rsdp;
	struct why why;

	(void)state;
	firmware_add("MCFG", NULL, 60);
	rsdp = firmware_finish(2);
	firmware_bytes(firmware_xsdt())[20] ^= 1;
	firmware_bytes(firmware_rsdt())[20] ^= 1;
	assert_int_equal(init(rsdp, &why), ERR_INVALID);
	assert_non_null(strstr(why.text, "XSDT"));
	assert_non_null(strstr(why.text, "RSDT"));
	assert_null(acpi_find("MCFG", 0));
}

static void a_damaged_rsdp_is_not_believed_and_the_bios_area_is_searched(void **state)
{
	static u8 bios[0x20000];
	struct rsdp_bytes rsdp, damaged;

	(void)state;
	firmware_add("MCFG", NULL, 60);
	rsdp = damaged = firmware_finish(0);
	damaged.b[16] ^= 1;
	assert_int_equal(init(damaged, NULL), ERR_NOT_FOUND);

	memset(bios, 0, sizeof(bios));
	memcpy(bios + 0x1238, rsdp.b, 36); /* not on a 16-byte boundary: not one */
	fake_phys_add(hpa(0xe0000), bios, sizeof(bios));
	assert_int_equal(init(damaged, NULL), ERR_NOT_FOUND);
	memcpy(bios + 0x1f450, rsdp.b, 36);
	assert_int_equal(init(damaged, NULL), OK);
	assert_non_null(acpi_find("MCFG", 0));
	assert_int_equal(acpi_init(NULL, 0, NULL), OK);
	assert_int_equal(acpi_init(&rsdp, 12, NULL), OK);
}

static void the_rsdp_is_found_in_the_extended_bios_data_area(void **state)
{
	static u8 low[2] = { 0xc0, 0x9f }; /* segment 0x9fc0 at 0x40e */
	static u8 ebda[1024];
	struct rsdp_bytes rsdp;

	(void)state;
	firmware_add("MCFG", NULL, 60);
	rsdp = firmware_finish(0);
	memset(ebda, 0, sizeof(ebda));
	memcpy(ebda + 0x3d0, rsdp.b, 36);
	fake_phys_add(hpa(0x40e), low, sizeof(low));
	fake_phys_add(hpa(0x9fc00), ebda, sizeof(ebda));
	assert_int_equal(acpi_init(NULL, 0, NULL), OK);
	assert_non_null(acpi_find("MCFG", 0));
}

static void more_tables_than_fit_are_named_and_the_first_ones_kept(void **state)
{
	(void)state;
	firmware_add("MCFG", NULL, 60);
	for (int i = 0; i < 63; i++)
		firmware_add("SSDT", NULL, 36);
	firmware_add("LATE", NULL, 36);
	assert_int_equal(init(firmware_finish(2), NULL), OK);
	assert_non_null(acpi_find("MCFG", 0));
	assert_null(acpi_find("LATE", 0));
	assert_true(fake_log_contains("LATE"));
}

static void a_signature_that_is_no_text_does_not_reach_the_console(void **state)
{
	u64 bad = firmware_add("\x1b[2J", NULL, 48);

	(void)state;
	firmware_bytes(bad)[40] ^= 1;
	assert_int_equal(init(firmware_finish(2), NULL), OK);
	assert_true(fake_log_contains("table ?[2J"));
	assert_false(fake_log_contains("\x1b"));
}

static void any_single_damaged_byte_of_the_root_is_survived(void **state)
{
	(void)state;
	setup(state);
	firmware_add("MCFG", NULL, 60);
	firmware_add("DMAR", NULL, 60);

	struct rsdp_bytes rsdp = firmware_finish(2);
	u8 *xsdt = firmware_bytes(firmware_xsdt());

	for (int at = 0; at < 36 + 16; at++)
		for (int bit = 0; bit < 8; bit++) {
			xsdt[at] ^= (u8)(1 << bit);
			/*
			 * Either the checksum tells, and the RSDT serves; or it is made right
			 * again.
			 */
			assert_int_equal(init(rsdp, NULL), OK);
			assert_non_null(acpi_find("MCFG", 0));
			if (at < 4 || at > 7) {
				firmware_fix_checksum(firmware_xsdt());
				assert_int_equal(init(rsdp, NULL), OK);
			}
			xsdt[at] ^= (u8)(1 << bit);
			firmware_fix_checksum(firmware_xsdt());
		}
}

static void the_checksum_covers_every_byte(void **state)
{
	const u8 good[] = { 1, 2, 253 }, bad[] = { 1, 2, 254 };

	(void)state;
	assert_true(acpi_checksum_ok(good, 3));
	assert_false(acpi_checksum_ok(bad, 3));
	assert_false(acpi_checksum_ok(good, 2));
	assert_true(acpi_checksum_ok(good, 0));
}

#define ACPI_TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ACPI_TEST(tables_are_found_through_rsdt_and_through_xsdt),
		ACPI_TEST(tables_of_one_name_are_numbered),
		ACPI_TEST(acpi_table_with_a_bad_checksum_is_left_out_and_the_others_are_found),
		ACPI_TEST(impossible_lengths_are_left_out_by_name),
		ACPI_TEST(tables_outside_of_memory_are_left_out),
		ACPI_TEST(a_damaged_xsdt_gives_way_to_the_rsdt),
		ACPI_TEST(an_rsdp_with_a_bad_extended_checksum_only_loses_its_xsdt),
		ACPI_TEST(a_root_with_another_signature_is_not_read),
		ACPI_TEST(without_a_sound_root_the_error_names_both),
		ACPI_TEST(a_damaged_rsdp_is_not_believed_and_the_bios_area_is_searched),
		ACPI_TEST(the_rsdp_is_found_in_the_extended_bios_data_area),
		ACPI_TEST(more_tables_than_fit_are_named_and_the_first_ones_kept),
		ACPI_TEST(a_signature_that_is_no_text_does_not_reach_the_console),
		ACPI_TEST(any_single_damaged_byte_of_the_root_is_survived),
		ACPI_TEST(the_checksum_covers_every_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
