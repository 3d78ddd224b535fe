/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Enabling VFs (PCIe 6.0 section 9.3.3.3.1), first decided, then done:
 *
 *	decode	ARI -> NumVFs -> offset, stride -> bus numbers -> VF BARs;
 *		if fewer fit, once more from NumVFs
 *	commit	memory for struct vf -> bus numbers -> windows, VF BARs ->
 *		VF Enable + VF MSE -> 100 ms -> every VF answers
 *
 * NumVFs and ARI are registers, so even deciding writes to the PF. On an error undo() puts back all
 * that was touched.
 */
#include "base/log.h"
#include "base/pool.h"
#include "base/string.h"
#include "base/time.h"
#include "pci/config.h"
#include "pci/internal.h"
#include "pci/sriov_plan.h"

#define ENABLE_SETTLE_NS  (100 * NS_PER_MS) /* no access to a VF before, section 9.3.3.3.1 */
#define ANSWER_TIMEOUT_NS (1 * NS_PER_S)    /* for all VFs together, after that */
#define KIB_SHIFT         10

/*
 * --- decode
 * -------------------------------------------------------------------------------------------------------
 */

static enum err check_capability(struct sriov_pf *pf, struct why *why)
{
	struct rid rid = pf->function->rid;

	if (pf->num_vfs)
		return fail(why, ERR_BUSY, rid, RID_FMT ": %u VFs are on already", RID_ARG(rid),
			    pf->num_vfs);
	if (pf->total_vfs == 0)
		return fail(why, ERR_UNSUPPORTED, rid,
			    RID_FMT ": TotalVFs is 0; enable SR-IOV in the card's own setup",
			    RID_ARG(rid));
	if (pf->bad_bars)
		return fail(
			why, ERR_DEVICE, rid,
			RID_FMT
			": a VF BAR has an impossible size; VFs would decode it, so they stay off",
			RID_ARG(rid));
	sriov_set_page_size(pf);
	if (pf->system_page_size == 0 || !IS_POWER_OF_2(pf->system_page_size) ||
	    !(pf->system_page_size & pf->supported_page_sizes))
		return fail(
			why, ERR_DEVICE, rid,
			RID_FMT
			": System Page Size reads %x, expected one bit of Supported Page Sizes %x",
			RID_ARG(rid), pf->system_page_size, pf->supported_page_sizes);
	return OK;
}

/* Two VFs in one page could not be given to two VMs: EPT works in pages of 4 KiB. */
static enum err check_bars(const struct sriov_pf *pf, struct why *why)
{
	struct rid rid = pf->function->rid;
	bool any = false;

	for (unsigned i = 0; i < PCI_BARS; i++) {
		const struct pci_bar *bar = &pf->vf_bars[i];

		any |= bar->size != 0;
		if (bar->io)
			return fail(why, ERR_DEVICE, rid,
				    RID_FMT ": VF BAR%u is an I/O BAR; VFs have none", RID_ARG(rid),
				    i);
		if (bar->size && bar->size < PAGE_SIZE)
			return fail(why, ERR_UNSUPPORTED, rid,
				    RID_FMT
				    ": VF BAR%u has %llu bytes, expected at least a page (4096): "
				    "neighbouring VFs would share one",
				    RID_ARG(rid), i, (unsigned long long)bar->size);
	}
	if (!any)
		return fail(why, ERR_DEVICE, rid, RID_FMT ": its VFs have no memory BAR",
			    RID_ARG(rid));
	return OK;
}

static unsigned requested(const struct sriov_pf *pf, unsigned wanted, unsigned limit)
{
	unsigned n = pf->total_vfs;

	/*
	 * InitialVFs below TotalVFs are the VFs of another host (VF migration); 0 is firmware that
	 * forgot it (R3).
	 */
	if (pf->initial_vfs && pf->initial_vfs < n)
		n = pf->initial_vfs;
	if (wanted)
		n = MIN(n, wanted);
	if (limit)
		n = MIN(n, limit);
	return MIN(n, fabric_room());
}

static enum err check_numbers(const struct sriov_pf *pf, unsigned num_vfs, struct why *why)
{
	struct rid rid = pf->function->rid;

	if (pf->offset == 0)
		return fail(why, ERR_DEVICE, rid,
			    RID_FMT ": First VF Offset is 0: VF 0 would have the PF's Requester ID",
			    RID_ARG(rid));
	if (pf->stride == 0 && num_vfs > 1)
		return fail(why, ERR_DEVICE, rid,
			    RID_FMT ": VF Stride is 0: its %u VFs would share one Requester ID",
			    RID_ARG(rid), num_vfs);
	if (vf_needs_ari(pf, num_vfs))
		return fail(why, ERR_UNSUPPORTED, rid,
			    RID_FMT ": its VFs begin at function %u of bus %02x, which only ARI "
				    "reaches, and " RID_FMT " cannot forward ARI; use another slot",
			    RID_ARG(rid), rid_devfn(rid) + pf->offset, rid_bus(rid),
			    RID_ARG(pf->function->parent->rid));
	return OK;
}

