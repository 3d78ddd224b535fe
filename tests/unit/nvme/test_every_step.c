/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Each admin command of the PF and each allocation fails in turn, with an error or without any
 * answer (S16): a VF is set up whole or quarantined, and no namespace is ever within reach of a VF
 * that was not given it.
 */
#include "harness.h"

#include <string.h>

#define ALL_VFS    0x1eu /* bits of controllers 1 to 4 */
#define MOST_STEPS 300

static struct why why;

static void no_vf_has_a_namespace(void)
{
	for (u32 nsid = 1; nsid <= FAKE_NVME_NAMESPACES; nsid++)
		assert_int_equal(disk.holders[nsid] & ALL_VFS, 0);
}

static void start_with_each_failure(void **state, bool silent)
{
	for (unsigned k = 1;; k++) {
		setup_cold(state);
		disk.step_is_silent = silent;
		memset(&why, 0, sizeof(why));
		fake_fail_step(k);
		enum err e = start(&why);
		if (e == OK)
			e = enable_vfs(&why);
		bool reached = fake_step_failed();

		fake_fail_step(0);
		no_vf_has_a_namespace();
		assert_true(k < MOST_STEPS);
		if (e != OK)
			assert_true(why.text[0]);
		for (unsigned n = 0; e == OK && n < FAKE_NVME_VFS; n++) {
			const struct fake_controller *c = vf_device(n);

			if (pf->vfs[n].state == VF_PARKED)
				assert_true(c->online && c->queues >= 2 && c->interrupts >= 1);
			else
				assert_int_equal(pf->vfs[n].state, VF_QUARANTINED);
		}
		setup_teardown(state);
		if (!reached) {
			assert_int_equal(e, OK);
			assert_true(k > 10);
			return;
		}
	}
}

static void a_pf_that_starts_with_any_failure_has_whole_vfs_or_none(void **state)
{
	start_with_each_failure(state, false);
}

static void so_it_does_when_a_command_has_no_answer(void **state)
{
	start_with_each_failure(state, true);
}

/* Give namespace 2 to VF 0 and take it back, as assignment and release do. */
static void own_with_each_failure(void **state, bool silent)
{
	for (unsigned k = 1;; k++) {
		setup_started(state);
		disk.step_is_silent = silent;
		fake_fail_step(k);
		enum err given = give(0, 2, &why);

		assert_true(k < MOST_STEPS);
		if (given == OK)
			assert_int_equal(disk.holders[2], BIT(1));
		enum err taken = master.driver->vf_reset_done(&master, &pf->vfs[0], false, &why);
		bool reached = fake_step_failed();

		fake_fail_step(0);
		assert_int_equal(disk.holders[1], BIT(0)); /* the PF's own */
		if (taken == OK)
			no_vf_has_a_namespace();
		else /* quarantined by whoever asked; what it holds nobody else gets */
			assert_true(why.text[0]);
		if (disk.holders[2] & ALL_VFS)
			assert_int_not_equal(give(1, 2, &why), OK);
		assert_int_equal(disk.holders[2] & (disk.holders[2] - 1), 0);
		setup_teardown(state);
		if (!reached) {
			assert_true(given == OK && taken == OK && k > 2);
			return;
		}
	}
}

static void a_namespace_that_cannot_be_given_or_taken_is_never_anybody_elses(void **state)
{
	own_with_each_failure(state, false);
}

static void nor_is_one_whose_command_has_no_answer(void **state)
{
	own_with_each_failure(state, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pf_that_starts_with_any_failure_has_whole_vfs_or_none),
		cmocka_unit_test(so_it_does_when_a_command_has_no_answer),
		cmocka_unit_test(a_namespace_that_cannot_be_given_or_taken_is_never_anybody_elses),
		cmocka_unit_test(nor_is_one_whose_command_has_no_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
