/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `vm cycle <name> <rounds>`: start and stop a VM many times and compare what the machine has
 * before and after. Whatever a life of a VM takes and does not give back shows here, however
 * little it is.
 */
#include "base/format.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/string.h"
#include "base/time.h"
#include "vmm/assign/assign.h"
#include "vmm/config/parser.h"
#include "vmm/life.h"
#include "vmm/ui/monitor.h"

/* Long enough for a small guest to come up with its VF: routes, IRTEs and mailbox are in use. */
#define LIFE_NS   (200 * NS_PER_MS)
#define VF_STATES (VF_QUARANTINED + 1)

struct inventory {
	u64 used[POOL_TAGS], available;
	u64 irtes, routes, domains, vectors;
	u64 running; /* other VMs: what they have is in the counts, too */
	u64 vfs[VF_STATES];
};

static struct cycle {
	struct vm *vm; /* NULL: none is going on */
	u64 rounds, done;
	bool counted; /* `before` is filled */
	bool started; /* a round is going on */
	u64 began_ns;
	u64 most_routes; /* at one time: shows that its VFs were in use */
	struct inventory before;
} cycle;

static struct inventory take_inventory(void)
{
	struct inventory i = { .available = pool_available(),
			       .irtes = irte_used(),
			       .routes = irq_route_count(),
			       .domains = iommu_domains_used() };

	for (unsigned tag = 0; tag < POOL_TAGS; tag++)
		i.used[tag] = pool_used((enum pool_tag)tag);
	for (unsigned v = 0; v < vm_count; v++)
		i.running += vms[v].state == VM_RUNNING;
	for (unsigned c = 0; c < cpu_count; c++)
		i.vectors += irq_vectors_free(&cpus[c]);
	for (unsigned p = 0; p < sriov_pf_count(); p++)
		for (unsigned v = 0; sriov_pf(p)->vfs && v < sriov_pf(p)->num_vfs; v++)
			i.vfs[sriov_pf(p)->vfs[v].state]++;
	return i;
}

static bool show_row(const char *what, u64 before, u64 after)
{
	log_text("  %-24s %10llu %10llu%s\n", what, (unsigned long long)before,
		 (unsigned long long)after, before == after ? "" : "  DIFFERENT");
	return before == after;
}

/* True if nothing differs. */
static bool compare(const struct inventory *before, const struct inventory *after)
{
	char what[32];
	bool same = true;

	log_text("  %-24s %10s %10s\n", "", "before", "after");
	for (unsigned tag = 0; tag < POOL_TAGS; tag++) {
		format(what, sizeof(what), "pages of %s", pool_tag_name((enum pool_tag)tag));
		same &= show_row(what, before->used[tag], after->used[tag]);
	}
	same &= show_row("other VMs running", before->running, after->running);
	same &= show_row("pages free", before->available, after->available);
	same &= show_row("IRTEs", before->irtes, after->irtes);
	same &= show_row("interrupt routes", before->routes, after->routes);
	same &= show_row("interrupt vectors free", before->vectors, after->vectors);
	same &= show_row("IOMMU domains", before->domains, after->domains);
	for (unsigned s = 0; s < VF_STATES; s++) {
		format(what, sizeof(what), "VFs %s", vf_state_name((enum vf_state)s));
		same &= show_row(what, before->vfs[s], after->vfs[s]);
	}
	return same;
}

static void finish(void)
{
	struct inventory after = take_inventory();
	struct vm *vm = cycle.vm;
	bool same = compare(&cycle.before, &after);

	cycle.vm = NULL;
	log_text("VM %s: %llu rounds of start and stop in %llu ms, up to %llu interrupt routes; "
		 "%s\n",
		 vm->name, (unsigned long long)cycle.done,
		 (unsigned long long)((time_now_ns() - cycle.began_ns) / NS_PER_MS),
		 (unsigned long long)cycle.most_routes,
		 same ? "everything is as before" : "something was not given back");
}

static void start(void)
{
	if (!cycle.counted)
		cycle.before = take_inventory();
	cycle.counted = true;
	cycle.started = true;
	(void)vm_start_again(cycle.vm, NULL); /* what comes of it, its state says */
}

/* Of the round that was started: is it over? Its time begins when the VM runs. */
static bool is_round_over(const struct vm *vm)
{
	if (vm->state == VM_READY)
		return false;
	return vm->state != VM_RUNNING || time_now_ns() - vm->start_ns >= LIFE_NS;
}

void cycle_service(void)
{
	struct vm *vm = cycle.vm;

	if (!vm)
		return;
	cycle.most_routes = MAX(cycle.most_routes, (u64)irq_route_count());
	if (cycle.started && !is_round_over(vm))
		return;
	if (vm->state == VM_RUNNING) {
		vm_end(vm, VM_STATUS_STOPPED, "stopped by 'vm cycle'");
		return;
	}
	if (!vm->torn_down)
		return;
	if (cycle.started && vm->state == VM_REFUSED) {
		log_text("VM %s: round %llu did not start: %s\n", vm->name,
			 (unsigned long long)cycle.done + 1, vm->refusal.text);
		cycle.rounds = cycle.done;
	} else if (cycle.started) {
		cycle.done++;
	}
	cycle.started = false;
	if (cycle.done < cycle.rounds)
		start();
	else
		finish();
}

bool monitor_is_busy(void)
{
	return cycle.vm != NULL;
}

void cycle_begin(struct vm *vm, const char *count)
{
	u64 rounds;

	if (!parse_number(count, UINT32_MAX, &rounds)) {
		monitor_refuse("expected a number of rounds, not '%s'", count);
	} else if (cycle.vm && rounds) {
		monitor_refuse(
			"VM %s is being cycled: %llu of %llu rounds ('vm cycle %s 0' ends it)",
			cycle.vm->name, (unsigned long long)cycle.done,
			(unsigned long long)cycle.rounds, cycle.vm->name);
	} else if (!rounds) {
		cycle.rounds = cycle.done; /* the next look finds it finished */
	} else {
		cycle = (struct cycle){ .vm = vm, .rounds = rounds, .began_ns = time_now_ns() };
	}
}
