/* SPDX-License-Identifier: GPL-2.0-only */
/* Start-up of the 82576: what must be there, what is written, and that nothing is waited for
 * without end. */
#include <string.h>

#include "harness.h"
#include "pci/config.h"

#define START_LIMIT (1 * NS_PER_S)

static enum err start(struct why *why)
{
	*why = (struct why){ 0 };
	return master.driver->start(&master, why);
}

static void all_forms_of_the_82576_are_ours_and_nothing_else_is(void **state)
{
	struct pci_function f = { .vendor = 0x8086, .device = 0x10c9 };

	(void)state;
	assert_ptr_equal(master_driver_for(&f), &igb_master_driver);
	f.device = 0x1526;
	assert_ptr_equal(master_driver_for(&f), &igb_master_driver);
	f.device = 0x10ca; /* the VF */
	assert_null(master_driver_for(&f));
	f = (struct pci_function){ .vendor = 0x1b36, .device = 0x10c9 };
	assert_null(master_driver_for(&f));
}

static void the_pf_keeps_one_of_the_eight_pools(void **state)
{
	struct sriov_pf eight = { .total_vfs = 8 }, two = { .total_vfs = 2 };

	(void)state;
	assert_int_equal(master.driver->vf_limit(&eight), 7);
	assert_int_equal(master.driver->vf_limit(&two), 2);
}

static void start_resets_the_device_and_turns_on_decode_and_bus_master(void **state)
{
	struct why why;

	(void)state;
	pci_write16(pf.function->rid, PCI_COMMAND, 0);
	assert_int_equal(start(&why), OK);
	assert_int_equal(card.resets, 1);
	assert_int_equal(pci_read16(pf.function->rid, PCI_COMMAND) & 6, 6);
}

static void start_without_a_placed_bar_is_refused(void **state)
{
	struct why why;

	(void)state;
	pf.function->bars[0].base = 0;
	assert_int_equal(start(&why), ERR_DEVICE);
	assert_non_null(strstr(why.text, "BAR 0"));
	assert_int_equal(card.accesses, 0);
}

static void registers_that_cannot_be_mapped_are_an_error(void **state)
{
	struct why why;

	(void)state;
	fake_mmio_map_fail_after(0, ERR_NO_MEMORY);
	assert_int_equal(start(&why), ERR_NO_MEMORY);
}

static void a_device_that_is_gone_is_refused(void **state)
{
	struct why why;

	(void)state;
	card.faults.gone = true;
	assert_int_equal(start(&why), ERR_DEVICE);
}

static void a_device_that_goes_while_its_link_is_awaited_is_told_once(void **state)
{
	struct why why;
	const char *told;

	(void)state;
	assert_int_equal(start(&why), OK);
	card.faults.gone = true;
	assert_int_equal(master.driver->vfs_enabled(&master, &why), OK);
	assert_true(master.failed);
	told = strstr(fake_log_text(), "the device is gone");
	assert_non_null(told);
	assert_null(strstr(told + 1, "the device is gone"));
}

static void a_device_that_does_not_stop_its_dma_is_not_reset(void **state)
{
	struct why why;

	(void)state;
	card.faults.dma_never_stops = true;
	assert_int_equal(start(&why), ERR_TIMEOUT);
	assert_int_equal(card.resets, 0);
	assert_true(fake_time_now() < START_LIMIT);
}

static void a_reset_that_never_ends_is_given_up(void **state)
{
	struct why why;

	(void)state;
	card.faults.reset_never_ends = true;
	assert_int_equal(start(&why), ERR_TIMEOUT);
	assert_true(fake_time_now() < START_LIMIT);
}

static void an_eeprom_without_mac_is_refused(void **state)
{
	struct why why;

	(void)state;
	card.faults.no_mac = true;
	assert_int_equal(start(&why), ERR_DEVICE);
	assert_non_null(strstr(why.text, "MAC"));
	assert_true(fake_time_now() < START_LIMIT);
}

static void a_board_without_phy_starts_all_the_same(void **state)
{
	struct why why;

	(void)state;
	card.faults.no_phy = true;
	assert_int_equal(start(&why), OK);
	assert_true(fake_log_contains("no PHY"));
}

static void a_link_that_comes_is_waited_for(void **state)
{
	(void)state;
	start_card(VF_COUNT);
	assert_true(fake_log_contains("link up, 1000 Mbit/s"));
	assert_true(fake_time_now() >= FAKE_IGB_LINK_NS);
}

static void a_link_that_never_comes_delays_the_boot_by_little_more_than_a_second(void **state)
{
	(void)state;
	card.faults.no_link = true;
	start_card(VF_COUNT);
	assert_true(fake_log_contains("no link after 1000 ms"));
	assert_true(fake_time_now() < 3 * NS_PER_S / 2);
	assert_false(master.failed);
}

