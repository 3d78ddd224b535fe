/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest's admin queue [3.3]: its commands are copied once, judged, and put into a queue of ours
 * that the VF works on; its completions come back the same way.
 *
 * The guest can change its own queue at any time, and can have its VF write into our completion
 * queue: neither can make anything happen to anybody else.
 */
#include "drivers/nvme/nvme.h"

#include "base/string.h"

#define PAGE_MASK (PAGE_SIZE - 1)

static void advance(u32 *position, u32 entries)
{
	*position = *position + 1 == entries ? 0 : *position + 1;
}

void nvme_queues_start(struct nvme_mediation *d)
{
	u32 sq = AQA_SQ_ENTRIES(d->aqa), cq = AQA_CQ_ENTRIES(d->aqa);

	memset(d->guest.to_device, 0, PAGE_SIZE);
	memset(d->guest.from_device, 0, PAGE_SIZE);
	d->guest_sq = (struct nvme_cursor){ .entries = sq };
	d->guest_cq = (struct nvme_cursor){ .entries = cq, .phase = true };
	d->sq = (struct nvme_cursor){ .entries = NVME_SQ_ENTRIES };
	d->cq = (struct nvme_cursor){ .entries = NVME_CQ_ENTRIES, .phase = true };
	d->fatal = sq < AQA_ENTRIES_MIN || cq < AQA_ENTRIES_MIN;
	d->checked = false;
	mmio_write32(&d->regs, NVME_AQA, AQA_ENTRIES(NVME_SQ_ENTRIES, NVME_CQ_ENTRIES));
	mmio_write64(&d->regs, NVME_ASQ, d->guest.to_device_at.v);
	mmio_write64(&d->regs, NVME_ACQ, d->guest.from_device_at.v);
}

void nvme_queues_stop(struct nvme_mediation *d)
{
	memset(d->slot, 0, sizeof(d->slot));
	d->guest_sq = d->guest_cq = d->sq = d->cq = (struct nvme_cursor){ 0 };
	d->fatal = d->checked = d->interrupt_owed = false;
}

/* --- to the guest */

static bool guest_has_room(const struct nvme_mediation *d)
{
	u32 next = d->guest_cq.tail;

	if (!d->guest_cq.entries)
		return false;
	advance(&next, d->guest_cq.entries);
	return next != d->guest_cq.head;
}

/* The phase bit goes last: with it the guest believes the rest. */
static void complete(struct nvme_mediation *d, struct nvme_completion entry)
{
	u64 at = d->acq + (u64)d->guest_cq.tail * sizeof(entry);
	size_t body = offsetof(struct nvme_completion, cid);

	entry.sq_head = (u16)d->guest_sq.head;
	entry.sq_id = 0;
	entry.status = (u16)((entry.status & ~COMPLETION_PHASE) | d->guest_cq.phase);
	if (!d->guest.write(d->guest.vm, gpa(at), &entry, body)) {
		d->fatal = true;
		return;
	}
	store_fence();
	if (!d->guest.write(d->guest.vm, gpa(at + body), (u8 *)&entry + body, sizeof(entry) - body))
		d->fatal = true;
	advance(&d->guest_cq.tail, d->guest_cq.entries);
	if (d->guest_cq.tail == 0)
		d->guest_cq.phase = !d->guest_cq.phase;
}

static void complete_ourselves(struct nvme_mediation *d, u16 cid, u16 status, u32 dw0)
{
	complete(d,
		 (struct nvme_completion){ .dw0 = dw0, .cid = cid, .status = (u16)(status << 1) });
	d->interrupt_owed = true;
}

/* What Identify Controller tells a guest about commands and features that it does not have. */
static const struct {
	u16 offset, bytes;
} hidden_fields[] = {
	{ ID_OACS, 2 }, { ID_APSTA, 1 }, { ID_HMPRE, 4 }, { ID_HMMIN, 4 }, { ID_SANICAP, 4 },
};

