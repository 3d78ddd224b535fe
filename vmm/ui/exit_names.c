/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of the basic exit reasons (SDM Vol. 3D appendix C), as <asm/vmx.h> lists them. */
#include <asm/vmx.h>

#include "base/format.h"
#include "vmm/ui/report.h"

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

const char *exit_reason_key(unsigned reason, char *buf, size_t size)
{
	const char *name = exit_reason_name(reason);

	if (name[0] == '?')
		format(buf, size, "REASON_%u", reason);
	else
		format(buf, size, "%s", name);
	return buf;
}
