/* SPDX-License-Identifier: GPL-2.0-only */
/* The local APIC's less public side: starting and stopping cores, calibrating the timer. */
#ifndef BASE_HW_LAPIC_H
#define BASE_HW_LAPIC_H

#include "base/types.h"

/* INIT, and SIPI to the page number `page` (Intel SDM 3A section 10.4.4.1). */
void lapic_init_ipi(u32 apic_id);
void lapic_startup_ipi(u32 apic_id, u8 page);

/* NMI to all other cores; nothing if the APIC is not set up. */
void lapic_nmi_others(void);

/* Measure the timer's input clock, once both the APIC and time are set up. */
void lapic_calibrate(void);

#endif
