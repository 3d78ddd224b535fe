/* SPDX-License-Identifier: GPL-2.0-only */
/* Start, output, time and end of a small guest. */
#include "guest.h"

#include "base/format.h"
#include "base/hw/insn.h"
#include "interrupt.h"

#define LINE_BYTES 512
#define US_PER_S   1000000ull
#define NS_PER_US  1000ull
#define KHZ_PER_NS 1000000ull /* ticks = ns * kHz / 10^6 */

const struct coppice_start *guest;
static u64 start_tsc;

void guest_start(const struct coppice_start *start);

static void console_write(const char *text, size_t len)
{
	hypercall(HC_CONSOLE_WRITE, (u64)text, len, 0);
}

static void print_v(const char *fmt, va_list args)
{
	char line[LINE_BYTES];
	int len = format_v(line, sizeof(line), fmt, args);

	console_write(line, MIN((size_t)len, sizeof(line) - 1));
}

void print(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	print_v(fmt, args);
	va_end(args);
}

void guest_exit(u64 status)
{
	hypercall(HC_EXIT, status, 0, 0);
	/* HC_EXIT does not return; if it did, this core must not run on. */
	for (;;)
		halt_forever();
}

void guest_die(enum guest_status status, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	print_v(fmt, args);
	va_end(args);
	print("\n");
	guest_exit(status);
}

u64 now_ns(void)
{
	u64 ticks = rdtsc() - start_tsc;

	/* In two steps, so that nothing overflows before the guest has run for centuries. */
	return ticks / guest->tsc_khz * KHZ_PER_NS +
	       ticks % guest->tsc_khz * KHZ_PER_NS / guest->tsc_khz;
}

void delay_ns(u64 ns)
{
	u64 end = now_ns() + ns;

	while (now_ns() < end)
		cpu_relax();
}

void guest_start(const struct coppice_start *start)
{
	guest = start;
	start_tsc = rdtsc();
	interrupt_init();
	if (start->magic != COPPICE_START_MAGIC)
		guest_die(STATUS_USAGE, "start data: magic %llx, expected %llx",
			  (unsigned long long)start->magic, COPPICE_START_MAGIC);
	if (start->abi_version != COPPICE_ABI_VERSION)
		guest_die(STATUS_USAGE, "start data: ABI version %u, this guest speaks %u",
			  start->abi_version, COPPICE_ABI_VERSION);
	if (!start->tsc_khz)
		guest_die(STATUS_USAGE, "start data: TSC frequency is 0");
	guest_exit((u64)guest_main());
}
