/* SPDX-License-Identifier: GPL-2.0-only */
/* Domains: mapping, large leaves, attach and detach, exact invalidation counts, out of memory. */
#include "harness.h"

#include <string.h>

#include "base/pool.h"

#define NOT_WRITABLE 5
#define NOT_READABLE 6
#define K            1024ull
#define M            (1024 * K)
#define G            (1024 * M)

static int setup(void **state)
{
	(void)state;
	begin_on(FAKE_VTD_CAP, FAKE_VTD_ECAP);
	return 0;
}

static u64 leaf_at(struct iommu_domain *d, u64 at)
{
	u64 bytes;
	hpa_t to;
	unsigned prot;

	return iommu_translate(d, iova(at), &to, &prot, &bytes) ? bytes : 0;
}

/* --- mapping --- */

static void what_is_mapped_is_reached_and_nothing_else(void **state)
{
	(void)state;
	struct iommu_domain *d = new_domain("a");

	map(d, 0x10000, 0x80010000, 0x3000);
	attach(d, VF0);
	assert_true(reaches(VF0, 0x10000, 0x80010000));
	assert_true(reaches(VF0, 0x12fff, 0x80012fff));
	assert_true(faults(VF0, 0xffff, NOT_WRITABLE));
	assert_true(faults(VF0, 0x13000, NOT_WRITABLE));
	assert_true(faults(VF1, 0x10000, NOT_WRITABLE));
	assert_true(faults(PF, 0x10000, NOT_WRITABLE));
}

static void permissions_are_kept_apart(void **state)
{
	(void)state;
	struct iommu_domain *d = new_domain("a");

	assert_int_equal(iommu_map(d, iova(0), hpa(1 * G), 4 * K, IOMMU_READ, &why), OK);
	assert_int_equal(iommu_map(d, iova(4 * K), hpa(2 * G), 4 * K, IOMMU_WRITE, &why), OK);
	attach(d, VF0);
	assert_true(fake_vtd_dma(&unit, VF0.id, 0, false).ok);
	assert_int_equal(fake_vtd_dma(&unit, VF0.id, 0, true).reason, NOT_WRITABLE);
	assert_true(fake_vtd_dma(&unit, VF0.id, 4 * K, true).ok);
	assert_int_equal(fake_vtd_dma(&unit, VF0.id, 4 * K, false).reason, NOT_READABLE);
}

static void leaves_are_as_large_as_alignment_allows(void **state)
{
	(void)state;
	struct iommu_domain *d = new_domain("a");

	map(d, 1 * G - 2 * M - 4 * K, 9 * G - 2 * M - 4 * K, 1 * G + 2 * M + 4 * K);
	assert_int_equal(leaf_at(d, 1 * G - 2 * M - 4 * K), 4 * K);
	assert_int_equal(leaf_at(d, 1 * G - 2 * M), 2 * M);
	assert_int_equal(leaf_at(d, 1 * G), 1 * G);
	map(d, 4 * G, 5 * G + 4 * K, 2 * M);
	assert_int_equal(leaf_at(d, 4 * G), 4 * K);
}

static void leaves_are_no_larger_than_the_unit_can_walk(void **state)
{
	(void)state;
	u64 largest[] = { 4 * K, 2 * M, 4 * K, 1 * G };

	for (u64 sllps = 0; sllps < 4; sllps++) {
		struct iommu_domain *d;

		begin_on((FAKE_VTD_CAP & ~FAKE_CAP_SLLPS) | sllps << 34, FAKE_VTD_ECAP);
		d = new_domain("a");
		map(d, 0, 8 * G, 1 * G);
		assert_int_equal(leaf_at(d, 0), largest[sllps]);
	}
}

static void a_vm_of_512_mib_takes_three_pages_of_tables(void **state)
{
	(void)state;
	struct iommu_domain *d = new_domain("a");
	u64 before = pool_used(POOL_IOMMU);

	map(d, 0, 8 * G, 512 * M);
	assert_int_equal(iommu_domain_pages(d), 3);
	assert_int_equal(pool_used(POOL_IOMMU), before + 2);
}

