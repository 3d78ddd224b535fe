/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Driver of an NVMe VF: one admin queue, one I/O queue, one MSI-X vector for both. NVM Express Base
 * Specification 2.0c, chapters 3 and 5; NVM Command Set Specification 1.0c.
 */
#ifndef GUESTS_VFNVME_NVME_H
#define GUESTS_VFNVME_NVME_H

#include "base/types.h"
#include "pci.h"

#define QUEUE_ENTRIES           32
#define IDENTIFY_CNS_NAMESPACE  0x00
#define IDENTIFY_CNS_CONTROLLER 0x01
#define IDENTIFY_CNS_ACTIVE     0x02

enum nvme_admin_opcode {
	ADMIN_CREATE_SQ = 0x01,
	ADMIN_CREATE_CQ = 0x05,
	ADMIN_IDENTIFY = 0x06,
};
enum nvme_io_opcode {
	IO_WRITE = 0x01,
	IO_READ = 0x02,
};

struct nvme_command {
	u8 opcode, flags;
	u16 cid;
	u32 nsid, cdw2, cdw3;
	u64 metadata, prp1, prp2;
	u32 cdw10, cdw11, cdw12, cdw13, cdw14, cdw15;
};
_Static_assert(sizeof(struct nvme_command) == 64, "NVMe 2.0 section 3.3.3.1");

struct nvme_completion {
	u32 dw0, dw1;
	u16 sq_head, sq_id, cid, status;
};
_Static_assert(sizeof(struct nvme_completion) == 16, "NVMe 2.0 section 3.3.3.2");

struct nvme_queue {
	u16 id;
	struct nvme_command *sq;
	volatile struct nvme_completion *cq;
	u32 tail, head;
	u16 phase;
	u32 in_flight;
};

struct nvme {
	struct pci_device pci;
	volatile u8 *regs;
	u32 doorbell_stride;
	struct nvme_queue admin, io;
	u32 nsid;
	u32 block_bytes;
	u64 blocks;
	u8 *page; /* for answers to Identify */
	volatile bool event;
	volatile u64 interrupts;
};

/* The n-th NVMe function of this VM, its controller on, with interrupts. Ends the guest if a step
 * fails. */
void nvme_open(struct nvme *n, unsigned number);
/* The namespace's size; the I/O queue. */
void nvme_open_namespace(struct nvme *n, u32 nsid);

/* Status field (without phase) of an admin command, 0 = success; `dw0` may be NULL. */
u16 nvme_admin(struct nvme *n, const struct nvme_command *command, u32 *dw0);
u16 nvme_identify(struct nvme *n, u32 cns, u32 nsid);

/* Put an I/O command into the queue (false: full), ring for all that were put, sleep until one has
 * completed. The guest ends if none does for long. */
bool nvme_put(struct nvme *n, const struct nvme_command *command);
void nvme_ring(struct nvme *n);
void nvme_wait(struct nvme *n, struct nvme_completion *out);
/* One I/O command, to its end: its status. */
u16 nvme_io(struct nvme *n, const struct nvme_command *command);
/* `address`: one page that the device reads or writes. */
struct nvme_command nvme_transfer(const struct nvme *n, enum nvme_io_opcode opcode, u64 page,
				  u64 address);

#endif
