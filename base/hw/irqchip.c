/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/hw/irqchip.h"

#include "base/log.h"
#include "base/madt.h"
#include "base/mmio.h"

#define MAX_IO_APICS 32

/* 8259A data sheet: command and data port of each; ICW1..ICW4, then OCW1 = mask. */
#define PIC1_COMMAND   0x20
#define PIC1_DATA      0x21
#define PIC2_COMMAND   0xa0
#define PIC2_DATA      0xa1
#define ICW1_INIT_ICW4 0x11
#define ICW4_8086      0x01
/* Masked, a 8259 can still raise its spurious IRQ 7 and 15: at vectors that are no exceptions. */
#define PIC1_VECTOR 0x20
#define PIC2_VECTOR 0x28

static void silence_pics(void)
{
	port_out8(PIC1_COMMAND, ICW1_INIT_ICW4);
	port_out8(PIC2_COMMAND, ICW1_INIT_ICW4);
	port_out8(PIC1_DATA, PIC1_VECTOR);
	port_out8(PIC2_DATA, PIC2_VECTOR);
	port_out8(PIC1_DATA, 1 << 2); /* ICW3: the second one hangs on input 2 */
	port_out8(PIC2_DATA, 2);
	port_out8(PIC1_DATA, ICW4_8086);
	port_out8(PIC2_DATA, ICW4_8086);
	port_out8(PIC1_DATA, 0xff);
	port_out8(PIC2_DATA, 0xff);
}

/*
 * 82093AA data sheet section 3: index at 0x00, window at 0x10; version in register 1; pin n in
 * 0x10 + 2n, mask = bit 16.
 */
static void silence_io_apic(hpa_t base)
{
	struct mmio m;
	u32 last;

	if (mmio_map(base, 0x20, &m) != OK) {
		log_warn("cpu", "the I/O APIC at 0x%lx cannot be mapped; its pins stay as they are",
			 base.v);
		return;
	}
	mmio_write32(&m, 0x00, 1);
	last = mmio_read32(&m, 0x10) >> 16 & 0xff;
	for (u32 pin = 0; pin <= last; pin++) {
		mmio_write32(&m, 0x00, 0x10 + 2 * pin);
		mmio_write32(&m, 0x10, mmio_read32(&m, 0x10) | BIT(16));
	}
}

void irqchip_silence(void)
{
	hpa_t io_apics[MAX_IO_APICS];
	unsigned count = madt_io_apics(io_apics, MAX_IO_APICS);

	silence_pics();
	for (unsigned i = 0; i < count; i++)
		silence_io_apic(io_apics[i]);
}
