/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Finding room for VF BARs: inside windows, by growing them, and saying with numbers when there is
 * none (R1).
 */
#include "machine.h"
#include "pci/space_plan.h"

static struct why why;

static struct sriov_pf *enable_nvme(u16 total)
{
	fake_pci_nvme(port, total);
	return enable_all();
}

/* Every BAR of every VF reaches its VF and no other function. */
static void assert_reachable(const struct sriov_pf *pf)
{
	struct mmio m;

	for (unsigned i = 0; i < pf->num_vfs; i++) {
		struct pci_bar bar = vf_bar(&pf->vfs[i], 0);

		assert_int_equal(mmio_map(hpa(bar.base), bar.size, &m), OK);
		mmio_write32(&m, 0, 0x77000000 + i);
		assert_int_equal(mmio_read32(&m, 0), 0x77000000 + i);
	}
	assert_int_equal(fake_pci_conflicts(), 0);
}

static void a_window_grows_upwards_into_free_space(void **state)
{
	(void)state;
	pci_add_aperture(FAKE_MMIO_BASE, FAKE_MMIO_SIZE);
	fake_window(port, false, 0xc8000000, WINDOW);
	struct sriov_pf *pf = enable_nvme(255);

	assert_int_equal(pf->num_vfs, 255);
	assert_int_equal(pci_find(PORT)->mem.base, 0xc8000000);
	assert_int_equal(pci_find(PORT)->mem.limit, 0xc83fffff);
	assert_reachable(pf);
}

static void a_window_grows_downwards_when_something_is_above_it(void **state)
{
	(void)state;
	pci_add_aperture(FAKE_MMIO_BASE, FAKE_MMIO_SIZE);
	fake_window(port, false, 0xc8000000, WINDOW);
	fake_window(other_port, false, 0xc8200000, WINDOW);
	struct sriov_pf *pf = enable_nvme(255);

	assert_int_equal(pf->num_vfs, 255);
	assert_int_equal(pci_find(PORT)->mem.limit, 0xc81fffff);
	assert_true(pci_find(PORT)->mem.base < 0xc8000000);
	assert_reachable(pf);
}

static void an_empty_window_moves_to_where_there_is_room(void **state)
{
	(void)state;
	/*
	 * Prefetchable window between two neighbours, nothing in it: 64 VFs x 2 x 128 KiB do not
	 * fit there.
	 */
	pci_add_aperture(FAKE_MMIO_BASE, FAKE_MMIO_SIZE);
	igb = fake_pci_igb(port);
	fake_vf_bar(igb, 0, 0, 2 * MiB, FAKE_BAR_64 | FAKE_BAR_PREFETCH);
	fake_vf_bar(igb, 3, 0, 64 * KiB, FAKE_BAR_64 | FAKE_BAR_PREFETCH);
	struct sriov_pf *pf = enable_all();

	assert_int_equal(pf->num_vfs, 8);
	assert_true(pci_find(PORT)->prefetch.base >= OTHER_PREFETCH + WINDOW);
	assert_int_equal(pf->vf_bars[0].base % (2 * MiB), 0);
	assert_int_equal(pf->vf_bars[3].base, pf->vf_bars[0].base + 16 * MiB);
	assert_reachable(pf);
	assert_true(fake_log_contains("prefetchable window c0200000-c03fffff ->"));
}

static void a_prefetchable_window_may_move_above_4_gib(void **state)
{
	(void)state;
	pci_add_aperture(FAKE_MMIO64_BASE, FAKE_MMIO64_SIZE);
	igb = fake_pci_igb(port);
	fake_vf_bar(igb, 0, 0, GiB, FAKE_BAR_64 | FAKE_BAR_PREFETCH);
	struct sriov_pf *pf = enable_all();

	assert_int_equal(pf->num_vfs, 8);
	assert_true(pf->vf_bars[0].base >= FAKE_MMIO64_BASE);
	assert_reachable(pf);
}

