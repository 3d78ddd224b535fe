/* SPDX-License-Identifier: GPL-2.0-only */
/* Lines into words, and what is said about bad ones. */
#include "base/format.h"
#include "base/string.h"
#include "vmm/config/parser.h"

#define TOKEN_SHOWN 48 /* bytes of a token in a message */

/* A token for a message: cut when long, bytes that a terminal must not see as '?'. */
static void show_token(char *buf, size_t size, const char *token)
{
	size_t n = 0;

	for (; n < size - 1 && token[n]; n++)
		buf[n] = token[n] >= ' ' && token[n] <= '~' ? token[n] : '?';
	buf[n] = 0;
	if (token[n])
		memcpy(buf + n - 3, "...", 3);
}

/* The next free error slot. When there are no more, the last one counts what is not listed. */
static struct config_error *new_error(struct config *out)
{
	if (out->error_count < CONFIG_ERRORS)
		return &out->error[out->error_count++];
	return NULL;
}

static void count_unlisted(struct config *out)
{
	struct config_error *last = &out->error[CONFIG_ERRORS - 1];

	out->unlisted_errors +=
		out->unlisted_errors ? 1
				     : 2; /* the first time, the last slot's own error goes too */
	last->vm[0] = 0;
	format(last->text, sizeof(last->text), "line %u and later: %u more errors are not listed",
	       last->line, out->unlisted_errors);
}

void complain(struct line *l, const char *token, const char *expected, ...)
{
	char shown[TOKEN_SHOWN], whole[TOKEN_SHOWN], text[160];
	struct config_error *e = new_error(l->out);
	va_list args;

	l->bad = true;
	if (!e) {
		count_unlisted(l->out);
		return;
	}
	va_start(args, expected);
	format_v(text, sizeof(text), expected, args);
	va_end(args);
	show_token(shown, sizeof(shown), token);
	e->line = l->number;
	e->vm[0] = 0;
	if (l->whole) {
		show_token(whole, sizeof(whole), l->whole);
		format(e->text, sizeof(e->text), "line %u: '%s' in token '%s': %s", l->number,
		       shown, whole, text);
	} else {
		format(e->text, sizeof(e->text), "line %u: token '%s': %s", l->number, shown, text);
	}
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_printable(char c)
{
	return (c >= ' ' && c <= '~') || c == '\t';
}

static enum word bad_word(struct line *l)
{
	l->at = l->end;
	return WORD_BAD;
}

static enum word bad_byte(struct line *l, char *word, size_t len)
{
	word[len] = 0;
	complain(l, word,
		 "byte 0x%02x follows; expected plain ASCII text (is this file a coppice.cfg?)",
		 (u8)*l->at);
	return bad_word(l);
}

enum word next_word(struct line *l, char word[WORD_BYTES])
{
	bool quoted = false;
	size_t len = 0;

	while (l->at < l->end && is_space(*l->at))
		l->at++;
	if (l->at == l->end || *l->at == '#')
		return WORD_NONE;
	for (; l->at < l->end && (quoted || !is_space(*l->at)); l->at++) {
		if (!is_printable(*l->at))
			return bad_byte(l, word, len);
		if (*l->at == '"') {
			quoted = !quoted;
			continue;
		}
		/* Inside quotes, \" and \\ stand for the bare characters. */
		if (quoted && *l->at == '\\' && l->at + 1 < l->end &&
		    (l->at[1] == '"' || l->at[1] == '\\'))
			l->at++;
		if (len == WORD_BYTES - 1) {
			word[len] = 0;
			complain(l, word, "expected at most %u characters",
				 (unsigned)WORD_BYTES - 1);
			return bad_word(l);
		}
		word[len++] = *l->at;
	}
	word[len] = 0;
	if (quoted) {
		complain(l, word, "expected a closing '\"' on the same line");
		return bad_word(l);
	}
	return WORD_FOUND;
}

char *cut(char *text, char separator)
{
	char *at = strchr(text, separator);

	if (!at)
		return NULL;
	*at = 0;
	return at + 1;
}

bool copy_text(char *to, size_t size, const char *from)
{
	size_t len = strlen(from);

	if (len >= size)
		return false;
	memcpy(to, from, len + 1);
	return true;
}
