/* SPDX-License-Identifier: GPL-2.0-only */
#include "base_test.h"

#include "base/memory_map.h"

static struct boot_info boot;
static struct memory_piece pieces[16];

static int setup(void **state)
{
	(void)state;
	memset(&boot, 0, sizeof(boot));
	return 0;
}

static void add(u64 base, u64 size, enum boot_memory_kind kind)
{
	boot.memory[boot.memory_ranges++] = (struct boot_memory){ hpa(base), size, kind };
}

static void add_module(u64 base, u64 size)
{
	boot.module[boot.modules].base = hpa(base);
	boot.module[boot.modules++].size = size;
}

#define assert_pieces(use, ...)                                                                    \
	do {                                                                                       \
		const struct memory_piece want_[] = { __VA_ARGS__ };                               \
		unsigned count_ = memory_map_pieces(&boot, use, pieces, 16);                       \
		assert_int_equal(count_, ARRAY_LEN(want_));                                        \
		assert_memory_equal(pieces, want_, sizeof(want_));                                 \
	} while (0)

static void the_image_is_in_neither_and_modules_and_the_first_mib_are_mapped_only(void **state)
{
	(void)state;
	add(0, 0x9fc00, BOOT_MEMORY_USABLE);
	add(0x100000, 0x3ff00000, BOOT_MEMORY_USABLE);
	boot.image_base = hpa(0x200000);
	boot.image_size = 0x56000;
	add_module(0x102000, 0x15);
	assert_pieces(MEMORY_DIRECT_MAP, { 0, 0x9f000 }, { 0x100000, 0x200000 },
		      { 0x256000, 0x40000000 });
	assert_pieces(MEMORY_POOL, { 0x100000, 0x102000 }, { 0x103000, 0x200000 },
		      { 0x256000, 0x40000000 });
}

static void what_is_reserved_as_well_as_usable_is_left_alone(void **state)
{
	(void)state;
	add(0x100000, 0x100000, BOOT_MEMORY_USABLE);
	add(0x180800, 0x1000, BOOT_MEMORY_RESERVED);
	add(0x1c0000, 0x100000, BOOT_MEMORY_ACPI);
	add(0x110000, 0x1000, BOOT_MEMORY_BAD);
	assert_pieces(MEMORY_POOL, { 0x100000, 0x110000 }, { 0x111000, 0x180000 },
		      { 0x182000, 0x1c0000 });
	assert_pieces(MEMORY_DIRECT_MAP, { 0x100000, 0x110000 }, { 0x111000, 0x180000 },
		      { 0x182000, 0x1c0000 });
}

static void ranges_that_overlap_are_handed_out_once(void **state)
{
	(void)state;
	add(0x200000, 0x200000, BOOT_MEMORY_USABLE);
	add(0x100000, 0x200000, BOOT_MEMORY_USABLE);
	add(0x200000, 0x200000, BOOT_MEMORY_USABLE);
	assert_pieces(MEMORY_POOL, { 0x200000, 0x400000 }, { 0x100000, 0x200000 });
}

static void partial_pages_belong_to_nobody(void **state)
{
	(void)state;
	add(0x100010, 0x1ff0, BOOT_MEMORY_USABLE);
	add(0x200800, 0x400, BOOT_MEMORY_USABLE);
	assert_pieces(MEMORY_POOL, { 0x101000, 0x102000 });
}

static void modules_that_share_pages_or_touch_make_one_hole(void **state)
{
	(void)state;
	add(0x100000, 0x10000, BOOT_MEMORY_USABLE);
	add_module(0x104800, 0x10);
	add_module(0x104900, 0x800);
	add_module(0x106000, 0x1000);
	add_module(0x108000, 0);
	assert_pieces(MEMORY_POOL, { 0x100000, 0x104000 }, { 0x107000, 0x110000 });
}

static void a_module_at_the_start_or_the_end_leaves_one_piece(void **state)
{
	(void)state;
	add(0x100000, 0x10000, BOOT_MEMORY_USABLE);
	add_module(0x100000, 0x1000);
	add_module(0x10f000, 0x1000);
	assert_pieces(MEMORY_POOL, { 0x101000, 0x10f000 });
}