/*
 * Largest number of VFs up to `num_vfs` whose BARs fit; fills p->space for it. 0 if not even one
 * does.
 */
static unsigned fit_bars(struct vf_plan *p, unsigned num_vfs, unsigned *too_big)
{
	unsigned fits = 0, fails = num_vfs + 1, try = num_vfs;

	/* Fewer VFs need less room everywhere, so halving the interval finds the limit. */
	while (fits + 1 < fails) {
		if (vf_space_plan(p->pf, try, &p->space, too_big))
			fits = try;
		else
			fails = try;
		try = fits + (fails - fits) / 2;
	}
	if (fits && p->space.num_vfs != fits)
		(void)vf_space_plan(p->pf, fits, &p->space, NULL);
	return fits;
}

/* Say with numbers what does not fit and where (R1). */
static void tell_space(const struct vf_plan *p, unsigned wanted, unsigned fits, unsigned bar,
		       struct why *why)
{
	const struct pci_bar *b = &p->pf->vf_bars[bar];
	const struct pci_function *f = p->pf->function, *up = f->parent;
	u64 need = b->size * wanted >> KIB_SHIFT;
	const struct pci_window *w = !up                                             ? NULL
				     : b->prefetchable && window_open(&up->prefetch) ? &up->prefetch
										     : &up->mem;

	if (!up) {
		(void)fail(
			why, ERR_NO_SPACE, f->rid,
			RID_FMT
			": room for %u of %u VFs: VF BAR%u needs %u x %llu KiB = %llu KiB, and the "
			"host's MMIO space has no such gap",
			RID_ARG(f->rid), fits, wanted, bar, wanted,
			(unsigned long long)b->size >> KIB_SHIFT, (unsigned long long)need);
		return;
	}
	(void)fail(why, ERR_NO_SPACE, f->rid,
		   RID_FMT
		   ": room for %u of %u VFs: VF BAR%u needs %u x %llu KiB = %llu KiB, but the %s "
		   "window of " RID_FMT
		   " is %llx-%llx (%llu KiB) and cannot grow; let firmware reserve more there",
		   RID_ARG(f->rid), fits, wanted, bar, wanted,
		   (unsigned long long)b->size >> KIB_SHIFT, (unsigned long long)need,
		   w == &up->prefetch ? "prefetchable" : "memory", RID_ARG(up->rid),
		   (unsigned long long)w->base, (unsigned long long)w->limit,
		   (unsigned long long)window_size(w) >> KIB_SHIFT);
}

/*
 * Try `n` VFs: how many of them are possible? NumVFs, offset and stride are those of `n`
 * afterwards.
 */
static enum err try_number(struct vf_plan *p, unsigned n, unsigned *possible, struct why *why)
{
	unsigned too_big = 0;
	enum err e = sriov_set_num_vfs(p->pf, n, why);

	if (e == OK && vf_needs_ari(p->pf, n)) {
		vf_plan_ari(p, true);
		e = sriov_set_num_vfs(p->pf, n, why);
	}
	if (e == OK)
		e = check_numbers(p->pf, n, why);
	if (e != OK)
		return e;
	*possible = vf_plan_buses(p, n, why);
	if (*possible < n)
		return OK;
	*possible = fit_bars(p, n, &too_big);
	if (*possible < n)
		tell_space(p, n, *possible, too_big, why);
	return OK;
}

static enum err decode(struct vf_plan *p, struct why *why)
{
	struct why less = { .code = OK };
	unsigned n = p->wanted;

	vf_plan_ari(p, false);
	/*
	 * Offset and stride may move with NumVFs, so each smaller number is looked at afresh. It
	 * only shrinks.
	 */
	while (n != p->num_vfs) {
		unsigned possible = 0;

		p->num_vfs = n;
		enum err e = try_number(p, n, &possible, &less);

		if (e != OK || possible == 0) {
			if (why)
				*why = less;
			return e != OK ? e : ERR_NO_SPACE;
		}
		n = possible;
	}
	if (less.code != OK)
		log_warn("pci", "%s; enabling %u", less.text, n);
	return OK;
}

/*
 * --- commit
 * -------------------------------------------------------------------------------------------------------
 */

static enum err create_vfs(struct vf_plan *p, struct why *why)
{
	struct sriov_pf *pf = p->pf;

	pf->vfs = pool_alloc(POOL_PCI, sriov_vf_pages(p->num_vfs), PAGE_SIZE);
	if (!pf->vfs)
		return fail(why, ERR_NO_MEMORY, pf->function->rid,
			    "no memory for %u VFs of " RID_FMT, p->num_vfs,
			    RID_ARG(pf->function->rid));
	pf->num_vfs = p->num_vfs;
	for (unsigned i = 0; i < pf->num_vfs; i++) {
		struct vf *vf = &pf->vfs[i];
		struct rid rid;

		if (sriov_vf_rid(pf, i, &rid) == OK)
			vf->function = pci_function_add(rid);
		if (!vf->function)
			return fail(why, ERR_NO_MEMORY, pf->function->rid,
				    "no room for VF %u in the table of functions", i);
		vf->pf = pf;
		vf->index = (u16)i;
		vf->rid = rid;
		vf->function->vendor = pf->function->vendor;
		vf->function->device = pf->vf_device_id;
		vf->function->parent = pf->function->parent;
		vf->function->vf_of = pf;
		vf->function->vf_index = (u16)i;
	}
	return OK;
}

