/* SPDX-License-Identifier: GPL-2.0-only */
/* The PF's own controller: on and off [3.5], and one admin command at a time, polled. */
#include "drivers/nvme/nvme.h"

#include "base/string.h"
#include "base/time.h"

#define ADMIN_TIMEOUT (5 * NS_PER_S)
#define ALL_BITS      0xffffffffu
#define QUEUE_PAGES   3 /* submission, completion, data */

static const struct {
	u16 status;
	const char *text;
} status_texts[] = {
	{ NVME_INVALID_OPCODE, "Invalid Command Opcode" },
	{ NVME_INVALID_FIELD, "Invalid Field in Command" },
	{ NVME_INVALID_NAMESPACE, "Invalid Namespace or Format" },
	{ NVME_INVALID_QUEUE, "Invalid Queue Identifier" },
	{ NVME_ALREADY_ATTACHED, "Namespace Already Attached" },
	{ NVME_PRIVATE, "Namespace Is Private" },
	{ NVME_NOT_ATTACHED, "Namespace Not Attached" },
	{ NVME_BAD_CONTROLLER_LIST, "Controller List Invalid" },
	{ NVME_INVALID_CONTROLLER, "Invalid Controller Identifier" },
	{ NVME_INVALID_SECONDARY_STATE, "Invalid Secondary Controller State" },
	{ NVME_INVALID_RESOURCE_COUNT, "Invalid Number of Controller Resources" },
	{ NVME_INVALID_RESOURCE_ID, "Invalid Resource Identifier" },
};

const char *nvme_status_text(u16 status)
{
	for (unsigned i = 0; i < ARRAY_LEN(status_texts); i++)
		if (status_texts[i].status == (status & STATUS_TYPE_AND_CODE))
			return status_texts[i].text;
	return "a status without a name here";
}

/* --- on and off */

/* Waits for CSTS.RDY to be `ready`, at most as long as the controller says it may take. */
struct ready_wait {
	struct nvme *g;
	bool ready;
	u32 csts;
};

static bool ready_is(void *ctx)
{
	struct ready_wait *w = ctx;

	w->csts = mmio_read32(&w->g->regs, NVME_CSTS);
	/* Gone or failed: it will not come. */
	if (w->csts == ALL_BITS || (w->ready && w->csts & CSTS_CFS))
		return true;
	return !!(w->csts & CSTS_RDY) == w->ready;
}

static enum err wait_ready(struct nvme *g, bool ready, struct why *why)
{
	struct ready_wait w = { .g = g, .ready = ready };
	u64 ms = MAX(CAP_TO(g->cap), 1u) * CAP_TO_UNIT_MS;

	if (wait_until(ready_is, &w, ms * NS_PER_MS))
		return fail(why, ERR_TIMEOUT, g->rid,
			    "NVMe: the controller does not become %s within its %llu ms "
			    "(CSTS 0x%x); power the machine off and on",
			    ready ? "ready" : "idle", (unsigned long long)ms, w.csts);
	if (!!(w.csts & CSTS_RDY) != ready || (ready && w.csts & CSTS_CFS) || w.csts == ALL_BITS)
		return fail(why, ERR_DEVICE, g->rid,
			    "NVMe: the controller reports a fatal error (CSTS 0x%x)", w.csts);
	return OK;
}

static enum err disable(struct nvme *g, struct why *why)
{
	u32 cc = mmio_read32(&g->regs, NVME_CC);

	/* Firmware may have left it on; half on is no state to leave it in [3.5.3]. */
	if (cc & CC_EN) {
		enum err e = wait_ready(g, true, why);

		if (e == ERR_TIMEOUT)
			return e;
		mmio_write32(&g->regs, NVME_CC, cc & ~CC_EN);
	}
	return wait_ready(g, false, why);
}

/* Kept through later starts. */
static enum err take_pages(struct nvme *g, struct why *why)
{
	iova_t at;

	if (g->sq_page)
		return OK;
	g->sq_page = g->master->dma_alloc(g->master, QUEUE_PAGES, &at, why);
	if (!g->sq_page)
		return why ? why->code : ERR_NO_MEMORY;
	g->cq_page = g->sq_page + PAGE_SIZE;
	g->buffer = g->cq_page + PAGE_SIZE;
	g->sq_at = at;
	g->cq_at = iova(at.v + PAGE_SIZE);
	g->buffer_at = iova(at.v + 2 * PAGE_SIZE);
	return OK;
}

enum err nvme_controller_start(struct nvme *g, struct why *why)
{
	enum err e = disable(g, why);

