/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Requester IDs of VFs: ARI, First VF Offset and VF Stride, and the bus numbers that they reach
 * (PCIe 6.0 sections 9.3.3.3.5, 9.3.3.9, 9.3.3.10). Offset and stride may change with NumVFs and
 * ARI, so they are read last (R8).
 */
#include "base/log.h"
#include "pci/acs.h"
#include "pci/config.h"
#include "pci/internal.h"
#include "pci/sriov_plan.h"

#define DEVICE_FUNCTIONS 8u /* what a port reaches on its bus without ARI */
#define MAX_RID          0xffffu
#define RID_BUS_SHIFT    8

enum err sriov_vf_rid(const struct sriov_pf *pf, unsigned index, struct rid *out)
{
	u64 id = (u64)pf->function->rid.id + pf->offset + (u64)index * pf->stride;

	if (id > MAX_RID)
		return ERR_INVALID;
	*out = (struct rid){ pf->function->rid.segment, (u16)id };
	return OK;
}

/*
 * --- ARI
 * --------------------------------------------------------------------------------------------------------
 */

static bool children_are_ari_capable(const struct pci_function *bridge)
{
	for (unsigned i = 0; i < pci_function_count(); i++) {
		const struct pci_function *f = pci_function(i);

		if (f->parent == bridge && !f->vf_of && !f->ext_ari)
			return false;
	}
	return true;
}

static void set_forwarding(struct pci_function *port, bool on)
{
	u16 at = port->cap_pcie + PCI_EXP_DEVCTL2;
	u16 control = pci_read16(port->rid, at) & ~PCI_EXP_DEVCTL2_ARI;

	pci_write16(port->rid, at, control | (on ? PCI_EXP_DEVCTL2_ARI : 0));
	port->ari_forwarding = pci_read16(port->rid, at) & PCI_EXP_DEVCTL2_ARI;
}

/*
 * ARI Capable Hierarchy exists in the lowest-numbered PF of a device only, and holds for all of
 * them (9.3.3.3.5).
 */
struct sriov_pf *sriov_ari_pf(const struct sriov_pf *pf)
{
	struct sriov_pf *lowest = NULL;

	for (unsigned i = 0; i < sriov_pf_count(); i++) {
		struct sriov_pf *other = sriov_pf(i);

		if (acs_same_device(other->function, pf->function) &&
		    (!lowest || other->function->rid.id < lowest->function->rid.id))
			lowest = other;
	}
	return lowest;
}

/* The bit must not change while some PF of the device has its VFs on. */
static bool device_has_vfs(const struct sriov_pf *pf)
{
	for (unsigned i = 0; i < sriov_pf_count(); i++)
		if (acs_same_device(sriov_pf(i)->function, pf->function) && sriov_pf(i)->num_vfs)
			return true;
	return false;
}

void vf_plan_ari(struct vf_plan *p, bool forced)
{
	struct pci_function *port = p->pf->function->parent;
	bool want =
		port && port->ari_forwarding_capable && (forced || children_are_ari_capable(port));

	if (want && !port->ari_forwarding) {
		set_forwarding(port, true);
		p->ari_forwarding_set = true;
		want = port->ari_forwarding;
	}
	if (!device_has_vfs(p->pf)) {
		u16 control = sriov_read_control(p->ari_pf) & ~PCI_SRIOV_CTRL_ARI;

		sriov_write_control(p->ari_pf, control | (want ? PCI_SRIOV_CTRL_ARI : 0));
	}
	p->pf->ari = sriov_read_control(p->ari_pf) & PCI_SRIOV_CTRL_ARI;
}

void vf_undo_ari(const struct vf_plan *p)
{
	if (!device_has_vfs(p->pf))
		sriov_write_control(p->ari_pf, p->old_ari_control);
	if (p->ari_forwarding_set)
		set_forwarding(p->pf->function->parent, false);
	p->pf->ari = false;
}

bool vf_needs_ari(const struct sriov_pf *pf, unsigned num_vfs)
{
	const struct pci_function *port = pf->function->parent;
	struct rid rid;

	if (!port || !is_downstream_port(port) || port->ari_forwarding)
		return false;
	for (unsigned i = 0; i < num_vfs && sriov_vf_rid(pf, i, &rid) == OK; i++)
		if (rid_bus(rid) == port->secondary && rid_devfn(rid) >= DEVICE_FUNCTIONS)
			return true;
	return false;
}

/*
 * --- bus numbers
 * ------------------------------------------------------------------------------------------------
 */

