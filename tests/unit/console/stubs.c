/* SPDX-License-Identifier: GPL-2.0-only */
/* A serial port that writes down what it sends, and guests that take keys or do not. */
#include <string.h>

#include "base/format.h"
#include "base/hw/cpu.h"
#include "base/hw/trap.h"
#include "console/stubs.h"
#include "vmm/guest/guest.h"
#include "vmm/ui/monitor.h"

struct vm vms[CONFIG_VMS];
unsigned vm_count;
struct wire wire;

static void send(const char *text, size_t len)
{
	assert_true(wire.len + len < sizeof(wire.text));
	memcpy(wire.text + wire.len, text, len);
	wire.len += len;
}

void serial_write(unsigned port, const char *text, size_t len)
{
	assert_int_equal(port, 1);
	wire.waited += len;
	send(text, len);
}

size_t serial_write_some(unsigned port, const char *text, size_t len)
{
	assert_int_equal(port, 1);
	len = wire.busy ? 0 : MIN(len, (size_t)SERIAL_FIFO_BYTES);
	send(text, len);
	return len;
}

int serial_read(unsigned port)
{
	assert_int_equal(port, 1);
	return wire.typed && *wire.typed ? *wire.typed++ : -1;
}

bool crash_in_progress(void)
{
	return wire.crashed;
}

const char *vm_state_name(enum vm_state s)
{
	return s == VM_RUNNING ? "running" : "ended";
}

bool vm_console_input(struct vm *vm, u8 byte)
{
	if (wire.deaf)
		return false;
	assert_true(wire.keys < sizeof(wire.key));
	wire.key_vm = vm;
	wire.key[wire.keys++] = (char)byte;
	return true;
}

void cycle_service(void)
{
}

/* The monitor's commands: written down; those for 'nobody' are refused. */
static void carry_out(const char *name, unsigned words, char *const word[MONITOR_WORDS])
{
	char *at = wire.commands + strlen(wire.commands);
	size_t room = sizeof(wire.commands) - strlen(wire.commands);

	format(at, room, "[%s%s%s%s%s]", name, words > 0 ? " " : "", words > 0 ? word[0] : "",
	       words > 1 ? " " : "", words > 1 ? word[1] : "");
	for (unsigned i = 0; i < words; i++)
		if (strcmp(word[i], "nobody") == 0)
			monitor_refuse("there is nobody");
}

#define COMMAND(name)                                                                              \
	void command_##name(unsigned words, char *const word[MONITOR_WORDS])                       \
	{                                                                                          \
		carry_out(#name, words, word);                                                     \
	}

COMMAND(topology)
COMMAND(features)
COMMAND(acs)
COMMAND(groups)
COMMAND(pf)
COMMAND(vf)
COMMAND(dmar)
COMMAND(vm)
COMMAND(stats)
COMMAND(irq)
COMMAND(faults)
COMMAND(log)
COMMAND(report)
COMMAND(memory)
COMMAND(crash)
COMMAND(poweroff)
COMMAND(console)
COMMAND(mbx)
