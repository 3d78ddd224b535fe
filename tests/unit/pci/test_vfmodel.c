/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a guest reads of its VF: golden bytes, and the chain of capabilities (P7, R9 to R14, R24).
 */
#include "machine.h"

static struct vf_model m;
static struct sriov_pf *pf;
static const u64 bases[PCI_BARS] = { 0xc0000000, [3] = 0xc0004000 };

static int begin(void **state)
{
	begin_igb(state);
	pf = enable_all();
	assert_int_equal(vf_model_init(&m, &pf->vfs[3], bases, NULL), OK);
	return 0;
}

#define MODEL(test) cmocka_unit_test_setup(test, begin)

static void assert_bytes(unsigned at, const u8 *golden, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (m.value[at + i] != golden[i])
			fail_msg("offset %zx: %02x, golden %02x", at + i, m.value[at + i],
				 golden[i]);
}

static void the_header_of_an_82576_vf_is_golden(void **state)
{
	(void)state;
	static const u8 golden[64] = {
		0x86, 0x80, 0xca, 0x10, 0x00, 0x00, 0x10, 0x00, /* 8086:10ca, capabilities */
		0x01, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, /* Ethernet, revision 1, header type
								   0 */
		0x0c, 0x00, 0x00, 0xc0, 0x00, 0x00, 0x00, 0x00, /* BAR0: 64-bit, prefetchable */
		0x00, 0x00, 0x00, 0x00, 0x0c, 0x40, 0x00, 0xc0, /* BAR3 */
		0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
		0x00, 0x00, 0x00, 0xf4, 0x1a, 0x00, 0x11,       /* 1af4:1100 */
		0x00, 0x00, 0x00, 0x00, 0x70, 0x00, 0x00, 0x00, /* no ROM, first capability at 70 */
		0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, /* no interrupt pin */
	};

	assert_bytes(0, golden, sizeof(golden));
}

static void the_msix_capability_is_golden(void **state)
{
	(void)state;
	static const u8 golden[12] = { 0x11, 0xa0, 0x02, 0x00, 0x03, 0x00,
				       0x00, 0x00, 0x03, 0x20, 0x00, 0x00 };

	assert_int_equal(m.cap_msix, 0x70);
	assert_bytes(0x70, golden, sizeof(golden));
	assert_int_equal(vf_msix_vectors(m.vf), 3);
}

static void the_pcie_capability_is_golden(void **state)
{
	(void)state;
	static const u8 golden[0x3c] = {
		0x10, 0x00, 0x02, 0x00,
		0x20, 0x80, 0x00, 0x10, /* endpoint, version 2, FLR */
		0x10, 0x28, 0x00, 0x00,
		0x11, 0x00, 0x00, 0x00, /* DevCtl as after reset, x1 at 2.5 GT/s */
		0x00, 0x00, 0x11, 0x00,
	};

	assert_int_equal(m.cap_pcie, 0xa0);
	assert_bytes(0xa0, golden, sizeof(golden));
}

static void nothing_else_is_there(void **state)
{
	(void)state;
	for (unsigned at = 0x40; at < VF_MODEL_BYTES; at++) {
		bool listed = (at >= 0x70 && at < 0x7c) || (at >= 0xa0 && at < 0xdc);

		if (!listed && (m.value[at] || m.writable[at]))
			fail_msg("offset %x is not listed but has value %02x, writable %02x", at,
				 m.value[at], m.writable[at]);
	}
	/*
	 * A dword of zeros at 0x100 says: no extended capabilities, so no SR-IOV, ATS, PRI, PASID,
	 * ARI.
	 */
	for (unsigned at = VF_MODEL_BYTES; at < VF_CONFIG_BYTES; at += 4)
		assert_int_equal(vf_model_read(&m, (u16)at, 4), 0);
}