static u8 last_bus_of_segment(unsigned segment, unsigned bus)
{
	for (unsigned i = 0; i < pci_segment_count(); i++) {
		const struct pci_segment *s = pci_segment(i);

		if (s->segment == segment && bus >= s->first_bus && bus <= s->last_bus)
			return s->last_bus;
	}
	return 0;
}

/* Nobody's: no function is there, and only bridges above `f` lead there. */
static bool bus_is_free_for(const struct pci_function *f, unsigned bus)
{
	for (unsigned i = 0; i < pci_function_count(); i++) {
		const struct pci_function *g = pci_function(i);

		if (g->rid.segment != f->rid.segment)
			continue;
		if (rid_bus(g->rid) == bus && g->vf_of != f->pf)
			return false;
		if (is_bridge(g) && g->secondary && bus >= g->secondary && bus <= g->subordinate &&
		    !fabric_is_below(f, g))
			return false;
	}
	return true;
}

/* The reason why a VF cannot have this Requester ID, or NULL. */
static const char *rid_fault(const struct sriov_pf *pf, struct rid rid)
{
	const struct pci_function *f = pf->function;
	unsigned own = rid_bus(f->rid), bus = rid_bus(rid);
	const struct pci_function *taken = pci_find(rid);

	if (taken && taken->vf_of != pf)
		return "another function has it";
	if (bus > last_bus_of_segment(f->rid.segment, own))
		return "MCFG does not reach that bus";
	for (unsigned b = own + 1; b <= bus; b++)
		if (!bus_is_free_for(f, b))
			return "that bus belongs to others, and the bridge above cannot have it";
	return NULL;
}

static void plan_subordinate(struct vf_plan *p, unsigned last_bus)
{
	p->bus_changes = 0;
	for (struct pci_function *up = p->pf->function->parent; up; up = up->parent)
		if (up->subordinate < last_bus && p->bus_changes < ARRAY_LEN(p->bus_change))
			p->bus_change[p->bus_changes++] =
				(struct bus_change){ up, up->subordinate, (u8)last_bus };
}

unsigned vf_plan_buses(struct vf_plan *p, unsigned num_vfs, struct why *why)
{
	const struct sriov_pf *pf = p->pf;
	struct rid rid = pf->function->rid;
	unsigned n = 0, last_bus = rid_bus(rid);

	for (; n < num_vfs; n++) {
		const char *fault = "it is beyond bus ff";

		if (sriov_vf_rid(pf, n, &rid) == OK)
			fault = rid_fault(pf, rid);
		if (fault) {
			(void)fail(why, ERR_NO_SPACE, pf->function->rid,
				   RID_FMT ": %u of %u VFs have a usable Requester ID (offset %u, "
					   "stride %u): VF %u would be " RID_FMT ", but %s",
				   RID_ARG(pf->function->rid), n, num_vfs, (unsigned)pf->offset,
				   (unsigned)pf->stride, n, RID_ARG(rid), fault);
			break;
		}
		last_bus = MAX(last_bus, rid_bus(rid));
	}
	plan_subordinate(p, last_bus);
	return n;
}

enum err vf_commit_buses(const struct vf_plan *p, struct why *why)
{
	/* From the root down, so that a bus never leads out of the range above it. */
	for (unsigned i = p->bus_changes; i-- > 0;) {
		const struct bus_change *c = &p->bus_change[i];

		pci_write8(c->bridge->rid, PCI_SUBORDINATE_BUS, c->new);
		c->bridge->subordinate = pci_read8(c->bridge->rid, PCI_SUBORDINATE_BUS);
		if (c->bridge->subordinate != c->new)
			return fail(why, ERR_DEVICE, c->bridge->rid,
				    RID_FMT ": subordinate bus was set to %02x but reads %02x",
				    RID_ARG(c->bridge->rid), c->new,
				    (unsigned)c->bridge->subordinate);
		log_info("pci", RID_FMT ": subordinate bus %02x -> %02x, for the VFs of " RID_FMT,
			 RID_ARG(c->bridge->rid), c->old, c->new, RID_ARG(p->pf->function->rid));
	}
	return OK;
}

void vf_undo_buses(const struct vf_plan *p)
{
	for (unsigned i = 0; i < p->bus_changes; i++) {
		pci_write8(p->bus_change[i].bridge->rid, PCI_SUBORDINATE_BUS, p->bus_change[i].old);
		p->bus_change[i].bridge->subordinate = p->bus_change[i].old;
	}
}
