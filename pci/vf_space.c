/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VF BARs: where they go (PCIe 6.0 section 9.3.3.14). One BAR of all VFs is one block, `size of
 * one` x NumVFs, aligned to the size of one. Firmware that knows SR-IOV has placed them, and then
 * they stay; SeaBIOS leaves them zero.
 */
#include "base/log.h"
#include "base/string.h"
#include "pci/config.h"
#include "pci/internal.h"
#include "pci/space_plan.h"

static u64 block_size(const struct vf_space *plan, unsigned bar)
{
	return plan->pf->vf_bars[bar].size * plan->num_vfs;
}

static u16 bar_register(const struct sriov_pf *pf, unsigned bar)
{
	return (u16)(pf->cap + PCI_SRIOV_BAR + bar * 4);
}

/* Did firmware place every VF BAR where it works? */
static bool keep_firmware(struct vf_space *plan)
{
	const struct pci_function *f = plan->pf->function;
	struct space_query q = { .viewer = f, .plan = plan };
	u64 end;

	for (unsigned i = 0; i < PCI_BARS; i++) {
		const struct pci_bar *bar = &plan->pf->vf_bars[i];
		struct pci_window range = { bar->base, bar->base + block_size(plan, i) - 1 };

		if (bar->size == 0)
			continue;
		if (bar->base == 0 ||
		    !pci_windows_cover(f, bar->base, block_size(plan, i), bar->prefetchable) ||
		    space_clash(&q, &range, &end)) {
			memset(plan->base, 0, sizeof(plan->base));
			return false;
		}
		plan->base[i] = bar->base;
	}
	plan->kept = true;
	return true;
}

static u64 top_of(const struct pci_bar *bar)
{
	return bar->is_64bit ? ~0ull : 4 * GiB - 1;
}

static bool find_in_window(struct vf_space *plan, unsigned bar, struct pci_window w)
{
	const struct pci_bar *b = &plan->pf->vf_bars[bar];
	struct space_query q = { .viewer = plan->pf->function, .plan = plan };

	w.limit = MIN(w.limit, top_of(b));
	return window_open(&w) &&
	       space_find(&q, &w, block_size(plan, bar), b->size, &plan->base[bar]);
}

/*
 * A prefetchable BAR may go into either window of the bridge, one with side effects on reads only
 * into the plain one.
 */
static bool find_as_is(struct vf_space *plan, unsigned bar)
{
	const struct pci_function *bridge = plan->pf->function->parent;

	if (!bridge) {
		for (unsigned i = 0; i < space_aperture_count(); i++)
			if (find_in_window(plan, bar, space_aperture(i)))
				return true;
		return false;
	}
	return (plan->pf->vf_bars[bar].prefetchable &&
		find_in_window(plan, bar, space_planned_window(plan, bridge, true))) ||
	       find_in_window(plan, bar, space_planned_window(plan, bridge, false));
}

/* All BARs of one kind as one block, largest first so that each is aligned, into a grown window. */
static bool grow_for(struct vf_space *plan, bool prefetchable, bool prefetch_window)
{
	const struct pci_bar *bars = plan->pf->vf_bars;
	u64 size = 0, align = 1, top = ~0ull, base;

	for (unsigned i = 0; i < PCI_BARS; i++)
		if (bars[i].size && bars[i].prefetchable == prefetchable) {
			size += block_size(plan, i);
			align = MAX(align, bars[i].size);
			top = MIN(top, top_of(&bars[i]));
			plan->base[i] = 0;
		}
	if (!space_grow(plan, prefetch_window, size, align, top, &base))
		return false;
	for (u64 each = align; each; each /= 2)
		for (unsigned i = 0; i < PCI_BARS; i++)
			if (bars[i].size == each && bars[i].prefetchable == prefetchable) {
				plan->base[i] = base;
				base += block_size(plan, i);
			}
	return true;
}

