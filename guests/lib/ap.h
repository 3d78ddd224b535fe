/* SPDX-License-Identifier: GPL-2.0-only */
/* Starting vCPUs through real mode (SDM volume 3A section 9.4.4). */
#ifndef GUESTS_AP_H
#define GUESTS_AP_H

#include "base/types.h"

/* Where they begin: the vector of the start-up IPI is this page's number. */
#define AP_PAGE        0x20000u
#define AP_STACK_BYTES (16 * 1024)

/*
 * Fill the page: the next vCPU that starts there is number `next` (1, 2, ...), the one after it
 * next + 1. Each calls entry(number), which does not return, on the stack of AP_STACK_BYTES that
 * ends at stacks + number * AP_STACK_BYTES.
 */
void ap_prepare(u32 next, const u8 *stacks, void (*entry)(u32 number));

/* Interrupt command, x2APIC (SDM volume 3A section 11.12.9). */
#define ICR_NMI        (4u << 8)
#define ICR_INIT       (5u << 8)
#define ICR_STARTUP    (6u << 8)
#define ICR_ASSERT     BIT(14)
#define ICR_ALL_BUT_ME (3u << 18)

/* `command`: ICR_* and a vector, to the APIC with that id. */
void ap_send_ipi(u32 id, u32 command);

#endif