static bool vf_is_there(void *ctx)
{
	return vf_answers(ctx);
}

/*
 * Every VF must answer, not only the first (R4). Those that do not are quarantined and never given
 * to anybody.
 */
static enum err take_in(struct sriov_pf *pf, struct why *why)
{
	u64 deadline = time_now_ns() + ANSWER_TIMEOUT_NS;
	unsigned answered = 0;
	char name[VF_NAME_BYTES];

	for (unsigned i = 0; i < pf->num_vfs; i++) {
		struct vf *vf = &pf->vfs[i];
		u64 now = time_now_ns();
		struct why reason = { .text = "" };
		enum err e = wait_until(vf_is_there, vf, now < deadline ? deadline - now : 0);

		if (e == OK) {
			/* Whatever ran before us, this VF's DMA begins switched off. */
			vf_set_command(vf, false, false);
			e = vf_discover(vf, &reason);
		}
		if (vf_change_state(vf, e == OK ? VF_PARKED : VF_QUARANTINED, NULL, NULL) == OK &&
		    e == OK)
			answered++;
		else
			log_warn("pci", "VF %s (" RID_FMT ") is quarantined: %s",
				 vf_name(vf, name, sizeof(name)), RID_ARG(vf->rid),
				 reason.text[0] ? reason.text
						: "it did not answer within 1.1 s of VF Enable");
	}
	if (answered == 0)
		return fail(why, ERR_DEVICE, pf->function->rid,
			    RID_FMT ": none of its %u VFs answers (the first should be " RID_FMT
				    ", offset %u, stride %u)",
			    RID_ARG(pf->function->rid), pf->num_vfs, RID_ARG(pf->vfs[0].rid),
			    (unsigned)pf->offset, (unsigned)pf->stride);
	return OK;
}

static enum err switch_on(struct vf_plan *p, struct why *why)
{
	struct sriov_pf *pf = p->pf;
	u16 on = PCI_SRIOV_CTRL_VFE | PCI_SRIOV_CTRL_MSE;

	sriov_write_control(pf, sriov_read_control(pf) | on);
	if ((sriov_read_control(pf) & on) != on)
		return fail(why, ERR_DEVICE, pf->function->rid,
			    RID_FMT
			    ": VF Enable and VF MSE were set, Control reads %04x, with NumVFs %u",
			    RID_ARG(pf->function->rid), (unsigned)sriov_read_control(pf),
			    p->num_vfs);
	time_delay_ns(ENABLE_SETTLE_NS);
	return OK;
}

static enum err commit(struct vf_plan *p, struct why *why)
{
	enum err e = create_vfs(p, why);

	if (e == OK)
		e = vf_commit_buses(p, why);
	if (e == OK)
		e = vf_space_commit(&p->space, why);
	if (e == OK)
		e = switch_on(p, why);
	if (e == OK)
		e = take_in(p->pf, why);
	return e;
}

static void begin(struct vf_plan *p)
{
	const struct sriov_pf *pf = p->pf;

	p->ari_pf = sriov_ari_pf(pf);
	p->old_control = sriov_read_control(pf);
	p->old_ari_control = sriov_read_control(p->ari_pf);
	p->old_num_vfs = pci_read16(pf->function->rid, pf->cap + PCI_SRIOV_NUM_VF);
}

static void undo(struct vf_plan *p)
{
	struct sriov_pf *pf = p->pf;

	/*
	 * VF Enable goes off before BARs and windows go back, or VFs would decode somebody else's
	 * addresses.
	 */
	sriov_release(pf);
	vf_space_undo(&p->space);
	vf_undo_buses(p);
	vf_undo_ari(p);
	pci_write16(pf->function->rid, pf->cap + PCI_SRIOV_NUM_VF, p->old_num_vfs);
	sriov_write_control(pf, p->old_control);
}

enum err sriov_enable(struct sriov_pf *pf, unsigned wanted, unsigned limit, struct why *why)
{
	enum err e = check_capability(pf, why);

	if (e == OK)
		e = check_bars(pf, why);
	if (e != OK)
		return e;
	struct vf_plan p = { .pf = pf, .wanted = requested(pf, wanted, limit) };

	if (p.wanted == 0)
		return fail(why, ERR_NO_MEMORY, pf->function->rid,
			    "the table of functions has no room for VFs");
	begin(&p);
	e = decode(&p, why);
	if (e == OK)
		e = commit(&p, why);
	if (e != OK) {
		undo(&p);
		return e;
	}
	log_info("pci", RID_FMT ": %u VFs from " RID_FMT ", offset %u, stride %u, ARI %s%s",
		 RID_ARG(pf->function->rid), pf->num_vfs, RID_ARG(pf->vfs[0].rid),
		 (unsigned)pf->offset, (unsigned)pf->stride, pf->ari ? "on" : "off",
		 p.space.kept ? ", VF BARs where firmware put them" : "");
	return OK;
}
