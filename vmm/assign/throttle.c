/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A VF that raises interrupts without end would cost its core everything: each one is an exit or a
 * pass of the hypervisor's handler, whoever runs there. So each route has a budget per service
 * tick. Beyond it the vector is masked on the device until the next tick; the device keeps one
 * pending (PCIe 6.0 section 6.1.4.2) and sends it when it is unmasked, so the driver misses nothing
 * that it would have seen as more than one.
 */
#include "base/log.h"
#include "base/time.h"
#include "vmm/assign/internal.h"

#define LOG_LINES 4

static struct rate_limit limit = RATE_LIMIT(LOG_LINES, NS_PER_S);

void throttle_count(struct irq_route *r)
{
	if (++r->in_tick <= config.irq_budget)
		return;
	/* Said before the mask: who unmasks meanwhile must see it (msix_routes.c:route). If it has
	 * looked before, one more interrupt comes, and masks again. */
	__atomic_store_n(&r->throttled, true, __ATOMIC_RELEASE);
	msix_mask_entry(&r->assigned->msix, r->msix_index, true);
}

static void unthrottle(struct vm *vm, struct assigned_vf *a, struct irq_route *r)
{
	u16 index = r->msix_index;

	__atomic_fetch_add(&vm->throttled, 1, __ATOMIC_RELAXED);
	log_limited(&limit, LOG_WARN, "assign",
		    "VM %s, VF " VF_FMT ": vector %u raised more than %u interrupts in 10 ms: it "
		    "waits for the next tick; other VMs go on",
		    vm->name, VF_ARG(a->vf), index, config.irq_budget);
	__atomic_store_n(&r->throttled, false, __ATOMIC_RELEASE);
	/* As the guest has it now: it may have masked the vector itself, or taken it elsewhere. */
	assigned_vf_msix_changed(vm, a, index);
}

static void new_tick(struct vm *vm, struct assigned_vf *a)
{
	for (u16 i = 0; assigned_vf_usable(a) && i < a->shadow.vectors; i++) {
		struct irq_route *r = a->route[i];

		if (!r)
			continue;
		r->in_tick = 0;
		if (r->throttled)
			unthrottle(vm, a, r);
	}
}

void throttle_service(void)
{
	for_running_vfs(new_tick);
}
