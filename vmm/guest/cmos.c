/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The time of day at a guest's boot: the host's CMOS clock, read-only (Motorola MC146818A, table
 * 1). ACPI says that there is no RTC and Linux makes no device of it, yet it reads the clock once,
 * and without an answer waits for 20 000 reads. Nothing is kept here but the index; set the clock
 * of the machine, not that of a guest.
 */
#include "base/mmio.h"
#include "vmm/guest/devices.h"

#define PORT_INDEX   0x70
#define PORT_DATA    0x71
#define INDEX_BITS   0x7fu /* bit 7 would mask the host's NMI */
#define OFFSET_INDEX 0u

/* Clock and its format: seconds to year without the alarms, status A, B and D, century. Status C is
 * cleared by reading, so it is nobody's. */
#define CLOCK_REGISTERS                                                                            \
	(BIT64(0x0) | BIT64(0x2) | BIT64(0x4) | BITS64(0xb, 0x6) | BIT64(0xd) | BIT64(0x32))

/* Index and data are two ports: between them no other core may come. */
static struct spinlock host_clock;

u32 cmos_read(struct vm *vm, unsigned offset, unsigned width)
{
	u8 index = guest_devices(vm)->cmos_index;
	u8 value;

	(void)width;
	if (offset == OFFSET_INDEX)
		return ~0u; /* write-only */
	if (index >= 64 || !(CLOCK_REGISTERS >> index & 1))
		return 0;
	spin_lock(&host_clock);
	port_out8(PORT_INDEX, index);
	value = port_in8(PORT_DATA);
	spin_unlock(&host_clock);
	return value;
}

void cmos_write(struct vm *vm, unsigned offset, unsigned width, u32 value)
{
	(void)width;
	if (offset == OFFSET_INDEX)
		guest_devices(vm)->cmos_index = value & INDEX_BITS;
}
