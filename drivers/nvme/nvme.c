/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Master driver of NVMe controllers with SR-IOV: PCI class 01 08 02, any vendor. It runs the PF's
 * admin queue for its VFs only, and reads and writes no block. Order at boot: nvme_start, VF Enable
 * (pci/sriov.c), nvme_vfs_enabled; then nvme_service. The PF's controller is never reset again:
 * that would take all VFs offline [8.26].
 */
#include "drivers/nvme/nvme.h"

#include "base/format.h"
#include "base/pool.h"
#include "base/string.h"
#include "pci/config.h"

#define PCI_COMMAND        0x04
#define PCI_COMMAND_MEMORY BIT(1)
#define PCI_COMMAND_MASTER BIT(2)
#define ALL_BITS           0xffffffffu
#define ADMIN_VECTOR       0 /* of the admin completion queue, always [3.3.1] */

static bool nvme_probe(const struct pci_function *pf)
{
	return pf->class_code == NVME_CLASS_CODE;
}

static unsigned nvme_vf_limit(const struct sriov_pf *pf)
{
	const struct nvme *g = nvme_of(pf->master);

	return nvme_resource_limit(&g->primary, pf->total_vfs);
}

static enum err map_registers(struct nvme *g, struct why *why)
{
	struct pci_function *f = g->master->pf->function;
	const struct pci_bar *bar = &f->bars[NVME_REGISTER_BAR];

	if (!bar->base || bar->size < NVME_BAR_BYTES_MIN)
		return fail(why, ERR_DEVICE, f->rid, "NVMe: BAR 0 has 0x%llx bytes at 0x%llx, %s",
			    (unsigned long long)bar->size, (unsigned long long)bar->base,
			    "expected 8 KiB or more, placed by firmware");
	if (mmio_map(hpa(bar->base), bar->size, &g->regs))
		return fail(why, ERR_NO_MEMORY, f->rid,
			    "NVMe: its registers at 0x%llx cannot be mapped",
			    (unsigned long long)bar->base);
	pci_write16(f->rid, PCI_COMMAND,
		    pci_read16(f->rid, PCI_COMMAND) | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	g->cap = mmio_read64(&g->regs, NVME_CAP);
	if ((u32)g->cap == ALL_BITS || !(g->cap & CAP_CSS_NVM) || CAP_MPSMIN(g->cap))
		return fail(
			why, ERR_UNSUPPORTED, f->rid,
			"NVMe: capabilities 0x%llx; expected the NVM command set and 4 KiB pages",
			(unsigned long long)g->cap);
	return OK;
}

static enum err identify_controller(struct nvme *g, struct why *why)
{
	enum err e = nvme_identify(g, CNS_CONTROLLER, 0, 0, why);
	u16 oacs;

	if (e)
		return e;
	memcpy(&oacs, g->buffer + ID_OACS, sizeof(oacs));
	memcpy(&g->cntlid, g->buffer + ID_CNTLID, sizeof(g->cntlid));
	memcpy(&g->namespaces_max, g->buffer + ID_NN, sizeof(g->namespaces_max));
	if (oacs & OACS_NAMESPACE_MANAGEMENT && oacs & OACS_VIRTUALIZATION)
		return OK;
	return fail(why, ERR_UNSUPPORTED, g->rid,
		    "NVMe: the PF has no %s (OACS 0x%x); without it no VF can be given anything",
		    oacs & OACS_VIRTUALIZATION ? "Namespace Attachment"
					       : "Virtualization Management",
		    oacs);
}

static enum err nvme_start(struct master *m, struct why *why)
{
	struct nvme *g = nvme_of(m);
	enum err e;

	memset(g, 0, sizeof(*g));
	g->master = m;
	g->rid = m->pf->function->rid;
	e = map_registers(g, why);
	if (e)
		return e;
	spin_lock(&g->lock);
	e = nvme_controller_start(g, why);
	if (!e)
		e = identify_controller(g, why);
	if (!e)
		e = nvme_read_primary(g, why);
	if (!e)
		e = nvme_free_primary(g, why);
	spin_unlock(&g->lock);
	if (!e && !nvme_vf_limit(m->pf))
		return fail(why, ERR_NO_SPACE, g->rid,
			    "NVMe: %u flexible queues (%u at most per VF) and %u interrupts (%u) "
			    "are free; a VF needs %u and %u",
			    g->primary.queues.total - g->primary.queues.primary,
			    g->primary.queues.each_max,
			    g->primary.interrupts.total - g->primary.interrupts.primary,
			    g->primary.interrupts.each_max, SECONDARY_QUEUES_MIN,
			    SECONDARY_INTERRUPTS_MIN);
	return e;
}

/* Online, without a namespace, and known to pci/ as it is now: the size of its MSI-X table follows
 * from its resources. */
static enum err set_up_vf(struct nvme *g, struct nvme_vf *v, struct why *why)
{
	enum err e = nvme_bring_online(g, v, why);

