/* SPDX-License-Identifier: GPL-2.0-only */
/* What VFs and PF said to each other, told in words to whoever asks. */
#include <string.h>

#include "harness.h"

static struct mailbox_event event;
static char text[160];

static bool trace(unsigned age)
{
	memset(text, 0, sizeof(text));
	return master.driver->trace(&master, age, &event, text, sizeof(text));
}

static void expect(unsigned age, unsigned vf, bool from_vf, const char *words)
{
	assert_true(trace(age));
	assert_ptr_equal(event.vf, &vfs[vf]);
	assert_int_equal(event.from_vf, from_vf);
	if (!strstr(text, words))
		fail_msg("'%s' is not in '%s'", words, text);
}

static void a_question_and_its_answer_are_kept_the_latest_first(void **state)
{
	(void)state;
	ASK(1, MESSAGE_SET_LPE, 9000);
	expect(1, 1, true, "SET_LPE frames to 9000 bytes");
	expect(0, 1, false, "SET_LPE, ACK, CTS");
}

static void a_denial_is_a_nack(void **state)
{
	(void)state;
	ASK(0, MESSAGE_SET_VLAN | VLAN_ADD << 16, 7);
	expect(1, 0, true, "SET_VLAN VLAN 7 on");
	expect(0, 0, false, "NACK");
}

static void the_handshake_can_be_read(void **state)
{
	u32 answer[3];

	(void)state;
	ask_reset(0, answer);
	expect(1, 0, true, "VF_RESET");
	expect(0, 0, false, "VF_RESET, ACK");
	assert_null(strstr(text, "CTS"));
}

static void what_nobody_knows_is_shown_as_it_came(void **state)
{
	(void)state;
	ASK(0, 0x00ab00cd);
	expect(1, 0, true, "00ab00cd unknown");
}

static void only_the_last_messages_are_kept(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3 * IGB_TRACE; i++)
		ASK(0, MESSAGE_SET_LPE, 1500 + i);
	assert_true(trace(IGB_TRACE - 1));
	assert_false(trace(IGB_TRACE));
	expect(1, 0, true, "frames to 1595 bytes");
}

static void times_grow(void **state)
{
	u64 later;

	(void)state;
	ASK(0, MESSAGE_SET_LPE, 1518);
	assert_true(trace(0));
	later = event.time_ns;
	assert_true(trace(1));
	assert_true(event.time_ns < later);
}

static void a_card_that_nobody_talked_to_has_none(void **state)
{
	(void)state;
	assert_false(trace(0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_question_and_its_answer_are_kept_the_latest_first,
				       setup_running),
		cmocka_unit_test_setup(a_denial_is_a_nack, setup_running),
		cmocka_unit_test_setup(the_handshake_can_be_read, setup_running),
		cmocka_unit_test_setup(what_nobody_knows_is_shown_as_it_came, setup_running),
		cmocka_unit_test_setup(only_the_last_messages_are_kept, setup_running),
		cmocka_unit_test_setup(times_grow, setup_running),
		cmocka_unit_test_setup(a_card_that_nobody_talked_to_has_none, setup_started),
	};

	return cmocka_run_group_tests_name("igb trace", tests, NULL, NULL);
}
