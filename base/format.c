/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/format.h"

#include "base/string.h"

/* Where text goes: everything is counted, what fits is stored. */
struct out {
	char *buf;
	size_t size, len;
};

struct spec {
	bool left, zero, upper;
	int width, precision; /* precision < 0: none */
	unsigned bytes;       /* size of an integer argument */
};

static void put(struct out *o, char c)
{
	if (o->len + 1 < o->size)
		o->buf[o->len] = c;
	o->len++;
}

static void put_repeated(struct out *o, char c, int count)
{
	while (count-- > 0)
		put(o, c);
}

static void put_padded(struct out *o, const struct spec *s, const char *text, size_t len)
{
	int pad = s->width - (int)len;

	if (!s->left)
		put_repeated(o, ' ', pad);
	for (size_t i = 0; i < len; i++)
		put(o, text[i]);
	if (s->left)
		put_repeated(o, ' ', pad);
}

static void put_number(struct out *o, const struct spec *s, u64 value, bool negative, unsigned base,
		       const char *prefix)
{
	const char *digits = s->upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char text[24];
	size_t at = sizeof(text);
	int len;

	do {
		text[--at] = digits[value % base];
		value /= base;
	} while (value);
	len = (int)(sizeof(text) - at) + negative + (int)strlen(prefix);
	if (!s->left && !s->zero)
		put_repeated(o, ' ', s->width - len);
	if (negative)
		put(o, '-');
	while (*prefix)
		put(o, *prefix++);
	if (!s->left && s->zero)
		put_repeated(o, '0', s->width - len);
	while (at < sizeof(text))
		put(o, text[at++]);
	if (s->left)
		put_repeated(o, ' ', s->width - len);
}

/* A decimal number or '*' at `fmt`; returns what follows it. */
static const char *parse_number(const char *fmt, va_list *args, int *value)
{
	*value = 0;
	if (*fmt == '*') {
		*value = va_arg(*args, int);
		return fmt + 1;
	}
	while (*fmt >= '0' && *fmt <= '9')
		*value = *value * 10 + (*fmt++ - '0');
	return fmt;
}

static const char *parse_length(const char *fmt, unsigned *bytes)
{
	*bytes = 4;
	if (fmt[0] == 'h') {
		*bytes = fmt[1] == 'h' ? 1 : 2;
		return fmt + (fmt[1] == 'h' ? 2 : 1);
	}
	if (fmt[0] == 'l' || fmt[0] == 'z') {
		*bytes = 8;
		return fmt + (fmt[0] == 'l' && fmt[1] == 'l' ? 2 : 1);
	}
	return fmt;
}

/* Flags, width, precision and length; returns where the conversion letter stands. */
static const char *parse_spec(const char *fmt, va_list *args, struct spec *s)
{
	*s = (struct spec){ .precision = -1 };
	for (; *fmt == '-' || *fmt == '0'; fmt++) {
		s->left |= *fmt == '-';
		s->zero |= *fmt == '0';
	}
	fmt = parse_number(fmt, args, &s->width);
	if (s->width < 0) {
		s->left = true;
		s->width = -s->width;
	}
	if (*fmt == '.')
		fmt = parse_number(fmt + 1, args, &s->precision);
	return parse_length(fmt, &s->bytes);
}

static s64 take_signed(va_list *args, unsigned bytes)
{
	if (bytes == 8)
		return va_arg(*args, s64);

	int value = va_arg(*args, int);

	return bytes == 1 ? (signed char)value : bytes == 2 ? (short)value : value;
}

static u64 take_unsigned(va_list *args, unsigned bytes)
{
	if (bytes == 8)
		return va_arg(*args, u64);
	return va_arg(*args, unsigned) & (u32)(~0ull >> (64 - 8 * bytes));
}

static void put_string(struct out *o, const struct spec *s, const char *text)
{
	if (!text)
		text = "(null)";
	put_padded(o, s, text,
		   s->precision < 0 ? strlen(text) : strnlen(text, (size_t)s->precision));
}

/* One conversion; returns false if the letter is none that we know. */
static bool convert(struct out *o, const struct spec *s, char letter, va_list *args)
{
	s64 number;
	char c;

	switch (letter) {
	case 's': put_string(o, s, va_arg(*args, const char *)); return true;
	case 'c':
		c = (char)va_arg(*args, int);
		put_padded(o, s, &c, 1);
		return true;
	case 'd':
	case 'i':
		number = take_signed(args, s->bytes);
		put_number(o, s, number < 0 ? 0 - (u64)number : (u64)number, number < 0, 10, "");
		return true;
	case 'u': put_number(o, s, take_unsigned(args, s->bytes), false, 10, ""); return true;
	case 'x':
	case 'X': put_number(o, s, take_unsigned(args, s->bytes), false, 16, ""); return true;
	case 'p': put_number(o, s, (uintptr_t)va_arg(*args, void *), false, 16, "0x"); return true;
	case '%': put(o, '%'); return true;
	}
	return false;
}

int format_v(char *buf, size_t size, const char *fmt, va_list args)
{
	struct out o = { buf, size, 0 };
	va_list copy;

	/*
	 * A pointer to a va_list parameter is not portable; a pointer to a copy is (C17 7.16 note
	 * 253).
	 */
	va_copy(copy, args);
	while (*fmt) {
		const char *start = fmt, *letter;
		struct spec s;

		if (*fmt != '%') {
			put(&o, *fmt++);
			continue;
		}
		letter = parse_spec(fmt + 1, &copy, &s);
		s.upper = *letter == 'X';
		fmt = *letter ? letter + 1 : letter;
		if (!*letter || !convert(&o, &s, *letter, &copy))
			while (start < fmt)
				put(&o, *start++);
	}
	va_end(copy);
	if (size)
		buf[MIN(o.len, size - 1)] = 0;
	return (int)o.len;
}

int format(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = format_v(buf, size, fmt, args);
	va_end(args);
	return len;
}
