/* SPDX-License-Identifier: GPL-2.0-only */
/* A VM's virtual-device state and its lock. */
#include "base/time.h"
#include "vmm/guest/devices.h"
#include "vmm/vmx/vmx.h"

struct guest_devices *guest_devices(struct vm *vm)
{
	struct guest_devices *d = vm->devices;
	if (d->console_limit.burst == 0) {
		d->console_limit = RATE_LIMIT(CONSOLE_LINES, NS_PER_S);
		d->teach_limit = RATE_LIMIT(TEACH_LINES, NS_PER_S);
		d->teach_limit.slower = true;
	}
	return d;
}

/*
 * The holder may be unmapping a BAR and wait for this very core to flush its EPT translations: who
 * waits for the lock must serve such requests, or both wait for ever.
 */
void vm_lock(struct vm *vm)
{
	while (__atomic_exchange_n(&vm->lock.locked, 1, __ATOMIC_ACQUIRE))
		while (__atomic_load_n(&vm->lock.locked, __ATOMIC_RELAXED)) {
			ept_flush_pending(this_cpu());
			__builtin_ia32_pause();
		}
}

bool vm_try_lock(struct vm *vm)
{
	return !__atomic_exchange_n(&vm->lock.locked, 1, __ATOMIC_ACQUIRE);
}

void vm_unlock(struct vm *vm)
{
	spin_unlock(&vm->lock);
}
