/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Taking VFs back. The order is the promise (P2, P6, R31, XSA-302): the VM has stopped, bus master
 * off, routes gone and drained, reset verified, parking domain, PF side wiped. Only then is the VF
 * free; only when every flush has completed is the RAM. Between the start of the resets and their
 * verification the boot core does other things, and VFs and RAM are still the VM's.
 */
#include "base/log.h"
#include "base/pool.h"
#include "vmm/assign/internal.h"
#include "vmm/ui/ui.h"

/*
 * Memory Space stays on while a VM has the VF: hardware hardwires it to 0 in a VF and decodes by
 * the PF's VF MSE (PCIe 6.0 section 9.3.4.1.3), emulated devices decode by it. What the guest sees
 * of it is EPT's work, so a guest that clears it and then touches the BAR cannot provoke an
 * Unsupported Request (XSA-120).
 */
void command_sync(struct assigned_vf *a)
{
	vf_set_command(a->vf, true, vf_model_bus_master(&a->model));
}

void change_vf_state(struct vf *vf, enum vf_state to, struct vm *owner)
{
	struct why why;
	if (!owner)
		faults_settle();
	if (vf_change_state(vf, to, owner, &why) != OK)
		log_error("assign", "VF " VF_FMT " cannot become %s: %s", VF_ARG(vf),
			  vf_state_name(to), why.text);
}

/* Out of the VM's domain. If the flush fails the device may still reach the VM's RAM, so that is
 * never reused. */
static void detach(struct vm *vm, struct assigned_vf *a)
{
	struct why why;
	if (!a->live)
		return;
	if (iommu_attach(NULL, a->vf->rid, &why) == OK) {
		a->live = false;
		return;
	}
	vm->ram_leaked = true;
	log_error("assign",
		  "VM %s: VF " VF_FMT " may still reach the VM's memory (0x%llx bytes at 0x%llx), "
		  "which is given up until reboot: %s",
		  vm->name, VF_ARG(a->vf), ULL(vm->ram_bytes), ULL(pool_hpa(vm->ram).v), why.text);
}

void quarantine_vf(struct vm *vm, struct assigned_vf *a, const struct why *reason)
{
	struct vf *vf = a->vf;
	log_error("assign",
		  "VM %s: VF " VF_FMT " is quarantined until reboot; other VFs and VMs go on: %s",
		  vm->name, VF_ARG(vf), reason->text);
	msix_routes_destroy(a);
	vf_set_command(vf, false, false);
	detach(vm, a);
	if (vf->state == VF_ASSIGNED)
		change_vf_state(vf, VF_RESETTING, vm);
	change_vf_state(vf, VF_QUARANTINED, NULL);
}

/*
 * A VF whose reset goes on already, because its guest asked for it or its VM was being built, is
 * silent, unmapped and without routes: that reset is waited for.
 */
static void begin(struct vm *vm, struct assigned_vf *a)
{
	struct vf *vf = a->vf;
	if (!assigned_vf_usable(a))
		return; /* or it was quarantined while the VM ran */
	bars_unmap(vm, a);
	change_vf_state(vf, VF_RESETTING, vm);
	/*
	 * Bus Master Enable goes off before the context entry changes. A write that is already in
	 * the fabric would else arrive untranslated and be logged as a fault of the next owner.
	 * Memory Space stays on until the MSI-X table is masked; the reset then writes 0.
	 */
	vf_set_command(vf, true, false);
	a->master->driver->quiesce_vf(a->master, vf);
	msix_routes_destroy(a);
	vf_reset_start(&a->reset, vf);
}

/* Whatever happens it ends parked or quarantined. */
static void finish(struct vm *vm, struct assigned_vf *a)
{
	struct why why;
	struct vf *vf = a->vf;
	if (!assigned_vf_is(a, VF_RESETTING))
		return;
	if (vf_reset_verify(&a->reset, &why) != OK) {
		quarantine_vf(vm, a, &why);
		return;
	}
	detach(vm, a);
	enum err e = a->master->driver->vf_reset_done(a->master, vf, false, &why);
	if (a->live)
		e = fail(&why, ERR_TIMEOUT, vf->rid, "its context entry could not be flushed");
	if (e) {
		quarantine_vf(vm, a, &why);
		return;
	}
	change_vf_state(vf, VF_PARKED, NULL);
}

static void release_resources(struct vm *vm)
{
	struct why why;
	for (unsigned i = 0; i < vm->vf_count; i++)
		shared_page_destroy(vm->vf[i]);
	if (vm->domain && iommu_domain_destroy(vm->domain, &why) != OK) {
		vm->ram_leaked = true;
		log_error("assign",
			  "VM %s: its IOMMU domain and its RAM are given up until reboot: %s",
			  vm->name, why.text);
	}
	vm->domain = NULL;
	for (unsigned i = 0; i < vm->vf_count; i++) {
		/* The VFs could reach these pages through the domain. */
		if (!vm->ram_leaked)
			mediation_free(vm->vf[i]);
		assigned_vf_free(vm->vf[i]);
		vm->vf[i] = NULL;
	}
	vm->vf_count = 0;
}

bool release_all(struct vm *vm)
{
	for (unsigned i = 0; i < vm->vf_count; i++)
		begin(vm, vm->vf[i]);
	if (!assign_resets_over(vm))
		return false;
	for (unsigned i = 0; i < vm->vf_count; i++)
		finish(vm, vm->vf[i]);
	release_resources(vm);
	return true;
}
