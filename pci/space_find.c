/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Finding room: first inside windows as they are, then by growing windows.
 *
 *	aperture  |......[ root port window ][ other port ]........|
 *	                 [ PF BARs | VF BARs ]			fits: nothing changes
 *
 *	aperture  |..[ root port window      ][ other port ].......|
 *	             [ VF BARs     | PF BARs ]			grows into free space beside it
 *
 * A window that nobody uses yet may also move away as a whole.
 */
#include "pci/internal.h"
#include "pci/space_plan.h"

#define WINDOW_STEP MiB /* bridge windows begin and end on 1 MiB, PCIe 6.0 section 7.5.1.3.8 */

bool space_find(const struct space_query *q, const struct pci_window *in, u64 size, u64 align,
		u64 *base)
{
	u64 at = ALIGN_UP(in->base, align), end;

	/* Each round leaves one occupant behind for good, so this ends. */
	while (at >= in->base && window_holds(in, at, size)) {
		struct pci_window range = { at, at + size - 1 };

		if (!space_clash(q, &range, &end)) {
			*base = at;
			return true;
		}
		if (end <= at)
			return false; /* it reaches to the end of the address space */
		at = ALIGN_UP(end, align);
	}
	return false;
}

/* The smallest window that holds `now` (if there is anything in it) and `block`. */
static struct pci_window hull_of(const struct pci_window *now, const struct pci_window *block)
{
	struct pci_window hull = *block;

	if (window_open(now)) {
		hull.base = MIN(hull.base, now->base);
		hull.limit = MAX(hull.limit, now->limit);
	}
	hull.base = ALIGN_DOWN(hull.base, WINDOW_STEP);
	hull.limit = ALIGN_UP(hull.limit + 1, WINDOW_STEP) - 1;
	return hull;
}

static bool inside(const struct pci_window *in, const struct pci_window *w)
{
	return window_holds(in, w->base, w->limit - w->base + 1);
}

/* Index of the change to this window, or plan->changes. */
static unsigned planned_change(const struct vf_space *plan, const struct pci_function *bridge,
			       bool prefetch)
{
	unsigned i = 0;

	while (i < plan->changes &&
	       (plan->change[i].bridge != bridge || plan->change[i].prefetch != prefetch))
		i++;
	return i;
}

struct pci_window space_planned_window(const struct vf_space *plan,
				       const struct pci_function *bridge, bool prefetch)
{
	unsigned i = planned_change(plan, bridge, prefetch);

	return i < plan->changes ? plan->change[i].new : prefetch ? bridge->prefetch : bridge->mem;
}

/* What of a bridge's window has to stay: nothing if nobody below uses it. */
static struct pci_window pinned_part(const struct vf_space *plan, const struct pci_function *bridge,
				     bool prefetch)
{
	struct pci_window w = space_planned_window(plan, bridge, prefetch);
	const struct pci_window *now = prefetch ? &bridge->prefetch : &bridge->mem;
	bool planned = w.base != now->base || w.limit != now->limit;

	return window_open(&w) && (planned || space_window_in_use(bridge, &w)) ? w : WINDOW_CLOSED;
}

/* There is room for both windows of every bridge on the longest path. */
static void note_change(struct vf_space *plan, const struct window_change *change)
{
	unsigned i = planned_change(plan, change->bridge, change->prefetch);

	if (i < plan->changes)
		plan->change[i].new = change->new;
	else
		plan->change[plan->changes++] = *change;
}

/*
 * Try to lead `block` from the root to `pf`'s bus. *end: see space_clash(). Changes `plan` only on
 * success.
 */
static bool grow_path(struct vf_space *plan, bool prefetch, const struct pci_window *aperture,
		      struct pci_window block, u64 *end)
{
	struct window_change found[PCI_PATH_MAX];
	unsigned n = 0;

	for (struct pci_function *up = plan->pf->function->parent; up; up = up->parent) {
		struct pci_window now = space_planned_window(plan, up, prefetch);
		struct pci_window pinned = pinned_part(plan, up, prefetch);
		struct pci_window hull = hull_of(&pinned, &block);
		struct space_query q = { plan->pf->function, up, prefetch, plan };

		if (window_open(&now) && inside(&now, &block))
			break; /* the bridges above lead here already */
		if (n == PCI_PATH_MAX || !inside(aperture, &hull) || space_clash(&q, &hull, end))
			return false;
		found[n++] = (struct window_change){ up, prefetch, now, hull };
		block = hull;
	}
	for (unsigned i = 0; i < n; i++)
		note_change(plan, &found[i]);
	return true;
}

/* Highest address that the windows of this kind can have on the whole path. */
static u64 path_top(const struct vf_space *plan, bool prefetch)
{
	u64 top = ~0ull;

	for (const struct pci_function *up = plan->pf->function->parent; up; up = up->parent)
		if (!prefetch || !window_prefetch_is_64bit(up))
			top = 4 * GiB - 1;
	return top;
}

/* May `size` bytes be at `at`? */
static bool grow_at(struct vf_space *plan, bool prefetch, const struct pci_window *aperture, u64 at,
		    u64 size, u64 *end)
{
	struct space_query q = { .viewer = plan->pf->function, .plan = plan };
	struct pci_window block = { at, at + size - 1 };

	return window_holds(aperture, at, size) && !space_clash(&q, &block, end) &&
	       grow_path(plan, prefetch, aperture, block, end);
}

/* Upwards from `at` to `last`. */
static bool grow_upwards(struct vf_space *plan, bool prefetch, const struct pci_window *aperture,
			 u64 at, u64 last, u64 size, u64 align, u64 *base)
{
	while (at <= last && window_holds(aperture, at, size)) {
		u64 end = at;

		if (grow_at(plan, prefetch, aperture, at, size, &end)) {
			*base = at;
			return true;
		}
		/* Behind what is in the way; if that is below, one window step on. */
		u64 next =
			end > at ? ALIGN_UP(end, align) : ALIGN_UP(at + 1, MAX(align, WINDOW_STEP));

		if (next <= at)
			return false;
		at = next;
	}
	return false;
}

/*
 * A window with something in it grows where it is: up from its own free parts, else down by as much
 * as is needed. An empty one goes to the first place in the aperture.
 */
static bool grow_in(struct vf_space *plan, bool prefetch, const struct pci_window *aperture,
		    u64 size, u64 align, u64 *base)
{
	struct pci_window pinned = pinned_part(plan, plan->pf->function->parent, prefetch);
	u64 end;

	if (!window_open(&pinned))
		return grow_upwards(plan, prefetch, aperture, ALIGN_UP(aperture->base, align),
				    aperture->limit, size, align, base);
	if (grow_upwards(plan, prefetch, aperture, ALIGN_UP(pinned.base, align),
			 ALIGN_UP(pinned.limit + 1, align), size, align, base))
		return true;
	if (pinned.base < size)
		return false;
	*base = ALIGN_DOWN(pinned.base - size, align);
	return grow_at(plan, prefetch, aperture, *base, size, &end);
}

bool space_grow(struct vf_space *plan, bool prefetch, u64 size, u64 align, u64 top, u64 *base)
{
	top = MIN(top, path_top(plan, prefetch));
	for (unsigned i = 0; i < space_aperture_count(); i++) {
		struct pci_window aperture = space_aperture(i);

		aperture.limit = MIN(aperture.limit, top);
		if (window_open(&aperture) && grow_in(plan, prefetch, &aperture, size, align, base))
			return true;
	}
	return false;
}
