/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TESTS_UNIT_CONSOLE_STUBS_H
#define TESTS_UNIT_CONSOLE_STUBS_H

#include "vmm/vm.h"

extern struct wire {
	char text[512 * KiB]; /* what the other side of COM1 has received */
	size_t len;
	size_t waited; /* of it: sent by a writer that waited for the port */
	bool busy;     /* the port takes nothing now */
	bool crashed;
	bool deaf; /* the guest's FIFO is full */
	char key[256];
	size_t keys;
	struct vm *key_vm;
	const char *typed;  /* what comes in on COM1 */
	char commands[256]; /* that the monitor carried out: "[name word word]" each */
} wire;

#endif
