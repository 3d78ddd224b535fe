/* SPDX-License-Identifier: GPL-2.0-only */
/* Each request of a VF, granted and denied. VF 0 belongs to VM "web", VF 1 to VM "db". */
#include <string.h>

#include "harness.h"

#define SET_MAC(info)    (MESSAGE_SET_MAC | (u32)(info) << 16)
#define SET_VLAN(add)    (MESSAGE_SET_VLAN | (u32)(add) << 16)
#define GRANTED(message) ((message) | ACK | CTS)
#define DENIED(message)  ((message) | NACK | CTS)

static const u8 other_mac[6] = { 0x02, 0x11, 0x22, 0x33, 0x44, 0x55 };

static u32 ask_mac(unsigned n, u32 info, const u8 *mac)
{
	u32 words[3] = { SET_MAC(info) };

	memcpy(words + 1, mac, 6);
	return ask(n, words, 3);
}

static void prepare_and_reset(unsigned n, const struct vf_policy *policy)
{
	u32 answer[3];

	prepare(n, policy);
	ask_reset(n, answer);
}

static u64 denied(unsigned n)
{
	struct vf_service service;

	master.driver->describe_vf(&master, &vfs[n], &service);
	return service.mailbox_denied;
}

/* --- MAC --- */

static void a_vf_may_confirm_its_own_mac(void **state)
{
	(void)state;
	assert_int_equal(ask_mac(0, MAC_SET, mac_of(0)), GRANTED(SET_MAC(MAC_SET)));
	assert_int_equal(denied(0), 0);
}

static void an_untrusted_vf_may_not_choose_a_mac(void **state)
{
	u8 before[6];

	(void)state;
	memcpy(before, mac_of(0), 6);
	assert_int_equal(ask_mac(0, MAC_SET, other_mac), DENIED(SET_MAC(MAC_SET)));
	assert_int_equal(rar_of(other_mac, 0), -1);
	assert_memory_equal(mac_of(0), before, 6);
	assert_int_equal(denied(0), 1);
	assert_true(fake_log_contains("VM \"web\""));
	assert_true(fake_log_contains("02:11:22:33:44:55"));
	assert_true(fake_log_contains("trust=on"));
}

static void a_trusted_vf_may_choose_one_and_the_old_one_is_forgotten(void **state)
{
	u8 before[6];

	(void)state;
	prepare_and_reset(0, &(struct vf_policy){ .trust = true });
	memcpy(before, mac_of(0), 6);
	assert_int_equal(ask_mac(0, MAC_SET, other_mac), GRANTED(SET_MAC(MAC_SET)));
	assert_int_equal(rar_of(other_mac, 0), 23);
	assert_int_equal(rar_of(before, 0), -1);
	assert_memory_equal(mac_of(0), other_mac, 6);
	assert_true(changed_calls[0] > 0);
}

static void nobody_may_have_the_mac_of_another_or_of_the_pf(void **state)
{
	u8 neighbour[6];

	(void)state;
	prepare_and_reset(0, &(struct vf_policy){ .trust = true });
	memcpy(neighbour, mac_of(1), 6);
	assert_int_equal(ask_mac(0, MAC_SET, neighbour), DENIED(SET_MAC(MAC_SET)));
	assert_int_equal(ask_mac(0, MAC_SET, pf_mac), DENIED(SET_MAC(MAC_SET)));
	assert_int_equal(ask_mac(0, MAC_ADD_FILTER, neighbour), DENIED(SET_MAC(MAC_ADD_FILTER)));
	assert_int_equal(rar_of(neighbour, 0), -1);
}

static void a_group_address_or_zero_is_no_mac(void **state)
{
	(void)state;
	prepare_and_reset(0, &(struct vf_policy){ .trust = true });
	assert_int_equal(ask_mac(0, MAC_SET, (const u8[6]){ 0 }), DENIED(SET_MAC(MAC_SET)));
	assert_int_equal(ask_mac(0, MAC_SET, (const u8[6]){ 0x01, 0, 0x5e, 0, 0, 1 }),
			 DENIED(SET_MAC(MAC_SET)));
}

