/* SPDX-License-Identifier: GPL-2.0-only */
/* The walk that people see is the walk that the unit makes: the fake unit is asked the same. */
#include "harness.h"

#include <string.h>

#include "base/pool.h"

#define K 1024ull
#define M (1024 * K)
#define G (1024 * M)

static struct iommu_walk w;

static int setup(void **state)
{
	(void)state;
	begin_on(FAKE_VTD_CAP, FAKE_VTD_ECAP);
	return 0;
}

static void walk(struct rid rid, u64 at)
{
	assert_int_equal(iommu_walk(rid, iova(at), &w, &why), OK);
}

/* What the unit itself does with reads and writes there. */
static void expect_as_the_unit(struct rid rid, u64 at)
{
	struct fake_vtd_result read = fake_vtd_dma(&unit, rid.id, at, false);
	struct fake_vtd_result write = fake_vtd_dma(&unit, rid.id, at, true);

	walk(rid, at);
	assert_int_equal(w.read_fault, read.ok ? 0 : read.reason);
	assert_int_equal(w.write_fault, write.ok ? 0 : write.reason);
	if (read.ok)
		assert_int_equal(w.to.v, read.to);
	if (write.ok)
		assert_int_equal(w.to.v, write.to);
}

static void every_table_on_the_way_is_shown(void **state)
{
	struct iommu_domain *d = new_domain("web");

	(void)state;
	map(d, 4 * K, 1 * G, 4 * K);
	attach(d, VF0);
	walk(VF0, 4 * K + 0x123);
	assert_int_equal(w.steps, 2 + 4);
	assert_int_equal(w.step[0].table, IOMMU_TABLE_ROOT);
	assert_int_equal(w.step[0].index, 1);
	assert_int_equal(w.step[1].table, IOMMU_TABLE_CONTEXT);
	assert_int_equal(w.step[1].index, rid_devfn(VF0));
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(w.step[2 + i].table, IOMMU_TABLE_PAGES);
		assert_int_equal(w.step[2 + i].level, 4 - i);
	}
	assert_int_equal(w.step[5].index, 1);
	assert_int_equal(w.step[5].lo, (1 * G) | IOMMU_READ | IOMMU_WRITE);
	assert_int_equal(w.to.v, 1 * G + 0x123);
	assert_int_equal(w.leaf_bytes, 4 * K);
	assert_int_equal(w.domain_id, iommu_domain_id(d));
	assert_string_equal(w.domain, "web");
}

static void a_large_page_ends_the_walk_early(void **state)
{
	struct iommu_domain *d = new_domain("web");

	(void)state;
	map(d, 0, 2 * G, 2 * M);
	attach(d, VF0);
	walk(VF0, 0x1234);
	assert_int_equal(w.steps, 2 + 3);
	assert_int_equal(w.leaf_bytes, 2 * M);
	assert_int_equal(w.to.v, 2 * G + 0x1234);
}

static void it_agrees_with_the_unit_wherever_one_looks(void **state)
{
	static const u64 places[] = { 0,         4 * K - 1, 4 * K, 8 * K - 1,  8 * K,
				      12 * K,    2 * M,     3 * M, 4 * M - 1,  4 * M,
				      1 * G - 1, 1 * G,     5 * G, 0xfee00000, (1ull << 38) };
	struct iommu_domain *d = new_domain("web");

	(void)state;
	assert_int_equal(iommu_map(d, iova(4 * K), hpa(1 * G), 4 * K, IOMMU_READ, &why), OK);
	assert_int_equal(iommu_map(d, iova(8 * K), hpa(2 * G), 4 * K, IOMMU_WRITE, &why), OK);
	map(d, 2 * M, 4 * G, 2 * M);
	map(d, 1 * G, 8 * G, 1 * G);
	attach(d, VF0);
	for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		/* Writes there are interrupts, and never come to the tables. */
		if (places[i] == 0xfee00000)
			continue;
		expect_as_the_unit(VF0, places[i]);
		expect_as_the_unit(VF1, places[i]);
		expect_as_the_unit(PF, places[i]);
	}
}

static void who_is_parked_is_blocked_at_the_first_paging_table(void **state)
{
	(void)state;
	walk(VF1, 0x1000);
	assert_int_equal(w.steps, 3);
	assert_int_equal(w.write_fault, 5);
	assert_int_equal(w.read_fault, 6);
	assert_non_null(strstr(w.write_text, "not mapped"));
	assert_int_equal(w.leaf_bytes, 0);
}

static void an_address_beyond_the_domain_ends_before_any_page(void **state)
{
	struct iommu_domain *d = new_domain("web");

	(void)state;
	map(d, 0, 2 * G, 2 * M);
	attach(d, VF0);
	walk(VF0, 1ull << 60);
	assert_int_equal(w.steps, 2);
	assert_int_equal(w.read_fault, 4);
	assert_int_equal(w.write_fault, 4);
}

static void a_bus_without_a_root_entry_is_blocked_there(void **state)
{
	(void)state;
	walk(VF0, 0);
	/* All buses of the fabric have one: take it away behind everybody's back. */
	memset(pool_va(w.step[0].at), 0, 16);
	walk(VF0, 0);
	assert_int_equal(w.steps, 1);
	assert_int_equal(w.read_fault, 1);
	assert_int_equal(w.domain_id, 0);
	assert_null(w.domain);
}

static void a_function_that_is_not_there_has_no_context_entry(void **state)
{
	(void)state;
	walk(rid_make(0, 1, 31, 7), 0);
	assert_int_equal(w.steps, 2);
	assert_int_equal(w.read_fault, 2);
}

static void without_a_unit_the_walk_says_so(void **state)
{
	(void)state;
	assert_int_not_equal(iommu_walk(rid_make(9, 0, 0, 0), iova(0), &w, &why), OK);
	assert_int_equal(w.steps, 0);
	assert_true(why.text[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_table_on_the_way_is_shown, setup),
		cmocka_unit_test_setup(a_large_page_ends_the_walk_early, setup),
		cmocka_unit_test_setup(it_agrees_with_the_unit_wherever_one_looks, setup),
		cmocka_unit_test_setup(who_is_parked_is_blocked_at_the_first_paging_table, setup),
		cmocka_unit_test_setup(an_address_beyond_the_domain_ends_before_any_page, setup),
		cmocka_unit_test_setup(a_bus_without_a_root_entry_is_blocked_there, setup),
		cmocka_unit_test_setup(a_function_that_is_not_there_has_no_context_entry, setup),
		cmocka_unit_test_setup(without_a_unit_the_walk_says_so, setup),
	};

	return cmocka_run_group_tests_name("iommu walk", tests, NULL, NULL);
}
