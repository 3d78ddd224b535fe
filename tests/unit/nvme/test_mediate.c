/* SPDX-License-Identifier: GPL-2.0-only */
/* The controller that a guest sees: registers, its admin queue, and what it does to them. */
#include "harness.h"

#include <string.h>

#define IDENTIFY      ((struct nvme_command){ .opcode = 0x06, .cid = 7, .prp1 = GUEST_DATA, .cdw10 = 1 })
#define KEEP_ALIVE(n) ((struct nvme_command){ .opcode = 0x18, .cid = (u16)(n) })
#define ATTACH        ((struct nvme_command){ .opcode = 0x15, .cid = 9, .nsid = 1, .prp1 = GUEST_DATA })
#define EVENT(n)      ((struct nvme_command){ .opcode = 0x0c, .cid = (u16)(n) })
#define CREATE_SQ     ((struct nvme_command){ .opcode = 0x01, .cid = 1, .cdw10 = 1, .cdw11 = 0x10001 })

static struct fake_controller *device;

static int setup(void **state)
{
	setup_guest(state);
	device = vf_device(0);
	return 0;
}

/* --- registers */

static void the_device_gets_our_queues_and_never_the_guests(void **state)
{
	(void)state;
	assert_int_equal(device->asq, TO_DEVICE);
	assert_int_equal(device->acq, TO_GUEST);
	assert_int_equal(device->aqa, 255u << 16 | 63);
	assert_int_equal(guest_read_reg(NVME_ASQ, 8), GUEST_SQ);
	assert_int_equal(guest_read_reg(NVME_ACQ, 8), GUEST_CQ);
	assert_int_equal(guest_read_reg(NVME_AQA, 4), 7u << 16 | 7);
}

static void registers_are_read_in_halves_and_in_bytes(void **state)
{
	(void)state;
	guest_write_reg(NVME_CC, 4, 0);
	guest_write_reg(NVME_ASQ, 4, 0x12345fff);
	guest_write_reg(NVME_ASQ + 4, 4, 0x1);
	assert_int_equal(guest_read_reg(NVME_ASQ, 8), 0x112345000ull);
	assert_int_equal(guest_read_reg(NVME_ASQ + 4, 4), 1);
	assert_int_equal(guest_read_reg(NVME_ASQ + 2, 2) & 0xffff, 0x1234);
	assert_int_equal(guest_read_reg(NVME_VS, 4), 0x10400);
	assert_int_equal(guest_read_reg(0x800, 4), 0);
}

static void queue_addresses_cannot_change_while_the_controller_is_on(void **state)
{
	(void)state;
	guest_write_reg(NVME_ASQ, 8, 0x9000);
	guest_write_reg(NVME_ACQ, 8, 0x9000);
	guest_write_reg(NVME_AQA, 4, 0);
	assert_int_equal(guest_read_reg(NVME_ASQ, 8), GUEST_SQ);
	assert_int_equal(guest_read_reg(NVME_ACQ, 8), GUEST_CQ);
	assert_int_equal(guest_read_reg(NVME_AQA, 4), 7u << 16 | 7);
	assert_int_equal(device->asq, TO_DEVICE);
}

static void what_a_guest_must_not_have_is_not_offered(void **state)
{
	(void)state;
	/* Without: 64 KiB pages, controller memory, persistent memory, boot partitions, reset of
	 * the subsystem, ready modes. */
	assert_int_equal(guest_read_reg(NVME_CAP, 8), 0x000018200f0107ffull);
	guest_write_reg(0x20, 4, 0x4e564d65); /* NSSR "NVMe" */
	assert_int_equal(guest_read_reg(NVME_CSTS, 4), CSTS_RDY);
}

static void a_page_size_that_is_not_offered_is_fatal_to_the_guest_alone(void **state)
{
	(void)state;
	guest_write_reg(NVME_CC, 4, 0);
	guest_write_reg(NVME_CC, 4, 0x460001 | 1 << 7);
	assert_int_equal(device->cc & CC_EN, 0);
	assert_true(guest_read_reg(NVME_CSTS, 4) & CSTS_CFS);
	guest_enable(GUEST_SIZE);
	assert_int_equal(guest_read_reg(NVME_CSTS, 4), CSTS_RDY);
	assert_int_equal(guest_do(&IDENTIFY), 0);
}

