/* SPDX-License-Identifier: GPL-2.0-only */
/* RAM behind the image, handed out once. Addresses are physical, virtual and what a device uses:
 * all the same. */
#ifndef GUESTS_MEMORY_H
#define GUESTS_MEMORY_H

#include "base/types.h"

/* Zeroed, page-aligned; ends the guest when there is none left. */
void *memory_take(size_t bytes);
/* Where untouched RAM begins now. */
u64 memory_end(void);

#endif
