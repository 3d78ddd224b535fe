/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * May a guest's admin command go to its VF? A virtual controller's admin queue can be as mighty as
 * its primary's: attach foreign namespaces, format, load firmware. What is not on the list is
 * denied.
 */
#ifndef DRIVERS_NVME_VERDICT_H
#define DRIVERS_NVME_VERDICT_H

#include "drivers/nvme/regs.h"

/* What is the guest's own. */
struct nvme_share {
	u32 nsid;               /* 0 = none */
	u16 queues, interrupts; /* VQ with the admin queue, VI */
};

/* What must be changed in the answer before the guest sees it. */
enum nvme_patch {
	PATCH_NONE,
	PATCH_IDENTIFY_CONTROLLER,
};

struct nvme_verdict {
	enum nvme_status status; /* NVME_SUCCESS: forward */
	enum nvme_patch patch;
	const char *reason; /* denied: for the log */
};

struct nvme_verdict nvme_judge(const struct nvme_command *command, const struct nvme_share *share);
/* "Format NVM"; never NULL. */
const char *nvme_opcode_name(u8 opcode);

#endif
