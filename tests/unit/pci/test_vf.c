/* SPDX-License-Identifier: GPL-2.0-only */
/* A VF's life: the picture in sriov.h, edge by edge (P1, R15, R40). */
#include "machine.h"

static int vm_a, vm_b;

static const enum vf_state states[] = { VF_ABSENT, VF_PARKED, VF_ASSIGNED, VF_RESETTING,
					VF_QUARANTINED };

static bool edge_exists(enum vf_state from, enum vf_state to)
{
	static const struct {
		enum vf_state from, to;
	} edges[] = {
		{ VF_ABSENT, VF_PARKED },         { VF_ABSENT, VF_QUARANTINED },
		{ VF_PARKED, VF_ABSENT },         { VF_PARKED, VF_ASSIGNED },
		{ VF_PARKED, VF_QUARANTINED },    { VF_ASSIGNED, VF_RESETTING },
		{ VF_RESETTING, VF_ASSIGNED },    { VF_RESETTING, VF_PARKED },
		{ VF_RESETTING, VF_QUARANTINED }, { VF_QUARANTINED, VF_ABSENT },
	};

	for (unsigned i = 0; i < ARRAY_LEN(edges); i++)
		if (edges[i].from == from && edges[i].to == to)
			return true;
	return false;
}

static void only_the_edges_of_the_picture_exist(void **state)
{
	(void)state;
	struct vf *vf = &enable_all()->vfs[0];

	for (unsigned f = 0; f < ARRAY_LEN(states); f++)
		for (unsigned t = 0; t < ARRAY_LEN(states); t++) {
			enum err expected = edge_exists(states[f], states[t]) ? OK : ERR_BUSY;

			vf->state = states[f];
			vf->owner = &vm_a;
			assert_int_equal(vf_change_state(vf, states[t], &vm_a, NULL), expected);
			assert_int_equal(vf->state, expected == OK ? states[t] : states[f]);
		}
}

static void a_refused_edge_names_vf_and_states(void **state)
{
	(void)state;
	struct vf *vf = &enable_all()->vfs[4];
	struct why why;

	assert_int_equal(vf_change_state(vf, VF_RESETTING, NULL, &why), ERR_BUSY);
	assert_string_equal(why.text,
			    "VF pf0/4 (0000:01:11.0) is parked and cannot become resetting");
}

static void each_assignment_has_a_generation_and_an_owner(void **state)
{
	(void)state;
	struct vf *vf = &enable_all()->vfs[0];

	assert_int_equal(vf->generation, 0);
	assert_int_equal(vf_change_state(vf, VF_ASSIGNED, &vm_a, NULL), OK);
	assert_int_equal(vf->generation, 1);
	assert_ptr_equal(vf->owner, &vm_a);
	assert_int_equal(vf_change_state(vf, VF_RESETTING, &vm_b, NULL), OK);
	assert_ptr_equal(vf->owner, &vm_a); /* still: its reset is not verified */
	assert_int_equal(vf_change_state(vf, VF_PARKED, &vm_b, NULL), OK);
	assert_null(vf->owner);
	assert_int_equal(vf_change_state(vf, VF_ASSIGNED, &vm_b, NULL), OK);
	assert_int_equal(vf->generation, 2);
}

static void after_its_reset_a_vf_goes_back_to_its_owner_and_to_nobody_else(void **state)
{
	(void)state;
	struct vf *vf = &enable_all()->vfs[0];

	assert_int_equal(vf_change_state(vf, VF_ASSIGNED, &vm_a, NULL), OK);
	vf_cut_bus(vf);
	assert_int_equal(vf_change_state(vf, VF_RESETTING, &vm_a, NULL), OK);
	assert_int_equal(vf_change_state(vf, VF_ASSIGNED, &vm_b, NULL), ERR_BUSY);
	assert_int_equal(vf_change_state(vf, VF_ASSIGNED, NULL, NULL), ERR_BUSY);
	assert_int_equal(vf->state, VF_RESETTING);
	assert_int_equal(vf_change_state(vf, VF_ASSIGNED, &vm_a, NULL), OK);
	assert_ptr_equal(vf->owner, &vm_a);
	assert_int_equal(vf->generation, 1); /* still the same assignment */
	assert_true(vf->bus_cut);            /* a reset is no way to get the bus back */
}

