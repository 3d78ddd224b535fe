/* SPDX-License-Identifier: GPL-2.0-only */
/* Who may be isolated, and what a refusal says (R25 to R29). */
#include "machine.h"

#define ACS_CONTROL (0x148 + PCI_ACS_CTRL)

static struct acs_verdict verdict;
static struct why why;

static enum err check(const struct vf *vf)
{
	memset(&why, 0, sizeof(why));
	return acs_check(vf->function, NULL, &verdict, &why);
}

static void expect_refusal(const struct vf *vf, const char *text)
{
	assert_int_equal(check(vf), ERR_REFUSED);
	assert_false(verdict.isolated);
	assert_int_equal(why.code, ERR_REFUSED);
	assert_true(rid_equal(why.rid, vf->rid));
	if (!strstr(why.text, text))
		fail_msg("expected '%s' in '%s'", text, why.text);
}

static void every_port_gets_the_required_bits_and_translation_blocking(void **state)
{
	(void)state;
	discover();
	assert_int_equal(fake_get16(port, ACS_CONTROL),
			 PCI_ACS_SV | PCI_ACS_TB | PCI_ACS_RR | PCI_ACS_CR | PCI_ACS_UF);
	assert_int_equal(fake_get16(other_port, ACS_CONTROL), fake_get16(port, ACS_CONTROL));
	assert_int_equal(pci_find(PORT)->acs_capable, 0x5f);
	assert_int_equal(pci_find(PORT)->acs_enabled, 0x1f);
}

static void direct_translated_and_egress_that_firmware_left_on_go_off(void **state)
{
	(void)state;
	fake_put16(port, ACS_CONTROL, PCI_ACS_DT);
	discover();
	assert_int_equal(fake_get16(port, ACS_CONTROL) & PCI_ACS_DT, 0);
}

static void a_vf_of_the_82576_under_a_good_port_is_isolated_by_the_quirk_table(void **state)
{
	(void)state;
	assert_int_equal(check(&enable_all()->vfs[0]), OK);
	assert_true(verdict.isolated);
	assert_true(verdict.by_quirk);
	assert_false(verdict.by_override);
	assert_non_null(strstr(verdict.text, "82576"));
}

static void a_vf_without_acs_of_another_card_is_isolated_by_the_specification(void **state)
{
	(void)state;
	fake_pci_nvme(port, 4);
	assert_int_equal(check(&enable_all()->vfs[0]), OK);
	assert_true(verdict.isolated);
	assert_false(verdict.by_quirk);
	assert_non_null(strstr(verdict.text, "section 7.7.11"));
}

static void a_port_without_acs_is_refused_with_all_that_one_needs_to_know(void **state)
{
	(void)state;
	begin_machine(state);
	struct fake_function *bare = fake_pci_root_port(rid_make(0, 0, 5, 0), 3, 3, FAKE_ACS_NONE);

	fake_window(bare, false, 0xc8000000, WINDOW);
	fake_window(bare, true, 0xc8200000, WINDOW);
	fake_pci_igb(bare);
	assert_int_equal(check(&enable_all()->vfs[0]), ERR_REFUSED);
	assert_string_equal(
		why.text,
		"0000:00:05.0 (root port, 1b36:000c) has no ACS capability; "
		"need SV RR CR UF; path 0000:00:05.0 MISSING; a PF under 0000:00:03.0 would pass");
	assert_int_equal(verdict.missing, ACS_REQUIRED);
	assert_ptr_equal(verdict.at, pci_find(rid_make(0, 0, 5, 0)));
}

static void a_port_that_lacks_one_bit_is_refused_by_that_bit(void **state)
{
	(void)state;
	fake_put16(port, 0x148 + PCI_ACS_CAP, FAKE_ACS_ALL & ~PCI_ACS_UF);
	expect_refusal(
		&enable_all()->vfs[1],
		"0000:00:03.0 (root port, 1b36:000c) does not turn on all ACS bits; need UF; path");
	assert_int_equal(verdict.missing, PCI_ACS_UF);
}

static void a_bit_that_is_offered_but_does_not_stick_is_missing(void **state)
{
	(void)state;
	fake_allow(port, ACS_CONTROL, FAKE_ACS_ALL & ~PCI_ACS_RR, 2);
	expect_refusal(&enable_all()->vfs[0], "need RR;");
}

static void no_other_slot_that_passes_is_said_too(void **state)
{
	(void)state;
	fake_put16(port, 0x148 + PCI_ACS_CAP, 0);
	fake_put16(other_port, 0x148 + PCI_ACS_CAP, 0);
	expect_refusal(&enable_all()->vfs[0], "no slot of this machine would pass");
}

static struct fake_function *pf_under_switch(u16 downstream_acs)
{
	struct fake_function *up, *down;

