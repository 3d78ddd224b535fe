/* SPDX-License-Identifier: GPL-2.0-only */
/* COM1's text: log lines, the editor's line below them, and nothing that breaks either. */
#include "base/format.h"
#include "base/hw/cpu.h"
#include "base/hw/trap.h"
#include "base/log.h"
#include "base/spinlock.h"
#include "base/string.h"
#include "vmm/ui/console_internal.h"

#define HELD_BYTES (32 * KiB)
#define ERASE_LINE "\r\x1b[K"
#define LOCK_SPINS 10000000u
/* At a time, for ports that take everything at once, as emulated ones do. */
#define BURST_BYTES 128

static struct spinlock lock;
static struct line_edit *editor; /* NULL: there is none */
static bool prompting;           /* its line is on the screen */
static bool line_finished;       /* what the editor holds has been done: the next prompt is empty */
static bool holding;
static char held[HELD_BYTES];
static size_t held_len;
static size_t lost; /* bytes that `held` had no room for */

/*
 * A core that crashed or was stopped inside keeps the lock for ever; what a crash has to say
 * matters more than a tidy line, so the wait ends. Returns whether we have it.
 */
static bool lock_patiently(void)
{
	for (unsigned i = 0; i < LOCK_SPINS; i++) {
		if (!__atomic_exchange_n(&lock.locked, 1, __ATOMIC_ACQUIRE))
			return true;
		__builtin_ia32_pause();
	}
	return false;
}

void console_lock(void)
{
	spin_lock(&lock);
}

void console_unlock(void)
{
	spin_unlock(&lock);
}

bool console_is_held(void)
{
	return holding;
}

void put_lines(const char *text, size_t len)
{
	size_t from = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] != '\n')
			continue;
		com1_write(text + from, i - from);
		com1_write("\r\n", 2);
		from = i + 1;
	}
	com1_write(text + from, len - from);
}

void prompt_hide(void)
{
	if (prompting)
		com1_write(ERASE_LINE, strlen(ERASE_LINE));
	prompting = false;
}

void prompt_show(void)
{
	if (!editor)
		return;
	if (line_finished)
		line_edit_begin(editor);
	else
		line_edit_redraw(editor);
	line_finished = false;
	prompting = true;
}

static void keep(const char *text, size_t len)
{
	size_t room = MIN(len, sizeof(held) - held_len);

	memcpy(held + held_len, text, room);
	held_len += room;
	lost += len - room;
}

static void show(const char *text, size_t len)
{
	if (!prompting) {
		focus_break_line();
		put_lines(text, len);
		return;
	}
	com1_write(ERASE_LINE, strlen(ERASE_LINE));
	put_lines(text, len);
	/* Text without its newline yet: the prompt would come in between. */
	if (len && text[len - 1] == '\n')
		line_edit_redraw(editor);
}

static void sink(const char *text, size_t len)
{
	bool locked = lock_patiently();

	/* Nobody will send the queue any more. */
	if (crash_in_progress())
		com1_stop_queueing();
	if (holding && locked)
		keep(text, len);
	else
		show(text, len);
	if (locked)
		spin_unlock(&lock);
}

void console_init(void)
{
	log_set_sink(sink);
}

void console_attach(struct line_edit *e)
{
	spin_lock(&lock);
	editor = e;
	spin_unlock(&lock);
}

bool console_key(u8 byte)
{
	bool finished;

	spin_lock(&lock);
	finished = line_edit_key(editor, byte);
	if (finished) {
		prompting = false;
		line_finished = true;
	}
	spin_unlock(&lock);
	return finished;
}

void console_prompt(void)
{
	spin_lock(&lock);
	line_finished = true;
	prompt_show();
	spin_unlock(&lock);
}

void console_hold(void)
{
	spin_lock(&lock);
	holding = true;
	if (prompting)
		com1_write(ERASE_LINE, strlen(ERASE_LINE));
	com1_flush(); /* what follows goes to the port directly */
	spin_unlock(&lock);
}

void console_release(void)
{
	char text[64];

	spin_lock(&lock);
	holding = false;
	put_lines(held, held_len);
	if (lost) {
		format(text, sizeof(text), "(%zu characters of the log are not shown here)\n",
		       lost);
		put_lines(text, strlen(text));
	}
	held_len = lost = 0;
	focus_pump();
	if (prompting)
		line_edit_redraw(editor);
	spin_unlock(&lock);
}

void console_show(const char *text, size_t len)
{
	spin_lock(&lock);
	put_lines(text, len);
	spin_unlock(&lock);
}

bool console_service(void)
{
	size_t sent, all = 0;
	bool more;

	/* The lock goes after each FIFO's worth: a core that wants to log waits for microseconds.
	 */
	do {
		spin_lock(&lock);
		focus_pump();
		sent = com1_send();
		more = com1_is_waiting();
		spin_unlock(&lock);
		all += sent;
	} while (sent && more && all < BURST_BYTES);
	return more;
}

void console_flush(void)
{
	spin_lock(&lock);
	com1_stop_queueing();
	spin_unlock(&lock);
}
