/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One remapping unit: what it can do, its commands, and taking it over from firmware (VT-d §6.5.2,
 * §6.6, §6.7, §11.4).
 */
#include <linux/pci_regs.h>
#include <stdarg.h>

#include "base/format.h"
#include "base/pool.h"
#include "base/time.h"
#include "iommu/internal.h"
#include "pci/config.h"

#define COMMAND_TIMEOUT_NS NS_PER_S
#define ALL_ONES_64        (~0ull)
#define IRT_PAGES          (IRT_ENTRIES * sizeof(struct entry128) / PAGE_SIZE)
#define QUEUE_PAGES        2 /* the queue, then the page with the status word */

static void cut_bus_mastering(const struct iommu_unit *u)
{
	for (unsigned i = 0; i < pci_function_count(); i++) {
		const struct pci_function *f = pci_function(i);

		if (f->header_type == PCI_HEADER_TYPE_NORMAL && iommu_unit_for(f->rid) == u)
			pci_write16(f->rid, PCI_COMMAND,
				    pci_read16(f->rid, PCI_COMMAND) & (u16)~PCI_COMMAND_MASTER);
	}
}

/*
 * A unit that does not answer is never used again: nobody could say which stale translations it
 * still holds (XSA-373). If it was running, its devices stop being bus masters; the tables stay as
 * they are.
 */
void unit_give_up(struct iommu_unit *u, const char *fmt, ...)
{
	va_list args;

	if (u->dead)
		return;
	u->dead = true;
	va_start(args, fmt);
	format_v(u->dead_reason, sizeof(u->dead_reason), fmt, args);
	va_end(args);
	log_error("iommu", "unit at 0x%lx is given up: %s%s", u->base.v, u->dead_reason,
		  u->translating ? "; bus mastering of its devices is cut" : "");
	if (u->translating)
		cut_bus_mastering(u);
}

enum err unit_usable(const struct iommu_unit *u, struct rid rid, struct why *why)
{
	if (!u && vtd.catch_all_untrusted)
		return fail(why, ERR_REFUSED, rid,
			    RID_FMT " is under no known IOMMU unit: no device scope of the DMAR "
				    "table names it, and "
				    "INCLUDE_PCI_ALL cannot be trusted because the table has %s; "
				    "update the firmware",
			    RID_ARG(rid), vtd.catch_all_untrusted);
	if (!u)
		return fail(why, ERR_REFUSED, rid,
			    RID_FMT " is under no IOMMU unit: %s; its DMA cannot be confined",
			    RID_ARG(rid),
			    vtd.units ? "no device scope of the DMAR table names it and its "
					"segment has no "
					"INCLUDE_PCI_ALL unit"
				      : "there is no usable DMAR table (enable VT-d in the "
					"firmware setup)");
	if (u->dead)
		return fail(why, ERR_REFUSED, rid,
			    "the IOMMU unit at 0x%lx of " RID_FMT " is out of use: %s", u->base.v,
			    RID_ARG(rid), u->dead_reason);
	if (!u->translating)
		return fail(why, ERR_REFUSED, rid,
			    "the IOMMU unit at 0x%lx of " RID_FMT " does not translate", u->base.v,
			    RID_ARG(rid));
	return OK;
}

/* --- what the unit can do --- */

void unit_probe(struct iommu_unit *u)
{
	u64 bytes = VTD_REGISTER_BYTES;

	if (mmio_map(u->base, bytes, &u->regs) != OK) {
		unit_give_up(u, "its registers cannot be mapped");
		return;
	}
	u->cap = vtd_read64(&u->regs, VTD_CAP);
	u->ecap = vtd_read64(&u->regs, VTD_ECAP);
	if (u->cap == ALL_ONES_64 || u->ecap == ALL_ONES_64) {
		unit_give_up(u, "its registers read all ones: nothing answers there");
		return;
	}
	bytes = MAX(bytes, CAP_FRO(u->cap) + CAP_NFR(u->cap) * FRCD_BYTES);
	if (mmio_map(u->base, bytes, &u->regs) != OK)
		unit_give_up(u, "its fault records cannot be mapped");
	else if (!(u->ecap & ECAP_QI))
		unit_give_up(u, "queued invalidation is missing (ECAP bit 1); the register-based "
				"way is not implemented");
	else if (!(CAP_SAGAW(u->cap) & (SAGAW_LEVELS(3) | SAGAW_LEVELS(4))))
		unit_give_up(u, "neither 3- nor 4-level tables (CAP.SAGAW 0x%x)",
			     CAP_SAGAW(u->cap));
}