static void capabilities_of_the_device_that_are_not_on_the_list_are_not_in_the_chain(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		fake_cap(fake_vf(igb, i), PCI_CAP_ID_VNDR, 0x40);
		fake_cap(fake_vf(igb, i), PCI_CAP_ID_MSI, 0x50);
		fake_cap(fake_vf(igb, i), PCI_CAP_ID_VPD, 0xe0);
	}
	assert_int_equal(sriov_disable(pf, NULL), OK);
	assert_int_equal(sriov_enable(pf, 0, 0, NULL), OK);
	assert_int_equal(vf_model_init(&m, &pf->vfs[0], bases, NULL), OK);
	unsigned at = m.value[PCI_CAPABILITY_LIST], n = 0;

	for (; at; at = m.value[at + 1], n++)
		assert_true(m.value[at] == PCI_CAP_ID_MSIX || m.value[at] == PCI_CAP_ID_EXP);
	assert_int_equal(n, 2);
	assert_int_equal(vf_model_read(&m, 0x40, 4), 0);
	assert_int_equal(vf_model_read(&m, 0x50, 4), 0);
}

static void power_management_is_shown_if_the_vf_has_it_but_without_pme(void **state)
{
	(void)state;
	begin_machine(state);
	struct fake_function *nvme = fake_pci_nvme(port, 4);

	fake_put16(fake_vf(nvme, 0), 0x62, 0xfe33);
	pf = enable_all();
	assert_int_equal(vf_model_init(&m, &pf->vfs[0], bases, NULL), OK);
	assert_int_equal(m.cap_pm, 0x60);
	assert_int_equal(vf_model_read(&m, PCI_CAPABILITY_LIST, 1), 0x40);
	assert_int_equal(vf_model_read(&m, 0x40, 2), 0x6011); /* MSI-X -> PM */
	assert_int_equal(vf_model_read(&m, 0x60, 2), 0x8001); /* PM -> PCIe */
	assert_int_equal(vf_model_read(&m, 0x80, 2), 0x0010); /* PCIe, the last */
	assert_int_equal(vf_model_read(&m, 0x62, 2), 3);
	assert_int_equal(vf_model_read(&m, 0x64, 2), PCI_PM_CTRL_NO_SOFT_RESET);
	assert_int_equal(vf_model_write(&m, 0x64, 2, 3), VF_EFFECT_NONE);
	assert_int_equal(vf_model_read(&m, 0x64, 2), PCI_PM_CTRL_NO_SOFT_RESET);
}

static void attribute_bits_of_bars_are_those_of_the_pf(void **state)
{
	(void)state;
	begin_machine(state);
	fake_pci_nvme(port, 4);
	pf = enable_all();
	assert_int_equal(vf_model_init(&m, &pf->vfs[0], bases, NULL), OK);
	assert_int_equal(vf_model_read(&m, PCI_BASE_ADDRESS_0, 4),
			 0xc0000004); /* 64-bit, not prefetchable */
}

static void an_impossible_place_for_a_capability_is_replaced_by_ours(void **state)
{
	(void)state;
	static const struct {
		u8 pcie, msix;
	} bad[] = { { 0xd0, 0x70 }, { 0xa0, 0xf8 }, { 0xa0, 0xb0 },
		    { 0x6a, 0x40 }, { 0x70, 0x68 }, { 0xa0, 0xa0 } };

	for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
		pf->vfs[3].function->cap_pcie = bad[i].pcie;
		pf->vfs[3].function->cap_msix = bad[i].msix;
		assert_int_equal(vf_model_init(&m, &pf->vfs[3], bases, NULL), OK);
		assert_int_equal(m.cap_pcie, 0x60);
		assert_int_equal(m.cap_msix, 0x50);
		assert_int_equal(vf_model_read(&m, PCI_CAPABILITY_LIST, 1), 0x50);
		assert_int_equal(vf_model_read(&m, 0x50, 2), 0x6011);
		assert_int_equal(vf_model_read(&m, 0x60, 2), 0x0010);
	}
}