static void a_trusted_vf_has_two_more_addresses_and_no_third(void **state)
{
	u8 mac[6];

	(void)state;
	prepare_and_reset(0, &(struct vf_policy){ .trust = true });
	memcpy(mac, other_mac, 6);
	for (unsigned i = 0; i < 2; i++, mac[5]++) {
		assert_int_equal(ask_mac(0, MAC_ADD_FILTER, mac), GRANTED(SET_MAC(MAC_ADD_FILTER)));
		assert_true(rar_of(mac, 0) > 0 && rar_of(mac, 0) < 17);
	}
	assert_int_equal(ask_mac(0, MAC_ADD_FILTER, mac), DENIED(SET_MAC(MAC_ADD_FILTER)));
	assert_int_equal(ask_mac(0, MAC_CLEAR_FILTERS, mac), GRANTED(SET_MAC(MAC_CLEAR_FILTERS)));
	assert_int_equal(rar_of(other_mac, 0), -1);
	assert_int_equal(rar_of(mac_of(0), 0), 23);
}

static void an_unknown_kind_of_set_mac_is_denied(void **state)
{
	(void)state;
	assert_int_equal(ask_mac(0, 7, other_mac), DENIED(SET_MAC(7)));
}

/* --- multicast --- */

static void multicast_hashes_open_the_shared_table_and_the_vfs_own_filter(void **state)
{
	const u32 count = 3u << 16;

	(void)state;
	assert_false(vmolr(0) & VMOLR_MULTICAST);
	assert_int_equal(ASK(0, MESSAGE_SET_MULTICAST | count, 0x0123u | 0x0fffu << 16, 0x0000u),
			 GRANTED(MESSAGE_SET_MULTICAST | count));
	assert_true(hash_is_set(0x123));
	assert_true(hash_is_set(0xfff));
	assert_true(hash_is_set(0));
	assert_false(hash_is_set(1));
	assert_true(vmolr(0) & VMOLR_MULTICAST);
	assert_false(vmolr(1) & VMOLR_MULTICAST);
}

static void a_hash_stays_while_another_vf_wants_it(void **state)
{
	(void)state;
	ASK(0, MESSAGE_SET_MULTICAST | 2u << 16, 0x010u | 0x020u << 16);
	ASK(1, MESSAGE_SET_MULTICAST | 1u << 16, 0x020u);
	ASK(0, MESSAGE_SET_MULTICAST);
	assert_false(hash_is_set(0x010));
	assert_true(hash_is_set(0x020));
	assert_false(vmolr(0) & VMOLR_MULTICAST);
}

static void a_full_message_of_thirty_hashes_is_taken_and_more_are_denied(void **state)
{
	u32 words[16] = { MESSAGE_SET_MULTICAST | 30u << 16 };

	(void)state;
	for (u32 i = 0; i < 15; i++)
		words[i + 1] = (0x100 + 2 * i) | (0x101 + 2 * i) << 16;
	assert_int_equal(ask(0, words, 16), GRANTED(words[0]));
	for (u16 h = 0x100; h < 0x100 + 30; h++)
		assert_true(hash_is_set(h));
	words[0] = MESSAGE_SET_MULTICAST | 31u << 16;
	assert_int_equal(ask(0, words, 16), DENIED(words[0]));
	words[0] = MESSAGE_SET_MULTICAST | 255u << 16;
	assert_int_equal(ask(0, words, 16), DENIED(words[0]));
}

/* --- VLAN --- */

static void vlan_0_is_granted_and_changes_nothing(void **state)
{
	(void)state;
	assert_int_equal(ASK(0, SET_VLAN(1), 0), GRANTED(SET_VLAN(1)));
	assert_int_equal(ASK(0, SET_VLAN(0), 0), GRANTED(SET_VLAN(0)));
	assert_int_equal(vlan_pools(0), 0);
}

static void a_vlan_outside_the_trunk_list_is_denied(void **state)
{
	(void)state;
	prepare_and_reset(0, &(struct vf_policy){ .trunk = { 7, 8 }, .trunk_count = 2 });
	assert_int_equal(ASK(0, SET_VLAN(1), 9), DENIED(SET_VLAN(1)));
	assert_int_equal(vlan_pools(9), 0);
	assert_true(fake_log_contains("VLAN 9 denied: not in its trunk= list"));
	assert_int_equal(ASK(1, SET_VLAN(1), 7), DENIED(SET_VLAN(1)));
}

