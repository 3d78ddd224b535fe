/* SPDX-License-Identifier: GPL-2.0-only */
/* What every test of base/ includes: cmocka with what it needs before it, and the fakes. */
#ifndef BASE_TEST_H
#define BASE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fakes/fakes.h"

static inline int reset_fakes(void **state)
{
	(void)state;
	fakes_reset();
	return 0;
}

#define TEST(name) cmocka_unit_test_setup(name, reset_fakes)

#endif
