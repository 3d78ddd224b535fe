/* SPDX-License-Identifier: GPL-2.0-only */
/* The monitor's command that stops the machine on purpose: what is told of a crash, and kept. */
#include "base/log.h"
#include "base/panic.h"
#include "base/string.h"
#include "vmm/ui/monitor.h"

/* Our code is mapped without the right to write (boot/linker.ld): a page fault. */
static void write_to_code(void)
{
	*(volatile u8 *)(uintptr_t)command_crash = 0;
}

void command_crash(unsigned words, char *const word[MONITOR_WORDS])
{
	(void)words;
	if (strcmp(word[0], "fault") == 0)
		write_to_code();
	else if (strcmp(word[0], "bug") == 0)
		HV_BUG("asked for from the monitor");
	monitor_refuse("expected: crash bug|fault");
}
