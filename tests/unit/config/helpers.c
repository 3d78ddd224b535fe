/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include "config/helpers.h"

struct config parsed;

enum err parse_bytes(const char *bytes, size_t len)
{
	char *copy = malloc(len ? len : 1);
	enum err e;

	assert_non_null(copy);
	memcpy(copy, bytes, len);
	e = config_parse(copy, len, &parsed);
	free(copy);
	return e;
}

void good(const char *text)
{
	enum err e = parse_bytes(text, strlen(text));

	if (parsed.error_count)
		print_error("%s\n", parsed.error[0].text);
	assert_int_equal(e, OK);
	assert_int_equal(parsed.error_count, 0);
}

void bad(const char *text, ...)
{
	va_list args;
	const char *word;

	assert_int_equal(parse_bytes(text, strlen(text)), ERR_INVALID);
	assert_int_equal(parsed.error_count, 1);
	va_start(args, text);
	while ((word = va_arg(args, const char *))) {
		if (!strstr(parsed.error[0].text, word))
			fail_msg("no \"%s\" in: %s", word, parsed.error[0].text);
	}
	va_end(args);
}
