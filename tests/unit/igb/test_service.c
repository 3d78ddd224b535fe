/* SPDX-License-Identifier: GPL-2.0-only */
/* The PF's service: stuck mailboxes, the link, rates, policies, and bounds on all of it. */
#include <string.h>

#include "harness.h"

#define SERVICE_ACCESSES_MAX 4000 /* of one call with every VF busy */

static struct vf_service service_of(unsigned n)
{
	struct vf_service service;

	master.driver->describe_vf(&master, &vfs[n], &service);
	return service;
}

/* --- mailbox --- */

static void a_vf_that_keeps_its_mailbox_delays_nobody(void **state)
{
	u64 before;

	(void)state;
	assert_true(fake_igb_vf_take(&card, 0));
	fake_igb_vf_knock(&card, 0);
	before = card.accesses;
	assert_int_equal(ASK(1, MESSAGE_SET_LPE, 1522), MESSAGE_SET_LPE | ACK | CTS);
	assert_true(card.accesses - before < SERVICE_ACCESSES_MAX);
	assert_false(card.vf[0].pfu);
}

static void the_message_is_read_when_the_vf_lets_go(void **state)
{
	(void)state;
	fake_igb_set(&card, IGB_VMBMEM0, MESSAGE_SET_LPE);
	fake_igb_set(&card, IGB_VMBMEM0 + 4, 1522);
	assert_true(fake_igb_vf_take(&card, 0));
	fake_igb_vf_knock(&card, 0);
	master.driver->service(&master);
	fake_igb_vf_release(&card, 0);
	fake_igb_vf_mailbox(&card, 0);
	master.driver->service(&master); /* the request bit is long cleared */
	assert_true(fake_igb_vf_mailbox(&card, 0) & FAKE_V2P_PFSTS);
	assert_int_equal(fake_igb_reg(&card, IGB_VMBMEM0), MESSAGE_SET_LPE | ACK | CTS);
}

static void after_a_second_the_mailbox_is_taken_away_and_the_vm_is_named(void **state)
{
	(void)state;
	assert_true(fake_igb_vf_take(&card, 0));
	fake_igb_vf_knock(&card, 0);
	for (unsigned i = 0; i < 90; i++) {
		master.driver->service(&master);
		fake_time_advance(10 * NS_PER_MS);
	}
	assert_true(card.vf[0].vfu);
	for (unsigned i = 0; i < 20; i++) {
		master.driver->service(&master);
		fake_time_advance(10 * NS_PER_MS);
	}
	assert_false(card.vf[0].vfu);
	assert_true(fake_log_contains("VM \"web\""));
	assert_true(fake_log_contains("keeps its mailbox"));
	assert_int_equal(ASK(0, MESSAGE_SET_LPE, 1522), MESSAGE_SET_LPE | ACK | CTS);
}

static void keeping_it_often_for_a_short_time_is_no_offence(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		assert_true(fake_igb_vf_take(&card, 0));
		fake_igb_vf_knock(&card, 0);
		for (unsigned tick = 0; tick < 9; tick++) {
			master.driver->service(&master);
			fake_time_advance(100 * NS_PER_MS);
		}
		assert_true(card.vf[0].vfu);
		fake_igb_vf_release(&card, 0);
		master.driver->service(&master);
	}
	assert_false(fake_log_contains("keeps its mailbox"));
}

static void a_card_that_cannot_take_it_away_costs_only_this_vf_its_answers(void **state)
{
	u64 before;

	(void)state;
	card.faults.rvfu_ignored = true;
	assert_true(fake_igb_vf_take(&card, 0));
	for (unsigned i = 0; i < 300; i++) {
		fake_igb_vf_knock(&card, 0);
		before = card.accesses;
		master.driver->service(&master);
		assert_true(card.accesses - before < SERVICE_ACCESSES_MAX);
		fake_time_advance(10 * NS_PER_MS);
	}
	assert_int_equal(ASK(1, MESSAGE_SET_LPE, 1522), MESSAGE_SET_LPE | ACK | CTS);
}

static void one_call_serves_one_message_of_each_vf(void **state)
{
	u64 before = service_of(0).mailbox_messages;

	(void)state;
	assert_true(fake_igb_vf_send(&card, 0, (const u32[]){ MESSAGE_SET_LPE, 1522 }, 2));
	fake_igb_vf_knock(&card, 0);
	fake_igb_vf_knock(&card, 0);
	master.driver->service(&master);
	assert_int_equal(service_of(0).mailbox_messages, before + 1);
}

static void a_message_is_read_once_and_then_only_from_our_copy(void **state)
{
	u32 before = card.mailbox_reads[0];

	(void)state;
	ASK(0, MESSAGE_SET_MAC, 0x33221102, 0x5544);
	assert_int_equal(card.mailbox_reads[0], before + 1);
}

