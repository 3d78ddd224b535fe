/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text formatting without a C library. Understands %s %c %d %i %u %x %X %p %%, flags '-' and '0',
 * width (also '*'), precision for %s, and the length modifiers hh, h, l, ll, z. Nothing else, no
 * floating point.
 */
#ifndef BASE_FORMAT_H
#define BASE_FORMAT_H

#include <stdarg.h>

#include "base/types.h"

/*
 * Write at most `size` bytes including the final NUL to `buf`. Returns the length that the whole
 * text has, without the NUL, as snprintf does: a value >= size means that it was cut. Unknown
 * conversions are printed as they stand.
 */
int format_v(char *buf, size_t size, const char *fmt, va_list args);
int format(char *buf, size_t size, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
