/* SPDX-License-Identifier: GPL-2.0-only */
/* Host side of base/time.h: a clock that moves a little each time somebody looks at it. */
#include "base/time.h"

#include "fakes.h"
#include "internal.h"

#define DEFAULT_STEP_NS 1000

static u64 now = 0, step = DEFAULT_STEP_NS;
static void (*hook)(void *ctx, u64 now_ns);
static void *hook_ctx;

void fake_time_reset(void)
{
	now = 0;
	step = DEFAULT_STEP_NS;
	hook = NULL;
}

void fake_time_set_step(u64 step_ns)
{
	step = step_ns;
}

u64 fake_time_now(void)
{
	return now;
}

void fake_time_on_advance(void (*new_hook)(void *ctx, u64 now_ns), void *ctx)
{
	hook = new_hook;
	hook_ctx = ctx;
}

void fake_time_advance(u64 ns)
{
	now += ns;
	if (hook)
		hook(hook_ctx, now);
}

u64 time_now_ns(void)
{
	fake_time_advance(step);
	return now;
}

void time_delay_ns(u64 ns)
{
	fake_event_add(FAKE_DELAY, 0, 0, ns);
	fake_time_advance(ns);
}
