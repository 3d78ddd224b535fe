/* SPDX-License-Identifier: GPL-2.0-only */
/* The walk: who is found, in which order, and what a broken machine costs. */
#include "machine.h"

static void parents_stand_before_their_children(void **state)
{
	(void)state;
	discover();
	for (unsigned i = 0; i < pci_function_count(); i++)
		for (unsigned k = 0; k <= i; k++)
			assert_ptr_not_equal(pci_function(k)->parent, pci_function(i));
	assert_ptr_equal(pci_find(PF)->parent, pci_find(PORT));
	assert_null(pci_find(PORT)->parent);
	assert_int_equal(pci_function_count(), 5);
}

static void a_function_is_remembered_as_it_is(void **state)
{
	(void)state;
	discover();
	const struct pci_function *f = pci_find(PF);

	assert_int_equal(f->vendor, 0x8086);
	assert_int_equal(f->device, 0x10c9);
	assert_int_equal(f->class_code, 0x020000);
	assert_int_equal(f->revision, 1);
	assert_int_equal(f->subsystem_device, 0xa03c);
	assert_int_equal(f->port_type, PCI_EXP_TYPE_ENDPOINT);
	assert_int_equal(f->cap_pm, 0x40);
	assert_int_equal(f->cap_msi, 0x50);
	assert_int_equal(f->cap_msix, 0x70);
	assert_int_equal(f->cap_pcie, 0xa0);
	assert_int_equal(f->ext_aer, 0x100);
	assert_int_equal(f->ext_ari, 0x150);
	assert_int_equal(f->ext_sriov, 0x160);
	assert_int_equal(f->ext_acs, 0);
	assert_true(f->flr);
	assert_true(f->multifunction);
	assert_non_null(f->pf);
}