/* --- commands --- */

struct status_wait {
	const struct mmio *regs;
	enum vtd_reg32 reg;
	u32 mask, want;
};

static bool status_reached(void *ctx)
{
	const struct status_wait *w = ctx;

	return (vtd_read32(w->regs, w->reg) & w->mask) == w->want;
}

static enum err await(struct iommu_unit *u, enum vtd_reg32 reg, u32 mask, u32 want,
		      const char *what, struct why *why)
{
	struct status_wait w = { .regs = &u->regs, .reg = reg, .mask = mask, .want = want };

	if (wait_until(status_reached, &w, COMMAND_TIMEOUT_NS) == OK)
		return OK;
	unit_give_up(u, "%s did not complete within 1 s", what);
	return fail(why, ERR_TIMEOUT, RID_NONE, "IOMMU unit at 0x%lx: %s", u->base.v,
		    u->dead_reason);
}

/*
 * Turn one persistent control on or off. One per write, and each write repeats the others
 * (§11.4.4.1).
 */
static enum err control(struct iommu_unit *u, u32 bit, bool on, const char *what, struct why *why)
{
	u->command = on ? u->command | bit : u->command & ~bit;
	vtd_write32(&u->regs, VTD_GCMD, u->command);
	return await(u, VTD_GSTS, bit, on ? bit : 0, what, why);
}

/* Give a one-shot command. Its bit is not repeated by later writes. */
static enum err one_shot(struct iommu_unit *u, u32 bit, u32 status, const char *what,
			 struct why *why)
{
	vtd_write32(&u->regs, VTD_GCMD, u->command | bit);
	return await(u, VTD_GSTS, bit, status, what, why);
}

enum err unit_flush_write_buffer(struct iommu_unit *u, struct why *why)
{
	return one_shot(u, GCMD_WBF, 0, "flushing the write buffer", why);
}

/* --- turning it on --- */

enum err unit_prepare(struct iommu_unit *u, struct why *why)
{
	u->root = table_alloc(1);
	u->queue = table_alloc(QUEUE_PAGES);
	u->irt = table_alloc(IRT_PAGES);
	if (!u->root || !u->queue || !u->irt) {
		pool_free(POOL_IOMMU, u->root, 1);
		pool_free(POOL_IOMMU, u->queue, QUEUE_PAGES);
		pool_free(POOL_IOMMU, u->irt, IRT_PAGES);
		unit_give_up(u, "no memory for its tables");
		return fail(why, ERR_NO_MEMORY, RID_NONE, "IOMMU unit at 0x%lx: %s", u->base.v,
			    u->dead_reason);
	}
	u->status = (volatile u32 *)((u8 *)u->queue + PAGE_SIZE);
	return OK;
}

static bool queue_drained(void *ctx)
{
	const struct mmio *regs = ctx;

	return IQ_OFFSET(vtd_read64(regs, VTD_IQH)) == IQ_OFFSET(vtd_read64(regs, VTD_IQT));
}

/*
 * Stop a queue that firmware left running. It may only be switched off when it has nothing to do
 * (§6.5.2).
 */
static enum err stop_firmware_queue(struct iommu_unit *u, struct why *why)
{
	if (!(u->command & GCMD_QIE))
		return OK;
	if (wait_until(queue_drained, &u->regs, COMMAND_TIMEOUT_NS) != OK) {
		unit_give_up(u, "the invalidation queue that firmware left running does not drain");
		return fail(why, ERR_TIMEOUT, RID_NONE, "IOMMU unit at 0x%lx: %s", u->base.v,
			    u->dead_reason);
	}
	return control(u, GCMD_QIE, false,
		       "stopping the invalidation queue that firmware left running", why);
}

