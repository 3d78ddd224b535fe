/* SPDX-License-Identifier: GPL-2.0-only */
#include "base_test.h"

#include "base/fadt.h"
#include "firmware.h"

/* What QEMU's q35 has in its DSDT: Name (_S5, Package () {Zero, Zero, Zero, Zero}). */
static const u8 q35_s5[] = { 0x08, '_', 'S', '5', '_', 0x12, 0x06, 0x04, 0x00, 0x00, 0x00, 0x00 };
/* A real machine's: Name (\_S5_, Package () {0x07, 0x05, Zero, Zero}). */
static const u8 board_s5[] = { 0x08, '\\', '_',  'S',  '5',  '_',  0x12, 0x08,
			       0x04, 0x0a, 0x07, 0x0a, 0x05, 0x00, 0x00 };

static u8 fadt[276]; /* with its header, as offsets in the specification count */
static u64 dsdt;

static int setup(void **state)
{
	(void)state;
	fakes_reset();
	firmware_reset();
	memset(fadt, 0, sizeof(fadt));
	return 0;
}

static void set(u32 offset, u32 width, u64 value)
{
	memcpy(fadt + offset, &value, width);
}

static void place_dsdt(const u8 *aml, u32 len)
{
	static u8 body[1024];

	/* Something before it: the package is not the first thing in a DSDT. */
	memset(body, 0xa5, 100);
	memcpy(body + 100, aml, len);
	memset(body + 100 + len, 0xa5, 20);
	dsdt = firmware_place("DSDT", body, 36 + 100 + len + 20);
	set(40, 4, dsdt);
}

static struct acpi_power publish(u32 fadt_len)
{
	struct rsdp_bytes rsdp;

	firmware_add("FACP", fadt + 36, fadt_len);
	rsdp = firmware_finish(0);
	assert_int_equal(acpi_init(&rsdp, 20, NULL), OK);
	return acpi_power_read();
}

static void ports_and_sleep_types_of_qemu_are_read(void **state)
{
	struct acpi_power p;

	(void)state;
	place_dsdt(q35_s5, sizeof(q35_s5));
	set(48, 4, 0xb2);
	set(52, 1, 2);
	set(64, 4, 0x604);
	p = publish(116);
	assert_true(p.can_power_off);
	assert_int_equal(p.pm1a_control, 0x604);
	assert_int_equal(p.pm1b_control, 0);
	assert_int_equal(p.smi_command, 0xb2);
	assert_int_equal(p.acpi_enable, 2);
	assert_int_equal(p.sleep_type_a, 0);
	assert_int_equal(p.reset_port, 0);
}

static void sleep_types_may_differ_and_the_name_may_be_absolute(void **state)
{
	struct acpi_power p;

	(void)state;
	place_dsdt(board_s5, sizeof(board_s5));
	set(64, 4, 0x1804);
	set(68, 4, 0x1904);
	p = publish(244);
	assert_true(p.can_power_off);
	assert_int_equal(p.pm1b_control, 0x1904);
	assert_int_equal(p.sleep_type_a, 7);
	assert_int_equal(p.sleep_type_b, 5);
}

static void extended_addresses_win_if_they_are_ports(void **state)
{
	struct acpi_power p;

	(void)state;
	place_dsdt(q35_s5, sizeof(q35_s5));
	set(40, 4, 0);
	set(140, 8, dsdt);
	set(64, 4, 0x604);
	set(172, 1, 1);
	set(176, 8, 0x704);
	set(184, 1, 0); /* memory: not used */
	set(188, 8, 0xfe000000);
	p = publish(244);
	assert_true(p.can_power_off);
	assert_int_equal(p.pm1a_control, 0x704);
	assert_int_equal(p.pm1b_control, 0);
}

static void the_reset_register_is_used_only_if_its_flag_says_so(void **state)
{
	struct acpi_power p;

	(void)state;
	set(116, 1, 1);
	set(120, 8, 0xcf9);
	set(128, 1, 0x0f);
	p = publish(244);
	assert_int_equal(p.reset_port, 0);
	setup(state);
	set(112, 4, 1 << 10);
	set(116, 1, 1);
	set(120, 8, 0xcf9);
	set(128, 1, 0x0f);
	p = publish(244);
	assert_int_equal(p.reset_port, 0xcf9);
	assert_int_equal(p.reset_value, 0x0f);
	assert_false(p.can_power_off);
}

