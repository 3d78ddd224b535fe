/* SPDX-License-Identifier: GPL-2.0-only */
/* What we read out of config space is what lspci reads out of the same bytes. */
#include "lspci.h"

/* Two cards with all VFs on, everything dumped and read by lspci. */
static int begin(void **state)
{
	begin_igb(state);
	fake_pci_nvme(other_port, 4);
	discover();
	for (unsigned i = 0; i < sriov_pf_count(); i++)
		assert_int_equal(sriov_enable(sriov_pf(i), 0, 0, NULL), OK);
	dump_begin();
	dump_fabric();
	lspci_run();
	return 0;
}

#define DUMPED(test) cmocka_unit_test_setup(test, begin)

static const char *bar_kind(const struct pci_bar *bar)
{
	return bar->is_64bit
		       ? bar->prefetchable ? "(64-bit, prefetchable)" : "(64-bit, non-prefetchable)"
	       : bar->prefetchable ? "(32-bit, prefetchable)"
				   : "(32-bit, non-prefetchable)";
}

static void bars_are_what_lspci_sees(void **state)
{
	(void)state;
	unsigned seen = 0;

	for (unsigned i = 0; i < pci_function_count(); i++) {
		const struct pci_function *f = pci_function(i);

		for (unsigned b = 0; b < PCI_BARS && !f->vf_of; b++) {
			const struct pci_bar *bar = &f->bars[b];

			if (bar->size && bar->io)
				assert_lspci_says(f->rid, "Region %u: I/O ports at %llx ", b,
						  (unsigned long long)bar->base);
			else if (bar->size)
				assert_lspci_says(f->rid, "Region %u: Memory at %llx %s", b,
						  (unsigned long long)bar->base, bar_kind(bar));
			seen += bar->size != 0;
		}
	}
	assert_int_equal(seen, 5);
}

static void capabilities_are_where_lspci_sees_them(void **state)
{
	(void)state;
	for (unsigned i = 0; i < pci_function_count(); i++) {
		const struct pci_function *f = pci_function(i);
		const struct {
			unsigned at;
			const char *name;
		} caps[] = {
			{ f->cap_pm, "Power Management" },
			{ f->cap_msi, "MSI:" },
			{ f->cap_msix, "MSI-X:" },
			{ f->cap_pcie, "Express (v2)" },
			{ f->ext_aer, "Advanced Error Reporting" },
			{ f->ext_acs, "Access Control Services" },
			{ f->ext_ari, "Alternative Routing-ID" },
			{ f->ext_sriov, "Single Root I/O Virtualization" },
		};

		for (unsigned c = 0; c < ARRAY_LEN(caps); c++) {
			if (!caps[c].at)
				assert_lspci_does_not_say(f->rid, caps[c].name);
			else if (caps[c].at < 0x100)
				assert_lspci_says(f->rid, "Capabilities: [%02x] %s", caps[c].at,
						  caps[c].name);
			else
				assert_lspci_says(f->rid, "Capabilities: [%03x v%u] %s", caps[c].at,
						  pci_read32(f->rid, (u16)caps[c].at) >> 16 & 0xf,
						  caps[c].name);
		}
		assert_lspci_says(f->rid, "%04x: ", f->class_code >> 8);
	}
}

static void port_types_and_flr_are_what_lspci_sees(void **state)
{
	(void)state;
	assert_lspci_says(PORT, "Express (v2) Root Port");
	assert_int_equal(pci_find(PORT)->port_type, PCI_EXP_TYPE_ROOT_PORT);
	assert_lspci_says(PF, "Express (v2) Endpoint");
	assert_int_equal(pci_find(PF)->port_type, PCI_EXP_TYPE_ENDPOINT);
	assert_lspci_says(PF, "FLReset+");
	assert_true(pci_find(PF)->flr);
}

static void bridges_are_what_lspci_sees(void **state)
{
	(void)state;
	for (unsigned i = 0; i < pci_function_count(); i++) {
		const struct pci_function *f = pci_function(i);

		if (f->header_type != PCI_HEADER_TYPE_BRIDGE)
			continue;
		assert_lspci_says(f->rid, "secondary=%02x, subordinate=%02x", f->secondary,
				  f->subordinate);
		assert_lspci_says(f->rid, "Memory behind bridge: %llx-%llx",
				  (unsigned long long)f->mem.base,
				  (unsigned long long)f->mem.limit);
		assert_lspci_says(f->rid, "Prefetchable memory behind bridge: %016llx-%016llx",
				  (unsigned long long)f->prefetch.base,
				  (unsigned long long)f->prefetch.limit);
		assert_lspci_says(f->rid, "ARIFwd%c\n", f->ari_forwarding ? '+' : '-');
	}
}

