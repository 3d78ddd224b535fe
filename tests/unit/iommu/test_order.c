/* SPDX-License-Identifier: GPL-2.0-only */
/* The order of stores that a unit may be reading at that moment, and of frees (S12, S13). */
#include "harness.h"

#include <string.h>

#include "base/pool.h"

#define K       1024ull
#define M       (1024 * K)
#define G       (1024 * M)
#define PRESENT 1

static u64 *entries(u64 table)
{
	return (u64 *)(uintptr_t)(table & ~0xfffull);
}

static u64 *context_of(struct rid rid)
{
	return entries(entries(unit.root)[(rid.id >> 8) * 2]) + (rid.id & 0xff) * 2;
}

static u64 *irte_of(u16 handle)
{
	return entries(unit.table) + handle * 2;
}

/* Index of the next store to `entry` with this present bit. */
static int store_of(unsigned from, const u64 *entry, bool present)
{
	for (int i = store_find(from, entry); i >= 0; i = store_find((unsigned)i + 1, entry))
		if ((fake_event((unsigned)i)->value & PRESENT) == present)
			return i;
	return -1;
}

static int queue_kick(unsigned from)
{
	return fake_event_find(from, FAKE_MMIO_WRITE, UNIT_BASE + 0x88);
}

static void a_context_goes_through_not_present_and_a_flush(void **state)
{
	(void)state;
	struct iommu_domain *d;
	u64 *c;
	int off, flush, high, on;

	begin_on(FAKE_VTD_CAP, FAKE_VTD_ECAP);
	d = new_domain("a");
	c = context_of(VF0);
	fake_events_clear();
	attach(d, VF0);
	off = store_of(0, c, false);
	flush = queue_kick(0);
	high = store_find(0, c + 1);
	on = store_of(0, c, true);
	assert_true(off >= 0 && off < flush && flush < high && high < on);
	assert_int_equal(store_find((unsigned)on + 1, c), -1);
}

static void a_new_context_gets_its_present_bit_last(void **state)
{
	(void)state;
	struct rid late = rid_make(0, 1, 20, 0);
	u64 *c;

	begin_on(FAKE_VTD_CAP, FAKE_VTD_ECAP);
	c = context_of(late);
	fake_events_clear();
	assert_int_equal(iommu_attach(NULL, late, &why), OK);
	assert_true(store_find(0, c + 1) >= 0);
	assert_true(store_find(0, c + 1) < store_of(0, c, true));
	assert_int_equal(store_of(0, c, false), -1);
}

static void an_irte_gets_its_present_bit_last_and_loses_it_first(void **state)
{
	(void)state;
	u16 handle;
	int off, flush, high;

	begin_on(FAKE_VTD_CAP, FAKE_VTD_ECAP);
	fake_events_clear();
	assert_int_equal(irte_alloc(VF0, &handle, &why), OK);
	assert_int_equal(irte_set(VF0, handle, 0, 0x40, &why), OK);
	assert_true(store_find(0, irte_of(handle) + 1) < store_of(0, irte_of(handle), true));
	fake_events_clear();
	assert_int_equal(irte_free(VF0, handle, &why), OK);
	off = store_of(0, irte_of(handle), false);
	flush = queue_kick(0);
	high = store_find(0, irte_of(handle) + 1);
	assert_true(off >= 0 && off < flush && flush < high);
}

static void a_live_irte_is_changed_by_one_store(void **state)
{
	(void)state;
	u16 handle;
	unsigned stores = 0;

	begin_on(FAKE_VTD_CAP, FAKE_VTD_ECAP);
	assert_int_equal(irte_alloc(VF0, &handle, &why), OK);
	assert_int_equal(irte_set(VF0, handle, 0, 0x40, &why), OK);
	fake_events_clear();
	assert_int_equal(irte_set(VF0, handle, 3, 0x55, &why), OK);
	for (unsigned i = 0; i < fake_event_count(); i++)
		stores += fake_event(i)->kind == FAKE_NOTE;
	assert_int_equal(stores, 1);
	assert_true(store_of(0, irte_of(handle), true) >= 0);
}

