/* SPDX-License-Identifier: GPL-2.0-only */
#include "harness.h"

#include <string.h>

#include "base/pool.h"
#include "pci/config.h"

#define PF_MEMORY    0x100000ull /* where the PF's pages are for it */
#define PF_PAGES_MAX 8
#define POOL_PAGES   4096
#define PORT_WINDOW  0xc0000000ull
#define WINDOW_BYTES (2 * MiB)

struct fake_nvme disk;
struct master master;
struct sriov_pf *pf;
u8 ram[RAM_BYTES] __attribute__((aligned(4096)));
bool dma_refused;
static u8 pf_memory[PF_PAGES_MAX * PAGE_SIZE] __attribute__((aligned(4096)));
static u8 to_device[PAGE_SIZE] __attribute__((aligned(4096)));
static u8 to_guest[PAGE_SIZE] __attribute__((aligned(4096)));
static u64 pf_pages;
static u32 sq_tail, cq_head;
static u16 cq_phase;
static u32 queue_entries;

static const char *vm_name_of(const struct vf *vf)
{
	return vf->index == 0 ? "web" : "db";
}

static void *dma_alloc(struct master *m, u64 pages, iova_t *at, struct why *why)
{
	void *p = pf_memory + pf_pages * PAGE_SIZE;

	if (dma_refused || pf_pages + pages > PF_PAGES_MAX) {
		fail(why, ERR_REFUSED, m->pf->function->rid, "nothing confines its DMA");
		return NULL;
	}
	*at = iova(PF_MEMORY + pf_pages * PAGE_SIZE);
	pf_pages += pages;
	return p;
}

void *device_dma(u16 cntlid, u64 address, u64 bytes)
{
	if (cntlid == 0) {
		if (address >= PF_MEMORY && address - PF_MEMORY + bytes <= sizeof(pf_memory))
			return pf_memory + (address - PF_MEMORY);
		return NULL;
	}
	if (address + bytes <= RAM_BYTES)
		return ram + address;
	if (address >= TO_DEVICE && address + bytes <= TO_DEVICE + PAGE_SIZE)
		return to_device + (address - TO_DEVICE);
	if (address >= TO_GUEST && address + bytes <= TO_GUEST + PAGE_SIZE)
		return to_guest + (address - TO_GUEST);
	return NULL;
}

int setup_cold(void **state)
{
	struct fake_function *port;

	(void)state;
	fakes_reset();
	fake_pool_reset(POOL_PAGES);
	fake_pci_reset();
	port = fake_pci_root_port(rid_make(0, 0, 3, 0), 1, 1, FAKE_ACS_ALL);
	fake_window(port, false, PORT_WINDOW, WINDOW_BYTES);
	fake_pci_nvme(port, FAKE_NVME_VFS);
	assert_int_equal(pci_config_init(fake_pci_mcfg(), NULL), OK);
	assert_int_equal(pci_walk(NULL), OK);
	sriov_probe_all();
	pf = sriov_pf(0);
	fake_nvme_reset(&disk);
	disk.dma = device_dma;
	fake_nvme_map(&disk, 0, hpa(pf->function->bars[0].base));
	memset(&master, 0, sizeof(master));
	memset(ram, 0, sizeof(ram));
	pf_pages = 0;
	dma_refused = false;
	master.driver = master_driver_for(pf->function);
	master.pf = pf;
	master.vm_name_of = vm_name_of;
	master.dma_alloc = dma_alloc;
	pf->master = &master;
	strcpy(pf->name, "nvme0");
	return 0;
}

int setup_teardown(void **state)
{
	(void)state;
	fake_pool_reset(0);
	return 0;
}

enum err start(struct why *why)
{
	return master.driver->start(&master, why);
}

enum err enable_vfs(struct why *why)
{
	enum err e = sriov_enable(pf, 0, master.driver->vf_limit(pf), why);

	for (unsigned n = 0; !e && n < pf->num_vfs; n++) {
		vf_set_command(&pf->vfs[n], true, true);
		fake_nvme_map(&disk, 1 + n, hpa(vf_bar(&pf->vfs[n], 0).base));
	}
	return e ? e : master.driver->vfs_enabled(&master, why);
}