static void one_call_is_bounded_with_every_vf_busy(void **state)
{
	u64 before;

	(void)state;
	for (unsigned n = 0; n < VF_COUNT; n++) {
		prepare(n, &(struct vf_policy){ 0 });
		fake_igb_vf_reset(&card, n);
		assert_true(fake_igb_vf_send(&card, n, (const u32[]){ MESSAGE_VF_RESET }, 1));
	}
	before = card.accesses;
	master.driver->service(&master);
	assert_true(card.accesses - before < 2 * SERVICE_ACCESSES_MAX);
	for (unsigned n = 0; n < VF_COUNT; n++)
		assert_true(gate_open(n));
}

static void an_idle_call_costs_a_handful_of_accesses(void **state)
{
	u64 before;

	(void)state;
	master.driver->service(&master);
	before = card.accesses;
	master.driver->service(&master);
	assert_true(card.accesses - before <= 6);
}

static void a_card_that_is_gone_is_left_alone(void **state)
{
	struct why why = { 0 };
	u64 before;

	(void)state;
	card.faults.gone = true;
	master.driver->service(&master);
	assert_true(master.failed);
	assert_true(fake_log_contains("the device is gone"));
	before = card.accesses;
	master.driver->service(&master);
	assert_int_equal(card.accesses, before);
	assert_int_equal(master.driver->check_policy(&master, &vfs[3], &(struct vf_policy){ 0 },
						     &why),
			 ERR_DEVICE);
	assert_false(service_of(0).link_up);
}

static void a_frame_with_a_false_sender_is_told_with_the_vms_name(void **state)
{
	(void)state;
	fake_igb_set(&card, IGB_ICR, ICR_DOUTSYNC);
	fake_igb_set(&card, IGB_WVBR, BIT(8)); /* the second queue of VF 0 */
	master.driver->service(&master);
	assert_true(fake_log_contains("VM \"web\""));
	assert_true(fake_log_contains("false MAC or VLAN"));
}

/* --- link --- */

static void a_link_change_reaches_drivers_and_pages(void **state)
{
	u32 word;

	(void)state;
	memset(changed_calls, 0, sizeof(changed_calls));
	fake_igb_vf_mailbox(&card, 0);
	card.faults.no_link = true;
	master.driver->service(&master);
	assert_false(service_of(0).link_up);
	assert_int_equal(changed_calls[0], 1);
	assert_int_equal(changed_calls[1], 1);
	assert_int_equal(changed_calls[2], 0); /* nobody's */
	assert_true(fake_igb_vf_mailbox(&card, 0) & FAKE_V2P_PFSTS);
	assert_true(fake_igb_vf_receive(&card, 0, &word, 1));
	assert_int_equal(word, MESSAGE_PF_CONTROL | CTS);
	master.driver->service(&master);
	assert_int_equal(changed_calls[0], 1); /* told once */
	card.faults.no_link = false;
	master.driver->service(&master);
	assert_true(service_of(0).link_up);
	assert_int_equal(service_of(0).link_mbps, 1000);
}

static void the_shared_page_says_what_the_mailbox_cannot(void **state)
{
	struct coppice_vf_page page = { .sequence = 7, .request = 1, .request_answered = 3 };

	(void)state;
	prepare(0, &(struct vf_policy){ .vlan = 42, .rate_mbps = 100 });
	master.driver->fill_page(&master, &vfs[0], &page);
	assert_int_equal(page.magic, COPPICE_VF_PAGE_MAGIC);
	assert_int_equal(page.link_up, 1);
	assert_int_equal(page.link_mbps, 1000);
	assert_int_equal(page.mtu, 9000);
	assert_int_equal(page.vlan, 42);
	assert_int_equal(page.tx_rate_mbps, 100);
	assert_memory_equal(page.mac, mac_of(0), 6);
	/* These are not the driver's to write. */
	assert_int_equal(page.sequence, 7);
	assert_int_equal(page.request, 1);
	assert_int_equal(page.request_answered, 3);
}

/* --- rates --- */

static void a_rate_is_link_over_rate_in_fixed_point(void **state)
{
	(void)state;
	prepare(0, &(struct vf_policy){ .rate_mbps = 100 });
	assert_int_equal(card.rate[0], 0x80000000u | 10u << 14);
	prepare(0, &(struct vf_policy){ .rate_mbps = 300 });
	assert_int_equal(card.rate[0], 0x80000000u | 3u << 14 | 0x1555u); /* 3 + 1/3 */
	prepare(0, &(struct vf_policy){ .rate_mbps = 1000 });
	assert_int_equal(card.rate[0], 0x80000000u | 1u << 14);
	assert_int_equal(service_of(0).rate_set, 1000);
	assert_true(service_of(0).rate_honoured);
}

static void a_rate_follows_the_speed_of_the_link(void **state)
{
	(void)state;
	prepare(0, &(struct vf_policy){ .rate_mbps = 50 });
	assert_int_equal(card.rate[0] >> 14 & 0x3fff, 20);
	card.faults.slow_link = true;
	master.driver->service(&master);
	assert_int_equal(card.rate[0] >> 14 & 0x3fff, 2); /* of 100 Mbit/s */
	assert_int_equal(service_of(0).link_mbps, 100);
}

