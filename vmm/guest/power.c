/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a Linux guest ends: the ACPI sleep and reset registers (ACPI 6.5 sections 4.8.3.6, 4.8.3.7)
 * and one port of our own for the exit status. Port numbers: base/guest_abi.h; vmm/guest/dsdt.asl
 * and acpi_tables.c tell the guest.
 */
#include "base/guest_abi.h"
#include "vmm/guest/devices.h"
#include "vmm/guest/guest.h"
#include "vmm/life.h"

/* Sleep control register, table 4.24. */
#define SLEEP_ENABLE     BIT(5)
#define SLEEP_TYPE(v)    ((v) >> 2 & 7)
#define SLEEP_TYPE_S5    5u /* \_S5 in dsdt.asl */
#define REGISTER_CONTROL (GUEST_PORT_SLEEP_CONTROL - GUEST_PORT_SLEEP_CONTROL)
#define STARTS_MAX       0xffu
#define REGISTER_RESET   (GUEST_PORT_RESET - GUEST_PORT_SLEEP_CONTROL)

u32 power_read(struct vm *vm, unsigned offset, unsigned width)
{
	(void)vm, (void)offset, (void)width;
	return 0; /* sleep status: nothing has woken; the others are write-only */
}

static void sleep_control(struct vm *vm, u32 value)
{
	u8 status = guest_devices(vm)->exit_status;

	if (!(value & SLEEP_ENABLE))
		return;
	if (SLEEP_TYPE(value) != SLEEP_TYPE_S5) {
		guest_teach(vm, "sleep type %u does not exist here; only S5 (%u), power-off",
			    SLEEP_TYPE(value), SLEEP_TYPE_S5);
		return;
	}
	vm_end(vm, status, "the guest powered off with status %u", status);
}

void power_write(struct vm *vm, unsigned offset, unsigned width, u32 value)
{
	(void)width;
	switch (offset) {
	case REGISTER_CONTROL: sleep_control(vm, value); break;
	case REGISTER_RESET:
		if (value == GUEST_RESET_VALUE)
			vm_restart(vm, "the guest");
		break;
	default: break; /* sleep status: write-one-to-clear bits that are never set */
	}
}

/* A guest that reboots remembers nothing: here it learns how often it has been started before. */
u32 exit_status_read(struct vm *vm, unsigned offset, unsigned width)
{
	(void)offset, (void)width;
	return vm->starts ? MIN(vm->starts - 1, STARTS_MAX) : 0;
}

void exit_status_write(struct vm *vm, unsigned offset, unsigned width, u32 value)
{
	(void)offset, (void)width;
	guest_devices(vm)->exit_status = (u8)value;
}
