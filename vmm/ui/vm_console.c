/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The consoles of VMs. Whatever a guest writes goes into a ring of its own and never waits for the
 * serial port; what is shown of it depends on who is in focus:
 *
 *	in focus	byte for byte, as a terminal wants it
 *	else		"[name] line" (console mode all), or nothing (console mode focused)
 */
#include "base/format.h"
#include "base/pool.h"
#include "base/string.h"
#include "vmm/guest/guest.h"
#include "vmm/ui/byte_ring.h"
#include "vmm/ui/console_internal.h"

#define RECENT_BYTES 1024u /* shown again when a VM comes into focus: some 15 lines */
#define KEYS         64u   /* typed ahead: a line that was pasted */
#define CHUNK_BYTES  256u

struct screen {
	struct byte_ring ring;
	u32 skipped; /* lines that the serial port had no room for */
	u8 key[KEYS];
	unsigned keys;
};

static struct screen screens[CONFIG_VMS];
static struct vm *focus; /* NULL: the monitor */
static enum console_mode mode;
static bool last_was_cr;

static struct screen *screen_of(const struct vm *vm)
{
	return &screens[vm->id];
}

enum err console_vm_create(struct vm *vm, struct why *why)
{
	struct byte_ring *r = &screen_of(vm)->ring;

	if (!r->data)
		r->data = pool_alloc(POOL_VM, CONSOLE_VM_BYTES / PAGE_SIZE, PAGE_SIZE);
	if (!r->data)
		return fail(why, ERR_NO_MEMORY, RID_NONE, "VM %s: no memory for its console",
			    vm->name);
	r->size = CONSOLE_VM_BYTES;
	return OK;
}

void console_vm_destroy(struct vm *vm)
{
	struct screen *s = screen_of(vm);

	if (focus == vm)
		console_focus(NULL);
	console_lock();
	pool_free(POOL_VM, s->ring.data, CONSOLE_VM_BYTES / PAGE_SIZE);
	*s = (struct screen){ 0 };
	console_unlock();
}

/* --- output --- */

/* As it is, but a bare newline becomes what a terminal needs. */
static void put_raw(const char *text, size_t len)
{
	size_t from = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n' && !last_was_cr) {
			com1_write(text + from, i - from);
			com1_write("\r", 1);
			from = i;
		}
		last_was_cr = text[i] == '\r';
	}
	com1_write(text + from, len - from);
}

void focus_pump(void)
{
	char chunk[CHUNK_BYTES];
	u64 lost;

	if (!focus || console_is_held())
		return;
	while (com1_has_room()) {
		size_t len = ring_take(&screen_of(focus)->ring, chunk, sizeof(chunk), &lost);

		if (lost) {
			char note[80];
			int n = format(note, sizeof(note),
				       "\n(%llu bytes came faster than the line takes them)\n",
				       (unsigned long long)lost);

			put_lines(note, (size_t)n);
		}
		if (!len)
			return;
		put_raw(chunk, len);
	}
}

void focus_break_line(void)
{
	if (focus && !com1_at_line_start())
		com1_write("\r\n", 2);
}

void console_vm_output(const struct vm *vm, const char *text, size_t len)
{
	struct byte_ring *r = &screen_of(vm)->ring;

	console_lock();
	if (r->data)
		ring_put(r, text, len);
	if (vm == focus)
		focus_pump();
	console_unlock();
}

bool console_vm_takes_line(const struct vm *vm, u32 *skipped)
{
	struct screen *s = screen_of(vm);
	bool wanted, takes;

	console_lock();
	wanted = vm != focus && mode == CONSOLE_ALL;
	takes = wanted && com1_has_room();
	*skipped = s->skipped;
	if (takes) {
		ring_skip(&s->ring);
		s->skipped = 0;
	} else if (wanted) {
		s->skipped++;
	}
	console_unlock();
	return takes;
}

/* --- focus --- */

static const char *next_name(const struct vm *vm)
{
	unsigned next = vm ? vm->id + 1 : 0;

	while (next < vm_count && vms[next].destroyed)
		next++;
	return next < vm_count ? vms[next].name : NULL;
}

static void say_focus(void)
{
	const char *next = next_name(focus);
	char text[160];
	int n = focus ? format(text, sizeof(text),
			       "--- console of VM %s, which is %s; Ctrl-] goes on to %s%s ---\n",
			       focus->name, vm_state_name(focus->state),
			       next ? "VM " : "the monitor", next ? next : "")
		      : format(text, sizeof(text), "--- the monitor; Ctrl-] goes on to %s%s ---\n",
			       next ? "VM " : "itself: there is no VM", next ? next : "");

	if (!com1_at_line_start())
		com1_write("\r\n", 2);
	put_lines(text, (size_t)n);
}

void console_focus(struct vm *vm)
{
	console_lock();
	if (vm == focus && vm) {
		console_unlock();
		return;
	}
	prompt_hide();
	focus = vm;
	last_was_cr = false;
	say_focus();
	if (vm) {
		ring_rewind(&screen_of(vm)->ring, RECENT_BYTES);
		focus_pump();
	} else {
		prompt_show();
	}
	console_unlock();
}

void console_cycle(void)
{
	unsigned next = focus ? focus->id + 1 : 0;

	while (next < vm_count && vms[next].destroyed)
		next++;
	console_focus(next < vm_count ? &vms[next] : NULL);
}

struct vm *console_focused(void)
{
	return focus;
}

void console_set_mode(enum console_mode new_mode)
{
	mode = new_mode;
}

enum console_mode console_mode(void)
{
	return mode;
}

/* --- input --- */

void console_vm_key(u8 byte)
{
	struct screen *s;

	if (!focus)
		return;
	s = screen_of(focus);
	/* A guest that does not listen gets no more than this: the rest is dropped, as a UART does.
	 */
	if (s->keys < KEYS)
		s->key[s->keys++] = byte;
}

void console_vm_keys_service(void)
{
	struct screen *s;
	unsigned taken = 0;

	if (!focus)
		return;
	s = screen_of(focus);
	while (taken < s->keys && vm_console_input(focus, s->key[taken]))
		taken++;
	s->keys -= taken;
	memmove(s->key, s->key + taken, s->keys);
}