static void a_large_leaf_is_split_by_one_store_of_a_finished_table(void **state)
{
	(void)state;
	struct iommu_domain *d;
	u64 *pml4, *pdpt, *pd, *pt;
	int link;

	begin_on(FAKE_VTD_CAP, FAKE_VTD_ECAP);
	d = new_domain("a");
	map(d, 0, 8 * G, 2 * M);
	attach(d, VF0);
	pml4 = entries(context_of(VF0)[0]);
	pdpt = entries(pml4[0]);
	pd = entries(pdpt[0]);
	fake_events_clear();
	unmap(d, 12 * K, 4 * K);
	link = store_find(0, pd);
	pt = entries(pd[0]);
	assert_int_equal(store_find((unsigned)link + 1, pd), -1);
	for (unsigned i = 0; i < 512; i++) {
		int filled = store_find(0, &pt[i]);

		while (filled >= 0 &&
		       fake_event((unsigned)filled)->value != ((8 * G + i * 4 * K) | 3))
			filled = store_find((unsigned)filled + 1, &pt[i]);
		assert_true(filled >= 0 && filled < link);
	}
	assert_int_equal(pt[3], 0);
}

/* --- nothing goes past the log --- */

static void expect_logged(const u64 *word)
{
	u64 last = 0;

	for (int i = store_find(0, word); i >= 0; i = store_find((unsigned)i + 1, word))
		last = fake_event((unsigned)i)->value;
	assert_int_equal(*word, last);
}

static void check_table(const u64 *table, unsigned words, unsigned level)
{
	for (unsigned i = 0; i < words; i++) {
		if (!table[i])
			continue;
		expect_logged(&table[i]);
		if (level > 0 && !(table[i] >> 7 & 1))
			check_table(entries(table[i] & BITS64(51, 12)), 512, level - 1);
	}
}

static void check_all(void)
{
	const u64 *root = entries(unit.root);

	for (unsigned bus = 0; bus < 256; bus++) {
		if (!root[bus * 2])
			continue;
		expect_logged(&root[bus * 2]);
		check_table(entries(root[bus * 2]), 512, 0);
		for (unsigned devfn = 0; devfn < 256; devfn++)
			if (entries(root[bus * 2])[devfn * 2])
				check_table(entries(entries(root[bus * 2])[devfn * 2]), 512, 3);
	}
	check_table(entries(unit.table), 8192, 0);
}

static void use_everything(void)
{
	struct iommu_domain *d = new_domain("a");
	u16 handle;

	map(d, 4 * K, 8 * G + 4 * K, 4 * M);
	attach(d, VF0);
	attach(d, VF1);
	unmap(d, 2 * M, 4 * K);
	map(d, 2 * M, 16 * G, 4 * K);
	assert_int_equal(iommu_attach(NULL, VF1, &why), OK);
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(irte_alloc(VF0, &handle, &why), OK);
		assert_int_equal(irte_set(VF0, handle, i, (u8)(0x40 + i), &why), OK);
		if (i & 1)
			assert_int_equal(irte_free(VF0, handle, &why), OK);
	}
}

static void every_word_that_a_unit_reads_came_through_the_store_file(void **state)
{
	(void)state;
	begin_on(FAKE_VTD_CAP, FAKE_VTD_ECAP);
	use_everything();
	check_all();
}

/* --- units that do not snoop (ECAP.C = 0) --- */

static void each_store_is_written_back_before_the_next(void **state)
{
	(void)state;
	unsigned checked = 0;

	begin_on(FAKE_VTD_CAP, FAKE_VTD_ECAP & ~FAKE_ECAP_C);
	use_everything();
	for (unsigned i = 0; i < fake_event_count(); i++) {
		const struct fake_event *e = fake_event(i);

		if (e->kind != FAKE_NOTE)
			continue;
		assert_true(fake_written_back(i, i + 2, (void *)(uintptr_t)e->address, 8));
		checked++;
	}
	assert_true(checked > 600);
	check_all();
}

/* Host pointers are far above the addresses that the tests map. */
static bool links_a_table(const struct fake_event *e)
{
	u64 target = e->value & BITS64(51, 12);
	bool in_irt = e->address - unit.table < 65536;

	return e->kind == FAKE_NOTE && !in_irt && e->value & 3 && !(e->value >> 7 & 1) &&
	       target >= 64 * G;
}

static void a_table_is_in_memory_before_it_is_linked(void **state)
{
	(void)state;
	unsigned checked = 0;

	begin_on(FAKE_VTD_CAP, FAKE_VTD_ECAP & ~FAKE_ECAP_C);
	use_everything();
	for (unsigned i = 0; i < fake_event_count(); i++) {
		const struct fake_event *e = fake_event(i);

		if (!links_a_table(e))
			continue;
		assert_true(fake_written_back(0, i, (void *)(uintptr_t)(e->value & BITS64(51, 12)),
					      4096));
		checked++;
	}
	assert_true(checked > 10);
}

