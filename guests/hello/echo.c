/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest that one can talk to: a prompt without a newline, an echo of each key, and the line once
 * more when it is finished. "bye" ends it. Through the emulated 16550, as a login shell would.
 */
#include <linux/serial_reg.h>

#include "hello.h"

#include "base/hw/insn.h"
#include "interrupt.h"

#define COM1      0x3f8u
#define LINE_MAX  64
#define POLL_TIME (2 * NS_PER_MS)

static u8 in8(u16 port)
{
	u8 value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "d"(port));
	return value;
}

static void put(const char *text)
{
	for (; *text; text++)
		__asm__ volatile("outb %0, %1" : : "a"(*text), "d"((u16)COM1));
}

static char get(void)
{
	while (!(in8(COM1 + UART_LSR) & UART_LSR_DR))
		apic_sleep(POLL_TIME);
	return (char)in8(COM1 + UART_RX);
}

static void get_line(char line[LINE_MAX])
{
	size_t len = 0;
	char text[2] = { 0 };

	for (;;) {
		text[0] = get();
		if (text[0] == '\r' || len == LINE_MAX - 1)
			break;
		line[len++] = text[0];
		put(text);
	}
	line[len] = '\0';
	put("\r\n");
}

int echo_lines(u64 argument)
{
	char line[LINE_MAX];

	(void)argument;
	do {
		put("say: ");
		get_line(line);
		put("you said ");
		put(line);
		put("\r\n");
	} while (strcmp(line, "bye"));
	return STATUS_OK;
}
