/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What each kind of function guarantees about peer-to-peer traffic (PCIe 6.0 section 6.12.1). First
 * row that applies decides; the last one refuses, so a kind that nobody thought of is not isolated.
 *
 * The rows for endpoints need a reason, because most SR-IOV cards have no ACS capability at all.
 *
 * An endpoint with an ACS capability can redirect what it offers, and what it does not offer it
 * does not do: Request and Completion Redirect "must be implemented by Functions that support
 * peer-to-peer traffic with other Functions. This includes SR-IOV Virtual Functions" (6.12.1.2). So
 * all that is offered must be on, and nothing more is asked.
 *
 * A VF without one, of a card on a link: "If an SR-IOV Capable Device other than one in a Root
 * Complex implements internal peer-to-peer transactions, ACS is required" (7.7.11). No capability,
 * neither in the VF nor in its PF, hence means no internal peer-to-peer. This is a promise of the
 * specification, not of a vendor, and the verdict says so. (Linux passes these VFs too, because it
 * never looks at a VF as part of a multifunction device.)
 *
 * A PF or any other function of a multifunction device without one: the sentence above does not
 * cover devices older than it or without SR-IOV, so the quirk table must know it, else it is not
 * isolated from its neighbours.
 *
 * A root complex integrated endpoint without one: routing between them is the root complex' own
 * affair, and the quoted sentence exempts it. Refused; no quirk helps.
 */
#include "pci/acs.h"
#include "pci/config.h"
#include "pci/internal.h"
#include "pci/sriov.h"

#define DEVICE_FUNCTIONS 8u
#define ENDPOINT_BITS    (PCI_ACS_RR | PCI_ACS_CR)

/*
 * Translation Blocking is not asked for, but we never enable ATS, so an already translated request
 * is an attack.
 */
#define WANTED_BITS (ACS_REQUIRED | PCI_ACS_TB)

void acs_enable(struct pci_function *f)
{
	if (!f->ext_acs)
		return;
	f->acs_capable = pci_read16(f->rid, f->ext_acs + PCI_ACS_CAP);
	/*
	 * All other bits are written as 0: Direct Translated P2P and Egress Control open paths past
	 * the IOMMU.
	 */
	pci_write16(f->rid, f->ext_acs + PCI_ACS_CTRL, f->acs_capable & WANTED_BITS);
	f->acs_enabled = pci_read16(f->rid, f->ext_acs + PCI_ACS_CTRL);
}

void acs_enable_all(void)
{
	for (unsigned i = 0; i < pci_function_count(); i++)
		acs_enable(pci_function(i));
}

bool acs_same_device(const struct pci_function *a, const struct pci_function *b)
{
	const struct pci_function *pf_a = a->vf_of ? a->vf_of->function : a;
	const struct pci_function *pf_b = b->vf_of ? b->vf_of->function : b;

	if (pf_a->parent != pf_b->parent || pf_a->rid.segment != pf_b->rid.segment ||
	    rid_bus(pf_a->rid) != rid_bus(pf_b->rid))
		return false;
	/* Below a link there is one device; with ARI its functions fill all device numbers. */
	if (pf_a->parent && is_downstream_port(pf_a->parent))
		return true;
	return (rid_devfn(pf_a->rid) / DEVICE_FUNCTIONS) ==
	       (rid_devfn(pf_b->rid) / DEVICE_FUNCTIONS);
}

static bool is_port(const struct pci_function *f)
{
	return f->port_type == PCI_EXP_TYPE_ROOT_PORT || f->port_type == PCI_EXP_TYPE_DOWNSTREAM;
}

static bool is_conventional(const struct pci_function *f)
{
	return f->port_type == PORT_TYPE_NONE || f->port_type == PCI_EXP_TYPE_PCI_BRIDGE ||
	       f->port_type == PCI_EXP_TYPE_PCIE_BRIDGE;
}

static bool is_event_collector(const struct pci_function *f)
{
	return f->port_type == PCI_EXP_TYPE_RC_EC;
}

static bool is_integrated(const struct pci_function *f)
{
	return f->port_type == PCI_EXP_TYPE_RC_END || !f->parent;
}

static bool has_acs(const struct pci_function *f)
{
	return f->ext_acs != 0;
}

static bool has_quirk(const struct pci_function *f)
{
	return acs_quirk_text(f) != NULL;
}

static bool is_vf_with_acs_in_pf(const struct pci_function *f)
{
	return f->vf_of && f->vf_of->function->ext_acs;
}

static bool is_vf(const struct pci_function *f)
{
	return f->vf_of != NULL;
}

static bool is_single_function(const struct pci_function *f)
{
	return !f->multifunction && !f->pf;
}

static bool always(const struct pci_function *f)
{
	(void)f;
	return true;
}

static u16 port_missing(const struct pci_function *f)
{
	return ACS_REQUIRED & (u16)~f->acs_enabled;
}

static u16 endpoint_missing(const struct pci_function *f)
{
	return f->acs_capable & ENDPOINT_BITS & (u16)~f->acs_enabled;
}

static u16 pf_missing(const struct pci_function *f)
{
	return endpoint_missing(f->vf_of->function);
}

static u16 nothing(const struct pci_function *f)
{
	(void)f;
	return 0;
}

static u16 redirects(const struct pci_function *f)
{
	(void)f;
	return ENDPOINT_BITS;
}

struct acs_rule {
	bool (*applies)(const struct pci_function *f);
	u16 (*missing)(const struct pci_function *f);
	bool never; /* it does not isolate, and there are no bits that would help */
	const char *good, *bad;
};

static const struct acs_rule rules[] = {
	/* applies            missing           never  good / bad */
	{ is_port, port_missing, false, "has ACS on", "has no ACS capability" },
	{ is_conventional, nothing, true, NULL,
	  "is conventional PCI, where functions share a bus and a Requester ID" },
	{ is_event_collector, nothing, true, NULL, "is no device for a VM" },
	{ has_acs, endpoint_missing, false, "redirects its peer-to-peer traffic by ACS",
	  "does not turn on the ACS bits that it offers" },
	{ is_integrated, redirects, false, NULL,
	  "is integrated into the root complex and has no ACS capability" },
	{ has_quirk, nothing, false, NULL, NULL },
	{ is_vf_with_acs_in_pf, pf_missing, false, "is covered by the ACS capability of its PF",
	  "has a PF that does not turn on the ACS bits that it offers" },
	{ is_vf, nothing, false,
	  "has no ACS capability, so its card does no internal peer-to-peer (PCIe 6.0 section "
	  "7.7.11)",
	  NULL },
	{ is_single_function, nothing, false, "is the only function of its device", NULL },
	{ always, redirects, false, NULL,
	  "shares its device with other functions and has no ACS capability" },
};

struct acs_finding acs_find(const struct pci_function *f)
{
	unsigned i = 0;

	while (!rules[i].applies(f))
		i++;
	const struct acs_rule *r = &rules[i];
	struct acs_finding found = { .missing = r->missing(f) };

	found.isolates = !r->never && !found.missing;
	found.by_quirk = found.isolates && r->applies == has_quirk;
	found.text = found.by_quirk ? acs_quirk_text(f) : found.isolates ? r->good : r->bad;
	/* A port that has the capability but lacks bits deserves the better word. */
	if (!found.isolates && is_port(f) && f->ext_acs)
		found.text = "does not turn on all ACS bits";
	return found;
}
