/* SPDX-License-Identifier: GPL-2.0-only */
/* The little of base/hw/cpu.h that portable code uses. Weak, so that a test can have its own. */
#include "base/hw/cpu.h"

#include "fakes.h"
#include "internal.h"

static u32 apic_id;
static interrupt_handler *handlers[256];

void fake_cpu_reset(void)
{
	apic_id = 0;
	for (unsigned i = 0; i < 256; i++)
		handlers[i] = NULL;
}

void fake_set_lapic_id(u32 id)
{
	apic_id = id;
}

bool fake_interrupt(u8 vector)
{
	if (!handlers[vector])
		return false;
	handlers[vector](vector);
	return true;
}

__attribute__((weak)) u32 lapic_id(void)
{
	return apic_id;
}

__attribute__((weak)) unsigned cpu_index(void)
{
	return 0;
}

__attribute__((weak)) void interrupt_set_handler(u8 vector, interrupt_handler *handler)
{
	handlers[vector] = handler;
}
