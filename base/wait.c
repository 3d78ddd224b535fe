/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/time.h"

u64 time_waited_ns;
void (*time_wait_hook)(void);

static enum err wait_for(bool (*done)(void *ctx), void *ctx, u64 timeout_ns)
{
	u64 start = time_now_ns();

	while (time_now_ns() - start < timeout_ns) {
		if (done(ctx))
			return OK;
		if (time_wait_hook)
			time_wait_hook();
		__builtin_ia32_pause();
	}
	/*
	 * Once more after the deadline: this core may have been away (SMI, a preempted vCPU of an
	 * outer hypervisor) while the hardware finished long ago.
	 */
	return done(ctx) ? OK : ERR_TIMEOUT;
}

enum err wait_until(bool (*done)(void *ctx), void *ctx, u64 timeout_ns)
{
	u64 start = time_now_ns();
	enum err e = wait_for(done, ctx, timeout_ns);

	time_waited_ns += time_now_ns() - start;
	return e;
}