static void a_limit_on_one_of_two_queues_is_no_limit(void **state)
{
	(void)state;
	card.faults.one_rate_limiter = true;
	prepare(0, &(struct vf_policy){ .rate_mbps = 100 });
	assert_false(service_of(0).rate_honoured);
}

static void the_second_queue_is_no_way_round_the_limit(void **state)
{
	(void)state;
	prepare(0, &(struct vf_policy){ .rate_mbps = 100 });
	assert_int_equal(card.rate[8], 0x80000000u | 0x3fffu << 14);
	assert_int_equal(card.rate[1], 0);
}

static void no_limit_is_no_limiter(void **state)
{
	(void)state;
	prepare(0, &(struct vf_policy){ .rate_mbps = 100 });
	master.driver->vf_reset_done(&master, &vfs[0], false, NULL);
	assert_int_equal(card.rate[0], 0);
	assert_int_equal(card.rate[8], 0);
	prepare(0, &(struct vf_policy){ 0 });
	assert_true(service_of(0).rate_honoured);
	assert_int_equal(service_of(0).rate_set, 0);
}

static void a_card_without_limiters_is_not_believed(void **state)
{
	(void)state;
	card.faults.no_rate_limiters = true;
	prepare(0, &(struct vf_policy){ .rate_mbps = 100 });
	assert_int_equal(service_of(0).rate_wished, 100);
	assert_int_equal(service_of(0).rate_set, 0);
	assert_false(service_of(0).rate_honoured);
}

/* --- policies that cannot be met --- */

static void refused(const struct vf_policy *policy, enum err code, const char *text)
{
	struct why why = { 0 };
	u64 before = card.accesses;

	assert_int_equal(master.driver->check_policy(&master, &vfs[2], policy, &why), code);
	if (!strstr(why.text, text))
		fail_msg("\"%s\" does not say \"%s\"", why.text, text);
	assert_int_equal(card.accesses, before);
}

static void policies_that_cannot_be_met_are_refused_with_a_reason(void **state)
{
	struct vf_policy neighbour = { 0 }, of_pf = { 0 };

	(void)state;
	memcpy(neighbour.mac, mac_of(1), 6);
	memcpy(of_pf.mac, pf_mac, 6);
	refused(&neighbour, ERR_INVALID, "another VF");
	refused(&of_pf, ERR_INVALID, "igb0");
	refused(&(struct vf_policy){ .mac = { 1, 0, 0, 0, 0, 1 } }, ERR_INVALID, "group address");
	refused(&(struct vf_policy){ .vlan = 4095 }, ERR_INVALID, "4095");
	refused(&(struct vf_policy){ .vlan = 7, .trunk = { 8 }, .trunk_count = 1 }, ERR_INVALID,
		"exclude");
	refused(&(struct vf_policy){ .trunk = { 8, 0 }, .trunk_count = 2 }, ERR_INVALID, "trunk=0");
	refused(&(struct vf_policy){ .trunk = { 4095 }, .trunk_count = 1 }, ERR_INVALID, "4095");
	refused(&(struct vf_policy){ .rate_mbps = 1001 }, ERR_INVALID, "1000 Mbit/s");
	refused(&(struct vf_policy){ .nsid = 1 }, ERR_INVALID, "namespaces");
}

static void a_vf_that_is_not_enabled_has_no_policy(void **state)
{
	struct why why = { 0 };

	(void)state;
	assert_int_equal(master.driver->check_policy(&master, &vfs[7], &(struct vf_policy){ 0 },
						     &why),
			 ERR_INVALID);
}

#define T(name) cmocka_unit_test_setup(name, setup_running)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_vf_that_keeps_its_mailbox_delays_nobody),
		T(the_message_is_read_when_the_vf_lets_go),
		T(after_a_second_the_mailbox_is_taken_away_and_the_vm_is_named),
		T(keeping_it_often_for_a_short_time_is_no_offence),
		T(a_card_that_cannot_take_it_away_costs_only_this_vf_its_answers),
		T(one_call_serves_one_message_of_each_vf),
		T(a_message_is_read_once_and_then_only_from_our_copy),
		T(one_call_is_bounded_with_every_vf_busy),
		T(an_idle_call_costs_a_handful_of_accesses),
		T(a_card_that_is_gone_is_left_alone),
		T(a_frame_with_a_false_sender_is_told_with_the_vms_name),
		T(a_link_change_reaches_drivers_and_pages),
		T(the_shared_page_says_what_the_mailbox_cannot),
		T(a_rate_is_link_over_rate_in_fixed_point),
		T(a_rate_follows_the_speed_of_the_link),
		T(a_limit_on_one_of_two_queues_is_no_limit),
		T(the_second_queue_is_no_way_round_the_limit),
		T(no_limit_is_no_limiter),
		T(a_card_without_limiters_is_not_believed),
		T(policies_that_cannot_be_met_are_refused_with_a_reason),
		T(a_vf_that_is_not_enabled_has_no_policy),
	};

	return cmocka_run_group_tests_name("igb service", tests, NULL, NULL);
}
