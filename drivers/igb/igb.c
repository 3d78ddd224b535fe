/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Master driver of the Intel 82576. It runs the PF for its VFs only: the PF has no rings and moves
 * no frame itself. Order at boot: igb_start, VF Enable (pci/sriov.c), igb_vfs_enabled,
 * igb_enable_interrupt; then igb_service.
 */
#include "drivers/igb/igb.h"

#include "base/format.h"
#include "base/string.h"
#include "base/time.h"
#include "pci/config.h"

#define PCI_VENDOR_INTEL   0x8086
#define PCI_COMMAND        0x04
#define PCI_COMMAND_MEMORY BIT(1)
#define PCI_COMMAND_MASTER BIT(2)
#define REGISTER_BAR       0
#define ALL_VFS            0xffu

/* The 82576 in all its forms: copper, fibre, SerDes, quad ports. */
static const u16 device_ids[] = { 0x10c9, 0x10e6, 0x10e7, 0x10e8, 0x1526, 0x150a, 0x1518, 0x150d };

static bool igb_probe(const struct pci_function *pf)
{
	for (unsigned i = 0; i < ARRAY_LEN(device_ids); i++)
		if (pf->vendor == PCI_VENDOR_INTEL && pf->device == device_ids[i])
			return true;
	return false;
}

/*
 * Queues n and n + 8 belong to VF n as soon as VF n exists. The PF keeps the last pool for itself,
 * so that no queue of the PF can ever be a VF's.
 */
static unsigned igb_vf_limit(const struct sriov_pf *pf)
{
	return MIN(pf->total_vfs, (u16)IGB_MAX_VFS);
}

static enum err igb_start(struct master *m, struct why *why)
{
	struct igb *g = igb_of(m);
	struct pci_function *f = m->pf->function;
	const struct pci_bar *bar = &f->bars[REGISTER_BAR];
	enum err e;

	memset(g, 0, sizeof(*g));
	g->master = m;
	g->rid = f->rid;
	if (!bar->base || bar->size < IGB_BAR_BYTES)
		return fail(why, ERR_DEVICE, f->rid, "82576: BAR 0 has 0x%llx bytes at 0x%llx, %s",
			    (unsigned long long)bar->size, (unsigned long long)bar->base,
			    "expected 128 KiB placed by firmware");
	e = mmio_map(hpa(bar->base), IGB_BAR_BYTES, &g->regs);
	if (e)
		return fail(why, e, f->rid, "82576: its registers at 0x%llx cannot be mapped",
			    (unsigned long long)bar->base);
	pci_write16(f->rid, PCI_COMMAND,
		    pci_read16(f->rid, PCI_COMMAND) | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	e = igb_hw_reset(g, why);
	if (e)
		return e;
	igb_hw_start_link(g);
	return OK;
}

/* VF Enable has reset the VFs and closed VFRE and VFTE; the sorter is written for the number that
 * there is. */
static enum err igb_vfs_enabled(struct master *m, struct why *why)
{
	struct igb *g = igb_of(m);

	if (m->pf->num_vfs > IGB_MAX_VFS)
		return fail(why, ERR_NO_SPACE, g->rid, "82576: %u VFs are enabled, %u have a pool",
			    m->pf->num_vfs, IGB_MAX_VFS);
	spin_lock(&g->lock);
	g->vfs = (u8)m->pf->num_vfs;
	igb_write(g, IGB_VFRE, 0);
	igb_write(g, IGB_VFTE, 0);
	igb_sorter_init(g);
	for (unsigned n = 0; n < g->vfs; n++) {
		g->vf[n] = (struct igb_vf){ .vf = &m->pf->vfs[n] };
		igb_derive_mac(g, n, g->vf[n].assigned_mac);
		igb_vf_to_policy(g, &g->vf[n]);
		igb_mailbox_wipe(g, &g->vf[n]);
	}
	igb_write(g, IGB_VFLRE, ALL_VFS);
	igb_write(g, IGB_MBVFIMR, ALL_VFS);
	/* MSI-X mode is the PF's to choose; without it no VF vector is ever sent
	 * (section 7.3). */
	igb_write(g, IGB_GPIE, GPIE_NSICR | GPIE_MULTIPLE_MSIX | GPIE_PBA_SUPPORT);
	igb_hw_enable_switch(g);
	/* VF drivers wait for this: "the PF's reset is done". */
	igb_write(g, IGB_CTRL_EXT, igb_read(g, IGB_CTRL_EXT) | CTRL_EXT_PFRSTD);
	igb_hw_wait_link(g);
	spin_unlock(&g->lock);
	log_info(m->pf->name, "%u VFs, MAC %02x:%02x:%02x:%02x:%02x:%02x, link %s", g->vfs,
		 g->mac[0], g->mac[1], g->mac[2], g->mac[3], g->mac[4], g->mac[5],
		 g->link_up ? "up" : "down");
	return OK;
}

static enum err igb_enable_interrupt(struct master *m, u16 index, struct why *why)
{
	struct igb *g = igb_of(m);
	unsigned causes = IGB_MSIX_CAUSES - IGB_VF_VECTORS * g->vfs;

