/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Physical Functions: what their SR-IOV capability says (PCIe 6.0 section 9.3.3), and the way out
 * of it.
 */
#include "pci/sriov.h"

#include "base/format.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/string.h"
#include "base/time.h"
#include "pci/config.h"
#include "pci/internal.h"
#include "pci/sriov_plan.h"

#define MAX_PFS           64
#define SRIOV_CAP_BYTES   0x40u
#define CONFIG_BYTES      4096u
#define PAGE_SIZES_4K     BIT(0)         /* bit n of the page size registers = 4096 << n bytes */
#define DISABLE_SETTLE_NS (1 * NS_PER_S) /* after VF Enable went off, section 9.3.3.3.1 */

static struct sriov_pf pfs[MAX_PFS];
static unsigned pf_count;

unsigned sriov_pf_count(void)
{
	return pf_count;
}

struct sriov_pf *sriov_pf(unsigned n)
{
	return n < pf_count ? &pfs[n] : NULL;
}

void sriov_write_control(const struct sriov_pf *pf, u16 control)
{
	pci_write16(pf->function->rid, pf->cap + PCI_SRIOV_CTRL, control);
}

u16 sriov_read_control(const struct sriov_pf *pf)
{
	return pci_read16(pf->function->rid, pf->cap + PCI_SRIOV_CTRL);
}

enum err sriov_set_num_vfs(struct sriov_pf *pf, unsigned num_vfs, struct why *why)
{
	struct rid rid = pf->function->rid;

	pci_write16(rid, pf->cap + PCI_SRIOV_NUM_VF, (u16)num_vfs);
	u16 now = pci_read16(rid, pf->cap + PCI_SRIOV_NUM_VF);

	if (now != num_vfs)
		return fail(why, ERR_DEVICE, rid,
			    RID_FMT
			    ": NumVFs was set to %u but reads %u; the card does not take it",
			    RID_ARG(rid), num_vfs, now);
	pf->offset = pci_read16(rid, pf->cap + PCI_SRIOV_VF_OFFSET);
	pf->stride = pci_read16(rid, pf->cap + PCI_SRIOV_VF_STRIDE);
	return OK;
}

/* VFs that somebody before us left on would decode addresses that we are about to size and move. */
static void switch_off_leftovers(const struct sriov_pf *pf)
{
	u16 control = sriov_read_control(pf);

	if (!(control & (PCI_SRIOV_CTRL_VFE | PCI_SRIOV_CTRL_MSE)))
		return;
	log_info("pci", RID_FMT ": VFs were on before us; switched off",
		 RID_ARG(pf->function->rid));
	sriov_write_control(pf, control & ~(PCI_SRIOV_CTRL_VFE | PCI_SRIOV_CTRL_MSE));
	time_delay_ns(DISABLE_SETTLE_NS);
}

/*
 * The smallest page size that the device supports: VF BARs are never smaller than a page of it
 * (9.3.3.12, 9.3.3.13).
 */
void sriov_set_page_size(struct sriov_pf *pf)
{
	struct rid rid = pf->function->rid;
	u32 supported = pci_read32(rid, pf->cap + PCI_SRIOV_SUP_PGSIZE);

	pf->supported_page_sizes = supported;
	pci_write32(rid, pf->cap + PCI_SRIOV_SYS_PGSIZE,
		    supported ? supported & -supported : PAGE_SIZES_4K);
	pf->system_page_size = pci_read32(rid, pf->cap + PCI_SRIOV_SYS_PGSIZE);
}

static bool firmware_placed_vfs(const struct sriov_pf *pf)
{
	bool any = false;

	for (unsigned i = 0; i < PCI_BARS; i++) {
		const struct pci_bar *bar = &pf->vf_bars[i];

		if (bar->size == 0)
			continue;
		if (bar->base == 0 ||
		    !pci_windows_cover(pf->function, bar->base, bar->size * pf->total_vfs,
				       bar->prefetchable))
			return false;
		any = true;
	}
	return any;
}