static void a_32_bit_vf_bar_never_goes_above_4_gib(void **state)
{
	(void)state;
	pci_add_aperture(FAKE_MMIO64_BASE, FAKE_MMIO64_SIZE);
	igb = fake_pci_igb(port);
	fake_vf_bar(igb, 0, 0, 4 * MiB, FAKE_BAR_PREFETCH);
	fake_vf_bar(igb, 1, 0, 0, 0);
	discover();
	assert_int_equal(sriov_enable(sriov_pf(0), 0, 0, &why), ERR_NO_SPACE);
}

static void without_room_fewer_vfs_are_enabled_and_the_numbers_are_said(void **state)
{
	(void)state;
	/* Default aperture: what firmware uses, c0000000 to c07fffff; all of it is taken. */
	struct sriov_pf *pf = enable_nvme(255);

	assert_int_equal(pf->num_vfs, 127);
	assert_reachable(pf);
	assert_true(fake_log_contains(
		"room for 127 of 255 VFs: VF BAR0 needs 255 x 16 KiB = 4080 KiB"));
	assert_true(
		fake_log_contains("memory window of 0000:00:03.0 is c0000000-c01fffff (2048 KiB)"));
}

static void without_room_for_a_single_vf_it_is_an_error_with_numbers(void **state)
{
	(void)state;
	struct snapshot before;

	igb = fake_pci_igb(port);
	fake_vf_bar(igb, 0, 0, 4 * MiB, FAKE_BAR_64);
	discover();
	take_snapshot(&before);
	assert_int_equal(sriov_enable(sriov_pf(0), 0, 0, &why), ERR_NO_SPACE);
	assert_non_null(strstr(why.text, "VF BAR0 needs 8 x 4096 KiB"));
	assert_unchanged_since(&before);
}

static void reserved_ranges_ecam_and_the_chipset_are_never_used(void **state)
{
	(void)state;
	pci_add_aperture(FAKE_ECAM_BASE, 0x100000000 - FAKE_ECAM_BASE);
	pci_reserve_range(0xc0800000, 0x3d000000);
	pci_reserve_range(0xfda00000, 0xfec00000 - 0xfda00000);
	igb = fake_pci_igb(port);
	fake_vf_bar(igb, 0, 0, 512 * KiB, FAKE_BAR_64 | FAKE_BAR_PREFETCH);
	struct sriov_pf *pf = enable_all();

	/*
	 * Left of b0000000..ffffffff: fd800000..fd9fffff. No better than the window that the port
	 * has, for 4 VFs.
	 */
	assert_int_equal(pf->num_vfs, 4);
	assert_reachable(pf);
}

static void both_windows_of_a_bridge_stay_apart_when_they_grow(void **state)
{
	(void)state;
	pci_add_aperture(0xc7000000, 64 * MiB);
	fake_window(port, false, 0xc8000000, MiB);
	fake_window(port, true, 0xc8100000, MiB);
	igb = fake_pci_igb(port);
	fake_vf_bar(igb, 0, 0, MiB, FAKE_BAR_64);
	fake_vf_bar(igb, 3, 0, MiB, FAKE_BAR_64 | FAKE_BAR_PREFETCH);
	struct sriov_pf *pf = enable_all();
	const struct pci_function *f = pci_find(PORT);

	assert_int_equal(pf->num_vfs, 8);
	assert_true(f->mem.limit < f->prefetch.base || f->prefetch.limit < f->mem.base);
	assert_int_equal(fake_pci_conflicts(), 0);
	assert_reachable(pf);
}

static void a_window_never_grows_into_what_the_other_has_just_taken(void **state)
{
	(void)state;
	/* The memory window ends in the middle of a MiB that the prefetchable BAR would fit into.
	 */
	pci_add_aperture(0xc8000000, 64 * MiB);
	fake_window(port, false, 0xc8000000, MiB);
	fake_window(port, true, 0, 0);
	igb = fake_pci_igb(port);
	fake_vf_bar(igb, 0, 0, 128 * KiB, FAKE_BAR_64);
	fake_vf_bar(igb, 3, 0, 128 * KiB, FAKE_BAR_64 | FAKE_BAR_PREFETCH);
	struct sriov_pf *pf = enable_all();
	const struct pci_function *f = pci_find(PORT);

	assert_int_equal(pf->num_vfs, 8);
	assert_int_equal(f->mem.limit, 0xc81fffff);
	assert_true(f->prefetch.base > f->mem.limit);
	assert_reachable(pf);
}

