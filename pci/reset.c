/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Function Level Reset of a VF (PCIe 6.0 section 6.6.2), and the proof that it happened. A VF goes
 * to its next owner only through here, so nothing is assumed: every wait is bounded, and what
 * cannot be proved is a failure.
 *
 *	Command = 0 -> Transactions Pending clear? -> Initiate FLR -> 100 ms ->
 *	answers? -> same device? -> reset values?
 */
#include "pci/reset.h"

#include "pci/config.h"
#include "pci/internal.h"

#define DRAIN_TIMEOUT_NS (700 * NS_PER_MS) /* completions arrive or time out long before */
#define FLR_SETTLE_NS    (100 * NS_PER_MS) /* no access before: the function may drop it */
#define FLR_TIMEOUT_NS   (1 * NS_PER_S)    /* from then on, until it answers */
_Static_assert(DRAIN_TIMEOUT_NS + FLR_SETTLE_NS + FLR_TIMEOUT_NS == VF_RESET_LONGEST_NS,
	       "what reset.h promises");

static bool has_flr(const struct pci_function *f)
{
	return f->cap_pcie && f->flr;
}

static bool is_drained(const struct pci_function *f)
{
	return !(pci_read16(f->rid, f->cap_pcie + PCI_EXP_DEVSTA) & PCI_EXP_DEVSTA_TRPND);
}

static void initiate(const struct pci_function *f)
{
	u16 at = f->cap_pcie + PCI_EXP_DEVCTL;

	pci_write16(f->rid, at, pci_read16(f->rid, at) | PCI_EXP_DEVCTL_BCR_FLR);
}

/* The same device as before, by what a VF shows of itself. */
static enum err check_identity(const struct vf *vf, struct why *why)
{
	const struct pci_function *f = vf->function;
	u32 class_revision = pci_read32(vf->rid, PCI_CLASS_REVISION);
	u32 subsystem = pci_read32(vf->rid, PCI_SUBSYSTEM_VENDOR_ID);
	u32 class_before = f->class_code << 8 | f->revision;
	u32 subsystem_before = (u32)f->subsystem_device << 16 | f->subsystem_vendor;

	if (class_revision == class_before && subsystem == subsystem_before)
		return OK;
	return fail(why, ERR_DEVICE, vf->rid,
		    RID_FMT
		    ": after FLR another device answers: class and revision %08x, subsystem %08x; "
		    "expected %08x, %08x",
		    RID_ARG(vf->rid), class_revision, subsystem, class_before, subsystem_before);
}

/* Reset values that matter to the next owner: no DMA, no decode, no interrupts. */
static enum err check_reset_values(const struct vf *vf, struct why *why)
{
	const struct pci_function *f = vf->function;
	u16 command = pci_read16(vf->rid, PCI_COMMAND);
	u16 msix = f->cap_msix ? pci_read16(vf->rid, f->cap_msix + PCI_MSIX_FLAGS) : 0;

	if (command == 0 && !(msix & PCI_MSIX_FLAGS_ENABLE))
		return OK;
	return fail(why, ERR_DEVICE, vf->rid,
		    RID_FMT ": FLR left it running: Command %04x (expected 0), MSI-X control %04x "
			    "(expected Enable 0)",
		    RID_ARG(vf->rid), command, msix);
}

static void enter(struct vf_reset *r, enum vf_reset_phase phase, u64 ns)
{
	r->phase = phase;
	r->until_ns = time_now_ns() + ns;
}

void vf_reset_start(struct vf_reset *r, struct vf *vf)
{
	*r = (struct vf_reset){ .vf = vf, .phase = VF_RESET_OVER };
	if (!has_flr(vf->function))
		return;
	/*
	 * Written even if it reads 0: on QEMU an FLR clears Bus Master Enable but leaves the DMA
	 * window open until the next write of Command. On hardware it stops new requests, so that
	 * draining ends.
	 */
	vf_set_command(vf, false, false);
	enter(r, VF_RESET_DRAINING, DRAIN_TIMEOUT_NS);
	(void)vf_reset_over(r);
}

/*
 * A VF that does not drain is reset all the same, to stop it; but it is not believed afterwards.
 */
static void drain(struct vf_reset *r, bool late)
{
	r->drained = is_drained(r->vf->function);
	if (!r->drained && !late)
		return;
	initiate(r->vf->function);
	enter(r, VF_RESET_SETTLING, FLR_SETTLE_NS);
}

bool vf_reset_over(struct vf_reset *r)
{
	/* The clock first: after the deadline the VF is asked once more. */
	bool late = time_now_ns() >= r->until_ns;

	if (r->phase == VF_RESET_SETTLING && late) {
		enter(r, VF_RESET_ANSWERING, FLR_TIMEOUT_NS);
		late = false;
	}
	if (r->phase == VF_RESET_ANSWERING && (late || vf_answers(r->vf)))
		r->phase = VF_RESET_OVER;
	else if (r->phase == VF_RESET_DRAINING)
		drain(r, late);
	return r->phase == VF_RESET_OVER;
}

enum err vf_reset_verify(const struct vf_reset *r, struct why *why)
{
	struct vf *vf = r->vf;

	if (!has_flr(vf->function))
		return fail(why, ERR_UNSUPPORTED, vf->rid,
			    RID_FMT
			    ": the VF has no Function Level Reset (Device Capabilities bit 28)",
			    RID_ARG(vf->rid));
	if (r->phase != VF_RESET_OVER || !vf_answers(vf))
		return fail(why, ERR_TIMEOUT, vf->rid, RID_FMT ": no answer within 1.1 s of FLR",
			    RID_ARG(vf->rid));
	enum err e = check_identity(vf, why);

	if (e == OK)
		e = check_reset_values(vf, why);
	if (e != OK)
		return e;
	vf_set_command(vf, false, false);
	if (r->drained)
		return OK;
	return fail(why, ERR_TIMEOUT, vf->rid,
		    RID_FMT ": its transactions were still pending after 700 ms; completions may "
			    "come late",
		    RID_ARG(vf->rid));
}