int setup_started(void **state)
{
	struct why why = { 0 };

	setup_cold(state);
	if (start(&why) != OK || enable_vfs(&why) != OK)
		fail_msg("start: %s", why.text);
	return 0;
}

struct nvme_vf *vf_state(unsigned n)
{
	return &nvme_of(&master)->vf[n];
}

struct fake_controller *vf_device(unsigned n)
{
	return &disk.controller[1 + n];
}

enum err give(unsigned n, u32 nsid, struct why *why)
{
	const struct vf_policy policy = { .nsid = nsid };
	enum err e = master.driver->check_policy(&master, &pf->vfs[n], &policy, why);

	return e ? e : master.driver->prepare_vf(&master, &pf->vfs[n], &policy, why);
}

/* --- the guest */

static bool read_ram(void *vm, gpa_t from, void *to, u64 len)
{
	(void)vm;
	if (from.v > RAM_BYTES || len > RAM_BYTES - from.v)
		return false;
	memcpy(to, ram + from.v, len);
	return true;
}

static bool write_ram(void *vm, gpa_t to, const void *from, u64 len)
{
	(void)vm;
	if (to.v > RAM_BYTES || len > RAM_BYTES - to.v)
		return false;
	memcpy(ram + to.v, from, len);
	return true;
}

int setup_guest(void **state)
{
	const struct vf_guest guest = { .vm = ram,
					.read = read_ram,
					.write = write_ram,
					.to_device = to_device,
					.from_device = to_guest,
					.to_device_at = iova(TO_DEVICE),
					.from_device_at = iova(TO_GUEST) };
	struct why why = { 0 };

	setup_started(state);
	if (give(0, 2, &why) || master.driver->mediator->attach(&master, &pf->vfs[0], &guest, &why))
		fail_msg("VF 0: %s", why.text);
	guest_enable(GUEST_SIZE);
	return 0;
}

void guest_write_reg(u64 offset, unsigned width, u64 value)
{
	master.driver->mediator->write(&master, &pf->vfs[0], offset, width, value);
}

u64 guest_read_reg(u64 offset, unsigned width)
{
	return master.driver->mediator->read(&master, &pf->vfs[0], offset, width);
}

void guest_enable(u32 entries)
{
	queue_entries = entries;
	sq_tail = cq_head = 0;
	cq_phase = 1;
	memset(ram + GUEST_CQ, 0, PAGE_SIZE);
	guest_write_reg(NVME_CC, 4, 0);
	guest_write_reg(NVME_AQA, 4, (entries - 1) << 16 | (entries - 1));
	guest_write_reg(NVME_ASQ, 8, GUEST_SQ);
	guest_write_reg(NVME_ACQ, 8, GUEST_CQ);
	guest_write_reg(NVME_CC, 4, 0x460001);
}

struct nvme_command *guest_put(const struct nvme_command *command)
{
	struct nvme_command *entry = (struct nvme_command *)(ram + GUEST_SQ) + sq_tail;

	*entry = *command;
	sq_tail = (sq_tail + 1) % queue_entries;
	return entry;
}

void guest_ring(void)
{
	guest_write_reg(0x1000, 4, sq_tail);
}

bool guest_take(struct nvme_completion *out)
{
	*out = ((struct nvme_completion *)(ram + GUEST_CQ))[cq_head];
	if ((out->status & 1) != cq_phase)
		return false;
	if (++cq_head == queue_entries) {
		cq_head = 0;
		cq_phase ^= 1;
	}
	guest_write_reg(0x1004, 4, cq_head);
	return true;
}

void poll_device(int entry)
{
	master.driver->mediator->poll(&master, &pf->vfs[0], entry);
}

bool interrupt_owed(void)
{
	u16 index = 99;
	bool owed = master.driver->mediator->interrupt_owed(&master, &pf->vfs[0], &index);

	assert_int_equal(index, 0);
	return owed;
}

u16 guest_do(const struct nvme_command *command)
{
	struct nvme_completion done;

	guest_put(command);
	guest_ring();
	poll_device(0);
	if (!guest_take(&done))
		fail_msg("no completion of command %02xh", command->opcode);
	assert_int_equal(done.cid, command->cid);
	return done.status >> 1 & 0x7ff;
}
