/* SPDX-License-Identifier: GPL-2.0-only */
/* A VF from policy to wipe: who has which namespace, and what a reset leaves. */
#include "harness.h"

#include <string.h>

#define ALL_VFS 0x1eu /* bits of controllers 1 to 4 */

static struct why why;

static enum err reset_done(unsigned n, bool keep_policy)
{
	return master.driver->vf_reset_done(&master, &pf->vfs[n], keep_policy, &why);
}

static void a_vf_has_no_namespace_until_it_is_given_one(void **state)
{
	(void)state;
	for (u32 nsid = 1; nsid <= FAKE_NVME_NAMESPACES; nsid++)
		assert_int_equal(disk.holders[nsid] & ALL_VFS, 0);
}

static void ns_attaches_that_namespace_to_that_vf_and_nothing_else(void **state)
{
	(void)state;
	assert_int_equal(give(0, 2, &why), OK);
	assert_int_equal(give(3, 5, &why), OK);
	assert_int_equal(disk.holders[2], BIT(1));
	assert_int_equal(disk.holders[5], BIT(4));
	assert_int_equal(disk.holders[1], BIT(0)); /* the PF's own */
	assert_int_equal(disk.holders[3], 0);
}

static void a_namespace_that_does_not_exist_is_refused_by_number(void **state)
{
	const struct vf_policy hole = { .nsid = 4 }, beyond = { .nsid = 999 };

	(void)state;
	assert_int_equal(master.driver->check_policy(&master, &pf->vfs[0], &hole, &why),
			 ERR_NOT_FOUND);
	assert_non_null(strstr(why.text, "ns=4: nvme0 has no such namespace"));
	assert_int_equal(master.driver->check_policy(&master, &pf->vfs[0], &beyond, &why),
			 ERR_NOT_FOUND);
}

static void the_pfs_own_namespace_is_not_handed_out(void **state)
{
	(void)state;
	assert_int_equal(give(0, 1, &why), ERR_BUSY);
	assert_non_null(strstr(why.text, "ns=1: controller 0 (the PF) has this namespace"));
	assert_int_equal(disk.holders[1], BIT(0));
}

static void a_namespace_of_another_vf_is_refused(void **state)
{
	(void)state;
	assert_int_equal(give(0, 2, &why), OK);
	assert_int_equal(give(1, 2, &why), ERR_BUSY);
	assert_non_null(strstr(why.text, "controller 1 (another VF) has this namespace"));
}

static void two_vfs_that_were_both_checked_do_not_both_get_it(void **state)
{
	const struct vf_policy policy = { .nsid = 2 };

	(void)state;
	for (unsigned n = 0; n < 2; n++)
		assert_int_equal(master.driver->check_policy(&master, &pf->vfs[n], &policy, &why),
				 OK);
	assert_int_equal(master.driver->prepare_vf(&master, &pf->vfs[0], &policy, &why), OK);
	assert_int_equal(master.driver->prepare_vf(&master, &pf->vfs[1], &policy, &why), ERR_BUSY);
	assert_int_equal(disk.holders[2], BIT(1));
}

static void a_check_changes_nothing(void **state)
{
	const struct vf_policy policy = { .nsid = 2 };

	(void)state;
	assert_int_equal(master.driver->check_policy(&master, &pf->vfs[0], &policy, &why), OK);
	assert_int_equal(disk.holders[2], 0);
	assert_int_equal(fake_nvme_count(&disk.controller[0], 0x15), 0);
}

static void options_of_network_cards_are_refused_by_name(void **state)
{
	static const struct {
		struct vf_policy policy;
		const char *option;
	} rows[] = {
		{ { .mac = { 2 } }, "mac=" },
		{ { .vlan = 7 }, "vlan=" },
		{ { .trunk = { 7 }, .trunk_count = 1 }, "trunk=" },
		{ { .rate_mbps = 100 }, "rate=" },
		{ { .spoofcheck_off = true }, "spoofcheck=" },
		{ { .trust = true }, "trust=" },
		{ { .link = VF_LINK_DOWN }, "link=" },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(master.driver->check_policy(&master, &pf->vfs[0], &rows[i].policy,
							     &why),
				 ERR_INVALID);
		assert_ptr_equal(strstr(why.text, rows[i].option), why.text);
	}
}

static void the_next_owner_finds_no_namespace_of_the_last(void **state)
{
	(void)state;
	assert_int_equal(give(0, 2, &why), OK);
	assert_int_equal(reset_done(0, false), OK);
	assert_int_equal(disk.holders[2], 0);
	assert_int_equal(give(1, 2, &why), OK);
}

