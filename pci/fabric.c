/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table of functions. `order` is what others iterate over; a function's storage never moves, so
 * pointers stay valid when VFs come and go.
 */
#include "pci/fabric.h"

#include "base/string.h"
#include "pci/internal.h"

static struct pci_function storage[PCI_MAX_FUNCTIONS];
static bool in_use[PCI_MAX_FUNCTIONS];
static struct pci_function *order[PCI_MAX_FUNCTIONS];
static unsigned count;

void fabric_clear(void)
{
	memset(in_use, 0, sizeof(in_use));
	count = 0;
}

unsigned fabric_room(void)
{
	return PCI_MAX_FUNCTIONS - count;
}

unsigned pci_function_count(void)
{
	return count;
}

struct pci_function *pci_function(unsigned n)
{
	return n < count ? order[n] : NULL;
}

struct pci_function *pci_find(struct rid rid)
{
	for (unsigned i = 0; i < count; i++)
		if (rid_equal(order[i]->rid, rid))
			return order[i];
	return NULL;
}

struct pci_function *pci_function_add(struct rid rid)
{
	for (unsigned i = 0; i < PCI_MAX_FUNCTIONS; i++) {
		struct pci_function *f = &storage[i];

		if (in_use[i])
			continue;
		in_use[i] = true;
		memset(f, 0, sizeof(*f));
		f->rid = rid;
		f->port_type = PORT_TYPE_NONE;
		order[count++] = f;
		return f;
	}
	return NULL;
}

void fabric_remove(struct pci_function *f)
{
	unsigned at = 0;

	while (at < count && order[at] != f)
		at++;
	if (at == count)
		return;
	in_use[f - storage] = false;
	count--;
	memmove(&order[at], &order[at + 1], (count - at) * sizeof(order[0]));
}

bool fabric_is_below(const struct pci_function *f, const struct pci_function *bridge)
{
	for (const struct pci_function *up = f->parent; up; up = up->parent)
		if (up == bridge)
			return true;
	return false;
}

bool fabric_bus_is_free(unsigned segment, unsigned bus)
{
	for (unsigned i = 0; i < count; i++) {
		const struct pci_function *f = order[i];

		if (f->rid.segment != segment)
			continue;
		if (rid_bus(f->rid) == bus)
			return false;
		if (is_bridge(f) && f->secondary && bus >= f->secondary && bus <= f->subordinate)
			return false;
	}
	return true;
}