static void what_a_plan_has_given_to_one_window_is_in_the_way_of_the_other(void **state)
{
	(void)state;
	igb = fake_pci_igb(port);
	discover();
	struct pci_function *f = pci_find(PORT);
	struct vf_space plan = { .pf = sriov_pf(0), .num_vfs = 1, .changes = 1 };
	struct space_query q = { pci_find(PF), f, true, &plan };
	struct pci_window range = { 0xd0000000, 0xd00fffff };
	u64 end;

	plan.change[0] = (struct window_change){ f, false, f->mem, { 0xd0000000, 0xd02fffff } };
	assert_true(space_clash(&q, &range, &end));
	assert_int_equal(end, 0xd0300000);
	q.prefetch = false;
	assert_false(space_clash(&q, &range, &end));
}

static void only_a_64_bit_prefetchable_window_moves_above_4_gib(void **state)
{
	(void)state;
	pci_add_aperture(FAKE_MMIO64_BASE, FAKE_MMIO64_SIZE);
	fake_put32(port, PCI_PREF_MEMORY_BASE, (PORT_PREFETCH >> 16) | (PORT_PREFETCH + MiB));
	igb = fake_pci_igb(port);
	fake_vf_bar(igb, 0, 0, GiB, FAKE_BAR_64 | FAKE_BAR_PREFETCH);
	discover();
	assert_int_equal(sriov_enable(sriov_pf(0), 0, 0, &why), ERR_NO_SPACE);
	fake_vf_bar(igb, 0, 0, GiB, FAKE_BAR_64);
	sriov_probe_all();
	assert_int_equal(sriov_enable(sriov_pf(0), 0, 0, &why), ERR_NO_SPACE);
}

static void an_expansion_rom_is_not_overlaid(void **state)
{
	(void)state;
	igb = fake_pci_igb(port);
	fake_put32(igb, PCI_ROM_ADDRESS, PORT_PREFETCH);
	fake_allow(igb, PCI_ROM_ADDRESS, 0xfffc0001, 4);
	assert_int_equal(enable_all()->vf_bars[0].base, PORT_PREFETCH + 256 * KiB);
}

static void a_32_bit_vf_bar_stays_out_of_a_window_above_4_gib(void **state)
{
	(void)state;
	fake_window(port, true, FAKE_MMIO64_BASE, WINDOW);
	igb = fake_pci_igb(port);
	fake_vf_bar(igb, 0, 0, 16 * KiB, FAKE_BAR_PREFETCH);
	fake_vf_bar(igb, 1, 0, 0, 0);
	struct sriov_pf *pf = enable_all();

	assert_in_range(pf->vf_bars[0].base, PORT_MEM, PORT_MEM + WINDOW);
	assert_true(pf->vf_bars[3].base >= FAKE_MMIO64_BASE);
	assert_reachable(pf);
}

static void windows_of_a_switch_grow_on_all_levels(void **state)
{
	(void)state;
	struct fake_function *up, *down;

	pci_add_aperture(0xc8000000, 64 * MiB);
	fake_put8(port, PCI_SUBORDINATE_BUS, 3);
	fake_put8(other_port, PCI_SECONDARY_BUS, 4);
	fake_put8(other_port, PCI_SUBORDINATE_BUS, 4);
	fake_window(port, false, 0xc8000000, 2 * MiB);
	up = fake_pci_bridge(rid_make(0, 1, 0, 0), port, PCI_EXP_TYPE_UPSTREAM, 2, 3, 0);
	fake_window(up, false, 0xc8000000, 2 * MiB);
	down = fake_pci_bridge(rid_make(0, 2, 0, 0), up, PCI_EXP_TYPE_DOWNSTREAM, 3, 3,
			       FAKE_ACS_ALL);
	fake_window(down, false, 0xc8000000, 2 * MiB);
	fake_pci_nvme(down, 255);
	struct sriov_pf *pf = enable_all();

	assert_int_equal(pf->num_vfs, 255);
	assert_reachable(pf);
}