	if (!e)
		e = nvme_enforce_namespaces(g, v, NULL, why);
	return e ? e : vf_discover(v->vf, why);
}

/* One VF that stays offline is quarantined; the others go on. */
static unsigned set_up_vfs(struct nvme *g)
{
	unsigned usable = 0;

	for (unsigned n = 0; n < g->vfs; n++) {
		struct nvme_vf *v = &g->vf[n];
		struct why why = { 0 };

		v->vf = &g->master->pf->vfs[n];
		v->cntlid = g->cntlid + 1; /* where the search in the list begins */
		if (v->vf->state != VF_PARKED)
			continue;
		if (set_up_vf(g, v, &why) == OK) {
			usable++;
			continue;
		}
		log_error(g->master->pf->name, "VF %u is quarantined: %s", n, why.text);
		if (vf_change_state(v->vf, VF_QUARANTINED, NULL, &why) != OK)
			log_error(g->master->pf->name, "VF %u: %s", n, why.text);
	}
	return usable;
}

static enum err nvme_vfs_enabled(struct master *m, struct why *why)
{
	struct nvme *g = nvme_of(m);
	u64 pages = ALIGN_UP(m->pf->num_vfs * sizeof(struct nvme_vf), PAGE_SIZE) / PAGE_SIZE;
	unsigned usable;

	g->vf = pool_alloc(POOL_DRIVER, pages, PAGE_SIZE);
	if (!g->vf)
		return fail(why, ERR_NO_MEMORY, g->rid, "NVMe: no %llu pages for %u VFs",
			    (unsigned long long)pages, m->pf->num_vfs);
	g->vfs = m->pf->num_vfs;
	nvme_share_resources(g, g->vfs);
	spin_lock(&g->lock);
	usable = set_up_vfs(g);
	spin_unlock(&g->lock);
	if (!usable)
		return fail(why, ERR_DEVICE, g->rid, "NVMe: none of %u VFs comes online", g->vfs);
	log_info(m->pf->name, "controller %u: %u of %u VFs online, each with VQ %u, VI %u",
		 g->cntlid, usable, g->vfs, g->queues_each, g->interrupts_each);
	return OK;
}

/* Nothing to program: the admin queue's interrupts are on from its creation. */
static enum err nvme_enable_interrupt(struct master *m, u16 index, struct why *why)
{
	if (index == ADMIN_VECTOR)
		return OK;
	return fail(why, ERR_INVALID, nvme_of(m)->rid,
		    "NVMe: the admin queue interrupts by vector 0, not %u", index);
}

static void nvme_service(struct master *m)
{
	/* Without the lock: who holds it waits for the device. */
	u32 csts = mmio_read32(&nvme_of(m)->regs, NVME_CSTS);

	if (!m->failed && (csts == ALL_BITS || csts & CSTS_CFS || !(csts & CSTS_RDY))) {
		m->failed = true;
		log_error(m->pf->name,
			  "the PF's controller has failed (CSTS 0x%x); its VFs are offline until "
			  "the machine is started again",
			  csts);
	}
}

static void nvme_describe_vf(struct master *m, const struct vf *vf, struct vf_service *out)
{
	struct nvme *g = nvme_of(m);
	const struct nvme_vf *v = &g->vf[vf->index];
	const struct nvme_mediation *d = &v->mediation;
	size_t used;

	*out = (struct vf_service){ .rate_honoured = true,
				    .link_up = v->online,
				    .mailbox_messages = d->commands,
				    .mailbox_denied = d->denied };
	used = (size_t)format(out->text, sizeof(out->text), "cntlid %u, VQ %u, VI %u, %s, ",
			      v->cntlid, v->queues, v->interrupts,
			      v->online ? "online" : "offline");
	if (v->nsid)
		format(out->text + used, sizeof(out->text) - used, "ns %u", v->nsid);
	else
		format(out->text + used, sizeof(out->text) - used, "no namespace");
}

static void nvme_fill_page(struct master *m, const struct vf *vf, struct coppice_vf_page *page)
{
	page->magic = COPPICE_VF_PAGE_MAGIC;
	page->link_up = nvme_of(m)->vf[vf->index].online;
}

const struct master_driver nvme_master_driver = {
	.name = "nvme",
	.vf_class = "nvme",
	.probe = nvme_probe,
	.vf_limit = nvme_vf_limit,
	.start = nvme_start,
	.vfs_enabled = nvme_vfs_enabled,
	.enable_interrupt = nvme_enable_interrupt,
	.check_policy = nvme_check_policy,
	.prepare_vf = nvme_prepare_vf,
	.vf_reset_done = nvme_vf_reset_done,
	.quiesce_vf = nvme_quiesce_vf,
	.service = nvme_service,
	.describe_vf = nvme_describe_vf,
	.fill_page = nvme_fill_page,
	.mediator = &nvme_mediator,
};
