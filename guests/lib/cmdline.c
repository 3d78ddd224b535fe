/* SPDX-License-Identifier: GPL-2.0-only */
/* Words of the command line. */
#include "guest.h"

#define DECIMAL     10
#define HEXADECIMAL 16

static const char *skip_blanks(const char *p)
{
	while (*p == ' ' || *p == '\t')
		p++;
	return p;
}

static size_t word_length(const char *p)
{
	size_t len = 0;

	while (p[len] && p[len] != ' ' && p[len] != '\t')
		len++;
	return len;
}

bool cmdline_get(const char *key, char value[CMDLINE_VALUE_BYTES])
{
	size_t key_len = strlen(key);

	for (const char *p = skip_blanks(guest->cmdline); *p;) {
		size_t len = word_length(p);

		if (len >= key_len && !strncmp(p, key, key_len) &&
		    (len == key_len || p[key_len] == '=')) {
			size_t skip = len == key_len ? len : key_len + 1;
			size_t n = MIN(len - skip, (size_t)CMDLINE_VALUE_BYTES - 1);

			memcpy(value, p + skip, n);
			value[n] = '\0';
			return true;
		}
		p = skip_blanks(p + len);
	}
	value[0] = '\0';
	return false;
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + DECIMAL;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + DECIMAL;
	return HEXADECIMAL;
}

u64 parse_number(const char *text, unsigned base, const char **end)
{
	u64 n = 0;

	for (; (unsigned)digit_value(*text) < base; text++)
		n = n * base + (unsigned)digit_value(*text);
	*end = text;
	return n;
}

u64 cmdline_number(const char *key, u64 fallback)
{
	char value[CMDLINE_VALUE_BYTES];
	const char *digits = value, *end;
	unsigned base = DECIMAL;
	u64 n;

	if (!cmdline_get(key, value))
		return fallback;
	if (value[0] == '0' && value[1] == 'x') {
		digits += strlen("0x");
		base = HEXADECIMAL;
	}
	n = parse_number(digits, base, &end);
	if (end == digits || *end)
		guest_die(STATUS_USAGE, "cmdline: %s=%s is no number", key, value);
	return n;
}