/* Fields are aligned as PRPs are, so none lies across the two pages. A page that is not the guest's
 * RAM the VF could not write either. */
static void hide_fields(struct nvme_mediation *d, const struct nvme_slot *slot)
{
	static const u32 zero;
	u64 first = PAGE_SIZE - (slot->prp1 & PAGE_MASK);

	for (unsigned i = 0; i < ARRAY_LEN(hidden_fields); i++) {
		u64 offset = hidden_fields[i].offset;
		u64 at = offset < first ? slot->prp1 + offset : slot->prp2 + (offset - first);

		(void)d->guest.write(d->guest.vm, gpa(at), &zero, hidden_fields[i].bytes);
	}
}

static bool take_completion(struct nvme_mediation *d, struct nvme_completion *out)
{
	const struct nvme_completion *entry =
		(const struct nvme_completion *)d->guest.from_device + d->cq.head;
	u16 status = __atomic_load_n(&entry->status, __ATOMIC_ACQUIRE);

	if (!!(status & COMPLETION_PHASE) != d->cq.phase)
		return false;
	memcpy(out, entry, sizeof(*out));
	out->status = status;
	advance(&d->cq.head, d->cq.entries);
	if (d->cq.head == 0)
		d->cq.phase = !d->cq.phase;
	return true;
}

bool nvme_queues_complete(struct nvme_mediation *d)
{
	struct nvme_completion entry;
	bool any = false;

	/* Bounded even if the guest has its VF write entry after entry. */
	for (u32 n = 0; n < d->cq.entries; n++) {
		struct nvme_slot *slot;

		if (!guest_has_room(d) || !take_completion(d, &entry))
			break;
		any = true;
		if (entry.cid >= NVME_SLOTS || !d->slot[entry.cid].used) {
			d->strange++; /* the guest's own doing: nobody waits for it */
			continue;
		}
		slot = &d->slot[entry.cid];
		if (slot->patch == PATCH_IDENTIFY_CONTROLLER && !NVME_STATUS(entry.status))
			hide_fields(d, slot);
		slot->used = false;
		entry.cid = slot->cid;
		d->sq.head = entry.sq_head % d->sq.entries;
		complete(d, entry);
	}
	if (any)
		mmio_write32(&d->regs, nvme_doorbell(d->cap, 0, true), d->cq.head);
	return any;
}

/* --- to the device */

static struct nvme_slot *free_slot(struct nvme_mediation *d)
{
	u32 next = d->sq.tail;

	advance(&next, d->sq.entries);
	for (unsigned i = 0; i < NVME_SLOTS && next != d->sq.head; i++)
		if (!d->slot[i].used)
			return &d->slot[i];
	return NULL;
}

/* The guest names a command of its own to abort; the device knows it by our number. */
static bool translate_abort(const struct nvme_mediation *d, struct nvme_command *c)
{
	if (ABORT_SQID(c->cdw10) != 0)
		return true;
	for (unsigned i = 0; i < NVME_SLOTS; i++)
		if (d->slot[i].used && d->slot[i].cid == ABORT_CID(c->cdw10)) {
			c->cdw10 = ABORT_CDW10(0, i);
			return true;
		}
	return false;
}

/*
 * A guest that has its VF forge completions makes us use an entry again that the device has not
 * fetched yet. So it names no command while it changes: half of one and half of another is nothing
 * that was judged.
 */
static void write_entry(struct nvme_command *entry, const struct nvme_command *c)
{
	size_t head = offsetof(struct nvme_command, nsid);

	__atomic_store_n(&entry->opcode, NVME_RESERVED_OPCODE, __ATOMIC_RELAXED);
	store_fence();
	memcpy((u8 *)entry + head, (const u8 *)c + head, sizeof(*c) - head);
	entry->flags = c->flags;
	entry->cid = c->cid;
	store_fence();
	__atomic_store_n(&entry->opcode, c->opcode, __ATOMIC_RELAXED);
}

