/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The facade: finding the units, turning them on with everything parked, and what others may know
 * about them.
 */
#include "iommu/iommu.h"

#include "base/bitmap.h"
#include "base/string.h"
#include "base/time.h"
#include "iommu/internal.h"

#define FEWEST_ID_BITS     4 /* CAP.ND = 0, §11.4.2 */
#define SLLPS_2M           BIT(0)
#define SLLPS_1G           BIT(1)
#define OVERFLOW_LINES     1
#define OVERFLOW_WINDOW_NS NS_PER_S

struct vtd vtd;

/* --- what all units have in common --- */

/*
 * One set of tables per VM serves all units, so all must walk the same number of levels (XSA-390,
 * XSA-450): 4 if that is common to all, else 3. If nothing is, the units that cannot walk 4 are
 * given up.
 */
static unsigned choose_levels(void)
{
	unsigned common = SAGAW_LEVELS(3) | SAGAW_LEVELS(4);
	bool any = false;

	for (unsigned i = 0; i < vtd.units; i++) {
		if (!vtd.unit[i].dead) {
			common &= CAP_SAGAW(vtd.unit[i].cap);
			any = true;
		}
	}
	if (!any)
		return 0;
	return common == SAGAW_LEVELS(3) ? 3 : 4;
}

static void narrow(const struct iommu_unit *u)
{
	vtd.width = MIN(vtd.width, CAP_MGAW(u->cap));
	vtd.domain_ids = MIN(vtd.domain_ids, 1u << (FEWEST_ID_BITS + 2 * CAP_ND(u->cap)));
	vtd.coherent &= (u->ecap & ECAP_C) != 0;
	vtd.leaf_2m &= (CAP_SLLPS(u->cap) & SLLPS_2M) != 0;
	vtd.leaf_1g &= (CAP_SLLPS(u->cap) & SLLPS_1G) != 0;
}

static void choose_common(void)
{
	vtd.levels = choose_levels();
	vtd.width = vtd.levels ? 12 + 9 * vtd.levels : 0;
	vtd.domain_ids = MAX_DOMAINS;
	vtd.coherent = vtd.leaf_2m = vtd.leaf_1g = true;
	for (unsigned i = 0; i < vtd.units; i++) {
		struct iommu_unit *u = &vtd.unit[i];

		if (!u->dead && !(CAP_SAGAW(u->cap) & SAGAW_LEVELS(vtd.levels)))
			unit_give_up(u,
				     "it cannot walk tables of %u levels as the other units do "
				     "(CAP.SAGAW 0x%x)",
				     vtd.levels, CAP_SAGAW(u->cap));
		if (!u->dead)
			narrow(u);
	}
	vtd.leaf_1g &= vtd.leaf_2m; /* splitting a 1 GiB leaf makes 2 MiB ones */
}

enum err iommu_init(const struct acpi_header *dmar, struct why *why)
{
	enum err e;

	memset(&vtd, 0, sizeof(vtd));
	vtd.coherent = true;
	vtd.overflow_log = RATE_LIMIT(OVERFLOW_LINES, OVERFLOW_WINDOW_NS);
	if (!dmar)
		return fail(why, ERR_NOT_FOUND, RID_NONE,
			    "no DMAR table: the platform has no VT-d, or it is off in the firmware "
			    "setup; VMs run without VFs");
	e = dmar_parse(dmar, why);
	for (unsigned i = 0; i < vtd.units; i++)
		if (!vtd.unit[i].dead)
			unit_probe(&vtd.unit[i]);
	choose_common();
	return e;
}

/* --- on --- */

static void park_everything(void)
{
	for (unsigned i = 0; i < pci_function_count(); i++) {
		struct rid rid = pci_function(i)->rid;
		struct iommu_unit *u = iommu_unit_for(rid);
		const struct reserved *r = scope_reserved_for(rid);
		struct why why;

		if (!u || u->dead)
			continue;
		if (tables_set(u, rid, vtd.parking, &why) != OK)
			unit_give_up(u, "%s", why.text);
		if (r)
			log_warn("iommu",
				 RID_FMT " has a reserved region (RMRR) 0x%lx..0x%lx: parked all "
					 "the same, it is cut off "
					 "from it",
				 RID_ARG(rid), r->base, r->limit);
	}
}

