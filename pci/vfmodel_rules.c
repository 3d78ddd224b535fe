/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a guest sees of its VF, register by register (PCIe 6.0 sections 9.3.4 and 9.3.5). Default
 * deny: a register that is not here reads 0 and takes no write, so a device cannot show a guest
 * anything that nobody thought of (P7, R11, R12).
 */
#include "pci/vfmodel_rules.h"

#include "pci/internal.h"

#define EXP_VERSION   2u
#define EXP_BYTES     0x3cu /* version 2, section 7.5.3: fixed length, unused registers are 0 */
#define MSIX_BYTES    12u
#define PM_BYTES      8u
#define EXP_FALLBACK  0x60u
#define MSIX_FALLBACK 0x50u
#define PM_FALLBACK   0x40u

static u32 vendor(const struct vf *vf)
{
	return vf->function->vendor;
}

static u32 device(const struct vf *vf)
{
	return vf->function->device;
}

static u32 class_and_revision(const struct vf *vf)
{
	return vf->function->class_code << 8 | vf->function->revision;
}

static u32 subsystem(const struct vf *vf)
{
	return (u32)vf->function->subsystem_device << 16 | vf->function->subsystem_vendor;
}

static u32 device_cap(const struct vf *vf)
{
	return vf->caps.device_cap;
}

static u32 device_cap2(const struct vf *vf)
{
	return vf->caps.device_cap2;
}

static u32 link_cap(const struct vf *vf)
{
	return vf->caps.link_cap;
}

static u32 link_cap2(const struct vf *vf)
{
	return vf->caps.link_cap2;
}

static u32 link_status(const struct vf *vf)
{
	return vf->caps.link_status;
}

static u32 msix_control(const struct vf *vf)
{
	return vf->caps.msix_control;
}

static u32 msix_table(const struct vf *vf)
{
	return vf->caps.msix_table;
}

static u32 msix_pba(const struct vf *vf)
{
	return vf->caps.msix_pba;
}

static u32 pm_cap(const struct vf *vf)
{
	return vf->caps.pm_cap;
}

/*
 * The header. Header Type (0: a single function), Interrupt Pin (0: VFs have no INTx, R24),
 * expansion ROM, cache line, latency timer: not listed, so 0. BARs are built from the PF's VF BARs,
 * the capability pointer by linking: see vfmodel.c.
 */
static const struct vf_rule header_rules[] = {
	{ PCI_VENDOR_ID, 2, FROM_PF, .get = vendor,
	  .mask = 0xffff }, /* reads ffff in the VF, 9.3.4.1.1 */
	{ PCI_DEVICE_ID, 2, FROM_PF, .get = device, .mask = 0xffff }, /* VF Device ID, 9.3.3.11 */
	/*
	 * Memory Space Enable is hardwired to 0 in a VF (9.3.4.1.3): the guest's is emulated by its
	 * EPT window.
	 */
	{ PCI_COMMAND, 2, SYNTHESISED, .writable = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER,
	  .effect = VF_EFFECT_COMMAND },
	{ PCI_STATUS, 2, SYNTHESISED, .fixed = PCI_STATUS_CAP_LIST },
	{ PCI_CLASS_REVISION, 4, FROM_DEVICE, .get = class_and_revision, .mask = 0xffffffff },
	{ PCI_SUBSYSTEM_VENDOR_ID, 4, FROM_DEVICE, .get = subsystem, .mask = 0xffffffff },
};

#define DEVCAP_SEEN                                                                                \
	(PCI_EXP_DEVCAP_PAYLOAD | PCI_EXP_DEVCAP_EXT_TAG | PCI_EXP_DEVCAP_L0S |                    \
	 PCI_EXP_DEVCAP_L1 | PCI_EXP_DEVCAP_RBER | PCI_EXP_DEVCAP_FLR)
/*
 * Reset value of a plain endpoint, 7.5.3.4. In a VF these bits are reserved: the PF's settings rule
 * (9.3.5.4).
 */
#define DEVCTL_DEFAULT                                                                             \
	(PCI_EXP_DEVCTL_RELAX_EN | PCI_EXP_DEVCTL_NOSNOOP_EN | PCI_EXP_DEVCTL_READRQ_512B)
