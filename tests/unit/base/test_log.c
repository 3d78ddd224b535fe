/* SPDX-License-Identifier: GPL-2.0-only */
#include "base_test.h"

#include "base/log.h"
#include "base/time.h"

static int setup(void **state)
{
	(void)state;
	fakes_reset();
	log_set_level(LOG_INFO);
	return 0;
}

static void a_line_is_component_colon_text(void **state)
{
	(void)state;
	log_info("pci", "%u functions", 7u);
	assert_string_equal(fake_log_text(), "pci: 7 functions\n");
}

static void lines_above_the_level_are_dropped(void **state)
{
	(void)state;
	log_debug("pci", "detail");
	assert_string_equal(fake_log_text(), "");
	log_set_level(LOG_ERROR);
	log_warn("pci", "warning");
	assert_string_equal(fake_log_text(), "");
	log_error("pci", "error");
	assert_string_equal(fake_log_text(), "pci: error\n");
}

static void debug_level_adds_the_time(void **state)
{
	(void)state;
	fake_time_set_step(0);
	fake_time_advance(12 * NS_PER_S + 345678 * NS_PER_US);
	log_set_level(LOG_DEBUG);
	log_debug("pci", "x");
	assert_string_equal(fake_log_text(), "[ 12.345678] pci: x\n");
}

static void text_has_neither_prefix_nor_newline(void **state)
{
	(void)state;
	log_set_level(LOG_ERROR);
	log_text("| %d ", 1);
	log_text("| %d |\n", 2);
	assert_string_equal(fake_log_text(), "| 1 | 2 |\n");
}

static void a_line_of_400_characters_is_whole(void **state)
{
	char text[401];

	(void)state;
	memset(text, 'x', 400);
	text[400] = 0;
	log_info("vmm", "%s", text);
	assert_int_equal(strlen(fake_log_text()), strlen("vmm: ") + 400 + 1);
}

static void a_line_that_is_too_long_says_so_and_still_ends(void **state)
{
	char text[2000];
	size_t len;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	log_info("vmm", "%s", text);
	len = strlen(fake_log_text());
	assert_true(len > 400 && len <= 512);
	assert_string_equal(fake_log_text() + len - 5, "x...\n");
}

static void a_component_of_any_length_does_not_overflow_the_line(void **state)
{
	char component[2000];

	(void)state;
	memset(component, 'c', sizeof(component) - 1);
	component[sizeof(component) - 1] = 0;
	log_info(component, "text");
	assert_true(strlen(fake_log_text()) <= 512);
	assert_int_equal(fake_log_text()[strlen(fake_log_text()) - 1], '\n');
}

static void the_ring_keeps_the_newest_bytes_in_order(void **state)
{
	static char ring[70000];
	char expected[32];
	size_t len;

	(void)state;
	for (int i = 0; i < 20000; i++)
		log_info("n", "%05d", i);
	len = log_ring_copy(ring, sizeof(ring) - 1);
	assert_int_equal(len, 65536);
	ring[len] = 0;
	assert_string_equal(ring + len - 18, "n: 19998\nn: 19999\n");
	snprintf(expected, sizeof(expected), "n: %05d\n", 20000 - 65536 / 9);
	assert_non_null(strstr(ring, expected));
	assert_memory_equal(strstr(ring, expected) - 1, "\n", 1);
}

static void a_small_buffer_gets_the_end_of_the_ring(void **state)
{
	char ring[4];

	(void)state;
	log_text("abcdefgh");
	assert_int_equal(log_ring_copy(ring, sizeof(ring)), 4);
	assert_memory_equal(ring, "efgh", 4);
}

static void without_a_sink_lines_still_reach_the_ring(void **state)
{
	char ring[5];

	(void)state;
	log_set_sink(NULL);
	log_info("a", "b");
	assert_int_equal(log_ring_copy(ring, sizeof(ring)), 5);
	assert_memory_equal(ring, "a: b\n", 5);
}

static void hammer(struct rate_limit *limit, int lines)
{
	for (int i = 0; i < lines; i++)
		log_limited(limit, LOG_WARN, "vm", "touched port 0x80");
}

static unsigned count_of(const char *what)
{
	unsigned count = 0;

	for (const char *at = fake_log_text(); (at = strstr(at, what)); at++)
		count++;
	return count;
}

static void no_more_than_burst_lines_pass_in_a_window(void **state)
{
	struct rate_limit limit = RATE_LIMIT(5, NS_PER_S);

	(void)state;
	hammer(&limit, 1000);
	assert_int_equal(count_of("touched"), 5);
}

static void the_next_window_tells_how_many_were_not_shown(void **state)
{
	struct rate_limit limit = RATE_LIMIT(5, NS_PER_S);

	(void)state;
	hammer(&limit, 1000);
	fake_time_advance(NS_PER_S);
	hammer(&limit, 2);
	assert_int_equal(count_of("touched"), 7);
	assert_int_equal(count_of("vm: (995 similar lines not shown)\n"), 1);
	assert_int_equal(count_of("similar"), 1);
}

static void a_quiet_limit_never_speaks_of_suppressed_lines(void **state)
{
	struct rate_limit limit = RATE_LIMIT(5, NS_PER_S);

	(void)state;
	for (int i = 0; i < 20; i++) {
		hammer(&limit, 5);
		fake_time_advance(NS_PER_S);
	}
	assert_int_equal(count_of("touched"), 100);
	assert_int_equal(count_of("similar"), 0);
}

/* A million at 100 a second, for hours. */
static void what_goes_on_for_hours_is_told_less_and_less_where_that_is_wanted(void **state)
{
	struct rate_limit limit = RATE_LIMIT(4, NS_PER_S);

	(void)state;
	limit.slower = true;
	for (int i = 0; i < 1000000; i++) {
		hammer(&limit, 1);
		fake_time_advance(NS_PER_S / 100);
	}
	assert_in_range(count_of("touched"), 5, 24);
	/* Once it was quiet for a window, the next is as long as the first. */
	fake_time_advance(1000000 * NS_PER_S);
	hammer(&limit, 1);
	fake_time_advance(1000000 * NS_PER_S);
	fake_log_clear();
	hammer(&limit, 4);
	fake_time_advance(NS_PER_S);
	hammer(&limit, 4);
	assert_int_equal(count_of("touched"), 8);
}

#define LOG_TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOG_TEST(a_line_is_component_colon_text),
		LOG_TEST(lines_above_the_level_are_dropped),
		LOG_TEST(debug_level_adds_the_time),
		LOG_TEST(text_has_neither_prefix_nor_newline),
		LOG_TEST(a_line_of_400_characters_is_whole),
		LOG_TEST(a_line_that_is_too_long_says_so_and_still_ends),
		LOG_TEST(a_component_of_any_length_does_not_overflow_the_line),
		LOG_TEST(the_ring_keeps_the_newest_bytes_in_order),
		LOG_TEST(a_small_buffer_gets_the_end_of_the_ring),
		LOG_TEST(without_a_sink_lines_still_reach_the_ring),
		LOG_TEST(no_more_than_burst_lines_pass_in_a_window),
		LOG_TEST(the_next_window_tells_how_many_were_not_shown),
		LOG_TEST(a_quiet_limit_never_speaks_of_suppressed_lines),
		LOG_TEST(what_goes_on_for_hours_is_told_less_and_less_where_that_is_wanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
