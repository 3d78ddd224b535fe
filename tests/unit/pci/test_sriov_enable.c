/* SPDX-License-Identifier: GPL-2.0-only */
/* Enabling VFs on a machine that behaves. */
#include "machine.h"

#define SRIOV 0x160

static void all_vfs_answer_and_are_parked(void **state)
{
	(void)state;
	struct sriov_pf *pf = enable_all();

	assert_int_equal(pf->num_vfs, 8);
	for (unsigned i = 0; i < 8; i++) {
		assert_int_equal(pf->vfs[i].state, VF_PARKED);
		assert_int_equal(pf->vfs[i].index, i);
		assert_int_equal(pci_read16(pf->vfs[i].rid, PCI_COMMAND), 0);
	}
}

static void offset_and_stride_are_read_after_ari_and_num_vfs(void **state)
{
	(void)state;
	struct sriov_pf *pf = enable_all();

	/* The 82576 says 0x180 without ARI Capable Hierarchy and 0x80 with it. */
	assert_true(pf->ari);
	assert_int_equal(pf->offset, 0x80);
	assert_int_equal(pf->vfs[0].rid.id, 0x0180);
	assert_int_equal(pf->vfs[7].rid.id, 0x018e);
}

static void ari_forwarding_is_on_in_the_port_above(void **state)
{
	(void)state;
	enable_all();
	assert_true(fake_get16(port, port->cap_pcie + PCI_EXP_DEVCTL2) & PCI_EXP_DEVCTL2_ARI);
	assert_true(pci_find(PORT)->ari_forwarding);
	assert_false(pci_find(OTHER_PORT)->ari_forwarding);
}

static void without_ari_in_the_port_the_vfs_get_the_next_bus(void **state)
{
	(void)state;
	fake_put16(port, port->cap_pcie + PCI_EXP_DEVCAP2, 0);
	fake_put8(port, PCI_SUBORDINATE_BUS, 2);
	fake_put8(other_port, PCI_SECONDARY_BUS, 3);
	fake_put8(other_port, PCI_SUBORDINATE_BUS, 3);
	struct sriov_pf *pf = enable_all();

	assert_false(pf->ari);
	assert_int_equal(pf->offset, 0x180);
	assert_int_equal(pf->num_vfs, 8);
	assert_int_equal(pf->vfs[0].rid.id, 0x0280);
	assert_int_equal(pf->vfs[0].state, VF_PARKED);
}

static void a_free_bus_behind_the_port_is_taken_for_vfs(void **state)
{
	(void)state;
	fake_put16(port, port->cap_pcie + PCI_EXP_DEVCAP2, 0);
	fake_put8(other_port, PCI_SECONDARY_BUS, 3);
	fake_put8(other_port, PCI_SUBORDINATE_BUS, 3);
	struct sriov_pf *pf = enable_all();

	assert_int_equal(port->config[PCI_SUBORDINATE_BUS], 2);
	assert_int_equal(pci_find(PORT)->subordinate, 2);
	assert_int_equal(pf->vfs[7].state, VF_PARKED);
}

static void bus_numbers_of_others_are_never_taken(void **state)
{
	(void)state;
	struct why why;

	fake_put16(port, port->cap_pcie + PCI_EXP_DEVCAP2, 0);
	discover();
	assert_int_equal(sriov_enable(sriov_pf(0), 0, 0, &why), ERR_NO_SPACE);
	assert_non_null(strstr(why.text, "0 of 8 VFs have a usable Requester ID"));
	assert_non_null(strstr(why.text, "0000:02:10.0"));
	assert_int_equal(port->config[PCI_SUBORDINATE_BUS], 1);
}

static void a_vf_that_comes_up_with_bus_mastering_on_is_switched_off(void **state)
{
	(void)state;
	fake_vf(igb, 1)->initial[PCI_COMMAND] = PCI_COMMAND_MASTER;
	assert_int_equal(pci_read16(enable_all()->vfs[1].rid, PCI_COMMAND), 0);
}

