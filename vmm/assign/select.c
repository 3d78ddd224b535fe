/* SPDX-License-Identifier: GPL-2.0-only */
/* Which VF a vf= of coppice.cfg means. */
#include "base/format.h"
#include "base/string.h"
#include "vmm/assign/internal.h"

static bool is_taken(const struct vm *vm, const struct vf *vf)
{
	for (unsigned i = 0; i < vm->vf_count; i++)
		if (vm->vf[i]->vf == vf)
			return true;
	return false;
}

static struct sriov_pf *find_pf(const struct vf_request *r)
{
	for (unsigned i = 0; i < sriov_pf_count(); i++) {
		struct sriov_pf *pf = sriov_pf(i);
		if (r->kind == VF_BY_PF_RID ? rid_equal(pf->function->rid, r->pf_rid)
					    : strcmp(pf->name, r->name) == 0)
			return pf;
	}
	return NULL;
}

/* "igb0 (7 VFs), nvme0 (4 VFs)", for people who look for the right name. */
static void list_pfs(char *buf, size_t size)
{
	size_t used = 0;
	format(buf, size, "no PF at all");
	for (unsigned i = 0; i < sriov_pf_count() && used < size; i++) {
		const struct sriov_pf *pf = sriov_pf(i);
		used += (size_t)format(buf + used, size - used, "%s%s at " RID_FMT " (%u VFs)",
				       i ? ", " : "", pf->name, RID_ARG(pf->function->rid),
				       pf->num_vfs);
	}
}

static enum err check_free(const struct vm *vm, const struct vf *vf, struct why *why)
{
	if (is_taken(vm, vf))
		return fail(why, ERR_BUSY, vf->rid, "VM %s asks for VF " VF_FMT " twice", vm->name,
			    VF_ARG(vf));
	if (vf->state == VF_PARKED)
		return OK;
	const struct vm *owner = vf->owner;
	const char *whose = !owner ? "" : vf->state == VF_RESETTING ? " for VM " : " to VM ";
	return fail(why, ERR_BUSY, vf->rid, "VM %s: VF " VF_FMT " is %s%s%s; expected a parked one",
		    vm->name, VF_ARG(vf), vf_state_name(vf->state), whose,
		    owner ? owner->name : "");
}

static enum err select_named(struct vm *vm, const struct vf_request *r, struct vf **out,
			     struct why *why)
{
	struct sriov_pf *pf = find_pf(r);
	if (!pf) {
		char names[160];
		list_pfs(names, sizeof(names));
		return fail(why, ERR_NOT_FOUND, RID_NONE,
			    "VM %s: vf=%s names no Physical Function; there is %s", vm->name,
			    r->token, names);
	}
	if (!pf->master || ((struct master *)pf->master)->failed)
		return fail(why, ERR_UNSUPPORTED, pf->function->rid,
			    "VM %s: vf=%s: PF %s at " RID_FMT " has no master driver%s", vm->name,
			    r->token, pf->name, RID_ARG(pf->function->rid),
			    pf->master ? " that works; the log of the boot says why"
				       : " in this build");
	if (r->index >= pf->num_vfs)
		return fail(why, ERR_NOT_FOUND, pf->function->rid,
			    "VM %s: vf=%s: PF %s has %u VFs, so the index must be below %u",
			    vm->name, r->token, pf->name, pf->num_vfs, pf->num_vfs);
	*out = &pf->vfs[r->index];
	return check_free(vm, *out, why);
}

/* The first free VF of the class whose master driver can give the wished service. */
static bool offer(struct vm *vm, struct master *m, const struct vf_request *r, struct vf **out,
		  struct why *why)
{
	for (unsigned i = 0; i < m->pf->num_vfs; i++) {
		struct vf *vf = &m->pf->vfs[i];
		if (vf->state != VF_PARKED || is_taken(vm, vf))
			continue;
		if (m->driver->check_policy(m, vf, &r->policy, why) != OK)
			continue;
		*out = vf;
		return true;
	}
	return false;
}

static enum err select_by_class(struct vm *vm, const struct vf_request *r, struct vf **out,
				struct why *why)
{
	struct why last = { .text = "none is free" };
	for (unsigned i = 0; i < master_count(); i++) {
		struct master *m = master(i);
		if (!m->failed && strcmp(m->driver->vf_class, r->name) == 0 &&
		    offer(vm, m, r, out, &last))
			return OK;
	}
	return fail(why, ERR_NOT_FOUND, RID_NONE,
		    "VM %s: vf=%s: no free VF of class %s can give this: %s", vm->name, r->token,
		    r->name, last.text);
}

enum err select_vf(struct vm *vm, const struct vf_request *request, struct vf **out,
		   struct why *why)
{
	*out = NULL;
	if (request->kind == VF_BY_CLASS)
		return select_by_class(vm, request, out, why);
	return select_named(vm, request, out, why);
}
