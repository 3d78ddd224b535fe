/* SPDX-License-Identifier: GPL-2.0-only */
/* The state behind vm->devices: what the virtual devices of vmm/guest/ keep per VM. Private to
 * vmm/guest/ and vmm/assign/. */
#ifndef VMM_GUEST_DEVICES_H
#define VMM_GUEST_DEVICES_H

#include "base/log.h"
#include "vmm/vm.h"

#define UART_FIFO_BYTES 16

/* A 16550A without wires: output goes to the VM's console, its interrupt to the I/O APIC. */
struct uart {
	u8 ier, fcr, lcr, mcr, scr, dll, dlm;
	bool thr_empty_pending; /* THRE interrupt not yet seen through IIR */
	u8 fifo[UART_FIFO_BYTES];
	u8 fifo_first, fifo_len;
};

#define IOAPIC_PINS 24

struct ioapic {
	bool initialised;
	u8 select;
	u32 lines; /* a bit per pin: high */
	u64 entry[IOAPIC_PINS];
};

struct guest_devices {
	struct spinlock console_lock;
	struct rate_limit
		console_limit; /* a guest that floods its console must not starve the serial port */
	struct rate_limit teach_limit; /* for texts that explain what the guest did wrong */
	struct uart uart;
	struct ioapic ioapic;
	u64 unlisted_in, unlisted_out; /* port accesses that no row of the table allows */
	u64 absent_mmio;               /* accesses to the PCI window where nothing decodes */
	u64 config_accesses;
	u8 cmos_index;
	u8 exit_status; /* what the guest wrote to GUEST_PORT_EXIT_STATUS */
};
_Static_assert(sizeof(struct guest_devices) <= PAGE_SIZE, "vm->devices is one page");

/*
 * Linux prints some hundred lines in its busiest second of boot. Beyond CONSOLE_LINES a guest only
 * hides its neighbours' text behind its own on a 115200 baud line.
 */
#define CONSOLE_LINES 2000
#define TEACH_LINES   4

/* vm->lock, which protects the virtual devices; waiting for it serves EPT flush requests of the
 * holder. */
void vm_lock(struct vm *vm);
bool vm_try_lock(struct vm *vm);
void vm_unlock(struct vm *vm);

/* Never NULL; limits are set on first use. */
struct guest_devices *guest_devices(struct vm *vm);

/* A line that tells the guest's owner what the guest did, at most TEACH_LINES a second per VM. */
#define guest_teach(vm, ...)                                                                       \
	log_limited(&guest_devices(vm)->teach_limit, LOG_WARN, (vm)->name, __VA_ARGS__)

/* The serial port; vm->lock held. */
u8 uart_read(struct vm *vm, unsigned offset);
void uart_write(struct vm *vm, unsigned offset, u8 value);
/* A byte typed for this VM; false if its FIFO is full. */
bool uart_receive(struct vm *vm, u8 byte);

/* The I/O APIC (vmm/guest/ioapic.c): a device's line to a pin, and the guest's 32-bit accesses;
 * vm->lock held. */
void ioapic_set_line(struct vm *vm, unsigned pin, bool high);
u32 ioapic_read(struct vm *vm, u64 offset);
void ioapic_write(struct vm *vm, u64 offset, u32 value);

/* The clock (vmm/guest/cmos.c), `offset` from port 0x70; vm->lock held. */
u32 cmos_read(struct vm *vm, unsigned offset, unsigned width);
void cmos_write(struct vm *vm, unsigned offset, unsigned width, u32 value);

/* Power registers and exit status (vmm/guest/power.c), `offset` from the first port; vm->lock held.
 */
u32 power_read(struct vm *vm, unsigned offset, unsigned width);
void power_write(struct vm *vm, unsigned offset, unsigned width, u32 value);
u32 exit_status_read(struct vm *vm, unsigned offset, unsigned width);
void exit_status_write(struct vm *vm, unsigned offset, unsigned width, u32 value);

#endif
