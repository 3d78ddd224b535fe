/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cards that lie, machines without room: what sriov_enable() says, and that it leaves everything as
 * it was (S09, S16, S25).
 */
#include "machine.h"

#define SRIOV 0x160

static struct why why;

/* sriov_enable() fails with `code`, the text says so, and no register differs from before. */
static void expect_failure(enum err code, const char *text)
{
	struct snapshot before;

	discover();
	take_snapshot(&before);
	u64 pages = pool_used(POOL_PCI);

	memset(&why, 0, sizeof(why));
	assert_int_equal(sriov_enable(sriov_pf(0), 0, 0, &why), code);
	assert_int_equal(why.code, code);
	if (!strstr(why.text, text))
		fail_msg("expected '%s' in '%s'", text, why.text);
	assert_int_equal(sriov_pf(0)->num_vfs, 0);
	assert_int_equal(pool_used(POOL_PCI), pages);
	assert_unchanged_since(&before);
}

static void num_vfs_that_does_not_stick_is_an_error(void **state)
{
	(void)state;
	igb->faults.num_vfs_stuck = true;
	expect_failure(ERR_DEVICE, "NumVFs was set to 8 but reads 0");
}

static void vf_enable_that_does_not_stick_is_an_error(void **state)
{
	(void)state;
	igb->faults.vf_enable_stuck = true;
	expect_failure(ERR_DEVICE, "Control reads 0018");
}

static void vf_bars_that_do_not_stick_are_an_error(void **state)
{
	(void)state;
	/* Sizing needs them writable, so they break after the walk. */
	discover();
	igb->faults.vf_bar_stuck = true;
	assert_int_equal(sriov_enable(sriov_pf(0), 0, 0, &why), ERR_DEVICE);
	assert_non_null(strstr(why.text, "VF BAR0 was set to c0200000 but reads 0"));
	assert_int_equal(fake_get16(igb, SRIOV + PCI_SRIOV_CTRL), 0);
	assert_int_equal(pci_function_count(), 6 - 1);
}

static void total_vfs_of_zero_points_at_the_cards_own_setup(void **state)
{
	(void)state;
	fake_put16(igb, SRIOV + PCI_SRIOV_TOTAL_VF, 0);
	expect_failure(ERR_UNSUPPORTED, "TotalVFs is 0");
}

static void stride_zero_with_several_vfs_is_refused(void **state)
{
	(void)state;
	igb->sriov->ari_stride = 0;
	expect_failure(ERR_DEVICE, "VF Stride is 0: its 8 VFs would share one Requester ID");
}

static void stride_zero_with_one_vf_is_fine(void **state)
{
	(void)state;
	igb->sriov->ari_stride = 0;
	discover();
	assert_int_equal(sriov_enable(sriov_pf(0), 1, 0, &why), OK);
}

static void offset_zero_is_refused(void **state)
{
	(void)state;
	igb->sriov->ari_offset = 0;
	expect_failure(ERR_DEVICE, "First VF Offset is 0");
}

static void vfs_beyond_bus_ff_are_not_enabled(void **state)
{
	(void)state;
	igb->sriov->ari_offset = 0xfef8;
	igb->sriov->ari_stride = 4;
	fake_put8(port, PCI_SUBORDINATE_BUS, 0xff);
	fake_put8(other_port, PCI_SECONDARY_BUS, 0);
	discover();
	assert_int_equal(sriov_enable(sriov_pf(0), 0, 0, &why), OK);
	assert_int_equal(sriov_pf(0)->num_vfs, 2);
	assert_true(fake_log_contains("2 of 8 VFs have a usable Requester ID"));
	assert_true(fake_log_contains("beyond bus ff"));
}

