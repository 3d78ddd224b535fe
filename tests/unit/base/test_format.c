/* SPDX-License-Identifier: GPL-2.0-only */
#include "base_test.h"

#include "base/format.h"

/* Formats must not be known to the compiler here, which would complain about odd ones. */
static int try_format(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = format_v(buf, size, fmt, args);
	va_end(args);
	return len;
}

#define assert_format(expected, ...)                                                               \
	do {                                                                                       \
		char buf_[256];                                                                    \
		int len_ = try_format(buf_, sizeof(buf_), __VA_ARGS__);                            \
		assert_string_equal(buf_, expected);                                               \
		assert_int_equal(len_, strlen(expected));                                          \
	} while (0)

static void integers_of_every_length_keep_their_value(void **state)
{
	(void)state;
	assert_format("-1 4294967295", "%d %u", -1, -1);
	assert_format("-9223372036854775808", "%ld", INT64_MIN);
	assert_format("18446744073709551615", "%llu", ~0ull);
	assert_format("ffffffffffffffff", "%zx", SIZE_MAX);
	assert_format("-2147483648", "%i", INT32_MIN);
	assert_format("0 0", "%d %x", 0, 0);
}

static void short_lengths_cut_the_argument(void **state)
{
	(void)state;
	assert_format("34", "%hhx", 0x1234);
	assert_format("2345", "%hx", 0x12345);
	assert_format("-1", "%hhd", 255);
	assert_format("-2", "%hd", 65534);
}

static void width_zero_and_minus_place_the_number(void **state)
{
	(void)state;
	assert_format("[   42]", "[%5d]", 42);
	assert_format("[42   ]", "[%-5d]", 42);
	assert_format("[00042]", "[%05d]", 42);
	assert_format("[-0042]", "[%05d]", -42);
	assert_format("[   42]", "[%*d]", 5, 42);
	assert_format("[42   ]", "[%*d]", -5, 42);
	assert_format("[123456]", "[%3d]", 123456);
	assert_format("0000:00:1f.3", "%04x:%02x:%02x.%x", 0, 0, 0x1f, 3);
	assert_format("DEADBEEF", "%X", 0xdeadbeef);
}

static void strings_take_width_and_precision(void **state)
{
	(void)state;
	assert_format("[  abc]", "[%5s]", "abc");
	assert_format("[abc  ]", "[%-5s]", "abc");
	assert_format("[ab]", "[%.2s]", "abc");
	assert_format("[ab]", "[%.*s]", 2, "abc");
	assert_format("[   ab]", "[%5.2s]", "abc");
	assert_format("[(null)]", "[%s]", (char *)NULL);
	assert_format("[x]", "[%c]", 'x');
	assert_format("100%", "%d%%", 100);
}

static void precision_protects_text_without_an_end(void **state)
{
	char text[3] = { 'x', 'y', 'z' };

	(void)state;
	assert_format("xyz", "%.3s", text);
}

static void pointers_begin_with_0x(void **state)
{
	(void)state;
	assert_format("0xffff800000001000", "%p", (void *)0xffff800000001000);
	assert_format("0x0", "%p", (void *)NULL);
}

static void unknown_conversions_are_printed_as_they_stand(void **state)
{
	(void)state;
	assert_format("%f!", "%f!");
	assert_format("a%", "a%");
	assert_format("%5", "%5");
	assert_format("%-05q.", "%-05q.");
}

static void text_that_is_cut_ends_with_nul_and_tells_its_whole_length(void **state)
{
	char buf[8];

	(void)state;
	memset(buf, '#', sizeof(buf));
	assert_int_equal(try_format(buf, 4, "%s", "abcdefgh"), 8);
	assert_string_equal(buf, "abc");
	assert_int_equal(buf[4], '#');
	assert_int_equal(try_format(buf, 4, "abc"), 3);
	assert_string_equal(buf, "abc");
	assert_int_equal(try_format(buf, 1, "%d", 12345), 5);
	assert_string_equal(buf, "");
}

static void a_buffer_of_no_bytes_is_not_touched(void **state)
{
	char c = '#';

	(void)state;
	assert_int_equal(try_format(&c, 0, "%d", 123), 3);
	assert_int_equal(c, '#');
	assert_int_equal(try_format(NULL, 0, "abc"), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(integers_of_every_length_keep_their_value),
		TEST(short_lengths_cut_the_argument),
		TEST(width_zero_and_minus_place_the_number),
		TEST(strings_take_width_and_precision),
		TEST(precision_protects_text_without_an_end),
		TEST(pointers_begin_with_0x),
		TEST(unknown_conversions_are_printed_as_they_stand),
		TEST(text_that_is_cut_ends_with_nul_and_tells_its_whole_length),
		TEST(a_buffer_of_no_bytes_is_not_touched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
