/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The I/O ports that exist for a guest. The table is the whole policy: what it does not list reads
 * all ones, as an empty bus does, and writes to it are dropped. Both are counted.
 */
#include "vmm/guest/devices.h"
#include "vmm/guest/guest.h"

/* Configuration mechanism #1, PCI 3.0 section 3.2.2.3.2. */
#define PORT_CONFIG_ADDRESS      0xcf8
#define PORT_CONFIG_ADDRESS_LAST 0xcfb /* only as one dword */
#define PORT_CONFIG_DATA         0xcfc
#define PORT_CONFIG_DATA_LAST    0xcff
#define CONFIG_ENABLE            BIT(31)
#define PORT_CMOS                0x70
#define PORT_CMOS_LAST           0x71
#define PORT_COM1                0x3f8
#define PORT_COM1_LAST           0x3ff

struct port_row {
	u16 first, last;
	unsigned widths; /* allowed access widths, or-ed: 1, 2, 4 */
	u32 (*read)(struct vm *vm, unsigned offset, unsigned width);
	void (*write)(struct vm *vm, unsigned offset, unsigned width, u32 value);
};

static u32 config_address_read(struct vm *vm, unsigned offset, unsigned width)
{
	(void)offset, (void)width;
	return vm->cf8;
}

static void config_address_write(struct vm *vm, unsigned offset, unsigned width, u32 value)
{
	(void)offset, (void)width;
	vm->cf8 = value;
}

/* The address register picks a dword of one function; the port's low bits pick bytes in it. */
static bool config_target(const struct vm *vm, unsigned offset, u8 *devfn, u16 *reg)
{
	if (!(vm->cf8 & CONFIG_ENABLE) || (vm->cf8 >> 16 & 0xff) != 0)
		return false;
	*devfn = (u8)(vm->cf8 >> 8);
	*reg = (u16)((vm->cf8 & 0xfc) + offset);
	return true;
}

static u32 config_data_read(struct vm *vm, unsigned offset, unsigned width)
{
	u8 devfn;
	u16 reg;
	return config_target(vm, offset, &devfn, &reg) ? vpci_read(vm, devfn, reg, width) : ~0u;
}

static void config_data_write(struct vm *vm, unsigned offset, unsigned width, u32 value)
{
	u8 devfn;
	u16 reg;
	if (config_target(vm, offset, &devfn, &reg))
		vpci_write(vm, devfn, reg, width, value);
}

static u32 com1_read(struct vm *vm, unsigned offset, unsigned width)
{
	(void)width;
	return uart_read(vm, offset);
}

static void com1_write(struct vm *vm, unsigned offset, unsigned width, u32 value)
{
	(void)width;
	uart_write(vm, offset, (u8)value);
}

static const struct port_row port_rows[] = {
	{ PORT_COM1, PORT_COM1_LAST, 1, com1_read, com1_write },
	{ PORT_CMOS, PORT_CMOS_LAST, 1, cmos_read, cmos_write },
	{ GUEST_PORT_EXIT_STATUS, GUEST_PORT_EXIT_STATUS, 1, exit_status_read, exit_status_write },
	{ GUEST_PORT_SLEEP_CONTROL, GUEST_PORT_RESET, 1, power_read, power_write },
	{ PORT_CONFIG_ADDRESS, PORT_CONFIG_ADDRESS_LAST, 4, config_address_read,
	  config_address_write },
	{ PORT_CONFIG_DATA, PORT_CONFIG_DATA_LAST, 1 | 2 | 4, config_data_read, config_data_write },
};

static const struct port_row *find_row(u16 port, unsigned width)
{
	for (unsigned i = 0; i < ARRAY_LEN(port_rows); i++) {
		const struct port_row *row = &port_rows[i];
		if (port >= row->first && port + width - 1 <= row->last && (row->widths & width))
			return row;
	}
	return NULL;
}

static u32 all_ones(unsigned width)
{
	return width >= 4 ? ~0u : BIT(8 * width) - 1;
}

/* Told once in a VM's life: a kernel that probes for old hardware does it a hundred times. */
static void unlisted(struct vm *vm, u64 *count, const char *what, u16 port, unsigned width)
{
	const struct guest_devices *d = guest_devices(vm);
	if (d->unlisted_in + d->unlisted_out == 0)
		guest_teach(vm,
			    "%u-byte %s at I/O port 0x%x: nothing is there, so it reads all ones "
			    "and takes nothing; there are COM1, CMOS, CF8 and power (further ones "
			    "are only counted)",
			    width, what, port);
	++*count;
}

u32 ioport_read(struct vcpu *v, u16 port, unsigned width)
{
	struct vm *vm = v->vm;
	const struct port_row *row = find_row(port, width);
	u32 value = all_ones(width);
	vm_lock(vm);
	if (row)
		value &= row->read(vm, port - row->first, width);
	else
		unlisted(vm, &guest_devices(vm)->unlisted_in, "read", port, width);
	vm_unlock(vm);
	return value;
}

void ioport_write(struct vcpu *v, u16 port, unsigned width, u32 value)
{
	struct vm *vm = v->vm;
	const struct port_row *row = find_row(port, width);
	vm_lock(vm);
	if (row)
		row->write(vm, port - row->first, width, value & all_ones(width));
	else
		unlisted(vm, &guest_devices(vm)->unlisted_out, "write", port, width);
	vm_unlock(vm);
}
