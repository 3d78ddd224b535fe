/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The path from an endpoint to its root port, what each bridge on it guarantees (Access Control
 * Services, PCIe 6.0 section 6.12), and the groups that follow: functions that can reach each other
 * behind the IOMMU's back.
 */
#ifndef PCI_PATH_H
#define PCI_PATH_H

#include "pci/fabric.h"

/*
 * What a root or downstream port must have on so that no peer-to-peer escapes: Source Validation,
 * P2P Request Redirect, P2P Completion Redirect, Upstream Forwarding.
 */
#define ACS_REQUIRED (0x01u | 0x04u | 0x08u | 0x10u)

#define PCI_PATH_MAX 16

struct pci_path {
	const struct pci_function *endpoint;
	unsigned hops; /* bridges, nearest first */
	const struct pci_function *bridge[PCI_PATH_MAX];
};

enum err pci_path_of(const struct pci_function *f, struct pci_path *out, struct why *why);

/*
 * Turn on every required ACS bit that a port offers, on every bridge of the fabric, and read it
 * back.
 */
void acs_enable_all(void);

/*
 * May the function be isolated? Checks every downstream/root port of its path, conventional
 * bridges, multifunction peers (with the quirk table) and root-complex integrated endpoints. On
 * refusal `why` names the bridge, the missing bits by their short names (SV RR CR UF), the state of
 * the whole path, and another slot that would pass if there is one (R25). `missing` (may be NULL)
 * gets the bits. `unsafe_ok(rid)` says if the user overrode this bridge (`unsafe_acs=`); may be
 * NULL.
 */
struct acs_verdict {
	bool isolated;
	bool by_quirk;    /* isolated thanks to the quirk table only; `text` says which */
	bool by_override; /* isolated only because the user said unsafe_acs= */
	const struct pci_function *at; /* where it breaks */
	u16 missing;
	char text[160];
};
enum err acs_check(const struct pci_function *f, bool (*unsafe_ok)(struct rid),
		   struct acs_verdict *out, struct why *why);

/* "SV RR CR UF" for the given bits; writes at most `size` bytes, returns buf. */
const char *acs_bits_text(u16 bits, char *buf, size_t size);

/*
 * Groups: every function gets a number; equal numbers cannot be isolated from each other. Computed
 * from acs_check's rules.
 */
void pci_groups_compute(void);
unsigned pci_group_of(const struct pci_function *f);
unsigned pci_group_count(void);

#endif
