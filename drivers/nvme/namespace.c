/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Namespaces and who has them [8.11]. The device's own lists are asked each time: a controller may
 * get a namespace without us (some do at CC.EN), and what a VF reaches is what the device thinks.
 */
#include "drivers/nvme/nvme.h"

#include "base/string.h"

#define NAMESPACES_MAX 1024 /* that are looked at; more than any device we know has */

/* The next allocated namespace above `after`; 0 = none. */
static enum err next_allocated(struct nvme *g, u32 after, u32 *nsid, struct why *why)
{
	enum err e = nvme_identify(g, CNS_ALLOCATED_NAMESPACES, after, 0, why);

	if (!e)
		memcpy(nsid, g->buffer, sizeof(*nsid));
	if (!e && *nsid && *nsid <= after)
		return fail(why, ERR_DEVICE, g->rid,
			    "NVMe: the list of namespaces above %u begins with %u", after, *nsid);
	return e;
}

/* Which controllers have the namespace. */
struct holders {
	u16 count; /* read once: the device can write to g->buffer at any time */
	const u16 *id;
};

static enum err read_holders(struct nvme *g, u32 nsid, struct holders *out, struct why *why)
{
	const struct nvme_controller_list *l = (const struct nvme_controller_list *)g->buffer;
	enum err e = nvme_identify(g, CNS_ATTACHED_CONTROLLERS, nsid, 0, why);

	*out = (struct holders){ __atomic_load_n(&l->count, __ATOMIC_RELAXED), l->id };
	if (!e && out->count > ARRAY_LEN(l->id))
		return fail(why, ERR_DEVICE, g->rid,
			    "NVMe: namespace %u is attached to %u controllers, a list holds %u",
			    nsid, out->count, (unsigned)ARRAY_LEN(l->id));
	return e;
}

static bool holds(const struct holders *list, u16 cntlid)
{
	for (unsigned i = 0; i < list->count; i++)
		if (list->id[i] == cntlid)
			return true;
	return false;
}

static enum err attachment(struct nvme *g, u32 nsid, u16 cntlid, u32 select, struct why *why)
{
	struct nvme_command command = { .opcode = NVME_NAMESPACE_ATTACHMENT,
					.nsid = nsid,
					.prp1 = g->buffer_at.v,
					.cdw10 = select };
	struct nvme_controller_list *list = (struct nvme_controller_list *)g->buffer;

	memset(list, 0, sizeof(*list));
	list->count = 1;
	list->id[0] = cntlid;
	return nvme_admin(g, &command, NULL, why);
}

static enum err check_exists(struct nvme *g, u32 nsid, struct why *why)
{
	u32 found = 0;
	enum err e = nsid > g->namespaces_max ? OK : next_allocated(g, nsid - 1, &found, why);

	if (e || found == nsid)
		return e;
	return fail(why, ERR_NOT_FOUND, g->rid,
		    "ns=%u: %s has no such namespace (it numbers them from 1 to %u)", nsid,
		    g->master->pf->name, g->namespaces_max);
}

enum err nvme_check_namespace(struct nvme *g, const struct nvme_vf *v, u32 nsid, struct why *why)
{
	struct holders list;
	enum err e = check_exists(g, nsid, why);

	if (!e)
		e = read_holders(g, nsid, &list, why);
	for (unsigned i = 0; !e && i < list.count; i++)
		if (list.id[i] != v->cntlid)
			return fail(why, ERR_BUSY, g->rid,
				    "ns=%u: controller %u (%s) has this namespace; expected one "
				    "that nobody has",
				    nsid, list.id[i],
				    list.id[i] == g->cntlid ? "the PF" : "another VF");
	return e;
}

/* Attached or not, as `wanted` says. */
static enum err enforce_one(struct nvme *g, const struct nvme_vf *v, u32 nsid, unsigned *removed,
			    struct why *why)
{
	struct holders list;
	bool wanted = nsid == v->nsid, has;
	enum err e = read_holders(g, nsid, &list, why);

	if (e)
		return e;
	has = holds(&list, v->cntlid);
	if (has == wanted)
		return OK;
	if (has)
		*removed += 1;
	return attachment(g, nsid, v->cntlid, wanted ? ATTACHMENT_ATTACH : ATTACHMENT_DETACH, why);
}

enum err nvme_enforce_namespaces(struct nvme *g, const struct nvme_vf *v, unsigned *removed,
				 struct why *why)
{
	unsigned dummy = 0;
	bool seen = v->nsid == 0;
	u32 nsid = 0;

	for (unsigned n = 0; n < NAMESPACES_MAX; n++) {
		enum err e = next_allocated(g, nsid, &nsid, why);

		if (!e && !nsid)
			return seen ? OK
				    : fail(why, ERR_NOT_FOUND, g->rid,
					   "namespace %u does not exist any more", v->nsid);
		if (!e)
			e = enforce_one(g, v, nsid, removed ? removed : &dummy, why);
		if (e)
			return e;
		seen = seen || nsid == v->nsid;
	}
	return fail(why, ERR_NO_SPACE, g->rid, "it has more than %u namespaces", NAMESPACES_MAX);
}
