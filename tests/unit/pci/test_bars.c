/* SPDX-License-Identifier: GPL-2.0-only */
/* From the words of a BAR to what it is. Values as devices give them, and as they never should. */
#include "machine.h"
#include "pci/internal.h"

static struct pci_bar bar;

static enum err decode(u32 low, u32 low_mask, u32 high, u32 high_mask)
{
	struct bar_words w = {
		.low = low, .high = high, .low_mask = low_mask, .high_mask = high_mask
	};

	return bar_decode(&w, &bar);
}

static void a_32_bit_memory_bar(void **state)
{
	(void)state;
	assert_int_equal(decode(0xfebc0000, 0xfffe0000, 0, 0), OK);
	assert_int_equal(bar.base, 0xfebc0000);
	assert_int_equal(bar.size, 128 * KiB);
	assert_false(bar.io || bar.is_64bit || bar.prefetchable);
}

static void a_64_bit_prefetchable_bar_above_4_gib(void **state)
{
	(void)state;
	assert_int_equal(decode(0x0000000c, 0xffffc00c, 8, 0xffffffff), OK);
	assert_int_equal(bar.base, 0x800000000);
	assert_int_equal(bar.size, 16 * KiB);
	assert_true(bar.is_64bit && bar.prefetchable);
}

static void a_bar_of_64_gib_has_its_size_in_the_upper_half(void **state)
{
	(void)state;
	assert_int_equal(decode(0x0000000c, 0x0000000c, 0x10, 0xfffffff0), OK);
	assert_int_equal(bar.size, 64 * GiB);
	assert_int_equal(bar.base, 64 * GiB);
}

static void an_io_bar_with_and_without_its_upper_half(void **state)
{
	(void)state;
	assert_int_equal(decode(0xc001, 0xffffffe1, 0, 0), OK);
	assert_true(bar.io);
	assert_int_equal(bar.size, 32);
	assert_int_equal(bar.base, 0xc000);
	assert_int_equal(decode(0xc001, 0x0000ffe1, 0, 0), OK);
	assert_int_equal(bar.size, 32);
}

static void a_bar_that_reads_zero_is_not_there(void **state)
{
	(void)state;
	assert_int_equal(decode(0, 0, 0, 0), OK);
	assert_int_equal(bar.size, 0);
}

static void impossible_bars_are_invalid(void **state)
{
	(void)state;
	assert_int_equal(decode(0, 0x00ffff00, 0, 0), ERR_INVALID); /* holes on top */
	assert_int_equal(decode(0, 0xff00ff00, 0, 0), ERR_INVALID); /* a hole in the middle */
	assert_int_equal(decode(6, 0xfffff006, 0, 0), ERR_INVALID); /* type 11b */
	assert_int_equal(decode(4, 0xfffff000, 0, 0xffffffff), ERR_INVALID); /* type changes */
	assert_int_equal(decode(0, 0xfffff001, 0, 0), ERR_INVALID);          /* space changes */
	assert_int_equal(decode(4, 0x00000004, 0, 0), ERR_INVALID);          /* 2^64 bytes */
	assert_int_equal(decode(4, 0x00000004, 0, 0xfff00000), ERR_INVALID); /* 2^52 bytes */
	assert_int_equal(decode(0xfebc1000, 0xfffe0000, 0, 0), ERR_INVALID); /* base not aligned */
	assert_int_equal(bar.size, 0);
}

static void a_64_bit_bar_in_the_last_place_is_left_out(void **state)
{
	(void)state;
	fake_bar(igb, 5, 0, 4096, FAKE_BAR_64);
	fake_put32(igb, PCI_CARDBUS_CIS, 0);
	fake_allow(igb, PCI_CARDBUS_CIS, 0, 4);
	discover();
	assert_int_equal(pci_find(PF)->bars[5].size, 0);
	assert_true(fake_log_contains("BAR 5 is 64-bit but is the last one"));
}

static void a_bad_bar_is_named_and_its_neighbours_stay(void **state)
{
	(void)state;
	fake_allow(igb, PCI_BASE_ADDRESS_1, 0x00ff0000, 4);
	discover();
	assert_int_equal(pci_find(PF)->bars[1].size, 0);
	assert_int_equal(pci_find(PF)->bars[0].size, 128 * KiB);
	assert_int_equal(pci_find(PF)->bars[3].size, 16 * KiB);
	assert_true(fake_log_contains("0000:01:00.0: BAR 1 is no BAR"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_MACHINE(a_32_bit_memory_bar),
		IN_MACHINE(a_64_bit_prefetchable_bar_above_4_gib),
		IN_MACHINE(a_bar_of_64_gib_has_its_size_in_the_upper_half),
		IN_MACHINE(an_io_bar_with_and_without_its_upper_half),
		IN_MACHINE(a_bar_that_reads_zero_is_not_there),
		IN_MACHINE(impossible_bars_are_invalid),
		WITH_IGB(a_64_bit_bar_in_the_last_place_is_left_out),
		WITH_IGB(a_bad_bar_is_named_and_its_neighbours_stay),
	};

	return cmocka_run_group_tests_name("BARs", tests, NULL, NULL);
}
