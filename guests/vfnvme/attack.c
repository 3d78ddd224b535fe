/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What root in a guest can do with an NVMe VF: commands that reach for the neighbours. Each must
 * be denied with the status that docs/CAVEATS.md names.
 */
#include "vfnvme.h"

#include "guest.h"
#include "memory.h"

#define STATUS_MASK       0x7ffu /* type and code */
#define INVALID_OPCODE    0x001
#define INVALID_FIELD     0x002
#define INVALID_NAMESPACE 0x00b
#define INVALID_QUEUE     0x101
#define INVALID_LOG       0x109
#define NOT_SAVEABLE      0x10d
#define ANY_ERROR         0xffff
#define SAVE              BIT(31)
#define CREATE_FLAGS      BIT(0)
#define ATTACH_SELF       1u /* the controller list in n->page: count 1, then an id */
#define PRIMARY_OFFLINE   7u
/* Where the hypervisor keeps the queues of our VF (vmm/assign/internal.h): not ours to write. */
#define HYPERVISOR_COMMANDS    0xe8000000u
#define HYPERVISOR_COMPLETIONS 0xe8001000u

struct attempt {
	const char *what;
	struct nvme_command command;
	u16 expected;
};

/* nsid 1 is the PF's, 0xffffffff is everybody's. */
static const struct attempt admin_attempts[] = {
	{ "attach namespace 1", { .opcode = 0x15, .nsid = 1, .cdw10 = 0 }, INVALID_OPCODE },
	{ "detach namespace 1", { .opcode = 0x15, .nsid = 1, .cdw10 = 1 }, INVALID_OPCODE },
	{ "delete all namespaces",
	  { .opcode = 0x0d, .nsid = 0xffffffff, .cdw10 = 1 },
	  INVALID_OPCODE },
	{ "create a namespace", { .opcode = 0x0d, .cdw10 = 0 }, INVALID_OPCODE },
	{ "format namespace 1", { .opcode = 0x80, .nsid = 1 }, INVALID_OPCODE },
	{ "format all namespaces", { .opcode = 0x80, .nsid = 0xffffffff }, INVALID_OPCODE },
	{ "take controller 1 offline",
	  { .opcode = 0x1c, .cdw10 = 1u << 16 | PRIMARY_OFFLINE },
	  INVALID_OPCODE },
	{ "shadow doorbells", { .opcode = 0x7c }, INVALID_OPCODE },
	{ "firmware commit", { .opcode = 0x10 }, INVALID_OPCODE },
	{ "firmware download", { .opcode = 0x11 }, INVALID_OPCODE },
	{ "security send", { .opcode = 0x81 }, INVALID_OPCODE },
	{ "sanitize", { .opcode = 0x84, .cdw10 = 2 }, INVALID_OPCODE },
	{ "a vendor's command", { .opcode = 0xc0 }, INVALID_OPCODE },
	{ "Identify of namespace 1", { .opcode = 0x06, .nsid = 1 }, INVALID_NAMESPACE },
	{ "list of all namespaces", { .opcode = 0x06, .cdw10 = 0x10 }, INVALID_FIELD },
	{ "list of all controllers", { .opcode = 0x06, .cdw10 = 0x13 }, INVALID_FIELD },
	{ "list of secondary controllers", { .opcode = 0x06, .cdw10 = 0x15 }, INVALID_FIELD },
	{ "saved feature", { .opcode = 0x09, .cdw10 = SAVE | 0x07, .cdw11 = 0 }, NOT_SAVEABLE },
	{ "write protection of namespace 1",
	  { .opcode = 0x09, .nsid = 1, .cdw10 = 0x84 },
	  INVALID_NAMESPACE },
	{ "telemetry", { .opcode = 0x02, .cdw10 = 0x07 }, INVALID_LOG },
	{ "an I/O queue that it does not have",
	  { .opcode = 0x05, .cdw10 = 31u << 16 | 9, .cdw11 = CREATE_FLAGS },
	  INVALID_QUEUE },
	{ "a fused command", { .opcode = 0x06, .flags = 1, .cdw10 = 1 }, INVALID_FIELD },
};

