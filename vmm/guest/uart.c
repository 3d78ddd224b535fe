/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A 16550A at COM1 for guests: enough for Linux' 8250 driver to find, probe and use it.
 * Register names as in <linux/serial_reg.h>. The transmitter is always empty; what is written goes
 * to the VM's console.
 */
#include <linux/serial_reg.h>

#include "vmm/guest/devices.h"
#include "vmm/guest/guest.h"

/* IIR bits 7:6 say that the FIFOs are on. */
#define IIR_FIFO_ON 0xc0u
#define IER_LEGAL   0x0fu
#define MCR_LEGAL   0x1fu

static bool put_received(struct uart *u, u8 byte)
{
	if (u->fifo_len == UART_FIFO_BYTES)
		return false;
	u->fifo[(u->fifo_first + u->fifo_len) % UART_FIFO_BYTES] = byte;
	u->fifo_len++;
	return true;
}

/* On a PC, OUT2 connects the chip's interrupt to its line; loop-back mode cuts all outputs. */
static void update_line(struct vm *vm, const struct uart *u)
{
	bool received = (u->ier & UART_IER_RDI) && u->fifo_len;
	bool sent = (u->ier & UART_IER_THRI) && u->thr_empty_pending;
	bool connected = (u->mcr & UART_MCR_OUT2) && !(u->mcr & UART_MCR_LOOP);
	ioapic_set_line(vm, GUEST_COM1_PIN, connected && (received || sent));
}

bool uart_receive(struct vm *vm, u8 byte)
{
	struct uart *u = &guest_devices(vm)->uart;
	bool taken = put_received(u, byte);
	update_line(vm, u);
	return taken;
}

static u8 take_received(struct uart *u)
{
	if (u->fifo_len == 0)
		return 0;
	u8 byte = u->fifo[u->fifo_first];
	u->fifo_first = (u->fifo_first + 1) % UART_FIFO_BYTES;
	u->fifo_len--;
	return byte;
}

/* The highest pending interrupt; reading it acknowledges "transmitter empty". */
static u8 read_iir(struct uart *u)
{
	u8 fifo = u->fcr & UART_FCR_ENABLE_FIFO ? IIR_FIFO_ON : 0;
	if ((u->ier & UART_IER_RDI) && u->fifo_len)
		return fifo | UART_IIR_RDI;
	if ((u->ier & UART_IER_THRI) && u->thr_empty_pending) {
		u->thr_empty_pending = false;
		return fifo | UART_IIR_THRI;
	}
	return fifo | UART_IIR_NO_INT;
}

/* In loop-back mode the modem outputs appear as inputs: RTS as CTS, DTR as DSR, OUT1 as RI, OUT2 as
 * DCD. */
static u8 read_msr(const struct uart *u)
{
	if (!(u->mcr & UART_MCR_LOOP))
		return UART_MSR_DCD | UART_MSR_DSR | UART_MSR_CTS;
	return (u8)((u->mcr & UART_MCR_RTS ? UART_MSR_CTS : 0) |
		    (u->mcr & UART_MCR_DTR ? UART_MSR_DSR : 0) |
		    (u->mcr & UART_MCR_OUT1 ? UART_MSR_RI : 0) |
		    (u->mcr & UART_MCR_OUT2 ? UART_MSR_DCD : 0));
}

static u8 read_register(struct uart *u, unsigned offset)
{
	bool latch = u->lcr & UART_LCR_DLAB;
	switch (offset) {
	case UART_RX: return latch ? u->dll : take_received(u);
	case UART_IER: return latch ? u->dlm : u->ier;
	case UART_IIR: return read_iir(u);
	case UART_LCR: return u->lcr;
	case UART_MCR: return u->mcr;
	case UART_LSR: return (u8)(UART_LSR_TEMT | UART_LSR_THRE | (u->fifo_len ? UART_LSR_DR : 0));
	case UART_MSR: return read_msr(u);
	default: return u->scr;
	}
}

u8 uart_read(struct vm *vm, unsigned offset)
{
	struct uart *u = &guest_devices(vm)->uart;
	u8 value = read_register(u, offset);
	update_line(vm, u);
	return value;
}

static void transmit(struct vm *vm, struct uart *u, u8 byte)
{
	u->thr_empty_pending = true;
	if (u->mcr & UART_MCR_LOOP) {
		put_received(u, byte);
		return;
	}
	char c = (char)byte;
	vm_console_write(vm, &c, 1);
}

static void write_ier(struct uart *u, u8 value)
{
	if (value & ~u->ier & UART_IER_THRI)
		u->thr_empty_pending = true;
	u->ier = value & IER_LEGAL;
}

static void write_register(struct vm *vm, struct uart *u, unsigned offset, u8 value)
{
	bool latch = u->lcr & UART_LCR_DLAB;
	switch (offset) {
	case UART_TX:
		if (latch)
			u->dll = value;
		else
			transmit(vm, u, value);
		break;
	case UART_IER:
		if (latch)
			u->dlm = value;
		else
			write_ier(u, value);
		break;
	case UART_FCR:
		u->fcr = value;
		if (value & UART_FCR_CLEAR_RCVR)
			u->fifo_len = 0;
		break;
	case UART_LCR: u->lcr = value; break;
	case UART_MCR: u->mcr = value & MCR_LEGAL; break;
	case UART_SCR: u->scr = value; break;
	default: break; /* LSR and MSR are read-only */
	}
}

void uart_write(struct vm *vm, unsigned offset, u8 value)
{
	struct uart *u = &guest_devices(vm)->uart;
	write_register(vm, u, offset, value);
	update_line(vm, u);
}
