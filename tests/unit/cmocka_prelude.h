// SPDX-License-Identifier: GPL-2.0-only
// Included before every unit test: cmocka defines a macro fail(), and base/types.h declares the
// function fail(). A test that wants to give up says fail_msg().
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#undef fail
#undef fail_msg
#define fail_msg(message, ...)                                                                     \
	do {                                                                                       \
		print_error("ERROR: " message "\n", ##__VA_ARGS__);                                \
		_fail(__FILE__, __LINE__);                                                         \
	} while (0)
