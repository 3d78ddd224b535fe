/* SPDX-License-Identifier: GPL-2.0-only */
/* Between interrupt.asm, interrupt.c and crash.c. */
#ifndef BASE_HW_TRAP_H
#define BASE_HW_TRAP_H

#include "base/hw/cpu.h"

#define VECTOR_NMI        2
#define VECTOR_PAGE_FAULT 14
#define VECTOR_SPURIOUS   0xff
#define FIRST_INTERRUPT   0x20

/* Called by interrupt.asm for every exception and interrupt. */
void trap(struct trap_frame *frame);

/* An exception of our own code: crash record, dump, stop. */
__attribute__((noreturn)) void crash_exception(const struct trap_frame *frame);

/* Some core has crashed: the others stop when the NMI that it sends reaches them. */
bool crash_in_progress(void);

#endif