static void pages_with_admin_doorbells_exit_and_no_others(void **state)
{
	const struct vf_mediator *m = master.driver->mediator;
	struct nvme_mediation *d = &vf_state(0)->mediation;

	(void)state;
	assert_true(m->traps(&master, &pf->vfs[0], 0, 0));
	assert_true(m->traps(&master, &pf->vfs[0], 0, 0x1000));
	assert_false(m->traps(&master, &pf->vfs[0], 0, 0x2000));
	assert_false(m->traps(&master, &pf->vfs[0], 2, 0));
	/* A stride of 4 KiB: the second doorbell has a page of its own, I/O queues are free. */
	d->cap |= 10ull << 32;
	assert_true(m->traps(&master, &pf->vfs[0], 0, 0x2000));
	assert_false(m->traps(&master, &pf->vfs[0], 0, 0x3000));
}

static void doorbells_of_io_queues_go_through_and_are_counted(void **state)
{
	(void)state;
	guest_write_reg(0x1008, 4, 5);
	assert_int_equal(device->io_doorbell, 0x1008);
	assert_int_equal(device->io_value, 5);
	guest_write_reg(0x100c, 4, 6);
	assert_int_equal(device->io_doorbells, 2);
	assert_int_equal(vf_state(0)->mediation.doorbells, 2);
}

static void doorbells_are_dwords(void **state)
{
	(void)state;
	guest_write_reg(0x1008, 8, ~0ull);
	guest_write_reg(0x1008, 2, 1);
	guest_write_reg(0x1008, 1, 1);
	assert_int_equal(device->io_doorbells, 0);
	guest_put(&IDENTIFY);
	guest_write_reg(0x1000, 2, 1);
	assert_int_equal(device->seen_count, 0);
}

/* --- commands */

static void an_allowed_command_comes_back_under_the_guests_number(void **state)
{
	(void)state;
	assert_int_equal(guest_do(&IDENTIFY), 0);
	assert_int_equal(fake_nvme_last(device)->opcode, 0x06);
	assert_int_equal(fake_nvme_last(device)->prp1, GUEST_DATA);
	assert_int_equal(ram[GUEST_DATA + 24], 0xee);
}

static void a_denied_command_never_reaches_the_device(void **state)
{
	struct nvme_completion done;

	(void)state;
	guest_put(&ATTACH);
	guest_ring();
	assert_int_equal(device->seen_count, 0);
	assert_true(guest_take(&done));
	assert_int_equal(done.cid, 9);
	assert_int_equal(done.status >> 1, 0x4001); /* Invalid Opcode, do not retry */
	assert_true(interrupt_owed());
	assert_int_equal(disk.holders[1], BIT(0));
}

static void a_denied_command_is_told_with_the_vm_and_not_without_end(void **state)
{
	struct vf_service s;

	(void)state;
	for (unsigned n = 0; n < 1000; n++)
		assert_int_equal(guest_do(&ATTACH), 0x001);
	assert_true(fake_log_contains("VF 0 (VM \"web\"): admin command 15h (Namespace "
				      "Attachment) denied"));
	assert_true(strlen(fake_log_text()) < 8192);
	master.driver->describe_vf(&master, &pf->vfs[0], &s);
	assert_int_equal(s.mailbox_messages, 1000);
	assert_int_equal(s.mailbox_denied, 1000);
}

static void a_command_that_waited_is_judged_as_it_is_fetched(void **state)
{
	struct nvme_completion done;
	struct nvme_command *entry;

	(void)state;
	for (unsigned n = 0; n < GUEST_SIZE - 1; n++)
		guest_put(&KEEP_ALIVE(n));
	guest_ring();
	poll_device(0); /* the guest's completion queue is full now */
	entry = guest_put(&KEEP_ALIVE(3));
	guest_ring();
	*entry = ATTACH;
	assert_true(guest_take(&done)); /* makes room: the command is fetched */
	assert_int_equal(vf_state(0)->mediation.denied, 1);
	assert_int_equal(fake_nvme_count(device, 0x15), 0);
}

/* A guest whose memory says something else at each look. */
static unsigned looks;
static bool read_changing(void *vm, gpa_t from, void *to, u64 len)
{
	struct nvme_command c = looks++ ? ATTACH : KEEP_ALIVE(3);

	(void)vm, (void)from;
	assert_int_equal(len, sizeof(c));
	memcpy(to, &c, sizeof(c));
	return true;
}

