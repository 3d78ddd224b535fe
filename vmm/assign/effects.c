/* SPDX-License-Identifier: GPL-2.0-only */
/* What a guest's config writes do to the real device: Bus Master, BARs, MSI-X control, and its own
 * reset. */
#include "vmm/assign/internal.h"

void assigned_vf_effects(struct vm *vm, struct assigned_vf *a, unsigned effects)
{
	if (!assigned_vf_usable(a))
		return;
	if (effects & VF_EFFECT_FLR) {
		guest_reset_start(vm, a);
		return;
	}
	if (effects & VF_EFFECT_COMMAND)
		command_sync(a);
	if (effects & (VF_EFFECT_COMMAND | VF_EFFECT_BAR))
		bars_sync(vm, a);
	if (effects & VF_EFFECT_MSIX)
		msix_routes_sync(vm, a);
	/* VF_EFFECT_DEVCTL: payload sizes and ordering of a VF are its PF's (PCIe 6.0
	 * section 9.3.5.4); nothing to pass on. */
}