static void judge(const struct attempt *a, u16 status, struct attack_result *result)
{
	status &= STATUS_MASK;
	if (status == a->expected || (a->expected == ANY_ERROR && status)) {
		result->denied++;
		return;
	}
	result->passed++;
	print("NOT DENIED: %s: status 0x%x\n", a->what, status);
}

void attack_admin(struct nvme *n, struct attack_result *result)
{
	u32 active[2];

	for (unsigned i = 0; i < ARRAY_LEN(admin_attempts); i++) {
		struct nvme_command command = admin_attempts[i].command;

		memset(n->page, 0, PAGE_SIZE);
		n->page[0] = ATTACH_SELF;
		n->page[sizeof(u16)] = 1;
		command.prp1 = (u64)n->page;
		command.cid = (u16)i;
		judge(&admin_attempts[i], nvme_admin(n, &command, NULL), result);
	}
	if (nvme_identify(n, IDENTIFY_CNS_ACTIVE, 0))
		guest_die(STATUS_FAILED, "no list of active namespaces");
	memcpy(active, n->page, sizeof(active));
	print("attack: active namespaces afterwards: %u, %u\n", active[0], active[1]);
	if (active[1])
		result->passed++;
}

static u64 last_page(const struct nvme *n)
{
	return n->blocks * n->block_bytes / PAGE_SIZE - 1;
}

/* Our page 0 over the commands that the hypervisor prepared for our VF; then let the VF write what
 * it finds there to the disk, and look: page 0 must not have got there. */
static void attack_command_queue(struct nvme *n, u8 *page, struct attack_result *result)
{
	struct nvme_command over = nvme_transfer(n, IO_READ, 0, HYPERVISOR_COMMANDS);
	struct nvme_command save = nvme_transfer(n, IO_WRITE, last_page(n), HYPERVISOR_COMMANDS);
	struct nvme_command look = nvme_transfer(n, IO_READ, last_page(n), (u64)page);
	struct nvme_command ours = nvme_transfer(n, IO_READ, 0, (u64)n->page);

	nvme_io(n, &over);
	nvme_io(n, &save);
	if (nvme_io(n, &look) || nvme_io(n, &ours))
		guest_die(STATUS_FAILED, "reads of its own namespace");
	if (memcmp(page, n->page, PAGE_SIZE)) {
		result->denied++;
		return;
	}
	result->passed++;
	print("NOT DENIED: DMA to the hypervisor's command queue\n");
}

void attack_io(struct nvme *n, u32 foreign_nsid, struct attack_result *result)
{
	const u32 foreign[] = { 1, foreign_nsid, 0xfffffffe };
	u8 *page = memory_take(PAGE_SIZE);
	struct attempt attempt = { .expected = ANY_ERROR };

	for (unsigned i = 0; i < ARRAY_LEN(foreign); i++) {
		attempt.command = nvme_transfer(n, IO_READ, 0, (u64)page);
		attempt.command.nsid = foreign[i];
		attempt.what = "read of a foreign namespace";
		judge(&attempt, nvme_io(n, &attempt.command), result);
		attempt.command.opcode = IO_WRITE;
		attempt.what = "write to a foreign namespace";
		judge(&attempt, nvme_io(n, &attempt.command), result);
	}
	attack_command_queue(n, page, result);
	/* Whether the device notices that nothing was written is its own business; the IOMMU does,
	 * and the hypervisor reports the fault. */
	attempt.command = nvme_transfer(n, IO_READ, 0, guest->ram_bytes);
	print("attack: DMA behind the end of the RAM: status 0x%x\n", nvme_io(n, &attempt.command));
}

void attack_completions(struct nvme *n)
{
	struct nvme_command command;
	u8 *page = memory_take(PAGE_SIZE);

	/* A page of false completions over the real ones: only our own admin queue may suffer. */
	memset(page, 0xff, PAGE_SIZE);
	command = nvme_transfer(n, IO_WRITE, last_page(n), (u64)page);
	if (nvme_io(n, &command))
		guest_die(STATUS_FAILED, "write of the last page");
	command = nvme_transfer(n, IO_READ, last_page(n), HYPERVISOR_COMPLETIONS);
	print("attack: false completions: status 0x%x\n", nvme_io(n, &command));
}
