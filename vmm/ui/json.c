/* SPDX-License-Identifier: GPL-2.0-only */
/* JSON (RFC 8259), written front to back. */
#include "base/format.h"
#include "base/string.h"
#include "vmm/ui/json.h"

#define LINE_DEPTH     2 /* elements of the outer levels begin a line of their own, for people */
#define QUOTIENT_SCALE 1000u /* three decimals */
#define TEXT_BYTES     512

static void put(struct json *j, char c)
{
	if (j->needed < j->size)
		j->buf[j->needed] = c;
	j->needed++;
}

static void put_bytes(struct json *j, const char *bytes, size_t len)
{
	if (j->needed < j->size)
		memcpy(j->buf + j->needed, bytes, MIN(len, j->size - j->needed));
	j->needed += len;
}

static void puts_raw(struct json *j, const char *text)
{
	put_bytes(j, text, strlen(text));
}

/* How many bytes stand for themselves in a string. */
static size_t plain_bytes(const char *text)
{
	size_t n = 0;

	while (text[n] >= ' ' && text[n] <= '~' && text[n] != '"' && text[n] != '\\')
		n++;
	return n;
}

/* A string. Bytes above 0x7f are no UTF-8 that anybody promised: each becomes the code point of its
 * value. */
static void put_string(struct json *j, const char *text)
{
	char escape[8];

	put(j, '"');
	for (;;) {
		size_t plain = plain_bytes(text);
		u8 c = (u8)text[plain];

		put_bytes(j, text, plain);
		if (!c)
			break;
		format(escape, sizeof(escape), c == '"' || c == '\\' ? "\\%c" : "\\u%04x", c);
		puts_raw(j, escape);
		text += plain + 1;
	}
	put(j, '"');
}

/* Everything that stands before a value: comma, line, key. */
static void before(struct json *j, const char *key)
{
	unsigned level = j->depth - 1;

	if (!j->depth || j->array[level] != !key) {
		j->broken = true;
		return;
	}
	if (j->filled[level])
		put(j, ',');
	if (j->depth <= LINE_DEPTH)
		put(j, '\n');
	j->filled[level] = true;
	if (key) {
		put_string(j, key);
		put(j, ':');
	}
}

static void open(struct json *j, bool array)
{
	put(j, array ? '[' : '{');
	if (j->depth == JSON_DEPTH) {
		j->broken = true;
		return;
	}
	j->array[j->depth] = array;
	j->filled[j->depth++] = false;
}

void json_begin(struct json *j, char *buf, size_t size)
{
	*j = (struct json){ .buf = buf, .size = size };
	open(j, false);
}

bool json_end(struct json *j)
{
	json_close(j);
	return !j->broken && j->depth == 0 && j->needed <= j->size;
}

void json_object(struct json *j, const char *key)
{
	before(j, key);
	open(j, false);
}

void json_array(struct json *j, const char *key)
{
	before(j, key);
	open(j, true);
}

void json_close(struct json *j)
{
	if (!j->depth) {
		j->broken = true;
		return;
	}
	put(j, j->array[--j->depth] ? ']' : '}');
}

void json_text(struct json *j, const char *key, const char *text)
{
	before(j, key);
	put_string(j, text);
}

void json_format(struct json *j, const char *key, const char *fmt, ...)
{
	char text[TEXT_BYTES];
	va_list args;
	int len;

	va_start(args, fmt);
	len = format_v(text, sizeof(text), fmt, args);
	va_end(args);
	/* A string that was cut is a lie in a report: the document fails instead. */
	if (len < 0 || (size_t)len >= sizeof(text))
		j->broken = true;
	json_text(j, key, text);
}

void json_number(struct json *j, const char *key, u64 value)
{
	char text[24];

	before(j, key);
	format(text, sizeof(text), "%llu", (unsigned long long)value);
	puts_raw(j, text);
}

void json_signed(struct json *j, const char *key, s64 value)
{
	char text[24];

	before(j, key);
	format(text, sizeof(text), "%lld", (long long)value);
	puts_raw(j, text);
}

void json_hex(struct json *j, const char *key, u64 value)
{
	json_format(j, key, "0x%llx", (unsigned long long)value);
}

void json_bool(struct json *j, const char *key, bool value)
{
	before(j, key);
	puts_raw(j, value ? "true" : "false");
}

void json_null(struct json *j, const char *key)
{
	before(j, key);
	puts_raw(j, "null");
}

void json_rid(struct json *j, const char *key, struct rid rid)
{
	if (rid_equal(rid, RID_NONE))
		json_null(j, key);
	else
		json_format(j, key, RID_FMT, RID_ARG(rid));
}

void json_quotient(struct json *j, const char *key, u64 part, u64 whole)
{
	char text[32];
	u64 rest;

	if (!whole) {
		json_null(j, key);
		return;
	}
	before(j, key);
	/* In two steps, so that large counts do not overflow when scaled. */
	rest = (part % whole * QUOTIENT_SCALE + whole / 2) / whole;
	format(text, sizeof(text), "%llu.%03llu",
	       (unsigned long long)(part / whole + rest / QUOTIENT_SCALE),
	       (unsigned long long)(rest % QUOTIENT_SCALE));
	puts_raw(j, text);
}
