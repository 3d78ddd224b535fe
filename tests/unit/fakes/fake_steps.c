/* SPDX-License-Identifier: GPL-2.0-only */
/* Failure at a chosen step. The linker sends every pool_alloc() of the code under test through here
 * (--wrap, mk/unit.mk). */
#include "base/pool.h"
#include "fakes.h"
#include "internal.h"

static unsigned steps_left; /* 0: no step fails */
static bool failed;

void fake_steps_reset(void)
{
	steps_left = 0;
	failed = false;
}

void fake_fail_step(unsigned n)
{
	steps_left = n;
	failed = false;
}

bool fake_step_fails(void)
{
	bool now = steps_left == 1;

	if (steps_left)
		steps_left--;
	failed |= now;
	return now;
}

bool fake_step_failed(void)
{
	return failed;
}

void *__real_pool_alloc(enum pool_tag tag, u64 pages, u64 align);
void *__wrap_pool_alloc(enum pool_tag tag, u64 pages, u64 align);

void *__wrap_pool_alloc(enum pool_tag tag, u64 pages, u64 align)
{
	return fake_step_fails() ? NULL : __real_pool_alloc(tag, pages, align);
}