static unsigned turn_all_on(bool x2apic, struct why *why)
{
	unsigned on = 0;

	for (unsigned i = 0; i < vtd.units; i++) {
		struct iommu_unit *u = &vtd.unit[i];

		if (!u->dead && unit_turn_on(u, x2apic, why) == OK)
			on++;
	}
	return on;
}

enum err iommu_enable(bool x2apic, struct why *why)
{
	unsigned on;

	if (vtd.levels == 0)
		return fail(why, ERR_UNSUPPORTED, RID_NONE, "no usable IOMMU unit: %s",
			    vtd.units ? vtd.unit[0].dead_reason : "none was found");
	vtd.parking = iommu_domain_create("parking", 0, why);
	if (!vtd.parking)
		return ERR_NO_MEMORY;
	spin_lock(&vtd.lock);
	for (unsigned i = 0; i < vtd.units; i++)
		if (!vtd.unit[i].dead)
			(void)unit_prepare(&vtd.unit[i], why);
	park_everything();
	on = turn_all_on(x2apic, why);
	spin_unlock(&vtd.lock);
	if (on == vtd.units)
		return OK;
	return on ? fail(why, ERR_DEVICE, RID_NONE,
			 "%u of %u IOMMU units are in use; see the log for the others", on,
			 vtd.units)
		  : fail(why, ERR_DEVICE, RID_NONE, "no IOMMU unit could be turned on: %s",
			 vtd.unit[0].dead_reason);
}

/* --- may this function be confined? --- */

enum err iommu_check(struct rid rid, struct why *why)
{
	const struct iommu_unit *u = iommu_unit_for(rid);
	const struct reserved *r = scope_reserved_for(rid);
	enum err e = unit_usable(u, rid, why);

	if (e != OK)
		return e;
	if (!u->remapping)
		return fail(why, ERR_REFUSED, rid,
			    RID_FMT ": interrupt remapping is missing at the IOMMU unit 0x%lx "
				    "(%s); the device could raise any "
				    "vector",
			    RID_ARG(rid), u->base.v,
			    u->ecap & ECAP_IR
				    ? "DMAR flags bit 0 is clear: enable it in the firmware setup"
				    : "ECAP bit 3 is clear");
	if (vtd.reserved_untrusted)
		return fail(why, ERR_REFUSED, rid,
			    RID_FMT ": the DMAR table has %s, so a reserved region (RMRR) of this "
				    "device may be unknown; "
				    "update the firmware",
			    RID_ARG(rid), vtd.reserved_untrusted);
	if (r)
		return fail(why, ERR_REFUSED, rid,
			    RID_FMT ": firmware keeps a reserved region (RMRR) 0x%lx..0x%lx for "
				    "it, which a VM could not "
				    "honour; turn the feature that uses it off in the firmware "
				    "setup, or use another device",
			    RID_ARG(rid), r->base, r->limit);
	return OK;
}

/* --- facts --- */

unsigned iommu_unit_count(void)
{
	return vtd.units;
}

void iommu_unit_info(unsigned n, struct iommu_unit_info *out)
{
	const struct iommu_unit *u = &vtd.unit[n];

	*out = (struct iommu_unit_info){ .base = u->base,
					 .segment = u->segment,
					 .cap = u->cap,
					 .ecap = u->ecap,
					 .include_all = u->include_all,
					 .caching_mode = (u->cap & CAP_CM) != 0,
					 .coherent = (u->ecap & ECAP_C) != 0,
					 .eim = u->extended_ids,
					 .translating = u->translating,
					 .remapping = u->remapping,
					 .dead = u->dead ? u->dead_reason : NULL };
	for (unsigned i = 0; i < vtd.scopes; i++)
		out->scopes += !vtd.scope[i].of_reserved && vtd.scope[i].owner == n;
}

void iommu_unit_scopes_text(unsigned n, char *buf, size_t size)
{
	scope_text(&vtd.unit[n], buf, size);
}

void iommu_counters(struct iommu_counters *out)
{
	*out = vtd.counters;
}
