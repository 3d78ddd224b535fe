/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A spinlock for short sections. The hypervisor runs with interrupts disabled except in its idle
 * loop, so no irq-saving variant is needed; NMI handlers take no locks.
 */
#ifndef BASE_SPINLOCK_H
#define BASE_SPINLOCK_H

#include "base/types.h"

struct spinlock {
	volatile u32 locked;
};

static inline void spin_lock(struct spinlock *l)
{
	while (__atomic_exchange_n(&l->locked, 1, __ATOMIC_ACQUIRE))
		while (__atomic_load_n(&l->locked, __ATOMIC_RELAXED))
			__builtin_ia32_pause();
}
static inline void spin_unlock(struct spinlock *l)
{
	__atomic_store_n(&l->locked, 0, __ATOMIC_RELEASE);
}

#endif