static void a_command_is_looked_at_exactly_once(void **state)
{
	(void)state;
	looks = 0;
	vf_state(0)->mediation.guest.read = read_changing;
	guest_put(&KEEP_ALIVE(3));
	guest_ring();
	assert_int_equal(looks, 1);
	assert_int_equal(device->seen_count, 1);
	assert_int_equal(fake_nvme_last(device)->opcode, 0x18);
}

static void identify_controller_shows_no_command_that_would_be_denied(void **state)
{
	static const struct {
		unsigned at, bytes;
	} hidden[] = { { 256, 2 }, { 265, 1 }, { 272, 8 }, { 328, 4 } };
	bool expected_zero[4096] = { false };

	(void)state;
	assert_int_equal(guest_do(&IDENTIFY), 0);
	for (unsigned i = 0; i < ARRAY_LEN(hidden); i++)
		memset(expected_zero + hidden[i].at, true, hidden[i].bytes);
	for (unsigned i = 0; i < 4096; i++)
		if (expected_zero[i])
			assert_int_equal(ram[GUEST_DATA + i], 0);
	assert_int_equal(ram[GUEST_DATA + 255], 0xee);
	assert_int_equal(ram[GUEST_DATA + 258], 0xee);
	assert_int_equal(ram[GUEST_DATA + 264], 0xee);
	assert_int_equal(ram[GUEST_DATA + 266], 0xee);
}

static void the_answer_may_lie_in_two_pages(void **state)
{
	struct nvme_command c = IDENTIFY;

	(void)state;
	memset(ram + 0x8000, 0xdd, 0x4000);
	c.prp1 = 0x8000 + 0xf80; /* 128 bytes, then the rest */
	c.prp2 = 0xa000;
	disk.vf_mute = true; /* the fake knows only one page: the answer is ours */
	guest_put(&c);
	guest_ring();
	fake_nvme_complete(device, fake_nvme_last(device)->cid, 0, 0);
	poll_device(0);
	assert_int_equal(ram[0xa000 + 256 - 128], 0);
	assert_int_equal(ram[0xa000 + 257 - 128], 0);
	assert_int_equal(ram[0xa000 + 258 - 128], 0xdd);
	assert_int_equal(ram[0x8000 + 0xf80], 0xdd);
}

static void an_answer_outside_the_ram_changes_nothing(void **state)
{
	struct nvme_command c = IDENTIFY;

	(void)state;
	c.prp1 = RAM_BYTES - 128;
	c.prp2 = TO_GUEST;
	disk.vf_mute = true;
	guest_put(&c);
	guest_ring();
	fake_nvme_complete(device, fake_nvme_last(device)->cid, 0, 0);
	poll_device(0);
	assert_int_equal(guest_read_reg(NVME_CSTS, 4), CSTS_RDY);
}

static void a_failed_identify_changes_no_memory(void **state)
{
	(void)state;
	memset(ram + GUEST_DATA, 0xdd, PAGE_SIZE);
	disk.refused_opcode = 0x06;
	disk.refused_by_vfs = true;
	disk.refused_status = 0x006;
	assert_int_equal(guest_do(&IDENTIFY), 0x006);
	assert_int_equal(ram[GUEST_DATA + 256], 0xdd);
}

static void abort_names_the_guests_command(void **state)
{
	const struct nvme_command abort = { .opcode = 0x08, .cid = 2, .cdw10 = 0x1234u << 16 };

	(void)state;
	guest_put(&EVENT(0x4321));
	guest_put(&EVENT(0x1234));
	guest_ring();
	assert_int_equal(guest_do(&abort), 0);
	assert_int_equal(fake_nvme_last(device)->opcode, 0x08);
	assert_int_equal(fake_nvme_last(device)->cdw10 >> 16, device->seen[1].cid);
}

static void abort_of_what_is_not_there_is_not_done_and_no_error(void **state)
{
	const struct nvme_command abort = { .opcode = 0x08, .cid = 2, .cdw10 = 5u << 16 };
	struct nvme_completion done;

	(void)state;
	guest_put(&abort);
	guest_ring();
	assert_true(guest_take(&done));
	assert_int_equal(done.status >> 1, 0);
	assert_int_equal(done.dw0, 1);
	assert_int_equal(device->seen_count, 0);
}

/* --- queues */

static void the_guests_queue_wraps_and_its_phase_turns(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 1000; n++)
		assert_int_equal(guest_do(&KEEP_ALIVE(n)), 0);
}