static void probe(struct sriov_pf *pf)
{
	struct rid rid = pf->function->rid;

	switch_off_leftovers(pf);
	sriov_set_page_size(pf);
	pf->initial_vfs = pci_read16(rid, pf->cap + PCI_SRIOV_INITIAL_VF);
	pf->total_vfs = pci_read16(rid, pf->cap + PCI_SRIOV_TOTAL_VF);
	pf->vf_device_id = pci_read16(rid, pf->cap + PCI_SRIOV_VF_DID);
	pf->bad_bars = bars_size(rid, pf->cap + PCI_SRIOV_BAR, PCI_BARS, pf->vf_bars) != 0;
	pf->firmware_reserved = firmware_placed_vfs(pf);
}

void sriov_probe_all(void)
{
	pf_count = 0;
	for (unsigned i = 0; i < pci_function_count(); i++) {
		struct pci_function *f = pci_function(i);

		f->pf = NULL;
		if (!f->ext_sriov || f->vf_of)
			continue;
		if (f->ext_sriov + SRIOV_CAP_BYTES > CONFIG_BYTES || pf_count == MAX_PFS) {
			log_warn("pci", RID_FMT ": SR-IOV is not used: %s", RID_ARG(f->rid),
				 pf_count == MAX_PFS ? "too many PFs"
						     : "its capability leaves the config space");
			continue;
		}
		struct sriov_pf *pf = &pfs[pf_count];

		memset(pf, 0, sizeof(*pf));
		pf->function = f;
		pf->cap = f->ext_sriov;
		(void)format(pf->name, sizeof(pf->name), "pf%u", pf_count);
		f->pf = pf;
		pf_count++;
		probe(pf);
	}
}

struct vf *vf_by_rid(struct rid rid)
{
	for (unsigned i = 0; i < pf_count; i++)
		for (unsigned k = 0; k < pfs[i].num_vfs; k++)
			if (rid_equal(pfs[i].vfs[k].rid, rid))
				return &pfs[i].vfs[k];
	return NULL;
}

u64 sriov_vf_pages(unsigned num_vfs)
{
	return ALIGN_UP(num_vfs * sizeof(struct vf), PAGE_SIZE) / PAGE_SIZE;
}

void sriov_release(struct sriov_pf *pf)
{
	u16 control = sriov_read_control(pf);

	if (control & (PCI_SRIOV_CTRL_VFE | PCI_SRIOV_CTRL_MSE)) {
		sriov_write_control(pf, control & ~(PCI_SRIOV_CTRL_VFE | PCI_SRIOV_CTRL_MSE));
		time_delay_ns(DISABLE_SETTLE_NS);
	}
	for (unsigned i = 0; i < pf->num_vfs; i++)
		if (pf->vfs[i].function)
			fabric_remove(pf->vfs[i].function);
	pool_free(POOL_PCI, pf->vfs, sriov_vf_pages(pf->num_vfs));
	pf->vfs = NULL;
	pf->num_vfs = 0;
}

enum err sriov_disable(struct sriov_pf *pf, struct why *why)
{
	char name[VF_NAME_BYTES];

	for (unsigned i = 0; i < pf->num_vfs; i++) {
		const struct vf *vf = &pf->vfs[i];

		if (vf->state != VF_PARKED && vf->state != VF_QUARANTINED)
			return fail(why, ERR_BUSY, vf->rid,
				    "VFs of " RID_FMT " stay on: %s is %s; stop its VM first",
				    RID_ARG(pf->function->rid), vf_name(vf, name, sizeof(name)),
				    vf_state_name(vf->state));
	}
	if (pf->num_vfs == 0)
		return OK;
	/*
	 * Bus mastering goes off one by one first: VF Enable off while a VF writes is a surprise
	 * removal.
	 */
	for (unsigned i = 0; i < pf->num_vfs; i++)
		vf_set_command(&pf->vfs[i], false, false);
	sriov_release(pf);
	if (sriov_read_control(pf) & PCI_SRIOV_CTRL_VFE)
		return fail(why, ERR_DEVICE, pf->function->rid,
			    RID_FMT ": VF Enable was cleared but still reads 1",
			    RID_ARG(pf->function->rid));
	return sriov_set_num_vfs(pf, 0, why);
}
