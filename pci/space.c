/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who occupies which addresses: apertures, reserved ranges, BARs, ROMs, VF BARs and bridge windows.
 */
#include "pci/space.h"

#include "base/log.h"
#include "pci/config.h"
#include "pci/internal.h"
#include "pci/space_plan.h"

#define MAX_RANGES     128
#define MAX_OCCUPANTS  (2 * PCI_BARS + 3) /* BARs, ROM, VF BARs, two windows */
#define LEGACY_END     (1 * MiB)
#define CHIPSET_BASE   0xfec00000ull /* IOAPIC, HPET, local APIC, VT-d, flash: to 4 GiB */
#define CHIPSET_SIZE   (4 * GiB - CHIPSET_BASE)
#define ECAM_BUS_BYTES MiB

struct ranges {
	unsigned count;
	struct pci_window range[MAX_RANGES];
};
static struct ranges apertures, reserved;

static void add_range(struct ranges *to, u64 base, u64 size, const char *what)
{
	if (size == 0 || base + (size - 1) < base)
		return;
	if (to->count == MAX_RANGES) {
		log_warn("pci", "more than %u %s: %llx+%llx is left out", MAX_RANGES, what,
			 (unsigned long long)base, (unsigned long long)size);
		return;
	}
	to->range[to->count++] = (struct pci_window){ base, base + (size - 1) };
}

void pci_add_aperture(u64 base, u64 size)
{
	add_range(&apertures, base, size, "MMIO apertures");
}

void pci_reserve_range(u64 base, u64 size)
{
	add_range(&reserved, base, size, "reserved ranges");
}

void pci_space_clear(void)
{
	apertures.count = reserved.count = 0;
}

/* One thing that takes address space. */
struct occupant {
	struct pci_window range;
	bool is_window, prefetch;
};

static void take(struct occupant *out, unsigned *n, u64 base, u64 size)
{
	if (base != 0 && size != 0)
		out[(*n)++] = (struct occupant){ .range = { base, base + (size - 1) } };
}

static void take_window(struct occupant *out, unsigned *n, const struct pci_window *w,
			bool prefetch)
{
	if (window_open(w))
		out[(*n)++] =
			(struct occupant){ .range = *w, .is_window = true, .prefetch = prefetch };
}

/*
 * What function `g` occupies. A VF's BARs are counted with its PF, and those of `moving` not at
 * all: that PF asks because they are about to move.
 */
static unsigned occupants_of(const struct pci_function *g, const struct sriov_pf *moving,
			     struct occupant out[MAX_OCCUPANTS])
{
	unsigned n = 0;

	if (g->vf_of)
		return 0;
	for (unsigned i = 0; i < PCI_BARS; i++)
		if (!g->bars[i].io)
			take(out, &n, g->bars[i].base, g->bars[i].size);
	take(out, &n, g->rom.base, g->rom.size);
	for (unsigned i = 0; g->pf && g->pf != moving && i < PCI_BARS; i++) {
		unsigned vfs = g->pf->num_vfs ? g->pf->num_vfs : g->pf->total_vfs;

		take(out, &n, g->pf->vf_bars[i].base, g->pf->vf_bars[i].size * vfs);
	}
	if (is_bridge(g)) {
		take_window(out, &n, &g->mem, false);
		take_window(out, &n, &g->prefetch, true);
	}
	return n;
}

static bool overlap(const struct pci_window *a, const struct pci_window *b)
{
	return a->base <= b->limit && b->base <= a->limit;
}

/* May the query ignore this occupant of `g`? */
static bool out_of_the_way(const struct space_query *q, const struct pci_function *g,
			   const struct occupant *o)
{
	if (o->is_window && q->viewer && fabric_is_below(q->viewer, g))
		return !q->bridge || g != q->bridge || o->prefetch == q->prefetch;
	return q->bridge && fabric_is_below(g, q->bridge);
}