static void no_more_pieces_are_written_than_there_is_room_for(void **state)
{
	(void)state;
	add(0x100000, 0x10000, BOOT_MEMORY_USABLE);
	add_module(0x101000, 0x1000);
	add_module(0x103000, 0x1000);
	assert_int_equal(memory_map_pieces(&boot, MEMORY_POOL, pieces, 2), 2);
	assert_int_equal(memory_map_pieces(&boot, MEMORY_POOL, NULL, 0), 0);
}

static void ranges_at_the_end_of_the_address_space_do_not_wrap(void **state)
{
	(void)state;
	add(~0ull - 100, 50, BOOT_MEMORY_USABLE);
	add(~0ull - 0x10000, ~0ull, BOOT_MEMORY_USABLE);
	assert_int_equal(memory_map_pieces(&boot, MEMORY_POOL, pieces, 16), 0);
}

static void a_hole_up_to_the_end_of_the_address_space_is_a_hole(void **state)
{
	(void)state;
	add(0x100000, 0x100000, BOOT_MEMORY_USABLE);
	add(0x180000, ~0ull - 0x180000 - 0x80, BOOT_MEMORY_RESERVED);
	assert_pieces(MEMORY_POOL, { 0x100000, 0x180000 });
	boot.memory[1].size = ~0ull;
	assert_pieces(MEMORY_POOL, { 0x100000, 0x180000 });
	boot.memory[1] = (struct boot_memory){ hpa(0), ~0ull - 0xff, BOOT_MEMORY_USABLE };
	add(0x110000, 0x1000, BOOT_MEMORY_USABLE);
	assert_pieces(MEMORY_POOL, { 0x100000, 0x200000 }, { 0x200000, ALIGN_DOWN(~0ull, 4096) });
}

static void
the_largest_hole_below_the_limit_is_found_between_unsorted_overlapping_ranges(void **state)
{
	u64 base, size;

	(void)state;
	add(0xb0000000, 0x10000000, BOOT_MEMORY_RESERVED);
	add(0x100000, 0x7fe00000, BOOT_MEMORY_USABLE);
	add(0x7fe00000, 0x200123, BOOT_MEMORY_ACPI);
	add(0xfed1c000, 0x4000, BOOT_MEMORY_RESERVED);
	add(0x100000000, 0x80000000, BOOT_MEMORY_USABLE);
	memory_map_largest_gap(&boot, 0xfec00000, &base, &size);
	assert_int_equal(base, 0xc0000000);
	assert_int_equal(size, 0x3ec00000);
	add(0xc0000000, 0x3ec00000, BOOT_MEMORY_RESERVED);
	memory_map_largest_gap(&boot, 0xfec00000, &base, &size);
	assert_int_equal(base, 0x80100000); /* the next MiB after RAM and tables */
	assert_int_equal(base + size, 0xb0000000);
}

static void a_map_without_a_hole_has_none(void **state)
{
	u64 base, size;

	(void)state;
	add(0, 0xfec00000, BOOT_MEMORY_USABLE);
	memory_map_largest_gap(&boot, 0xfec00000, &base, &size);
	assert_int_equal(size, 0);
	boot.memory[0] = (struct boot_memory){ hpa(0x1000), ~0ull, BOOT_MEMORY_RESERVED };
	memory_map_largest_gap(&boot, 0xfec00000, &base, &size);
	assert_int_equal(size, 0);
}

#define MAP_TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MAP_TEST(the_image_is_in_neither_and_modules_and_the_first_mib_are_mapped_only),
		MAP_TEST(what_is_reserved_as_well_as_usable_is_left_alone),
		MAP_TEST(ranges_that_overlap_are_handed_out_once),
		MAP_TEST(partial_pages_belong_to_nobody),
		MAP_TEST(modules_that_share_pages_or_touch_make_one_hole),
		MAP_TEST(a_module_at_the_start_or_the_end_leaves_one_piece),
		MAP_TEST(no_more_pieces_are_written_than_there_is_room_for),
		MAP_TEST(ranges_at_the_end_of_the_address_space_do_not_wrap),
		MAP_TEST(a_hole_up_to_the_end_of_the_address_space_is_a_hole),
		MAP_TEST(
			the_largest_hole_below_the_limit_is_found_between_unsorted_overlapping_ranges),
		MAP_TEST(a_map_without_a_hole_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
