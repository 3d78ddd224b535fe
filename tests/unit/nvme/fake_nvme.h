/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An NVMe subsystem made of registers: a primary controller, four secondary ones, eight
 * namespaces. Commands are worked on inside the doorbell write, unless `mute`.
 */
#ifndef FAKE_NVME_H
#define FAKE_NVME_H

#include "drivers/nvme/regs.h"
#include "fakes/fakes.h"

#define FAKE_NVME_VFS        4
#define FAKE_NVME_NAMESPACES 8
#define FAKE_NVME_SEEN       256
#define FAKE_NVME_BYTES      0x2000
#define FAKE_NVME_CAP        0x1b4038300f0107ffull /* as QEMU's, and all that is hidden */
#define FAKE_NVME_NO_ANSWER  0xffff

struct fake_nvme;

struct fake_controller {
	struct fake_nvme *nvme;
	u16 cntlid;
	u64 cap, asq, acq;
	u32 cc, csts, aqa;
	u32 sq_head, cq_tail;
	u16 phase;
	bool online; /* secondary controllers */
	u16 queues, interrupts;
	unsigned enables;
	struct nvme_command seen[FAKE_NVME_SEEN]; /* admin commands, in order */
	unsigned seen_count;
	u64 io_doorbell; /* the last one: offset */
	u32 io_value;
	unsigned io_doorbells;
};

struct fake_nvme {
	struct fake_controller controller[1 + FAKE_NVME_VFS]; /* [0] = PF */
	u32 exists;                                           /* bit per nsid */
	u32 holders[FAKE_NVME_NAMESPACES + 1];                /* bit per cntlid */
	struct nvme_primary primary;
	u16 oacs;
	/* The device's way to memory; NULL = the IOMMU blocks it. */
	void *(*dma)(u16 cntlid, u64 address, u64 bytes);

	/* What may go wrong. Zero: nothing. */
	bool never_ready, never_idle, fatal, gone;
	bool mute, vf_mute; /* of the PF, of VFs: commands are fetched, and never completed */
	u8 refused_opcode;  /* ends with this status, if that is not 0 */
	u16 refused_status;
	bool refused_by_vfs;    /* not by the PF */
	bool stays_offline;     /* "online" succeeds and changes nothing */
	u16 offline_cntlid;     /* the same, of one controller only; 0 = none */
	bool assigns_one_less;  /* resources */
	u32 attached_at_enable; /* namespaces that a secondary controller gets by CC.EN */
	u8 list_piece;          /* secondary controllers per answer, if not 0 */
	u16 lost_cntlid;        /* which is in no list; 0 = none */
	bool stale_first;       /* PF: a completion of nobody's command comes before each */
	bool babbles; /* PF: each completion that is taken is followed by one of nobody's command */
	bool keeps_primary; /* "allocate" for the primary changes nothing */
	/* Each command of the PF is a step that may fail (fakes/fakes.h): with an error, or without
	 * an answer. */
	bool step_is_silent;
	bool forgets_namespace; /* "attach" succeeds and changes nothing */
};

void fake_nvme_reset(struct fake_nvme *f);
/* Registers of the PF and of VF 0, 1, ... */
void fake_nvme_map(struct fake_nvme *f, unsigned controller, hpa_t base);
/* Post a completion to a controller's admin queue, as its device or whoever else may write there.
 */
void fake_nvme_complete(struct fake_controller *c, u16 cid, u16 status, u32 dw0);
/* The last admin command that the controller got. */
const struct nvme_command *fake_nvme_last(const struct fake_controller *c);
/* How many commands with this opcode it got. */
unsigned fake_nvme_count(const struct fake_controller *c, u8 opcode);

#endif
