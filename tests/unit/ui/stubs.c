/* SPDX-License-Identifier: GPL-2.0-only */
/* What the sources under test name and only the machine has. */
#include "vmm/life.h"

const char *vm_state_name(enum vm_state s)
{
	static const char *const names[] = { "none", "refused", "ready", "running", "ended" };

	return names[s];
}

u64 vm_exits(const struct vm *vm, unsigned reason)
{
	return vm->past_exits[reason];
}

u64 vm_injected(const struct vm *vm)
{
	return vm->past_injected;
}
