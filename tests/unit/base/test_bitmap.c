/* SPDX-License-Identifier: GPL-2.0-only */
#include "base_test.h"

#include "base/bitmap.h"

static void the_first_clear_bit_is_found_in_any_word(void **state)
{
	u64 map[3] = { ~0ull, ~0ull, ~0ull };

	(void)state;
	assert_int_equal(bitmap_find_clear(map, 192, 0), 192);
	bitmap_clear(map, 191);
	assert_int_equal(bitmap_find_clear(map, 192, 0), 191);
	bitmap_clear(map, 64);
	assert_int_equal(bitmap_find_clear(map, 192, 0), 64);
	assert_int_equal(bitmap_find_clear(map, 192, 64), 64);
	assert_int_equal(bitmap_find_clear(map, 192, 65), 191);
}

static void bits_at_and_above_the_size_do_not_count(void **state)
{
	u64 map[2] = { ~0ull, 0 };

	(void)state;
	assert_int_equal(bitmap_find_clear(map, 64, 0), 64);
	map[1] = 0xf;
	assert_int_equal(bitmap_find_clear(map, 68, 0), 68);
	assert_int_equal(bitmap_find_clear(map, 69, 0), 68);
	assert_int_equal(bitmap_find_clear(map, 0, 0), 0);
	assert_int_equal(bitmap_find_clear(map, 10, 10), 10);
}

static void a_run_crosses_words(void **state)
{
	u64 map[4] = { ~0ull, ~0ull, ~0ull, ~0ull };

	(void)state;
	for (u32 i = 60; i < 200; i++)
		bitmap_clear(map, i);
	assert_int_equal(bitmap_find_clear_run(map, 256, 0, 140, 1), 60);
	assert_int_equal(bitmap_find_clear_run(map, 256, 0, 141, 1), 256);
	assert_int_equal(bitmap_find_clear_run(map, 256, 61, 139, 1), 61);
	assert_int_equal(bitmap_find_clear_run(map, 256, 61, 140, 1), 256);
}

static void a_run_begins_at_a_multiple_of_its_alignment(void **state)
{
	u64 map[2] = { 0, 0 };

	(void)state;
	bitmap_set(map, 0);
	assert_int_equal(bitmap_find_clear_run(map, 128, 0, 4, 8), 8);
	bitmap_set(map, 11);
	assert_int_equal(bitmap_find_clear_run(map, 128, 0, 4, 8), 16);
	assert_int_equal(bitmap_find_clear_run(map, 128, 1, 3, 1), 1);
	assert_int_equal(bitmap_find_clear_run(map, 128, 0, 64, 64), 64);
	assert_int_equal(bitmap_find_clear_run(map, 127, 0, 64, 64), 127);
}

/* The simplest search there is, to compare with. */
static u32 slow_run(const u64 *map, u32 bits, u32 from, u32 count, u32 align)
{
	for (u32 start = ALIGN_UP(from, align); start + count <= bits; start += align) {
		u32 i = 0;

		while (i < count && !bitmap_test(map, start + i))
			i++;
		if (i == count)
			return start;
	}
	return bits;
}

static void random_maps_give_what_a_slow_search_gives(void **state)
{
	(void)state;
	srand(1);
	for (int round = 0; round < 20000; round++) {
		u64 map[3] = { 0 };
		u32 bits = (u32)rand() % 192 + 1, count = (u32)rand() % 20 + 1;
		u32 align = 1u << rand() % 5, from = (u32)rand() % bits;
		int used = rand() % 192;

		for (int i = 0; i < used; i++)
			bitmap_set(map, (u32)rand() % 192);
		assert_int_equal(bitmap_find_clear_run(map, bits, from, count, align),
				 slow_run(map, bits, from, count, align));
		assert_int_equal(bitmap_find_clear(map, bits, from),
				 slow_run(map, bits, from, 1, 1));
	}
}

static void filling_changes_the_run_and_nothing_beside_it(void **state)
{
	static const u64 before[3] = { 0xa5a5a5a5a5a5a5a5, 0x5a5a5a5a5a5a5a5a, 0xa5a5a5a5a5a5a5a5 };

	(void)state;
	for (u32 first = 0; first < 192; first++)
		for (u32 count = 0; first + count <= 192; count++) {
			u64 set[3] = { before[0], before[1], before[2] };
			u64 cleared[3] = { before[0], before[1], before[2] };

			bitmap_fill(set, first, count, true);
			bitmap_fill(cleared, first, count, false);
			for (u32 i = 0; i < 192; i++) {
				bool inside = i >= first && i < first + count;
				bool was = bitmap_test(before, i);

				assert_int_equal(bitmap_test(set, i), inside || was);
				assert_int_equal(bitmap_test(cleared, i), !inside && was);
			}
		}
}

static void only_bits_below_the_size_are_counted(void **state)
{
	u64 map[2] = { 0xff00000000000001, 0x3 };

	(void)state;
	assert_int_equal(bitmap_count(map, 128), 11);
	assert_int_equal(bitmap_count(map, 65), 10);
	assert_int_equal(bitmap_count(map, 64), 9);
	assert_int_equal(bitmap_count(map, 63), 8);
	assert_int_equal(bitmap_count(map, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_clear_bit_is_found_in_any_word),
		TEST(bits_at_and_above_the_size_do_not_count),
		TEST(a_run_crosses_words),
		TEST(a_run_begins_at_a_multiple_of_its_alignment),
		TEST(random_maps_give_what_a_slow_search_gives),
		TEST(filling_changes_the_run_and_nothing_beside_it),
		TEST(only_bits_below_the_size_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
