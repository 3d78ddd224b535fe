/* SPDX-License-Identifier: GPL-2.0-only */
/* Capability lists that devices get wrong, by accident or on purpose (S09). */
#include "machine.h"

#define EXT_HEADER(id, next) ((u32)(id) | 1u << 16 | (u32)(next) << 20)

static struct fake_function *f;

/* A device on the root bus with an empty list. */
static int begin(void **state)
{
	begin_machine(state);
	f = fake_pci_add(rid_make(0, 0, 5, 0), NULL, 0x56781234, 0x02000000);
	return 0;
}

#define ALONE(test) cmocka_unit_test_setup(test, begin)

static const struct pci_function *found(void)
{
	discover();
	return pci_find(rid_make(0, 0, 5, 0));
}

static void expect_no_capability(const char *said)
{
	const struct pci_function *seen = found();

	assert_int_equal(seen->cap_pcie, 0);
	assert_int_equal(seen->cap_msix, 0);
	assert_int_equal(seen->ext_sriov, 0);
	assert_int_equal(pci_find_capability(seen->rid, PCI_CAP_ID_EXP), 0);
	if (!fake_log_contains(said))
		fail_msg("expected '%s' in '%s'", said, fake_log_text());
}

static void without_the_status_bit_there_is_no_list(void **state)
{
	(void)state;
	fake_pcie_cap(f, 0x40, PCI_EXP_TYPE_ENDPOINT, 0);
	fake_put16(f, PCI_STATUS, 0);
	assert_int_equal(found()->cap_pcie, 0);
	assert_string_equal(fake_log_text(), "");
}

static void a_list_that_points_to_itself_ends(void **state)
{
	(void)state;
	fake_pcie_cap(f, 0x40, PCI_EXP_TYPE_ENDPOINT, 0);
	fake_put8(f, 0x41, 0x40);
	expect_no_capability("its capabilities loop");
}

static void a_list_that_bites_its_tail_ends(void **state)
{
	(void)state;
	fake_pcie_cap(f, 0x40, PCI_EXP_TYPE_ENDPOINT, 0);
	fake_msix_cap(f, 0x80, 1, 0, 0x800);
	fake_cap(f, PCI_CAP_ID_PM, 0x90);
	fake_put8(f, 0x91, 0x80);
	expect_no_capability("its capabilities loop");
}

static void a_pointer_into_the_header_breaks_the_list(void **state)
{
	(void)state;
	fake_pcie_cap(f, 0x40, PCI_EXP_TYPE_ENDPOINT, 0);
	fake_put8(f, 0x41, 0x10);
	expect_no_capability("its capabilities have a pointer to where none can be");
}

static void a_capability_that_reads_all_ones_breaks_the_list(void **state)
{
	(void)state;
	fake_pcie_cap(f, 0x40, PCI_EXP_TYPE_ENDPOINT, 0);
	fake_put8(f, 0x41, 0xc0);
	fake_put16(f, 0xc0, 0xffff);
	expect_no_capability("have a pointer to where none can be");
}

static void reserved_pointer_bits_are_masked(void **state)
{
	(void)state;
	fake_pcie_cap(f, 0x40, PCI_EXP_TYPE_ENDPOINT, 0);
	fake_cap(f, PCI_CAP_ID_PM, 0x90);
	fake_put8(f, PCI_CAPABILITY_LIST, 0x43);
	fake_put8(f, 0x41, 0x91);
	assert_int_equal(found()->cap_pcie, 0x40);
	assert_int_equal(found()->cap_pm, 0x90);
}

static void a_full_list_of_48_is_no_loop(void **state)
{
	(void)state;
	for (unsigned at = 0x40; at < 0xfc; at += 4) {
		fake_put8(f, at, PCI_CAP_ID_VNDR);
		fake_put8(f, at + 1, (u8)(at + 4));
	}
	fake_put8(f, 0xfc, PCI_CAP_ID_PM);
	fake_put8(f, PCI_CAPABILITY_LIST, 0x40);
	fake_put16(f, PCI_STATUS, PCI_STATUS_CAP_LIST);
	assert_int_equal(found()->cap_pm, 0xfc);
}

