/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who may be isolated, as data: the rules of acs_rules.c, used by acs_check() and by the groups.
 * Private to pci/.
 */
#ifndef PCI_ACS_H
#define PCI_ACS_H

#include "pci/path.h"

/* What one function or bridge guarantees on its own, without looking at the path above it. */
struct acs_finding {
	bool isolates;
	bool by_quirk;
	u16 missing;      /* ACS bits that would be needed; 0 where no bit would help */
	const char *text; /* why, as the end of a sentence that begins with the function */
};
struct acs_finding acs_find(const struct pci_function *f);

/*
 * Turn on what the port or function offers of what we need, and what blocks translated requests;
 * read it back.
 */
void acs_enable(struct pci_function *f);

/* Are `a` and `b` functions of one device, so that traffic between them never leaves it? */
bool acs_same_device(const struct pci_function *a, const struct pci_function *b);

/*
 * The vendor's word that functions of such a device do not talk to each other; NULL if there is
 * none.
 */
const char *acs_quirk_text(const struct pci_function *f);

const char *port_type_name(const struct pci_function *f);

#endif