static void a_full_completion_queue_holds_the_rest_back_until_there_is_room(void **state)
{
	struct nvme_completion done;

	(void)state;
	for (unsigned n = 0; n < GUEST_SIZE - 1; n++)
		guest_put(&KEEP_ALIVE(n));
	guest_ring();
	poll_device(0); /* seven completions fill a queue of eight */
	guest_put(&ATTACH);
	guest_ring();
	assert_int_equal(vf_state(0)->mediation.denied, 0); /* no room for its answer yet */
	for (unsigned n = 0; n < GUEST_SIZE - 1; n++) {
		assert_true(guest_take(&done));
		assert_int_equal(done.cid, n);
	}
	assert_true(guest_take(&done));
	assert_int_equal(done.cid, 9);
	assert_false(guest_take(&done));
	assert_true(interrupt_owed());
}

static void more_commands_than_the_device_has_room_for_wait(void **state)
{
	struct nvme_completion done;

	(void)state;
	guest_enable(64);
	for (unsigned n = 0; n < 63; n++)
		guest_put(&EVENT(n));
	guest_ring();
	guest_put(&EVENT(100));
	guest_ring();
	assert_int_equal(device->seen_count, 63);
	fake_nvme_complete(device, device->seen[0].cid, 0, 0);
	poll_device(0);
	assert_true(guest_take(&done));
	assert_int_equal(done.cid, 0);
	assert_int_equal(device->seen_count, 64);
}

static void completions_that_the_guest_has_no_room_for_wait_in_the_devices_queue(void **state)
{
	struct nvme_completion done;

	(void)state;
	for (unsigned n = 0; n < 14; n++) {
		guest_put(&EVENT(n));
		guest_ring();
	}
	for (unsigned n = 0; n < 14; n++)
		fake_nvme_complete(device, device->seen[n].cid, 0, 0);
	poll_device(0);
	for (unsigned n = 0; n < 14; n++) {
		assert_true(guest_take(&done));
		assert_int_equal(done.cid, n);
	}
	assert_false(guest_take(&done));
}

static void what_the_device_has_not_fetched_is_not_written_over(void **state)
{
	(void)state;
	guest_enable(64);
	for (unsigned n = 0; n < 63; n++)
		guest_put(&EVENT(n));
	guest_ring();
	device->sq_head = 0; /* it completes one, and says that it has fetched none */
	fake_nvme_complete(device, device->seen[5].cid, 0, 0);
	device->sq_head = 63;
	guest_put(&EVENT(100));
	guest_ring();
	assert_int_equal(device->seen_count, 63);
	fake_nvme_complete(device, device->seen[6].cid, 0, 0);
	poll_device(0);
	assert_int_equal(device->seen_count, 64);
}

static void a_tail_or_head_outside_the_queue_is_ignored(void **state)
{
	(void)state;
	guest_put(&IDENTIFY);
	guest_write_reg(0x1000, 4, GUEST_SIZE);
	guest_write_reg(0x1000, 4, 0xffffffff);
	guest_write_reg(0x1004, 4, 0xffff);
	assert_int_equal(device->seen_count, 0);
	guest_ring();
	assert_int_equal(device->seen_count, 1);
}

static void a_head_outside_the_queue_makes_no_room(void **state)
{
	(void)state;
	for (unsigned n = 0; n < GUEST_SIZE - 1; n++)
		guest_put(&KEEP_ALIVE(n));
	guest_ring();
	poll_device(0);
	guest_write_reg(0x1004, 4, GUEST_SIZE);
	guest_put(&ATTACH);
	guest_ring();
	assert_int_equal(vf_state(0)->mediation.denied, 0);
	guest_write_reg(0x1004, 4, 1);
	assert_int_equal(vf_state(0)->mediation.denied, 1);
}

static void doorbells_without_a_controller_do_nothing(void **state)
{
	(void)state;
	guest_write_reg(NVME_CC, 4, 0);
	guest_write_reg(0x1000, 4, 1);
	guest_write_reg(0x1004, 4, 1);
	poll_device(0);
	assert_int_equal(device->seen_count, 0);
}

