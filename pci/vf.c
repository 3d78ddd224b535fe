/* SPDX-License-Identifier: GPL-2.0-only */
/* One VF: its life, its name, its ranges, and what it says about itself. */
#include "base/format.h"
#include "base/spinlock.h"
#include "base/string.h"
#include "pci/acs.h"
#include "pci/config.h"
#include "pci/internal.h"
#include "pci/sriov.h"

static const char *const state_names[] = {
	[VF_ABSENT] = "absent",       [VF_PARKED] = "parked",           [VF_ASSIGNED] = "assigned",
	[VF_RESETTING] = "resetting", [VF_QUARANTINED] = "quarantined",
};

/* The picture in sriov.h as a table: from a state (row), where may it go? */
static const u8 edges[] = {
	[VF_ABSENT] = BIT(VF_PARKED) | BIT(VF_QUARANTINED),
	[VF_PARKED] = BIT(VF_ABSENT) | BIT(VF_ASSIGNED) | BIT(VF_QUARANTINED),
	[VF_ASSIGNED] = BIT(VF_RESETTING),
	[VF_RESETTING] = BIT(VF_ASSIGNED) | BIT(VF_PARKED) | BIT(VF_QUARANTINED),
	[VF_QUARANTINED] = BIT(VF_ABSENT),
};
_Static_assert(ARRAY_LEN(edges) == ARRAY_LEN(state_names), "every state has a name and a row");

static struct spinlock state_lock;

const char *vf_state_name(enum vf_state s)
{
	return (unsigned)s < ARRAY_LEN(state_names) ? state_names[s] : "unknown";
}

const char *vf_name(const struct vf *vf, char *buf, size_t size)
{
	(void)format(buf, size, vf ? "%s/%u" : "", vf ? vf->pf->name : "", vf ? vf->index : 0u);
	return buf;
}

static enum err refuse_edge(const struct vf *vf, enum vf_state from, enum vf_state to,
			    struct why *why)
{
	char name[VF_NAME_BYTES];

	return fail(why, ERR_BUSY, vf->rid, "VF %s (" RID_FMT ") is %s and cannot become %s",
		    vf_name(vf, name, sizeof(name)), RID_ARG(vf->rid), vf_state_name(from),
		    vf_state_name(to));
}

enum err vf_change_state(struct vf *vf, enum vf_state to, void *owner, struct why *why)
{
	spin_lock(&state_lock);
	enum vf_state from = vf->state;
	bool allowed = (unsigned)to < ARRAY_LEN(edges) && edges[from] & BIT(to);

	/* An assignment without an owner, or a new owner during a reset, would break P1. */
	if (to == VF_ASSIGNED && (!owner || (from == VF_RESETTING && owner != vf->owner)))
		allowed = false;
	if (allowed) {
		vf->state = to;
		if (from == VF_PARKED && to == VF_ASSIGNED) {
			vf->owner = owner;
			vf->generation++;
		} else if (to != VF_ASSIGNED && to != VF_RESETTING) {
			vf->owner = NULL;
			vf->bus_cut = false;
		}
	}
	spin_unlock(&state_lock);
	return allowed ? OK : refuse_edge(vf, from, to, why);
}

u16 vf_msix_vectors(const struct vf *vf)
{
	return (vf->caps.msix_control & PCI_MSIX_FLAGS_QSIZE) + 1;
}

struct pci_bar vf_bar(const struct vf *vf, unsigned bar)
{
	if (bar >= PCI_BARS)
		return (struct pci_bar){ 0 };
	struct pci_bar b = vf->pf->vf_bars[bar];

	b.base = b.size ? b.base + b.size * vf->index : 0;
	return b;
}

void vf_set_command(const struct vf *vf, bool memory, bool bus_master)
{
	pci_write16(vf->rid, PCI_COMMAND,
		    (memory ? PCI_COMMAND_MEMORY : 0) |
			    (bus_master && !vf->bus_cut ? PCI_COMMAND_MASTER : 0));
}

