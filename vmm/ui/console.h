/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * COM1 when it has to carry more than log lines: a command line that others must not write into, or
 * a report that must arrive in one piece. Takes the log's sink over from base/hw/serial.c.
 */
#ifndef VMM_UI_CONSOLE_H
#define VMM_UI_CONSOLE_H

#include "vmm/ui/line_edit.h"

/* From now on log lines go above the editor's line, which is shown anew below them. */
void console_attach(struct line_edit *editor);

/* One byte typed into the editor; as line_edit_key(). */
bool console_key(u8 byte);
/* Show a fresh prompt. Until then, after console_key() said true, log lines do not touch the
 * editor's line. */
void console_prompt(void);

/* Keep log lines back while something else is written to COM1, and let them go afterwards. */
void console_hold(void);
void console_release(void);

#endif
