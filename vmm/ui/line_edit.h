/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Editing one line on a serial terminal: bytes in, bytes to echo out. Cursor keys, Home, End,
 * Delete, history, and the control keys that shells have. Pure.
 */
#ifndef VMM_UI_LINE_EDIT_H
#define VMM_UI_LINE_EDIT_H

#include "base/types.h"

#define LINE_EDIT_BYTES   80 /* with the prompt it fits a terminal of 100 columns */
#define LINE_EDIT_HISTORY 8

struct line_edit {
	const char *prompt;
	void (*echo)(const char *text, size_t len);
	/* Completes text[0..len): returns what to append, "" if nothing; may be NULL. */
	const char *(*complete)(const char *text, size_t len);
	char text[LINE_EDIT_BYTES];
	size_t len, cursor;
	char history[LINE_EDIT_HISTORY][LINE_EDIT_BYTES];
	unsigned entries,
		shown; /* lines kept, newest first; 0 = the line being typed, n = history[n - 1] */
	unsigned escape; /* how far an escape sequence has come */
	u8 parameter;    /* its number, "3" of ESC [ 3 ~ */
	u8 last;         /* the byte before, so that CR LF is one Enter */
};

void line_edit_init(struct line_edit *e, const char *prompt,
		    void (*echo)(const char *text, size_t len));

/* Show prompt and line where the cursor is now. */
void line_edit_redraw(struct line_edit *e);

/* Begin a new, empty line: shows the prompt. */
void line_edit_begin(struct line_edit *e);

/* One byte from the terminal. True: Enter was pressed and e->text is the finished line;
 * line_edit_begin() comes next. */
bool line_edit_key(struct line_edit *e, u8 byte);

#endif
