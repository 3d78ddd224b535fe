/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the FADT and the DSDT say about switching off and restarting (ACPI 6.5 sections 4.8.3 and
 * 5.2.9).
 */
#ifndef BASE_FADT_H
#define BASE_FADT_H

#include "base/types.h"

struct acpi_power {
	u16 pm1a_control, pm1b_control; /* ports; b may be 0 */
	u16 smi_command;                /* port, 0 = ACPI mode needs no enabling */
	u8 acpi_enable;                 /* value for it */
	u8 sleep_type_a, sleep_type_b;  /* SLP_TYP for S5 */
	bool can_power_off;
	u16 reset_port; /* 0 = none; a reset register elsewhere than in I/O space is not used */
	u8 reset_value;
};

/* Never fails: what is not there, or damaged, stays 0 or false. After acpi_init(). */
struct acpi_power acpi_power_read(void);

/*
 * Find the package \_S5_ in `len` bytes of AML and take SLP_TYPa and SLP_TYPb from it. Looks for
 * the four characters after a NameOp; this is no interpreter, and needs none since the package is
 * constant (ACPI 6.5 section 7.4.2).
 */
bool acpi_find_s5(const u8 *aml, size_t len, u8 *sleep_type_a, u8 *sleep_type_b);

#endif
