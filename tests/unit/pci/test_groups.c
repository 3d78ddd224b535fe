/* SPDX-License-Identifier: GPL-2.0-only */
/* Isolation groups, on the topologies whose grouping is known. */
#include "machine.h"

static unsigned group(struct rid rid)
{
	assert_non_null(pci_find(rid));
	return pci_group_of(pci_find(rid));
}

static void enable_and_group(void)
{
	enable_all();
	pci_groups_compute();
}

static void under_a_port_with_acs_pf_and_every_vf_stand_alone(void **state)
{
	(void)state;
	enable_and_group();
	const struct sriov_pf *pf = sriov_pf(0);
	unsigned seen[16] = { 0 };

	for (unsigned i = 0; i < pf->num_vfs; i++)
		seen[group(pf->vfs[i].rid)]++;
	seen[group(PF)]++;
	seen[group(PORT)]++;
	seen[group(OTHER_PORT)]++;
	for (unsigned i = 0; i < ARRAY_LEN(seen); i++)
		assert_true(seen[i] <= 1);
	/* 8 VFs, PF, two ports, and one group for what sits on the root bus without ACS. */
	assert_int_equal(pci_group_count(), 12);
	assert_int_equal(group(HOST_BRIDGE), group(ISA_BRIDGE));
}

static void under_a_port_without_acs_port_pf_and_vfs_are_one_group(void **state)
{
	(void)state;
	fake_put16(port, 0x148 + PCI_ACS_CAP, 0);
	enable_and_group();
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(group(sriov_pf(0)->vfs[i].rid), group(PORT));
	assert_int_equal(group(PF), group(PORT));
	assert_int_not_equal(group(OTHER_PORT), group(PORT));
}

static void each_downstream_port_without_acs_groups_with_what_is_below_it(void **state)
{
	(void)state;
	struct fake_function *up, *a, *b;

	fake_put8(other_port, PCI_SUBORDINATE_BUS, 5);
	up = fake_pci_bridge(rid_make(0, 2, 0, 0), other_port, PCI_EXP_TYPE_UPSTREAM, 3, 5, 0);
	a = fake_pci_bridge(rid_make(0, 3, 0, 0), up, PCI_EXP_TYPE_DOWNSTREAM, 4, 4, 0);
	b = fake_pci_bridge(rid_make(0, 3, 1, 0), up, PCI_EXP_TYPE_DOWNSTREAM, 5, 5, 0);
	fake_pcie_cap(fake_pci_add(rid_make(0, 4, 0, 0), a, 0x11112222, 0x02000000), 0x40,
		      PCI_EXP_TYPE_ENDPOINT, 0);
	fake_pcie_cap(fake_pci_add(rid_make(0, 5, 0, 0), b, 0x11112222, 0x02000000), 0x40,
		      PCI_EXP_TYPE_ENDPOINT, 0);
	discover();
	pci_groups_compute();
	assert_int_equal(group(rid_make(0, 4, 0, 0)), group(rid_make(0, 3, 0, 0)));
	assert_int_equal(group(rid_make(0, 5, 0, 0)), group(rid_make(0, 3, 1, 0)));
	assert_int_not_equal(group(rid_make(0, 4, 0, 0)), group(rid_make(0, 5, 0, 0)));
	assert_int_not_equal(group(rid_make(0, 2, 0, 0)), group(rid_make(0, 3, 0, 0)));
}

static void everything_behind_a_bridge_to_conventional_pci_is_one_group(void **state)
{
	(void)state;
	struct fake_function *bridge =
		fake_pci_bridge(rid_make(0, 2, 0, 0), other_port, PCI_EXP_TYPE_PCI_BRIDGE, 3, 3, 0);

	fake_put8(other_port, PCI_SUBORDINATE_BUS, 3);
	fake_pci_add(rid_make(0, 3, 1, 0), bridge, 0x11112222, 0x02000000);
	fake_pci_add(rid_make(0, 3, 2, 0), bridge, 0x11112222, 0x02000000);
	discover();
	pci_groups_compute();
	assert_int_equal(group(rid_make(0, 3, 1, 0)), group(rid_make(0, 2, 0, 0)));
	assert_int_equal(group(rid_make(0, 3, 2, 0)), group(rid_make(0, 2, 0, 0)));
	assert_int_not_equal(group(rid_make(0, 2, 0, 0)), group(OTHER_PORT));
}

static void functions_of_one_device_without_acs_are_one_group(void **state)
{
	(void)state;
	for (unsigned fn = 0; fn < 2; fn++) {
		struct fake_function *f =
			fake_pci_add(rid_make(0, 2, 0, fn), other_port, 0x33334444, 0x02000000);

		fake_put8(f, PCI_HEADER_TYPE, 0x80);
		fake_pcie_cap(f, 0x40, PCI_EXP_TYPE_ENDPOINT, 0);
	}
	discover();
	pci_groups_compute();
	assert_int_equal(group(rid_make(0, 2, 0, 0)), group(rid_make(0, 2, 0, 1)));
	assert_int_not_equal(group(rid_make(0, 2, 0, 0)), group(OTHER_PORT));
}