static void a_second_vf_of_a_vm_takes_no_page(void **state)
{
	(void)state;
	struct iommu_domain *d = new_domain("a");
	u64 before;

	map(d, 0, 8 * G, 512 * M);
	attach(d, VF0);
	before = pool_used(POOL_IOMMU);
	attach(d, VF1);
	assert_int_equal(pool_used(POOL_IOMMU), before);
}

static void expect_map(struct iommu_domain *d, u64 at, u64 to, u64 size, unsigned prot, enum err e,
		       const char *text)
{
	assert_int_equal(iommu_map(d, iova(at), hpa(to), size, prot, &why), e);
	assert_true(why_says(text));
	assert_true(why_says("a"));
}

static void nonsense_is_refused_by_name(void **state)
{
	(void)state;
	struct iommu_domain *d = new_domain("a");
	unsigned rw = IOMMU_READ | IOMMU_WRITE;

	expect_map(d, 1, 1 * G, 4 * K, rw, ERR_INVALID, "whole pages");
	expect_map(d, 0, 1 * G + 1, 4 * K, rw, ERR_INVALID, "whole pages");
	expect_map(d, 0, 1 * G, 0, rw, ERR_INVALID, "whole pages");
	expect_map(d, 0, 1 * G, 100, rw, ERR_INVALID, "whole pages");
	expect_map(d, 1ull << 48, 1 * G, 4 * K, rw, ERR_INVALID, "48 bits");
	expect_map(d, (1ull << 48) - 4 * K, 1 * G, 8 * K, rw, ERR_INVALID, "48 bits");
	expect_map(d, 0, 1ull << 48, 4 * K, rw, ERR_INVALID, "host address");
	expect_map(d, ~0ull << 12, 1 * G, 8 * K, rw, ERR_INVALID, "48 bits");
	expect_map(d, 0, 1 * G, 4 * K, 0, ERR_INVALID, "permission");
	expect_map(d, 0, 1 * G, 4 * K, 4, ERR_INVALID, "permission");
	assert_int_equal(iommu_domain_pages(d), 1);
}

static void the_interrupt_range_is_never_mapped_on_either_side(void **state)
{
	(void)state;
	struct iommu_domain *d = new_domain("a");
	unsigned rw = IOMMU_READ | IOMMU_WRITE;

	expect_map(d, 0xfee00000, 1 * G, 4 * K, rw, ERR_REFUSED, "0xfeexxxxx");
	expect_map(d, 0, 0xfee00000, 4 * K, rw, ERR_REFUSED, "0xfeexxxxx");
	expect_map(d, 0xfeeff000, 1 * G, 4 * K, rw, ERR_REFUSED, "0xfeexxxxx");
	expect_map(d, 0, 0xfedff000, 8 * K, rw, ERR_REFUSED, "0xfeexxxxx");
	expect_map(d, 0, 3 * G, 2 * G, rw, ERR_REFUSED, "0xfeexxxxx");
	expect_map(d, 3 * G, 16 * G, 2 * G, rw, ERR_REFUSED, "0xfeexxxxx");
	map(d, 0xfedff000, 1 * G, 4 * K);
	map(d, 0xfef00000, 1 * G, 4 * K);
}

static void mapping_over_a_mapping_changes_nothing(void **state)
{
	(void)state;
	struct iommu_domain *d = new_domain("a");
	u64 pages;

	map(d, 6 * M, 1 * G, 4 * K);
	pages = iommu_domain_pages(d);
	expect_map(d, 0, 2 * G, 1 * G, 3, ERR_BUSY, "0x600000 is mapped");
	expect_map(d, 6 * M, 2 * G, 4 * K, 3, ERR_BUSY, "mapped already");
	assert_int_equal(iommu_domain_pages(d), pages);
	assert_int_equal(leaf_at(d, 0), 0);
	map(d, 2 * G, 4 * G, 1 * G);
	expect_map(d, 2 * G + 8 * K, 2 * G, 4 * K, 3, ERR_BUSY, "mapped already");
}

/* --- unmapping --- */

