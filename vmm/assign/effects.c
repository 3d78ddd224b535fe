/* SPDX-License-Identifier: GPL-2.0-only */
/* What a guest's config writes do to the real device: Bus Master, BARs, MSI-X control, and its own
 * reset. */
#include "pci/reset.h"
#include "vmm/assign/internal.h"

/* Back to the state after reset, with decode on; the table is masked and found again. */
static enum err ready_again(struct assigned_vf *a, struct why *why)
{
	vf_model_reset(&a->model);
	command_sync(a);
	msix_shadow_init(&a->shadow, a->shadow.entry, a->shadow.vectors);
	return msix_init(&a->msix, a->vf->function, a->host_bar, why);
}

/*
 * The guest wrote Initiate FLR (R38). The real reset is ours: verified, with the PF's side wiped,
 * and the BARs back before the guest sees its device again. The policy (MAC, VLAN, rate) stays
 * (R44).
 */
static void guest_reset(struct vm *vm, struct assigned_vf *a)
{
	struct why why;
	msix_routes_destroy(a);
	bars_unmap(vm, a);
	enum err e = vf_function_level_reset(a->vf, &why);
	if (!e)
		e = a->master->driver->vf_reset_done(a->master, a->vf, true, &why);
	if (!e)
		e = ready_again(a, &why);
	if (e)
		quarantine_vf(vm, a, &why);
}

void assigned_vf_effects(struct vm *vm, struct assigned_vf *a, unsigned effects)
{
	if (!assigned_vf_usable(a))
		return;
	if (effects & VF_EFFECT_FLR) {
		guest_reset(vm, a);
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