static void vf_bars_that_firmware_left_zero_are_placed_in_the_prefetchable_window(void **state)
{
	(void)state;
	struct sriov_pf *pf = enable_all();

	assert_false(pf->firmware_reserved);
	assert_int_equal(pf->vf_bars[0].size, 16 * KiB);
	for (unsigned bar = 0; bar <= 3; bar += 3) {
		u64 base = pf->vf_bars[bar].base;

		assert_in_range(base, PORT_PREFETCH, PORT_PREFETCH + WINDOW - 8 * 16 * KiB);
		assert_int_equal(fake_get32(igb, SRIOV + PCI_SRIOV_BAR + bar * 4), base | 0xc);
	}
	assert_int_equal(vf_bar(&pf->vfs[5], 3).base, pf->vf_bars[3].base + 5 * 16 * KiB);
}

/* Each VF's BARs reach that VF, through the windows above it, and nobody else decodes them. */
static void assert_vf_bars_work(const struct sriov_pf *pf)
{
	for (unsigned i = 0; i < pf->num_vfs; i++)
		for (unsigned b = 0; b < PCI_BARS; b++) {
			struct pci_bar bar = vf_bar(&pf->vfs[i], b);
			struct mmio m;

			if (bar.size == 0)
				continue;
			vf_set_command(&pf->vfs[i], true, false);
			assert_int_equal(mmio_map(hpa(bar.base), bar.size, &m), OK);
			mmio_write32(&m, bar.size - 4, 0x5000 + i * 8 + b);
			assert_int_equal(mmio_read32(&m, bar.size - 4), 0x5000 + i * 8 + b);
			assert_non_null(fake_pci_find(pf->vfs[i].rid)->bar_memory[b]);
		}
	assert_int_equal(fake_pci_conflicts(), 0);
}

static void each_vf_answers_at_its_bars_as_hardware_decodes_them(void **state)
{
	(void)state;
	assert_vf_bars_work(enable_all());
}

static void each_vf_answers_at_its_bars_as_qemu_decodes_them(void **state)
{
	(void)state;
	fake_pci_qemu_decode(true);
	assert_vf_bars_work(enable_all());
}

static void vf_bars_that_firmware_placed_stay(void **state)
{
	(void)state;
	fake_vf_bar(igb, 0, PORT_PREFETCH + MiB, 16 * KiB, FAKE_BAR_64 | FAKE_BAR_PREFETCH);
	fake_vf_bar(igb, 3, PORT_PREFETCH + MiB + 128 * KiB, 16 * KiB,
		    FAKE_BAR_64 | FAKE_BAR_PREFETCH);
	struct sriov_pf *pf = enable_all();

	assert_true(pf->firmware_reserved);
	assert_int_equal(pf->vf_bars[0].base, PORT_PREFETCH + MiB);
	assert_int_equal(pf->vf_bars[3].base, PORT_PREFETCH + MiB + 128 * KiB);
	assert_vf_bars_work(pf);
}

static void vf_bars_that_firmware_placed_outside_the_window_are_moved_into_it(void **state)
{
	(void)state;
	fake_vf_bar(igb, 0, 0xd0000000, 16 * KiB, FAKE_BAR_64 | FAKE_BAR_PREFETCH);
	struct sriov_pf *pf = enable_all();

	assert_false(pf->firmware_reserved);
	assert_in_range(pf->vf_bars[0].base, PORT_PREFETCH, PORT_PREFETCH + WINDOW);
	assert_vf_bars_work(pf);
}

static void a_non_prefetchable_vf_bar_goes_into_the_memory_window_beside_the_pf(void **state)
{
	(void)state;
	fake_pci_nvme(port, 32);
	struct sriov_pf *pf = enable_all();

	assert_int_equal(pf->num_vfs, 32);
	assert_in_range(pf->vf_bars[0].base, PORT_MEM + 16 * KiB,
			PORT_MEM + WINDOW - 32 * 16 * KiB);
	assert_int_equal(pf->vfs[7].rid.id, 0x0108);
	assert_vf_bars_work(pf);
}

static void no_vf_is_touched_in_the_100_ms_after_vf_enable(void **state)
{
	(void)state;
	struct sriov_pf *pf = enable_all();

	for (unsigned i = 0; i < pf->num_vfs; i++)
		assert_int_equal(fake_vf(igb, i)->early_accesses, 0);
}

