/* SPDX-License-Identifier: GPL-2.0-only */
/* The invalidation queue when it stalls, is late or fails, and what a flush covers. */
#include "harness.h"

#include <string.h>

#include "base/pool.h"

#define NOT_WRITABLE 5
#define K            1024ull
#define M            (1024 * K)
#define G            (1024 * M)
#define IQE          (1u << 4)
#define ITE          (1u << 6)

static struct iommu_domain *d;

static int setup(void **state)
{
	(void)state;
	begin_on(FAKE_VTD_CAP, FAKE_VTD_ECAP);
	d = new_domain("a");
	map(d, 0, 8 * G, 64 * M);
	attach(d, VF0);
	assert_true(reaches(VF0, 0, 8 * G));
	return 0;
}

/* After a flush that did not complete: refused, devices off the bus, nothing ever reused. */
static void expect_dead(void)
{
	struct iommu_unit_info info;
	struct why w;
	u16 handle;

	iommu_unit_info(0, &info);
	assert_non_null(info.dead);
	assert_int_equal(iommu_check(VF1, &w), ERR_REFUSED);
	assert_int_equal(iommu_attach(d, VF1, &w), ERR_REFUSED);
	assert_int_equal(iommu_attach(NULL, VF0, &w), ERR_REFUSED);
	assert_int_equal(irte_alloc(VF1, &handle, &w), ERR_REFUSED);
	assert_int_equal(iommu_unmap(d, iova(4 * M), 4 * K, &w), ERR_TIMEOUT);
	assert_int_equal(iommu_domain_destroy(d, &w), ERR_BUSY);
	assert_false(bus_master(VF0));
	assert_false(bus_master(PF));
	assert_true(
		bus_master(ROOT_PORT_1)); /* bridges go on: others' traffic passes through them */
}

static void a_stalled_queue_is_noticed_within_a_second(void **state)
{
	(void)state;
	u64 start = fake_time_now();

	unit.stalled = true;
	assert_int_equal(iommu_unmap(d, iova(0), 4 * K, &why), ERR_TIMEOUT);
	assert_true(why_says("must not be reused"));
	assert_true(fake_time_now() - start < 1100000000ull);
	expect_dead();
}

static void a_completion_that_comes_too_late_revives_nothing(void **state)
{
	(void)state;
	unit.wait_delay_ns = 1500000000ull;
	assert_int_equal(iommu_unmap(d, iova(0), 4 * K, &why), ERR_TIMEOUT);
	fake_time_advance(1000000000ull);
	assert_false(unit.late.pending);
	expect_dead();
}

static void a_completion_just_in_time_counts(void **state)
{
	(void)state;
	unit.wait_delay_ns = 900000000ull;
	unmap(d, 0, 4 * K);
	assert_true(faults(VF0, 0, NOT_WRITABLE));
}

static void the_tag_of_an_older_batch_is_not_ours(void **state)
{
	(void)state;
	unit.tag_error = (u32)-1;
	assert_int_equal(iommu_unmap(d, iova(0), 4 * K, &why), ERR_TIMEOUT);
	expect_dead();
}

static void queue_errors_end_the_wait_at_once_and_are_named(void **state)
{
	(void)state;
	u32 errors[] = { IQE, ITE };

	for (unsigned i = 0; i < 2; i++) {
		u64 start;

		setup(state);
		start = fake_time_now();
		unit.fail_queue = errors[i];
		assert_int_equal(iommu_unmap(d, iova(0), 4 * K, &why), ERR_TIMEOUT);
		assert_true(why_says(errors[i] == IQE ? "FSTS 0x10" : "FSTS 0x40"));
		assert_true(fake_time_now() - start < 1000000);
		expect_dead();
	}
}

static void on_a_dead_unit_parking_still_takes_the_function_out_of_the_table(void **state)
{
	(void)state;
	unit.stalled = true;
	assert_int_equal(iommu_unmap(d, iova(0), 4 * K, &why), ERR_TIMEOUT);
	assert_true(reaches(VF0, 4 * K, 8 * G + 4 * K));
	assert_int_equal(iommu_attach(NULL, VF0, &why), ERR_REFUSED);
	/* Hardware may evict its caches at any time. */
	memset(unit.context, 0, sizeof(unit.context));
	assert_false(fake_vtd_dma(&unit, VF0.id, 4 * K, true).ok);
	assert_int_equal(iommu_domain_destroy(d, &why), ERR_BUSY);
}

