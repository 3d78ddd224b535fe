/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest resets its own VF (R38). The real reset is ours: verified, with the PF's side wiped.
 * Nobody waits for it, the guest's core least of all: while it goes on the VF is not there, as PCI
 * Express has it (PCIe 6.0 section 6.6.2 lets software touch it after 100 ms). The guest's first
 * look at its config space after that brings it back, or the next service tick.
 */
#include "vmm/assign/internal.h"

void guest_reset_start(struct vm *vm, struct assigned_vf *a)
{
	/* Before Command = 0: masking the vectors needs the device's table. */
	msix_routes_destroy(a);
	bars_unmap(vm, a);
	change_vf_state(a->vf, VF_RESETTING, vm);
	vf_reset_start(&a->reset, a->vf);
}

/* Back to the state after reset, with decode on; the table is masked and found again. */
static enum err ready_again(struct assigned_vf *a, struct why *why)
{
	vf_model_reset(&a->model);
	command_sync(a);
	msix_shadow_init(&a->shadow, a->shadow.entry, a->shadow.vectors);
	return msix_init(&a->msix, a->vf->function, a->host_bar, why);
}

/* The policy (MAC, VLAN, rate) stays (R44). */
static void finish(struct vm *vm, struct assigned_vf *a)
{
	struct why why;
	enum err e = vf_reset_verify(&a->reset, &why);
	if (!e)
		e = a->master->driver->vf_reset_done(a->master, a->vf, true, &why);
	if (!e)
		e = ready_again(a, &why);
	if (e)
		quarantine_vf(vm, a, &why);
	else
		change_vf_state(a->vf, VF_ASSIGNED, vm);
}

void guest_reset_poll(struct vm *vm, struct assigned_vf *a)
{
	if (assigned_vf_is(a, VF_RESETTING) && vf_reset_over(&a->reset))
		finish(vm, a);
}

void guest_resets_service(void)
{
	/* Resets of VMs that do not run are waited for by who builds them or takes them
	 * down. */
	for_running_vfs(guest_reset_poll);
}