#define DEVCTL_WRITABLE                                                                            \
	(PCI_EXP_DEVCTL_CERE | PCI_EXP_DEVCTL_NFERE | PCI_EXP_DEVCTL_FERE | PCI_EXP_DEVCTL_URRE |  \
	 PCI_EXP_DEVCTL_RELAX_EN | PCI_EXP_DEVCTL_PAYLOAD | PCI_EXP_DEVCTL_EXT_TAG |               \
	 PCI_EXP_DEVCTL_NOSNOOP_EN | PCI_EXP_DEVCTL_READRQ)
#define LNKCAP_SEEN  (PCI_EXP_LNKCAP_SLS | PCI_EXP_LNKCAP_MLW)
#define LNKSTA_SEEN  (PCI_EXP_LNKSTA_CLS | PCI_EXP_LNKSTA_NLW)
#define DEVCAP2_SEEN 0x1fu /* completion timeout ranges and disable; no ARI, atomics, LTR, OBFF */
#define LNKCAP2_SEEN 0xfeu /* supported link speeds */

/* An endpoint whose link is somebody else's: it may look, and reset itself. */
static const struct vf_rule pcie_rules[] = {
	{ PCI_EXP_FLAGS, 2, SYNTHESISED, .fixed = EXP_VERSION | PCI_EXP_TYPE_ENDPOINT << 4 },
	{ PCI_EXP_DEVCAP, 4, DEVICE_MASKED, .get = device_cap, .mask = DEVCAP_SEEN },
	{ PCI_EXP_DEVCTL, 2, SYNTHESISED, .fixed = DEVCTL_DEFAULT, .writable = DEVCTL_WRITABLE,
	  .effect = VF_EFFECT_DEVCTL, .strobe = PCI_EXP_DEVCTL_BCR_FLR,
	  .strobe_effect = VF_EFFECT_FLR },
	{ PCI_EXP_LNKCAP, 4, DEVICE_MASKED, .get = link_cap, .mask = LNKCAP_SEEN },
	{ PCI_EXP_LNKSTA, 2, FROM_PF, .get = link_status, .mask = LNKSTA_SEEN },
	{ PCI_EXP_DEVCAP2, 4, DEVICE_MASKED, .get = device_cap2, .mask = DEVCAP2_SEEN },
	{ PCI_EXP_LNKCAP2, 4, DEVICE_MASKED, .get = link_cap2, .mask = LNKCAP2_SEEN },
};

/*
 * The table itself is in a BAR and is trapped; its place is the device's, so that drivers find it
 * (R16).
 */
static const struct vf_rule msix_rules[] = {
	{ PCI_MSIX_FLAGS, 2, DEVICE_MASKED, .get = msix_control, .mask = PCI_MSIX_FLAGS_QSIZE,
	  .writable = PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL, .effect = VF_EFFECT_MSIX },
	{ PCI_MSIX_TABLE, 4, FROM_DEVICE, .get = msix_table, .mask = 0xffffffff },
	{ PCI_MSIX_PBA, 4, FROM_DEVICE, .get = msix_pba, .mask = 0xffffffff },
};

/* Always in D0: the power of a shared card is not a VM's to switch. No PME, no D1, no D2. */
static const struct vf_rule pm_rules[] = {
	{ PCI_PM_PMC, 2, DEVICE_MASKED, .get = pm_cap, .mask = PCI_PM_CAP_VER_MASK },
	{ PCI_PM_CTRL, 2, SYNTHESISED, .fixed = PCI_PM_CTRL_NO_SOFT_RESET },
};

const struct vf_block vf_header_block = { 0, PCI_STD_HEADER_SIZEOF, 0, header_rules,
					  ARRAY_LEN(header_rules) };
const struct vf_block vf_pcie_block = { PCI_CAP_ID_EXP, EXP_BYTES, EXP_FALLBACK, pcie_rules,
					ARRAY_LEN(pcie_rules) };
const struct vf_block vf_msix_block = { PCI_CAP_ID_MSIX, MSIX_BYTES, MSIX_FALLBACK, msix_rules,
					ARRAY_LEN(msix_rules) };
const struct vf_block vf_pm_block = { PCI_CAP_ID_PM, PM_BYTES, PM_FALLBACK, pm_rules,
				      ARRAY_LEN(pm_rules) };
