/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who has COM1: the monitor's command line, or the console of one VM. Takes the log's sink over
 * from base/hw/serial.c. Log lines go above the editor's line, or between a guest's lines.
 */
#ifndef VMM_UI_CONSOLE_H
#define VMM_UI_CONSOLE_H

#include "vmm/ui/line_edit.h"
#include "vmm/vm.h"

/* Take over; log lines are queued from the first console_service() on. */
void console_init(void);

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

/* What a real port takes to send one FIFO of 16 bytes at 115200 baud. */
#define CONSOLE_FIFO_NS (1400 * 1000ull)
/* Send what the port takes without waiting. True: more is left, so call again after
 * CONSOLE_FIFO_NS. Boot core. */
bool console_service(void);

/* Lines to COM1 alone, not to the log. */
void console_show(const char *text, size_t len);

/* Everything is on the wire when this returns: before the machine is switched off. */
void console_flush(void);

/* --- VM consoles: each VM's last bytes, kept over its lives --- */

#define CONSOLE_VM_BYTES (8 * KiB)

enum err console_vm_create(struct vm *vm, struct why *why);
void console_vm_destroy(struct vm *vm);

/* What the guest wrote, byte by byte as it wrote it. Any core. */
void console_vm_output(const struct vm *vm, const char *text, size_t len);

/* Shall a finished line of this VM be shown as "[name] line"? If so, it counts as seen, and
 * `skipped` says how many before it found no room. */
bool console_vm_takes_line(const struct vm *vm, u32 *skipped);

/* Show this VM's console and type into it; NULL: the monitor. Boot core. */
void console_focus(struct vm *vm);
/* Monitor -> first VM -> ... -> last VM -> monitor. */
void console_cycle(void);
/* Whose console it is now; NULL: the monitor's. */
struct vm *console_focused(void);

/* A key for the VM in focus; console_vm_keys_service() gives it to the guest's serial port when
 * that has room. Boot core. */
void console_vm_key(u8 byte);
void console_vm_keys_service(void);

enum console_mode {
	CONSOLE_ALL,    /* lines of VMs out of focus are shown as "[name] line" */
	CONSOLE_FOCUSED /* only who is in focus */
};
void console_set_mode(enum console_mode mode);
enum console_mode console_mode(void);

#endif