static void unmapping_a_page_of_a_large_leaf_splits_it(void **state)
{
	(void)state;
	struct iommu_domain *d = new_domain("a");

	map(d, 0, 8 * G, 2 * G);
	attach(d, VF0);
	assert_true(reaches(VF0, 1 * G + 6 * M, 9 * G + 6 * M));
	unmap(d, 1 * G + 6 * M, 4 * K);
	assert_true(faults(VF0, 1 * G + 6 * M, NOT_WRITABLE));
	assert_true(reaches(VF0, 1 * G + 6 * M - 1, 9 * G + 6 * M - 1));
	assert_true(reaches(VF0, 1 * G + 6 * M + 4 * K, 9 * G + 6 * M + 4 * K));
	assert_int_equal(leaf_at(d, 0), 1 * G);
	assert_int_equal(leaf_at(d, 1 * G), 2 * M);
	assert_int_equal(leaf_at(d, 1 * G + 6 * M + 4 * K), 4 * K);
}

static void a_split_flushes_all_that_the_large_leaf_covered(void **state)
{
	(void)state;
	struct iommu_domain *d = new_domain("a");
	struct iommu_counters before;

	map(d, 0, 8 * G, 1 * G);
	attach(d, VF0);
	assert_true(reaches(VF0, 100 * M, 8 * G + 100 * M)); /* cached as 1 GiB */
	before = counted();
	unmap(d, 0, 4 * K);
	expect_flushes(before, (struct iommu_counters){ .iotlb_page = 1, .wait = 1 });
	assert_int_equal(unit.descriptor[unit.descriptors - 2][1], 18);
	assert_true(faults(VF0, 0, NOT_WRITABLE));
	/* The same from the middle of a leaf to the end of the range. */
	map(d, 4 * G, 8 * G, 1 * G);
	assert_true(reaches(VF0, 4 * G, 8 * G));
	unmap(d, 4 * G + 512 * M, 512 * M);
	assert_true(faults(VF0, 4 * G + 512 * M, NOT_WRITABLE));
	assert_true(reaches(VF0, 4 * G, 8 * G));
}

static void a_hole_can_be_mapped_again_and_reuses_the_tables(void **state)
{
	(void)state;
	struct iommu_domain *d = new_domain("a");
	u64 pages;

	map(d, 0, 8 * G, 4 * M);
	attach(d, VF0);
	unmap(d, 1 * M, 2 * M);
	pages = iommu_domain_pages(d);
	map(d, 1 * M, 16 * G, 2 * M);
	assert_int_equal(iommu_domain_pages(d), pages);
	assert_true(reaches(VF0, 1 * M, 16 * G));
	assert_true(reaches(VF0, 3 * M - 1, 16 * G + 2 * M - 1));
	assert_true(reaches(VF0, 3 * M, 8 * G + 3 * M));
}

static void holes_inside_an_unmapped_range_are_fine(void **state)
{
	(void)state;
	struct iommu_domain *d = new_domain("a");

	map(d, 0, 8 * G, 4 * K);
	map(d, 40 * G, 8 * G, 2 * M);
	unmap(d, 0, 64 * G);
	assert_int_equal(leaf_at(d, 0), 0);
	assert_int_equal(leaf_at(d, 40 * G), 0);
	unmap(d, 0, 1ull << 48 >> 1);
}

/* --- counts (M6) --- */

static void counts_without_caching_mode(void **state)
{
	(void)state;
	struct iommu_domain *d = new_domain("a");
	struct iommu_counters before = counted();
	u16 handle;

	map(d, 0, 8 * G, 64 * M);
	attach(d, VF0);
	expect_flushes(before, (struct iommu_counters){
				       .context_device = 1, .iotlb_domain = 1, .wait = 1 });
	before = counted();
	map(d, 64 * M, 16 * G, 64 * M);
	expect_flushes(before, (struct iommu_counters){ 0 });
	unmap(d, 64 * M, 64 * M);
	expect_flushes(before, (struct iommu_counters){ .iotlb_page = 1, .wait = 1 });
	before = counted();
	assert_int_equal(irte_alloc(VF0, &handle, &why), OK);
	assert_int_equal(irte_set(VF0, handle, 1, 0x40, &why), OK);
	expect_flushes(before, (struct iommu_counters){ 0 });
	assert_int_equal(irte_set(VF0, handle, 2, 0x41, &why), OK);
	expect_flushes(before, (struct iommu_counters){ .iec_index = 1, .wait = 1 });
	before = counted();
	assert_int_equal(irte_free(VF0, handle, &why), OK);
	expect_flushes(before, (struct iommu_counters){ .iec_index = 1, .wait = 1 });
	before = counted();
	assert_int_equal(iommu_attach(NULL, VF0, &why), OK);
	expect_flushes(before, (struct iommu_counters){
				       .context_device = 1, .iotlb_domain = 1, .wait = 1 });
	before = counted();
	assert_int_equal(iommu_domain_destroy(d, &why), OK);
	expect_flushes(before, (struct iommu_counters){ 0 });
}