static void under_ari_all_functions_of_a_bus_are_one_device(void **state)
{
	(void)state;
	struct rid far = { 0, 0x0223 };
	struct fake_function *f[2];

	fake_put16(other_port, other_port->cap_pcie + PCI_EXP_DEVCTL2, PCI_EXP_DEVCTL2_ARI);
	f[0] = fake_pci_add(rid_make(0, 2, 0, 0), other_port, 0x33334444, 0x02000000);
	f[1] = fake_pci_add(far, other_port, 0x33334444, 0x02000000);
	for (unsigned i = 0; i < 2; i++)
		fake_pcie_cap(f[i], 0x40, PCI_EXP_TYPE_ENDPOINT, 0);
	discover();
	pci_groups_compute();
	assert_int_equal(group(rid_make(0, 2, 0, 0)), group(far));
}

static void functions_of_a_card_in_the_quirk_table_stand_alone(void **state)
{
	(void)state;
	for (unsigned fn = 0; fn < 2; fn++) {
		struct fake_function *f =
			fake_pci_add(rid_make(0, 2, 0, fn), other_port, 0x10c98086, 0x02000000);

		fake_put8(f, PCI_HEADER_TYPE, 0x80);
		fake_pcie_cap(f, 0x40, PCI_EXP_TYPE_ENDPOINT, 0);
	}
	discover();
	pci_groups_compute();
	assert_int_not_equal(group(rid_make(0, 2, 0, 0)), group(rid_make(0, 2, 0, 1)));
}

static void several_root_ports_in_one_slot_with_acs_stand_alone(void **state)
{
	(void)state;
	for (unsigned fn = 0; fn < 3; fn++)
		fake_put8(fake_pci_root_port(rid_make(0, 0, 6, fn), (u8)(10 + fn), (u8)(10 + fn),
					     FAKE_ACS_ALL),
			  PCI_HEADER_TYPE, 0x81);
	discover();
	pci_groups_compute();
	assert_int_not_equal(group(rid_make(0, 0, 6, 0)), group(rid_make(0, 0, 6, 1)));
	assert_int_not_equal(group(rid_make(0, 0, 6, 1)), group(rid_make(0, 0, 6, 2)));
}

static void an_integrated_pf_and_its_vfs_are_one_group_with_the_root_bus(void **state)
{
	(void)state;
	fake_pci_igb(NULL)->sriov->offset = 0x80;
	enable_and_group();
	assert_int_equal(group(sriov_pf(0)->vfs[0].rid), group(rid_make(0, 0, 2, 0)));
	assert_int_equal(group(sriov_pf(0)->vfs[0].rid), group(sriov_pf(0)->vfs[7].rid));
	assert_int_equal(group(rid_make(0, 0, 2, 0)), group(HOST_BRIDGE));
}

/*
 * The groups and acs_check() must never disagree: isolated means alone, apart from what the path
 * above shares.
 */
static void isolated_functions_share_their_group_with_nobody(void **state)
{
	(void)state;
	fake_pci_nvme(other_port, 16);
	discover();
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(sriov_enable(sriov_pf(i), 0, 0, NULL), OK);
	pci_groups_compute();
	for (unsigned i = 0; i < pci_function_count(); i++)
		for (unsigned k = 0; k < i; k++) {
			struct acs_verdict v;

			if (acs_check(pci_function(i), NULL, &v, NULL) == OK)
				assert_int_not_equal(pci_group_of(pci_function(i)),
						     pci_group_of(pci_function(k)));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_IGB(under_a_port_with_acs_pf_and_every_vf_stand_alone),
		WITH_IGB(under_a_port_without_acs_port_pf_and_vfs_are_one_group),
		IN_MACHINE(each_downstream_port_without_acs_groups_with_what_is_below_it),
		IN_MACHINE(everything_behind_a_bridge_to_conventional_pci_is_one_group),
		IN_MACHINE(functions_of_one_device_without_acs_are_one_group),
		IN_MACHINE(under_ari_all_functions_of_a_bus_are_one_device),
		IN_MACHINE(functions_of_a_card_in_the_quirk_table_stand_alone),
		IN_MACHINE(several_root_ports_in_one_slot_with_acs_stand_alone),
		IN_MACHINE(an_integrated_pf_and_its_vfs_are_one_group_with_the_root_bus),
		WITH_IGB(isolated_functions_share_their_group_with_nobody),
	};

	return cmocka_run_group_tests_name("groups", tests, NULL, NULL);
}
