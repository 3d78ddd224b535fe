/* SPDX-License-Identifier: GPL-2.0-only */
/* Finding free address space. Private to pci/. */
#ifndef PCI_SPACE_PLAN_H
#define PCI_SPACE_PLAN_H

#include "pci/path.h"
#include "pci/sriov.h"

/* A window that has to change so that a plan fits. */
struct window_change {
	struct pci_function *bridge;
	bool prefetch;
	struct pci_window old, new;
};

/*
 * Where the VF BARs of one PF go. Made without touching a device; vf_space_commit() carries it out.
 */
struct vf_space {
	struct sriov_pf *pf;
	unsigned num_vfs;
	u64 base[PCI_BARS], old_base[PCI_BARS];
	bool kept;      /* as firmware had placed them */
	bool committed; /* registers were written: vf_space_undo() has something to do */
	unsigned changes;
	struct window_change change[2 * PCI_PATH_MAX];
};

/*
 * Plan for `num_vfs` VFs. False if they do not fit; *too_big (may be NULL) is then the VF BAR that
 * did not.
 */
bool vf_space_plan(struct sriov_pf *pf, unsigned num_vfs, struct vf_space *out, unsigned *too_big);

/* Write windows and VF BARs, each read back. VF Enable must be off. On error: vf_space_undo(). */
enum err vf_space_commit(struct vf_space *plan, struct why *why);

/* Put back whatever vf_space_commit() wrote, if it did. VF Enable must be off. */
void vf_space_undo(struct vf_space *plan);

/* --- space.c --- */

/* A question about a range: who asks decides what is in the way. */
struct space_query {
	const struct pci_function *viewer; /* windows of bridges above it are not in its way */
	const struct pci_function *bridge; /* what is below it, and its window of the kind
					      `prefetch`, is not either; or NULL */
	bool prefetch;
	const struct vf_space *plan; /* ranges that this plan has taken already, or NULL */
};

/* Is anything in the way? *end is then the first address behind the first such thing. */
bool space_clash(const struct space_query *q, const struct pci_window *range, u64 *end);

/* Is some BAR or child window of the functions below `bridge` inside `w`? */
bool space_window_in_use(const struct pci_function *bridge, const struct pci_window *w);

unsigned space_aperture_count(void);
struct pci_window space_aperture(unsigned n);

/* --- space_find.c --- */

/* A bridge's window as it will be when `plan` is carried out. */
struct pci_window space_planned_window(const struct vf_space *plan,
				       const struct pci_function *bridge, bool prefetch);

/* First free place for `size` bytes inside `in`, aligned. */
bool space_find(const struct space_query *q, const struct pci_window *in, u64 size, u64 align,
		u64 *base);

/*
 * A place for `size` bytes below `pf`'s bridge, for which windows on the way up change: appended to
 * `plan`.
 */
bool space_grow(struct vf_space *plan, bool prefetch, u64 size, u64 align, u64 top, u64 *base);

#endif
