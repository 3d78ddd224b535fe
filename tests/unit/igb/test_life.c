/* SPDX-License-Identifier: GPL-2.0-only */
/* A VF from one owner to the next: policies, quiesce, and what must not be left behind. */
#include <string.h>

#include "harness.h"

/* All that a guest can leave on the device, in VF `n`. */
static void leave_traces(unsigned n)
{
	static const enum igb_reg rings[] = { IGB_RDBAL0, IGB_RDBAH0,  IGB_RDLEN0,  IGB_SRRCTL0,
					      IGB_RDT0,   IGB_TDBAL0,  IGB_TDBAH0,  IGB_TDLEN0,
					      IGB_TDT0,   IGB_TDWBAL0, IGB_TDWBAH0, IGB_RXDCTL0,
					      IGB_TXDCTL0 };

	for (unsigned q = n; q < IGB_QUEUES; q += IGB_POOLS)
		for (unsigned i = 0; i < ARRAY_LEN(rings); i++)
			fake_igb_set(&card, igb_queue(rings[i], q), 0xdead0000 | XDCTL_ENABLE);
	fake_igb_set(&card, igb_word(IGB_IVAR0, n), 0x93929190);
	fake_igb_set(&card, igb_word(IGB_VTIVAR0, n), 0x8180);
	fake_igb_set(&card, igb_word(IGB_VTIVAR_MISC0, n), 0x82);
	for (unsigned v = 0; v < IGB_VF_VECTORS; v++)
		fake_igb_set(&card, igb_word(IGB_EITR0, 22 - 3 * n + v), 0x7ffe);
	for (unsigned w = 0; w < IGB_MAILBOX_WORDS; w++)
		fake_igb_set(&card, igb_word(IGB_VMBMEM0 + n * 64, w), 0x5ec4e700 + w);
}

static void assert_no_ring_is_left(unsigned n)
{
	for (unsigned q = n; q < IGB_QUEUES; q += IGB_POOLS) {
		assert_int_equal(fake_igb_reg(&card, igb_queue(IGB_RDBAL0, q)), 0);
		assert_int_equal(fake_igb_reg(&card, igb_queue(IGB_RDBAH0, q)), 0);
		assert_int_equal(fake_igb_reg(&card, igb_queue(IGB_RDLEN0, q)), 0);
		assert_int_equal(fake_igb_reg(&card, igb_queue(IGB_SRRCTL0, q)), 0);
		assert_int_equal(fake_igb_reg(&card, igb_queue(IGB_TDBAL0, q)), 0);
		assert_int_equal(fake_igb_reg(&card, igb_queue(IGB_TDBAH0, q)), 0);
		assert_int_equal(fake_igb_reg(&card, igb_queue(IGB_TDLEN0, q)), 0);
		assert_int_equal(fake_igb_reg(&card, igb_queue(IGB_TDWBAL0, q)), 0);
		assert_int_equal(fake_igb_reg(&card, igb_queue(IGB_TDWBAH0, q)), 0);
		assert_false(fake_igb_reg(&card, igb_queue(IGB_RXDCTL0, q)) & XDCTL_ENABLE);
		assert_false(fake_igb_reg(&card, igb_queue(IGB_TXDCTL0, q)) & XDCTL_ENABLE);
	}
}

static void release(unsigned n, bool keep_policy)
{
	fake_igb_vf_reset(&card, n); /* the FLR */
	master.driver->vf_reset_done(&master, &vfs[n], keep_policy, NULL);
}

static void a_reset_wipes_rings_interrupts_and_mailbox_of_the_last_owner(void **state)
{
	(void)state;
	leave_traces(0);
	release(0, false);
	assert_no_ring_is_left(0);
	assert_int_equal(fake_igb_reg(&card, IGB_IVAR0), 0);
	assert_int_equal(fake_igb_reg(&card, IGB_VTIVAR0), 0);
	assert_int_equal(fake_igb_reg(&card, IGB_VTIVAR_MISC0), 0);
	for (unsigned v = 22; v < 25; v++)
		assert_int_equal(fake_igb_reg(&card, igb_word(IGB_EITR0, v)), 0);
	for (unsigned w = 0; w < IGB_MAILBOX_WORDS; w++)
		assert_int_equal(fake_igb_reg(&card, igb_word(IGB_VMBMEM0, w)), 0);
}