static void vfs_are_known_by_what_they_show_and_not_by_their_vendor_id(void **state)
{
	(void)state;
	struct sriov_pf *pf = enable_all();
	const struct pci_function *f = pci_find(pf->vfs[2].rid);

	assert_int_equal(pci_read16(f->rid, PCI_VENDOR_ID), 0xffff);
	assert_int_equal(f->vendor, 0x8086);
	assert_int_equal(f->device, 0x10ca);
	assert_int_equal(f->subsystem_vendor, 0x1af4);
	assert_int_equal(f->class_code, 0x020000);
	assert_ptr_equal(f->vf_of, pf);
	assert_int_equal(f->vf_index, 2);
	assert_ptr_equal(f->parent, pci_find(PORT));
	assert_true(f->flr);
	assert_false(f->multifunction);
	assert_int_equal(f->bars[3].base, vf_bar(&pf->vfs[2], 3).base);
	assert_ptr_equal(vf_by_rid(f->rid), &pf->vfs[2]);
	assert_null(vf_by_rid(PF));
}

static void wanted_and_limit_bound_the_number(void **state)
{
	(void)state;
	discover();
	assert_int_equal(sriov_enable(sriov_pf(0), 5, 3, NULL), OK);
	assert_int_equal(sriov_pf(0)->num_vfs, 3);
	assert_int_equal(fake_get16(igb, SRIOV + PCI_SRIOV_NUM_VF), 3);
	assert_int_equal(sriov_enable(sriov_pf(0), 1, 0, NULL), ERR_BUSY);
}

static void disabling_gives_everything_back_and_enabling_again_works(void **state)
{
	(void)state;
	u64 pages = pool_used(POOL_PCI);
	struct sriov_pf *pf = enable_all();
	unsigned functions = pci_function_count();

	assert_int_equal(sriov_disable(pf, NULL), OK);
	assert_int_equal(pci_function_count(), functions - 8);
	assert_int_equal(pool_used(POOL_PCI), pages);
	assert_int_equal(fake_get16(igb, SRIOV + PCI_SRIOV_CTRL) & PCI_SRIOV_CTRL_VFE, 0);
	assert_int_equal(sriov_enable(pf, 0, 0, NULL), OK);
	assert_int_equal(pci_function_count(), functions);
}

static void vfs_come_and_go_as_often_as_one_likes(void **state)
{
	(void)state;
	struct sriov_pf *pf = enable_all();
	unsigned functions = pci_function_count();

	for (unsigned i = 0; i < 200; i++) {
		assert_int_equal(sriov_disable(pf, NULL), OK);
		assert_int_equal(sriov_enable(pf, 0, 0, NULL), OK);
	}
	assert_int_equal(pci_function_count(), functions);
}

static void bus_mastering_of_every_vf_goes_off_before_vf_enable(void **state)
{
	(void)state;
	struct sriov_pf *pf = enable_all();
	u64 control = FAKE_ECAM_BASE + ((u64)PF.id << 12) + SRIOV + PCI_SRIOV_CTRL;

	fake_events_clear();
	assert_int_equal(sriov_disable(pf, NULL), OK);
	for (unsigned i = 0; i < 8; i++) {
		u64 command = FAKE_ECAM_BASE + ((0x180ull + 2 * i) << 12) + PCI_COMMAND;
		int at = fake_event_find(0, FAKE_MMIO_WRITE, command);

		assert_true(at >= 0 && at < fake_event_find(0, FAKE_MMIO_WRITE, control));
		assert_int_equal(fake_event((unsigned)at)->value, 0);
	}
}

static void disabling_waits_one_second_after_vf_enable_went_off(void **state)
{
	(void)state;
	struct sriov_pf *pf = enable_all();
	u64 before = fake_time_now();

	assert_int_equal(sriov_disable(pf, NULL), OK);
	assert_true(fake_time_now() - before >= NS_PER_S);
}

