/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commit: what decode.c has found possible is done. All VFs of a VM are reset at the same time,
 * then set up one by one; whatever fails on the way, the refused VM keeps nothing: each VF that was
 * its own goes through the whole release.
 */
#include "base/log.h"
#include "vmm/assign/internal.h"
#include "vmm/guest/devices.h"

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
	enum err e = a->master->driver->vf_reset_done(a->master, a->vf, false, why);
	/* Again: since it was decoded other VMs, or other VFs of this one, were set up. */
	if (!e)
		e = a->master->driver->check_policy(a->master, a->vf, &a->policy, why);
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
	enum err e = vf_reset_verify(&a->reset, why);
	if (!e)
		e = vf_change_state(a->vf, VF_ASSIGNED, vm, why);
	if (!e)
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

static enum err take_one(struct vm *vm, struct assigned_vf *a, struct why *why)
{
	enum err e = vf_change_state(a->vf, VF_ASSIGNED, vm, why);
	if (e)
		return e;
	a->generation = a->vf->generation;
	change_vf_state(a->vf, VF_RESETTING, vm);
	vf_reset_start(&a->reset, a->vf);
	return OK;
}

/* The same step for each VF; the first that fails is told with its name and ends it. */
static enum err for_each_vf(struct vm *vm,
			    enum err (*step)(struct vm *, struct assigned_vf *, struct why *),
			    struct why *why)
{
	for (unsigned i = 0; i < vm->vf_count; i++) {
		struct assigned_vf *a = vm->vf[i];
		struct why inner = { .rid = RID_NONE };
		enum err e = step(vm, a, &inner);
		if (e) {
			fail(why, e, inner.rid, "VM %s, VF " VF_FMT ": %s", vm->name, VF_ARG(a->vf),
			     inner.text);
			refusal_add(vm, a->vf, why, 0);
			return e;
		}
	}
	return OK;
}

enum err assign_start(struct vm *vm, struct why *why)
{
	if (vm->config->vf_count == 0)
		return OK;
	enum err e = assign_decode(vm, why);
	return e ? e : for_each_vf(vm, take_one, why);
}

bool assign_resets_over(struct vm *vm)
{
	bool over = true;
	for (unsigned i = 0; i < vm->vf_count; i++)
		if (assigned_vf_is(vm->vf[i], VF_RESETTING))
			over &= vf_reset_over(&vm->vf[i]->reset);
	return over;
}

enum err assign_finish(struct vm *vm, struct why *why)
{
	enum err e = for_each_vf(vm, commit_one, why);
	for (unsigned i = 0; !e && i < vm->vf_count; i++)
		log_info("assign", "VM %s has VF " VF_FMT ": %u MSI-X vectors, IOMMU domain %u",
			 vm->name, VF_ARG(vm->vf[i]->vf), vm->vf[i]->msix.vectors,
			 iommu_domain_id(vm->domain));
	return e;
}

void for_running_vfs(void (*visit)(struct vm *vm, struct assigned_vf *a))
{
	for (unsigned i = 0; i < vm_count; i++) {
		struct vm *vm = &vms[i];

		if (vm->state != VM_RUNNING || !vm->vf_count || !vm_try_lock(vm))
			continue;
		for (unsigned n = 0; n < vm->vf_count; n++)
			visit(vm, vm->vf[n]);
		vm_unlock(vm);
	}
}