static void forward(struct nvme_mediation *d, struct nvme_command *c, enum nvme_patch patch,
		    struct nvme_slot *slot)
{
	*slot = (struct nvme_slot){
		.used = true, .cid = c->cid, .patch = patch, .prp1 = c->prp1, .prp2 = c->prp2
	};
	c->cid = (u16)(slot - d->slot);
	write_entry((struct nvme_command *)d->guest.to_device + d->sq.tail, c);
	advance(&d->sq.tail, d->sq.entries);
}

void nvme_check_attachments(struct nvme *g, struct nvme_vf *v)
{
	struct nvme_mediation *d = &v->mediation;
	struct why why = { 0 };
	unsigned removed = 0;
	enum err e;

	if (d->checked || d->fatal || !(d->cc & CC_EN) ||
	    !(mmio_read32(&d->regs, NVME_CSTS) & CSTS_RDY))
		return;
	spin_lock(&g->lock);
	e = nvme_enforce_namespaces(g, v, &removed, &why);
	spin_unlock(&g->lock);
	if (removed)
		log_limited(&d->log, LOG_WARN, g->master->pf->name,
			    "VF %u (VM \"%s\"): %u foreign namespaces came with CC.EN; detached",
			    v->vf->index, g->master->vm_name_of(v->vf), removed);
	if (e) {
		log_limited(&d->log, LOG_ERROR, g->master->pf->name,
			    "VF %u (VM \"%s\") stays without commands: %s", v->vf->index,
			    g->master->vm_name_of(v->vf), why.text);
		d->fatal = true;
		return;
	}
	d->checked = true;
}

static void say_denied(struct nvme *g, struct nvme_vf *v, const struct nvme_command *c,
		       const struct nvme_verdict *verdict)
{
	struct nvme_mediation *d = &v->mediation;

	d->denied++;
	log_limited(&d->log, LOG_WARN, g->master->pf->name,
		    "VF %u (VM \"%s\"): admin command %02xh (%s) denied: %s (CDW10 0x%x, namespace "
		    "0x%x)",
		    v->vf->index, g->master->vm_name_of(v->vf), c->opcode,
		    nvme_opcode_name(c->opcode), verdict->reason, c->cdw10, c->nsid);
}

/* One command, copied once: what is judged is what the device gets. */
static void handle(struct nvme *g, struct nvme_vf *v, struct nvme_command *c,
		   struct nvme_slot *slot)
{
	struct nvme_mediation *d = &v->mediation;
	const struct nvme_share share = { v->nsid, v->queues, v->interrupts };
	struct nvme_verdict verdict = nvme_judge(c, &share);

	d->commands++;
	if (verdict.status) {
		say_denied(g, v, c, &verdict);
		complete_ourselves(d, c->cid, verdict.status | STATUS_DNR, 0);
		return;
	}
	if (c->opcode == NVME_ABORT && !translate_abort(d, c)) {
		complete_ourselves(d, c->cid, NVME_SUCCESS, ABORT_NOT_DONE);
		return;
	}
	forward(d, c, verdict.patch, slot);
}

void nvme_queues_submit(struct nvme *g, struct nvme_vf *v)
{
	struct nvme_mediation *d = &v->mediation;
	u32 tail = d->sq.tail;

	while (d->checked && !d->fatal && d->guest_sq.head != d->guest_sq.tail &&
	       guest_has_room(d)) {
		struct nvme_slot *slot = free_slot(d);
		struct nvme_command command;
		u64 at = d->asq + (u64)d->guest_sq.head * sizeof(command);

		if (!slot)
			break;
		if (!d->guest.read(d->guest.vm, gpa(at), &command, sizeof(command))) {
			d->fatal = true;
			break;
		}
		advance(&d->guest_sq.head, d->guest_sq.entries);
		handle(g, v, &command, slot);
	}
	if (tail == d->sq.tail)
		return;
	store_fence();
	mmio_write32(&d->regs, nvme_doorbell(d->cap, 0, false), d->sq.tail);
}
