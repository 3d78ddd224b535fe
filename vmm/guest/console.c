/* SPDX-License-Identifier: GPL-2.0-only */
/* A VM's console: bytes become lines, lines become "[name] text". */
#include "vmm/guest/devices.h"
#include "vmm/guest/guest.h"
#include "vmm/ui/console.h"

static void emit_line(struct vm *vm, struct guest_devices *d)
{
	u32 suppressed, skipped;
	vm->line[vm->line_len] = '\0';
	vm->line_len = 0;
	if (!rate_limit_pass(&d->console_limit, &suppressed))
		return;
	if (!console_vm_takes_line(vm, &skipped)) {
		log_keep("[%s] %s\n", vm->name, vm->line);
		return;
	}
	if (suppressed)
		log_text("[%s] (%u lines not shown: more than %u in a second)\n", vm->name,
			 suppressed, CONSOLE_LINES);
	if (skipped)
		log_text("[%s] (%u lines not shown: the serial line was busy; 'log' has them)\n",
			 vm->name, skipped);
	log_text("[%s] %s\n", vm->name, vm->line);
}

/*
 * What a guest prints reaches the terminal of a person: control characters could redraw it or make
 * it answer, so only text passes. Bytes above 0x9f are parts of UTF-8.
 */
static bool is_text(u8 byte)
{
	return (byte >= 0x20 && byte < 0x7f) || byte == '\t' || byte >= 0xa0;
}

static void put(struct vm *vm, struct guest_devices *d, u8 byte)
{
	if (byte == '\n') {
		emit_line(vm, d);
		return;
	}
	if (byte == '\r' || byte == '\0')
		return;
	if (vm->line_len == sizeof(vm->line) - 1)
		emit_line(vm, d);
	vm->line[vm->line_len++] = is_text(byte) ? (char)byte : '?';
}

void vm_console_write(struct vm *vm, const char *text, size_t len)
{
	struct guest_devices *d = guest_devices(vm);
	spin_lock(&d->console_lock);
	/* A line at a time, so that what counts as seen when a line is shown ends with that line.
	 */
	for (size_t from = 0, i = 0; i < len; i++) {
		if (text[i] == '\n' || i == len - 1) {
			console_vm_output(vm, text + from, i + 1 - from);
			from = i + 1;
		}
		put(vm, d, (u8)text[i]);
	}
	spin_unlock(&d->console_lock);
}

bool vm_console_input(struct vm *vm, u8 byte)
{
	bool taken;
	if (vm->state != VM_RUNNING || !vm->devices)
		return true; /* nobody will ever read it */
	vm_lock(vm);
	taken = uart_receive(vm, byte);
	vm_unlock(vm);
	return taken;
}

void vm_console_flush(struct vm *vm)
{
	if (!vm->devices)
		return;
	struct guest_devices *d = guest_devices(vm);
	spin_lock(&d->console_lock);
	if (vm->line_len)
		emit_line(vm, d);
	spin_unlock(&d->console_lock);
}
