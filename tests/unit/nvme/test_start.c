/* SPDX-License-Identifier: GPL-2.0-only */
/* The PF's controller, its resources, and VFs that come online, or do not. */
#include "harness.h"

#include <string.h>

#define SECONDS(n) ((n)*NS_PER_S)

static struct why why;

static void a_controller_of_any_vendor_is_ours_by_its_class(void **state)
{
	struct pci_function other = *pf->function;

	(void)state;
	assert_string_equal(master.driver->name, "nvme");
	other.vendor = 0x144d;
	assert_ptr_equal(master_driver_for(&other), master.driver);
	other.class_code = 0x010801;
	assert_null(master_driver_for(&other));
}

static void all_vfs_come_online_with_an_equal_share(void **state)
{
	(void)state;
	assert_int_equal(start(&why), OK);
	assert_int_equal(enable_vfs(&why), OK);
	for (unsigned n = 0; n < FAKE_NVME_VFS; n++) {
		assert_true(vf_device(n)->online);
		assert_int_equal(vf_device(n)->queues, 2);
		assert_int_equal(vf_device(n)->interrupts, 1);
		assert_int_equal(pf->vfs[n].state, VF_PARKED);
	}
	assert_true(fake_log_contains("4 of 4 VFs online, each with VQ 2, VI 1"));
}

static void a_controller_that_firmware_left_on_is_switched_off_first(void **state)
{
	struct fake_controller *c = &disk.controller[0];

	(void)state;
	c->cc = 0x460001;
	c->csts = 1;
	assert_int_equal(start(&why), OK);
	assert_int_equal(c->enables, 1);
	assert_true(c->asq != 0 && c->asq % PAGE_SIZE == 0);
}

static void a_controller_that_never_becomes_ready_is_given_up_when_it_says(void **state)
{
	(void)state;
	disk.never_ready = true;
	assert_int_equal(start(&why), ERR_TIMEOUT);
	assert_non_null(strstr(why.text, "does not become ready within its 7500 ms"));
	assert_true(fake_time_now() >= 7500 * NS_PER_MS);
	assert_true(fake_time_now() < SECONDS(9));
}

static void a_controller_that_never_becomes_idle_is_not_enabled_again(void **state)
{
	(void)state;
	disk.controller[0].cc = 0x460001;
	disk.controller[0].csts = 1;
	disk.never_idle = true;
	assert_int_equal(start(&why), ERR_TIMEOUT);
	assert_non_null(strstr(why.text, "does not become idle"));
	assert_int_equal(disk.controller[0].enables, 0);
}

static void a_fatal_controller_is_not_waited_for(void **state)
{
	(void)state;
	disk.fatal = true;
	assert_int_equal(start(&why), ERR_DEVICE);
	assert_non_null(strstr(why.text, "fatal error"));
	assert_true(fake_time_now() < SECONDS(1));
}

static void a_device_that_is_gone_is_no_controller(void **state)
{
	(void)state;
	disk.gone = true;
	assert_int_equal(start(&why), ERR_UNSUPPORTED);
}

static void without_memory_that_confines_it_the_pf_does_not_start(void **state)
{
	(void)state;
	dma_refused = true;
	assert_int_equal(start(&why), ERR_REFUSED);
	assert_string_equal(why.text, "nothing confines its DMA");
	assert_int_equal(disk.controller[0].enables, 0);
}

static void a_command_without_an_answer_gives_the_pf_up(void **state)
{
	(void)state;
	disk.mute = true;
	assert_int_equal(start(&why), ERR_TIMEOUT);
	assert_non_null(strstr(why.text, "no answer to Identify within 5 s"));
	assert_true(master.failed);
	assert_int_equal(disk.controller[0].seen_count, 1);
}

static void commands_go_on_where_the_queue_wraps(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 3 * NVME_CQ_ENTRIES; n++)
		assert_int_equal(nvme_identify(nvme_of(&master), CNS_CONTROLLER, 0, 0, &why), OK);
}

static void an_error_status_is_told_with_its_name(void **state)
{
	static const struct {
		u16 status;
		const char *text;
	} rows[] = {
		{ 0x11f, "status 0x11f, Invalid Controller Identifier" },
		{ 0x120, "status 0x120, Invalid Secondary Controller State" },
		{ 0x121, "status 0x121, Invalid Number of Controller Resources" },
		{ 0x3ff, "status 0x3ff, a status without a name here" },
	};

	(void)state;
	assert_int_equal(start(&why), OK);
	disk.refused_opcode = NVME_VIRTUALIZATION;
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		const struct nvme_command c = { .opcode = NVME_VIRTUALIZATION };

		disk.refused_status = rows[i].status;
		assert_int_equal(nvme_admin(nvme_of(&master), &c, NULL, &why), ERR_DEVICE);
		assert_non_null(strstr(why.text, rows[i].text));
		assert_non_null(strstr(why.text, "Virtualization Management"));
	}
}

