/* SPDX-License-Identifier: GPL-2.0-only */
/* What the sources under test name and only the machine has. */
#include "vmm/vm.h"

const char *vm_state_name(enum vm_state s)
{
	static const char *const names[] = { "none", "refused", "ready", "running", "ended" };

	return names[s];
}
