/* SPDX-License-Identifier: GPL-2.0-only */
/* Allow lists of a guest's admin commands: a row each, nothing passes without one. */
#include "drivers/nvme/verdict.h"

#include <stddef.h>

typedef struct nvme_verdict judge_fn(const struct nvme_command *, const struct nvme_share *);

static const struct nvme_verdict pass = { .status = NVME_SUCCESS };

static struct nvme_verdict deny(enum nvme_status status, const char *reason)
{
	return (struct nvme_verdict){ .status = status, .reason = reason };
}

/* --- queues: their memory is what the IOMMU lets the VF reach, their numbers are what it has */

static struct nvme_verdict judge_delete(const struct nvme_command *c, const struct nvme_share *s)
{
	u16 qid = CDW10_QID(c->cdw10);

	if (qid == 0 || qid >= s->queues)
		return deny(NVME_INVALID_QUEUE, "no such I/O queue");
	return pass;
}

static struct nvme_verdict judge_create(const struct nvme_command *c, const struct nvme_share *s)
{
	struct nvme_verdict verdict = judge_delete(c, s);

	if (!verdict.status && !(c->cdw11 & CREATE_CONTIGUOUS))
		return deny(NVME_INVALID_FIELD, "a queue in pieces");
	return verdict;
}

static struct nvme_verdict judge_create_cq(const struct nvme_command *c, const struct nvme_share *s)
{
	if (c->cdw11 & CREATE_INTERRUPTS && CREATE_VECTOR(c->cdw11) >= s->interrupts)
		return deny(NVME_INVALID_VECTOR, "an interrupt vector that it does not have");
	return judge_create(c, s);
}

static struct nvme_verdict judge_create_sq(const struct nvme_command *c, const struct nvme_share *s)
{
	u16 cqid = CREATE_SQ_CQID(c->cdw11);

	if (cqid == 0 || cqid >= s->queues)
		return deny(NVME_INVALID_QUEUE, "no such completion queue");
	return judge_create(c, s);
}

/* --- Identify */

enum scope {
	SCOPE_CONTROLLER, /* nothing of a namespace, or what is attached to this controller */
	SCOPE_NAMESPACE,  /* nsid must be the guest's own */
	SCOPE_ANY,        /* nsid must be the guest's own or "what all have in common" */
};

static const struct {
	u8 cns;
	enum scope scope;
	enum nvme_patch patch;
} identify_rows[] = {
	{ CNS_NAMESPACE, SCOPE_ANY, PATCH_NONE },
	{ CNS_CONTROLLER, SCOPE_CONTROLLER, PATCH_IDENTIFY_CONTROLLER },
	{ CNS_ACTIVE_NAMESPACES, SCOPE_CONTROLLER, PATCH_NONE },
	{ CNS_DESCRIPTORS, SCOPE_NAMESPACE, PATCH_NONE },
	{ CNS_SET_NAMESPACE, SCOPE_ANY, PATCH_NONE },
	{ CNS_SET_CONTROLLER, SCOPE_CONTROLLER, PATCH_NONE },
	{ CNS_SET_ACTIVE_NAMESPACES, SCOPE_CONTROLLER, PATCH_NONE },
	{ CNS_INDEPENDENT_NAMESPACE, SCOPE_NAMESPACE, PATCH_NONE },
	{ CNS_COMMAND_SETS, SCOPE_CONTROLLER, PATCH_NONE },
};

static bool in_scope(u32 nsid, enum scope scope, const struct nvme_share *s)
{
	if (scope == SCOPE_CONTROLLER || (s->nsid && nsid == s->nsid))
		return true;
	return scope == SCOPE_ANY && nsid == NSID_ALL;
}

static struct nvme_verdict judge_identify(const struct nvme_command *c, const struct nvme_share *s)
{
	u8 cns = CDW10_CNS(c->cdw10);

	for (unsigned i = 0; i < ARRAY_LEN(identify_rows); i++) {
		if (identify_rows[i].cns != cns)
			continue;
		if (!in_scope(c->nsid, identify_rows[i].scope, s))
			return deny(NVME_INVALID_NAMESPACE, "a namespace that is not its own");
		return (struct nvme_verdict){ .patch = identify_rows[i].patch };
	}
	return deny(NVME_INVALID_FIELD, "Identify of what other controllers have");
}

/* --- features and logs */

static const struct {
	u8 id;
	bool get, set;
} feature_rows[] = {
	{ FEATURE_ARBITRATION, true, true },
	{ FEATURE_POWER, true, false }, /* of the whole device */
	{ FEATURE_TEMPERATURE, true, true },
	{ FEATURE_ERROR_RECOVERY, true, true },
	{ FEATURE_WRITE_CACHE, true, false }, /* may be the neighbours' cache too */
	{ FEATURE_QUEUES, true, true },
	{ FEATURE_COALESCING, true, true },
	{ FEATURE_VECTOR, true, true },
	{ FEATURE_ATOMICITY, true, true },
	{ FEATURE_EVENTS, true, true },
	{ FEATURE_AUTONOMOUS_POWER, true, false },
	{ FEATURE_TIMESTAMP, true, true },
	{ FEATURE_KEEP_ALIVE, true, true },
	{ FEATURE_HOST_BEHAVIOR, true, true },
	{ FEATURE_COMMAND_SETS, true, true },
};

