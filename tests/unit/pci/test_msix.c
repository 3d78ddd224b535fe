/* SPDX-License-Identifier: GPL-2.0-only */
/* Physical MSI-X tables: decoded once, written by one file only (S07, R16 to R22). */
#include "machine.h"

static struct vf *vf;
static struct msix m;
static struct why why;
static struct pci_bar bars[PCI_BARS];

static int begin(void **state)
{
	begin_igb(state);
	vf = &enable_all()->vfs[1];
	vf_set_command(vf, true, false);
	for (unsigned i = 0; i < PCI_BARS; i++)
		bars[i] = vf_bar(vf, i);
	memset(&why, 0, sizeof(why));
	fake_events_clear();
	return 0;
}

#define WITH_VF(test) cmocka_unit_test_setup(test, begin)

static u32 table_word(unsigned entry, unsigned field)
{
	u32 value;

	memcpy(&value, fake_vf(igb, 1)->bar_memory[3] + entry * 16 + field, sizeof(value));
	return value;
}

static void init_masks_every_entry_and_disables_in_this_order(void **state)
{
	(void)state;
	pci_write16(vf->rid, 0x70 + PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_ENABLE);
	fake_events_clear();
	assert_int_equal(msix_init(&m, vf->function, bars, &why), OK);
	assert_int_equal(m.vectors, 3);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(table_word(i, PCI_MSIX_ENTRY_VECTOR_CTRL), 1);
		assert_int_equal(fake_event(i)->address, bars[3].base + i * 16 + 12);
	}
	assert_int_equal(fake_event(3)->address, FAKE_ECAM_BASE + ((u64)vf->rid.id << 12) + 0x72);
	assert_int_equal(pci_read16(vf->rid, 0x72) & PCI_MSIX_FLAGS_ENABLE, 0);
}

static void an_entry_is_masked_while_it_changes(void **state)
{
	(void)state;
	assert_int_equal(msix_init(&m, vf->function, bars, &why), OK);
	msix_mask_entry(&m, 2, false);
	fake_events_clear();
	msix_write_entry(&m, 2, 0x1fee00218, 0x1234, false);
	static const struct {
		unsigned field;
		u32 value;
	} golden[] = { { 12, 1 }, { 0, 0xfee00218 }, { 4, 1 }, { 8, 0x1234 }, { 12, 0 } };

	assert_int_equal(fake_event_count(), ARRAY_LEN(golden));
	for (unsigned i = 0; i < ARRAY_LEN(golden); i++) {
		assert_int_equal(fake_event(i)->address, bars[3].base + 2 * 16 + golden[i].field);
		assert_int_equal(fake_event(i)->value, golden[i].value);
		assert_int_equal(fake_event(i)->width, 4);
	}
}

static void an_entry_that_is_written_masked_stays_masked(void **state)
{
	(void)state;
	assert_int_equal(msix_init(&m, vf->function, bars, &why), OK);
	msix_write_entry(&m, 0, 0xfee00000, 0x41, true);
	assert_int_equal(table_word(0, PCI_MSIX_ENTRY_VECTOR_CTRL), 1);
	assert_int_equal(table_word(0, PCI_MSIX_ENTRY_DATA), 0x41);
}

static void entries_beyond_the_table_are_not_written(void **state)
{
	(void)state;
	assert_int_equal(msix_init(&m, vf->function, bars, &why), OK);
	fake_events_clear();
	msix_write_entry(&m, 3, 0xfee00000, 0x41, false);
	msix_mask_entry(&m, 0xffff, false);
	assert_int_equal(fake_event_count(), 0);
}

static void control_sets_enable_and_function_mask(void **state)
{
	(void)state;
	assert_int_equal(msix_init(&m, vf->function, bars, &why), OK);
	msix_set_control(&m, true, true);
	assert_int_equal(pci_read16(vf->rid, 0x72), 0xc002);
	msix_set_control(&m, true, false);
	assert_int_equal(pci_read16(vf->rid, 0x72), 0x8002);
	msix_set_control(&m, false, false);
	assert_int_equal(pci_read16(vf->rid, 0x72), 0x0002);
}

/* Change what the capability says; init must refuse, and not touch the table. */
static void expect_refusal(u16 vectors, u32 table, u32 pba, const char *text)
{
	struct fake_function *f = fake_vf(igb, 1);

	fake_put16(f, 0x70 + PCI_MSIX_FLAGS, vectors - 1);
	fake_put32(f, 0x70 + PCI_MSIX_TABLE, table);
	fake_put32(f, 0x70 + PCI_MSIX_PBA, pba);
	fake_events_clear();
	assert_int_equal(msix_init(&m, vf->function, bars, &why), ERR_DEVICE);
	if (!strstr(why.text, text))
		fail_msg("expected '%s' in '%s'", text, why.text);
	assert_int_equal(fake_event_count(), 0);
}