static bool clash_with_plan(const struct space_query *q, const struct pci_window *range, u64 *end)
{
	for (unsigned i = 0; q->plan && i < PCI_BARS; i++) {
		u64 size = q->plan->pf->vf_bars[i].size * q->plan->num_vfs;
		struct pci_window taken = { q->plan->base[i], q->plan->base[i] + size - 1 };

		if (q->plan->base[i] && overlap(range, &taken)) {
			*end = taken.limit + 1;
			return true;
		}
	}
	/* Both windows of a bridge may have changed: they must stay apart. */
	for (unsigned i = 0; q->plan && q->bridge && i < q->plan->changes; i++) {
		const struct window_change *c = &q->plan->change[i];

		if (c->prefetch != q->prefetch && overlap(range, &c->new)) {
			*end = c->new.limit + 1;
			return true;
		}
	}
	return false;
}

static bool clash_with_fixed(const struct pci_window *range, u64 *end)
{
	struct pci_window fixed = { CHIPSET_BASE, CHIPSET_BASE + CHIPSET_SIZE - 1 };

	if (overlap(range, &fixed)) {
		*end = fixed.limit + 1;
		return true;
	}
	for (unsigned i = 0; i < pci_segment_count(); i++) {
		const struct pci_segment *s = pci_segment(i);
		struct pci_window ecam = { s->base.v + s->first_bus * ECAM_BUS_BYTES,
					   s->base.v + (s->last_bus + 1) * ECAM_BUS_BYTES - 1 };

		if (overlap(range, &ecam)) {
			*end = ecam.limit + 1;
			return true;
		}
	}
	for (unsigned i = 0; i < reserved.count; i++)
		if (overlap(range, &reserved.range[i])) {
			*end = reserved.range[i].limit + 1;
			return true;
		}
	return false;
}

bool space_clash(const struct space_query *q, const struct pci_window *range, u64 *end)
{
	const struct sriov_pf *moving = q->plan ? q->plan->pf : NULL;
	struct occupant o[MAX_OCCUPANTS];

	if (clash_with_fixed(range, end) || clash_with_plan(q, range, end))
		return true;
	for (unsigned i = 0; i < pci_function_count(); i++) {
		const struct pci_function *g = pci_function(i);
		unsigned n = occupants_of(g, moving, o);

		for (unsigned k = 0; k < n; k++)
			if (overlap(range, &o[k].range) && !out_of_the_way(q, g, &o[k])) {
				*end = o[k].range.limit + 1;
				return true;
			}
	}
	return false;
}

bool space_window_in_use(const struct pci_function *bridge, const struct pci_window *w)
{
	struct occupant o[MAX_OCCUPANTS];

	for (unsigned i = 0; i < pci_function_count(); i++) {
		const struct pci_function *g = pci_function(i);
		unsigned n = fabric_is_below(g, bridge) ? occupants_of(g, NULL, o) : 0;

		for (unsigned k = 0; k < n; k++)
			if (overlap(w, &o[k].range))
				return true;
	}
	return false;
}

/*
 * The span of all BARs and windows that firmware placed between the legacy area and the chipset's.
 */
static struct pci_window default_aperture(void)
{
	struct pci_window span = { CHIPSET_BASE, 0 };
	struct occupant o[MAX_OCCUPANTS];

	for (unsigned i = 0; i < pci_function_count(); i++) {
		unsigned n = occupants_of(pci_function(i), NULL, o);

		for (unsigned k = 0; k < n; k++) {
			const struct pci_window *r = &o[k].range;

			if (r->base < LEGACY_END || r->limit >= CHIPSET_BASE)
				continue;
			span.base = MIN(span.base, r->base);
			span.limit = MAX(span.limit, r->limit);
		}
	}
	return span;
}

unsigned space_aperture_count(void)
{
	return apertures.count ? apertures.count : 1;
}

struct pci_window space_aperture(unsigned n)
{
	return apertures.count ? apertures.range[n] : default_aperture();
}
