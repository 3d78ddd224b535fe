/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading firmware's DMAR table (VT-d chapter 8). It is firmware's word about which unit stands
 * before which device, so damage in it must never make a device look protected: what a damaged part
 * might have claimed is not given to a unit that merely takes "all the rest", and a damaged
 * reserved region refuses every device.
 */
#include <linux/pci_regs.h>

#include "iommu/internal.h"

struct dmar_table {
	struct acpi_header header;
	u8 host_address_width; /* minus one */
	u8 flags;
	u8 reserved[10];
} __attribute__((packed));
_Static_assert(sizeof(struct dmar_table) == 48, "VT-d §8.1");

struct dmar_structure {
	u16 type, length;
} __attribute__((packed));
_Static_assert(sizeof(struct dmar_structure) == 4, "VT-d §8.2");

struct dmar_unit {
	struct dmar_structure head;
	u8 flags, size;
	u16 segment;
	u64 base;
} __attribute__((packed));
_Static_assert(sizeof(struct dmar_unit) == 16, "VT-d §8.3");

struct dmar_reserved {
	struct dmar_structure head;
	u16 reserved, segment;
	u64 base, limit;
} __attribute__((packed));
_Static_assert(sizeof(struct dmar_reserved) == 24, "VT-d §8.4");

struct dmar_scope {
	u8 type, length;
	u16 reserved;
	u8 enumeration, start_bus;
} __attribute__((packed));
_Static_assert(sizeof(struct dmar_scope) == 6,
	       "VT-d §8.3.1; then pairs of device and function number");

#define DMAR_INTR_REMAP      BIT(0) /* flags of the table */
#define DRHD_INCLUDE_PCI_ALL BIT(0) /* flags of a unit */
#define PATH_STEP_BYTES      2u
#define MAX_HOST_WIDTH       52u
#define PCI_DEVICES          32u
#define PCI_FUNCTIONS        8u

enum {
	TYPE_DRHD,
	TYPE_RMRR,
	TYPE_ATSR,
	TYPE_RHSA,
	TYPE_ANDD,
	TYPE_SATC,
	TYPE_SIDP,
	TYPES
};

/*
 * Known and not needed: they describe device TLBs, NUMA nodes, ACPI devices and SoC properties
 * (§8.5 to §8.9).
 */
static const char *const skipped_types[TYPES] = {
	[TYPE_ATSR] = "ATSR", [TYPE_RHSA] = "RHSA", [TYPE_ANDD] = "ANDD",
	[TYPE_SATC] = "SATC", [TYPE_SIDP] = "SIDP",
};

/*
 * Follow the path through the secondary bus numbers that the fabric walk found. False if a bridge
 * on it is not there.
 */
static bool walk_path(u16 segment, const struct dmar_scope *s, struct rid *target)
{
	const u8 *step = (const u8 *)(s + 1);
	unsigned steps = (s->length - sizeof(*s)) / PATH_STEP_BYTES;
	unsigned bus = s->start_bus;

	for (unsigned i = 0;; i++, step += PATH_STEP_BYTES) {
		const struct pci_function *bridge;

		*target = rid_make(segment, bus, step[0], step[1]);
		if (i + 1 == steps)
			return true;
		bridge = pci_find(*target);
		if (!bridge || bridge->header_type != PCI_HEADER_TYPE_BRIDGE)
			return false;
		bus = bridge->secondary;
	}
}

static bool path_plausible(const struct dmar_scope *s)
{
	const u8 *step = (const u8 *)(s + 1);
	unsigned bytes = s->length - sizeof(*s);

	for (unsigned i = 0; i < bytes; i += PATH_STEP_BYTES)
		if (step[i] >= PCI_DEVICES || step[i + 1] >= PCI_FUNCTIONS)
			return false;
	return bytes >= PATH_STEP_BYTES && bytes % PATH_STEP_BYTES == 0;
}

/* NULL, or what is wrong. */
static const char *add_scope(u16 segment, const struct dmar_scope *s, bool of_reserved, u8 owner)
{
	struct scope scope = { .type = s->type,
			       .of_reserved = of_reserved,
			       .owner = owner,
			       .enumeration = s->enumeration };

	if (s->type < SCOPE_ENDPOINT || s->type > SCOPE_NAMESPACE)
		return "a device scope of unknown type";
	if (!path_plausible(s))
		return "a device scope with an impossible path";
	if (!walk_path(segment, s, &scope.target)) {
		log_debug("iommu",
			  "DMAR names a device behind " RID_FMT ", where no bridge is: ignored",
			  RID_ARG(scope.target));
		return NULL;
	}
	if (vtd.scopes == MAX_SCOPES)
		return "more device scopes than we can hold";
	if (s->type == SCOPE_BRIDGE)
		scope.bridge = pci_find(scope.target);
	if (scope.bridge && scope.bridge->header_type != PCI_HEADER_TYPE_BRIDGE)
		scope.bridge = NULL;
	vtd.scope[vtd.scopes++] = scope;
	return NULL;
}

static const char *add_scopes(u16 segment, const u8 *at, const u8 *end, bool of_reserved, u8 owner)
{
	while (at < end) {
		const struct dmar_scope *s = (const struct dmar_scope *)at;
		const char *damage;

		if ((size_t)(end - at) < sizeof(*s) || s->length < sizeof(*s) ||
		    s->length > end - at)
			return "a device scope that overruns its structure";
		damage = add_scope(segment, s, of_reserved, owner);
		if (damage)
			return damage;
		at += s->length;
	}
	return NULL;
}

static bool segment_has_catch_all(u16 segment)
{
	for (unsigned i = 0; i < vtd.units; i++)
		if (vtd.unit[i].include_all && vtd.unit[i].segment == segment)
			return true;
	return false;
}

