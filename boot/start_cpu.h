/* SPDX-License-Identifier: GPL-2.0-only */
/* Starting the other cores; behind boot_info.start_cpu. */
#ifndef BOOT_START_CPU_H
#define BOOT_START_CPU_H

#include "base/boot_info.h"

/*
 * Choose the page below 1 MiB that cores will start in. Without one, start_cpu() says
 * ERR_NOT_FOUND.
 */
void start_cpu_init(const struct boot_info *boot);

/* See boot_info.start_cpu. */
enum err start_cpu(u32 apic_id, void *stack_top, void (*entry)(void *), void *arg);

#endif
