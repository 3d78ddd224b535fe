/* SPDX-License-Identifier: GPL-2.0-only */
#include "nvme.h"

#include "base/hw/insn.h"
#include "guest.h"
#include "interrupt.h"
#include "memory.h"

#define NVME_CLASS_CODE  0x010802u
#define NVME_BAR         0
#define REG_CAP          0x00
#define REG_CC           0x14
#define REG_CSTS         0x1c
#define REG_AQA          0x24
#define REG_ASQ          0x28
#define REG_ACQ          0x30
#define DOORBELLS        0x1000u
#define DOORBELL_BYTES   4u
#define CAP_DSTRD(cap)   ((u32)((cap) >> 32 & 0xf))
#define CC_ENABLE        (BIT(0) | 6u << 16 | 4u << 20) /* entries of 64 and 16 bytes */
#define CSTS_RDY         BIT(0)
#define CSTS_CFS         BIT(1)
#define VECTOR           VECTOR_DEVICES
#define IO_QUEUE         1
#define QUEUE_CONTIGUOUS BIT(0)
#define QUEUE_INTERRUPTS BIT(1)
#define READY_TIMEOUT_NS (10 * NS_PER_S)
#define TICK_NS          (100 * NS_PER_MS)
#define COMMAND_TIMEOUT  (20 * NS_PER_S)
/* Identify Namespace [NVM Command Set 4.1.5.1]. */
#define ID_NSZE      0
#define ID_FLBAS     26
#define ID_LBAF      128
#define FLBAS_FORMAT 0xfu
#define LBAF_BYTES   4
#define LBAF_LBADS   2

static u32 reg_read(const struct nvme *n, u32 offset)
{
	return *(volatile u32 *)(n->regs + offset);
}

static void reg_write(const struct nvme *n, u32 offset, u32 value)
{
	*(volatile u32 *)(n->regs + offset) = value;
}

static void reg_write64(const struct nvme *n, u32 offset, u64 value)
{
	*(volatile u64 *)(n->regs + offset) = value;
}

static void doorbell(const struct nvme *n, const struct nvme_queue *q, bool completion, u32 value)
{
	reg_write(n, DOORBELLS + (2u * q->id + completion) * n->doorbell_stride, value);
}

static void wait_ready(const struct nvme *n, bool ready)
{
	u64 end = now_ns() + READY_TIMEOUT_NS;
	u32 csts;

	do {
		csts = reg_read(n, REG_CSTS);
		if (ready && csts & CSTS_CFS)
			guest_die(STATUS_FAILED, "the controller reports a fatal error: CSTS 0x%x",
				  csts);
		if (!!(csts & CSTS_RDY) == ready)
			return;
	} while (now_ns() < end);
	guest_die(STATUS_TIMEOUT, "the controller does not become %s: CSTS 0x%x",
		  ready ? "ready" : "idle", csts);
}

static void queue_init(struct nvme_queue *q, u16 id)
{
	*q = (struct nvme_queue){ .id = id, .phase = 1 };
	q->sq = memory_take(QUEUE_ENTRIES * sizeof(*q->sq));
	q->cq = memory_take(QUEUE_ENTRIES * sizeof(*q->cq));
}

static void on_vector(void *ctx)
{
	struct nvme *n = ctx;

	n->interrupts++;
	n->event = true;
}

static void on_timer(void *ctx)
{
	(void)ctx; /* it ends HLT, so that a lost interrupt becomes a message */
}

void nvme_open(struct nvme *n, unsigned number)
{
	if (!pci_find_class(NVME_CLASS_CODE, number, &n->pci))
		guest_die(STATUS_NO_DEVICE, "no NVMe function %u in this VM", number);
	pci_enable(&n->pci);
	n->regs = pci_bar(&n->pci, NVME_BAR);
	n->page = memory_take(PAGE_SIZE);
	reg_write(n, REG_CC, 0);
	wait_ready(n, false);
	n->doorbell_stride = DOORBELL_BYTES << CAP_DSTRD(*(volatile u64 *)(n->regs + REG_CAP));
	queue_init(&n->admin, 0);
	reg_write(n, REG_AQA, (QUEUE_ENTRIES - 1) << 16 | (QUEUE_ENTRIES - 1));
	reg_write64(n, REG_ASQ, (u64)n->admin.sq);
	reg_write64(n, REG_ACQ, (u64)n->admin.cq);
	interrupt_set(VECTOR, on_vector, n);
	interrupt_set(VECTOR_TIMER, on_timer, NULL);
	if (!pci_msix_enable(&n->pci, VECTOR, 1))
		guest_die(STATUS_FAILED, "the function has no MSI-X vector");
	apic_timer_every(TICK_NS);
	reg_write(n, REG_CC, CC_ENABLE);
	wait_ready(n, true);
}

/* --- queues */

static bool put(struct nvme_queue *q, const struct nvme_command *command)
{
	if (q->in_flight == QUEUE_ENTRIES - 1)
		return false;
	q->sq[q->tail] = *command;
	q->tail = (q->tail + 1) % QUEUE_ENTRIES;
	q->in_flight++;
	return true;
}