static void without_msix_or_pcie_there_is_no_model(void **state)
{
	(void)state;
	struct why why;

	pf->vfs[3].function->cap_msix = 0;
	assert_int_equal(vf_model_init(&m, &pf->vfs[3], bases, &why), ERR_INVALID);
	assert_non_null(strstr(why.text, "no usable MSI-X capability"));
	pf->vfs[3].function->cap_pcie = 0;
	assert_int_equal(vf_model_init(&m, &pf->vfs[3], bases, &why), ERR_INVALID);
	assert_non_null(strstr(why.text, "no usable PCI Express capability"));
}

static void a_base_that_is_not_aligned_is_invalid(void **state)
{
	(void)state;
	u64 wrong[PCI_BARS] = { 0xc0001000, [3] = 0xc0004000 };
	struct why why;

	assert_int_equal(vf_model_init(&m, &pf->vfs[3], wrong, &why), ERR_INVALID);
	assert_non_null(strstr(why.text, "BAR0 of 16384 bytes cannot be at c0001000"));
}

static void building_a_model_reads_nothing_from_the_device(void **state)
{
	(void)state;
	fake_events_record(FAKE_MMIO_READ, true);
	fake_events_clear();
	assert_int_equal(vf_model_init(&m, &pf->vfs[3], bases, NULL), OK);
	for (unsigned at = 0; at < VF_CONFIG_BYTES; at += 4)
		(void)vf_model_read(&m, (u16)at, 4);
	vf_model_reset(&m);
	assert_int_equal(fake_event_count(), 0);
}

static void reads_of_any_width_agree(void **state)
{
	(void)state;
	for (unsigned at = 0; at < VF_MODEL_BYTES; at++) {
		assert_int_equal(vf_model_read(&m, (u16)at, 1), m.value[at]);
		if (at % 2 == 0)
			assert_int_equal(vf_model_read(&m, (u16)at, 2),
					 m.value[at] | m.value[at + 1] << 8);
	}
	assert_int_equal(vf_model_read(&m, 2, 4), 0);
	assert_int_equal(vf_model_read(&m, 4096, 1), 0);
	assert_int_equal(vf_model_read(&m, 0, 3), 0);
	assert_int_equal(vf_model_read(&m, 0, 8), 0);
}

static void sources_are_told_for_the_lens(void **state)
{
	(void)state;
	assert_string_equal(vf_model_source(&m, 0), "PF");
	assert_string_equal(vf_model_source(&m, PCI_COMMAND), "synthesised");
	assert_string_equal(vf_model_source(&m, PCI_CLASS_REVISION), "device");
	assert_string_equal(vf_model_source(&m, PCI_BASE_ADDRESS_0 + 4), "PF");
	assert_string_equal(vf_model_source(&m, PCI_BASE_ADDRESS_2), "zero");
	assert_string_equal(vf_model_source(&m, PCI_CAPABILITY_LIST), "synthesised");
	assert_string_equal(vf_model_source(&m, 0xa0 + PCI_EXP_DEVCAP), "masked");
	assert_string_equal(vf_model_source(&m, 0x70 + PCI_MSIX_TABLE), "device");
	assert_string_equal(vf_model_source(&m, 0x160), "zero");
	assert_string_equal(vf_model_source(&m, 4096), "zero");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MODEL(the_header_of_an_82576_vf_is_golden),
		MODEL(the_msix_capability_is_golden),
		MODEL(the_pcie_capability_is_golden),
		MODEL(nothing_else_is_there),
		MODEL(capabilities_of_the_device_that_are_not_on_the_list_are_not_in_the_chain),
		MODEL(power_management_is_shown_if_the_vf_has_it_but_without_pme),
		MODEL(attribute_bits_of_bars_are_those_of_the_pf),
		MODEL(an_impossible_place_for_a_capability_is_replaced_by_ours),
		MODEL(without_msix_or_pcie_there_is_no_model),
		MODEL(a_base_that_is_not_aligned_is_invalid),
		MODEL(building_a_model_reads_nothing_from_the_device),
		MODEL(reads_of_any_width_agree),
		MODEL(sources_are_told_for_the_lens),
	};

	return cmocka_run_group_tests_name("VF model", tests, NULL, NULL);
}