static void a_vlan_of_the_trunk_list_comes_and_goes(void **state)
{
	(void)state;
	prepare_and_reset(0, &(struct vf_policy){ .trunk = { 7, 8 }, .trunk_count = 2 });
	assert_int_equal(ASK(0, SET_VLAN(1), 8), GRANTED(SET_VLAN(1)));
	assert_int_equal(vlan_pools(8), 1);
	assert_int_equal(ASK(0, SET_VLAN(0), 8), GRANTED(SET_VLAN(0)));
	assert_int_equal(vlan_pools(8), 0);
	assert_true(vmolr(0) & VMOLR_UNTAGGED);
}

static void two_vfs_share_a_vlan_and_leave_it_one_by_one(void **state)
{
	const struct vf_policy policy = { .trunk = { 8, 9 }, .trunk_count = 2 };

	(void)state;
	prepare_and_reset(0, &policy);
	prepare_and_reset(1, &policy);
	ASK(0, SET_VLAN(1), 8);
	ASK(1, SET_VLAN(1), 8);
	ASK(1, SET_VLAN(1), 9);
	assert_int_equal(vlan_pools(8), 3);
	ASK(0, SET_VLAN(0), 8);
	assert_int_equal(vlan_pools(8), 2);
	ASK(0, SET_VLAN(0), 9); /* not a member: nothing of VF 1's goes */
	assert_int_equal(vlan_pools(9), 2);
}

static void the_26th_vlan_finds_no_filter(void **state)
{
	(void)state;
	prepare_and_reset(0, &(struct vf_policy){ .trust = true });
	for (u32 vid = 100; vid < 125; vid++)
		assert_int_equal(ASK(0, SET_VLAN(1), vid), GRANTED(SET_VLAN(1)));
	assert_int_equal(ASK(0, SET_VLAN(1), 125), DENIED(SET_VLAN(1)));
	assert_int_equal(ASK(0, SET_VLAN(1), 100), GRANTED(SET_VLAN(1))); /* has it already */
	ASK(0, SET_VLAN(0), 110);
	assert_int_equal(ASK(0, SET_VLAN(1), 125), GRANTED(SET_VLAN(1)));
	assert_int_equal(vlan_pools(125), 1);
}

/* Whatever it takes, or joins before the others have gone and come back elsewhere. */
static void a_guest_that_takes_all_vlans_leaves_each_other_vf_its_access_vlan(void **state)
{
	(void)state;
	for (unsigned n = 1; n < IGB_MAX_VFS; n++)
		prepare_and_reset(n, &(struct vf_policy){ .vlan = (u16)(100 + n) });
	prepare_and_reset(0, &(struct vf_policy){ .trust = true });
	for (u32 vid = 1; vid < 200; vid++)
		ASK(0, SET_VLAN(1), vid);
	for (unsigned n = 1; n < IGB_MAX_VFS; n++) {
		ASK(0, SET_VLAN(1), 100 + n);
		prepare_and_reset(n, &(struct vf_policy){ .vlan = (u16)(300 + n) });
		assert_int_equal(vlan_pools((u16)(300 + n)), BIT(n));
	}
}

static void an_access_vlan_cannot_be_left_or_added_to(void **state)
{
	(void)state;
	prepare_and_reset(0, &(struct vf_policy){ .vlan = 42, .trust = true });
	assert_int_equal(ASK(0, SET_VLAN(1), 7), DENIED(SET_VLAN(1)));
	assert_int_equal(ASK(0, SET_VLAN(0), 42), DENIED(SET_VLAN(0)));
	assert_int_equal(ASK(0, SET_VLAN(1), 0), DENIED(SET_VLAN(1)));
	assert_int_equal(vlan_pools(42), 1);
	assert_true(fake_log_contains("access VLAN 42"));
}

/* --- frame length --- */

static void frames_up_to_9022_bytes_can_be_asked_for(void **state)
{
	(void)state;
	assert_false(vmolr(0) & VMOLR_LPE);
	assert_int_equal(ASK(0, MESSAGE_SET_LPE, 9022), GRANTED(MESSAGE_SET_LPE));
	assert_true(vmolr(0) & VMOLR_LPE);
	assert_int_equal(vmolr(0) & VMOLR_RLPML_MASK, 9022);
	assert_true(fake_igb_reg(&card, IGB_RLPML) >= 9022);
	assert_false(vmolr(1) & VMOLR_LPE);
}