static bool take(struct nvme *n, struct nvme_queue *q, struct nvme_completion *out)
{
	volatile struct nvme_completion *entry = &q->cq[q->head];
	u16 status = __atomic_load_n(&entry->status, __ATOMIC_ACQUIRE);

	if ((status & 1) != q->phase)
		return false;
	out->dw0 = entry->dw0;
	out->cid = entry->cid;
	out->status = status >> 1;
	q->head = (q->head + 1) % QUEUE_ENTRIES;
	if (!q->head)
		q->phase ^= 1;
	q->in_flight--;
	doorbell(n, q, true, q->head);
	return true;
}

static void sleep(struct nvme *n)
{
	interrupts_off();
	if (!n->event)
		halt_until_interrupt();
	n->event = false;
}

/* Until the queue has one; counted from the start of the wait. */
static void wait_for(struct nvme *n, struct nvme_queue *q, struct nvme_completion *out)
{
	u64 end = now_ns() + COMMAND_TIMEOUT;

	while (!take(n, q, out)) {
		if (now_ns() > end)
			guest_die(STATUS_TIMEOUT,
				  "no completion on queue %u; %llu interrupts so far", q->id,
				  (unsigned long long)n->interrupts);
		sleep(n);
	}
}

u16 nvme_admin(struct nvme *n, const struct nvme_command *command, u32 *dw0)
{
	struct nvme_completion done;

	put(&n->admin, command);
	doorbell(n, &n->admin, false, n->admin.tail);
	wait_for(n, &n->admin, &done);
	if (done.cid != command->cid)
		guest_die(STATUS_FAILED, "admin completion of command %u, expected %u", done.cid,
			  command->cid);
	if (dw0)
		*dw0 = done.dw0;
	return done.status;
}

u16 nvme_identify(struct nvme *n, u32 cns, u32 nsid)
{
	struct nvme_command command = {
		.opcode = ADMIN_IDENTIFY, .nsid = nsid, .prp1 = (u64)n->page, .cdw10 = cns
	};

	return nvme_admin(n, &command, NULL);
}

bool nvme_put(struct nvme *n, const struct nvme_command *command)
{
	return put(&n->io, command);
}

void nvme_ring(struct nvme *n)
{
	doorbell(n, &n->io, false, n->io.tail);
}

void nvme_wait(struct nvme *n, struct nvme_completion *out)
{
	wait_for(n, &n->io, out);
}

u16 nvme_io(struct nvme *n, const struct nvme_command *command)
{
	struct nvme_completion done;

	nvme_put(n, command);
	nvme_ring(n);
	wait_for(n, &n->io, &done);
	return done.status;
}

static void create_queues(struct nvme *n)
{
	u32 size = (QUEUE_ENTRIES - 1) << 16 | IO_QUEUE;
	struct nvme_command cq = { .opcode = ADMIN_CREATE_CQ,
				   .prp1 = (u64)n->io.cq,
				   .cdw10 = size,
				   .cdw11 = QUEUE_CONTIGUOUS | QUEUE_INTERRUPTS };
	struct nvme_command sq = { .opcode = ADMIN_CREATE_SQ,
				   .prp1 = (u64)n->io.sq,
				   .cdw10 = size,
				   .cdw11 = IO_QUEUE << 16 | QUEUE_CONTIGUOUS };
	u16 status = nvme_admin(n, &cq, NULL);

	if (!status)
		status = nvme_admin(n, &sq, NULL);
	if (status)
		guest_die(STATUS_FAILED, "creating the I/O queue: status 0x%x", status);
}

void nvme_open_namespace(struct nvme *n, u32 nsid)
{
	u16 status = nvme_identify(n, IDENTIFY_CNS_NAMESPACE, nsid);
	u32 format = n->page[ID_FLBAS] & FLBAS_FORMAT;

	if (status)
		guest_die(STATUS_FAILED, "Identify of namespace %u: status 0x%x", nsid, status);
	n->nsid = nsid;
	memcpy(&n->blocks, n->page + ID_NSZE, sizeof(n->blocks));
	n->block_bytes = BIT(n->page[ID_LBAF + format * LBAF_BYTES + LBAF_LBADS]);
	if (!n->blocks || n->block_bytes > PAGE_SIZE)
		guest_die(STATUS_FAILED, "namespace %u: %llu blocks of %u bytes", nsid,
			  (unsigned long long)n->blocks, n->block_bytes);
	queue_init(&n->io, IO_QUEUE);
	create_queues(n);
}

struct nvme_command nvme_transfer(const struct nvme *n, enum nvme_io_opcode opcode, u64 page,
				  u64 address)
{
	u32 count = (u32)(PAGE_SIZE / n->block_bytes);
	u64 block = page * count;

	return (struct nvme_command){ .opcode = (u8)opcode,
				      .cid = (u16)page,
				      .nsid = n->nsid,
				      .prp1 = address,
				      .cdw10 = (u32)block,
				      .cdw11 = (u32)(block >> 32),
				      .cdw12 = count - 1 };
}
