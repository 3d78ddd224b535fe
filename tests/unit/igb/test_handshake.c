/* SPDX-License-Identifier: GPL-2.0-only */
/* What a stock igbvf does from its reset to its first frame, and MAC addresses. */
#include <string.h>

#include "harness.h"

static void igbvf_gets_through_its_handshake(void **state)
{
	u32 answer[3], mac[3] = { MESSAGE_SET_MAC };

	(void)state;
	prepare(0, &(struct vf_policy){ 0 });
	/* CTRL.RST, then RSTD is seen once and RSTI never. */
	fake_igb_vf_reset(&card, 0);
	assert_int_equal(fake_igb_vf_mailbox(&card, 0), FAKE_V2P_RSTD);
	assert_int_equal(fake_igb_vf_mailbox(&card, 0), 0);
	ask_reset(0, answer);
	assert_int_equal(answer[0], MESSAGE_VF_RESET | ACK); /* and no CTS */
	memcpy(mac + 1, answer + 1, 6);
	assert_int_equal(ask(0, mac, 3), MESSAGE_SET_MAC | ACK | CTS);
	/* ndo_open: VLAN 0, no multicast, frames of 1518 bytes and a tag. */
	assert_int_equal(ASK(0, MESSAGE_SET_VLAN | VLAN_ADD << 16, 0),
			 MESSAGE_SET_VLAN | VLAN_ADD << 16 | ACK | CTS);
	assert_int_equal(ASK(0, MESSAGE_SET_MULTICAST), MESSAGE_SET_MULTICAST | ACK | CTS);
	assert_int_equal(ASK(0, MESSAGE_SET_LPE, 1522), MESSAGE_SET_LPE | ACK | CTS);
	assert_true(gate_open(0));
	assert_int_equal(rar_of((const u8 *)(answer + 1), 0), 23);
	assert_int_equal(vmolr(0) & VMOLR_RLPML_MASK, 1522);
	assert_true(vmolr(0) & VMOLR_BROADCAST);
	assert_true(vmolr(0) & VMOLR_UNTAGGED);
}

static void the_gate_opens_with_vf_reset_and_not_before(void **state)
{
	u32 answer[3];

	(void)state;
	prepare(3, &(struct vf_policy){ 0 });
	master.driver->service(&master);
	assert_false(gate_open(3));
	ask_reset(3, answer);
	assert_true(gate_open(3));
	assert_false(gate_open(2));
}

static void the_acknowledgement_comes_before_the_answer(void **state)
{
	u64 p2v = BAR_BASE + IGB_P2VMAILBOX0;
	bool acked = false, answered = false;

	(void)state;
	fake_events_clear();
	ASK(0, MESSAGE_SET_LPE, 1522);
	for (unsigned i = 0; i < fake_event_count(); i++) {
		const struct fake_event *e = fake_event(i);

		if (e->kind != FAKE_MMIO_WRITE || e->address != p2v)
			continue;
		if (e->value & P2V_ACK) {
			assert_false(answered);
			/* The VF must not write into the buffer until it has its answer. */
			assert_true(e->value & P2V_PFU);
			acked = true;
		}
		answered |= (e->value & P2V_STS) != 0;
	}
	assert_true(acked && answered);
	assert_false(card.vf[0].pfu);
}

static void a_message_before_vf_reset_is_refused_without_clear_to_send(void **state)
{
	(void)state;
	prepare(0, &(struct vf_policy){ 0 });
	assert_int_equal(ASK(0, MESSAGE_SET_LPE, 1522), MESSAGE_SET_LPE | NACK);
	assert_true(fake_log_contains("VM \"web\""));
	assert_true(fake_log_contains("no VF_RESET"));
	assert_false(gate_open(0));
}

static void such_refusals_come_at_most_every_two_seconds(void **state)
{
	const u32 message[] = { MESSAGE_SET_LPE, 1522 };

	(void)state;
	prepare(0, &(struct vf_policy){ 0 });
	ask(0, message, 2);
	ask_in_vain(0, message, 2);
	fake_time_advance(1900 * NS_PER_MS);
	ask_in_vain(0, message, 2);
	fake_time_advance(200 * NS_PER_MS);
	assert_int_equal(ask(0, message, 2), MESSAGE_SET_LPE | NACK);
}

static void an_acknowledgement_from_a_vf_that_lost_its_state_is_told_so(void **state)
{
	u32 word;

	(void)state;
	fake_igb_vf_reset(&card, 0);
	assert_true(fake_igb_vf_receive(&card, 0, &word, 1)); /* sets ACK */
	master.driver->service(&master);
	assert_true(fake_igb_vf_mailbox(&card, 0) & FAKE_V2P_PFSTS);
	assert_true(fake_igb_vf_receive(&card, 0, &word, 1));
	assert_int_equal(word, NACK);
}