static struct nvme_verdict judge_feature(const struct nvme_command *c, const struct nvme_share *s)
{
	bool set = c->opcode == NVME_SET_FEATURES;

	if (c->nsid && c->nsid != NSID_ALL && c->nsid != s->nsid)
		return deny(NVME_INVALID_NAMESPACE, "a namespace that is not its own");
	if (set && c->cdw10 & FEATURE_SAVE)
		return deny(NVME_NOT_SAVEABLE, "a feature for the next owner too");
	for (unsigned i = 0; i < ARRAY_LEN(feature_rows); i++) {
		if (feature_rows[i].id != (u8)c->cdw10)
			continue;
		if (set ? feature_rows[i].set : feature_rows[i].get)
			return pass;
		return deny(NVME_NOT_CHANGEABLE, "a feature that others share");
	}
	return deny(NVME_INVALID_FIELD, "a feature that is not on the list");
}

static struct nvme_verdict judge_log(const struct nvme_command *c, const struct nvme_share *s)
{
	static const u8 allowed[] = { LOG_SUPPORTED,          LOG_ERRORS,  LOG_HEALTH, LOG_FIRMWARE,
				      LOG_CHANGED_NAMESPACES, LOG_EFFECTS, LOG_ANA };

	if (c->nsid && c->nsid != NSID_ALL && c->nsid != s->nsid)
		return deny(NVME_INVALID_NAMESPACE, "a namespace that is not its own");
	for (unsigned i = 0; i < sizeof(allowed); i++)
		if (allowed[i] == (u8)c->cdw10)
			return pass;
	return deny(NVME_INVALID_LOG_PAGE, "a log page that is not on the list");
}

static struct nvme_verdict judge_harmless(const struct nvme_command *c, const struct nvme_share *s)
{
	(void)c, (void)s;
	return pass;
}

/* --- commands. judge NULL: known, and denied. */

static const struct {
	u8 opcode;
	const char *name;
	judge_fn *judge;
} command_rows[] = {
	{ NVME_DELETE_SQ, "Delete I/O Submission Queue", judge_delete },
	{ NVME_CREATE_SQ, "Create I/O Submission Queue", judge_create_sq },
	{ NVME_GET_LOG_PAGE, "Get Log Page", judge_log },
	{ NVME_DELETE_CQ, "Delete I/O Completion Queue", judge_delete },
	{ NVME_CREATE_CQ, "Create I/O Completion Queue", judge_create_cq },
	{ NVME_IDENTIFY, "Identify", judge_identify },
	{ NVME_ABORT, "Abort", judge_harmless },
	{ NVME_SET_FEATURES, "Set Features", judge_feature },
	{ NVME_GET_FEATURES, "Get Features", judge_feature },
	{ NVME_ASYNC_EVENT, "Asynchronous Event Request", judge_harmless },
	{ NVME_NAMESPACE_MANAGEMENT, "Namespace Management", NULL },
	{ NVME_FIRMWARE_COMMIT, "Firmware Commit", NULL },
	{ NVME_FIRMWARE_DOWNLOAD, "Firmware Image Download", NULL },
	{ NVME_SELF_TEST, "Device Self-test", NULL },
	{ NVME_NAMESPACE_ATTACHMENT, "Namespace Attachment", NULL },
	{ NVME_KEEP_ALIVE, "Keep Alive", judge_harmless },
	{ NVME_DIRECTIVE_SEND, "Directive Send", NULL },
	{ NVME_DIRECTIVE_RECEIVE, "Directive Receive", NULL },
	{ NVME_VIRTUALIZATION, "Virtualization Management", NULL },
	{ NVME_MI_SEND, "NVMe-MI Send", NULL },
	{ NVME_MI_RECEIVE, "NVMe-MI Receive", NULL },
	{ NVME_DOORBELL_BUFFER, "Doorbell Buffer Config", NULL },
	{ NVME_FORMAT, "Format NVM", NULL },
	{ NVME_SECURITY_SEND, "Security Send", NULL },
	{ NVME_SECURITY_RECEIVE, "Security Receive", NULL },
	{ NVME_SANITIZE, "Sanitize", NULL },
	{ NVME_LBA_STATUS, "Get LBA Status", NULL },
};

const char *nvme_opcode_name(u8 opcode)
{
	for (unsigned i = 0; i < ARRAY_LEN(command_rows); i++)
		if (command_rows[i].opcode == opcode)
			return command_rows[i].name;
	return "unknown command";
}

struct nvme_verdict nvme_judge(const struct nvme_command *command, const struct nvme_share *share)
{
	for (unsigned i = 0; i < ARRAY_LEN(command_rows); i++) {
		if (command_rows[i].opcode != command->opcode || !command_rows[i].judge)
			continue;
		/* Admin commands over PCIe are not fused and have no SGLs [4.1]. */
		if (command->flags & (COMMAND_FUSE_MASK | COMMAND_PSDT_MASK))
			return deny(NVME_INVALID_FIELD, "a fused command or an SGL");
		return command_rows[i].judge(command, share);
	}
	return deny(NVME_INVALID_OPCODE, "reaches beyond its own namespace");
}