/* Each entry that becomes present costs a flush of its own there (VT-d §6.1). */
static void counts_with_caching_mode(void **state)
{
	(void)state;
	struct iommu_domain *d;
	struct iommu_counters before;

	begin_on(FAKE_VTD_CAP | FAKE_CAP_CM, FAKE_VTD_ECAP);
	d = new_domain("a");
	before = counted();
	attach(d, VF0);
	expect_flushes(before, (struct iommu_counters){
				       .context_device = 2, .iotlb_domain = 2, .wait = 2 });
	before = counted();
	map(d, 0, 8 * G, 64 * M);
	expect_flushes(before, (struct iommu_counters){ .iotlb_page = 1, .wait = 1 });
	before = counted();
	unmap(d, 0, 64 * M);
	expect_flushes(before, (struct iommu_counters){ .iotlb_page = 1, .wait = 1 });
	/* A bus that had no context table: the root entry changes, and that is flushed globally. */
	pci_find(ROOT_PORT_2)->subordinate = 9;
	before = counted();
	assert_int_equal(iommu_attach(NULL, rid_make(0, 9, 0, 1), &why), OK);
	expect_flushes(before, (struct iommu_counters){ .context_global = 1,
							.iotlb_global = 1,
							.context_device = 1,
							.iotlb_domain = 1,
							.wait = 2 });
}

static void with_caching_mode_a_remembered_fault_does_not_outlive_the_mapping(void **state)
{
	(void)state;
	struct iommu_domain *d;

	begin_on(FAKE_VTD_CAP | FAKE_CAP_CM, FAKE_VTD_ECAP);
	d = new_domain("a");
	attach(d, VF0);
	assert_true(faults(VF0, 4 * K, NOT_WRITABLE));
	map(d, 0, 8 * G, 2 * M);
	assert_true(reaches(VF0, 4 * K, 8 * G + 4 * K));
	/* A function that appears later: "not present" is remembered under domain 0. */
	assert_false(fake_vtd_dma(&unit, 0x0190, 4 * K, true).ok);
	fabric_vf(rid_make(0, 1, 18, 0), pci_find(PF));
	attach(d, rid_make(0, 1, 18, 0));
	assert_true(fake_vtd_dma(&unit, 0x0190, 4 * K, true).ok);
}

static void a_function_on_a_bus_that_was_empty_is_parked_on_demand(void **state)
{
	(void)state;
	struct rid late = rid_make(0, 9, 0, 1);
	u64 caps[] = { FAKE_VTD_CAP, FAKE_VTD_CAP | FAKE_CAP_CM };

	for (unsigned i = 0; i < 2; i++) {
		struct iommu_domain *d;

		begin(caps[i], FAKE_VTD_ECAP);
		assert_int_equal(iommu_init(dmar_table(), &why), OK);
		assert_int_equal(iommu_enable(false, &why), OK);
		pci_find(ROOT_PORT_2)->subordinate = 9;
		assert_false(fake_vtd_dma(&unit, late.id, 0, true).ok);
		fabric_add(late);
		assert_int_equal(iommu_attach(NULL, late, &why), OK);
		assert_true(faults(late, 0, NOT_WRITABLE));
		d = new_domain("a");
		map(d, 0, 8 * G, 4 * K);
		attach(d, late);
		assert_true(reaches(late, 0, 8 * G));
	}
}

/* --- attach, detach, destroy --- */

