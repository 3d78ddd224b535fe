/* SPDX-License-Identifier: GPL-2.0-only */
/* Private to vmm/config/: the state of parsing one file, words, and values. */
#ifndef VMM_CONFIG_PARSER_H
#define VMM_CONFIG_PARSER_H

#include "vmm/config/config.h"

#define WORD_BYTES (CONFIG_CMDLINE_BYTES + 64) /* the longest good word is a full cmdline="..." */

/* One line being parsed. */
struct line {
	const char *at, *end; /* what is left of it; `end` is behind its last byte */
	unsigned number;      /* in the file, from 1 */
	struct config *out;
	struct vm_config *vm; /* the VM of this line, NULL if it describes none */
	unsigned first_error; /* out->error_count before this line */
	const char
		*whole; /* the token as written when only a part of it is being parsed, else NULL */
	bool bad;       /* something on this line was wrong */
};

/* Note an error about `token`; the VM of the line, if any, will not be started. */
void complain(struct line *l, const char *token, const char *expected, ...) PRINTF_LIKE(3, 4);

enum word {
	WORD_FOUND,
	WORD_NONE,
	WORD_BAD
};

/*
 * The next word of the line, quotes removed, in `word`. A '#' that begins a word ends the line.
 * WORD_BAD: unprintable bytes, a missing closing quote or a word that is too long; it has been
 * complained about and the rest of the line is skipped.
 */
enum word next_word(struct line *l, char word[WORD_BYTES]);

/* Cut `text` at its first `separator`: returns what is behind it, or NULL if there is none. */
char *cut(char *text, char separator);

/* Copy a string that must fit; false (and nothing changed) if it does not. */
bool copy_text(char *to, size_t size, const char *from);

/* One allowed word and what it stands for. */
struct choice {
	const char *name;
	int value;
};

/* Values. Each takes the whole text or says false and leaves *out alone. */
bool parse_number(const char *text, u64 max, u64 *out);
bool parse_address(const char *text, u64 *out);    /* 0x1000 or 1000: hexadecimal */
bool parse_size(const char *text, u64 *out);       /* 4096, 64K, 32M, 1G */
bool parse_rate_mbps(const char *text, u32 *out);  /* 100M, 1G */
bool parse_mac(const char *text, u8 out[6]);       /* any six bytes; mac_is_usable() judges them */
bool mac_is_usable(const u8 mac[6]);               /* unicast and not zero */
bool parse_rid(const char *text, struct rid *out); /* 0000:01:00.0 or 01:00.0 */
bool parse_choice(const char *text, const struct choice *choices, unsigned count, int *out);

/* Of `count` names (`stride` bytes apart, each a const char *), the one that `text` was probably
 * meant to be, or NULL. */
const char *nearest_name(const char *text, const void *names, unsigned count, size_t stride);

/* The value of one vf= token, added to l->vm. */
void parse_vf(struct line *l, char *value);

#endif
