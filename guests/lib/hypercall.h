/* SPDX-License-Identifier: GPL-2.0-only */
/* The hypercalls of base/guest_abi.h. */
#ifndef GUESTS_HYPERCALL_H
#define GUESTS_HYPERCALL_H

#include "base/guest_abi.h"

static inline s64 hypercall(u64 number, u64 a, u64 b, u64 c)
{
	s64 result;

	__asm__ volatile("vmcall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "memory");
	return result;
}

static inline void hc_figure(enum coppice_figure figure, u64 value)
{
	hypercall(HC_FIGURE, figure, value, 0);
}

static inline s64 hc_time_ns(void)
{
	return hypercall(HC_TIME, 0, 0, 0);
}

#endif
