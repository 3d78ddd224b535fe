/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VMM_MAIN_H
#define VMM_MAIN_H

#include "base/boot_info.h"

/* The story of a boot, from boot_info to running guests. Called once, on the boot core, with
 * interrupts off. */
__attribute__((noreturn)) void vmm_main(const struct boot_info *info);

#endif