static void a_reset_touches_nothing_of_a_neighbour(void **state)
{
	static u32 before[FAKE_IGB_BYTES / 4];
	const u32 shared[] = { IGB_VFRE, IGB_VFTE, IGB_VFLRE, IGB_MBVFICR, IGB_ICR };

	(void)state;
	leave_traces(1);
	release(0, false); /* what is shared has changed once */
	memcpy(before, card.reg, sizeof(before));
	release(0, false);
	for (unsigned i = 0; i < ARRAY_LEN(shared); i++)
		before[shared[i] / 4] = card.reg[shared[i] / 4];
	assert_memory_equal(card.reg, before, sizeof(before));
	assert_int_equal(fake_igb_reg(&card, igb_queue(IGB_RDBAL0, 1)), 0xdead0000 | XDCTL_ENABLE);
	assert_true(gate_open(1));
	assert_true(rar_of(mac_of(1), 1) > 0);
}

static void a_reset_closes_every_filter(void **state)
{
	const struct vf_policy policy = { .trunk = { 8 }, .trunk_count = 1, .trust = true };
	u8 mac[6];
	u32 answer[3];

	(void)state;
	prepare(0, &policy);
	ask_reset(0, answer);
	memcpy(mac, mac_of(0), 6);
	ASK(0, MESSAGE_SET_VLAN | VLAN_ADD << 16, 8);
	ASK(0, MESSAGE_SET_MULTICAST | 1u << 16, 0x321);
	ASK(0, MESSAGE_SET_MAC | MAC_ADD_FILTER << 16, 0x33221102, 0x5544);
	release(0, false);
	assert_false(gate_open(0));
	assert_int_equal(vmolr(0), 0);
	assert_int_equal(rar_of(mac, 0), -1);
	assert_int_equal(rar_of((const u8[6]){ 0x02, 0x11, 0x22, 0x33, 0x44, 0x55 }, 0), -1);
	assert_int_equal(vlan_pools(8), 0);
	assert_false(hash_is_set(0x321));
}

static void the_reset_of_the_last_owner_does_not_hit_the_next(void **state)
{
	u32 answer[3];

	(void)state;
	release(0, false);
	assert_int_equal(fake_igb_reg(&card, IGB_VFLRE) & 1, 0);
	prepare(0, &(struct vf_policy){ .trunk = { 8 }, .trunk_count = 1 });
	ask_reset(0, answer);
	ASK(0, MESSAGE_SET_VLAN | VLAN_ADD << 16, 8);
	master.driver->service(&master);
	assert_int_equal(vlan_pools(8), 1);
	assert_true(gate_open(0));
}

static void a_message_of_the_last_owner_is_not_answered_to_the_next(void **state)
{
	(void)state;
	assert_true(fake_igb_vf_send(&card, 0, (const u32[]){ MESSAGE_SET_LPE, 9000 }, 2));
	release(0, false);
	prepare(0, &(struct vf_policy){ 0 });
	fake_igb_vf_mailbox(&card, 0);
	master.driver->service(&master);
	assert_false(fake_igb_vf_mailbox(&card, 0) & FAKE_V2P_PFSTS);
}