static void queues_outside_the_ram_stop_the_guests_controller(void **state)
{
	static const u64 places[] = { RAM_BYTES, RAM_BYTES - 64, ~0ull << 12, TO_DEVICE };

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(places); i++) {
		guest_write_reg(NVME_CC, 4, 0);
		guest_write_reg(NVME_ASQ, 8, places[i]);
		guest_write_reg(NVME_ACQ, 8, places[i]);
		guest_write_reg(NVME_CC, 4, 0x460001);
		guest_write_reg(0x1000, 4, 7);
		poll_device(0);
		if (places[i] != RAM_BYTES - 64) /* which is page-aligned down into the RAM */
			assert_true(guest_read_reg(NVME_CSTS, 4) & CSTS_CFS);
		assert_int_equal(fake_nvme_count(device, 0x15), 0);
	}
	guest_enable(GUEST_SIZE);
	assert_int_equal(guest_do(&IDENTIFY), 0);
}

static void queues_of_one_entry_are_none(void **state)
{
	(void)state;
	guest_write_reg(NVME_CC, 4, 0);
	guest_write_reg(NVME_AQA, 4, 0);
	guest_write_reg(NVME_CC, 4, 0x460001);
	assert_true(guest_read_reg(NVME_CSTS, 4) & CSTS_CFS);
}

static void false_completions_hit_nobody(void **state)
{
	struct nvme_completion done;

	(void)state;
	for (u32 cid = 0; cid < 0x10000; cid += 0x333)
		fake_nvme_complete(device, (u16)cid, 0, 0xdead);
	poll_device(0);
	assert_false(guest_take(&done));
	assert_int_equal(vf_state(0)->mediation.strange, 0x10000 / 0x333 + 1);
}

static void a_page_of_ones_over_the_completions_ends(void **state)
{
	struct nvme_completion done;

	(void)state;
	memset(vf_state(0)->mediation.guest.from_device, 0xff, PAGE_SIZE);
	poll_device(0);
	poll_device(0);
	assert_false(guest_take(&done));
	assert_int_equal(vf_state(0)->mediation.strange, NVME_CQ_ENTRIES);
}

static void a_switched_off_controller_forgets_its_commands(void **state)
{
	struct nvme_completion done;

	(void)state;
	guest_put(&EVENT(5));
	guest_ring();
	guest_enable(GUEST_SIZE);
	assert_int_equal(vf_state(0)->mediation.slot[0].used, false);
	fake_nvme_complete(device, 0, 0, 0); /* a late one */
	poll_device(0);
	assert_false(guest_take(&done));
	assert_int_equal(guest_do(&IDENTIFY), 0);
}

/* --- interrupts */

static void the_devices_own_interrupt_is_the_guests_and_no_second_is_owed(void **state)
{
	(void)state;
	guest_put(&IDENTIFY);
	guest_ring();
	poll_device(0);
	assert_false(interrupt_owed());
}

static void what_a_tick_found_is_owed_an_interrupt(void **state)
{
	(void)state;
	guest_put(&IDENTIFY);
	guest_ring();
	poll_device(-1);
	assert_true(interrupt_owed());
	master.driver->mediator->interrupt_given(&master, &pf->vfs[0]);
	assert_false(interrupt_owed());
	poll_device(-1);
	assert_false(interrupt_owed());
}

/* --- attachments and owners */

static void a_namespace_that_comes_with_enable_is_gone_before_the_first_command(void **state)
{
	(void)state;
	disk.attached_at_enable = BIT(3);
	guest_enable(GUEST_SIZE);
	assert_int_equal(disk.holders[3], BIT(1));
	guest_put(&IDENTIFY);
	guest_ring();
	assert_int_equal(disk.holders[3], 0);
	assert_int_equal(disk.holders[2], BIT(1));
	assert_true(fake_log_contains("1 foreign namespaces came with CC.EN; detached"));
}

static void attachments_are_looked_at_once_per_enable(void **state)
{
	unsigned looks_before, looks_after;

	(void)state;
	guest_do(&IDENTIFY);
	looks_before = disk.controller[0].seen_count;
	guest_do(&CREATE_SQ);
	assert_int_equal(disk.controller[0].seen_count, looks_before);
	guest_enable(GUEST_SIZE);
	guest_do(&IDENTIFY);
	looks_after = disk.controller[0].seen_count;
	assert_true(looks_after > looks_before);
}