	fake_put8(port, PCI_SUBORDINATE_BUS, 3);
	fake_put8(other_port, PCI_SECONDARY_BUS, 4);
	fake_put8(other_port, PCI_SUBORDINATE_BUS, 4);
	up = fake_pci_bridge(rid_make(0, 1, 0, 0), port, PCI_EXP_TYPE_UPSTREAM, 2, 3, 0);
	down = fake_pci_bridge(rid_make(0, 2, 1, 0), up, PCI_EXP_TYPE_DOWNSTREAM, 3, 3,
			       downstream_acs);
	for (unsigned i = 0; i < 2; i++) {
		fake_window(i ? down : up, false, PORT_MEM, WINDOW);
		fake_window(i ? down : up, true, PORT_PREFETCH, WINDOW);
	}
	return fake_pci_igb(down);
}

static void behind_a_switch_every_downstream_port_counts(void **state)
{
	(void)state;
	pf_under_switch(FAKE_ACS_NONE);
	expect_refusal(&enable_all()->vfs[0],
		       "0000:02:01.0 (downstream port, 1b36:000c) has no ACS capability; "
		       "need SV RR CR UF; path 0000:02:01.0 MISSING, 0000:01:00.0 ok, "
		       "0000:00:03.0 ok; a PF under 0000:00:04.0 would pass");
}

static void a_switch_with_acs_on_its_downstream_port_passes(void **state)
{
	(void)state;
	pf_under_switch(FAKE_ACS_ALL);
	assert_int_equal(check(&enable_all()->vfs[0]), OK);
}

static void a_multifunction_upstream_port_without_acs_does_not_isolate(void **state)
{
	(void)state;
	pf_under_switch(FAKE_ACS_ALL);
	fake_put8(fake_pci_find(rid_make(0, 1, 0, 0)), PCI_HEADER_TYPE, 0x81);
	expect_refusal(&enable_all()->vfs[0],
		       "0000:01:00.0 (upstream port, 1b36:000c) shares its device");
}

static void a_bridge_to_conventional_pci_never_isolates(void **state)
{
	(void)state;
	struct fake_function *bridge;

	fake_put8(port, PCI_SUBORDINATE_BUS, 2);
	fake_put8(other_port, PCI_SECONDARY_BUS, 4);
	fake_put8(other_port, PCI_SUBORDINATE_BUS, 4);
	bridge = fake_pci_bridge(rid_make(0, 1, 0, 0), port, PCI_EXP_TYPE_PCI_BRIDGE, 2, 2,
				 FAKE_ACS_ALL);
	fake_window(bridge, false, PORT_MEM, WINDOW);
	fake_window(bridge, true, PORT_PREFETCH, WINDOW);
	fake_pci_igb(bridge);
	expect_refusal(&enable_all()->vfs[0], "(PCIe-to-PCI bridge, 1b36:000c) is conventional "
					      "PCI, where functions share a bus and a "
					      "Requester ID; path");
}

static void an_integrated_endpoint_is_refused_even_if_its_chip_has_a_quirk(void **state)
{
	(void)state;
	begin_machine(state);
	fake_pci_igb(NULL)->sriov->offset = 0x80;
	expect_refusal(&enable_all()->vfs[0], "(root complex integrated endpoint, 8086:10ca) is "
					      "integrated into the root complex and has "
					      "no ACS capability; need RR CR; path directly on a "
					      "root bus; a PF under 0000:00:03.0 would pass");
}

static void an_integrated_endpoint_with_acs_passes(void **state)
{
	(void)state;
	begin_machine(state);
	struct fake_function *pf = fake_pci_igb(NULL);

	pf->sriov->offset = 0x80;
	for (unsigned i = 0; i < 8; i++)
		fake_acs_cap(fake_vf(pf, i), 0x1a0, PCI_ACS_RR | PCI_ACS_CR | PCI_ACS_DT);
	struct sriov_pf *enabled = enable_all();

	assert_int_equal(check(&enabled->vfs[3]), OK);
	assert_false(verdict.by_quirk);
	assert_int_equal(enabled->vfs[3].function->acs_enabled, PCI_ACS_RR | PCI_ACS_CR);
}

static void a_vf_whose_own_acs_bits_do_not_turn_on_is_refused(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		fake_acs_cap(fake_vf(igb, i), 0x1a0, PCI_ACS_RR | PCI_ACS_CR);
		fake_allow(fake_vf(igb, i), 0x1a0 + PCI_ACS_CTRL, PCI_ACS_RR, 2);
	}
	expect_refusal(&enable_all()->vfs[0],
		       "does not turn on the ACS bits that it offers; need CR;");
}