static void warm_translations_are_gone_when_detach_returns(void **state)
{
	(void)state;
	struct iommu_domain *d = new_domain("a");

	map(d, 0, 8 * G, 2 * M);
	attach(d, VF0);
	assert_true(reaches(VF0, 0, 8 * G));
	assert_int_equal(iommu_attach(NULL, VF0, &why), OK);
	assert_true(faults(VF0, 0, NOT_WRITABLE));
}

static void warm_translations_are_gone_when_unmap_returns(void **state)
{
	(void)state;
	for (unsigned cm = 0; cm < 2; cm++) {
		struct iommu_domain *d;

		begin_on(FAKE_VTD_CAP | (cm ? FAKE_CAP_CM : 0), FAKE_VTD_ECAP);
		d = new_domain("a");
		attach(d, VF0);
		for (unsigned i = 0; i < 10000; i++) {
			u64 at = (i % 64) * 4 * K, size = (1 + i % 7) * 4 * K;

			map(d, at, 8 * G + at, size);
			assert_true(reaches(VF0, at, 8 * G + at));
			unmap(d, at, size);
			assert_true(faults(VF0, at, NOT_WRITABLE));
		}
	}
}

static void attaching_to_the_same_domain_again_does_nothing(void **state)
{
	(void)state;
	struct iommu_domain *d = new_domain("a");
	struct iommu_counters before;

	attach(d, VF0);
	before = counted();
	attach(d, VF0);
	expect_flushes(before, (struct iommu_counters){ 0 });
	assert_int_equal(iommu_attach(NULL, VF0, &why), OK);
	assert_int_equal(iommu_domain_destroy(d, &why), OK);
}

static void a_domain_with_functions_is_not_destroyed(void **state)
{
	(void)state;
	struct iommu_domain *d = new_domain("busy");

	attach(d, VF0);
	attach(d, VF1);
	assert_int_equal(iommu_domain_destroy(d, &why), ERR_BUSY);
	assert_true(why_says("busy: 2 functions"));
	assert_int_equal(iommu_attach(NULL, VF0, &why), OK);
	assert_int_equal(iommu_domain_destroy(d, &why), ERR_BUSY);
	assert_int_equal(iommu_attach(NULL, VF1, &why), OK);
	assert_int_equal(iommu_domain_destroy(d, &why), OK);
}

static void ten_thousand_rounds_leave_the_pool_as_it_was(void **state)
{
	(void)state;
	u64 before = pool_used(POOL_IOMMU);

	for (unsigned i = 0; i < 10000; i++) {
		struct iommu_domain *d = new_domain("a");

		map(d, (i % 5) * 4 * K, 8 * G, (1 + i % 3) * 2 * M);
		attach(d, i & 1 ? VF0 : VF1);
		unmap(d, 1 * M, 4 * K);
		assert_int_equal(iommu_attach(NULL, i & 1 ? VF0 : VF1, &why), OK);
		assert_int_equal(iommu_domain_destroy(d, &why), OK);
		assert_int_equal(pool_used(POOL_IOMMU), before);
	}
}

static void domain_ids_run_out_and_come_back_but_zero_is_never_used(void **state)
{
	(void)state;
	struct iommu_domain *all[256];
	unsigned n = 0, ids[] = { 16, 64, 128 };

	for (unsigned nd = 0; nd < 3; nd++) {
		begin_on((FAKE_VTD_CAP & ~FAKE_CAP_ND) | nd, FAKE_VTD_ECAP);
		for (n = 0; (all[n] = iommu_domain_create("a", 30, &why)); n++) {
			assert_true(iommu_domain_id(all[n]) > 0 &&
				    iommu_domain_id(all[n]) < ids[nd]);
			for (unsigned i = 0; i < n; i++)
				assert_int_not_equal(iommu_domain_id(all[i]),
						     iommu_domain_id(all[n]));
		}
		assert_int_equal(n, ids[nd] - 2); /* without 0 and the parking domain's */
		assert_int_equal(why.code, ERR_NO_SPACE);
		assert_int_equal(iommu_domain_destroy(all[3], &why), OK);
		assert_non_null(iommu_domain_create("b", 30, &why));
		assert_null(iommu_domain_create("c", 30, &why));
	}
}

/* --- the k-th allocation fails (S16) --- */

