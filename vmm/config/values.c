/* SPDX-License-Identifier: GPL-2.0-only */
/* Text into values. */
#include "base/string.h"
#include "vmm/config/parser.h"

#define MBIT_PER_GBIT  1000u
#define RATE_MAX_MBPS  (1000u * MBIT_PER_GBIT)
#define SIZE_MAX_COUNT (1ull << 32) /* so that no suffix overflows 64 bits */
#define NAME_COMPARED  16           /* longer words are not mistyped keys */
#define MAC_BYTES      6
#define HEX            16u
#define DECIMAL        10u

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Digits of `base` at *text, at least one and at most `digits`; *text is moved behind them. */
static bool take_digits(const char **text, unsigned base, unsigned digits, u64 *out)
{
	u64 value = 0;
	unsigned n = 0;

	for (; n < digits; n++, (*text)++) {
		int d = digit_value(**text);

		if (d < 0 || (unsigned)d >= base)
			break;
		value = value * base + (unsigned)d;
	}
	*out = value;
	return n > 0;
}

static bool take_char(const char **text, char c)
{
	if (**text != c)
		return false;
	(*text)++;
	return true;
}

#define NUMBER_DIGITS 18 /* always fits 64 bits */

bool parse_number(const char *text, u64 max, u64 *out)
{
	u64 value;

	if (!take_digits(&text, DECIMAL, NUMBER_DIGITS, &value) || *text || value > max)
		return false;
	*out = value;
	return true;
}

#define ADDRESS_DIGITS 16

bool parse_address(const char *text, u64 *out)
{
	u64 value;

	if (text[0] == '0' && text[1] == 'x')
		text += 2;
	if (!take_digits(&text, HEX, ADDRESS_DIGITS, &value) || *text)
		return false;
	*out = value;
	return true;
}

bool parse_size(const char *text, u64 *out)
{
	static const struct {
		char suffix;
		u64 unit;
	} units[] = { { 'K', KiB }, { 'M', MiB }, { 'G', GiB },
		      { 'k', KiB }, { 'm', MiB }, { 'g', GiB } };
	u64 value;

	if (!take_digits(&text, DECIMAL, NUMBER_DIGITS, &value) || value > SIZE_MAX_COUNT)
		return false;
	for (unsigned i = 0; i < ARRAY_LEN(units) && *text; i++) {
		if (take_char(&text, units[i].suffix)) {
			value *= units[i].unit;
			break;
		}
	}
	if (*text)
		return false;
	*out = value;
	return true;
}

bool parse_rate_mbps(const char *text, u32 *out)
{
	u64 value;

	if (!take_digits(&text, DECIMAL, NUMBER_DIGITS, &value) || value > RATE_MAX_MBPS)
		return false;
	if (take_char(&text, 'G'))
		value *= MBIT_PER_GBIT;
	else if (!take_char(&text, 'M'))
		return false;
	if (*text || !value || value > RATE_MAX_MBPS)
		return false;
	*out = (u32)value;
	return true;
}

bool parse_mac(const char *text, u8 out[6])
{
	u8 mac[MAC_BYTES];

	for (unsigned i = 0; i < MAC_BYTES; i++) {
		const char *start = text;
		u64 byte;

		if (!take_digits(&text, HEX, 2, &byte) || text - start != 2)
			return false;
		if (i < MAC_BYTES - 1 && !take_char(&text, ':'))
			return false;
		mac[i] = (u8)byte;
	}
	if (*text)
		return false;
	memcpy(out, mac, sizeof(mac));
	return true;
}

bool mac_is_usable(const u8 mac[6])
{
	static const u8 zero[MAC_BYTES];

	/* Bit 0 of the first byte on the wire is the group bit (IEEE 802, clause 8.2). */
	return !(mac[0] & 1) && memcmp(mac, zero, sizeof(zero)) != 0;
}

bool parse_rid(const char *text, struct rid *out)
{
	u64 part[2] = { 0, 0 }, device, function;

	/* "segment:bus:" or "bus:", so the first number's meaning is known at the second colon. */
	if (!take_digits(&text, HEX, 4, &part[1]) || !take_char(&text, ':') ||
	    !take_digits(&text, HEX, 2, &device))
		return false;
	if (take_char(&text, ':')) {
		part[0] = part[1];
		part[1] = device;
		if (!take_digits(&text, HEX, 2, &device))
			return false;
	}
	if (!take_char(&text, '.') || !take_digits(&text, HEX, 1, &function) || *text)
		return false;
	if (part[1] > 0xff || device > 0x1f || function > 7)
		return false;
	*out = rid_make((unsigned)part[0], (unsigned)part[1], (unsigned)device, (unsigned)function);
	return true;
}

bool parse_choice(const char *text, const struct choice *choices, unsigned count, int *out)
{
	for (unsigned i = 0; i < count; i++) {
		if (strcmp(text, choices[i].name) == 0) {
			*out = choices[i].value;
			return true;
		}
	}
	return false;
}

/* Levenshtein's distance, one row at a time. */
static unsigned edit_distance(const char *a, const char *b)
{
	unsigned row[NAME_COMPARED + 1], len = (unsigned)strlen(b);

	for (unsigned j = 0; j <= len; j++)
		row[j] = j;
	for (unsigned i = 0; a[i]; i++) {
		unsigned diagonal = row[0];

		row[0] = i + 1;
		for (unsigned j = 0; j < len; j++) {
			unsigned change = diagonal + (a[i] != b[j]);

			diagonal = row[j + 1];
			row[j + 1] = MIN(change, MIN(row[j], diagonal) + 1);
		}
	}
	return row[len];
}

const char *nearest_name(const char *text, const void *names, unsigned count, size_t stride)
{
	const char *best = NULL;
	size_t len = strlen(text);
	unsigned best_distance = ~0u;

	if (len > NAME_COMPARED)
		return NULL;
	for (unsigned i = 0; i < count; i++) {
		const char *name = *(const char *const *)((const char *)names + i * stride);
		unsigned distance = edit_distance(text, name);

		if (distance < best_distance) {
			best_distance = distance;
			best = name;
		}
	}
	/* More than half of the letters wrong is no typing mistake. */
	return best && best_distance * 2 <= MAX(len, strlen(best)) ? best : NULL;
}