static void bars_are_sized_with_decode_off_and_left_as_they_were(void **state)
{
	(void)state;
	fake_put16(igb, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	struct fake_function before = *igb;

	discover();
	const struct pci_bar *bars = pci_find(PF)->bars;

	assert_int_equal(bars[0].size, 128 * KiB);
	assert_int_equal(bars[0].base, PORT_MEM);
	assert_true(bars[2].io);
	assert_int_equal(bars[2].size, 32);
	assert_true(bars[3].is_64bit);
	assert_int_equal(bars[3].size, 16 * KiB);
	assert_int_equal(bars[4].size, 0);
	assert_memory_equal(igb->config, before.config, 64);
}

static void decode_is_off_whenever_a_bar_holds_all_ones(void **state)
{
	(void)state;
	u64 config = FAKE_ECAM_BASE + (0x100ull << 12);
	int off, ones;

	fake_put16(igb, PCI_COMMAND, PCI_COMMAND_MEMORY);
	discover();
	off = fake_event_find(0, FAKE_MMIO_WRITE, config + PCI_COMMAND);
	ones = fake_event_find(0, FAKE_MMIO_WRITE, config + PCI_BASE_ADDRESS_0);
	assert_true(off >= 0 && ones > off);
	assert_int_equal(fake_event((unsigned)off)->value & PCI_COMMAND_MEMORY, 0);
	assert_int_equal(fake_event((unsigned)ones)->value, 0xffffffff);
}

static void bridge_windows_and_buses_are_read(void **state)
{
	(void)state;
	fake_window(other_port, false, 0, 0);
	fake_window(other_port, true, 0x812340000ull & ~(MiB - 1), 16 * MiB);
	discover();
	const struct pci_function *f = pci_find(OTHER_PORT);

	assert_int_equal(pci_find(PORT)->mem.base, PORT_MEM);
	assert_int_equal(pci_find(PORT)->mem.limit, PORT_MEM + WINDOW - 1);
	assert_true(f->mem.base > f->mem.limit);
	assert_int_equal(f->prefetch.base, 0x812300000);
	assert_int_equal(f->prefetch.limit, 0x8132fffff);
	assert_int_equal(f->secondary, 2);
	assert_true(f->ari_forwarding_capable);
}

static void a_window_at_address_zero_is_one_that_nobody_set_up(void **state)
{
	(void)state;
	fake_put32(port, PCI_MEMORY_BASE, 0);
	fake_put32(port, PCI_PREF_MEMORY_BASE, 0);
	fake_put32(port, PCI_PREF_BASE_UPPER32, 0);
	discover();
	assert_true(pci_find(PORT)->mem.base > pci_find(PORT)->mem.limit);
	assert_true(pci_find(PORT)->prefetch.base > pci_find(PORT)->prefetch.limit);
}

static void functions_other_than_0_need_the_multifunction_bit(void **state)
{
	(void)state;
	fake_pci_add(rid_make(0, 0, 0x1f, 2), NULL, 0x29228086, 0x01060100);
	discover();
	assert_null(pci_find(rid_make(0, 0, 0x1f, 2)));
	fake_put8(fake_pci_find(ISA_BRIDGE), PCI_HEADER_TYPE, 0x80);
	discover();
	assert_non_null(pci_find(rid_make(0, 0, 0x1f, 2)));
	assert_true(pci_find(rid_make(0, 0, 0x1f, 2))->multifunction);
}

static void below_a_link_only_device_0_is_looked_for(void **state)
{
	(void)state;
	fake_pci_add(rid_make(0, 2, 0, 0), other_port, 0x56781234, 0)->faults.ghosts = true;
	discover();
	assert_non_null(pci_find(rid_make(0, 2, 0, 0)));
	assert_null(pci_find(rid_make(0, 2, 1, 0)));
}

static void under_ari_functions_above_7_are_found(void **state)
{
	(void)state;
	fake_put16(port, port->cap_pcie + PCI_EXP_DEVCTL2, PCI_EXP_DEVCTL2_ARI);
	fake_pci_add((struct rid){ 0, 0x0123 }, port, 0x10c98086, 0x02000001);
	discover();
	assert_non_null(pci_find((struct rid){ 0, 0x0123 }));
}

static void a_second_root_bus_is_found_without_a_bridge_to_it(void **state)
{
	(void)state;
	fake_pci_add(rid_make(0, 0x80, 0, 0), NULL, 0x56781234, 0x02000000);
	discover();
	assert_non_null(pci_find(rid_make(0, 0x80, 0, 0)));
	assert_null(pci_find(rid_make(0, 0x80, 0, 0))->parent);
}

static void switches_below_switches_are_walked(void **state)
{
	(void)state;
	struct fake_function *up, *down;

	fake_put8(other_port, PCI_SUBORDINATE_BUS, 4);
	up = fake_pci_bridge(rid_make(0, 2, 0, 0), other_port, PCI_EXP_TYPE_UPSTREAM, 3, 4, 0);
	down = fake_pci_bridge(rid_make(0, 3, 5, 0), up, PCI_EXP_TYPE_DOWNSTREAM, 4, 4, 0);
	fake_pci_nvme(down, 4);
	discover();
	const struct pci_function *f = pci_find(rid_make(0, 4, 0, 0));
	struct pci_path path;

	assert_non_null(f);
	assert_int_equal(pci_path_of(f, &path, NULL), OK);
	assert_int_equal(path.hops, 3);
	assert_int_equal(path.bridge[0]->rid.id, 0x0328);
	assert_int_equal(path.bridge[2]->rid.id, OTHER_PORT.id);
}

static void a_bridge_that_firmware_did_not_set_up_is_named(void **state)
{
	(void)state;
	fake_put8(port, PCI_SECONDARY_BUS, 0);
	fake_put8(port, PCI_SUBORDINATE_BUS, 0);
	discover();
	assert_null(pci_find(PF));
	assert_true(fake_log_contains(
		"0000:00:03.0: bridge with buses 00-00, which firmware did not set up"));
}

static void two_bridges_that_claim_the_same_bus_do_not_both_get_it(void **state)
{
	(void)state;
	fake_put8(other_port, PCI_SECONDARY_BUS, 1);
	fake_put8(other_port, PCI_SUBORDINATE_BUS, 1);
	discover();
	assert_non_null(pci_find(PF));
	assert_true(fake_log_contains("0000:00:04.0: bridge with buses 01-01, which others use"));
}

static void a_bridge_that_leads_back_to_its_own_bus_ends_the_walk_there(void **state)
{
	(void)state;
	fake_put8(port, PCI_SECONDARY_BUS, 0);
	fake_put8(port, PCI_SUBORDINATE_BUS, 255);
	discover();
	assert_int_equal(pci_function_count(), 4);
}

static void a_child_bridge_must_stay_in_its_parents_range(void **state)
{
	(void)state;
	fake_pci_bridge(rid_make(0, 2, 0, 0), other_port, PCI_EXP_TYPE_UPSTREAM, 9, 9, 0);
	fake_pci_add(rid_make(0, 9, 0, 0), NULL, 0x56781234, 0x02000000);
	discover();
	assert_true(fake_log_contains("0000:02:00.0: bridge with buses 09-09, which others use"));
	assert_int_equal(pci_find(rid_make(0, 2, 0, 0))->secondary, 0);
}

static void phantom_functions_are_switched_off(void **state)
{
	(void)state;
	fake_put16(igb, igb->cap_pcie + PCI_EXP_DEVCTL, 0x2810 | PCI_EXP_DEVCTL_PHANTOM);
	discover();
	assert_int_equal(fake_get16(igb, igb->cap_pcie + PCI_EXP_DEVCTL), 0x2810);
}

static void an_expansion_rom_takes_address_space(void **state)
{
	(void)state;
	fake_put32(igb, PCI_ROM_ADDRESS, PORT_MEM + MiB);
	fake_allow(igb, PCI_ROM_ADDRESS, 0xfffc0001, 4);
	discover();
	assert_int_equal(pci_find(PF)->rom.base, PORT_MEM + MiB);
	assert_int_equal(pci_find(PF)->rom.size, 256 * KiB);
	assert_int_equal(fake_get32(igb, PCI_ROM_ADDRESS), PORT_MEM + MiB);
}

static void an_empty_machine_is_not_found(void **state)
{
	(void)state;
	struct why why;

	fake_pci_reset();
	assert_int_equal(pci_config_init(fake_pci_mcfg(), NULL), OK);
	assert_int_equal(pci_walk(&why), ERR_NOT_FOUND);
	assert_non_null(strstr(why.text, "no PCI function answered"));
	assert_null(pci_function(0));
}

static u64 read_as_endpoint(void *ctx, u64 offset, unsigned width)
{
	static const u8 header[64] = { 0x34, 0x12, 0x78, 0x56, [14] = 0x80 };
	u64 value = 0;

	(void)ctx;
	if ((offset & 0xfff) < sizeof(header))
		memcpy(&value, &header[offset & 0xfff], width);
	return value;
}

static void more_functions_than_there_is_room_for_is_said_and_the_rest_stays(void **state)
{
	(void)state;
	struct why why;

	/* A bus range where everything answers: 256 buses x 256 functions. */
	fake_mmio_add(hpa(FAKE_ECAM_BASE), 256 * MiB, read_as_endpoint, NULL, NULL);
	assert_int_equal(pci_config_init(fake_pci_mcfg(), NULL), OK);
	assert_int_equal(pci_walk(&why), ERR_NO_MEMORY);
	assert_int_equal(pci_function_count(), 1024);
	assert_non_null(strstr(why.text, "more than 1024 PCI functions"));
	assert_null(pci_function_add(PF));
}

static void removed_functions_leave_other_pointers_valid(void **state)
{
	(void)state;
	discover();
	struct pci_function *last = pci_find(PF);

	assert_int_equal(sriov_enable(sriov_pf(0), 0, 0, NULL), OK);
	assert_int_equal(sriov_disable(sriov_pf(0), NULL), OK);
	assert_ptr_equal(pci_find(PF), last);
	assert_int_equal(pci_function_count(), 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_IGB(parents_stand_before_their_children),
		WITH_IGB(a_function_is_remembered_as_it_is),
		WITH_IGB(bars_are_sized_with_decode_off_and_left_as_they_were),
		WITH_IGB(decode_is_off_whenever_a_bar_holds_all_ones),
		IN_MACHINE(bridge_windows_and_buses_are_read),
		IN_MACHINE(a_window_at_address_zero_is_one_that_nobody_set_up),
		IN_MACHINE(functions_other_than_0_need_the_multifunction_bit),
		IN_MACHINE(below_a_link_only_device_0_is_looked_for),
		WITH_IGB(under_ari_functions_above_7_are_found),
		IN_MACHINE(a_second_root_bus_is_found_without_a_bridge_to_it),
		IN_MACHINE(switches_below_switches_are_walked),
		WITH_IGB(a_bridge_that_firmware_did_not_set_up_is_named),
		WITH_IGB(two_bridges_that_claim_the_same_bus_do_not_both_get_it),
		WITH_IGB(a_bridge_that_leads_back_to_its_own_bus_ends_the_walk_there),
		IN_MACHINE(a_child_bridge_must_stay_in_its_parents_range),
		WITH_IGB(phantom_functions_are_switched_off),
		WITH_IGB(an_expansion_rom_takes_address_space),
		IN_MACHINE(an_empty_machine_is_not_found),
		IN_MACHINE(more_functions_than_there_is_room_for_is_said_and_the_rest_stays),
		WITH_IGB(removed_functions_leave_other_pointers_valid),
	};

	return cmocka_run_group_tests_name("walk", tests, NULL, NULL);
}