static void a_vf_that_is_being_reset_is_cut_off_without_touching_it(void **state)
{
	(void)state;
	struct vf *vf = &enable_all()->vfs[0];

	assert_int_equal(vf_change_state(vf, VF_ASSIGNED, &vm_a, NULL), OK);
	assert_int_equal(vf_change_state(vf, VF_RESETTING, &vm_a, NULL), OK);
	fake_events_record(FAKE_MMIO_READ, true);
	fake_events_clear();
	vf_cut_bus(vf);
	assert_int_equal(fake_event_count(), 0);
	assert_int_equal(vf_change_state(vf, VF_ASSIGNED, &vm_a, NULL), OK);
	vf_set_command(vf, true, true);
	assert_int_equal(pci_read16(vf->rid, PCI_COMMAND) & PCI_COMMAND_MASTER, 0);
}

static void an_assigned_vf_cannot_be_assigned_again(void **state)
{
	(void)state;
	struct vf *vf = &enable_all()->vfs[0];

	assert_int_equal(vf_change_state(vf, VF_ASSIGNED, &vm_a, NULL), OK);
	assert_int_equal(vf_change_state(vf, VF_ASSIGNED, &vm_b, NULL), ERR_BUSY);
	assert_ptr_equal(vf->owner, &vm_a);
	assert_int_equal(vf->generation, 1);
}

static void nobody_cannot_be_an_owner(void **state)
{
	(void)state;
	struct vf *vf = &enable_all()->vfs[0];

	assert_int_equal(vf_change_state(vf, VF_ASSIGNED, NULL, NULL), ERR_BUSY);
	assert_int_equal(vf->state, VF_PARKED);
}

static void a_quarantined_vf_never_gets_an_owner(void **state)
{
	(void)state;
	struct vf *vf = &enable_all()->vfs[0];

	assert_int_equal(vf_change_state(vf, VF_QUARANTINED, NULL, NULL), OK);
	assert_int_equal(vf_change_state(vf, VF_ASSIGNED, &vm_a, NULL), ERR_BUSY);
	assert_int_equal(vf_change_state(vf, VF_PARKED, NULL, NULL), ERR_BUSY);
}

static void discovery_is_for_parked_vfs_only(void **state)
{
	(void)state;
	struct vf *vf = &enable_all()->vfs[0];

	/* NVMe: the table grows when resources are assigned. */
	fake_put16(fake_vf(igb, 0), 0x70 + PCI_MSIX_FLAGS, 8);
	assert_int_equal(vf_discover(vf, NULL), OK);
	assert_int_equal(vf->caps.msix_control & PCI_MSIX_FLAGS_QSIZE, 8);
	assert_int_equal(vf_change_state(vf, VF_ASSIGNED, &vm_a, NULL), OK);
	fake_put16(fake_vf(igb, 0), 0x70 + PCI_MSIX_FLAGS, 2);
	fake_events_record(FAKE_MMIO_READ, true);
	unsigned events = fake_event_count();

	assert_int_equal(vf_discover(vf, NULL), ERR_BUSY);
	assert_int_equal(fake_event_count(), events);
	assert_int_equal(vf->caps.msix_control & PCI_MSIX_FLAGS_QSIZE, 8);
}

static void a_vf_that_fell_silent_is_not_discovered(void **state)
{
	(void)state;
	struct vf *vf = &enable_all()->vfs[0];
	struct why why;

	fake_vf(igb, 0)->faults.dead = true;
	assert_int_equal(vf_discover(vf, &why), ERR_DEVICE);
	assert_non_null(strstr(why.text, "does not answer"));
	assert_int_equal(vf->function->class_code, 0x020000);
}