static void a_map_that_is_not_confirmed_maps_nothing(void **state)
{
	(void)state;
	unsigned prot;
	hpa_t to;

	begin_on(FAKE_VTD_CAP | FAKE_CAP_CM, FAKE_VTD_ECAP);
	d = new_domain("a");
	attach(d, VF0);
	map(d, 0, 8 * G, 1 * M);
	unit.stalled = true;
	assert_int_equal(iommu_map(d, iova(1 * M), hpa(9 * G + 1 * M), 4 * M, 3, &why),
			 ERR_TIMEOUT);
	assert_false(iommu_translate(d, iova(1 * M), &to, &prot, NULL));
	assert_false(iommu_translate(d, iova(5 * M - 4 * K), &to, &prot, NULL));
	assert_true(iommu_translate(d, iova(1 * M - 1), &to, &prot, NULL));
}

static void an_attach_that_is_not_confirmed_leaves_the_function_faulting(void **state)
{
	(void)state;
	struct iommu_domain *other = new_domain("b");

	map(other, 0, 16 * G, 2 * M);
	unit.stalled = true;
	assert_int_equal(iommu_attach(other, VF0, &why), ERR_TIMEOUT);
	/* Whatever is cached, the table says "not present"; neither domain's memory may be freed.
	 */
	memset(unit.context, 0, sizeof(unit.context));
	assert_false(fake_vtd_dma(&unit, VF0.id, 0, true).ok);
	assert_int_equal(iommu_domain_destroy(d, &why), ERR_BUSY);
	assert_true(why_says("never completed"));
	assert_int_equal(iommu_domain_destroy(other, &why), OK);
}

static void an_irte_whose_flush_failed_is_never_handed_out_again(void **state)
{
	(void)state;
	u16 handle;

	assert_int_equal(irte_alloc(VF0, &handle, &why), OK);
	assert_int_equal(irte_set(VF0, handle, 0, 0x40, &why), OK);
	unit.stalled = true;
	assert_int_equal(irte_free(VF0, handle, &why), ERR_TIMEOUT);
	assert_int_equal(irte_used(), 1);
}

static void a_queue_error_between_batches_is_found_while_faults_are_drained(void **state)
{
	(void)state;
	unit.fsts |= IQE;
	assert_int_equal(iommu_drain_faults(NULL, NULL, 8), 0);
	assert_int_equal(iommu_check(VF1, &why), ERR_REFUSED);
}

static void the_queue_goes_round(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		map(d, 1 * G, 16 * G, 4 * K);
		unmap(d, 1 * G, 4 * K);
	}
	assert_int_equal(unit.iqh, unit.iqt);
	expect_flushes(counted(), (struct iommu_counters){ 0 });
}

/* --- what a flush covers --- */

static void expect_descriptor(u64 lo, u64 hi)
{
	assert_true(unit.descriptors >= 2);
	assert_int_equal(unit.descriptor[unit.descriptors - 2][0], lo);
	assert_int_equal(unit.descriptor[unit.descriptors - 2][1], hi);
	assert_int_equal(unit.descriptor[unit.descriptors - 1][0] & 0xf, 5);
}

/* DR and DW, domain in bits 31:16. */
#define PAGES  (0xf2ull | (u64)iommu_domain_id(d) << 16)
#define DOMAIN (0xe2ull | (u64)iommu_domain_id(d) << 16)