	if (!e)
		e = take_pages(g, why);
	if (e)
		return e;
	memset(g->sq_page, 0, PAGE_SIZE);
	memset(g->cq_page, 0, PAGE_SIZE);
	g->sq = (struct nvme_cursor){ .entries = NVME_SQ_ENTRIES };
	g->cq = (struct nvme_cursor){ .entries = NVME_CQ_ENTRIES, .phase = true };
	mmio_write32(&g->regs, NVME_AQA, AQA_ENTRIES(NVME_SQ_ENTRIES, NVME_CQ_ENTRIES));
	mmio_write64(&g->regs, NVME_ASQ, g->sq_at.v);
	mmio_write64(&g->regs, NVME_ACQ, g->cq_at.v);
	mmio_write32(&g->regs, NVME_CC,
		     CC_EN | CC_IOSQES(NVME_SQE_LOG2) | CC_IOCQES(NVME_CQE_LOG2));
	return wait_ready(g, true, why);
}

/* --- one command */

struct answer {
	struct nvme *g;
	u16 cid;
	struct nvme_completion entry;
};

/* The next completion, if it is there: the phase bit is looked at before the rest is read. */
static bool take_completion(struct nvme *g, struct nvme_completion *out)
{
	struct nvme_completion *entry = (struct nvme_completion *)g->cq_page + g->cq.head;
	u16 status = __atomic_load_n(&entry->status, __ATOMIC_ACQUIRE);

	if (!!(status & COMPLETION_PHASE) != g->cq.phase)
		return false;
	*out = *entry;
	out->status = status;
	if (++g->cq.head == g->cq.entries) {
		g->cq.head = 0;
		g->cq.phase = !g->cq.phase;
	}
	mmio_write32(&g->regs, nvme_doorbell(g->cap, 0, true), g->cq.head);
	return true;
}

static bool answered(void *ctx)
{
	struct answer *a = ctx;

	/* Bounded even if the device writes entry after entry: the time-out is looked at between.
	 */
	for (u32 n = 0; n < NVME_CQ_ENTRIES && take_completion(a->g, &a->entry); n++)
		if (a->entry.cid == a->cid)
			return true;
	return false;
}

static enum err submit_and_wait(struct nvme *g, const struct nvme_command *command,
				struct answer *answer, struct why *why)
{
	struct nvme_command *entry = (struct nvme_command *)g->sq_page + g->sq.tail;

	*answer = (struct answer){ .g = g, .cid = g->next_cid++ };
	*entry = *command;
	entry->cid = answer->cid;
	g->sq.tail = (g->sq.tail + 1) % g->sq.entries;
	store_fence();
	mmio_write32(&g->regs, nvme_doorbell(g->cap, 0, false), g->sq.tail);
	if (!wait_until(answered, answer, ADMIN_TIMEOUT))
		return OK;
	/* What the device still does with the buffer is unknown: no more commands. */
	g->master->failed = true;
	return fail(why, ERR_TIMEOUT, g->rid,
		    "NVMe: no answer to %s within %llu s (CSTS 0x%x); the PF is given up",
		    nvme_opcode_name(command->opcode), ADMIN_TIMEOUT / NS_PER_S,
		    mmio_read32(&g->regs, NVME_CSTS));
}

enum err nvme_admin(struct nvme *g, const struct nvme_command *command, u32 *result,
		    struct why *why)
{
	struct answer answer;
	enum err e;
	u16 status;

	if (g->master->failed)
		return fail(why, ERR_DEVICE, g->rid, "%s does not work any more",
			    g->master->pf->name);
	e = submit_and_wait(g, command, &answer, why);
	if (e)
		return e;
	status = NVME_STATUS(answer.entry.status) & STATUS_TYPE_AND_CODE;
	if (result)
		*result = answer.entry.dw0;
	if (status == NVME_SUCCESS)
		return OK;
	return fail(why, ERR_DEVICE, g->rid,
		    "NVMe: %s (CDW10 0x%x, CDW11 0x%x, namespace 0x%x) ends with status 0x%x, %s",
		    nvme_opcode_name(command->opcode), command->cdw10, command->cdw11,
		    command->nsid, status, nvme_status_text(status));
}

enum err nvme_identify(struct nvme *g, enum nvme_cns cns, u32 nsid, u16 cntid, struct why *why)
{
	struct nvme_command command = { .opcode = NVME_IDENTIFY,
					.nsid = nsid,
					.prp1 = g->buffer_at.v,
					.cdw10 = CDW10_CNTID(cntid) | (u32)cns };

	memset(g->buffer, 0, IDENTIFY_BYTES);
	return nvme_admin(g, &command, NULL, why);
}