static void a_vf_without_acs_follows_the_acs_of_its_pf(void **state)
{
	(void)state;
	fake_pci_nvme(port, 4);
	struct fake_function *pf = fake_pci_find(PF);

	fake_acs_cap(pf, 0x200, PCI_ACS_RR | PCI_ACS_CR);
	assert_int_equal(check(&enable_all()->vfs[0]), OK);
	assert_non_null(strstr(verdict.text, "ACS capability of its PF"));
	fake_allow(pf, 0x200 + PCI_ACS_CTRL, 0, 2);
	fake_put16(pf, 0x200 + PCI_ACS_CTRL, 0);
	acs_enable_all();
	expect_refusal(&sriov_pf(0)->vfs[0], "need RR CR");
}

static bool only_the_port(struct rid rid)
{
	return rid_equal(rid, PORT);
}

static void an_override_counts_for_the_bridge_it_names_and_is_told(void **state)
{
	(void)state;
	fake_put16(port, 0x148 + PCI_ACS_CAP, 0);
	const struct vf *vf = &enable_all()->vfs[0];

	assert_int_equal(acs_check(vf->function, only_the_port, &verdict, &why), OK);
	assert_true(verdict.isolated);
	assert_true(verdict.by_override);
	assert_ptr_equal(verdict.at, pci_find(PORT));
	assert_non_null(strstr(verdict.text, "UNSAFE, unsafe_acs=0000:00:03.0"));
}

static void an_override_for_one_bridge_does_not_cover_another(void **state)
{
	(void)state;
	fake_put16(port, 0x148 + PCI_ACS_CAP, 0);
	pf_under_switch(FAKE_ACS_NONE);
	const struct vf *vf = &enable_all()->vfs[0];

	assert_int_equal(acs_check(vf->function, only_the_port, &verdict, &why), ERR_REFUSED);
	assert_false(verdict.isolated);
}

static void bits_are_named_in_the_order_that_people_read(void **state)
{
	(void)state;
	char buf[40];

	assert_string_equal(acs_bits_text(ACS_REQUIRED, buf, sizeof(buf)), "SV RR CR UF");
	assert_string_equal(acs_bits_text(0x7f, buf, sizeof(buf)), "SV RR CR UF TB EC DT");
	assert_string_equal(acs_bits_text(0, buf, sizeof(buf)), "");
	assert_string_equal(acs_bits_text(0x7f, buf, 6), "SV RR");
	assert_string_equal(acs_bits_text(0x7f, buf, 1), "");
}

static void a_path_longer_than_any_is_refused_and_not_cut(void **state)
{
	(void)state;
	static struct pci_function chain[PCI_PATH_MAX + 2];
	struct pci_path path;

	for (unsigned i = 0; i + 1 < ARRAY_LEN(chain); i++)
		chain[i].parent = &chain[i + 1];
	assert_int_equal(pci_path_of(&chain[1], &path, &why), OK);
	assert_int_equal(path.hops, PCI_PATH_MAX);
	assert_int_equal(pci_path_of(&chain[0], &path, &why), ERR_NO_SPACE);
	assert_int_equal(acs_check(&chain[0], NULL, &verdict, &why), ERR_NO_SPACE);
	assert_false(verdict.isolated);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_IGB(every_port_gets_the_required_bits_and_translation_blocking),
		WITH_IGB(direct_translated_and_egress_that_firmware_left_on_go_off),
		WITH_IGB(a_vf_of_the_82576_under_a_good_port_is_isolated_by_the_quirk_table),
		IN_MACHINE(a_vf_without_acs_of_another_card_is_isolated_by_the_specification),
		IN_MACHINE(a_port_without_acs_is_refused_with_all_that_one_needs_to_know),
		WITH_IGB(a_port_that_lacks_one_bit_is_refused_by_that_bit),
		WITH_IGB(a_bit_that_is_offered_but_does_not_stick_is_missing),
		WITH_IGB(no_other_slot_that_passes_is_said_too),
		IN_MACHINE(behind_a_switch_every_downstream_port_counts),
		IN_MACHINE(a_switch_with_acs_on_its_downstream_port_passes),
		IN_MACHINE(a_multifunction_upstream_port_without_acs_does_not_isolate),
		IN_MACHINE(a_bridge_to_conventional_pci_never_isolates),
		IN_MACHINE(an_integrated_endpoint_is_refused_even_if_its_chip_has_a_quirk),
		IN_MACHINE(an_integrated_endpoint_with_acs_passes),
		WITH_IGB(a_vf_whose_own_acs_bits_do_not_turn_on_is_refused),
		IN_MACHINE(a_vf_without_acs_follows_the_acs_of_its_pf),
		WITH_IGB(an_override_counts_for_the_bridge_it_names_and_is_told),
		IN_MACHINE(an_override_for_one_bridge_does_not_cover_another),
		WITH_IGB(bits_are_named_in_the_order_that_people_read),
		IN_MACHINE(a_path_longer_than_any_is_refused_and_not_cut),
	};

	return cmocka_run_group_tests_name("ACS", tests, NULL, NULL);
}
