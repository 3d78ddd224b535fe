/* SPDX-License-Identifier: GPL-2.0-only */
/* Enabling VFs, step by step. Private to pci/. */
#ifndef PCI_SRIOV_PLAN_H
#define PCI_SRIOV_PLAN_H

#include "pci/space_plan.h"

struct bus_change {
	struct pci_function *bridge;
	u8 old, new; /* subordinate bus */
};

/* Everything that sriov_enable() changes, and what it was before. */
struct vf_plan {
	struct sriov_pf *pf;
	unsigned wanted, num_vfs;
	u16 old_control, old_num_vfs;
	struct sriov_pf *ari_pf; /* the PF that holds ARI Capable Hierarchy for its device */
	u16 old_ari_control;
	bool ari_forwarding_set; /* by us, on the port above */
	unsigned bus_changes;
	struct bus_change bus_change[PCI_PATH_MAX];
	struct vf_space space;
};

/* --- sriov_buses.c: Requester IDs --- */

/* The PF that holds ARI Capable Hierarchy for the device of `pf`. */
struct sriov_pf *sriov_ari_pf(const struct sriov_pf *pf);

/*
 * ARI on the way to the PF: the port forwards it, the device uses it. `forced`: the VFs are out of
 * reach without.
 */
void vf_plan_ari(struct vf_plan *p, bool forced);
void vf_undo_ari(const struct vf_plan *p);

/* Is some VF a function of the PF's bus that only ARI reaches, and ARI is off? */
bool vf_needs_ari(const struct sriov_pf *pf, unsigned num_vfs);

/*
 * How many of `num_vfs` VFs have usable Requester IDs; plans the bus numbers for them. `why` says
 * what stops the next one.
 */
unsigned vf_plan_buses(struct vf_plan *p, unsigned num_vfs, struct why *why);

enum err vf_commit_buses(const struct vf_plan *p, struct why *why);
void vf_undo_buses(const struct vf_plan *p);

/* --- sriov.c --- */

/* Pages of the pool that `num_vfs` struct vf take. */
u64 sriov_vf_pages(unsigned num_vfs);

/* Choose and write System Page Size; a reset of the PF loses it. */
void sriov_set_page_size(struct sriov_pf *pf);

/* VF Enable off, and all VFs forgotten. */
void sriov_release(struct sriov_pf *pf);

void sriov_write_control(const struct sriov_pf *pf, u16 control);
u16 sriov_read_control(const struct sriov_pf *pf);
enum err sriov_set_num_vfs(struct sriov_pf *pf, unsigned num_vfs, struct why *why);

#endif
