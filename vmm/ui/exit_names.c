/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of the basic exit reasons (SDM Vol. 3D appendix C), as <asm/vmx.h> lists them. */
#include <asm/vmx.h>

#include "vmm/ui/ui.h"

static const struct {
	unsigned reason;
	const char *name;
} names[] = { VMX_EXIT_REASONS };

const char *exit_reason_name(unsigned reason)
{
	for (unsigned i = 0; i < ARRAY_LEN(names); i++)
		if (names[i].reason == reason)
			return names[i].name;
	return "?";
}
