/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * State and parts of the NVMe master driver. Each part is a file:
 *
 *	nvme.c		the table of drivers/master.h; start-up; service; report
 *	admin.c		the PF's controller and its admin queue
 *	resources.c	queues and interrupts for secondary controllers, and bringing them online
 *	namespace.c	which controller has which namespace
 *	vf.c		a VF from policy to wipe
 *	verdict.c	which admin commands of a guest pass, and which do not: pure
 *	mediate.c	the controller that a guest sees: registers and doorbells
 *	queues.c	and its admin queue
 */
#ifndef DRIVERS_NVME_NVME_H
#define DRIVERS_NVME_NVME_H

#include "base/log.h"
#include "base/mmio.h"
#include "base/spinlock.h"
#include "drivers/master.h"
#include "drivers/nvme/regs.h"
#include "drivers/nvme/verdict.h"

#define NVME_SQ_ENTRIES ((u32)(PAGE_SIZE >> NVME_SQE_LOG2)) /* a page of each */
#define NVME_CQ_ENTRIES ((u32)(PAGE_SIZE >> NVME_CQE_LOG2))
/* One entry of a full queue stays empty [3.3.1.2]. */
#define NVME_SLOTS (NVME_SQ_ENTRIES - 1)

/* One end of a queue. */
struct nvme_cursor {
	u32 entries;
	u32 head, tail;
	bool phase; /* completion queues: of what comes next */
};

/* A guest's admin command that its VF works on. */
struct nvme_slot {
	bool used;
	u16 cid; /* the guest's */
	enum nvme_patch patch;
	u64 prp1, prp2; /* where the answer goes, as far as we must change it */
};

/* The controller that a guest sees. */
struct nvme_mediation {
	struct spinlock lock;
	struct vf_guest guest; /* .vm NULL: nobody is there */
	struct mmio regs;      /* of the VF */
	u64 cap, asq, acq;     /* as the guest reads them */
	u32 cc, aqa;
	bool fatal;   /* the guest's queues cannot be used: CSTS.CFS until it resets */
	bool checked; /* attachments were looked at since the last CC.EN */
	bool interrupt_owed;
	struct nvme_cursor guest_sq, guest_cq, sq, cq;
	struct nvme_slot slot[NVME_SLOTS];
	u64 commands, denied, doorbells, strange;
	struct rate_limit log;
};

struct nvme_vf {
	struct vf *vf;
	u16 cntlid;
	u16 queues, interrupts; /* VQ and VI, as read back */
	bool online;
	u32 nsid; /* attached for its owner; 0 = none */
	struct nvme_mediation mediation;
};

struct nvme {
	struct master *master;
	struct mmio regs;
	struct spinlock lock; /* PF: registers, admin queue, buffer; taken inside a mediation's */
	struct rid rid;
	u64 cap;
	u8 *sq_page, *cq_page, *buffer;
	iova_t sq_at, cq_at, buffer_at;
	struct nvme_cursor sq, cq;
	u16 next_cid;
	u16 cntlid;
	u32 namespaces_max; /* NN */
	struct nvme_primary primary;
	u16 queues_each, interrupts_each;
	u16 vfs;
	struct nvme_vf *vf; /* `vfs` of them */
};
_Static_assert(sizeof(struct nvme) <= MASTER_PRIVATE_BYTES, "drivers/master.h: the private bytes");

static inline struct nvme *nvme_of(struct master *m)
{
	return (struct nvme *)m->private;
}
static inline u64 nvme_doorbell(u64 cap, u32 queue, bool completion)
{
	return NVME_DOORBELLS +
	       (u64)(2 * queue + completion) * (NVME_DOORBELL_BYTES << CAP_DSTRD(cap));
}

/* nvme.c */
extern const struct master_driver nvme_master_driver;

/* admin.c; g->lock held by callers of nvme_admin() and what is built on it. */
/* Queues, controller off and on again. All VFs are offline afterwards, and have no resources. */
enum err nvme_controller_start(struct nvme *g, struct why *why);
/* One command, to its end. `result` (may be NULL) is dword 0 of the completion. */
enum err nvme_admin(struct nvme *g, const struct nvme_command *command, u32 *result,
		    struct why *why);
/* The answer is in g->buffer. */
enum err nvme_identify(struct nvme *g, enum nvme_cns cns, u32 nsid, u16 cntid, struct why *why);
const char *nvme_status_text(u16 status);

/* resources.c */
enum err nvme_read_primary(struct nvme *g, struct why *why);
/* How many VFs can have what each of them needs, and what each then gets. */
unsigned nvme_resource_limit(const struct nvme_primary *p, unsigned wanted);
void nvme_share_resources(struct nvme *g, unsigned vfs);
/* Take the flexible resources from the primary controller. */
enum err nvme_free_primary(struct nvme *g, struct why *why);
/* Read the VF's entry of the Secondary Controller List into `v`. */
enum err nvme_read_secondary(struct nvme *g, struct nvme_vf *v, struct why *why);
/* Resources and online, as far as it is not so already; read back. */
enum err nvme_bring_online(struct nvme *g, struct nvme_vf *v, struct why *why);

/* namespace.c */
enum err nvme_check_namespace(struct nvme *g, const struct nvme_vf *v, u32 nsid, struct why *why);
/* Make the VF's namespaces exactly {v->nsid}, or none; `*removed` (may be NULL) counts foreign
 * ones. */
enum err nvme_enforce_namespaces(struct nvme *g, const struct nvme_vf *v, unsigned *removed,
				 struct why *why);

/* vf.c */
enum err nvme_check_policy(struct master *m, const struct vf *vf, const struct vf_policy *policy,
			   struct why *why);
enum err nvme_prepare_vf(struct master *m, struct vf *vf, const struct vf_policy *policy,
			 struct why *why);
enum err nvme_vf_reset_done(struct master *m, struct vf *vf, bool keep_policy, struct why *why);
void nvme_quiesce_vf(struct master *m, struct vf *vf);

/* mediate.c */
extern const struct vf_mediator nvme_mediator;
/* The VF was reset: its guest starts from CC.EN = 0. */
void nvme_mediation_reset(struct nvme_vf *v);
/* The guest is gone. */
void nvme_mediation_end(struct nvme_vf *v);

/* queues.c */
/*
 * Before a guest's first command after CC.EN: some devices attach namespaces by themselves then.
 * Not before the controller is ready, which is when it has done so; until then no command goes on.
 * Without the mediation's lock, which interrupts on any core want: it waits for the PF.
 */
void nvme_check_attachments(struct nvme *g, struct nvme_vf *v);
/* The others: with the mediation's lock held. */
/* Tell the device where our queues are; before CC.EN. */
void nvme_queues_start(struct nvme_mediation *d);
void nvme_queues_stop(struct nvme_mediation *d);
/* The guest's commands up to its tail, as far as there is room. */
void nvme_queues_submit(struct nvme *g, struct nvme_vf *v);
/* The device's completions, as far as the guest's queue has room. True if there were any. */
bool nvme_queues_complete(struct nvme_mediation *d);

#endif