static void longer_frames_are_denied_with_the_limit(void **state)
{
	(void)state;
	assert_int_equal(ASK(0, MESSAGE_SET_LPE, 9023), DENIED(MESSAGE_SET_LPE));
	assert_int_equal(ASK(0, MESSAGE_SET_LPE, 0xffffffff), DENIED(MESSAGE_SET_LPE));
	assert_int_equal(ASK(0, MESSAGE_SET_LPE, 0), DENIED(MESSAGE_SET_LPE));
	assert_false(vmolr(0) & VMOLR_LPE);
	assert_true(fake_log_contains("9022"));
}

/* --- promiscuous mode, and the rest --- */

static void an_untrusted_vf_hears_no_multicast_that_it_did_not_name(void **state)
{
	const u32 all = MESSAGE_SET_PROMISC | PROMISC_MULTICAST << 16;

	(void)state;
	assert_int_equal(ASK(0, all), DENIED(all));
	assert_false(vmolr(0) & VMOLR_PROMISCUOUS);
	assert_int_equal(ASK(0, MESSAGE_SET_PROMISC), GRANTED(MESSAGE_SET_PROMISC));
	prepare_and_reset(0, &(struct vf_policy){ .trust = true });
	assert_int_equal(ASK(0, all), GRANTED(all));
	assert_true(vmolr(0) & VMOLR_PROMISCUOUS);
	ASK(0, MESSAGE_SET_PROMISC);
	assert_false(vmolr(0) & VMOLR_PROMISCUOUS);
}

static void nobody_sees_the_unicast_of_others(void **state)
{
	const u32 unicast = MESSAGE_SET_PROMISC | PROMISC_UNICAST << 16;

	(void)state;
	prepare_and_reset(0, &(struct vf_policy){ .trust = true });
	assert_int_equal(ASK(0, unicast), DENIED(unicast));
}

static void an_unknown_message_is_denied(void **state)
{
	(void)state;
	assert_int_equal(ASK(0, 0x77), DENIED(0x77));
	assert_int_equal(ASK(0, 0), DENIED(0));
	assert_int_equal(ASK(0, 0x1ff01), DENIED(0x1ff01)); /* almost VF_RESET */
	assert_true(fake_log_contains("unknown message"));
	assert_int_equal(denied(0), 3);
}

static void a_vf_that_is_denied_a_thousand_times_fills_no_log(void **state)
{
	unsigned lines = 0;

	(void)state;
	fake_log_clear();
	for (unsigned i = 0; i < 1000; i++)
		ASK(0, 0x77);
	for (const char *p = fake_log_text(); (p = strchr(p, '\n')); p++)
		lines++;
	assert_in_range(lines, 1, 10);
	assert_int_equal(denied(0), 1000);
}

#define T(name) cmocka_unit_test_setup(name, setup_running)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_vf_may_confirm_its_own_mac),
		T(an_untrusted_vf_may_not_choose_a_mac),
		T(a_trusted_vf_may_choose_one_and_the_old_one_is_forgotten),
		T(nobody_may_have_the_mac_of_another_or_of_the_pf),
		T(a_group_address_or_zero_is_no_mac),
		T(a_trusted_vf_has_two_more_addresses_and_no_third),
		T(an_unknown_kind_of_set_mac_is_denied),
		T(multicast_hashes_open_the_shared_table_and_the_vfs_own_filter),
		T(a_hash_stays_while_another_vf_wants_it),
		T(a_full_message_of_thirty_hashes_is_taken_and_more_are_denied),
		T(vlan_0_is_granted_and_changes_nothing),
		T(a_vlan_outside_the_trunk_list_is_denied),
		T(a_vlan_of_the_trunk_list_comes_and_goes),
		T(two_vfs_share_a_vlan_and_leave_it_one_by_one),
		T(the_26th_vlan_finds_no_filter),
		T(a_guest_that_takes_all_vlans_leaves_each_other_vf_its_access_vlan),
		T(an_access_vlan_cannot_be_left_or_added_to),
		T(frames_up_to_9022_bytes_can_be_asked_for),
		T(longer_frames_are_denied_with_the_limit),
		T(an_untrusted_vf_hears_no_multicast_that_it_did_not_name),
		T(nobody_sees_the_unicast_of_others),
		T(an_unknown_message_is_denied),
		T(a_vf_that_is_denied_a_thousand_times_fills_no_log),
	};

	return cmocka_run_group_tests_name("igb messages", tests, NULL, NULL);
}