static bool place_kind(struct vf_space *plan, bool prefetchable, unsigned *too_big)
{
	const struct pci_bar *bars = plan->pf->vf_bars;
	bool fits = true;

	for (unsigned i = 0; i < PCI_BARS && fits; i++)
		if (bars[i].size && bars[i].prefetchable == prefetchable && !find_as_is(plan, i)) {
			*too_big = i;
			fits = false;
		}
	if (fits)
		return true;
	if (!plan->pf->function->parent)
		return false;
	return (prefetchable && grow_for(plan, true, true)) || grow_for(plan, prefetchable, false);
}

bool vf_space_plan(struct sriov_pf *pf, unsigned num_vfs, struct vf_space *out, unsigned *too_big)
{
	unsigned ignored;

	memset(out, 0, sizeof(*out));
	out->pf = pf;
	out->num_vfs = num_vfs;
	if (keep_firmware(out))
		return true;
	return place_kind(out, false, too_big ? too_big : &ignored) &&
	       place_kind(out, true, too_big ? too_big : &ignored);
}

static enum err write_window(const struct window_change *c, struct why *why)
{
	const char *kind = c->prefetch ? "prefetchable" : "memory";
	enum err e = window_write(c->bridge, c->prefetch, &c->new);
	const struct pci_window *now = c->prefetch ? &c->bridge->prefetch : &c->bridge->mem;

	if (e != OK)
		return fail(why, e, c->bridge->rid,
			    RID_FMT ": its %s window was set to %llx-%llx but reads %llx-%llx",
			    RID_ARG(c->bridge->rid), kind, (unsigned long long)c->new.base,
			    (unsigned long long)c->new.limit, (unsigned long long)now->base,
			    (unsigned long long)now->limit);
	log_info("pci", RID_FMT ": %s window %llx-%llx -> %llx-%llx, for VF BARs",
		 RID_ARG(c->bridge->rid), kind, (unsigned long long)c->old.base,
		 (unsigned long long)c->old.limit, (unsigned long long)c->new.base,
		 (unsigned long long)c->new.limit);
	return OK;
}

static enum err write_bar(struct vf_space *plan, unsigned i, struct why *why)
{
	struct pci_bar *bar = &plan->pf->vf_bars[i];
	struct rid rid = plan->pf->function->rid;

	if (bar->size == 0)
		return OK;
	bar_write_base(rid, bar_register(plan->pf, i), bar, plan->base[i]);
	u64 now = bar_read_base(rid, bar_register(plan->pf, i), bar);

	if (now != plan->base[i])
		return fail(why, ERR_DEVICE, rid,
			    RID_FMT ": VF BAR%u was set to %llx but reads %llx", RID_ARG(rid), i,
			    (unsigned long long)plan->base[i], (unsigned long long)now);
	bar->base = plan->base[i];
	return OK;
}

enum err vf_space_commit(struct vf_space *plan, struct why *why)
{
	enum err e = OK;

	for (unsigned i = 0; i < PCI_BARS; i++)
		plan->old_base[i] = plan->pf->vf_bars[i].base;
	plan->committed = true;
	/* From the root down: a window must never lead out of its parent's. */
	for (unsigned i = plan->changes; e == OK && i-- > 0;)
		e = write_window(&plan->change[i], why);
	for (unsigned i = 0; e == OK && i < PCI_BARS; i++)
		e = write_bar(plan, i, why);
	return e;
}

void vf_space_undo(struct vf_space *plan)
{
	struct sriov_pf *pf = plan->pf;

	if (!plan->committed)
		return;
	plan->committed = false;
	for (unsigned i = 0; i < PCI_BARS; i++)
		if (pf->vf_bars[i].size) {
			pf->vf_bars[i].base = plan->old_base[i];
			bar_write_base(pf->function->rid, bar_register(pf, i), &pf->vf_bars[i],
				       plan->old_base[i]);
		}
	/*
	 * A window that does not go back was wrong before us; what is below does not use the
	 * difference.
	 */
	for (unsigned i = 0; i < plan->changes; i++)
		(void)window_write(plan->change[i].bridge, plan->change[i].prefetch,
				   &plan->change[i].old);
}
