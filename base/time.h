/* SPDX-License-Identifier: GPL-2.0-only */
/* Time from the TSC, and bounded waits: the only way this tree waits for hardware. */
#ifndef BASE_TIME_H
#define BASE_TIME_H

#include "base/types.h"

#define NS_PER_US 1000ull
#define NS_PER_MS 1000000ull
#define NS_PER_S  1000000000ull

/* Nanoseconds since time_init(). Monotonic on one core; cores agree as well as their TSCs do. */
u64 time_now_ns(void);

/*
 * How long all waits and delays on the boot core and others have taken so far, so that figures of
 * work done can be told apart from time that a specification asks us to wait.
 */
extern u64 time_waited_ns;

/*
 * Called again and again while a core waits in here; NULL = nothing. Must be short and must not
 * wait. vmm/ answers other cores' requests in it, so that none of them waits for our hardware.
 */
extern void (*time_wait_hook)(void);

/* Busy-wait at least this long. */
void time_delay_ns(u64 ns);

/*
 * Call `done(ctx)` until it returns true or `timeout_ns` has passed (it is called at least twice,
 * once after the deadline). Returns OK or ERR_TIMEOUT. A timeout is a failure; callers never go on
 * as if it were done.
 */
enum err wait_until(bool (*done)(void *ctx), void *ctx, u64 timeout_ns) MUST_CHECK;

#endif
