/* SPDX-License-Identifier: GPL-2.0-only */
/* A ring keeps the last bytes of a stream, and says how many a late reader has missed. */
#include <string.h>

#include "vmm/ui/byte_ring.h"

#define SIZE 16

static char data[SIZE];
static struct byte_ring r;

static int setup(void **state)
{
	(void)state;
	memset(data, 0, sizeof(data));
	r = (struct byte_ring){ .data = data, .size = SIZE };
	return 0;
}

static void expect_taken(const char *text, u64 expected_lost)
{
	char buf[SIZE + 1] = { 0 };
	u64 lost = ~0ull;
	size_t len = ring_take(&r, buf, SIZE, &lost);

	assert_int_equal(len, strlen(text));
	assert_string_equal(buf, text);
	assert_int_equal(lost, expected_lost);
}

static void put(const char *text)
{
	ring_put(&r, text, strlen(text));
}

static void what_is_put_is_taken_once_and_in_order(void **state)
{
	(void)state;
	put("abc");
	put("de");
	assert_int_equal(ring_unseen(&r), 5);
	expect_taken("abcde", 0);
	assert_int_equal(ring_unseen(&r), 0);
	expect_taken("", 0);
}

static void it_goes_round_without_losing_what_is_taken_in_time(void **state)
{
	char text[2] = { 0 };

	(void)state;
	for (unsigned i = 0; i < 5 * SIZE; i++) {
		text[0] = (char)('a' + i % 26);
		put(text);
		expect_taken(text, 0);
	}
}

static void a_late_reader_gets_the_last_bytes_and_the_number_of_those_lost(void **state)
{
	(void)state;
	put("0123456789");
	put("abcdefghij");
	expect_taken("456789abcdefghij", 4);
	expect_taken("", 0);
}

static void more_than_fits_at_once_keeps_its_end(void **state)
{
	(void)state;
	put("0123456789abcdefghijklmnopqrstuvwxyz");
	expect_taken("klmnopqrstuvwxyz", 20);
}

static void skipping_counts_as_seen_and_not_as_lost(void **state)
{
	(void)state;
	put("0123456789abcdefghijklmnopqrstuvwxyz");
	ring_skip(&r);
	put("new");
	expect_taken("new", 0);
}

static void rewinding_shows_whole_lines_again(void **state)
{
	(void)state;
	put("one\ntwo\nthree");
	ring_skip(&r);
	ring_rewind(&r, 11); /* in the middle of "one" */
	expect_taken("two\nthree", 0);
}

static void rewinding_never_hides_what_was_not_seen(void **state)
{
	(void)state;
	put("one\ntwo\n");
	ring_rewind(&r, 2);
	expect_taken("one\ntwo\n", 0);
}

static void rewinding_stops_at_what_is_still_there(void **state)
{
	(void)state;
	put("0123456789abcdefghij");
	ring_skip(&r);
	ring_rewind(&r, 1000);
	expect_taken("456789abcdefghij", 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_is_put_is_taken_once_and_in_order, setup),
		cmocka_unit_test_setup(it_goes_round_without_losing_what_is_taken_in_time, setup),
		cmocka_unit_test_setup(
			a_late_reader_gets_the_last_bytes_and_the_number_of_those_lost, setup),
		cmocka_unit_test_setup(more_than_fits_at_once_keeps_its_end, setup),
		cmocka_unit_test_setup(skipping_counts_as_seen_and_not_as_lost, setup),
		cmocka_unit_test_setup(rewinding_shows_whole_lines_again, setup),
		cmocka_unit_test_setup(rewinding_never_hides_what_was_not_seen, setup),
		cmocka_unit_test_setup(rewinding_stops_at_what_is_still_there, setup),
	};

	return cmocka_run_group_tests_name("byte ring", tests, NULL, NULL);
}
