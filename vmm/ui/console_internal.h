/* SPDX-License-Identifier: GPL-2.0-only */
/* What console.c and vm_console.c share. */
#ifndef VMM_UI_CONSOLE_INTERNAL_H
#define VMM_UI_CONSOLE_INTERNAL_H

#include "vmm/ui/com1.h"
#include "vmm/ui/console.h"

/*
 * Lock order: the log's lock, then the console's. The log calls our sink with its lock held; we
 * never log with ours held.
 */
void console_lock(void);
void console_unlock(void);

/* --- console.c; lock held */

/* Terminals want a carriage return before each newline. */
void put_lines(const char *text, size_t len);
/* Take the editor's line from the screen, or put it there. */
void prompt_hide(void);
void prompt_show(void);
bool console_is_held(void);

/* --- vm_console.c; lock held */

/* Show what the VM in focus has written, as long as there is room. */
void focus_pump(void);
/* Some text that is not the focused VM's comes now: on a line of its own. */
void focus_break_line(void);

#endif
