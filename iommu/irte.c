/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupt remapping tables (VT-d §5.1, §9.9). The table itself is the record of who owns what:
 *
 *	free        lo = 0
 *	claimed     lo = IRTE_CLAIMED, hi = the owner's Requester ID; an interrupt through it faults
 *	live        the same with vector, destination and P = 1
 */
#include "base/pool.h"
#include "iommu/internal.h"

#define FIRST_VECTOR            0x10u /* below are exceptions (SDM 3A §10.5.2) */
#define BROADCAST_8BIT          0xffu /* destination ids that mean "everybody" */
#define BROADCAST_32BIT         0xffffffffu
#define MESSAGE_ADDRESS         0xfee00000ull
#define MESSAGE_REMAPPABLE      BIT64(4) /* interrupt format, §5.1.2.2 */
#define MESSAGE_HANDLE_LOW(h)   ((u64)((h)&0x7fff) << 5)
#define MESSAGE_HANDLE_BIT15(h) ((u64)((h) >> 15) << 2)

static enum err remapping_unit(struct rid rid, struct iommu_unit **u, struct why *why)
{
	enum err e;

	*u = iommu_unit_for(rid);
	e = unit_usable(*u, rid, why);
	if (e != OK)
		return e;
	if (!(*u)->remapping)
		return fail(why, ERR_REFUSED, rid,
			    "the IOMMU unit at 0x%lx of " RID_FMT " does not remap interrupts (%s)",
			    (*u)->base.v, RID_ARG(rid),
			    (*u)->ecap & ECAP_IR ? "DMAR flags bit 0 is clear"
						 : "ECAP bit 3 is clear");
	return OK;
}

enum err irte_alloc(struct rid rid, u16 *handle, struct why *why)
{
	struct iommu_unit *u;
	enum err e;

	spin_lock(&vtd.lock);
	e = remapping_unit(rid, &u, why);
	if (e == OK && u->irt_used == IRT_ENTRIES)
		e = fail(why, ERR_NO_SPACE, rid,
			 "all %u interrupt remapping entries of the unit at 0x%lx are in use",
			 IRT_ENTRIES, u->base.v);
	if (e == OK) {
		/* Next fit: a handle that was just freed is the last one to be used again. */
		while (u->irt[u->irt_next].lo)
			u->irt_next = (u->irt_next + 1) % IRT_ENTRIES;
		*handle = (u16)u->irt_next;
		table_store128(&u->irt[u->irt_next], irte_claimed(rid.id));
		u->irt_next = (u->irt_next + 1) % IRT_ENTRIES;
		u->irt_used++;
	}
	spin_unlock(&vtd.lock);
	return e;
}

/* The entry, if it belongs to this function; else NULL and why. */
static struct entry128 *owned(struct iommu_unit *u, struct rid rid, u16 handle, struct why *why)
{
	struct entry128 *entry = handle < IRT_ENTRIES ? &u->irt[handle] : NULL;

	if (entry && entry->lo & IRTE_CLAIMED && IRTE_SID(entry->hi) == rid.id)
		return entry;
	fail(why, ERR_INVALID, rid, "interrupt handle %u does not belong to " RID_FMT, handle,
	     RID_ARG(rid));
	return NULL;
}

static enum err check_delivery(const struct iommu_unit *u, struct rid rid, u32 apic_id, u8 vector,
			       struct why *why)
{
	u32 limit = u->extended_ids ? BROADCAST_32BIT : BROADCAST_8BIT;

	if (vector < FIRST_VECTOR)
		return fail(why, ERR_INVALID, rid,
			    "vector 0x%x is an exception's; interrupts start at 0x%x", vector,
			    FIRST_VECTOR);
	if (apic_id >= limit)
		return fail(why, ERR_INVALID, rid,
			    "APIC id 0x%x: the IOMMU unit at 0x%lx delivers to ids below 0x%x (%s)",
			    apic_id, u->base.v, limit,
			    u->extended_ids ? "EIME is on" : "EIME is off");
	return OK;
}

static enum err set(struct iommu_unit *u, struct rid rid, u16 handle, u32 apic_id, u8 vector,
		    struct why *why)
{
	struct flush_target t = { .irte_index = handle };
	struct entry128 *entry = owned(u, rid, handle, why);
	enum change change;
	enum err e;

	if (!entry)
		return ERR_INVALID;
	e = check_delivery(u, rid, apic_id, vector, why);
	if (e != OK)
		return e;
	/* Of a live entry only the low half changes, so even then one store does it. */
	change = entry->lo & ENTRY_PRESENT ? CHANGE_IRTE_CLEAR : CHANGE_IRTE_SET;
	table_store128(entry, irte_remapped(rid.id, apic_id, vector, u->extended_ids));
	return flush_after(u, change, &t, why);
}

enum err irte_set(struct rid rid, u16 handle, u32 apic_id, u8 vector, struct why *why)
{
	struct iommu_unit *u;
	enum err e;

	spin_lock(&vtd.lock);
	e = remapping_unit(rid, &u, why);
	if (e == OK)
		e = set(u, rid, handle, apic_id, vector, why);
	spin_unlock(&vtd.lock);
	return e;
}

static enum err release(struct iommu_unit *u, struct rid rid, u16 handle, struct why *why)
{
	struct flush_target t = { .irte_index = handle };
	struct entry128 *entry = owned(u, rid, handle, why);
	enum err e;

	if (!entry)
		return ERR_INVALID;
	table_store(&entry->lo, IRTE_CLAIMED);
	/*
	 * Also drains interrupts that are on their way (§6.5.5). If it fails the handle stays
	 * claimed for ever.
	 */
	e = flush_after(u, CHANGE_IRTE_CLEAR, &t, why);
	if (e != OK)
		return e;
	table_store(&entry->hi, 0);
	table_store(&entry->lo, 0);
	u->irt_used--;
	return OK;
}

enum err irte_free(struct rid rid, u16 handle, struct why *why)
{
	struct iommu_unit *u;
	enum err e;

	spin_lock(&vtd.lock);
	e = remapping_unit(rid, &u, why);
	if (e == OK)
		e = release(u, rid, handle, why);
	spin_unlock(&vtd.lock);
	return e;
}

unsigned irte_used(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < vtd.units; i++)
		n += vtd.unit[i].irt_used;
	return n;
}

/* SHV = 0: the handle is the whole index, and the data is not looked at. */
void irte_message(u16 handle, u64 *address, u32 *data)
{
	*address = MESSAGE_ADDRESS | MESSAGE_HANDLE_LOW(handle) | MESSAGE_REMAPPABLE |
		   MESSAGE_HANDLE_BIT15(handle);
	*data = 0;
}
