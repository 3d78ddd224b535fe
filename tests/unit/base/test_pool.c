/* SPDX-License-Identifier: GPL-2.0-only */
#include "base_test.h"

#include "base/pool.h"

#define PAGES 2000

static int setup(void **state)
{
	(void)state;
	fakes_reset();
	fake_pool_reset(PAGES);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_pool_reset(0);
	return 0;
}

static bool filled_with(const void *p, u64 pages, u8 byte)
{
	for (u64 i = 0; i < pages * PAGE_SIZE; i++)
		if (((const u8 *)p)[i] != byte)
			return false;
	return true;
}

static void new_pages_are_zero_even_where_old_ones_were(void **state)
{
	void *p = pool_alloc(POOL_VM, 3, PAGE_SIZE), *again;

	(void)state;
	assert_true(filled_with(p, 3, 0));
	memset(p, 0x55, 3 * PAGE_SIZE);
	pool_free(POOL_VM, p, 3);
	again = pool_alloc(POOL_VM, 3, PAGE_SIZE);
	assert_ptr_equal(again, p);
	assert_true(filled_with(again, 3, 0));
}

static void freed_pages_hold_poison_and_nothing_of_a_guest(void **state)
{
	void *p = pool_alloc(POOL_GUEST, 512, 2 * MiB);

	(void)state;
	memset(p, 0x55, 2 * MiB);
	pool_free(POOL_GUEST, p, 512);
	assert_true(filled_with(p, 512, POOL_POISON));
}

static void every_alignment_is_kept(void **state)
{
	(void)state;
	for (u64 align = PAGE_SIZE; align <= 2 * MiB; align *= 2) {
		void *odd = pool_alloc(POOL_VM, 1, PAGE_SIZE);
		void *p = pool_alloc(POOL_VM, 3, align);

		assert_non_null(odd);
		assert_non_null(p);
		assert_int_equal(pool_hpa(p).v % align, 0);
	}
}

static void allocations_never_overlap(void **state)
{
	static void *pointers[PAGES];
	unsigned count = 0;

	(void)state;
	for (u64 pages = 1; pages < 50; pages++) {
		u64 align = PAGE_SIZE << (pages % 4);

		pointers[count] = pool_alloc(POOL_VM, pages, align);
		if (pointers[count])
			memset(pointers[count], (int)pages, pages * PAGE_SIZE);
		count++;
	}
	for (u64 pages = 1; pages < 50; pages++)
		if (pointers[pages - 1])
			assert_true(filled_with(pointers[pages - 1], pages, (u8)pages));
}

static void the_last_page_can_be_had_and_no_more(void **state)
{
	static void *pages[PAGES];

	(void)state;
	for (int i = 0; i < PAGES; i++) {
		pages[i] = pool_alloc(POOL_HOST, 1, PAGE_SIZE);
		assert_non_null(pages[i]);
	}
	assert_int_equal(pool_available(), 0);
	assert_null(pool_alloc(POOL_HOST, 1, PAGE_SIZE));
	pool_free(POOL_HOST, pages[777], 1);
	assert_ptr_equal(pool_alloc(POOL_HOST, 1, PAGE_SIZE), pages[777]);
	assert_null(pool_alloc(POOL_HOST, 1, PAGE_SIZE));
}

static void more_than_there_is_gives_null_and_takes_nothing(void **state)
{
	(void)state;
	assert_null(pool_alloc(POOL_GUEST, PAGES + 1, PAGE_SIZE));
	assert_null(pool_alloc(POOL_GUEST, 1ull << 40, PAGE_SIZE));
	assert_int_equal(pool_available(), PAGES);
	assert_int_equal(pool_used(POOL_GUEST), 0);
}

static void an_alignment_that_fits_nowhere_gives_null(void **state)
{
	(void)state;
	/* The buffer is 8 MiB at most and aligned to 2 MiB: it holds no two multiples of 8 MiB. */
	assert_non_null(pool_alloc(POOL_VM, 1, PAGE_SIZE));
	pool_alloc(POOL_VM, 1, 8 * MiB);
	assert_null(pool_alloc(POOL_VM, 1, 8 * MiB));
}

static void a_hole_is_too_small_for_a_longer_run(void **state)
{
	void *a = pool_alloc(POOL_VM, 4, PAGE_SIZE), *b = pool_alloc(POOL_VM, 1, PAGE_SIZE), *c;

	(void)state;
	pool_free(POOL_VM, a, 4);
	c = pool_alloc(POOL_VM, 5, PAGE_SIZE);
	assert_true((u8 *)c > (u8 *)b);
	assert_ptr_equal(pool_alloc(POOL_VM, 4, PAGE_SIZE), a);
}

static void pages_are_counted_per_owner(void **state)
{
	void *vm = pool_alloc(POOL_VM, 3, PAGE_SIZE);
	void *guest = pool_alloc(POOL_GUEST, 512, 2 * MiB);

	(void)state;
	assert_int_equal(pool_used(POOL_VM), 3);
	assert_int_equal(pool_used(POOL_GUEST), 512);
	assert_int_equal(pool_available(), PAGES - 515);
	pool_free(POOL_GUEST, guest, 512);
	pool_free(POOL_VM, vm, 3);
	for (int tag = 0; tag < POOL_TAGS; tag++)
		assert_int_equal(pool_used(tag), 0);
	assert_int_equal(pool_available(), PAGES);
}