static void a_table_that_leaves_its_bar_is_refused(void **state)
{
	(void)state;
	expect_refusal(3, 0x3fe0 | 3, 0x2000 | 3,
		       "table (48 bytes at 3fe0) leaves BAR 3 (16384 bytes)");
	expect_refusal(2048, 3, 0x2000 | 3, "table (32768 bytes at 0) leaves BAR 3");
	expect_refusal(3, 0xfffffff8 | 3, 0x2000 | 3, "leaves BAR 3");
}

static void pending_bits_that_leave_their_bar_are_refused(void **state)
{
	(void)state;
	expect_refusal(3, 3, 0x4000 | 3, "pending bit array (8 bytes at 4000) leaves BAR 3");
}

static void a_table_in_a_bar_that_is_none_is_refused(void **state)
{
	(void)state;
	expect_refusal(3, 1, 0x2000 | 3, "table is in BAR 1, which is no memory BAR");
	expect_refusal(3, 7, 0x2000 | 3, "table is in BAR 7");
	expect_refusal(3, 3, 0x2000 | 6, "pending bit array is in BAR 6");
	bars[3].base = 0;
	expect_refusal(3, 3, 0x2000 | 3, "no memory BAR with an address");
}

static void table_and_pending_bits_must_not_overlap(void **state)
{
	(void)state;
	expect_refusal(3, 3, 0x28 | 3, "overlap in BAR 3");
}

static void table_and_pending_bits_side_by_side_are_fine(void **state)
{
	(void)state;
	struct fake_function *f = fake_vf(igb, 1);

	fake_put32(f, 0x70 + PCI_MSIX_TABLE, 0x10 | 3);
	fake_put32(f, 0x70 + PCI_MSIX_PBA, 0x08 | 3);
	assert_int_equal(msix_init(&m, vf->function, bars, &why), OK);
	fake_put32(f, 0x70 + PCI_MSIX_PBA, 0x40 | 3);
	assert_int_equal(msix_init(&m, vf->function, bars, &why), OK);
	fake_put32(f, 0x70 + PCI_MSIX_PBA, 0x10 | 0);
	assert_int_equal(msix_init(&m, vf->function, bars, &why),
			 OK); /* same offset, another BAR */
}

static void a_table_that_cannot_be_mapped_is_an_error(void **state)
{
	(void)state;
	fake_mmio_map_fail_after(0, ERR_NO_MEMORY);
	assert_int_equal(msix_init(&m, vf->function, bars, &why), ERR_NO_MEMORY);
	assert_non_null(strstr(why.text, "cannot be mapped"));
}

static void without_the_capability_there_is_no_msix(void **state)
{
	(void)state;
	vf->function->cap_msix = 0;
	assert_int_equal(msix_init(&m, vf->function, bars, &why), ERR_UNSUPPORTED);
}

static void expect_pages(u32 offset, u16 vectors, u64 first, u64 last)
{
	struct msix at = { .table_offset = offset, .vectors = vectors };
	u64 seen_first, seen_last;

	msix_table_pages(&at, &seen_first, &seen_last);
	assert_int_equal(seen_first, first);
	assert_int_equal(seen_last, last);
}

static void exactly_the_pages_of_the_table_are_named(void **state)
{
	(void)state;
	expect_pages(0, 3, 0, 0);
	expect_pages(0x2000, 256, 0x2000, 0x2000);
	expect_pages(0x2000, 257, 0x2000, 0x3000);
	expect_pages(0xff0, 1, 0, 0);
	expect_pages(0xff0, 2, 0, 0x1000);
	expect_pages(0, 2048, 0, 0x7000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_VF(init_masks_every_entry_and_disables_in_this_order),
		WITH_VF(an_entry_is_masked_while_it_changes),
		WITH_VF(an_entry_that_is_written_masked_stays_masked),
		WITH_VF(entries_beyond_the_table_are_not_written),
		WITH_VF(control_sets_enable_and_function_mask),
		WITH_VF(a_table_that_leaves_its_bar_is_refused),
		WITH_VF(pending_bits_that_leave_their_bar_are_refused),
		WITH_VF(a_table_in_a_bar_that_is_none_is_refused),
		WITH_VF(table_and_pending_bits_must_not_overlap),
		WITH_VF(table_and_pending_bits_side_by_side_are_fine),
		WITH_VF(a_table_that_cannot_be_mapped_is_an_error),
		WITH_VF(without_the_capability_there_is_no_msix),
		WITH_VF(exactly_the_pages_of_the_table_are_named),
	};

	return cmocka_run_group_tests_name("MSI-X", tests, NULL, NULL);
}
