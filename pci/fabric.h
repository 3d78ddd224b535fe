/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is on the fabric: every function that answered, its capabilities and BARs, and the tree of
 * bridges. Filled once at boot by pci_walk(); VFs are added by sriov_enable(). Nothing is re-read
 * for decisions later (XSA-337).
 */
#ifndef PCI_FABRIC_H
#define PCI_FABRIC_H

#include "base/types.h"

#define PCI_BARS 6

struct pci_bar {
	u64 base; /* host-physical; 0 = not assigned */
	u64 size; /* bytes, 0 = not implemented (or upper half of a 64-bit BAR) */
	bool io, is_64bit, prefetchable;
};

struct pci_window {
	u64 base, limit; /* inclusive limit; base > limit = closed */
};

struct sriov_pf;

struct pci_function {
	struct rid rid;
	u16 vendor, device, subsystem_vendor, subsystem_device;
	u32 class_code;           /* 24 bits: base class << 16 | sub-class << 8 | interface */
	u8 revision, header_type; /* header_type without the multifunction bit */
	bool multifunction;       /* the multifunction bit of this device's function 0 */
	u8 port_type;             /* PCI_EXP_TYPE_*, 0xff = not PCI Express */
	/* Offsets of capabilities, 0 = absent. */
	u8 cap_pm, cap_msi, cap_msix, cap_pcie;
	u16 ext_aer, ext_acs, ext_ari, ext_sriov, ext_ats, ext_pri, ext_pasid;
	bool flr; /* Device Capabilities bit 28 */
	struct pci_bar bars[PCI_BARS];
	struct pci_bar rom; /* expansion ROM; takes address space even while it is not enabled */
	struct pci_function *parent; /* the bridge above, NULL on a root bus */

	/* Bridges only (header_type 1). */
	u8 secondary, subordinate;
	struct pci_window mem, prefetch; /* non-prefetchable and prefetchable memory windows */
	bool ari_forwarding_capable, ari_forwarding;
	/*
	 * PCI_ACS_* bits, of endpoints too; enabled: as read back after we turned on what is there.
	 */
	u16 acs_capable, acs_enabled;

	u16 group;              /* see pci_group_of() */
	struct sriov_pf *pf;    /* set for a Physical Function */
	struct sriov_pf *vf_of; /* set for a Virtual Function: its PF */
	u16 vf_index;           /* index within vf_of */
};

/*
 * Walk all segments that pci_config_init() found: functions, bridges below bridges, capabilities
 * (loop-proof), BAR sizes (decode is off while sizing). Errors concern single functions, are
 * logged, and leave the rest. Returns ERR_NOT_FOUND if no function answered at all, ERR_NO_MEMORY
 * if the table is full (what was found until then stays).
 */
enum err pci_walk(struct why *why);

/* All functions, parents before children; VFs follow once enabled. Pointers stay valid. */
unsigned pci_function_count(void);
struct pci_function *pci_function(unsigned n);
struct pci_function *pci_find(struct rid rid);

/* Append a function (VFs use it). NULL if the table is full. */
struct pci_function *pci_function_add(struct rid rid);

/* Offset of a capability, by walking the list now; 0 if it is absent or the list is broken. */
u8 pci_find_capability(struct rid rid, u8 id);
u16 pci_find_ext_capability(struct rid rid, u16 id);

/* Is this address range inside the memory windows of every bridge above `f`? */
bool pci_windows_cover(const struct pci_function *f, u64 base, u64 size, bool prefetchable);

#endif
