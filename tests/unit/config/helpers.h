/* SPDX-License-Identifier: GPL-2.0-only */
/* Parsing a text and looking at what came out. */
#ifndef TESTS_UNIT_CONFIG_HELPERS_H
#define TESTS_UNIT_CONFIG_HELPERS_H

#include "vmm/config/config.h"

/* The last text parsed by good() or bad(). */
extern struct config parsed;

/* Parse a text that must be without error. */
void good(const char *text);

/* Parse a text that must have exactly one error, and that error must have all these words in its
 * text (NULL ends the list). */
void bad(const char *text, ...) __attribute__((sentinel));

/* Parse `len` bytes, from a heap block of exactly that size so that ASan sees any step outside. */
enum err parse_bytes(const char *bytes, size_t len);

#endif
