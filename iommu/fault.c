/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Faults: the units' records, decoded (VT-d chapter 7), and their event interrupt (§5.1.6,
 * §11.4.7).
 */
#include "base/time.h"
#include "iommu/internal.h"

#define FIRST_INTERRUPT_REASON  0x20u
#define LAST_INTERRUPT_REASON   0x2fu
#define EVENT_ADDRESS           0xfee00000u
#define EVENT_DESTINATION_SHIFT 12

/* §7.1.3 table 30 (legacy mode), §5.1.4.1. */
static const char *const reasons[] = {
	[0x01] = "the root entry of its bus is not present",
	[0x02] = "its context entry is not present",
	[0x03] = "its context entry is programmed wrongly",
	[0x04] = "the address is beyond what the unit or the domain translates",
	[0x05] = "no write permission: the page is not mapped, or read-only",
	[0x06] = "no read permission: the page is not mapped, or write-only",
	[0x07] = "the unit could not read a paging table",
	[0x08] = "the unit could not read the root table",
	[0x09] = "the unit could not read the context table",
	[0x0a] = "reserved bits are set in the root entry",
	[0x0b] = "reserved bits are set in the context entry",
	[0x0c] = "reserved bits are set in a paging entry",
	[0x0d] = "translated or translation requests (ATS) are blocked for it",
	[0x0e] = "the page leads to the interrupt range 0xfeexxxxx",
	[0x20] = "reserved bits are set in the interrupt message",
	[0x21] = "the interrupt index is beyond the remapping table",
	[0x22] = "the interrupt remapping entry is not present",
	[0x23] = "the unit could not read the interrupt remapping table",
	[0x24] = "reserved bits are set in the interrupt remapping entry",
	[0x25] = "an interrupt in compatibility format was blocked",
	[0x26] = "the interrupt's Requester ID is not the one the entry belongs to",
};

const char *fault_reason_text(u8 reason)
{
	const char *text = reason < ARRAY_LEN(reasons) ? reasons[reason] : NULL;

	return text ? text : "reason not known to us; see VT-d table 30";
}

/*
 * Bits 119:104 of a record (PASID value) hold garbage in QEMU and mean nothing in legacy mode:
 * every field is masked out by itself.
 */
static struct iommu_fault decode(const struct iommu_unit *u, u64 lo, u64 hi)
{
	u8 reason = FRCD_HI_REASON(hi);
	bool interrupt = reason >= FIRST_INTERRUPT_REASON && reason <= LAST_INTERRUPT_REASON;

	return (struct iommu_fault){ .rid = { u->segment, FRCD_HI_SID(hi) },
				     .address = interrupt ? FRCD_LO_INDEX(lo) : FRCD_LO_PAGE(lo),
				     .reason = reason,
				     .read = !interrupt && (hi & FRCD_HI_READ),
				     .interrupt = interrupt,
				     .reason_text = fault_reason_text(reason) };
}

/* Take one record, oldest first. */
static bool take(const struct iommu_unit *u, u32 status, struct iommu_fault *out)
{
	unsigned records = CAP_NFR(u->cap);

	for (unsigned i = 0; i < records; i++) {
		u64 at = CAP_FRO(u->cap) + (FSTS_FRI(status) + i) % records * FRCD_BYTES;
		u64 hi = mmio_read64(&u->regs, at + FRCD_HI);

		if (hi & FRCD_HI_F) {
			*out = decode(u, mmio_read64(&u->regs, at), hi);
			mmio_write32(&u->regs, at + FRCD_TOP, FRCD_TOP_F);
			return true;
		}
	}
	return false;
}

/* Once the records are empty: while PFO is set nothing new is recorded (§7.2.1). */
static void clear_overflow(const struct iommu_unit *u, u32 status)
{
	if (!(status & FSTS_PFO))
		return;
	vtd_write32(&u->regs, VTD_FSTS, FSTS_PFO);
	vtd.faults_lost++;
	log_limited(&vtd.overflow_log, LOG_WARN, "iommu",
		    "unit at 0x%lx: more faults than it has records for; some were lost",
		    u->base.v);
}

/*
 * Errors of the invalidation queue share the status register and the event. flush.c meets its own
 * while it waits.
 */
static void check_queue(struct iommu_unit *u, u32 status)
{
	if (status & (FSTS_IQE | FSTS_ITE))
		unit_give_up(u, "its invalidation queue stopped with an error (FSTS 0x%x)", status);
	if (status & FSTS_ICE)
		vtd_write32(&u->regs, VTD_FSTS, FSTS_ICE);
}

static bool next_fault(struct iommu_fault *out)
{
	for (unsigned i = 0; i < vtd.units; i++) {
		struct iommu_unit *u = &vtd.unit[i];
		u32 status;

		if (!u->translating)
			continue;
		status = vtd_read32(&u->regs, VTD_FSTS);
		check_queue(u, status);
		if ((status & FSTS_PPF) && take(u, status, out))
			return true;
		clear_overflow(u, status);
	}
	return false;
}

u64 iommu_faults_lost(void)
{
	return vtd.faults_lost;
}

unsigned iommu_drain_faults(void (*report)(const struct iommu_fault *, void *ctx), void *ctx,
			    unsigned max)
{
	unsigned n;

	for (n = 0; n < max; n++) {
		struct iommu_fault fault;
		bool found;

		spin_lock(&vtd.lock);
		found = next_fault(&fault);
		spin_unlock(&vtd.lock);
		if (!found)
			break;
		/* Without the lock: the callback may park the function. */
		report(&fault, ctx);
	}
	return n;
}

/* 32-bit writes only: a 64-bit write that starts at FECTL is undefined, and QEMU aborts on it. */
void iommu_set_fault_vector(u32 apic_id, u8 vector)
{
	spin_lock(&vtd.lock);
	for (unsigned i = 0; i < vtd.units; i++) {
		const struct iommu_unit *u = &vtd.unit[i];

		if (!u->translating)
			continue;
		vtd_write32(&u->regs, VTD_FECTL, FECTL_IM);
		vtd_write32(&u->regs, VTD_FEDATA, vector);
		vtd_write32(&u->regs, VTD_FEADDR,
			    EVENT_ADDRESS | (apic_id & 0xff) << EVENT_DESTINATION_SHIFT);
		vtd_write32(&u->regs, VTD_FEUADDR, apic_id & ~0xffu);
		vtd_write32(&u->regs, VTD_FECTL, 0);
		(void)vtd_read32(&u->regs,
				 VTD_FECTL); /* posted writes are through before we rely on it */
	}
	spin_unlock(&vtd.lock);
}
