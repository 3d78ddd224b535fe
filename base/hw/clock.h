/* SPDX-License-Identifier: GPL-2.0-only */
/* For base/hw/ only; the public side is base/time.h and base/hw/cpu.h. */
#ifndef BASE_HW_CLOCK_H
#define BASE_HW_CLOCK_H

#include "base/types.h"

bool time_is_calibrated(void);

#endif