static void a_list_of_controllers_in_pieces_is_read_to_its_end(void **state)
{
	(void)state;
	disk.list_piece = 1;
	assert_int_equal(start(&why), OK);
	assert_int_equal(enable_vfs(&why), OK);
	for (unsigned n = 0; n < FAKE_NVME_VFS; n++) {
		assert_true(vf_device(n)->online);
		assert_int_equal(vf_state(n)->cntlid, n + 1);
	}
}

static void a_vf_without_a_controller_is_quarantined(void **state)
{
	(void)state;
	disk.lost_cntlid = 2;
	assert_int_equal(start(&why), OK);
	assert_int_equal(enable_vfs(&why), OK);
	assert_int_equal(pf->vfs[1].state, VF_QUARANTINED);
	assert_int_equal(pf->vfs[2].state, VF_PARKED);
	assert_true(fake_log_contains("VF 2 is not among the secondary controllers from 1 on"));
}

static void one_vf_that_stays_offline_is_quarantined_and_the_others_are_not(void **state)
{
	(void)state;
	assert_int_equal(start(&why), OK);
	disk.offline_cntlid = 3;
	assert_int_equal(enable_vfs(&why), OK);
	assert_int_equal(pf->vfs[2].state, VF_QUARANTINED);
	assert_int_equal(pf->vfs[1].state, VF_PARKED);
	assert_int_equal(pf->vfs[3].state, VF_PARKED);
	assert_true(fake_log_contains("VF 2 is quarantined: NVMe: controller 3 is offline"));
}

static void if_no_vf_comes_online_the_pf_says_so(void **state)
{
	(void)state;
	assert_int_equal(start(&why), OK);
	disk.stays_offline = true;
	assert_int_equal(enable_vfs(&why), ERR_DEVICE);
	assert_non_null(strstr(why.text, "none of 4 VFs comes online"));
}

static void less_than_was_assigned_is_noticed(void **state)
{
	(void)state;
	assert_int_equal(start(&why), OK);
	disk.assigns_one_less = true;
	assert_int_equal(enable_vfs(&why), ERR_DEVICE);
	assert_true(fake_log_contains("with VQ 1, VI 0 after it was brought online with VQ 2"));
}

static void resources_for_two_vfs_make_two_vfs(void **state)
{
	(void)state;
	disk.primary.queues.total = 5;
	assert_int_equal(start(&why), OK);
	assert_int_equal(master.driver->vf_limit(pf), 2);
	assert_int_equal(enable_vfs(&why), OK);
	assert_int_equal(pf->num_vfs, 2);
}

static void resources_for_no_vf_are_told_with_their_numbers(void **state)
{
	(void)state;
	disk.primary.interrupts.total = 0;
	assert_int_equal(start(&why), ERR_NO_SPACE);
	assert_non_null(strstr(why.text, "8 flexible queues"));
	assert_non_null(strstr(why.text, "0 interrupts"));
}

static void what_is_left_over_is_shared_equally_up_to_the_limit_of_each(void **state)
{
	struct nvme g = { 0 };

	(void)state;
	g.primary.queues = (struct nvme_flexible){ .total = 40, .each_max = 16, .grain = 4 };
	g.primary.interrupts = (struct nvme_flexible){ .total = 7, .each_max = 16, .grain = 0 };
	nvme_share_resources(&g, 4);
	assert_int_equal(g.queues_each, 8); /* 10 in whole grains of 4 */
	assert_int_equal(g.interrupts_each, 1);
	nvme_share_resources(&g, 2);
	assert_int_equal(g.queues_each, 16);
	assert_int_equal(g.interrupts_each, 3);
	g.primary.queues.grain = 32;
	nvme_share_resources(&g, 20);
	assert_int_equal(g.queues_each, 2); /* a grain would leave nothing */
}

static void what_the_primary_holds_is_taken_from_it(void **state)
{
	(void)state;
	disk.primary.queues.primary = 8;
	disk.primary.interrupts.primary = 4;
	assert_int_equal(start(&why), OK);
	assert_int_equal(disk.controller[0].enables, 2); /* it counts after a reset */
	assert_int_equal(master.driver->vf_limit(pf), 4);
}

static void what_the_primary_keeps_is_not_given_to_vfs(void **state)
{
	(void)state;
	disk.keeps_primary = true;
	disk.primary.queues.primary = 3;
	assert_int_equal(start(&why), OK);
	assert_int_equal(master.driver->vf_limit(pf), 2); /* 8 - 3 queues */
	disk.primary.queues.primary = 9;                  /* more than there are */
	assert_int_equal(start(&why), ERR_NO_SPACE);
}

