/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SR-PCIM's job (PCIe 6.0 section 9.3.4): the config space a guest sees for its VF, built from the
 * PF's data by an allow list. A plain single-function device: header, PCIe + MSI-X (+ PM)
 * capabilities re-linked, no extended capability but what is harmless. Pure data: writes to the
 * device are the caller's, told by the returned effects.
 */
#ifndef PCI_VFMODEL_H
#define PCI_VFMODEL_H

#include "pci/sriov.h"

#define VF_CONFIG_BYTES 4096 /* what a guest may access */
/*
 * What there is. No extended capability is shown, so all behind it reads 0, which says just that
 * (PCIe 6.0 section 7.6), and takes no write.
 */
#define VF_MODEL_BYTES 256

struct vf_model {
	const struct vf *vf;
	/* Of this VF; base is guest-physical, where the guest has it. */
	struct pci_bar bars[PCI_BARS];
	/* Offsets in the guest's view; where the device has them, if that is possible. */
	u8 cap_pcie, cap_msix, cap_pm;
	u8 value[VF_MODEL_BYTES];      /* what the guest reads */
	u8 writable[VF_MODEL_BYTES];   /* bits of value[] that are the guest's */
	u8 source[VF_MODEL_BYTES / 4]; /* enum vf_source of each dword, for vf_model_source() */
	u64 first_base[PCI_BARS];      /* BAR bases at init */
	u64 window_base, window_size;  /* where the guest may put BARs */
};

/* What a write asks of the caller, a set of bits. */
enum vf_effect {
	VF_EFFECT_NONE = 0,
	VF_EFFECT_COMMAND = 1, /* Bus Master or Memory Space changed; both are emulated (XSA-120) */
	VF_EFFECT_BAR = 2,     /* a BAR has a new base, and it is a good one */
	VF_EFFECT_MSIX = 4,    /* Enable or Function Mask changed */
	VF_EFFECT_FLR = 8,     /* Initiate Function Level Reset was written */
	VF_EFFECT_DEVCTL =
		16, /* Device Control (MPS, MRRS, ordering) changed; a VF's is reserved */
};

/*
 * Build the view. Everything comes from what vf_discover() remembered: no config read happens here.
 * BARs get guest-physical bases from `bar_base[]` (one per implemented BAR, size-aligned, chosen by
 * the caller in the VM's window). ERR_INVALID if the VF has no MSI-X or no PCIe capability.
 */
enum err vf_model_init(struct vf_model *m, const struct vf *vf, const u64 bar_base[PCI_BARS],
		       struct why *why);

/*
 * Where BARs may be moved to: GUEST_MMIO_BASE, GUEST_MMIO_SIZE unless told otherwise. A base
 * outside, or over another BAR of this VF, is stored as any sizing write is, and moves nothing
 * (R6).
 */
void vf_model_set_window(struct vf_model *m, u64 base, u64 size);

/* width 1, 2 or 4, naturally aligned, offset < 4096. */
u32 vf_model_read(const struct vf_model *m, u16 offset, unsigned width);
unsigned vf_model_write(struct vf_model *m, u16 offset, unsigned width, u32 value);

/*
 * State after a guest-triggered FLR or at VM start: as vf_model_init left it, BAR bases kept at
 * their init values.
 */
void vf_model_reset(struct vf_model *m);

static inline bool vf_model_bus_master(const struct vf_model *m)
{
	return m->value[4] & 4;
}
static inline bool vf_model_memory(const struct vf_model *m)
{
	return m->value[4] & 2;
}
bool vf_model_msix_enabled(const struct vf_model *m);
bool vf_model_msix_masked(const struct vf_model *m); /* Function Mask */

/*
 * For the config-space lens: where the dword's guest value comes from: "PF", "synthesised",
 * "device", "masked", "zero".
 */
const char *vf_model_source(const struct vf_model *m, u16 offset);

#endif