static void acs_is_on_as_lspci_sees_it(void **state)
{
	(void)state;
	assert_lspci_says(
		PORT, "ACSCtl:	SrcValid+ TransBlk+ ReqRedir+ CmpltRedir+ UpstreamFwd+ EgressCtrl- "
		      "DirectTrans-");
}

static void sriov_is_on_as_lspci_sees_it(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sriov_pf_count(); i++) {
		const struct sriov_pf *pf = sriov_pf(i);
		struct rid rid = pf->function->rid;

		assert_lspci_says(rid, "IOVCtl:	Enable+ Migration- Interrupt- MSE+ ARIHierarchy%c",
				  pf->ari ? '+' : '-');
		assert_lspci_says(rid, "Initial VFs: %u, Total VFs: %u, Number of VFs: %u,",
				  pf->initial_vfs, pf->total_vfs, pf->num_vfs);
		assert_lspci_says(rid, "VF offset: %u, stride: %u, Device ID: %04x", pf->offset,
				  pf->stride, pf->vf_device_id);
		assert_lspci_says(rid, "Supported Page Size: %08x, System Page Size: %08x",
				  pf->supported_page_sizes, pf->system_page_size);
		for (unsigned b = 0; b < PCI_BARS; b++)
			if (pf->vf_bars[b].size)
				assert_lspci_says(rid, "Region %u: Memory at %016llx %s", b,
						  (unsigned long long)pf->vf_bars[b].base,
						  bar_kind(&pf->vf_bars[b]));
	}
}

static void msix_is_decoded_as_lspci_decodes_it(void **state)
{
	(void)state;
	for (unsigned i = 0; i < pci_function_count(); i++) {
		const struct pci_function *f = pci_function(i);
		struct msix m;

		if (!f->cap_msix)
			continue;
		assert_int_equal(msix_init(&m, f, f->bars, NULL), OK);
		assert_lspci_says(f->rid, "MSI-X: Enable- Count=%u Masked-", m.vectors);
		assert_lspci_says(f->rid, "Vector table: BAR=%u offset=%08x", m.table_bar,
				  m.table_offset);
		assert_lspci_says(f->rid, "PBA: BAR=%u offset=%08x", m.pba_bar, m.pba_offset);
	}
}

static u8 read_model(const void *ctx, unsigned offset)
{
	return (u8)vf_model_read(ctx, (u16)offset, 1);
}

static void a_guest_sees_a_plain_device_with_two_capabilities(void **state)
{
	(void)state;
	const u64 bases[PCI_BARS] = { 0xc0000000, [3] = 0xc0004000 };
	struct rid guest = rid_make(0, 0, 1, 0);
	static struct vf_model m;
	const char *text;
	unsigned caps = 0;

	assert_int_equal(vf_model_init(&m, &sriov_pf(0)->vfs[0], bases, NULL), OK);
	(void)vf_model_write(&m, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	dump_begin();
	dump_add(guest, read_model, &m);
	lspci_run();
	assert_lspci_says(guest, "0000:00:01.0 0200: 8086:10ca (rev 01)");
	assert_lspci_says(guest, "Subsystem: 1af4:1100");
	assert_lspci_says(guest, "Region 0: Memory at c0000000 (64-bit, prefetchable)\n");
	assert_lspci_says(guest, "Region 3: Memory at c0004000 (64-bit, prefetchable)\n");
	assert_lspci_says(guest, "Capabilities: [70] MSI-X: Enable- Count=3 Masked-");
	assert_lspci_says(guest, "Capabilities: [a0] Express (v2) Endpoint");
	assert_lspci_says(guest, "FLReset+");
	assert_lspci_does_not_say(guest, "Interrupt: pin");
	for (text = lspci_of(guest); (text = strstr(text, "Capabilities: [")); text++)
		caps++;
	assert_int_equal(caps, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DUMPED(bars_are_what_lspci_sees),
		DUMPED(capabilities_are_where_lspci_sees_them),
		DUMPED(port_types_and_flr_are_what_lspci_sees),
		DUMPED(bridges_are_what_lspci_sees),
		DUMPED(acs_is_on_as_lspci_sees_it),
		DUMPED(sriov_is_on_as_lspci_sees_it),
		DUMPED(msix_is_decoded_as_lspci_decodes_it),
		DUMPED(a_guest_sees_a_plain_device_with_two_capabilities),
	};

	return cmocka_run_group_tests_name("lspci", tests, NULL, NULL);
}
