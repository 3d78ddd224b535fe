/* SPDX-License-Identifier: GPL-2.0-only */
#include "base_test.h"

#include "base/madt.h"
#include "firmware.h"

static u8 body[4096];
static u32 body_len;
static u64 madt_address;

static int setup(void **state)
{
	(void)state;
	fakes_reset();
	firmware_reset();
	memset(body, 0, sizeof(body));
	body_len = 8; /* local APIC address, flags */
	return 0;
}

static void add_entry(const u8 *bytes, u8 len)
{
	memcpy(body + body_len, bytes, len);
	body_len += len;
}

static void add_core(u8 apic_id, u8 flags)
{
	add_entry((u8[]){ 0, 8, 0, apic_id, flags, 0, 0, 0 }, 8);
}

static void add_x2apic_core(u32 id, u8 flags)
{
	u8 bytes[16] = { 9, 16, [8] = flags };

	memcpy(bytes + 4, &id, 4);
	add_entry(bytes, 16);
}

static void add_io_apic(u32 address)
{
	u8 bytes[12] = { 1, 12 };

	memcpy(bytes + 4, &address, 4);
	add_entry(bytes, 12);
}

static void publish(void)
{
	struct rsdp_bytes rsdp;

	madt_address = firmware_add("APIC", body, 36 + body_len);
	rsdp = firmware_finish(0);
	assert_int_equal(acpi_init(&rsdp, 20, NULL), OK);
}

static void the_core_we_run_on_comes_first(void **state)
{
	u32 ids[8];

	(void)state;
	add_core(0, 1);
	add_core(2, 1);
	add_core(4, 1);
	publish();
	fake_set_lapic_id(4);
	assert_int_equal(madt_cpus(ids, 8), 3);
	assert_int_equal(ids[0], 4);
	assert_int_equal(ids[1], 0);
	assert_int_equal(ids[2], 2);
}

static void cores_that_are_not_enabled_are_not_started(void **state)
{
	u32 ids[8];

	(void)state;
	add_core(0, 1);
	add_core(1, 0);
	add_core(2, 2); /* online capable, section 5.2.12.2: not enabled now */
	add_core(0xff, 1);
	add_x2apic_core(300, 0);
	add_x2apic_core(~0u, 1);
	publish();
	assert_int_equal(madt_cpus(ids, 8), 1);
	assert_int_equal(ids[0], 0);
}

static void x2apic_entries_count_and_doubles_do_not(void **state)
{
	u32 ids[8];

	(void)state;
	add_core(0, 1);
	add_core(1, 1);
	add_x2apic_core(1, 1);
	add_x2apic_core(300, 1);
	publish();
	assert_int_equal(madt_cpus(ids, 8), 3);
	assert_int_equal(ids[2], 300);
}

static void more_cores_than_fit_are_counted_but_not_stored(void **state)
{
	u32 ids[3] = { 7, 7, 7 };

	(void)state;
	for (u8 i = 0; i < 10; i++)
		add_core(i, 1);
	publish();
	assert_int_equal(madt_cpus(ids, 2), 10);
	assert_int_equal(ids[1], 1);
	assert_int_equal(ids[2], 7);
}

static void without_a_madt_there_is_one_core(void **state)
{
	struct rsdp_bytes rsdp = firmware_finish(0);
	hpa_t addresses[2];
	u32 ids[2];

	(void)state;
	assert_int_equal(acpi_init(&rsdp, 20, NULL), OK);
	fake_set_lapic_id(3);
	assert_int_equal(madt_cpus(ids, 2), 1);
	assert_int_equal(ids[0], 3);
	assert_int_equal(madt_io_apics(addresses, 2), 0);
}

static void io_apics_are_found_between_other_entries(void **state)
{
	hpa_t addresses[2];

	(void)state;
	add_core(0, 1);
	add_io_apic(0xfec00000);
	add_entry((u8[]){ 2, 10, 0, 0, 2, 0, 0, 0, 0, 0 }, 10); /* interrupt source override */
	add_io_apic(0xfec01000);
	add_io_apic(0xfec02000);
	publish();
	assert_int_equal(madt_io_apics(addresses, 2), 2);
	assert_int_equal(addresses[0].v, 0xfec00000);
	assert_int_equal(addresses[1].v, 0xfec01000);
}

static void an_entry_of_no_length_ends_the_list_instead_of_looping(void **state)
{
	u32 ids[8];

	(void)state;
	add_core(0, 1);
	add_entry((u8[]){ 0, 0, 0, 0 }, 4);
	add_core(1, 1);
	publish();
	assert_int_equal(madt_cpus(ids, 8), 1);
}

static void an_entry_that_runs_out_of_the_table_is_not_read(void **state)
{
	u32 ids[8];

	(void)state;
	add_core(0, 1);
	add_entry((u8[]){ 0, 8, 0, 1 }, 4); /* says 8 bytes, and 4 are left */
	publish();
	assert_int_equal(madt_cpus(ids, 8), 1);

	setup(state);
	add_core(0, 1);
	add_entry((u8[]){ 0 }, 1);
	publish();
	assert_int_equal(madt_cpus(ids, 8), 1);
}

static void entries_too_short_for_their_type_are_skipped(void **state)
{
	hpa_t addresses[2];
	u32 ids[8];

	(void)state;
	add_entry((u8[]){ 0, 4, 0, 5 }, 4);
	add_entry((u8[]){ 9, 8, 0, 0, 6, 0, 0, 0 }, 8);
	add_entry((u8[]){ 1, 4, 0, 0 }, 4);
	add_core(1, 1);
	publish();
	assert_int_equal(madt_cpus(ids, 8), 2);
	assert_int_equal(ids[1], 1);
	assert_int_equal(madt_io_apics(addresses, 2), 0);
}

static void tables_of_every_short_length_are_survived(void **state)
{
	hpa_t addresses[2];
	u32 ids[8];

	for (u32 len = 0; len < 30; len++) {
		setup(state);
		add_core(0, 1);
		add_core(1, 1);
		body_len = len;
		publish();
		assert_in_range(madt_cpus(ids, 8), 1, 2);
		assert_int_equal(madt_io_apics(addresses, 2), 0);
	}
}

#define MADT_TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MADT_TEST(the_core_we_run_on_comes_first),
		MADT_TEST(cores_that_are_not_enabled_are_not_started),
		MADT_TEST(x2apic_entries_count_and_doubles_do_not),
		MADT_TEST(more_cores_than_fit_are_counted_but_not_stored),
		MADT_TEST(without_a_madt_there_is_one_core),
		MADT_TEST(io_apics_are_found_between_other_entries),
		MADT_TEST(an_entry_of_no_length_ends_the_list_instead_of_looping),
		MADT_TEST(an_entry_that_runs_out_of_the_table_is_not_read),
		MADT_TEST(entries_too_short_for_their_type_are_skipped),
		MADT_TEST(tables_of_every_short_length_are_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
