/* SPDX-License-Identifier: GPL-2.0-only */
/* Which unit translates a function, and which reserved region hangs on it (VT-d §8.3, §8.4). */
#include "base/format.h"
#include "base/string.h"
#include "iommu/internal.h"
#include "pci/sriov.h"

#define NOT_COVERED (~0u)

/*
 * How closely a scope names a function: 0 = itself, otherwise the number of buses below the bridge
 * that it names.
 */
static unsigned distance(const struct scope *s, struct rid rid)
{
	if (s->type != SCOPE_ENDPOINT && s->type != SCOPE_BRIDGE)
		return NOT_COVERED;
	if (rid_equal(s->target, rid))
		return 0;
	if (!s->bridge || s->target.segment != rid.segment)
		return NOT_COVERED;
	if (rid_bus(rid) < s->bridge->secondary || rid_bus(rid) > s->bridge->subordinate ||
	    s->bridge->secondary == 0)
		return NOT_COVERED;
	return s->bridge->subordinate - s->bridge->secondary + 1u;
}

static const struct scope *closest(struct rid rid, bool of_reserved)
{
	const struct scope *best = NULL;
	unsigned best_distance = NOT_COVERED;

	for (unsigned i = 0; i < vtd.scopes; i++) {
		const struct scope *s = &vtd.scope[i];
		unsigned d = s->of_reserved == of_reserved ? distance(s, rid) : NOT_COVERED;

		if (d < best_distance) {
			best = s;
			best_distance = d;
		}
	}
	return best;
}

/*
 * Firmware lists no VFs: a VF is under the unit of its PF (§8.3.3), even if its Requester ID is on
 * another bus.
 */
static struct rid listed_as(struct rid rid)
{
	const struct pci_function *f = pci_find(rid);

	return f && f->vf_of ? f->vf_of->function->rid : rid;
}

struct iommu_unit *iommu_unit_for(struct rid rid)
{
	const struct scope *s = closest(listed_as(rid), false);

	if (s)
		return &vtd.unit[s->owner];
	if (vtd.catch_all_untrusted)
		return NULL;
	for (unsigned i = 0; i < vtd.units; i++)
		if (vtd.unit[i].include_all && vtd.unit[i].segment == rid.segment)
			return &vtd.unit[i];
	return NULL;
}

/*
 * A region of the PF is not one of its VFs: firmware ran before they existed and cannot be using
 * their Requester IDs.
 */
const struct reserved *scope_reserved_for(struct rid rid)
{
	const struct scope *s = closest(rid, true);

	return s ? &vtd.reserved[s->owner] : NULL;
}

void scope_text(const struct iommu_unit *u, char *buf, size_t size)
{
	static const char *const kinds[] = { [SCOPE_ENDPOINT] = "endpoint",
					     [SCOPE_BRIDGE] = "below",
					     [SCOPE_IOAPIC] = "I/O APIC",
					     [SCOPE_HPET] = "HPET",
					     [SCOPE_NAMESPACE] = "ACPI device" };
	size_t used = 0;

	if (size)
		buf[0] = 0;
	for (unsigned i = 0; i < vtd.scopes && used < size; i++) {
		const struct scope *s = &vtd.scope[i];

		if (!s->of_reserved && s->owner == u->index)
			used += (size_t)format(buf + used, size - used, "%s%s " RID_FMT,
					       used ? ", " : "", kinds[s->type],
					       RID_ARG(s->target));
	}
	if (u->include_all && used < size)
		format(buf + used, size - used, "%sall the rest of segment %u", used ? ", " : "",
		       u->segment);
}
