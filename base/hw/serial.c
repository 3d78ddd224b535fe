/* SPDX-License-Identifier: GPL-2.0-only */
/* COM1 and COM2: 16550 UARTs, 115200 8N1, polled (PC16550D data sheet section 8). */
#include "base/hw/cpu.h"
#include "base/hw/insn.h"
#include "base/log.h"
#include "base/mmio.h"
#include "base/time.h"

enum uart_reg {
	UART_DATA = 0, /* divisor low with DLAB */
	UART_IER = 1,  /* divisor high with DLAB */
	UART_FCR = 2,  /* written; read it is the IIR */
	UART_LCR = 3,
	UART_MCR = 4,
	UART_LSR = 5,
};

#define LCR_8N1               0x03
#define LCR_DLAB              0x80
#define FCR_ENABLE_AND_CLEAR  0x07
#define IIR_FIFO_WORKS        0xc0
#define MCR_DTR_RTS           0x03
#define MCR_OUT_1_2           0x0c
#define MCR_LOOPBACK          0x10
#define LSR_DATA_READY        0x01
#define LSR_TRANSMITTER_EMPTY 0x20 /* with a FIFO: all of it */
#define LSR_ALL_SENT          0x40
/*
 * 16 bytes at 115200 baud take 1.4 ms, a port read 0.1 to 1 us: time has not been calibrated yet
 * when we print first.
 */
#define POLLS 50000

static struct uart {
	u16 port;
	u16 burst; /* bytes that it takes once its transmitter is empty */
	bool present;
	bool stuck; /* the last wait ran out: do not wait so long again until it moves */
} uarts[2] = { { .port = 0x3f8, .burst = 1 }, { .port = 0x2f8, .burst = 1 } };

static u8 read_reg(const struct uart *u, enum uart_reg reg)
{
	return port_in8((u16)(u->port + reg));
}

static void write_reg(const struct uart *u, enum uart_reg reg, u8 value)
{
	port_out8((u16)(u->port + reg), value);
}

/* In loop-back mode what is sent comes back, if there is a UART. */
static bool is_there(const struct uart *u)
{
	const u8 probe = 0xae;

	write_reg(u, UART_MCR, MCR_LOOPBACK | MCR_OUT_1_2 | MCR_DTR_RTS);
	write_reg(u, UART_DATA, probe);
	for (int i = 0; i < POLLS; i++)
		if (read_reg(u, UART_LSR) & LSR_DATA_READY)
			return read_reg(u, UART_DATA) == probe;
	return false;
}

static void setup(struct uart *u)
{
	write_reg(u, UART_IER, 0); /* no interrupts */
	write_reg(u, UART_LCR, LCR_DLAB);
	write_reg(u, UART_DATA, 1); /* divisor 1: 115200 baud */
	write_reg(u, UART_IER, 0);
	write_reg(u, UART_LCR, LCR_8N1);
	write_reg(u, UART_FCR, FCR_ENABLE_AND_CLEAR);
	/* A 16450 has no FIFO, a 16550 without A one that does not work. */
	if ((read_reg(u, UART_FCR) & IIR_FIFO_WORKS) == IIR_FIFO_WORKS)
		u->burst = SERIAL_FIFO_BYTES;
	u->present = is_there(u);
	write_reg(u, UART_MCR, MCR_OUT_1_2 | MCR_DTR_RTS);
}

static bool wait_for_room(struct uart *u)
{
	for (int i = u->stuck ? POLLS - 1 : 0; i < POLLS; i++) {
		if (read_reg(u, UART_LSR) & LSR_TRANSMITTER_EMPTY) {
			u->stuck = false;
			return true;
		}
		/* A long report takes seconds: others must not wait for this core meanwhile. */
		if (time_wait_hook)
			time_wait_hook();
	}
	u->stuck = true;
	return false;
}

void serial_write(unsigned port, const char *text, size_t len)
{
	struct uart *u = &uarts[port - 1];

	/* Text that a stuck port does not take is lost: the console must never stop the machine. */
	while (u->present && len > 0 && wait_for_room(u)) {
		size_t part = MIN(len, u->burst);

		port_out_bytes(u->port + UART_DATA, text, part);
		text += part;
		len -= part;
	}
}

size_t serial_write_some(unsigned port, const char *text, size_t len)
{
	struct uart *u = &uarts[port - 1];
	size_t sent = MIN(len, u->burst);

	if (!u->present)
		return len; /* nobody reads it, so nobody waits for it */
	if (!(read_reg(u, UART_LSR) & LSR_TRANSMITTER_EMPTY))
		return 0;
	port_out_bytes(u->port + UART_DATA, text, sent);
	return sent;
}

void serial_drain(void)
{
	for (unsigned port = 0; port < ARRAY_LEN(uarts); port++)
		for (int i = 0; uarts[port].present && i < POLLS; i++)
			if (read_reg(&uarts[port], UART_LSR) & LSR_ALL_SENT)
				break;
}

int serial_read(unsigned port)
{
	const struct uart *u = &uarts[port - 1];

	if (!u->present || !(read_reg(u, UART_LSR) & LSR_DATA_READY))
		return -1;
	return read_reg(u, UART_DATA);
}

bool serial_present(unsigned port)
{
	return uarts[port - 1].present;
}

/* Log text to COM1; terminals want a carriage return before each newline. */
static void write_console(const char *text, size_t len)
{
	while (len > 0) {
		size_t line = 0;

		while (line < len && text[line] != '\n')
			line++;
		serial_write(1, text, line);
		if (line == len)
			return;
		serial_write(1, "\r\n", 2);
		text += line + 1;
		len -= line + 1;
	}
}

void serial_init(void)
{
	setup(&uarts[0]);
	setup(&uarts[1]);
	log_set_sink(write_console);
}