static void a_command_before_the_controller_is_ready_waits_for_the_next_ring(void **state)
{
	struct nvme_completion done;
	unsigned asked;

	(void)state;
	guest_enable(GUEST_SIZE);
	device->csts = 0;
	guest_put(&IDENTIFY);
	guest_ring();
	assert_int_equal(device->seen_count, 0);
	disk.holders[3] |= BIT(1); /* what the device does while it gets ready */
	device->csts = CSTS_RDY;
	/* Neither an interrupt nor the service tick waits for the PF. */
	asked = disk.controller[0].seen_count;
	poll_device(0);
	poll_device(-1);
	assert_int_equal(disk.controller[0].seen_count, asked);
	assert_int_equal(device->seen_count, 0);
	guest_ring();
	poll_device(-1);
	assert_true(guest_take(&done));
	assert_int_equal(disk.holders[3], 0);
}

static bool lock_was_free;
static void *watching_dma(u16 cntlid, u64 address, u64 bytes)
{
	if (cntlid == 0)
		lock_was_free = lock_was_free && !vf_state(0)->mediation.lock.locked;
	return device_dma(cntlid, address, bytes);
}

static void interrupts_need_not_wait_while_attachments_are_looked_at(void **state)
{
	unsigned asked = disk.controller[0].seen_count;

	(void)state;
	lock_was_free = true;
	disk.dma = watching_dma;
	guest_put(&IDENTIFY);
	guest_ring();
	assert_true(disk.controller[0].seen_count > asked);
	assert_true(lock_was_free);
}

static void enabling_a_controller_that_still_says_ready_is_fatal_to_the_guest_alone(void **state)
{
	(void)state;
	assert_int_equal(guest_do(&IDENTIFY), 0);
	disk.never_idle = true; /* its reset takes long: "ready" is that of the last start */
	guest_write_reg(NVME_CC, 4, 0);
	guest_write_reg(NVME_CC, 4, 0x460001);
	assert_int_equal(device->cc & CC_EN, 0);
	assert_true(guest_read_reg(NVME_CSTS, 4) & CSTS_CFS);
	disk.never_idle = false;
	device->csts = 0;
	guest_enable(GUEST_SIZE);
	assert_int_equal(guest_do(&IDENTIFY), 0);
}

static void a_controller_that_is_not_ready_yet_cannot_be_switched_off(void **state)
{
	(void)state;
	guest_write_reg(NVME_CC, 4, 0);
	disk.never_ready = true;
	guest_write_reg(NVME_CC, 4, 0x460001);
	guest_write_reg(NVME_CC, 4, 0);
	assert_true(device->cc & CC_EN);
	assert_int_equal(guest_read_reg(NVME_CSTS, 4), CSTS_CFS);
	/* It may if it has failed. */
	disk.fatal = true;
	guest_write_reg(NVME_CC, 4, 0);
	assert_false(device->cc & CC_EN);
	disk.fatal = disk.never_ready = false;
	guest_enable(GUEST_SIZE);
	assert_int_equal(guest_do(&IDENTIFY), 0);
}

/* The device may fetch at any time; here it does at each fence. */
static struct nvme_command fetched[8];
static unsigned fetches;
static void fetch(void)
{
	const struct nvme_command *queue = device_dma(1, TO_DEVICE, PAGE_SIZE);

	if (fetches < ARRAY_LEN(fetched))
		fetched[fetches++] = queue[0];
}

static void an_entry_is_never_half_of_one_command_and_half_of_another(void **state)
{
	(void)state;
	*(struct nvme_command *)device_dma(1, TO_DEVICE, PAGE_SIZE) = EVENT(1);
	fetches = 0;
	fake_on_store_fence = fetch;
	guest_put(&IDENTIFY);
	guest_ring();
	assert_true(fetches > 0);
	for (unsigned i = 0; i < fetches; i++) {
		const struct nvme_command *c = &fetched[i];
		bool old = c->opcode == 0x0c && !c->prp1 && !c->cdw10;
		bool new = c->opcode == 0x06 && c->prp1 == GUEST_DATA && c->cdw10 == 1;

		assert_true(old || new || c->opcode == NVME_RESERVED_OPCODE);
	}
}

static void a_guest_whose_attachments_cannot_be_checked_stays_without_commands(void **state)
{
	(void)state;
	disk.holders[3] |= BIT(1);
	disk.refused_opcode = 0x15;
	disk.refused_status = 0x006;
	guest_put(&CREATE_SQ);
	guest_ring();
	assert_int_equal(device->seen_count, 0);
	assert_true(guest_read_reg(NVME_CSTS, 4) & CSTS_CFS);
	assert_true(fake_log_contains("VF 0 (VM \"web\") stays without commands"));
}

