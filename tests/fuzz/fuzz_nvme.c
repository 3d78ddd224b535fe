/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest that does anything to a mediated NVMe VF, and a VF that answers anything. Input:
 * operations, each a byte and what it needs. Whatever stands in the queue that the device works on
 * is a command that the allow list has; the mediator writes nowhere but into the guest's RAM and
 * the two pages; no call runs for ever.
 */
#include <stdlib.h>
#include <string.h>

#include "drivers/nvme/nvme.h"
#include "fakes/fakes.h"

#define BAR_BASE   0xc0000000ull
#define BAR_BYTES  0x4000ull
#define RAM_BYTES  (16 * KiB)
#define TO_DEVICE  0xe8000000ull
#define OPERATIONS 6
#define VF_QUEUES  3
#define VF_VECTORS 2
#define OWN_NSID   2
#define CAP_VALUE  0x004018200f0107ffull

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

/* Guard pages around all that the mediator may write. */
static struct {
	u8 before[PAGE_SIZE], ram[RAM_BYTES], between[PAGE_SIZE], to_device[PAGE_SIZE],
		from_device[PAGE_SIZE], after[PAGE_SIZE];
} memory __attribute__((aligned(4096)));
static u8 registers[BAR_BYTES];
static struct master master;
static struct pci_function function;
static struct sriov_pf pf;
static struct vf vf;
static struct nvme_vf state;
static const u8 *input;
static size_t left;

static const char *vm_name_of(const struct vf *v)
{
	(void)v;
	return "fuzzer";
}

static u64 take(unsigned bytes)
{
	u64 value = 0;

	for (unsigned i = 0; i < bytes && left; i++, left--)
		value = value << 8 | *input++;
	return value;
}

static bool read_ram(void *vm, gpa_t from, void *to, u64 len)
{
	if (from.v > RAM_BYTES || len > RAM_BYTES - from.v)
		return false;
	memcpy(to, (u8 *)vm + from.v, len);
	return true;
}

static bool write_ram(void *vm, gpa_t to, const void *from, u64 len)
{
	if (to.v > RAM_BYTES || len > RAM_BYTES - to.v)
		return false;
	memcpy((u8 *)vm + to.v, from, len);
	return true;
}

static void start(void)
{
	const struct vf_guest guest = { .vm = memory.ram,
					.read = read_ram,
					.write = write_ram,
					.to_device = memory.to_device,
					.from_device = memory.from_device,
					.to_device_at = iova(TO_DEVICE),
					.from_device_at = iova(TO_DEVICE + PAGE_SIZE) };
	u64 cap = CAP_VALUE;

	fakes_reset();
	memset(&memory, 0, sizeof(memory));
	memset(registers, 0, sizeof(registers));
	memcpy(registers, &cap, sizeof(cap));
	fake_mmio_add_memory(hpa(BAR_BASE), sizeof(registers), registers);
	memset(&master, 0, sizeof(master));
	memset(&state, 0, sizeof(state));
	function = (struct pci_function){ .rid = RID_NONE };
	pf = (struct sriov_pf){ .function = &function, .name = "nvme0", .vfs = &vf, .num_vfs = 1 };
	pf.vf_bars[0] = (struct pci_bar){ .base = BAR_BASE, .size = BAR_BYTES };
	vf = (struct vf){ .pf = &pf };
	master.driver = &nvme_master_driver;
	master.pf = &pf;
	master.vm_name_of = vm_name_of;
	nvme_of(&master)->master = &master;
	nvme_of(&master)->vf = &state;
	nvme_of(&master)->vfs = 1;
	state.vf = &vf;
	state.queues = VF_QUEUES;
	state.interrupts = VF_VECTORS;
	state.nsid = OWN_NSID;
	if (nvme_mediator.attach(&master, &vf, &guest, NULL))
		abort();
}

/* The device answers something, somewhere in its queue. */
static void answer(void)
{
	struct nvme_completion *entry =
		(struct nvme_completion *)memory.from_device + take(1) % NVME_CQ_ENTRIES;

	entry->cid = (u16)take(1);
	entry->sq_head = (u16)take(1);
	entry->dw0 = (u32)take(1);
	entry->status = (u16)take(2);
}

static void operate(unsigned operation)
{
	static const u16 registers_of_interest[] = { 0x14, 0x24, 0x28, 0x30, 0x1000, 0x1004 };
	static const u8 widths[] = { 1, 2, 4, 8 };
	u64 offset;
	unsigned width;

	/* The PF is not there: attachments count as checked. CSTS.RDY follows CC.EN. */
	state.mediation.checked = true;
	registers[NVME_CSTS] = registers[NVME_CC] & CC_EN ? CSTS_RDY : 0;
	switch (operation) {
	case 0:
		offset = registers_of_interest[take(1) % ARRAY_LEN(registers_of_interest)];
		nvme_mediator.write(&master, &vf, offset, 4, take(4));
		break;
	case 1:
		width = widths[take(1) % sizeof(widths)];
		offset = take(2) % (2 * PAGE_SIZE) / width * width;
		nvme_mediator.write(&master, &vf, offset, width, take(width));
		nvme_mediator.read(&master, &vf, offset, width);
		break;
	case 2: memory.ram[take(2) % RAM_BYTES] = (u8)take(1); break;
	case 3: answer(); break;
	case 4: nvme_mediator.poll(&master, &vf, (int)take(1) - 1); break;
	default: memset(memory.from_device, (int)take(1), PAGE_SIZE); break;
	}
}

static void check_guard(const u8 page[PAGE_SIZE])
{
	for (unsigned i = 0; i < PAGE_SIZE; i++)
		if (page[i])
			abort();
}

/* An entry of all zeros is one that was never written. */
static void check_queue(void)
{
	const struct nvme_share share = { OWN_NSID, VF_QUEUES, VF_VECTORS };
	static const struct nvme_command none;

	for (unsigned i = 0; i < NVME_SQ_ENTRIES; i++) {
		const struct nvme_command *c = (const struct nvme_command *)memory.to_device + i;

		if (!memcmp(c, &none, sizeof(none)))
			continue;
		if (nvme_judge(c, &share).status || c->cid >= NVME_SLOTS)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	input = data;
	left = size;
	start();
	while (left) {
		operate((unsigned)take(1) % OPERATIONS);
		check_queue();
	}
	check_guard(memory.before);
	check_guard(memory.between);
	check_guard(memory.after);
	return 0;
}