static void the_first_of_two_equal_capabilities_counts(void **state)
{
	(void)state;
	fake_pcie_cap(f, 0x40, PCI_EXP_TYPE_ENDPOINT, 0);
	fake_cap(f, PCI_CAP_ID_EXP, 0x90);
	assert_int_equal(found()->cap_pcie, 0x40);
	assert_int_equal(pci_find_capability(f->rid, PCI_CAP_ID_EXP), 0x40);
}

static void expect_no_ext_capability(const char *said)
{
	const struct pci_function *seen = found();

	assert_int_equal(seen->cap_pcie, 0x40);
	assert_int_equal(seen->ext_sriov, 0);
	assert_int_equal(seen->ext_acs, 0);
	assert_int_equal(pci_find_ext_capability(seen->rid, PCI_EXT_CAP_ID_ACS), 0);
	if (!fake_log_contains(said))
		fail_msg("expected '%s' in '%s'", said, fake_log_text());
}

static void an_extended_list_that_loops_ends(void **state)
{
	(void)state;
	fake_pcie_cap(f, 0x40, PCI_EXP_TYPE_ENDPOINT, 0);
	fake_put32(f, 0x100, EXT_HEADER(PCI_EXT_CAP_ID_ACS, 0x140));
	fake_put32(f, 0x140, EXT_HEADER(PCI_EXT_CAP_ID_SRIOV, 0x100));
	expect_no_ext_capability("its extended capabilities loop");
}

static void an_extended_pointer_to_0fc_breaks_the_list(void **state)
{
	(void)state;
	fake_pcie_cap(f, 0x40, PCI_EXP_TYPE_ENDPOINT, 0);
	fake_put32(f, 0x100, EXT_HEADER(PCI_EXT_CAP_ID_ACS, 0x0fc));
	expect_no_ext_capability("extended capabilities have a pointer to where none can be");
}

static void an_extended_list_may_be_empty(void **state)
{
	(void)state;
	fake_pcie_cap(f, 0x40, PCI_EXP_TYPE_ENDPOINT, 0);
	assert_int_equal(found()->ext_acs, 0);
	fake_put32(f, 0x100, 0xffffffff);
	assert_int_equal(found()->ext_acs, 0);
	assert_string_equal(fake_log_text(), "");
}

static void an_extended_capability_in_the_last_dword_is_no_loop(void **state)
{
	(void)state;
	fake_pcie_cap(f, 0x40, PCI_EXP_TYPE_ENDPOINT, 0);
	fake_put32(f, 0x100, EXT_HEADER(PCI_EXT_CAP_ID_VNDR, 0xffc));
	fake_put32(f, 0xffc, EXT_HEADER(PCI_EXT_CAP_ID_ACS, 0));
	assert_int_equal(found()->ext_acs, 0xffc);
}

static void extended_capabilities_need_the_pcie_capability(void **state)
{
	(void)state;
	fake_put32(f, 0x100, EXT_HEADER(PCI_EXT_CAP_ID_SRIOV, 0));
	assert_int_equal(found()->ext_sriov, 0);
	assert_int_equal(sriov_pf_count(), 0);
}

static void a_function_that_does_not_answer_has_no_capability(void **state)
{
	(void)state;
	discover();
	assert_int_equal(pci_find_capability(rid_make(0, 0, 9, 0), PCI_CAP_ID_PM), 0);
	assert_int_equal(pci_find_ext_capability(rid_make(0, 0, 9, 0), PCI_EXT_CAP_ID_ACS), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ALONE(without_the_status_bit_there_is_no_list),
		ALONE(a_list_that_points_to_itself_ends),
		ALONE(a_list_that_bites_its_tail_ends),
		ALONE(a_pointer_into_the_header_breaks_the_list),
		ALONE(a_capability_that_reads_all_ones_breaks_the_list),
		ALONE(reserved_pointer_bits_are_masked),
		ALONE(a_full_list_of_48_is_no_loop),
		ALONE(the_first_of_two_equal_capabilities_counts),
		ALONE(an_extended_list_that_loops_ends),
		ALONE(an_extended_pointer_to_0fc_breaks_the_list),
		ALONE(an_extended_list_may_be_empty),
		ALONE(an_extended_capability_in_the_last_dword_is_no_loop),
		ALONE(extended_capabilities_need_the_pcie_capability),
		ALONE(a_function_that_does_not_answer_has_no_capability),
	};

	return cmocka_run_group_tests_name("capabilities", tests, NULL, NULL);
}
