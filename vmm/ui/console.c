/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lock order: the log's lock, then ours. The log calls our sink with its lock held; we never log
 * with ours held.
 */
#include "base/format.h"
#include "base/hw/cpu.h"
#include "base/log.h"
#include "base/spinlock.h"
#include "base/string.h"
#include "vmm/ui/console.h"

#define CONSOLE    1
#define HELD_BYTES (32 * KiB)
#define ERASE_LINE "\r\x1b[K"
#define LOCK_SPINS 10000000u

static struct spinlock lock;
static struct line_edit *editor; /* NULL: there is none */
static bool prompting;           /* its line is on the screen */
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

static void raw(const char *text, size_t len)
{
	serial_write(CONSOLE, text, len);
}

/* Terminals want a carriage return before each newline. */
static void put_lines(const char *text, size_t len)
{
	size_t from = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] != '\n')
			continue;
		raw(text + from, i - from);
		raw("\r\n", 2);
		from = i + 1;
	}
	raw(text + from, len - from);
}

static void keep(const char *text, size_t len)
{
	size_t room = MIN(len, sizeof(held) - held_len);

	memcpy(held + held_len, text, room);
	held_len += room;
	lost += len - room;
}

static void sink(const char *text, size_t len)
{
	bool locked = lock_patiently();

	if (holding && locked) {
		keep(text, len);
	} else if (prompting) {
		raw(ERASE_LINE, strlen(ERASE_LINE));
		put_lines(text, len);
		/* Text without its newline yet: the prompt would come in between. */
		if (len && text[len - 1] == '\n')
			line_edit_redraw(editor);
	} else {
		put_lines(text, len);
	}
	if (locked)
		spin_unlock(&lock);
}

void console_attach(struct line_edit *e)
{
	editor = e;
	log_set_sink(sink);
}

bool console_key(u8 byte)
{
	bool finished;

	spin_lock(&lock);
	finished = line_edit_key(editor, byte);
	if (finished)
		prompting = false;
	spin_unlock(&lock);
	return finished;
}

void console_prompt(void)
{
	spin_lock(&lock);
	line_edit_begin(editor);
	prompting = true;
	spin_unlock(&lock);
}

void console_hold(void)
{
	log_set_sink(sink);
	spin_lock(&lock);
	holding = true;
	if (prompting)
		raw(ERASE_LINE, strlen(ERASE_LINE));
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
	if (prompting)
		line_edit_redraw(editor);
	spin_unlock(&lock);
}
