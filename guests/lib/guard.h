/* SPDX-License-Identifier: GPL-2.0-only */
/* RAM that this guest uses for nothing: is it wiped at the start, and does anybody else write to
 * it? */
#ifndef GUESTS_GUARD_H
#define GUESTS_GUARD_H

#include "base/types.h"

/* True if all of it is zero; says where it is not. Before anything is taken from it. */
bool guard_is_wiped(void);
/* A value of its own in each word of the RAM that is free now. */
void guard_fill(void);
/* Words that have changed since; says which, and puts them right. */
u64 guard_count_damage(void);

#endif