static void a_guests_own_flr_keeps_its_policy_and_forgets_its_wishes(void **state)
{
	struct vf_policy policy = { .mac = { 2, 0, 0, 0, 0, 9 }, .vlan = 42, .rate_mbps = 100 };
	u32 answer[3];

	(void)state;
	prepare(0, &policy);
	ask_reset(0, answer);
	ASK(0, MESSAGE_SET_LPE, 9000);
	ASK(0, MESSAGE_SET_MULTICAST | 1u << 16, 0x321);
	leave_traces(0);
	release(0, true);
	assert_no_ring_is_left(0);
	assert_false(gate_open(0));
	assert_false(hash_is_set(0x321));
	assert_false(vmolr(0) & VMOLR_LPE);
	assert_true(rar_of(policy.mac, 0) > 0);
	assert_int_equal(vlan_pools(42), 1);
	assert_int_equal(card.rate[0] >> 14 & 0x3fff, 10);
	ask_reset(0, answer);
	assert_memory_equal(answer + 1, policy.mac, 6);
	assert_true(gate_open(0));
}

static void a_guest_that_resets_its_vf_by_register_starts_over(void **state)
{
	(void)state;
	ASK(0, MESSAGE_SET_MULTICAST | 1u << 16, 0x321);
	ASK(1, MESSAGE_SET_MULTICAST | 1u << 16, 0x111);
	fake_igb_vf_reset(&card, 0);
	master.driver->service(&master);
	assert_int_equal(fake_igb_reg(&card, IGB_VFLRE), 0);
	assert_false(gate_open(0));
	assert_false(hash_is_set(0x321));
	assert_true(hash_is_set(0x111));
	assert_int_equal(ASK(0, MESSAGE_SET_LPE, 1522), MESSAGE_SET_LPE | NACK); /* no CTS */
	assert_int_equal(ASK(1, MESSAGE_SET_LPE, 1522), MESSAGE_SET_LPE | ACK | CTS);
}

static void a_reset_and_the_message_behind_it_are_served_in_this_order(void **state)
{
	u32 answer[3];

	(void)state;
	ASK(0, MESSAGE_SET_MULTICAST | 1u << 16, 0x321);
	fake_igb_vf_reset(&card, 0);
	ask_reset(0, answer); /* both are pending in one service() */
	assert_int_equal(answer[0], MESSAGE_VF_RESET | ACK);
	assert_true(gate_open(0));
	assert_false(hash_is_set(0x321));
}

static void a_reset_that_crosses_the_service_takes_nothing_from_the_message_behind_it(void **state)
{
	u32 answer[3];

	(void)state;
	card.faults.quick_vf = true;
	master.driver->service(&master);
	master.driver->service(&master);
	assert_true(fake_igb_vf_receive(&card, 0, answer, 3));
	assert_int_equal(answer[0], MESSAGE_VF_RESET | ACK);
	assert_true(gate_open(0));
	assert_int_equal(ASK(0, MESSAGE_SET_LPE, 1522), MESSAGE_SET_LPE | ACK | CTS);
}

static void vf_reset_alone_also_starts_over(void **state)
{
	u32 answer[3];

	(void)state;
	ASK(0, MESSAGE_SET_MULTICAST | 1u << 16, 0x321);
	ASK(0, MESSAGE_SET_LPE, 9000);
	ask_reset(0, answer);
	assert_false(hash_is_set(0x321));
	assert_false(vmolr(0) & VMOLR_LPE);
}

static void a_trusted_vf_falls_back_to_its_own_mac(void **state)
{
	u32 before[3], after[3];

	(void)state;
	prepare(0, &(struct vf_policy){ .trust = true });
	ask_reset(0, before);
	ASK(0, MESSAGE_SET_MAC, 0x33221102, 0x5544);
	fake_igb_vf_reset(&card, 0);
	ask_reset(0, after);
	assert_memory_equal(before, after, sizeof(before));
}

