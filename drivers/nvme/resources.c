/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Flexible resources of a virtualised controller [8.26]: a secondary controller has no queue and
 * no interrupt until the primary gives it some, and does nothing until it is brought online.
 */
#include "drivers/nvme/nvme.h"

#include "base/string.h"

#define CONTROLLERS_MAX 0x10000u /* identifiers have 16 bits */

static enum err virtualization(struct nvme *g, enum nvme_virt_action action,
			       enum nvme_resource resource, u16 cntlid, u16 count, struct why *why)
{
	struct nvme_command command = { .opcode = NVME_VIRTUALIZATION,
					.cdw10 = VIRT_CDW10(action, resource, cntlid),
					.cdw11 = count };

	return nvme_admin(g, &command, NULL, why);
}

enum err nvme_read_primary(struct nvme *g, struct why *why)
{
	enum err e = nvme_identify(g, CNS_PRIMARY, 0, g->cntlid, why);

	if (e)
		return e;
	memcpy(&g->primary, g->buffer, sizeof(g->primary));
	if (!(g->primary.types & PRIMARY_QUEUES) || !(g->primary.types & PRIMARY_INTERRUPTS))
		return fail(why, ERR_UNSUPPORTED, g->rid,
			    "NVMe: queues and interrupts are not flexible resources here "
			    "(CRT 0x%x); VFs with fixed ones are not supported",
			    g->primary.types);
	return OK;
}

/* What is not the primary's; what secondaries have now they give back when they are offline. */
static u32 available(const struct nvme_flexible *f)
{
	return f->total > f->primary ? f->total - f->primary : 0;
}

unsigned nvme_resource_limit(const struct nvme_primary *p, unsigned wanted)
{
	unsigned by_queues = available(&p->queues) / SECONDARY_QUEUES_MIN;
	unsigned by_interrupts = available(&p->interrupts) / SECONDARY_INTERRUPTS_MIN;

	if (p->queues.each_max < SECONDARY_QUEUES_MIN ||
	    p->interrupts.each_max < SECONDARY_INTERRUPTS_MIN)
		return 0;
	return MIN(wanted, MIN(by_queues, by_interrupts));
}

/* An equal part for each, in whole grains if that leaves enough. */
static u16 share(const struct nvme_flexible *f, unsigned vfs, u16 least)
{
	u32 each = MIN(available(f) / vfs, (u32)f->each_max);
	u32 rounded = f->grain ? each - each % f->grain : each;

	return (u16)(rounded >= least ? rounded : each);
}

void nvme_share_resources(struct nvme *g, unsigned vfs)
{
	g->queues_each = share(&g->primary.queues, vfs, SECONDARY_QUEUES_MIN);
	g->interrupts_each = share(&g->primary.interrupts, vfs, SECONDARY_INTERRUPTS_MIN);
}

enum err nvme_free_primary(struct nvme *g, struct why *why)
{
	enum err e = OK;

	if (!g->primary.queues.primary && !g->primary.interrupts.primary)
		return OK;
	e = virtualization(g, VIRT_PRIMARY_ALLOCATE, RESOURCE_QUEUES, g->cntlid, 0, why);
	if (!e)
		e = virtualization(g, VIRT_PRIMARY_ALLOCATE, RESOURCE_INTERRUPTS, g->cntlid, 0,
				   why);
	/* It counts after the next reset of the controller [8.26.2]. */
	if (!e)
		e = nvme_controller_start(g, why);
	return e ? e : nvme_read_primary(g, why);
}

/* Entries from `*from` on, of which `v` may be one; `*from` moves behind them. */
static enum err search_piece(struct nvme *g, struct nvme_vf *v, u32 *from, bool *found,
			     struct why *why)
{
	const struct nvme_secondary *entry;
	enum err e = nvme_identify(g, CNS_SECONDARY_LIST, 0, (u16)*from, why);
	unsigned count = MIN((unsigned)g->buffer[0], (unsigned)SECONDARY_LIST_MAX);

	entry = (const struct nvme_secondary *)(g->buffer + SECONDARY_LIST_HEADER);
	for (unsigned i = 0; !e && i < count && !*found; i++) {
		*found = entry[i].vf == v->vf->index + 1u;
		if (!*found)
			continue;
		v->cntlid = entry[i].cntlid;
		v->queues = entry[i].queues;
		v->interrupts = entry[i].interrupts;
		v->online = entry[i].state & SECONDARY_ONLINE;
	}
	/* Ascending, so that each piece gets us further: at least by one, and then to an end. */
	*from = count ? MAX(*from, (u32)entry[count - 1].cntlid) + 1 : CONTROLLERS_MAX;
	return e;
}

enum err nvme_read_secondary(struct nvme *g, struct nvme_vf *v, struct why *why)
{
	bool found = false;

	for (u32 from = v->cntlid; from < CONTROLLERS_MAX && !found;) {
		enum err e = search_piece(g, v, &from, &found, why);

		if (e)
			return e;
	}
	return found ? OK
		     : fail(why, ERR_DEVICE, v->vf->rid,
			    "NVMe: VF %u is not among the secondary controllers from %u on",
			    v->vf->index + 1, v->cntlid);
}

static bool usable(const struct nvme *g, const struct nvme_vf *v)
{
	return v->online && v->queues >= g->queues_each && v->interrupts >= g->interrupts_each;
}

static enum err assign_resources(struct nvme *g, const struct nvme_vf *v, struct why *why)
{
	enum err e = OK;

	/* Only who is offline can be given anything. */
	if (v->online)
		e = virtualization(g, VIRT_OFFLINE, RESOURCE_QUEUES, v->cntlid, 0, why);
	if (!e)
		e = virtualization(g, VIRT_ASSIGN, RESOURCE_QUEUES, v->cntlid, g->queues_each, why);
	if (!e)
		e = virtualization(g, VIRT_ASSIGN, RESOURCE_INTERRUPTS, v->cntlid,
				   g->interrupts_each, why);
	return e ? e : virtualization(g, VIRT_ONLINE, RESOURCE_QUEUES, v->cntlid, 0, why);
}

enum err nvme_bring_online(struct nvme *g, struct nvme_vf *v, struct why *why)
{
	enum err e = nvme_read_secondary(g, v, why);

	if (e || usable(g, v))
		return e;
	e = assign_resources(g, v, why);
	if (!e)
		e = nvme_read_secondary(g, v, why);
	if (e || usable(g, v))
		return e;
	return fail(why, ERR_DEVICE, v->vf->rid,
		    "NVMe: controller %u is %s with VQ %u, VI %u after it was brought online with "
		    "VQ %u, VI %u",
		    v->cntlid, v->online ? "online" : "offline", v->queues, v->interrupts,
		    g->queues_each, g->interrupts_each);
}