static void vfs_hear_that_the_reset_is_done_only_when_all_filters_are_closed(void **state)
{
	int done, closed, filters;

	(void)state;
	start_card(VF_COUNT);
	done = fake_event_find(0, FAKE_MMIO_WRITE, BAR_BASE + IGB_CTRL_EXT);
	closed = fake_event_find(0, FAKE_MMIO_WRITE, BAR_BASE + IGB_VFRE);
	filters = fake_event_find(0, FAKE_MMIO_WRITE, BAR_BASE + IGB_VT_CTL);
	assert_true(closed >= 0 && filters >= 0 && done > closed && done > filters);
	for (unsigned n = 0; n < 8; n++) /* the PF's own pool, too */
		assert_false(gate_open(n));
	for (unsigned n = 0; n < VF_COUNT; n++) {
		assert_int_equal(vmolr(n), 0);
		assert_int_equal(fake_igb_vf_mailbox(&card, n), FAKE_V2P_RSTD);
	}
}

static void the_switch_has_no_default_pool_and_checks_every_vf(void **state)
{
	u32 vt_ctl, dtxswc;

	(void)state;
	start_card(VF_COUNT);
	vt_ctl = fake_igb_reg(&card, IGB_VT_CTL);
	dtxswc = fake_igb_reg(&card, IGB_DTXSWC);
	assert_int_equal(fake_igb_reg(&card, IGB_MRQC), 3);
	assert_true(vt_ctl & VT_CTL_NO_DEFAULT_POOL);
	assert_true(vt_ctl & VT_CTL_REPLICATION);
	assert_int_equal(vt_ctl >> 7 & 7, VF_COUNT);
	assert_int_equal(dtxswc, 0x80007f7f); /* loopback, MAC and VLAN checked for pools 0..6 */
	assert_int_equal(fake_igb_reg(&card, IGB_QDE), 0xffff);
	assert_true(fake_igb_reg(&card, IGB_RCTL) & RCTL_EN);
	assert_true(fake_igb_reg(&card, IGB_TCTL) & TCTL_EN);
}

static void resets_of_vf_enable_are_no_resets_of_guests(void **state)
{
	(void)state;
	start_card(VF_COUNT);
	assert_int_equal(fake_igb_reg(&card, IGB_VFLRE), 0);
}

static void eight_vfs_are_one_too_many(void **state)
{
	struct why why;

	(void)state;
	assert_int_equal(start(&why), OK);
	pf.num_vfs = 8;
	assert_int_equal(master.driver->vfs_enabled(&master, &why), ERR_NO_SPACE);
}

static void vectors_of_vfs_are_not_taken_for_the_pf(void **state)
{
	struct why why;

	(void)state;
	start_card(VF_COUNT);
	/* 7 VFs own 21 of the 25 causes. */
	assert_int_equal(master.driver->enable_interrupt(&master, 3, &why), OK);
	assert_int_equal(master.driver->enable_interrupt(&master, 4, &why), ERR_NO_SPACE);
	master.msix.vectors = 2;
	assert_int_equal(master.driver->enable_interrupt(&master, 2, &why), ERR_NO_SPACE);
}

static void the_interrupt_is_connected_and_msix_mode_is_on_for_the_vfs(void **state)
{
	(void)state;
	start_card(VF_COUNT);
	assert_int_equal(fake_igb_reg(&card, IGB_IVAR_MISC), 0x8000);
	assert_int_equal(fake_igb_reg(&card, IGB_EIMS), 1);
	assert_int_equal(fake_igb_reg(&card, IGB_EIAC), 1);
	assert_true(fake_igb_reg(&card, IGB_IMS) & ICR_VMMB);
	assert_true(fake_igb_reg(&card, IGB_GPIE) & GPIE_MULTIPLE_MSIX);
}

#define T(name) cmocka_unit_test_setup(name, setup_cold)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(all_forms_of_the_82576_are_ours_and_nothing_else_is),
		T(the_pf_keeps_one_of_the_eight_pools),
		T(start_resets_the_device_and_turns_on_decode_and_bus_master),
		T(start_without_a_placed_bar_is_refused),
		T(registers_that_cannot_be_mapped_are_an_error),
		T(a_device_that_is_gone_is_refused),
		T(a_device_that_goes_while_its_link_is_awaited_is_told_once),
		T(a_device_that_does_not_stop_its_dma_is_not_reset),
		T(a_reset_that_never_ends_is_given_up),
		T(an_eeprom_without_mac_is_refused),
		T(a_board_without_phy_starts_all_the_same),
		T(a_link_that_comes_is_waited_for),
		T(a_link_that_never_comes_delays_the_boot_by_little_more_than_a_second),
		T(vfs_hear_that_the_reset_is_done_only_when_all_filters_are_closed),
		T(the_switch_has_no_default_pool_and_checks_every_vf),
		T(resets_of_vf_enable_are_no_resets_of_guests),
		T(eight_vfs_are_one_too_many),
		T(vectors_of_vfs_are_not_taken_for_the_pf),
		T(the_interrupt_is_connected_and_msix_mode_is_on_for_the_vfs),
	};

	return cmocka_run_group_tests_name("igb start", tests, NULL, NULL);
}