static void descriptors_are_in_memory_before_the_doorbell(void **state)
{
	(void)state;
	u64 tail = 0;
	unsigned from = 0;

	begin_on(FAKE_VTD_CAP, FAKE_VTD_ECAP & ~FAKE_ECAP_C);
	use_everything();
	for (unsigned i = 0; i < fake_event_count(); i++) {
		const struct fake_event *e = fake_event(i);

		if (e->kind != FAKE_MMIO_WRITE || e->address != UNIT_BASE + 0x88)
			continue;
		assert_true(fake_written_back(from, i, (u8 *)entries(unit.iqa) + tail,
					      e->value - tail));
		tail = e->value;
		from = i;
	}
	assert_true(tail > 0);
}

static void coherent_units_cost_no_write_back(void **state)
{
	(void)state;
	begin_on(FAKE_VTD_CAP, FAKE_VTD_ECAP);
	use_everything();
	for (unsigned i = 0; i < fake_event_count(); i++)
		assert_int_not_equal(fake_event(i)->kind, FAKE_CACHE_WRITE_BACK);
}

static void a_fence_stands_between_the_tables_and_the_doorbell(void **state)
{
	(void)state;
	unsigned kicks = 0;

	begin_on(FAKE_VTD_CAP, FAKE_VTD_ECAP);
	fake_events_clear();
	use_everything();
	for (unsigned i = 1; i < fake_event_count(); i++) {
		if (fake_event(i)->kind != FAKE_MMIO_WRITE ||
		    fake_event(i)->address != UNIT_BASE + 0x88)
			continue;
		assert_int_equal(fake_event(i - 1)->kind, FAKE_STORE_FENCE);
		kicks++;
	}
	assert_int_equal(kicks, unit.seen.wait - 2);
}

/* --- frees (S12) --- */

static void when_a_domain_is_destroyed_no_cache_knows_it(void **state)
{
	(void)state;
	struct iommu_domain *d;
	u16 id;

	begin_on(FAKE_VTD_CAP, FAKE_VTD_ECAP);
	d = new_domain("a");
	id = iommu_domain_id(d);
	map(d, 0, 8 * G, 2 * M);
	attach(d, VF0);
	assert_true(reaches(VF0, 0, 8 * G));
	assert_int_equal(iommu_attach(NULL, VF0, &why), OK);
	for (unsigned i = 0; i < FAKE_VTD_CACHE; i++) {
		assert_false(unit.context[i].valid && unit.context[i].did == id);
		assert_false(unit.iotlb[i].valid && unit.iotlb[i].did == id);
	}
	assert_int_equal(iommu_domain_destroy(d, &why), OK);
}

static void freed_tables_are_out_of_reach_of_the_unit(void **state)
{
	(void)state;
	struct iommu_domain *d;
	const u64 *root;

	begin_on(FAKE_VTD_CAP, FAKE_VTD_ECAP);
	d = new_domain("a");
	map(d, 0, 8 * G, 2 * M);
	attach(d, VF0);
	root = entries(context_of(VF0)[0]);
	assert_int_equal(iommu_attach(NULL, VF0, &why), OK);
	assert_int_equal(iommu_domain_destroy(d, &why), OK);
	assert_int_not_equal((uintptr_t)root, context_of(VF0)[0] & ~0xfffull);
	assert_true(faults(VF0, 0, 5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_context_goes_through_not_present_and_a_flush),
		cmocka_unit_test(a_new_context_gets_its_present_bit_last),
		cmocka_unit_test(an_irte_gets_its_present_bit_last_and_loses_it_first),
		cmocka_unit_test(a_live_irte_is_changed_by_one_store),
		cmocka_unit_test(a_large_leaf_is_split_by_one_store_of_a_finished_table),
		cmocka_unit_test(every_word_that_a_unit_reads_came_through_the_store_file),
		cmocka_unit_test(each_store_is_written_back_before_the_next),
		cmocka_unit_test(a_table_is_in_memory_before_it_is_linked),
		cmocka_unit_test(descriptors_are_in_memory_before_the_doorbell),
		cmocka_unit_test(coherent_units_cost_no_write_back),
		cmocka_unit_test(a_fence_stands_between_the_tables_and_the_doorbell),
		cmocka_unit_test(when_a_domain_is_destroyed_no_cache_knows_it),
		cmocka_unit_test(freed_tables_are_out_of_reach_of_the_unit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
