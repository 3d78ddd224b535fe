/* SPDX-License-Identifier: GPL-2.0-only */
/* What a person types on a serial terminal becomes the line that they see. */
#include <stdlib.h>
#include <string.h>

#include "vmm/ui/line_edit.h"

static struct line_edit e;
static char screen[4096];

/* A terminal of one line: carriage return, backspace and "erase to the end" are all that the editor
 * uses. */
static size_t column;

static void terminal(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\r' || text[i] == '\n') {
			column = 0;
		} else if (text[i] == '\b') {
			assert_true(column > 0);
			column--;
		} else if (text[i] == '\x1b') {
			assert_memory_equal(text + i, "\x1b[K", 3);
			screen[column] = 0;
			i += 2;
		} else {
			screen[column++] = text[i];
		}
	}
}

static const char *complete(const char *text, size_t len)
{
	return len && strncmp("topology", text, len) == 0 ? "topology" + len : "";
}

static int start(void **state)
{
	(void)state;
	memset(screen, 0, sizeof(screen));
	column = 0;
	line_edit_init(&e, "> ", terminal);
	e.complete = complete;
	line_edit_begin(&e);
	return 0;
}

/* Type keys; true if the last one finished a line. */
static bool type(const char *keys)
{
	bool done = false;

	for (; *keys; keys++) {
		if (done)
			line_edit_begin(&e);
		done = line_edit_key(&e, (u8)*keys);
	}
	return done;
}

static void expect_line(const char *keys, const char *line)
{
	line_edit_begin(&e);
	assert_true(type(keys));
	assert_string_equal(e.text, line);
}

static void letters_make_a_line_and_enter_ends_it(void **state)
{
	(void)state;
	assert_false(type("vm list"));
	assert_string_equal(screen, "> vm list");
	assert_true(type("\r"));
	assert_string_equal(e.text, "vm list");
}

static void enter_is_cr_lf_or_both_and_counts_once(void **state)
{
	(void)state;
	expect_line("a\r", "a");
	line_edit_begin(&e);
	assert_false(type("\n"));
	expect_line("b\n", "b");
	expect_line("c\n", "c");
}

static void backspace_of_either_kind_deletes_left(void **state)
{
	(void)state;
	expect_line("abc\x7f\x08x\r", "ax");
	expect_line("\x7f\x7f\x08y\r", "y");
}

static void cursor_keys_move_and_text_goes_in_where_the_cursor_is(void **state)
{
	(void)state;
	expect_line("ac\x1b[Db\r", "abc");
	expect_line("ac\x1bODb\x1b[Cd\r", "abcd");
	expect_line("\x1b[D\x1b[Ca\r", "a");
	expect_line("bc\x1b[Ha\x1b[Fd\r", "abcd");
	expect_line("bc\x1b[1~a\x1b[4~d\r", "abcd");
	expect_line("xabc\x01\x1b[3~\r", "abc");
}

static void the_screen_shows_the_line_and_the_cursor_is_where_text_goes(void **state)
{
	(void)state;
	type("abd\x1b[D");
	assert_string_equal(screen, "> abd");
	assert_int_equal(column, 4);
	type("c");
	assert_string_equal(screen, "> abcd");
	type("\x15");
	assert_string_equal(screen, "> d");
}

static void control_keys_do_what_shells_do(void **state)
{
	(void)state;
	expect_line("vm list\x17stats\r", "vm stats");
	expect_line("abc\x02\x02\x0b\r", "a");
	expect_line("abc\x15z\r", "z");
	expect_line("bc\x01\x61\x05\x64\r", "abcd");
	expect_line("junk\x03ok\r", "ok");
	expect_line("ab\x01\x06\x04\r", "a");
}

static void the_history_comes_back_newest_first_and_ends(void **state)
{
	(void)state;
	expect_line("first\r", "first");
	expect_line("second\r", "second");
	expect_line("second\r", "second"); /* a repetition is kept once */
	expect_line("\x1b[A\r", "second");
	expect_line("\x1b[A\x1b[A\r", "first");
	expect_line("\x1b[A\x1b[A\x1b[A\x1b[A\x1b[A\x1b[B\r", "second");
	expect_line("x\x1b[A\x1b[By\r", "y");
}

static void only_the_last_lines_are_remembered(void **state)
{
	(void)state;
	for (char c = 'a'; c < 'a' + 2 * LINE_EDIT_HISTORY; c++) {
		char keys[] = { c, '\r', 0 };

		line_edit_begin(&e);
		assert_true(type(keys));
	}
	line_edit_begin(&e);
	for (unsigned i = 0; i < 4 * LINE_EDIT_HISTORY; i++)
		type("\x1b[A");
	assert_true(type("\r"));
	assert_string_equal(e.text, "i");
}

static void tab_completes_what_can_only_mean_one_thing(void **state)
{
	(void)state;
	expect_line("top\t\r", "topology");
	expect_line("x\t\r", "x");
	expect_line("top\x1b[D\t\r", "top");
}

static void a_line_that_is_too_long_stops_growing(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3 * LINE_EDIT_BYTES; i++)
		type("x");
	assert_true(type("\r"));
	assert_int_equal(strlen(e.text), LINE_EDIT_BYTES - 1);
}

static void noise_on_the_line_never_leaves_the_buffer(void **state)
{
	unsigned seed = 7;

	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		seed = seed * 1103515245 + 12345;
		if (line_edit_key(&e, (u8)(seed >> 16)))
			line_edit_begin(&e);
		assert_true(e.cursor <= e.len && e.len < LINE_EDIT_BYTES &&
			    strlen(e.text) == e.len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(letters_make_a_line_and_enter_ends_it, start),
		cmocka_unit_test_setup(enter_is_cr_lf_or_both_and_counts_once, start),
		cmocka_unit_test_setup(backspace_of_either_kind_deletes_left, start),
		cmocka_unit_test_setup(cursor_keys_move_and_text_goes_in_where_the_cursor_is,
				       start),
		cmocka_unit_test_setup(the_screen_shows_the_line_and_the_cursor_is_where_text_goes,
				       start),
		cmocka_unit_test_setup(control_keys_do_what_shells_do, start),
		cmocka_unit_test_setup(the_history_comes_back_newest_first_and_ends, start),
		cmocka_unit_test_setup(only_the_last_lines_are_remembered, start),
		cmocka_unit_test_setup(tab_completes_what_can_only_mean_one_thing, start),
		cmocka_unit_test_setup(a_line_that_is_too_long_stops_growing, start),
		cmocka_unit_test_setup(noise_on_the_line_never_leaves_the_buffer, start),
	};

	return cmocka_run_group_tests_name("line editor", tests, NULL, NULL);
}
