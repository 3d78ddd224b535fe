/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hypervisor's own bugs. Nothing that a guest, a device, firmware or a config file does may
 * lead here: those get an error or a verdict. hv_bug() writes the crash record (base/crash.h),
 * prints it and stops the machine.
 */
#ifndef BASE_PANIC_H
#define BASE_PANIC_H

#include "base/types.h"

__attribute__((noreturn)) void hv_bug(const char *file, int line, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
#define HV_BUG(...) hv_bug(__FILE__, __LINE__, __VA_ARGS__)
#define HV_ASSERT(cond)                                                                            \
	do {                                                                                       \
		if (!(cond))                                                                       \
			HV_BUG("assertion failed: %s", #cond);                                     \
	} while (0)

#endif
