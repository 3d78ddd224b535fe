/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Enabling VFs with each allocation and each config request failing in turn (S16): either all is as
 * it was, or what is on is whole: every parked VF answers where its BARs are said to be, every
 * other one is quarantined, and nobody decodes what is somebody else's.
 */
#include "machine.h"

#define SRIOV      0x160
#define MOST_STEPS 2000
#define PATTERN    0x5a5aa5a5u

static struct why why;

/* Every register of a VF BAR is that VF's own. */
static void assert_bars_are_the_vfs_own(const struct vf *vf)
{
	for (unsigned n = 0; n < PCI_BARS; n++) {
		struct pci_bar bar = vf_bar(vf, n);
		struct mmio m;

		if (!bar.size)
			continue;
		assert_int_equal(mmio_map(hpa(bar.base), bar.size, &m), OK);
		vf_set_command(vf, true, false);
		mmio_write32(&m, 0x800, PATTERN + vf->index);
		assert_memory_equal(fake_vf(igb, vf->index)->bar_memory[n] + 0x800,
				    &(u32){ PATTERN + vf->index }, sizeof(u32));
		vf_set_command(vf, false, false);
	}
}

static void assert_whole(const struct sriov_pf *pf)
{
	unsigned parked = 0;

	assert_in_range(pf->num_vfs, 1, 8);
	assert_int_equal(fake_get16(igb, SRIOV + PCI_SRIOV_NUM_VF), pf->num_vfs);
	assert_true(fake_get16(igb, SRIOV + PCI_SRIOV_CTRL) & PCI_SRIOV_CTRL_VFE);
	for (unsigned i = 0; i < pf->num_vfs; i++) {
		const struct vf *vf = &pf->vfs[i];

		assert_true(vf->state == VF_PARKED || vf->state == VF_QUARANTINED);
		if (vf->state != VF_PARKED)
			continue;
		parked++;
		assert_ptr_equal(fake_pci_find(vf->rid), fake_vf(igb, i));
		assert_int_equal(fake_get16(fake_vf(igb, i), PCI_COMMAND) & PCI_COMMAND_MASTER, 0);
		assert_bars_are_the_vfs_own(vf);
	}
	assert_true(parked > 0);
	assert_int_equal(fake_pci_conflicts(), 0);
}

/* Enable with step k failing; false once there are fewer steps than k. */
static bool with_failure_at(void **state, unsigned k, bool reads, bool writes)
{
	struct snapshot before;

	begin_igb(state);
	discover();
	take_snapshot(&before);
	u64 pages = pool_used(POOL_PCI);
	struct sriov_pf *pf = sriov_pf(0);

	fake_pci_fail_reads(reads);
	fake_pci_fail_writes(writes);
	fake_fail_step(k);
	enum err e = sriov_enable(pf, 0, 0, &why);
	bool reached = fake_step_failed();

	assert_true(k < MOST_STEPS);
	fake_fail_step(0);
	if (e == OK) {
		assert_whole(pf);
		return reached;
	}
	assert_true(reached);
	assert_true(why.text[0]);
	assert_int_equal(pf->num_vfs, 0);
	assert_null(pf->vfs);
	assert_int_equal(pool_used(POOL_PCI), pages);
	assert_unchanged_since(&before);
	/* Nothing is in the way of another try. */
	assert_int_equal(sriov_enable(pf, 0, 0, &why), OK);
	assert_whole(pf);
	assert_int_equal(pf->num_vfs, 8);
	return true;
}

static void without_memory_at_any_step_all_is_as_before(void **state)
{
	unsigned k = 1;

	while (with_failure_at(state, k, false, false))
		k++;
	assert_true(k > 1);
}

static void whichever_config_write_is_lost_nothing_is_half_done(void **state)
{
	unsigned k = 1;

	while (with_failure_at(state, k, false, true))
		k++;
	assert_true(k > 10);
}

static void whichever_config_read_gives_all_ones_nothing_is_half_done(void **state)
{
	unsigned k = 1;

	while (with_failure_at(state, k, true, false))
		k++;
	assert_true(k > 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_memory_at_any_step_all_is_as_before),
		cmocka_unit_test(whichever_config_write_is_lost_nothing_is_half_done),
		cmocka_unit_test(whichever_config_read_gives_all_ones_nothing_is_half_done),
	};

	return cmocka_run_group_tests_name("sriov every step", tests, NULL, NULL);
}