static void bars_of_a_vf_follow_each_other(void **state)
{
	(void)state;
	struct sriov_pf *pf = enable_all();

	for (unsigned i = 1; i < 8; i++)
		assert_int_equal(vf_bar(&pf->vfs[i], 0).base,
				 vf_bar(&pf->vfs[i - 1], 0).base + 16 * KiB);
	assert_int_equal(vf_bar(&pf->vfs[0], 1).size, 0);
	assert_int_equal(vf_bar(&pf->vfs[7], 1).base, 0);
	assert_int_equal(vf_bar(&pf->vfs[0], 6).size, 0);
}

static void requester_ids_beyond_bus_255_are_invalid(void **state)
{
	(void)state;
	struct sriov_pf *pf = enable_all();
	struct rid rid;

	assert_int_equal(sriov_vf_rid(pf, 7, &rid), OK);
	assert_int_equal(rid.id, 0x018e);
	assert_int_equal(sriov_vf_rid(pf, (0xffff - 0x0180) / 2, &rid), OK);
	assert_int_equal(rid.id, 0xfffe);
	assert_int_equal(sriov_vf_rid(pf, (0xffff - 0x0180) / 2 + 1, &rid), ERR_INVALID);
}

static void the_command_register_is_written_even_if_nothing_changes(void **state)
{
	(void)state;
	struct vf *vf = &enable_all()->vfs[0];

	fake_events_clear();
	vf_set_command(vf, false, false);
	assert_int_equal(fake_event_count(), 1);
	vf_set_command(vf, true, true);
	assert_int_equal(pci_read16(vf->rid, PCI_COMMAND), PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

static void a_bus_that_was_cut_stays_off_until_the_vf_is_parked_again(void **state)
{
	(void)state;
	struct vf *vf = &enable_all()->vfs[0];

	assert_int_equal(vf_change_state(vf, VF_ASSIGNED, &vm_a, NULL), OK);
	vf_set_command(vf, true, true);
	vf_cut_bus(vf);
	assert_int_equal(pci_read16(vf->rid, PCI_COMMAND), PCI_COMMAND_MEMORY);
	vf_set_command(vf, true, true);
	assert_int_equal(pci_read16(vf->rid, PCI_COMMAND), PCI_COMMAND_MEMORY);
	assert_int_equal(vf_change_state(vf, VF_RESETTING, &vm_a, NULL), OK);
	assert_int_equal(vf_change_state(vf, VF_PARKED, NULL, NULL), OK);
	vf_set_command(vf, true, true);
	assert_int_equal(pci_read16(vf->rid, PCI_COMMAND), PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_IGB(only_the_edges_of_the_picture_exist),
		WITH_IGB(a_refused_edge_names_vf_and_states),
		WITH_IGB(each_assignment_has_a_generation_and_an_owner),
		WITH_IGB(an_assigned_vf_cannot_be_assigned_again),
		WITH_IGB(after_its_reset_a_vf_goes_back_to_its_owner_and_to_nobody_else),
		WITH_IGB(a_vf_that_is_being_reset_is_cut_off_without_touching_it),
		WITH_IGB(nobody_cannot_be_an_owner),
		WITH_IGB(a_quarantined_vf_never_gets_an_owner),
		WITH_IGB(discovery_is_for_parked_vfs_only),
		WITH_IGB(a_vf_that_fell_silent_is_not_discovered),
		WITH_IGB(bars_of_a_vf_follow_each_other),
		WITH_IGB(requester_ids_beyond_bus_255_are_invalid),
		WITH_IGB(the_command_register_is_written_even_if_nothing_changes),
		WITH_IGB(a_bus_that_was_cut_stays_off_until_the_vf_is_parked_again),
	};

	return cmocka_run_group_tests_name("VF", tests, NULL, NULL);
}