static void attempt(struct iommu_domain *d, bool *mapped, bool *unmapped, bool *attached)
{
	*mapped = iommu_map(d, iova(1 * G - 4 * K), hpa(8 * G - 4 * K), 1 * G + 2 * M + 8 * K, 3,
			    &why) == OK;
	*unmapped = *mapped && iommu_unmap(d, iova(1 * G + 8 * K), 4 * K, &why) == OK;
	*attached = iommu_attach(d, rid_make(0, 9, 0, 1), &why) == OK;
}

/* Leave `k` free pages, then try everything that allocates. */
static unsigned attempt_with(u64 k)
{
	struct iommu_domain *d = iommu_domain_create("a", 39, &why);
	u64 used = pool_used(POOL_IOMMU), left = pool_available();
	void *hog = pool_alloc(POOL_HOST, left - k, 4096);
	bool mapped, unmapped, attached;

	assert_non_null(hog);
	attempt(d, &mapped, &unmapped, &attached);
	if (!mapped) {
		assert_int_equal(leaf_at(d, 1 * G - 4 * K), 0);
		assert_int_equal(leaf_at(d, 1 * G), 0);
		assert_int_equal(iommu_domain_pages(d), 1);
		assert_int_equal(pool_used(POOL_IOMMU), used + attached);
	} else if (!unmapped) {
		assert_int_equal(leaf_at(d, 1 * G + 8 * K), 1 * G);
	}
	pool_free(POOL_HOST, hog, left - k);
	if (attached)
		assert_int_equal(iommu_attach(NULL, rid_make(0, 9, 0, 1), &why), OK);
	assert_int_equal(iommu_domain_destroy(d, &why), OK);
	return (unsigned)mapped + unmapped + attached;
}

static void no_memory_at_any_step_changes_nothing_by_halves(void **state)
{
	(void)state;
	unsigned done = 0;

	for (u64 k = 1; k < 12; k++) {
		begin_on(FAKE_VTD_CAP, FAKE_VTD_ECAP);
		pci_find(ROOT_PORT_2)->subordinate = 9;
		done = attempt_with(k);
	}
	assert_int_equal(done, 3);
}

static void no_memory_for_a_domain_loses_no_id(void **state)
{
	(void)state;
	u64 left = pool_available();
	void *hog = pool_alloc(POOL_HOST, left, 4096);
	struct iommu_domain *d;

	for (unsigned i = 0; i < 300; i++)
		assert_null(iommu_domain_create("a", 30, &why));
	assert_int_equal(why.code, ERR_NO_MEMORY);
	pool_free(POOL_HOST, hog, left);
	d = new_domain("a");
	assert_int_equal(iommu_domain_id(d), 2);
}

#define T(name) cmocka_unit_test_setup(name, setup)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_is_mapped_is_reached_and_nothing_else),
		T(permissions_are_kept_apart),
		T(leaves_are_as_large_as_alignment_allows),
		T(leaves_are_no_larger_than_the_unit_can_walk),
		T(a_vm_of_512_mib_takes_three_pages_of_tables),
		T(a_second_vf_of_a_vm_takes_no_page),
		T(nonsense_is_refused_by_name),
		T(the_interrupt_range_is_never_mapped_on_either_side),
		T(mapping_over_a_mapping_changes_nothing),
		T(unmapping_a_page_of_a_large_leaf_splits_it),
		T(a_split_flushes_all_that_the_large_leaf_covered),
		T(a_hole_can_be_mapped_again_and_reuses_the_tables),
		T(holes_inside_an_unmapped_range_are_fine),
		T(counts_without_caching_mode),
		T(counts_with_caching_mode),
		T(with_caching_mode_a_remembered_fault_does_not_outlive_the_mapping),
		T(a_function_on_a_bus_that_was_empty_is_parked_on_demand),
		T(warm_translations_are_gone_when_detach_returns),
		T(warm_translations_are_gone_when_unmap_returns),
		T(attaching_to_the_same_domain_again_does_nothing),
		T(a_domain_with_functions_is_not_destroyed),
		T(ten_thousand_rounds_leave_the_pool_as_it_was),
		T(domain_ids_run_out_and_come_back_but_zero_is_never_used),
		T(no_memory_at_any_step_changes_nothing_by_halves),
		T(no_memory_for_a_domain_loses_no_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