static void a_late_completion_is_not_taken_for_the_answer(void **state)
{
	(void)state;
	disk.stale_first = true;
	assert_int_equal(nvme_identify(nvme_of(&master), CNS_CONTROLLER, 0, 0, &why), OK);
	assert_int_equal(nvme_identify(nvme_of(&master), CNS_CONTROLLER, 0, 0, &why), OK);
}

static void a_device_that_never_stops_completing_holds_nobody_up(void **state)
{
	(void)state;
	disk.mute = disk.babbles = true;
	fake_time_set_step(100 * NS_PER_MS); /* a look takes a queue full */
	fake_nvme_complete(&disk.controller[0], 0xffff, 0, 0);
	assert_int_equal(nvme_identify(nvme_of(&master), CNS_CONTROLLER, 0, 0, &why), ERR_TIMEOUT);
	assert_true(master.failed);
}

/* Who holds it waits for the device, up to seconds. */
static void the_service_tick_does_not_wait_for_the_pfs_lock(void **state)
{
	(void)state;
	spin_lock(&nvme_of(&master)->lock);
	master.driver->service(&master);
	spin_unlock(&nvme_of(&master)->lock);
	assert_false(master.failed);
}

static void a_pf_without_namespace_attachment_is_refused(void **state)
{
	(void)state;
	disk.oacs = 0x80;
	assert_int_equal(start(&why), ERR_UNSUPPORTED);
	assert_non_null(strstr(why.text, "no Namespace Attachment"));
	disk.oacs = 0x08;
	assert_int_equal(start(&why), ERR_UNSUPPORTED);
	assert_non_null(strstr(why.text, "no Virtualization Management"));
}

static void a_controller_that_fails_later_is_noticed_once(void **state)
{
	(void)state;
	master.driver->service(&master);
	assert_false(master.failed);
	disk.fatal = true;
	master.driver->service(&master);
	assert_true(master.failed);
	assert_true(fake_log_contains("the PF's controller has failed (CSTS 0x3)"));
	fake_log_clear();
	master.driver->service(&master);
	assert_false(fake_log_contains("failed"));
}

static void only_vector_0_is_the_admin_queues(void **state)
{
	(void)state;
	assert_int_equal(master.driver->enable_interrupt(&master, 0, &why), OK);
	assert_int_equal(master.driver->enable_interrupt(&master, 1, &why), ERR_INVALID);
}

#define COLD(t)    cmocka_unit_test_setup_teardown(t, setup_cold, setup_teardown)
#define STARTED(t) cmocka_unit_test_setup_teardown(t, setup_started, setup_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		COLD(a_controller_of_any_vendor_is_ours_by_its_class),
		COLD(all_vfs_come_online_with_an_equal_share),
		COLD(a_controller_that_firmware_left_on_is_switched_off_first),
		COLD(a_controller_that_never_becomes_ready_is_given_up_when_it_says),
		COLD(a_controller_that_never_becomes_idle_is_not_enabled_again),
		COLD(a_fatal_controller_is_not_waited_for),
		COLD(a_device_that_is_gone_is_no_controller),
		COLD(without_memory_that_confines_it_the_pf_does_not_start),
		COLD(a_command_without_an_answer_gives_the_pf_up),
		STARTED(commands_go_on_where_the_queue_wraps),
		COLD(an_error_status_is_told_with_its_name),
		COLD(a_list_of_controllers_in_pieces_is_read_to_its_end),
		COLD(a_vf_without_a_controller_is_quarantined),
		COLD(one_vf_that_stays_offline_is_quarantined_and_the_others_are_not),
		COLD(if_no_vf_comes_online_the_pf_says_so),
		COLD(less_than_was_assigned_is_noticed),
		COLD(resources_for_two_vfs_make_two_vfs),
		COLD(resources_for_no_vf_are_told_with_their_numbers),
		COLD(what_is_left_over_is_shared_equally_up_to_the_limit_of_each),
		COLD(what_the_primary_holds_is_taken_from_it),
		COLD(what_the_primary_keeps_is_not_given_to_vfs),
		STARTED(a_late_completion_is_not_taken_for_the_answer),
		STARTED(a_device_that_never_stops_completing_holds_nobody_up),
		STARTED(the_service_tick_does_not_wait_for_the_pfs_lock),
		COLD(a_pf_without_namespace_attachment_is_refused),
		STARTED(a_controller_that_fails_later_is_noticed_once),
		STARTED(only_vector_0_is_the_admin_queues),
	};

	return cmocka_run_group_tests_name("nvme start", tests, NULL, NULL);
}
