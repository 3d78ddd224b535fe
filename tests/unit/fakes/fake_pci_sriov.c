/* SPDX-License-Identifier: GPL-2.0-only */
/* VFs that come and go, Function Level Reset, and the faults of both. */
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "fake_pci_internal.h"

#define UNTOUCHABLE_NS (100 * NS_PER_MS)
#define BAR_STEP       4

static bool covers(unsigned at, unsigned width, unsigned reg)
{
	return reg >= at && reg < at + width;
}

static u16 sriov_control(const struct fake_function *pf)
{
	return fake_get16(pf, pf->sriov->cap + PCI_SRIOV_CTRL);
}

unsigned fake_num_vfs(const struct fake_function *pf)
{
	return sriov_control(pf) & PCI_SRIOV_CTRL_VFE
		       ? fake_get16(pf, pf->sriov->cap + PCI_SRIOV_NUM_VF)
		       : 0;
}

/* ARI Capable Hierarchy of the lowest PF rules the device; our devices have one PF. */
static bool ari(const struct fake_function *pf)
{
	return sriov_control(pf) & PCI_SRIOV_CTRL_ARI;
}

static u16 vf_offset(const struct fake_function *pf)
{
	return ari(pf) ? pf->sriov->ari_offset : pf->sriov->offset;
}

static u16 vf_stride(const struct fake_function *pf)
{
	return ari(pf) ? pf->sriov->ari_stride : pf->sriov->stride;
}

struct fake_function *fake_enabled_vf(struct fake_function *pf, struct rid rid)
{
	if (!pf->sriov || pf->rid.segment != rid.segment)
		return NULL;
	for (unsigned i = 0; i < fake_num_vfs(pf); i++)
		if (pf->rid.id + vf_offset(pf) + i * vf_stride(pf) == rid.id) {
			pf->sriov->vf[i].rid = rid;
			return &pf->sriov->vf[i];
		}
	return NULL;
}

struct fake_function *fake_vf(struct fake_function *pf, unsigned index)
{
	return &pf->sriov->vf[index];
}

void fake_note_access(struct fake_function *f)
{
	if (fake_time_now() < f->untouchable_until)
		f->early_accesses++;
}

void fake_refresh(struct fake_function *f)
{
	if (!f->sriov)
		return;
	fake_put16(f, f->sriov->cap + PCI_SRIOV_VF_OFFSET, vf_offset(f));
	fake_put16(f, f->sriov->cap + PCI_SRIOV_VF_STRIDE, vf_stride(f));
}

u64 fake_read_hook(const struct fake_function *f, unsigned at, unsigned width, u64 value)
{
	if (f->cap_pcie && width == 2 && at - f->cap_pcie == PCI_EXP_DEVSTA &&
	    fake_time_now() < f->pending_until)
		return value | PCI_EXP_DEVSTA_TRPND;
	return value;
}

static bool is_window_register(unsigned at)
{
	return at >= PCI_MEMORY_BASE && at < PCI_IO_BASE_UPPER16;
}

bool fake_write_is_lost(const struct fake_function *f, unsigned at)
{
	if (f->faults.window_stuck && fake_is_bridge(f) && is_window_register(at))
		return true;
	if (!f->sriov)
		return false;
	unsigned reg = at - f->sriov->cap;

	/* NumVFs is frozen while VFs are on (PCIe 6.0 section 9.3.3.7). */
	if (reg == PCI_SRIOV_NUM_VF)
		return f->faults.num_vfs_stuck || sriov_control(f) & PCI_SRIOV_CTRL_VFE;
	return f->faults.vf_bar_stuck && reg >= PCI_SRIOV_BAR &&
	       reg < PCI_SRIOV_BAR + FAKE_BARS * BAR_STEP;
}

/* All registers as after power-on. The faults stay. */
static void reset_function(struct fake_function *f)
{
	memcpy(f->config, f->initial, sizeof(f->config));
	f->pending_until = 0;
}

static void switch_vfs(struct fake_function *pf, bool on)
{
	for (unsigned i = 0;
	     i < fake_get16(pf, pf->sriov->cap + PCI_SRIOV_TOTAL_VF) && i < FAKE_MAX_VFS; i++) {
		struct fake_function *vf = &pf->sriov->vf[i];
		u64 silent = MAX(vf->faults.answers_after_ns, 1ull);

		reset_function(vf);
		vf->dma_open = false;
		vf->parent = pf->parent;
		vf->silent_until = on ? fake_time_now() + silent : 0;
		vf->untouchable_until = on ? fake_time_now() + UNTOUCHABLE_NS : 0;
	}
}

static void sriov_control_written(struct fake_function *pf)
{
	unsigned at = pf->sriov->cap + PCI_SRIOV_CTRL;
	unsigned total = fake_get16(pf, pf->sriov->cap + PCI_SRIOV_TOTAL_VF);
	unsigned wanted = fake_get16(pf, pf->sriov->cap + PCI_SRIOV_NUM_VF);
	bool refused = pf->faults.vf_enable_stuck || wanted > total;
	bool on;

	if (refused)
		pf->config[at] &= (u8)~PCI_SRIOV_CTRL_VFE;
	on = pf->config[at] & PCI_SRIOV_CTRL_VFE;
	if (on != pf->sriov->on)
		switch_vfs(pf, on);
	pf->sriov->on = on;
}

/*
 * Initiate FLR: everything but the DMA window goes back to its reset value, and nobody answers for
 * a while.
 */
static void function_level_reset(struct fake_function *f)
{
	u8 msix_high = f->cap_msix ? f->config[f->cap_msix + PCI_MSIX_FLAGS + 1] : 0;

	f->flrs++;
	reset_function(f);
	if (f->faults.flr_keeps_msix && f->cap_msix)
		f->config[f->cap_msix + PCI_MSIX_FLAGS + 1] = msix_high;
	if (f->faults.flr_changes_id)
		f->config[PCI_CLASS_REVISION] ^= 1;
	f->silent_until =
		f->faults.flr_ns == FAKE_NEVER ? FAKE_NEVER : fake_time_now() + f->faults.flr_ns;
	f->untouchable_until = fake_time_now() + UNTOUCHABLE_NS;
}

void fake_write_hook(struct fake_function *f, unsigned at, unsigned width, u32 value)
{
	if (covers(at, width, PCI_COMMAND)) {
		f->dma_open = value & PCI_COMMAND_MASTER;
		f->pending_until =
			f->faults.pending_ns ? fake_time_now() + f->faults.pending_ns : 0;
	}
	if (f->sriov && covers(at, width, f->sriov->cap + PCI_SRIOV_CTRL))
		sriov_control_written(f);
	if (f->cap_pcie && at - f->cap_pcie == PCI_EXP_DEVCTL && width == 2 &&
	    value & PCI_EXP_DEVCTL_BCR_FLR &&
	    fake_get32(f, f->cap_pcie + PCI_EXP_DEVCAP) & PCI_EXP_DEVCAP_FLR)
		function_level_reset(f);
}
