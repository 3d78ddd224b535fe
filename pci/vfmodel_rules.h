/* SPDX-License-Identifier: GPL-2.0-only */
/* The policy of the config model as data: what a guest reads and may write. Private to pci/. */
#ifndef PCI_VFMODEL_RULES_H
#define PCI_VFMODEL_RULES_H

#include "pci/vfmodel.h"

/* Where a value that a guest reads comes from. */
enum vf_source {
	FROM_NOWHERE,
	FROM_PF,
	SYNTHESISED,
	FROM_DEVICE,
	DEVICE_MASKED
};

/* One register. What no rule names reads 0 and takes no write. */
struct vf_rule {
	u16 offset; /* from the start of its block */
	u8 width;   /* bytes */
	enum vf_source source;
	u32 fixed;                       /* these bits always; together with */
	u32 (*get)(const struct vf *vf); /* these, as remembered from the device (NULL: none), */
	u32 mask;                        /* as far as this lets them through */
	u32 writable;          /* bits that are the guest's; they live in the model only */
	enum vf_effect effect; /* what the caller is told when writable bits changed */
	u32 strobe;            /* bits that read 0 and act when 1 is written */
	enum vf_effect strobe_effect;
};

/* The header, or one capability with its id and length. */
struct vf_block {
	u8 cap_id; /* 0 for the header */
	u8 length;
	u8 fallback; /* where the capability goes if the device has it at an impossible place */
	const struct vf_rule *rules;
	unsigned count;
};

extern const struct vf_block vf_header_block, vf_pcie_block, vf_msix_block, vf_pm_block;

#endif