static void a_vf_must_not_take_the_requester_id_of_another_function(void **state)
{
	(void)state;
	igb->sriov->ari_offset = 2;
	fake_put8(igb, PCI_HEADER_TYPE, 0x80);
	struct fake_function *second =
		fake_pci_add(rid_make(0, 1, 0, 4), port, 0x10c98086, 0x02000001);

	fake_pcie_cap(second, 0xa0, PCI_EXP_TYPE_ENDPOINT, 0);
	fake_ext_cap(second, PCI_EXT_CAP_ID_ARI, 1, 0x100);
	discover();
	assert_int_equal(sriov_enable(sriov_pf(0), 0, 0, &why), OK);
	assert_int_equal(sriov_pf(0)->num_vfs, 1);
	assert_true(fake_log_contains("VF 1 would be 0000:01:00.4, but another function has it"));
}

static void vfs_that_only_ari_reaches_need_a_port_that_forwards_it(void **state)
{
	(void)state;
	igb->sriov->offset = 0x80;
	fake_put16(port, port->cap_pcie + PCI_EXP_DEVCAP2, 0);
	expect_failure(ERR_UNSUPPORTED, "only ARI reaches, and 0000:00:03.0 cannot forward ARI");
}

static void vf_bars_smaller_than_a_page_are_refused(void **state)
{
	(void)state;
	fake_vf_bar(igb, 0, 0, 2 * KiB, FAKE_BAR_64 | FAKE_BAR_PREFETCH);
	expect_failure(ERR_UNSUPPORTED, "VF BAR0 has 2048 bytes, expected at least a page");
}

static void a_vf_bar_with_an_impossible_size_keeps_all_vfs_off(void **state)
{
	(void)state;
	fake_allow(igb, SRIOV + PCI_SRIOV_BAR, 0x00ff0ff0, 4);
	expect_failure(ERR_DEVICE, "impossible size");
}

static void a_vf_bar_beyond_2_to_the_51_is_impossible(void **state)
{
	(void)state;
	fake_allow(igb, SRIOV + PCI_SRIOV_BAR, 0, 4);
	fake_allow(igb, SRIOV + PCI_SRIOV_BAR + 4, 0xfff00000, 4);
	expect_failure(ERR_DEVICE, "impossible size");
}

static void without_any_vf_bar_there_is_nothing_to_give(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PCI_BARS; i++)
		fake_vf_bar(igb, i, 0, 0, 0);
	expect_failure(ERR_DEVICE, "its VFs have no memory BAR");
}

static void a_page_size_register_that_lies_is_an_error(void **state)
{
	(void)state;
	fake_put32(igb, SRIOV + PCI_SRIOV_SYS_PGSIZE, 0);
	fake_allow(igb, SRIOV + PCI_SRIOV_SYS_PGSIZE, 0, 4);
	expect_failure(ERR_DEVICE, "System Page Size reads 0");
}

static void a_vf_that_does_not_answer_is_quarantined_and_the_others_live(void **state)
{
	(void)state;
	fake_vf(igb, 3)->faults.dead = true;
	struct sriov_pf *pf = enable_all();

	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(pf->vfs[i].state, i == 3 ? VF_QUARANTINED : VF_PARKED);
	assert_true(fake_log_contains("VF pf0/3 (0000:01:10.6) is quarantined"));
	assert_non_null(pci_find(pf->vfs[3].rid)); /* its faults have a name all the same */
}

static void a_vf_that_answers_late_but_in_time_is_parked(void **state)
{
	(void)state;
	fake_vf(igb, 0)->faults.answers_after_ns = 900 * NS_PER_MS;
	assert_int_equal(enable_all()->vfs[0].state, VF_PARKED);
}

static void many_dead_vfs_cost_one_timeout_and_not_one_each(void **state)
{
	(void)state;
	for (unsigned i = 1; i < 8; i++)
		fake_vf(igb, i)->faults.dead = true;
	discover();
	u64 before = fake_time_now();

	assert_int_equal(sriov_enable(sriov_pf(0), 0, 0, NULL), OK);
	assert_true(fake_time_now() - before < 1200 * NS_PER_MS);
}

