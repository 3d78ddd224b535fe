/* SPDX-License-Identifier: GPL-2.0-only */
/* The MADT (ACPI 6.5 section 5.2.12): which cores and I/O APICs there are. After acpi_init(). */
#ifndef BASE_MADT_H
#define BASE_MADT_H

#include "base/types.h"

/*
 * APIC ids of the enabled cores, the one we run on first, each once; at most `max` (>= 1) are
 * stored. Returns how many there are, which may be more than `max`. Without a MADT that is 1: this
 * core.
 */
unsigned madt_cpus(u32 *apic_ids, unsigned max);

/* Addresses of the I/O APICs; at most `max` are stored. Returns how many were stored. */
unsigned madt_io_apics(hpa_t *addresses, unsigned max);

#endif
