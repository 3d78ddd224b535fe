/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every small guest has: its start data, text output, time, an exit. A guest defines
 * guest_main(); what that returns is the VM's exit status.
 */
#ifndef GUESTS_GUEST_H
#define GUESTS_GUEST_H

#include "base/guest_abi.h"
#include "base/string.h"
#include "hypercall.h"

/* Exit statuses. 0 is the only one that counts as success in a run. */
enum guest_status {
	STATUS_OK = 0,
	STATUS_FAILED = 1,      /* a check failed; the console says which */
	STATUS_USAGE = 2,       /* the command line or the start data cannot be used */
	STATUS_TIMEOUT = 3,     /* something that should have happened did not */
	STATUS_NO_DEVICE = 4,   /* a VF that the guest needs is not there */
	STATUS_EXCEPTION = 128, /* + vector: an exception that nobody expected */
};

int guest_main(void);

/* What the hypervisor handed over. Valid from the first line of guest_main(). */
extern const struct coppice_start *guest;

/* Bounds of the loaded image, from guest.ld. */
extern u8 guest_image_start[], guest_image_end[];

__attribute__((noreturn)) void guest_exit(u64 status);

/* One call, one write to the VM's console: lines of the length of a line stay whole. */
void print(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* Say why, and exit with `status`. */
__attribute__((noreturn)) void guest_die(enum guest_status status, const char *fmt, ...)
	PRINTF_LIKE(2, 3);

/* Nanoseconds since guest_main() began, from the TSC: costs no exit. */
u64 now_ns(void);
void delay_ns(u64 ns);
#define NS_PER_MS 1000000ull
#define NS_PER_S  1000000000ull

/*
 * The command line is words separated by blanks, each `key=value` or `key`. cmdline_get() copies
 * the value of the first word with that key to `value` ("" for a word without '=') and returns
 * whether there is one.
 */
#define CMDLINE_VALUE_BYTES 64
bool cmdline_get(const char *key, char value[CMDLINE_VALUE_BYTES]);
/* Decimal, or hexadecimal after 0x; `fallback` if the key is missing. A value that is no number
 * ends the guest. */
u64 cmdline_number(const char *key, u64 fallback);
/* The number that `text` begins with in `base` (10 or 16); `*end` is the first character after it.
 */
u64 parse_number(const char *text, unsigned base, const char **end);

#endif