	if (index >= causes || index >= m->msix.vectors)
		return fail(why, ERR_NO_SPACE, g->rid,
			    "82576: MSI-X vector %u is not the PF's (%u are)", index,
			    MIN(causes, (unsigned)m->msix.vectors));
	spin_lock(&g->lock);
	igb_write(g, IGB_IVAR_MISC, (IVAR_VALID | index) << IVAR_MISC_OTHER_SHIFT);
	/* Cleared by the message itself: service() looks at ICR, not at EICR. */
	igb_write(g, IGB_EIAC, BIT(index));
	igb_write(g, IGB_EIAM, 0);
	igb_write(g, IGB_EIMS, BIT(index));
	igb_write(g, IGB_IMS, ICR_VMMB | ICR_LSC | ICR_DOUTSYNC);
	spin_unlock(&g->lock);
	return OK;
}

static void serve_link(struct igb *g)
{
	if (!igb_hw_poll_link(g))
		return;
	for (unsigned n = 0; n < g->vfs; n++) {
		struct igb_vf *v = &g->vf[n];

		if (!v->prepared)
			continue;
		igb_rate_apply(g, v); /* the limit is a fraction of the link's speed */
		igb_mailbox_ping(g, v);
		g->changed |= (u8)BIT(n);
	}
}

/* The card caught a VF at sending with a false MAC or VLAN, and dropped the frame. */
static void serve_wrong_behaviour(struct igb *g)
{
	u32 queues = igb_read(g, IGB_WVBR);
	u32 cause = igb_read(g, IGB_LVMMC);

	for (unsigned n = 0; n < g->vfs; n++) {
		struct igb_vf *v = &g->vf[n];

		if (!(queues & (BIT(n) | BIT(n + IGB_POOLS))))
			continue;
		g->wrong_behaviour++;
		log_limited(
			&v->log, LOG_WARN, g->master->pf->name,
			"VF %u (VM \"%s\"): frame with a false MAC or VLAN dropped (LVMMC 0x%x)", n,
			g->master->vm_name_of(v->vf), cause);
	}
}

static void igb_service(struct master *m)
{
	struct igb *g = igb_of(m);
	u32 icr;
	u8 changed;

	spin_lock(&g->lock);
	if (m->failed) {
		spin_unlock(&g->lock);
		return;
	}
	/* Reading clears it, before the causes are served: a new one raises a new interrupt. */
	icr = igb_read(g, IGB_ICR);
	serve_link(g);
	if (!m->failed) {
		igb_serve_resets(g);
		igb_messages_serve(g);
		if (icr & ICR_DOUTSYNC)
			serve_wrong_behaviour(g);
	}
	changed = g->changed;
	g->changed = 0;
	spin_unlock(&g->lock);
	for (unsigned n = 0; m->changed && n < g->vfs; n++)
		if (changed & BIT(n))
			m->changed(m, g->vf[n].vf);
}

static void igb_describe_vf(struct master *m, const struct vf *vf, struct vf_service *out)
{
	struct igb *g = igb_of(m);
	const struct igb_vf *v = &g->vf[vf->index];

	spin_lock(&g->lock);
	*out = (struct vf_service){
		.vlan = v->policy.vlan,
		.rate_wished = v->policy.rate_mbps,
		.rate_set = v->rate_set,
		.rate_honoured = v->rate_set == v->policy.rate_mbps,
		.link_up = igb_vf_link(g, v),
		.link_mbps = g->link_mbps,
		.mtu = IGB_MTU_MAX,
		.mailbox_messages = v->messages,
		.mailbox_denied = v->denied,
	};
	memcpy(out->mac, v->mac, sizeof(out->mac));
	format(out->text, sizeof(out->text), "%s, frames to %u bytes, %u multicast hashes%s%s",
	       v->ready ? "driver is up" : "no driver", v->frame_max, v->multicast_count,
	       v->policy.spoofcheck_off ? ", no spoof check" : "",
	       v->policy.link == VF_LINK_UP ? ", link=up not possible: follows the port" : "");
	spin_unlock(&g->lock);
}

static void igb_fill_page(struct master *m, const struct vf *vf, struct coppice_vf_page *page)
{
	struct igb *g = igb_of(m);
	const struct igb_vf *v = &g->vf[vf->index];

	spin_lock(&g->lock);
	page->magic = COPPICE_VF_PAGE_MAGIC;
	page->link_up = igb_vf_link(g, v);
	page->link_mbps = g->link_mbps;
	page->mtu = IGB_MTU_MAX;
	page->vlan = v->policy.vlan;
	memcpy(page->mac, v->mac, sizeof(page->mac));
	page->tx_rate_mbps = v->rate_set;
	spin_unlock(&g->lock);
}

const struct master_driver igb_master_driver = {
	.name = "igb",
	.vf_class = "net",
	.probe = igb_probe,
	.vf_limit = igb_vf_limit,
	.start = igb_start,
	.vfs_enabled = igb_vfs_enabled,
	.enable_interrupt = igb_enable_interrupt,
	.check_policy = igb_check_policy,
	.prepare_vf = igb_prepare_vf,
	.vf_reset_done = igb_vf_reset_done,
	.quiesce_vf = igb_quiesce_vf,
	.service = igb_service,
	.describe_vf = igb_describe_vf,
	.trace = igb_trace,
	.fill_page = igb_fill_page,
};
