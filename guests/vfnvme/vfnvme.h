/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of vfnvme know of each other. */
#ifndef GUESTS_VFNVME_H
#define GUESTS_VFNVME_H

#include "nvme.h"

/* attack.c: try what is not ours. Counts what was denied and what was not. */
struct attack_result {
	u64 denied, passed;
};
void attack_admin(struct nvme *n, struct attack_result *result);
void attack_io(struct nvme *n, u32 foreign_nsid, struct attack_result *result);
/* The last thing to do: our own admin queue does not survive it. */
void attack_completions(struct nvme *n);

#endif