static void after_its_vm_has_gone_nothing_reaches_the_device(void **state)
{
	unsigned before = device->seen_count;

	(void)state;
	master.driver->quiesce_vf(&master, &pf->vfs[0]);
	guest_write_reg(0x1000, 4, 1);
	guest_write_reg(0x1008, 4, 1);
	guest_write_reg(NVME_CC, 4, 0);
	poll_device(0);
	assert_int_equal(device->seen_count, before);
	assert_int_equal(device->io_doorbells, 0);
	assert_true(device->cc & CC_EN);
}

static void a_reset_vf_starts_with_registers_of_a_reset_controller(void **state)
{
	struct why why;

	(void)state;
	device->cc = device->csts = 0; /* as its FLR leaves it */
	assert_int_equal(master.driver->vf_reset_done(&master, &pf->vfs[0], true, &why), OK);
	assert_int_equal(guest_read_reg(NVME_CC, 4), 0);
	assert_int_equal(guest_read_reg(NVME_AQA, 4), 0);
	assert_int_equal(guest_read_reg(NVME_ASQ, 8), 0);
	guest_enable(GUEST_SIZE);
	assert_int_equal(guest_do(&IDENTIFY), 0);
}

#define T(t) cmocka_unit_test_setup_teardown(t, setup, setup_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_device_gets_our_queues_and_never_the_guests),
		T(registers_are_read_in_halves_and_in_bytes),
		T(queue_addresses_cannot_change_while_the_controller_is_on),
		T(what_a_guest_must_not_have_is_not_offered),
		T(a_page_size_that_is_not_offered_is_fatal_to_the_guest_alone),
		T(pages_with_admin_doorbells_exit_and_no_others),
		T(doorbells_of_io_queues_go_through_and_are_counted),
		T(doorbells_are_dwords),
		T(an_allowed_command_comes_back_under_the_guests_number),
		T(a_denied_command_never_reaches_the_device),
		T(a_denied_command_is_told_with_the_vm_and_not_without_end),
		T(a_command_that_waited_is_judged_as_it_is_fetched),
		T(a_command_is_looked_at_exactly_once),
		T(identify_controller_shows_no_command_that_would_be_denied),
		T(the_answer_may_lie_in_two_pages),
		T(an_answer_outside_the_ram_changes_nothing),
		T(a_failed_identify_changes_no_memory),
		T(abort_names_the_guests_command),
		T(abort_of_what_is_not_there_is_not_done_and_no_error),
		T(the_guests_queue_wraps_and_its_phase_turns),
		T(a_full_completion_queue_holds_the_rest_back_until_there_is_room),
		T(more_commands_than_the_device_has_room_for_wait),
		T(completions_that_the_guest_has_no_room_for_wait_in_the_devices_queue),
		T(what_the_device_has_not_fetched_is_not_written_over),
		T(a_tail_or_head_outside_the_queue_is_ignored),
		T(a_head_outside_the_queue_makes_no_room),
		T(doorbells_without_a_controller_do_nothing),
		T(queues_outside_the_ram_stop_the_guests_controller),
		T(queues_of_one_entry_are_none),
		T(false_completions_hit_nobody),
		T(a_page_of_ones_over_the_completions_ends),
		T(a_switched_off_controller_forgets_its_commands),
		T(the_devices_own_interrupt_is_the_guests_and_no_second_is_owed),
		T(what_a_tick_found_is_owed_an_interrupt),
		T(a_namespace_that_comes_with_enable_is_gone_before_the_first_command),
		T(attachments_are_looked_at_once_per_enable),
		T(a_command_before_the_controller_is_ready_waits_for_the_next_ring),
		T(interrupts_need_not_wait_while_attachments_are_looked_at),
		T(enabling_a_controller_that_still_says_ready_is_fatal_to_the_guest_alone),
		T(a_controller_that_is_not_ready_yet_cannot_be_switched_off),
		T(an_entry_is_never_half_of_one_command_and_half_of_another),
		T(a_guest_whose_attachments_cannot_be_checked_stays_without_commands),
		T(after_its_vm_has_gone_nothing_reaches_the_device),
		T(a_reset_vf_starts_with_registers_of_a_reset_controller),
	};

	return cmocka_run_group_tests_name("nvme mediate", tests, NULL, NULL);
}