static enum err start_queue(struct iommu_unit *u, struct why *why)
{
	enum err e = stop_firmware_queue(u, why);

	if (e != OK)
		return e;
	vtd_write32(&u->regs, VTD_FSTS, FSTS_QUEUE_ERRORS | FSTS_PFO);
	/*
	 * Before the queue goes on: a stale tail would execute whatever lies in the queue's memory.
	 */
	vtd_write64(&u->regs, VTD_IQT, 0);
	vtd_write64(&u->regs, VTD_IQA, pool_hpa(u->queue).v);
	u->queue_tail = 0;
	return control(u, GCMD_QIE, true, "starting the invalidation queue", why);
}

/*
 * If firmware left translation on, it stays on: the new root is taken while it runs, so there is no
 * moment at which DMA passes. Devices that firmware let run lose their mappings here, which is the
 * point.
 */
static enum err start_translation(struct iommu_unit *u, struct why *why)
{
	enum err e;

	vtd_write64(&u->regs, VTD_RTADDR, pool_hpa(u->root).v);
	e = one_shot(u, GCMD_SRTP, GCMD_SRTP, "setting the root table", why);
	if (e == OK)
		e = flush_after(u, CHANGE_ROOT_POINTER, &(struct flush_target){ 0 }, why);
	if (e == OK)
		e = control(u, GCMD_TE, true, "turning DMA remapping on", why);
	if (e != OK)
		return e;
	u->translating = true;
	/*
	 * The protected regions guarded memory while nothing translated; now they would block our
	 * own domains.
	 */
	if (!(u->cap & (CAP_PLMR | CAP_PHMR)))
		return OK;
	vtd_write32(&u->regs, VTD_PMEN, 0);
	return await(u, VTD_PMEN, PMEN_PRS, 0, "turning the protected memory regions off", why);
}

static enum err start_interrupt_remapping(struct iommu_unit *u, bool x2apic, struct why *why)
{
	u64 size_code = (u64)__builtin_ctz(IRT_ENTRIES) - 1; /* 2^(code + 1) entries, §11.4.10 */
	enum err e;

	u->extended_ids = x2apic && (u->ecap & ECAP_EIM);
	vtd_write64(&u->regs, VTD_IRTA,
		    pool_hpa(u->irt).v | (u->extended_ids ? IRTA_EIME : 0) | size_code);
	e = one_shot(u, GCMD_SIRTP, GCMD_SIRTP, "setting the interrupt remapping table", why);
	if (e == OK)
		e = flush_after(u, CHANGE_IRT_POINTER, &(struct flush_target){ 0 }, why);
	/*
	 * Compatibility-format interrupts name any vector they like: blocked before remapping goes
	 * on (P3).
	 */
	if (e == OK && (u->command & GCMD_CFI))
		e = control(u, GCMD_CFI, false, "blocking compatibility-format interrupts", why);
	if (e == OK)
		e = control(u, GCMD_IRE, true, "turning interrupt remapping on", why);
	u->remapping = e == OK;
	return e;
}

enum err unit_turn_on(struct iommu_unit *u, bool x2apic, struct why *why)
{
	enum err e;

	u->command = vtd_read32(&u->regs, VTD_GSTS) & GCMD_PERSISTENT;
	if (u->command & (GCMD_TE | GCMD_IRE))
		log_info("iommu", "unit at 0x%lx: firmware left remapping on; taking it over",
			 u->base.v);
	e = start_queue(u, why);
	if (e == OK)
		e = start_translation(u, why);
	if (e != OK)
		return e;
	if (!(u->ecap & ECAP_IR) || !vtd.platform_remaps_interrupts) {
		log_warn("iommu",
			 "unit at 0x%lx: no interrupt remapping (%s): no VF behind it can be "
			 "assigned",
			 u->base.v,
			 u->ecap & ECAP_IR ? "DMAR flags bit 0 is clear" : "ECAP bit 3 is clear");
		return OK;
	}
	return start_interrupt_remapping(u, x2apic, why);
}
