/* SPDX-License-Identifier: GPL-2.0-only */
/* What the JSON writer writes is JSON, whole, or it says that it is not. */
#include <stdlib.h>
#include <string.h>

#include "vmm/ui/json.h"

static char buf[1024];
static struct json j;

static void begin(void)
{
	memset(buf, 0xee, sizeof(buf));
	json_begin(&j, buf, sizeof(buf));
}

/* The document without the line breaks that are there for people. */
static void expect(const char *text)
{
	char seen[sizeof(buf)];
	size_t n = 0;

	assert_true(json_end(&j));
	for (size_t i = 0; i < j.needed; i++)
		if (buf[i] != '\n')
			seen[n++] = buf[i];
	seen[n] = 0;
	assert_string_equal(seen, text);
}

static void an_empty_document_is_an_empty_object(void **state)
{
	(void)state;
	begin();
	expect("{}");
}

static void objects_and_arrays_nest_with_commas_only_between(void **state)
{
	(void)state;
	begin();
	json_array(&j, "a");
	json_number(&j, NULL, 1);
	json_object(&j, NULL);
	json_bool(&j, "t", true);
	json_null(&j, "n");
	json_close(&j);
	json_array(&j, NULL);
	json_close(&j);
	json_close(&j);
	json_bool(&j, "f", false);
	expect("{\"a\":[1,{\"t\":true,\"n\":null},[]],\"f\":false}");
}

static void strings_are_escaped_and_no_byte_is_lost(void **state)
{
	(void)state;
	begin();
	json_text(&j, "k\"", "a\\b \"q\"\t\n\x01\x7f\xe4");
	expect("{\"k\\\"\":\"a\\\\b \\\"q\\\"\\u0009\\u000a\\u0001\\u007f\\u00e4\"}");
}

static void numbers_keep_all_their_digits(void **state)
{
	(void)state;
	begin();
	json_number(&j, "u", ~0ull);
	json_signed(&j, "s", -9223372036854775807ll - 1);
	json_hex(&j, "h", 0xfee00000deadbeefull);
	json_hex(&j, "z", 0);
	expect("{\"u\":18446744073709551615,\"s\":-9223372036854775808,\"h\":"
	       "\"0xfee00000deadbeef\",\"z\":\"0x0\"}");
}

static void requester_ids_are_written_as_people_write_them(void **state)
{
	(void)state;
	begin();
	json_rid(&j, "r", rid_make(1, 0x81, 0x1f, 7));
	json_rid(&j, "none", RID_NONE);
	expect("{\"r\":\"0001:81:1f.7\",\"none\":null}");
}

static void quotients_are_rounded_and_nothing_divides_by_zero(void **state)
{
	(void)state;
	begin();
	json_quotient(&j, "half", 1, 2);
	json_quotient(&j, "third", 1, 3);
	json_quotient(&j, "up", 1999999, 1000000);
	json_quotient(&j, "none", 5, 0);
	json_quotient(&j, "large", 1ull << 62, 1ull << 50);
	expect("{\"half\":0.500,\"third\":0.333,\"up\":2.000,\"none\":null,\"large\":4096.000}");
}

static void a_document_that_does_not_fit_says_how_many_bytes_it_needs(void **state)
{
	char *small;
	size_t needed;

	(void)state;
	begin();
	json_text(&j, "key", "a text that is longer than the buffer below");
	assert_true(json_end(&j));
	needed = j.needed;
	for (size_t size = 0; size <= needed; size++) {
		small = malloc(size ? size
				    : 1); /* exactly so large that ASan sees one byte too many */
		assert_non_null(small);
		json_begin(&j, small, size);
		json_text(&j, "key", "a text that is longer than the buffer below");
		assert_int_equal(json_end(&j), size == needed);
		assert_int_equal(j.needed, needed);
		free(small);
	}
}

static void an_object_left_open_or_closed_twice_fails_the_document(void **state)
{
	(void)state;
	begin();
	json_object(&j, "open");
	assert_false(json_end(&j));
	begin();
	json_close(&j);
	assert_false(json_end(&j));
}

static void a_key_in_an_array_or_none_in_an_object_fails_the_document(void **state)
{
	(void)state;
	begin();
	json_array(&j, "a");
	json_number(&j, "key", 1);
	json_close(&j);
	assert_false(json_end(&j));
	begin();
	json_number(&j, NULL, 1);
	assert_false(json_end(&j));
}

static void nesting_deeper_than_the_writer_can_remember_fails_the_document(void **state)
{
	(void)state;
	begin();
	json_array(&j, "deep");
	for (unsigned i = 0; i < 2 * JSON_DEPTH; i++)
		json_array(&j, NULL);
	for (unsigned i = 0; i <= 2 * JSON_DEPTH; i++)
		json_close(&j);
	assert_false(json_end(&j));
}

static void a_formatted_string_that_is_too_long_fails_instead_of_being_cut(void **state)
{
	char text[600];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	begin();
	json_format(&j, "k", "%s", text);
	assert_false(json_end(&j));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_document_is_an_empty_object),
		cmocka_unit_test(objects_and_arrays_nest_with_commas_only_between),
		cmocka_unit_test(strings_are_escaped_and_no_byte_is_lost),
		cmocka_unit_test(numbers_keep_all_their_digits),
		cmocka_unit_test(requester_ids_are_written_as_people_write_them),
		cmocka_unit_test(quotients_are_rounded_and_nothing_divides_by_zero),
		cmocka_unit_test(a_document_that_does_not_fit_says_how_many_bytes_it_needs),
		cmocka_unit_test(an_object_left_open_or_closed_twice_fails_the_document),
		cmocka_unit_test(a_key_in_an_array_or_none_in_an_object_fails_the_document),
		cmocka_unit_test(nesting_deeper_than_the_writer_can_remember_fails_the_document),
		cmocka_unit_test(a_formatted_string_that_is_too_long_fails_instead_of_being_cut),
	};

	return cmocka_run_group_tests_name("JSON writer", tests, NULL, NULL);
}