static void if_no_vf_answers_they_are_switched_off_again(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 8; i++)
		fake_vf(igb, i)->faults.dead = true;
	expect_failure(ERR_DEVICE, "none of its 8 VFs answers (the first should be 0000:01:10.0");
	assert_int_equal(pci_function_count(), 5);
}

static void bus_numbers_that_were_taken_for_vfs_go_back_on_an_error(void **state)
{
	(void)state;
	fake_put16(port, port->cap_pcie + PCI_EXP_DEVCAP2, 0);
	fake_put8(other_port, PCI_SECONDARY_BUS, 3);
	fake_put8(other_port, PCI_SUBORDINATE_BUS, 3);
	for (unsigned i = 0; i < 8; i++)
		fake_vf(igb, i)->faults.dead = true;
	expect_failure(ERR_DEVICE, "the first should be 0000:02:10.0");
	assert_true(fake_log_contains("0000:00:03.0: subordinate bus 01 -> 02"));
	assert_int_equal(pci_find(PORT)->subordinate, 1);
}

static void no_memory_for_the_vfs_is_an_error_and_changes_nothing(void **state)
{
	(void)state;
	while (pool_alloc(POOL_HOST, 1, PAGE_SIZE))
		;
	expect_failure(ERR_NO_MEMORY, "no memory for 8 VFs");
}

static void a_capability_that_leaves_config_space_is_not_used(void **state)
{
	(void)state;
	fake_ext_cap(igb, PCI_EXT_CAP_ID_VNDR, 1, 0x200);
	fake_put32(igb, 0x150, PCI_EXT_CAP_ID_ARI | 1 << 16 | 0xfd0u << 20);
	fake_put32(igb, 0xfd0, PCI_EXT_CAP_ID_SRIOV | 1 << 16);
	discover();
	assert_int_equal(sriov_pf_count(), 0);
	assert_true(fake_log_contains("its capability leaves the config space"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_IGB(num_vfs_that_does_not_stick_is_an_error),
		WITH_IGB(vf_enable_that_does_not_stick_is_an_error),
		WITH_IGB(vf_bars_that_do_not_stick_are_an_error),
		WITH_IGB(total_vfs_of_zero_points_at_the_cards_own_setup),
		WITH_IGB(stride_zero_with_several_vfs_is_refused),
		WITH_IGB(stride_zero_with_one_vf_is_fine),
		WITH_IGB(offset_zero_is_refused),
		WITH_IGB(vfs_beyond_bus_ff_are_not_enabled),
		WITH_IGB(a_vf_must_not_take_the_requester_id_of_another_function),
		WITH_IGB(vfs_that_only_ari_reaches_need_a_port_that_forwards_it),
		WITH_IGB(vf_bars_smaller_than_a_page_are_refused),
		WITH_IGB(a_vf_bar_with_an_impossible_size_keeps_all_vfs_off),
		WITH_IGB(a_vf_bar_beyond_2_to_the_51_is_impossible),
		WITH_IGB(without_any_vf_bar_there_is_nothing_to_give),
		WITH_IGB(a_page_size_register_that_lies_is_an_error),
		WITH_IGB(a_vf_that_does_not_answer_is_quarantined_and_the_others_live),
		WITH_IGB(a_vf_that_answers_late_but_in_time_is_parked),
		WITH_IGB(many_dead_vfs_cost_one_timeout_and_not_one_each),
		WITH_IGB(if_no_vf_answers_they_are_switched_off_again),
		WITH_IGB(bus_numbers_that_were_taken_for_vfs_go_back_on_an_error),
		WITH_IGB(no_memory_for_the_vfs_is_an_error_and_changes_nothing),
		WITH_IGB(a_capability_that_leaves_config_space_is_not_used),
	};

	return cmocka_run_group_tests_name("sriov faults", tests, NULL, NULL);
}
