/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table that a guest writes: it holds what the format allows and reaches nothing else (S07,
 * R22).
 */
#include "machine.h"

#define VECTORS     3
#define TABLE_BYTES (VECTORS * 16)

static struct msix_shadow s;
static struct msix_shadow_entry entries[VECTORS];

static int begin(void **state)
{
	(void)state;
	fakes_reset();
	memset(entries, 0xee, sizeof(entries));
	msix_shadow_init(&s, entries, VECTORS);
	return 0;
}

#define SHADOW(test) cmocka_unit_test_setup(test, begin)

static void all_entries_begin_masked_and_empty(void **state)
{
	(void)state;
	for (unsigned i = 0; i < VECTORS; i++) {
		assert_int_equal(msix_shadow_read(&s, i * 16, 8), 0);
		assert_int_equal(msix_shadow_read(&s, i * 16 + 8, 4), 0);
		assert_int_equal(msix_shadow_read(&s, i * 16 + 12, 4), 1);
	}
}

static void dwords_and_qwords_are_stored_and_name_their_entry(void **state)
{
	(void)state;
	assert_int_equal(msix_shadow_write(&s, 16, 4, 0xfee01000), 1);
	assert_int_equal(msix_shadow_write(&s, 20, 4, 0x12345678), 1);
	assert_int_equal(msix_shadow_write(&s, 24, 8, 0x41), 1);
	assert_int_equal(entries[1].address, 0x12345678fee01000);
	assert_int_equal(entries[1].data, 0x41);
	assert_int_equal(entries[1].control, 0);
	assert_int_equal(msix_shadow_write(&s, 32, 8, 0xfee02004), 2);
	assert_int_equal(entries[2].address, 0xfee02004);
}

static void a_write_that_changes_nothing_names_nobody(void **state)
{
	(void)state;
	assert_int_equal(msix_shadow_write(&s, 12, 4, 1), -1);
	assert_int_equal(msix_shadow_write(&s, 12, 4, 0), 0);
	assert_int_equal(msix_shadow_write(&s, 12, 4, 0), -1);
}

static void reserved_bits_read_zero(void **state)
{
	(void)state;
	assert_int_equal(msix_shadow_write(&s, 12, 4, 0xffffffff), -1);
	assert_int_equal(msix_shadow_read(&s, 12, 4), 1);
	assert_int_equal(msix_shadow_write(&s, 0, 4, 0xffffffff), 0);
	assert_int_equal(msix_shadow_read(&s, 0, 4), 0xfffffffc);
}

static void narrow_unaligned_and_outside_writes_are_dropped(void **state)
{
	(void)state;
	static const unsigned widths[] = { 0, 1, 2, 3, 4, 8, 16 };
	struct msix_shadow_entry before[VECTORS];

	for (u32 offset = 0; offset < TABLE_BYTES + 64; offset++)
		for (unsigned w = 0; w < ARRAY_LEN(widths); w++) {
			unsigned width = widths[w];
			bool good = (width == 4 || width == 8) && offset % width == 0 &&
				    offset + width <= TABLE_BYTES;

			memcpy(before, entries, sizeof(before));
			int changed = msix_shadow_write(&s, offset, width,
							0x1111111111111110ull * (offset % 15 + 1));

			if (!good) {
				assert_int_equal(changed, -1);
				assert_memory_equal(entries, before, sizeof(before));
			} else if (changed >= 0) {
				assert_int_equal(changed, (int)(offset / 16));
			}
		}
	assert_int_equal(msix_shadow_write(&s, 0xfffffff8, 8, 1), -1);
}

static void reads_of_any_width_give_the_bytes_and_outside_they_give_zero(void **state)
{
	(void)state;
	u8 flat[TABLE_BYTES];

	for (unsigned i = 0; i < TABLE_BYTES / 4; i++)
		(void)msix_shadow_write(&s, i * 4, 4, 0x01020304u * (i + 1));
	memcpy(flat, entries, sizeof(flat));
	for (u32 offset = 0; offset < TABLE_BYTES + 16; offset++)
		for (unsigned width = 1; width <= 8; width *= 2) {
			u64 expected = 0;

			if (offset + width <= TABLE_BYTES)
				memcpy(&expected, &flat[offset], width);
			assert_int_equal(msix_shadow_read(&s, offset, width), expected);
		}
	assert_int_equal(msix_shadow_read(&s, 0xffffffff, 8), 0);
	assert_int_equal(msix_shadow_read(&s, 0, 16), 0);
}

static void guest_write_to_msix_table_never_reaches_the_device(void **state)
{
	(void)state;
	fake_events_record(FAKE_MMIO_READ, true);
	for (u32 offset = 0; offset < TABLE_BYTES; offset += 4)
		(void)msix_shadow_write(&s, offset, 4, 0xfee00000 + offset);
	assert_int_equal(fake_event_count(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SHADOW(all_entries_begin_masked_and_empty),
		SHADOW(dwords_and_qwords_are_stored_and_name_their_entry),
		SHADOW(a_write_that_changes_nothing_names_nobody),
		SHADOW(reserved_bits_read_zero),
		SHADOW(narrow_unaligned_and_outside_writes_are_dropped),
		SHADOW(reads_of_any_width_give_the_bytes_and_outside_they_give_zero),
		SHADOW(guest_write_to_msix_table_never_reaches_the_device),
	};

	return cmocka_run_group_tests_name("MSI-X shadow", tests, NULL, NULL);
}
