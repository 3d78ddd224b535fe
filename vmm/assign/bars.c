/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * BARs of assigned VFs in the guest's address space. Everything of a BAR is mapped but the pages
 * that hold the MSI-X table, so that the guest never writes a real message (R18), and those that a
 * master driver mediates: these exit.
 */
#include "base/log.h"
#include "vmm/assign/internal.h"
#include "vmm/guest/devices.h"

static bool overlaps(u64 a, u64 a_size, u64 b, u64 b_size)
{
	return a < b + b_size && b < a + a_size;
}

static bool overlaps_other(const struct vm *vm, const struct assigned_vf *self, unsigned self_bar,
			   u64 base, u64 size)
{
	for (unsigned i = 0; i < vm->vf_count; i++)
		for (unsigned n = 0; n < PCI_BARS; n++) {
			const struct assigned_vf *a = vm->vf[i];
			if (!a->gpa_mapped[n] || (a == self && n == self_bar))
				continue;
			if (overlaps(base, size, a->gpa_mapped[n], a->host_bar[n].size))
				return true;
		}
	return false;
}

/* Where the guest wants this BAR now; 0 = nowhere. Never over RAM, ECAM, shared pages or another
 * BAR (R5). */
static u64 wanted_base(struct vm *vm, const struct assigned_vf *a, unsigned n)
{
	u64 base = a->model.bars[n].base, size = a->host_bar[n].size;
	if (size == 0 || !vf_model_memory(&a->model))
		return 0;
	bool inside = base >= GUEST_MMIO_BASE && base <= SHARED_PAGES_BASE &&
		      size <= SHARED_PAGES_BASE - base;
	if (inside && IS_ALIGNED(base, PAGE_SIZE) && !overlaps_other(vm, a, n, base, size))
		return base;
	guest_teach(vm,
		    "VF " VF_FMT ": BAR %u at 0x%llx is outside the window 0x%x..0x%llx or over "
		    "another BAR: not mapped",
		    VF_ARG(a->vf), n, ULL(base), GUEST_MMIO_BASE, ULL(SHARED_PAGES_BASE - 1));
	return 0;
}

static enum err map_part(struct vm *vm, const struct assigned_vf *a, unsigned n, u64 base, u64 from,
			 u64 to, struct why *why)
{
	return ept_map(vm, gpa(base + from), hpa(a->host_bar[n].base + from), to - from,
		       EPT_READ | EPT_WRITE, true, why);
}

/* Pages that must exit: those of the MSI-X table, and those that a mediator guards. */
static bool page_traps(const struct assigned_vf *a, unsigned n, u64 page)
{
	u64 first, last;
	if (n == a->msix.table_bar) {
		msix_table_pages(&a->msix, &first, &last);
		if (page >= first && page <= last)
			return true;
	}
	return mediation_traps(a, n, page);
}

/* Where the pages that are treated like the one at `from` end. */
static u64 end_of_run(const struct assigned_vf *a, unsigned n, u64 from, u64 size)
{
	bool traps = page_traps(a, n, from);
	u64 to = from;
	while (to < size && page_traps(a, n, to) == traps)
		to += PAGE_SIZE;
	return MIN(to, size);
}

static void map_bar(struct vm *vm, struct assigned_vf *a, unsigned n, u64 base)
{
	struct why why;
	u64 size = a->host_bar[n].size;
	enum err e = OK;
	for (u64 from = 0; !e && from < size;) {
		u64 to = end_of_run(a, n, from, size);
		if (!page_traps(a, n, from))
			e = map_part(vm, a, n, base, from, to, &why);
		from = to;
	}
	a->gpa_mapped[n] = base;
	if (e) {
		/* The guest still reaches it, access by access, through vmm/guest/mmio.c. */
		guest_teach(vm, "BAR %u of VF " VF_FMT " is emulated and slow: %s", n,
			    VF_ARG(a->vf), why.text);
		ept_unmap(vm, gpa(base), size);
	}
}

static void unmap_bar(struct vm *vm, struct assigned_vf *a, unsigned n)
{
	if (!a->gpa_mapped[n])
		return;
	ept_unmap(vm, gpa(a->gpa_mapped[n]), a->host_bar[n].size);
	a->gpa_mapped[n] = 0;
}

void bars_sync(struct vm *vm, struct assigned_vf *a)
{
	for (unsigned n = 0; n < PCI_BARS; n++) {
		u64 wanted = wanted_base(vm, a, n);
		if (wanted == a->gpa_mapped[n])
			continue;
		unmap_bar(vm, a, n);
		if (wanted)
			map_bar(vm, a, n, wanted);
	}
}

void bars_unmap(struct vm *vm, struct assigned_vf *a)
{
	for (unsigned n = 0; n < PCI_BARS; n++)
		unmap_bar(vm, a, n);
}