static void a_window_that_does_not_take_its_value_is_an_error_and_goes_back(void **state)
{
	(void)state;
	struct snapshot before;

	pci_add_aperture(0xc8000000, 64 * MiB);
	fake_window(port, false, 0xc8000000, WINDOW);
	fake_pci_nvme(port, 255);
	discover();
	take_snapshot(&before);
	port->faults.window_stuck = true;
	assert_int_equal(sriov_enable(sriov_pf(0), 0, 0, &why), ERR_DEVICE);
	assert_non_null(
		strstr(why.text,
		       "memory window was set to c8000000-c83fffff but reads c8000000-c81fffff"));
	assert_unchanged_since(&before);
}

static void two_cards_under_one_switch_do_not_share_addresses(void **state)
{
	(void)state;
	igb = fake_pci_igb(port);
	fake_pci_igb(other_port);
	discover();
	assert_int_equal(sriov_enable(sriov_pf(0), 0, 0, NULL), OK);
	assert_int_equal(sriov_enable(sriov_pf(1), 0, 0, NULL), OK);
	assert_reachable(sriov_pf(0));
	assert_reachable(sriov_pf(1));
}

static void an_integrated_pf_gets_a_gap_of_the_hosts_own_space(void **state)
{
	(void)state;
	pci_add_aperture(0xc0000000, 0x3ec00000);
	igb = fake_pci_igb(NULL);
	igb->sriov->offset = 0x80;
	struct sriov_pf *pf = enable_all();

	assert_int_equal(pf->num_vfs, 8);
	assert_true(pf->vf_bars[0].base >= OTHER_PREFETCH + WINDOW);
	assert_reachable(pf);
}

static void covering_means_the_windows_of_every_bridge_above(void **state)
{
	(void)state;
	igb = fake_pci_igb(port);
	discover();
	const struct pci_function *f = pci_find(PF);

	assert_true(pci_windows_cover(f, PORT_MEM, WINDOW, false));
	assert_false(pci_windows_cover(f, PORT_MEM, WINDOW + 1, false));
	assert_false(pci_windows_cover(f, PORT_MEM - 1, 16, false));
	assert_false(pci_windows_cover(f, PORT_PREFETCH, 16, false));
	assert_true(pci_windows_cover(f, PORT_PREFETCH, 16, true));
	assert_true(pci_windows_cover(f, PORT_MEM, 16, true));
	assert_false(pci_windows_cover(f, PORT_MEM, 0, true));
	assert_false(pci_windows_cover(f, ~0ull - 15, 32, true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_MACHINE(a_window_grows_upwards_into_free_space),
		IN_MACHINE(a_window_grows_downwards_when_something_is_above_it),
		IN_MACHINE(an_empty_window_moves_to_where_there_is_room),
		IN_MACHINE(a_prefetchable_window_may_move_above_4_gib),
		IN_MACHINE(a_32_bit_vf_bar_never_goes_above_4_gib),
		IN_MACHINE(without_room_fewer_vfs_are_enabled_and_the_numbers_are_said),
		IN_MACHINE(without_room_for_a_single_vf_it_is_an_error_with_numbers),
		IN_MACHINE(reserved_ranges_ecam_and_the_chipset_are_never_used),
		IN_MACHINE(both_windows_of_a_bridge_stay_apart_when_they_grow),
		IN_MACHINE(a_window_never_grows_into_what_the_other_has_just_taken),
		IN_MACHINE(what_a_plan_has_given_to_one_window_is_in_the_way_of_the_other),
		IN_MACHINE(only_a_64_bit_prefetchable_window_moves_above_4_gib),
		IN_MACHINE(an_expansion_rom_is_not_overlaid),
		IN_MACHINE(a_32_bit_vf_bar_stays_out_of_a_window_above_4_gib),
		IN_MACHINE(windows_of_a_switch_grow_on_all_levels),
		IN_MACHINE(a_window_that_does_not_take_its_value_is_an_error_and_goes_back),
		IN_MACHINE(two_cards_under_one_switch_do_not_share_addresses),
		IN_MACHINE(an_integrated_pf_gets_a_gap_of_the_hosts_own_space),
		IN_MACHINE(covering_means_the_windows_of_every_bridge_above),
	};

	return cmocka_run_group_tests_name("space", tests, NULL, NULL);
}