void vf_cut_bus(struct vf *vf)
{
	/* Remembered first: a guest may be writing its Command on another core. */
	__atomic_store_n(&vf->bus_cut, true, __ATOMIC_SEQ_CST);
	if (vf->state == VF_RESETTING)
		return; /* it has no bus, and is not to be touched */
	pci_write16(vf->rid, PCI_COMMAND,
		    pci_read16(vf->rid, PCI_COMMAND) & (u16)~PCI_COMMAND_MASTER);
}

/*
 * Vendor and Device ID of a VF read all ones (PCIe 6.0 section 9.3.4.1.1): these come from the PF.
 */
static void read_identity(struct vf *vf)
{
	struct pci_function *f = vf->function;
	u32 class_revision = pci_read32(vf->rid, PCI_CLASS_REVISION);
	u32 subsystem = pci_read32(vf->rid, PCI_SUBSYSTEM_VENDOR_ID);

	f->vendor = vf->pf->function->vendor;
	f->device = vf->pf->vf_device_id;
	f->revision = (u8)class_revision;
	f->class_code = class_revision >> 8;
	f->subsystem_vendor = (u16)subsystem;
	f->subsystem_device = (u16)(subsystem >> 16);
	f->header_type = PCI_HEADER_TYPE_NORMAL;
	f->multifunction = false; /* the bit is hardwired to 0 in a VF, section 9.3.4.1.9 */
	for (unsigned i = 0; i < PCI_BARS; i++)
		f->bars[i] = vf_bar(vf, i);
}

static void read_caps(struct vf *vf)
{
	const struct pci_function *f = vf->function, *pf = vf->pf->function;
	struct vf_caps *c = &vf->caps;
	struct rid r = vf->rid;

	memset(c, 0, sizeof(*c));
	if (f->cap_pcie) {
		c->device_cap = pci_read32(r, f->cap_pcie + PCI_EXP_DEVCAP);
		c->link_cap = pci_read32(r, f->cap_pcie + PCI_EXP_LNKCAP);
		c->device_cap2 = pci_read32(r, f->cap_pcie + PCI_EXP_DEVCAP2);
		c->link_cap2 = pci_read32(r, f->cap_pcie + PCI_EXP_LNKCAP2);
	}
	if (pf->cap_pcie)
		c->link_status = pci_read16(pf->rid, pf->cap_pcie + PCI_EXP_LNKSTA);
	if (f->cap_pm)
		c->pm_cap = pci_read16(r, f->cap_pm + PCI_PM_PMC);
	if (f->cap_msix) {
		c->msix_control = pci_read16(r, f->cap_msix + PCI_MSIX_FLAGS);
		c->msix_table = pci_read32(r, f->cap_msix + PCI_MSIX_TABLE);
		c->msix_pba = pci_read32(r, f->cap_msix + PCI_MSIX_PBA);
	}
}

/*
 * Presence is seen in what a VF implements itself: its Vendor ID is all ones even when it is there
 * (R9).
 */
bool vf_answers(const struct vf *vf)
{
	return pci_read32(vf->rid, PCI_CLASS_REVISION) != CONFIG_NO_DEVICE &&
	       pci_read32(vf->rid, PCI_SUBSYSTEM_VENDOR_ID) != CONFIG_NO_DEVICE;
}

enum err vf_discover(struct vf *vf, struct why *why)
{
	char name[VF_NAME_BYTES];

	if (vf->state != VF_ABSENT && vf->state != VF_PARKED)
		return fail(why, ERR_BUSY, vf->rid, "VF %s is %s: what it is was decided before",
			    vf_name(vf, name, sizeof(name)), vf_state_name(vf->state));
	if (!vf_answers(vf))
		return fail(why, ERR_DEVICE, vf->rid,
			    "VF %s (" RID_FMT
			    ") does not answer: class and subsystem read all ones",
			    vf_name(vf, name, sizeof(name)), RID_ARG(vf->rid));
	read_identity(vf);
	caps_scan(vf->function);
	read_caps(vf);
	acs_enable(vf->function);
	return OK;
}
