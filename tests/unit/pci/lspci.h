/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * lspci as an oracle: config space is written to a file as `lspci -xxxx` prints it, and `lspci -F`
 * (Debian: pciutils) says what it sees in it. An independent reading of the same bytes.
 */
#ifndef PCI_LSPCI_H
#define PCI_LSPCI_H

#include "machine.h"

/* A new, empty dump. */
void dump_begin(void);

/* Append one function. `read` gives the byte at an offset below 4096. */
void dump_add(struct rid rid, u8 (*read)(const void *ctx, unsigned offset), const void *ctx);

/* Append every function of the fabric, as it reads through ECAM now. */
void dump_fabric(void);

/* Run `lspci -F dump -D -n -vvv` and keep its output. Fails the test if lspci is not there. */
void lspci_run(void);

/*
 * The text of one function, from its line to the next function's; a test fails if lspci does not
 * show it.
 */
const char *lspci_of(struct rid rid);

/* Does lspci's text of this function hold the formatted text? Fails the test if not. */
void assert_lspci_says(struct rid rid, const char *fmt, ...) PRINTF_LIKE(2, 3);
void assert_lspci_does_not_say(struct rid rid, const char *text);

#endif
