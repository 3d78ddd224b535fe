/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/string.h"
#include "vmm/ui/line_edit.h"

#define KEY_BACKSPACE   0x08
#define KEY_TAB         0x09
#define KEY_ESCAPE      0x1b
#define KEY_DELETE_LEFT 0x7f /* what most terminals send for Backspace */
#define CONTROL(letter) ((letter) - 'A' + 1)

/* Escape sequences of a VT100: ESC [ letter, ESC O letter, ESC [ number ~ (ECMA-48 section 5.4). */
enum {
	ESCAPE_NONE,
	ESCAPE_SEEN,
	ESCAPE_BRACKET
};

static void echo_text(struct line_edit *e, const char *text)
{
	e->echo(text, strlen(text));
}

void line_edit_init(struct line_edit *e, const char *prompt,
		    void (*echo)(const char *text, size_t len))
{
	memset(e, 0, sizeof(*e));
	e->prompt = prompt;
	e->echo = echo;
}

/* The whole line anew: a terminal at 115200 baud takes 10 ms for it, and no state can get lost. */
void line_edit_redraw(struct line_edit *e)
{
	echo_text(e, "\r");
	echo_text(e, e->prompt);
	e->echo(e->text, e->len);
	echo_text(e, "\x1b[K"); /* erase what is right of it */
	for (size_t i = e->cursor; i < e->len; i++)
		echo_text(e, "\b");
}

static void insert(struct line_edit *e, char c)
{
	if (e->len + 1 >= sizeof(e->text))
		return;
	memmove(e->text + e->cursor + 1, e->text + e->cursor, e->len - e->cursor);
	e->text[e->cursor++] = c;
	e->len++;
	e->text[e->len] = 0;
}

static void remove_range(struct line_edit *e, size_t from, size_t to)
{
	memmove(e->text + from, e->text + to, e->len - to);
	e->len -= to - from;
	e->cursor = from;
	e->text[e->len] = 0;
}

static void set_line(struct line_edit *e, const char *text)
{
	e->len = strlen(text);
	memmove(e->text, text, e->len + 1);
	e->cursor = e->len;
}

void line_edit_begin(struct line_edit *e)
{
	set_line(e, "");
	line_edit_redraw(e);
}

static void go_back(struct line_edit *e)
{
	if (e->shown < e->entries)
		set_line(e, e->history[e->shown++]);
}

static void go_forward(struct line_edit *e)
{
	if (!e->shown)
		return;
	e->shown--;
	set_line(e, e->shown ? e->history[e->shown - 1] : "");
}

static void move(struct line_edit *e, size_t to)
{
	if (to <= e->len)
		e->cursor = to;
}

static void delete_right(struct line_edit *e)
{
	if (e->cursor < e->len)
		remove_range(e, e->cursor, e->cursor + 1);
}

static void delete_left(struct line_edit *e)
{
	if (e->cursor)
		remove_range(e, e->cursor - 1, e->cursor);
}

static void delete_word(struct line_edit *e)
{
	size_t from = e->cursor;

	while (from && e->text[from - 1] == ' ')
		from--;
	while (from && e->text[from - 1] != ' ')
		from--;
	remove_range(e, from, e->cursor);
}

static void complete(struct line_edit *e)
{
	if (!e->complete || e->cursor != e->len)
		return;
	for (const char *more = e->complete(e->text, e->len); *more; more++)
		insert(e, *more);
}

static void remember(struct line_edit *e)
{
	e->shown = 0;
	if (!e->len || (e->entries && strcmp(e->history[0], e->text) == 0))
		return;
	memmove(e->history[1], e->history[0], sizeof(e->history) - sizeof(e->history[0]));
	memcpy(e->history[0], e->text, sizeof(e->history[0]));
	e->entries = MIN(e->entries + 1, (unsigned)LINE_EDIT_HISTORY);
}

/* The letter that ends an escape sequence, or '~' with its number. */
static void escape_key(struct line_edit *e, u8 byte)
{
	switch (byte) {
	case 'A': go_back(e); break;
	case 'B': go_forward(e); break;
	case 'C': move(e, e->cursor + 1); break;
	case 'D': move(e, e->cursor - 1); break; /* at 0 it wraps to a number that move() drops */
	case 'H': move(e, 0); break;
	case 'F': move(e, e->len); break;
	case '~':
		if (e->parameter == 3)
			delete_right(e);
		else
			move(e, e->parameter == 1 || e->parameter == 7 ? 0 : e->len);
		break;
	default: break;
	}
}

/* True if the byte belonged to an escape sequence. */
static bool take_escape(struct line_edit *e, u8 byte)
{
	if (e->escape == ESCAPE_NONE) {
		if (byte != KEY_ESCAPE)
			return false;
		e->escape = ESCAPE_SEEN;
	} else if (e->escape == ESCAPE_SEEN) {
		e->escape = byte == '[' || byte == 'O' ? ESCAPE_BRACKET : ESCAPE_NONE;
		e->parameter = 0;
	} else if (byte >= '0' && byte <= '9') {
		e->parameter = (u8)(byte - '0');
	} else if (byte != ';') {
		e->escape = ESCAPE_NONE;
		escape_key(e, byte);
		line_edit_redraw(e);
	}
	return true;
}

static void control_key(struct line_edit *e, u8 byte)
{
	switch (byte) {
	case CONTROL('A'): move(e, 0); break;
	case CONTROL('B'): move(e, e->cursor - 1); break;
	case CONTROL('C'): set_line(e, ""); break;
	case CONTROL('D'): delete_right(e); break;
	case CONTROL('E'): move(e, e->len); break;
	case CONTROL('F'): move(e, e->cursor + 1); break;
	case CONTROL('K'): remove_range(e, e->cursor, e->len); break;
	case CONTROL('N'): go_forward(e); break;
	case CONTROL('P'): go_back(e); break;
	case CONTROL('U'): remove_range(e, 0, e->cursor); break;
	case CONTROL('W'): delete_word(e); break;
	case KEY_BACKSPACE:
	case KEY_DELETE_LEFT: delete_left(e); break;
	case KEY_TAB: complete(e); break;
	default: break;
	}
	line_edit_redraw(e);
}

/* At the end of the line, which is where people type, the letter itself is all that must be shown.
 */
static void type_letter(struct line_edit *e, char c)
{
	size_t before = e->len;

	insert(e, c);
	if (e->len > before && e->cursor == e->len)
		e->echo(&c, 1);
	else
		line_edit_redraw(e);
}

bool line_edit_key(struct line_edit *e, u8 byte)
{
	bool second_of_pair = byte == '\n' && e->last == '\r';

	e->last = byte;
	if (second_of_pair)
		return false;
	if (take_escape(e, byte))
		return false;
	if (byte == '\r' || byte == '\n') {
		echo_text(e, "\r\n");
		remember(e);
		return true;
	}
	if (byte >= ' ' && byte <= '~')
		type_letter(e, (char)byte);
	else
		control_key(e, byte);
	return false;
}