static void quiesce_tells_the_driver_first_and_then_stops_its_queues(void **state)
{
	int told, closed;
	u32 word;

	(void)state;
	leave_traces(0);
	fake_events_clear();
	master.driver->quiesce_vf(&master, &vfs[0]);
	told = fake_event_find(0, FAKE_MMIO_WRITE, BAR_BASE + IGB_VMBMEM0);
	closed = fake_event_find(0, FAKE_MMIO_WRITE, BAR_BASE + IGB_VFTE);
	assert_true(told >= 0 && told < closed);
	assert_true(fake_igb_vf_mailbox(&card, 0) & FAKE_V2P_PFSTS);
	assert_true(fake_igb_vf_receive(&card, 0, &word, 1));
	assert_int_equal(word, MESSAGE_PF_CONTROL); /* without CTS: the driver stops */
	assert_false(gate_open(0));
	assert_true(gate_open(1));
	for (unsigned q = 0; q < IGB_QUEUES; q += IGB_POOLS) {
		assert_false(fake_igb_reg(&card, igb_queue(IGB_RXDCTL0, q)) & XDCTL_ENABLE);
		assert_false(fake_igb_reg(&card, igb_queue(IGB_TXDCTL0, q)) & XDCTL_ENABLE);
	}
}

static void an_access_vlan_tags_strips_and_lets_nothing_untagged_in(void **state)
{
	u32 answer[3];

	(void)state;
	prepare(0, &(struct vf_policy){ .vlan = 42 });
	ask_reset(0, answer);
	assert_int_equal(fake_igb_reg(&card, IGB_VMVIR0), VMVIR_ALWAYS | 42);
	assert_false(vmolr(0) & VMOLR_UNTAGGED);
	assert_true(vmolr(0) & VMOLR_STRIP_VLAN);
	assert_int_equal(vlan_pools(42), 1);
	/* The tag is there when the length is checked. */
	ASK(0, MESSAGE_SET_LPE, 9000);
	assert_int_equal(vmolr(0) & VMOLR_RLPML_MASK, 9004);
	release(0, false);
	assert_int_equal(fake_igb_reg(&card, IGB_VMVIR0), 0);
	assert_int_equal(vlan_pools(42), 0);
}

static void spoof_checks_can_be_turned_off_for_one_vf_and_come_back(void **state)
{
	(void)state;
	prepare(2, &(struct vf_policy){ .spoofcheck_off = true });
	assert_int_equal(fake_igb_reg(&card, IGB_DTXSWC), 0x80007f7f & ~0x0404u);
	release(2, false);
	assert_int_equal(fake_igb_reg(&card, IGB_DTXSWC), 0x80007f7f);
}

static void link_down_by_policy_keeps_the_gate_closed(void **state)
{
	struct vf_service service;
	u32 answer[3];

	(void)state;
	prepare(0, &(struct vf_policy){ .link = VF_LINK_DOWN });
	ask_reset(0, answer);
	assert_int_equal(answer[0], MESSAGE_VF_RESET | ACK);
	assert_false(gate_open(0));
	master.driver->describe_vf(&master, &vfs[0], &service);
	assert_false(service.link_up);
}

#define T(name) cmocka_unit_test_setup(name, setup_running)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_reset_wipes_rings_interrupts_and_mailbox_of_the_last_owner),
		T(a_reset_touches_nothing_of_a_neighbour),
		T(a_reset_closes_every_filter),
		T(the_reset_of_the_last_owner_does_not_hit_the_next),
		T(a_message_of_the_last_owner_is_not_answered_to_the_next),
		T(a_guests_own_flr_keeps_its_policy_and_forgets_its_wishes),
		T(a_guest_that_resets_its_vf_by_register_starts_over),
		T(a_reset_and_the_message_behind_it_are_served_in_this_order),
		T(a_reset_that_crosses_the_service_takes_nothing_from_the_message_behind_it),
		T(vf_reset_alone_also_starts_over),
		T(a_trusted_vf_falls_back_to_its_own_mac),
		T(quiesce_tells_the_driver_first_and_then_stops_its_queues),
		T(an_access_vlan_tags_strips_and_lets_nothing_untagged_in),
		T(spoof_checks_can_be_turned_off_for_one_vf_and_come_back),
		T(link_down_by_policy_keeps_the_gate_closed),
	};

	return cmocka_run_group_tests_name("igb VF life", tests, NULL, NULL);
}