static void an_acknowledgement_from_a_vf_in_order_gets_no_answer(void **state)
{
	u32 word;

	(void)state;
	fake_igb_vf_mailbox(&card, 0);
	assert_true(fake_igb_vf_receive(&card, 0, &word, 1));
	master.driver->service(&master);
	assert_false(fake_igb_vf_mailbox(&card, 0) & FAKE_V2P_PFSTS);
}

static void a_vf_that_nobody_prepared_gets_no_mac_and_no_frames(void **state)
{
	u32 answer[3];

	(void)state;
	ask_reset(4, answer);
	assert_int_equal(answer[0], MESSAGE_VF_RESET | NACK);
	assert_false(gate_open(4));
	assert_int_equal(vmolr(4), 0);
}

static void our_own_answer_is_not_taken_for_a_request(void **state)
{
	(void)state;
	assert_int_equal(ASK(0, MESSAGE_SET_LPE, 1522), MESSAGE_SET_LPE | ACK | CTS);
	fake_igb_vf_mailbox(&card, 0);
	fake_igb_vf_knock(&card, 0);
	master.driver->service(&master);
	assert_false(fake_igb_vf_mailbox(&card, 0) & FAKE_V2P_PFSTS);
	assert_false(card.vf[0].pfu);
}

static void derived_macs_are_local_unique_and_never_zero(void **state)
{
	u8 macs[VF_COUNT][6];

	(void)state;
	for (unsigned n = 0; n < VF_COUNT; n++) {
		u32 answer[3];

		prepare(n, &(struct vf_policy){ 0 });
		ask_reset(n, answer);
		memcpy(macs[n], answer + 1, 6);
		assert_int_equal(macs[n][0] & 3, 2);
		assert_memory_not_equal(macs[n], pf_mac, 6);
		for (unsigned i = 0; i < n; i++)
			assert_memory_not_equal(macs[n], macs[i], 6);
	}
}

static void neighbouring_pfs_do_not_derive_the_same_macs(void **state)
{
	u8 first[VF_COUNT][6], neighbour[6];

	(void)state;
	for (unsigned n = 0; n < VF_COUNT; n++)
		memcpy(first[n], mac_of(n), 6);
	memcpy(neighbour, pf_mac, 6);
	neighbour[5]++;
	fake_igb_reset(&card, hpa(BAR_BASE), neighbour);
	start_card(VF_COUNT);
	for (unsigned n = 0; n < VF_COUNT; n++)
		for (unsigned i = 0; i < VF_COUNT; i++)
			assert_memory_not_equal(mac_of(n), first[i], 6);
}

static void the_mac_is_the_same_at_every_boot_and_after_every_reset(void **state)
{
	u32 before[3], after[3];

	(void)state;
	ask_reset(0, before);
	fake_igb_vf_reset(&card, 0);
	ask_reset(0, after);
	assert_memory_equal(before, after, sizeof(before));
	start_card(VF_COUNT);
	prepare(0, &(struct vf_policy){ 0 });
	ask_reset(0, after);
	assert_memory_equal(before, after, sizeof(before));
}

static void a_configured_mac_is_what_the_vf_gets(void **state)
{
	struct vf_policy policy = { .mac = { 0x02, 0, 0, 0, 0, 0x0a } };
	u32 answer[3];

	(void)state;
	prepare(2, &policy);
	ask_reset(2, answer);
	assert_memory_equal(answer + 1, policy.mac, 6);
	assert_true(rar_of(policy.mac, 2) > 0);
}

static void a_parked_vf_shows_the_mac_that_it_will_have(void **state)
{
	u8 shown[6];
	u32 answer[3];

	(void)state;
	memcpy(shown, mac_of(5), 6);
	prepare(5, &(struct vf_policy){ 0 });
	ask_reset(5, answer);
	assert_memory_equal(answer + 1, shown, 6);
}

#define STARTED(name) cmocka_unit_test_setup(name, setup_started)
#define RUNNING(name) cmocka_unit_test_setup(name, setup_running)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STARTED(igbvf_gets_through_its_handshake),
		STARTED(the_gate_opens_with_vf_reset_and_not_before),
		RUNNING(the_acknowledgement_comes_before_the_answer),
		STARTED(a_message_before_vf_reset_is_refused_without_clear_to_send),
		STARTED(such_refusals_come_at_most_every_two_seconds),
		RUNNING(an_acknowledgement_from_a_vf_that_lost_its_state_is_told_so),
		RUNNING(an_acknowledgement_from_a_vf_in_order_gets_no_answer),
		STARTED(a_vf_that_nobody_prepared_gets_no_mac_and_no_frames),
		RUNNING(our_own_answer_is_not_taken_for_a_request),
		STARTED(derived_macs_are_local_unique_and_never_zero),
		STARTED(neighbouring_pfs_do_not_derive_the_same_macs),
		RUNNING(the_mac_is_the_same_at_every_boot_and_after_every_reset),
		STARTED(a_configured_mac_is_what_the_vf_gets),
		STARTED(a_parked_vf_shows_the_mac_that_it_will_have),
	};

	return cmocka_run_group_tests_name("igb handshake", tests, NULL, NULL);
}
