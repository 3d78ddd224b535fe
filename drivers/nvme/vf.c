/* SPDX-License-Identifier: GPL-2.0-only */
/* One VF as its owner changes: online with its resources, and with its namespace or none. */
#include "drivers/nvme/nvme.h"

#include "base/string.h"

static enum err not_for_nvme(const struct vf *vf, const char *option, struct why *why)
{
	return fail(why, ERR_INVALID, vf->rid,
		    "%s: an NVMe VF has no network; the one option it takes is ns=", option);
}

static enum err check_options(const struct vf *vf, const struct vf_policy *p, struct why *why)
{
	if (memcmp(p->mac, (const u8[sizeof(p->mac)]){ 0 }, sizeof(p->mac)))
		return not_for_nvme(vf, "mac=", why);
	if (p->vlan)
		return not_for_nvme(vf, "vlan=", why);
	if (p->trunk_count)
		return not_for_nvme(vf, "trunk=", why);
	if (p->rate_mbps)
		return not_for_nvme(vf, "rate=", why);
	if (p->spoofcheck_off)
		return not_for_nvme(vf, "spoofcheck=", why);
	if (p->trust)
		return not_for_nvme(vf, "trust=", why);
	if (p->link != VF_LINK_AUTO)
		return not_for_nvme(vf, "link=", why);
	return OK;
}

enum err nvme_check_policy(struct master *m, const struct vf *vf, const struct vf_policy *policy,
			   struct why *why)
{
	struct nvme *g = nvme_of(m);
	enum err e = check_options(vf, policy, why);

	if (!e && vf->index >= g->vfs)
		return fail(why, ERR_INVALID, g->rid, "%s has %u VFs, no VF %u", m->pf->name,
			    g->vfs, vf->index);
	if (e || !policy->nsid)
		return e;
	spin_lock(&g->lock);
	e = nvme_check_namespace(g, &g->vf[vf->index], policy->nsid, why);
	spin_unlock(&g->lock);
	return e;
}

enum err nvme_prepare_vf(struct master *m, struct vf *vf, const struct vf_policy *policy,
			 struct why *why)
{
	struct nvme *g = nvme_of(m);
	struct nvme_vf *v = &g->vf[vf->index];
	enum err e = OK;

	spin_lock(&g->lock);
	/* Again: another VF of the same VM may have got it since check_policy. */
	if (policy->nsid)
		e = nvme_check_namespace(g, v, policy->nsid, why);
	if (!e) {
		v->nsid = policy->nsid;
		e = nvme_enforce_namespaces(g, v, NULL, why);
	}
	spin_unlock(&g->lock);
	return e;
}

/*
 * A function level reset leaves a secondary controller online on some devices and takes it offline
 * on others; and if the PF's controller was reset, all are offline. So it is looked at each time.
 */
enum err nvme_vf_reset_done(struct master *m, struct vf *vf, bool keep_policy, struct why *why)
{
	struct nvme *g = nvme_of(m);
	struct nvme_vf *v = &g->vf[vf->index];
	enum err e;

	if (keep_policy)
		nvme_mediation_reset(v);
	else
		nvme_mediation_end(v);
	spin_lock(&g->lock);
	if (!keep_policy)
		v->nsid = 0;
	e = nvme_bring_online(g, v, why);
	if (!e)
		e = nvme_enforce_namespaces(g, v, NULL, why);
	spin_unlock(&g->lock);
	return e;
}

void nvme_quiesce_vf(struct master *m, struct vf *vf)
{
	/* The reset that follows stops its queues; from here on nobody rings their doorbells. */
	nvme_mediation_end(&nvme_of(m)->vf[vf->index]);
}