static void the_address_mask_covers_the_range_and_little_more(void **state)
{
	(void)state;
	struct {
		u64 at, size, descriptor;
	} t[] = { { 0, 4 * K, 0 },
		  { 4 * K, 4 * K, 0x1000 },
		  { 4 * K, 8 * K, 0x2 },
		  { 8 * K, 8 * K, 0x2001 },
		  { 16 * K, 12 * K, 0x4002 },
		  { 2 * M, 2 * M, 0x200009 },
		  { 32 * M, 32 * M, 0x200000d },
		  { 60 * K, 8 * K, 0x5 } };

	for (unsigned i = 0; i < ARRAY_LEN(t); i++) {
		unmap(d, 0, 64 * M);
		map(d, t[i].at, 8 * G + t[i].at, t[i].size);
		unmap(d, t[i].at, t[i].size);
		expect_descriptor(PAGES, t[i].descriptor);
	}
}

static void beyond_the_largest_mask_the_whole_domain_is_flushed(void **state)
{
	(void)state;
	map(d, 512 * G, 512 * G, 2 * G);
	unmap(d, 512 * G, 2 * G);
	expect_descriptor(DOMAIN, 0);
	/* Two pages, but on both sides of a boundary that no allowed mask spans. */
	map(d, 1024 * G - 4 * K, 8 * G, 8 * K);
	unmap(d, 1024 * G - 4 * K, 8 * K);
	expect_descriptor(DOMAIN, 0);
}

static void without_page_selective_invalidation_the_whole_domain_is_flushed(void **state)
{
	(void)state;
	begin_on(FAKE_VTD_CAP & ~FAKE_CAP_PSI, FAKE_VTD_ECAP);
	d = new_domain("a");
	map(d, 0, 8 * G, 4 * K);
	attach(d, VF0);
	unmap(d, 0, 4 * K);
	expect_descriptor(DOMAIN, 0);
}

static void draining_is_asked_for_only_where_it_exists(void **state)
{
	(void)state;
	begin_on(FAKE_VTD_CAP & ~FAKE_CAP_DRAIN, FAKE_VTD_ECAP);
	d = new_domain("a");
	map(d, 0, 8 * G, 4 * K);
	attach(d, VF0);
	unmap(d, 0, 4 * K);
	expect_descriptor(PAGES & ~0xc0ull, 0);
}

static void old_hardware_gets_its_write_buffer_flushed_when_no_invalidation_does_it(void **state)
{
	(void)state;
	unsigned before;

	begin_on(FAKE_VTD_CAP | FAKE_CAP_RWBF, FAKE_VTD_ECAP);
	d = new_domain("a");
	attach(d, VF0);
	before = unit.write_buffer_flushes;
	map(d, 0, 8 * G, 4 * K);
	assert_int_equal(unit.write_buffer_flushes, before + 1);
	unmap(d, 0, 4 * K);
	assert_int_equal(unit.write_buffer_flushes, before + 1);
}

static void nobody_attached_nothing_to_flush(void **state)
{
	(void)state;
	struct iommu_domain *lonely = new_domain("b");
	struct iommu_counters before = counted();

	map(lonely, 0, 8 * G, 2 * M);
	unmap(lonely, 0, 2 * M);
	expect_flushes(before, (struct iommu_counters){ 0 });
}

#define T(name) cmocka_unit_test_setup(name, setup)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_stalled_queue_is_noticed_within_a_second),
		T(a_completion_that_comes_too_late_revives_nothing),
		T(a_completion_just_in_time_counts),
		T(the_tag_of_an_older_batch_is_not_ours),
		T(queue_errors_end_the_wait_at_once_and_are_named),
		T(on_a_dead_unit_parking_still_takes_the_function_out_of_the_table),
		T(a_map_that_is_not_confirmed_maps_nothing),
		T(an_attach_that_is_not_confirmed_leaves_the_function_faulting),
		T(an_irte_whose_flush_failed_is_never_handed_out_again),
		T(a_queue_error_between_batches_is_found_while_faults_are_drained),
		T(the_queue_goes_round),
		T(the_address_mask_covers_the_range_and_little_more),
		T(beyond_the_largest_mask_the_whole_domain_is_flushed),
		T(without_page_selective_invalidation_the_whole_domain_is_flushed),
		T(draining_is_asked_for_only_where_it_exists),
		T(old_hardware_gets_its_write_buffer_flushed_when_no_invalidation_does_it),
		T(nobody_attached_nothing_to_flush),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