static void disabling_is_refused_while_a_vm_has_a_vf(void **state)
{
	(void)state;
	struct sriov_pf *pf = enable_all();
	int vm;
	struct why why;

	assert_int_equal(vf_change_state(&pf->vfs[6], VF_ASSIGNED, &vm, NULL), OK);
	assert_int_equal(sriov_disable(pf, &why), ERR_BUSY);
	assert_non_null(strstr(why.text, "pf0/6 is assigned"));
	assert_true(fake_get16(igb, SRIOV + PCI_SRIOV_CTRL) & PCI_SRIOV_CTRL_VFE);
}

static void vfs_that_were_on_before_us_are_switched_off_before_their_bars_are_sized(void **state)
{
	(void)state;
	fake_put16(igb, SRIOV + PCI_SRIOV_NUM_VF, 4);
	fake_put16(igb, SRIOV + PCI_SRIOV_CTRL, PCI_SRIOV_CTRL_VFE | PCI_SRIOV_CTRL_MSE);
	igb->sriov->on = true;
	discover();
	assert_int_equal(fake_get16(igb, SRIOV + PCI_SRIOV_CTRL), 0);
	assert_int_equal(sriov_enable(sriov_pf(0), 0, 0, NULL), OK);
	assert_int_equal(sriov_pf(0)->num_vfs, 8);
}

static void initial_vfs_of_zero_means_all(void **state)
{
	(void)state;
	fake_put16(igb, SRIOV + PCI_SRIOV_INITIAL_VF, 0);
	assert_int_equal(enable_all()->num_vfs, 8);
}

static void system_page_size_is_written_as_4_kib(void **state)
{
	(void)state;
	fake_put32(igb, SRIOV + PCI_SRIOV_SYS_PGSIZE, 0x10);
	struct sriov_pf *pf = enable_all();

	assert_int_equal(fake_get32(igb, SRIOV + PCI_SRIOV_SYS_PGSIZE), 1);
	assert_int_equal(pf->system_page_size, 1);
	assert_int_equal(pf->supported_page_sizes, 0x553);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_IGB(all_vfs_answer_and_are_parked),
		WITH_IGB(offset_and_stride_are_read_after_ari_and_num_vfs),
		WITH_IGB(ari_forwarding_is_on_in_the_port_above),
		WITH_IGB(without_ari_in_the_port_the_vfs_get_the_next_bus),
		WITH_IGB(a_free_bus_behind_the_port_is_taken_for_vfs),
		WITH_IGB(bus_numbers_of_others_are_never_taken),
		WITH_IGB(a_vf_that_comes_up_with_bus_mastering_on_is_switched_off),
		WITH_IGB(vf_bars_that_firmware_left_zero_are_placed_in_the_prefetchable_window),
		WITH_IGB(each_vf_answers_at_its_bars_as_hardware_decodes_them),
		WITH_IGB(each_vf_answers_at_its_bars_as_qemu_decodes_them),
		WITH_IGB(vf_bars_that_firmware_placed_stay),
		WITH_IGB(vf_bars_that_firmware_placed_outside_the_window_are_moved_into_it),
		IN_MACHINE(a_non_prefetchable_vf_bar_goes_into_the_memory_window_beside_the_pf),
		WITH_IGB(no_vf_is_touched_in_the_100_ms_after_vf_enable),
		WITH_IGB(vfs_are_known_by_what_they_show_and_not_by_their_vendor_id),
		WITH_IGB(wanted_and_limit_bound_the_number),
		WITH_IGB(disabling_gives_everything_back_and_enabling_again_works),
		WITH_IGB(vfs_come_and_go_as_often_as_one_likes),
		WITH_IGB(bus_mastering_of_every_vf_goes_off_before_vf_enable),
		WITH_IGB(disabling_waits_one_second_after_vf_enable_went_off),
		WITH_IGB(disabling_is_refused_while_a_vm_has_a_vf),
		WITH_IGB(vfs_that_were_on_before_us_are_switched_off_before_their_bars_are_sized),
		WITH_IGB(initial_vfs_of_zero_means_all),
		WITH_IGB(system_page_size_is_written_as_4_kib),
	};

	return cmocka_run_group_tests_name("sriov enable", tests, NULL, NULL);
}
