/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A JSON writer (RFC 8259) into a buffer. It never cuts silently: text that does not fit is
 * counted, so that the caller can come back with a buffer of `needed` bytes; objects and arrays
 * that were not closed, or closed too often, make it fail. Pure.
 */
#ifndef VMM_UI_JSON_H
#define VMM_UI_JSON_H

#include "base/types.h"

#define JSON_DEPTH 16

struct json {
	char *buf;
	size_t size;
	size_t needed;           /* bytes of the document so far, whether they fitted or not */
	unsigned depth;          /* open objects and arrays */
	bool array[JSON_DEPTH];  /* by depth: is it an array? */
	bool filled[JSON_DEPTH]; /* by depth: does it have an element already? */
	bool broken;             /* nesting went wrong */
};

/* Begin a document: an object is open afterwards. */
void json_begin(struct json *j, char *buf, size_t size);

/* End it. True if the whole document is in the buffer and well-formed. */
bool json_end(struct json *j);

/* `key` is NULL inside arrays and only there. */
void json_object(struct json *j, const char *key);
void json_array(struct json *j, const char *key);
void json_close(struct json *j);
void json_text(struct json *j, const char *key, const char *text);
void json_format(struct json *j, const char *key, const char *fmt, ...) PRINTF_LIKE(3, 4);
void json_number(struct json *j, const char *key, u64 value);
void json_signed(struct json *j, const char *key, s64 value);
void json_hex(struct json *j, const char *key,
	      u64 value); /* "0x..." as a string: 64 bits survive any reader */
void json_bool(struct json *j, const char *key, bool value);
void json_null(struct json *j, const char *key);
void json_rid(struct json *j, const char *key, struct rid rid); /* null for RID_NONE */
/* part / whole with three decimals, rounded; null if whole is 0. */
void json_quotient(struct json *j, const char *key, u64 part, u64 whole);

#endif
