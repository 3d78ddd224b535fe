/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Isolation groups: functions that may reach each other without passing the IOMMU. Computed from
 * the rules of acs_check(), so a function that is refused for a neighbour's sake stands in one
 * group with it (R28, R29).
 */
#include "pci/acs.h"
#include "pci/internal.h"

static unsigned group_count;

/* All of b's group join a's. */
static void merge(const struct pci_function *a, const struct pci_function *b)
{
	unsigned keep = a->group, gone = b->group;

	for (unsigned i = 0; keep != gone && i < pci_function_count(); i++)
		if (pci_function(i)->group == gone)
			pci_function(i)->group = (u16)keep;
}

/* Below a bridge that does not isolate, everything can reach everything, and the bridge. */
static void merge_below(const struct pci_function *bridge)
{
	for (unsigned i = 0; i < pci_function_count(); i++)
		if (fabric_is_below(pci_function(i), bridge))
			merge(bridge, pci_function(i));
}

/*
 * On a root bus nobody knows what the root complex routes between functions without ACS; elsewhere
 * a device is the limit.
 */
static bool are_neighbours(const struct pci_function *a, const struct pci_function *b)
{
	if (!a->parent && !b->parent)
		return a->rid.segment == b->rid.segment && rid_bus(a->rid) == rid_bus(b->rid);
	return acs_same_device(a, b);
}

/* A function that does not isolate itself is one with its neighbours that do not either. */
static void merge_neighbours(const struct pci_function *f)
{
	for (unsigned i = 0; i < pci_function_count(); i++) {
		const struct pci_function *other = pci_function(i);

		if (other != f && are_neighbours(f, other) && !acs_find(other).isolates)
			merge(f, other);
	}
}

static void number_in_order(void)
{
	static u16 number_of[PCI_MAX_FUNCTIONS]; /* leader -> group number + 1 */

	for (unsigned i = 0; i < PCI_MAX_FUNCTIONS; i++)
		number_of[i] = 0;
	group_count = 0;
	for (unsigned i = 0; i < pci_function_count(); i++) {
		struct pci_function *f = pci_function(i);

		if (!number_of[f->group])
			number_of[f->group] = (u16)++group_count;
		f->group = number_of[f->group] - 1;
	}
}

void pci_groups_compute(void)
{
	for (unsigned i = 0; i < pci_function_count(); i++)
		pci_function(i)->group = (u16)i;
	for (unsigned i = 0; i < pci_function_count(); i++) {
		const struct pci_function *f = pci_function(i);

		if (acs_find(f).isolates)
			continue;
		merge_neighbours(f);
		if (is_bridge(f))
			merge_below(f);
	}
	number_in_order();
}

unsigned pci_group_of(const struct pci_function *f)
{
	return f->group;
}

unsigned pci_group_count(void)
{
	return group_count;
}