static bool segment_exists(u16 segment)
{
	for (unsigned i = 0; i < pci_function_count(); i++)
		if (pci_function(i)->rid.segment == segment)
			return true;
	return false;
}

/* What makes the whole list of units doubtful, although this one can be read. */
static const char *unit_doubts(const struct dmar_unit *d)
{
	if (!segment_exists(d->segment))
		return "a unit of a PCI segment that does not exist";
	if ((d->flags & DRHD_INCLUDE_PCI_ALL) && segment_has_catch_all(d->segment))
		return "a second INCLUDE_PCI_ALL unit of one segment";
	return NULL;
}

/* Of two units at one base at least one is a lie, and nobody can tell which: neither is used. */
static const char *unit_base_damage(const struct dmar_unit *d)
{
	const char *same = "another unit of the DMAR table has the same register base";

	if (d->base == 0 || !IS_ALIGNED(d->base, PAGE_SIZE))
		return "its register base is not a page";
	for (unsigned i = 0; i < vtd.units; i++) {
		if (vtd.unit[i].base.v == d->base) {
			unit_give_up(&vtd.unit[i], "%s", same);
			return same;
		}
	}
	return NULL;
}

static const char *parse_unit(const struct dmar_unit *d)
{
	struct iommu_unit *u = &vtd.unit[vtd.units];
	const char *base_damage, *scope_damage, *doubts;

	if (d->head.length < sizeof(*d))
		return "a unit (DRHD) that is too short";
	if (vtd.units == MAX_UNITS)
		return "more units than we can hold";
	doubts = unit_doubts(d);
	*u = (struct iommu_unit){ .base = hpa(d->base),
				  .segment = d->segment,
				  .index = (u8)vtd.units,
				  .include_all = (d->flags & DRHD_INCLUDE_PCI_ALL) != 0 };
	base_damage = unit_base_damage(d);
	vtd.units++;
	/*
	 * Kept even if unusable: its scopes still claim their devices, which must not fall to
	 * another unit.
	 */
	if (base_damage)
		unit_give_up(u, "%s", base_damage);
	scope_damage = add_scopes(d->segment, (const u8 *)(d + 1), (const u8 *)d + d->head.length,
				  false, u->index);
	return doubts ?: scope_damage;
}

static const char *parse_reserved(const struct dmar_reserved *r)
{
	u8 index = (u8)vtd.reserved_regions;

	if (r->head.length < sizeof(*r))
		return "a reserved region (RMRR) that is too short";
	if (vtd.reserved_regions == MAX_RESERVED)
		return "more reserved regions than we can hold";
	vtd.reserved[vtd.reserved_regions++] = (struct reserved){ r->base, r->limit };
	return add_scopes(r->segment, (const u8 *)(r + 1), (const u8 *)r + r->head.length, true,
			  index);
}

/*
 * Firmware reports the types in numerical order (§8.2), so a type that is newer than we are comes
 * last. One that comes before a known type was a unit or a reserved region once.
 */
static const char *parse_structure(const struct dmar_structure *s, bool *unknown_before)
{
	const char *unit_damage = NULL, *reserved_damage = NULL;

	if (s->type >= TYPES)
		*unknown_before = true;
	else if (*unknown_before)
		unit_damage = reserved_damage = "a structure of unknown type among known ones";
	if (s->type == TYPE_DRHD)
		unit_damage = parse_unit((const struct dmar_unit *)s) ?: unit_damage;
	else if (s->type == TYPE_RMRR)
		reserved_damage =
			parse_reserved((const struct dmar_reserved *)s) ?: reserved_damage;
	if (unit_damage)
		vtd.catch_all_untrusted = unit_damage;
	if (reserved_damage)
		vtd.reserved_untrusted = reserved_damage;
	return unit_damage ?: reserved_damage;
}

static void note_structure(const struct dmar_structure *s, u32 offset, const char *damage)
{
	if (damage)
		log_error("iommu", "DMAR: %s (structure at offset %u)", damage, offset);
	else if (s->type >= TYPES)
		log_info("iommu", "DMAR: structure of unknown type %u at offset %u skipped",
			 s->type, offset);
	else if (skipped_types[s->type])
		log_debug("iommu", "DMAR: %s at offset %u is not needed", skipped_types[s->type],
			  offset);
}

enum err dmar_parse(const struct acpi_header *dmar, struct why *why)
{
	const struct dmar_table *t = (const struct dmar_table *)dmar;
	const u8 *base = (const u8 *)dmar;
	bool unknown_before = false;

	if (dmar->length < sizeof(*t))
		return fail(why, ERR_INVALID, RID_NONE,
			    "DMAR table of %u bytes; its header alone has %u", dmar->length,
			    (unsigned)sizeof(*t));
	vtd.host_width = MIN(t->host_address_width + 1u, MAX_HOST_WIDTH);
	vtd.platform_remaps_interrupts = (t->flags & DMAR_INTR_REMAP) != 0;
	for (u32 at = sizeof(*t); at < dmar->length;) {
		const struct dmar_structure *s = (const struct dmar_structure *)(base + at);

		if (dmar->length - at < sizeof(*s) || s->length < sizeof(*s) ||
		    s->length > dmar->length - at) {
			/* Whatever follows is lost: units and reserved regions alike. */
			vtd.catch_all_untrusted = vtd.reserved_untrusted =
				"a structure that overruns the table";
			log_error("iommu",
				  "DMAR: the structure at offset %u overruns the table; the rest "
				  "is ignored",
				  at);
			break;
		}
		note_structure(s, at, parse_structure(s, &unknown_before));
		at += s->length;
	}
	if (vtd.units == 0)
		return fail(why, ERR_NOT_FOUND, RID_NONE,
			    "the DMAR table lists no remapping unit (DRHD)");
	return OK;
}