static void a_reset_by_its_guest_leaves_the_namespace(void **state)
{
	(void)state;
	assert_int_equal(give(0, 2, &why), OK);
	assert_int_equal(reset_done(0, true), OK);
	assert_int_equal(disk.holders[2], BIT(1));
	assert_int_equal(fake_nvme_count(&disk.controller[0], 0x15), 1);
}

static void a_vf_that_its_reset_took_offline_is_brought_back(void **state)
{
	(void)state;
	assert_int_equal(give(0, 2, &why), OK);
	vf_device(0)->online = false;
	vf_device(0)->queues = vf_device(0)->interrupts = 0;
	disk.holders[2] = 0;
	assert_int_equal(reset_done(0, true), OK);
	assert_true(vf_device(0)->online);
	assert_int_equal(vf_device(0)->queues, 2);
	assert_int_equal(disk.holders[2], BIT(1));
}

static void a_vf_that_is_online_with_too_little_gets_its_share_again(void **state)
{
	(void)state;
	vf_device(0)->interrupts = 0;
	assert_int_equal(reset_done(0, false), OK);
	assert_true(vf_device(0)->online);
	assert_int_equal(vf_device(0)->interrupts, 1);
}

static void a_vf_that_stayed_online_gets_no_command_that_it_does_not_need(void **state)
{
	unsigned before = fake_nvme_count(&disk.controller[0], 0x1c);

	(void)state;
	assert_int_equal(reset_done(0, false), OK);
	assert_int_equal(fake_nvme_count(&disk.controller[0], 0x1c), before);
}

static void a_vf_that_does_not_come_back_is_an_error(void **state)
{
	(void)state;
	vf_device(1)->online = false;
	disk.stays_offline = true;
	assert_int_equal(reset_done(1, false), ERR_DEVICE);
	assert_non_null(strstr(why.text, "controller 2 is offline"));
}

static void a_namespace_that_cannot_be_taken_away_is_an_error(void **state)
{
	(void)state;
	assert_int_equal(give(0, 2, &why), OK);
	disk.refused_opcode = 0x15;
	disk.refused_status = 0x006;
	assert_int_equal(reset_done(0, false), ERR_DEVICE);
	assert_non_null(strstr(why.text, "Namespace Attachment"));
}

static void a_foreign_namespace_that_came_by_itself_goes_before_the_guest(void **state)
{
	(void)state;
	disk.holders[3] |= BIT(1);
	disk.holders[1] |= BIT(1);
	assert_int_equal(give(0, 2, &why), OK);
	assert_int_equal(disk.holders[3], 0);
	assert_int_equal(disk.holders[1], BIT(0));
}

static void a_pf_that_failed_gives_no_policy(void **state)
{
	(void)state;
	master.failed = true;
	assert_int_equal(give(0, 2, &why), ERR_DEVICE);
	assert_non_null(strstr(why.text, "does not work any more"));
}

static void the_report_names_controller_resources_and_namespace(void **state)
{
	struct vf_service s;

	(void)state;
	assert_int_equal(give(0, 2, &why), OK);
	master.driver->describe_vf(&master, &pf->vfs[0], &s);
	assert_string_equal(s.text, "cntlid 1, VQ 2, VI 1, online, ns 2");
	master.driver->describe_vf(&master, &pf->vfs[1], &s);
	assert_string_equal(s.text, "cntlid 2, VQ 2, VI 1, online, no namespace");
}

#define T(t) cmocka_unit_test_setup_teardown(t, setup_started, setup_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_vf_has_no_namespace_until_it_is_given_one),
		T(ns_attaches_that_namespace_to_that_vf_and_nothing_else),
		T(a_namespace_that_does_not_exist_is_refused_by_number),
		T(the_pfs_own_namespace_is_not_handed_out),
		T(a_namespace_of_another_vf_is_refused),
		T(two_vfs_that_were_both_checked_do_not_both_get_it),
		T(a_check_changes_nothing),
		T(options_of_network_cards_are_refused_by_name),
		T(the_next_owner_finds_no_namespace_of_the_last),
		T(a_reset_by_its_guest_leaves_the_namespace),
		T(a_vf_that_its_reset_took_offline_is_brought_back),
		T(a_vf_that_is_online_with_too_little_gets_its_share_again),
		T(a_vf_that_stayed_online_gets_no_command_that_it_does_not_need),
		T(a_vf_that_does_not_come_back_is_an_error),
		T(a_namespace_that_cannot_be_taken_away_is_an_error),
		T(a_foreign_namespace_that_came_by_itself_goes_before_the_guest),
		T(a_pf_that_failed_gives_no_policy),
		T(the_report_names_controller_resources_and_namespace),
	};

	return cmocka_run_group_tests_name("nvme life", tests, NULL, NULL);
}