static void a_second_free_is_a_bug(void **state)
{
	void *p = pool_alloc(POOL_VM, 2, PAGE_SIZE);

	(void)state;
	pool_free(POOL_VM, p, 2);
	assert_true(FAKE_CATCHES_BUG(pool_free(POOL_VM, p, 2)));
	assert_int_equal(pool_available(), PAGES);
}

static void freeing_in_the_name_of_somebody_else_is_a_bug(void **state)
{
	void *p = pool_alloc(POOL_VM, 2, PAGE_SIZE);

	(void)state;
	assert_true(FAKE_CATCHES_BUG(pool_free(POOL_GUEST, p, 2)));
	assert_int_equal(pool_used(POOL_VM), 2);
}

static void freeing_a_part_or_too_much_is_a_bug(void **state)
{
	u8 *p = pool_alloc(POOL_VM, 4, PAGE_SIZE), *next = pool_alloc(POOL_VM, 4, PAGE_SIZE);

	(void)state;
	assert_ptr_equal(next, p + 4 * PAGE_SIZE);
	assert_true(FAKE_CATCHES_BUG(pool_free(POOL_VM, p, 3)));
	assert_true(FAKE_CATCHES_BUG(pool_free(POOL_VM, p, 5)));
	assert_true(FAKE_CATCHES_BUG(pool_free(POOL_VM, p, 8)));
	assert_true(FAKE_CATCHES_BUG(pool_free(POOL_VM, p + PAGE_SIZE, 3)));
	assert_true(FAKE_CATCHES_BUG(pool_free(POOL_VM, p, 0)));
	assert_true(FAKE_CATCHES_BUG(pool_free(POOL_VM, p + 8, 4)));
	assert_int_equal(pool_used(POOL_VM), 8);
	pool_free(POOL_VM, p, 4);
	pool_free(POOL_VM, next, 4);
}

static void freeing_what_is_not_of_the_pool_is_a_bug(void **state)
{
	static u8 page[4096] __attribute__((aligned(4096)));

	(void)state;
	assert_true(FAKE_CATCHES_BUG(pool_free(POOL_VM, page, 1)));
	pool_free(POOL_VM, NULL, 1);
}

static void nonsense_alignments_and_sizes_are_bugs(void **state)
{
	(void)state;
	assert_true(FAKE_CATCHES_BUG(pool_alloc(POOL_VM, 0, PAGE_SIZE)));
	assert_true(FAKE_CATCHES_BUG(pool_alloc(POOL_VM, 1, 0)));
	assert_true(FAKE_CATCHES_BUG(pool_alloc(POOL_VM, 1, 512)));
	assert_true(FAKE_CATCHES_BUG(pool_alloc(POOL_VM, 1, 3 * PAGE_SIZE)));
}

static void ranges_are_cut_to_whole_pages_and_used_one_after_the_other(void **state)
{
	u8 *memory = aligned_alloc(PAGE_SIZE, 16 * PAGE_SIZE);

	(void)state;
	pool_init();
	/* Pages 1..3 whole, of which one holds the tables; and pages 6..9, likewise. */
	pool_add(hpa((uintptr_t)memory + 100), 4 * PAGE_SIZE);
	assert_int_equal(pool_available(), 2);
	pool_add(hpa((uintptr_t)memory + 6 * PAGE_SIZE), 4 * PAGE_SIZE + 17);
	assert_int_equal(pool_available(), 2 + 3);
	assert_null(pool_alloc(POOL_VM, 4, PAGE_SIZE));
	assert_non_null(pool_alloc(POOL_VM, 3, PAGE_SIZE));
	assert_non_null(pool_alloc(POOL_VM, 2, PAGE_SIZE));
	free(memory);
}

static void ranges_too_small_for_their_tables_are_ignored(void **state)
{
	u8 *memory = aligned_alloc(PAGE_SIZE, 2 * PAGE_SIZE);

	(void)state;
	pool_init();
	pool_add(hpa((uintptr_t)memory), PAGE_SIZE);
	pool_add(hpa((uintptr_t)memory + 1), PAGE_SIZE);
	pool_add(hpa((uintptr_t)memory), 0);
	pool_add(hpa(~0ull - 10), 4 * PAGE_SIZE);
	assert_int_equal(pool_available(), 0);
	assert_null(pool_alloc(POOL_VM, 1, PAGE_SIZE));
	free(memory);
}

#define POOL_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		POOL_TEST(new_pages_are_zero_even_where_old_ones_were),
		POOL_TEST(freed_pages_hold_poison_and_nothing_of_a_guest),
		POOL_TEST(every_alignment_is_kept),
		POOL_TEST(allocations_never_overlap),
		POOL_TEST(the_last_page_can_be_had_and_no_more),
		POOL_TEST(more_than_there_is_gives_null_and_takes_nothing),
		POOL_TEST(an_alignment_that_fits_nowhere_gives_null),
		POOL_TEST(a_hole_is_too_small_for_a_longer_run),
		POOL_TEST(pages_are_counted_per_owner),
		POOL_TEST(a_second_free_is_a_bug),
		POOL_TEST(freeing_in_the_name_of_somebody_else_is_a_bug),
		POOL_TEST(freeing_a_part_or_too_much_is_a_bug),
		POOL_TEST(freeing_what_is_not_of_the_pool_is_a_bug),
		POOL_TEST(nonsense_alignments_and_sizes_are_bugs),
		POOL_TEST(ranges_are_cut_to_whole_pages_and_used_one_after_the_other),
		POOL_TEST(ranges_too_small_for_their_tables_are_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