static void without_fadt_or_s5_there_is_no_power_off(void **state)
{
	struct rsdp_bytes rsdp = firmware_finish(0);

	(void)state;
	assert_int_equal(acpi_init(&rsdp, 20, NULL), OK);
	assert_false(acpi_power_read().can_power_off);
	setup(state);
	set(64, 4, 0x604);
	assert_false(publish(244).can_power_off);
	setup(state);
	set(64, 4, 0x604);
	set(40, 4, 0x1000); /* a DSDT where no memory is */
	assert_false(publish(244).can_power_off);
	setup(state);
	place_dsdt((const u8 *)"nothing here", 12);
	set(64, 4, 0x604);
	assert_false(publish(244).can_power_off);
}

static void a_fadt_of_any_length_is_survived(void **state)
{
	for (u32 len = 36; len <= 244; len++) {
		setup(state);
		place_dsdt(q35_s5, sizeof(q35_s5));
		set(64, 4, 0x604);
		assert_int_equal(publish(len).can_power_off, len >= 68);
	}
}

/* The same with the longest PkgLength that there is, section 20.2.4. */
static const u8 long_s5[] = { 0x08, '_',  'S',  '5',  '_',  0x12, 0xc8, 0x00, 0x00,
			      0x00, 0x04, 0x0a, 0x07, 0x0a, 0x05, 0x00, 0x00 };

static void assert_survives_cuts(const u8 *aml, size_t len, size_t enough)
{
	u8 a, b;

	for (size_t cut = 0; cut < len; cut++) {
		u8 *copy = malloc(cut ? cut : 1); /* exactly as long: ASan sees a step beyond */

		memcpy(copy, aml, cut);
		assert_int_equal(acpi_find_s5(copy, cut, &a, &b), cut >= enough);
		free(copy);
	}
}

static void the_package_may_be_cut_anywhere(void **state)
{
	(void)state;
	assert_survives_cuts(board_s5, sizeof(board_s5), 13);
	assert_survives_cuts(long_s5, sizeof(long_s5), 15);
}

static void only_a_package_with_that_name_is_taken(void **state)
{
	static const u8 method_call[] = { 0x70, '_', 'S', '5', '_', 0x12, 0x06, 0x04, 0, 0, 0, 0 };
	static const u8 no_package[] = { 0x08, '_', 'S', '5', '_', 0x0a, 0x06, 0x04, 0, 0, 0, 0 };
	static const u8 not_integer[] = {
		0x08, '_', 'S', '5', '_', 0x12, 0x06, 0x04, 0x0d, 0, 0, 0
	};
	static const u8 empty[] = { 0x08, '_', 'S', '5', '_', 0x12, 0x02, 0x00, 0, 0, 0, 0 };
	u8 a, b, both[sizeof(method_call) + sizeof(board_s5)];

	(void)state;
	assert_false(acpi_find_s5(method_call, sizeof(method_call), &a, &b));
	assert_false(acpi_find_s5(no_package, sizeof(no_package), &a, &b));
	assert_false(acpi_find_s5(not_integer, sizeof(not_integer), &a, &b));
	assert_false(acpi_find_s5(empty, sizeof(empty), &a, &b));
	memcpy(both, method_call, sizeof(method_call));
	memcpy(both + sizeof(method_call), board_s5, sizeof(board_s5));
	assert_true(acpi_find_s5(both, sizeof(both), &a, &b));
	assert_int_equal(a, 7);
}

static void longer_package_lengths_and_word_constants_are_understood(void **state)
{
	static const u8 aml[] = { 0x08, '_',  'S',  '5',  '_',  0x12, 0x4a, 0x00, 0x02,
				  0x0b, 0x03, 0x00, 0x0c, 0x04, 0x00, 0x00, 0x00 };
	static const u8 one[] = { 0x08, '_', 'S', '5', '_', 0x12, 0x04, 0x01, 0x0a, 0x06, 0xa5 };
	u8 a = 99, b = 99;

	(void)state;
	assert_true(acpi_find_s5(aml, sizeof(aml), &a, &b));
	assert_int_equal(a, 3);
	assert_int_equal(b, 4);
	assert_true(acpi_find_s5(one, sizeof(one), &a, &b));
	assert_int_equal(a, 6);
	assert_int_equal(b, 0);
}

#define FADT_TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FADT_TEST(ports_and_sleep_types_of_qemu_are_read),
		FADT_TEST(sleep_types_may_differ_and_the_name_may_be_absolute),
		FADT_TEST(extended_addresses_win_if_they_are_ports),
		FADT_TEST(the_reset_register_is_used_only_if_its_flag_says_so),
		FADT_TEST(without_fadt_or_s5_there_is_no_power_off),
		FADT_TEST(a_fadt_of_any_length_is_survived),
		FADT_TEST(the_package_may_be_cut_anywhere),
		FADT_TEST(only_a_package_with_that_name_is_taken),
		FADT_TEST(longer_package_lengths_and_word_constants_are_understood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
