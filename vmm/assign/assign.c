/* SPDX-License-Identifier: GPL-2.0-only */
/* Commit: what decode.c has found possible is done, VF by VF; whatever fails on the way undoes all
 * of it. */
#include "base/log.h"
#include "pci/reset.h"
#include "vmm/assign/internal.h"

/* The shadow, the routes and the hole in EPT were made for the table that decode saw. */
static enum err check_vectors(const struct assigned_vf *a, struct why *why)
{
	if (a->msix.vectors == a->shadow.vectors)
		return OK;
	return fail(why, ERR_DEVICE, a->vf->rid,
		    "its MSI-X table has %u vectors, it had %u when it was discovered",
		    a->msix.vectors, a->shadow.vectors);
}

/* Clean, known, and set up by its master driver; nothing of the VM is within its reach yet. */
static enum err prepare_device(struct assigned_vf *a, struct why *why)
{
	enum err e = vf_function_level_reset(a->vf, why);
	if (e)
		return e;
	e = a->master->driver->vf_reset_done(a->master, a->vf, false, why);
	if (!e)
		e = a->master->driver->prepare_vf(a->master, a->vf, &a->policy, why);
	if (e)
		return e;
	vf_model_reset(&a->model);
	command_sync(a);
	e = msix_init(&a->msix, a->vf->function, a->host_bar, why);
	if (!e)
		e = check_vectors(a, why);
	return e ? e : mediation_attach(a, why);
}

static enum err commit_one(struct vm *vm, struct assigned_vf *a, struct why *why)
{
	enum err e = vf_change_state(a->vf, VF_ASSIGNED, vm, why);
	if (e)
		return e;
	e = prepare_device(a, why);
	if (e)
		return e;
	/* Live before the guest can set Bus Master: from its first DMA on the VF sees this VM's RAM
	 * and nothing else (P2). */
	e = iommu_attach(vm->domain, a->vf->rid, why);
	/* Even a failed attach may have changed the entry: going back must flush. */
	a->live = true;
	return e;
}

/* The refused VM keeps nothing: VFs that were already its own go through the whole release. */
static void undo(struct vm *vm)
{
	for (unsigned i = 0; i < vm->vf_count; i++) {
		const struct vf *vf = vm->vf[i]->vf;
		if (vf->state == VF_ASSIGNED && vf->owner == vm)
			release_vf(vm, vm->vf[i]);
	}
	release_resources(vm);
}

static enum err commit(struct vm *vm, struct why *why)
{
	for (unsigned i = 0; i < vm->vf_count; i++) {
		struct assigned_vf *a = vm->vf[i];
		struct why inner = { .rid = RID_NONE };
		enum err e = commit_one(vm, a, &inner);
		if (e) {
			fail(why, e, inner.rid, "VM %s, VF " VF_FMT ": %s", vm->name, VF_ARG(a->vf),
			     inner.text);
			refusal_add(vm, a->vf, why, 0);
			return e;
		}
		log_info("assign", "VM %s has VF " VF_FMT ": %u MSI-X vectors, IOMMU domain %u",
			 vm->name, VF_ARG(a->vf), a->msix.vectors, iommu_domain_id(vm->domain));
	}
	return OK;
}

enum err assign_all(struct vm *vm, struct why *why)
{
	struct why local;
	if (vm->config->vf_count == 0)
		return OK;
	why = why ? why : &local;
	enum err e = assign_decode(vm, why);
	if (!e)
		e = commit(vm, why);
	if (e)
		undo(vm);
	return e;
}
