/* SPDX-License-Identifier: GPL-2.0-only */
/* Fault records: decoding, order, overflow, and the event interrupt. */
#include "harness.h"

#include <string.h>

static struct iommu_fault got[64];
static unsigned got_count;

static void keep(const struct iommu_fault *f, void *ctx)
{
	assert_ptr_equal(ctx, got);
	if (got_count < ARRAY_LEN(got))
		got[got_count] = *f;
	got_count++;
}

static unsigned drain(unsigned max)
{
	got_count = 0;
	memset(got, 0, sizeof(got));
	return iommu_drain_faults(keep, got, max);
}

static int setup(void **state)
{
	(void)state;
	begin_on(FAKE_VTD_CAP, FAKE_VTD_ECAP);
	return 0;
}

static void with_records(unsigned n)
{
	begin_on((FAKE_VTD_CAP & ~FAKE_CAP_NFR) | (u64)(n - 1) << 40, FAKE_VTD_ECAP);
}

static void no_fault_no_report(void **state)
{
	(void)state;
	assert_int_equal(drain(8), 0);
}

static void a_dma_fault_names_function_page_direction_and_reason(void **state)
{
	(void)state;
	fake_vtd_dma(&unit, VF0.id, 0x12345678, true);
	assert_int_equal(drain(8), 1);
	assert_true(rid_equal(got[0].rid, VF0));
	assert_int_equal(got[0].address, 0x12345000);
	assert_false(got[0].read);
	assert_false(got[0].interrupt);
	assert_int_equal(got[0].reason, 5);
	assert_non_null(strstr(got[0].reason_text, "write"));
	fake_vtd_dma(&unit, VF1.id, 0, false);
	assert_int_equal(drain(8), 1);
	assert_true(got[0].read);
	assert_int_equal(got[0].reason, 6);
}

static void an_interrupt_fault_names_function_and_index(void **state)
{
	(void)state;
	u64 address;
	u32 data;

	irte_message(0xabc, &address, &data);
	fake_vtd_interrupt(&unit, VF0.id, address, data);
	assert_int_equal(drain(8), 1);
	assert_true(rid_equal(got[0].rid, VF0));
	assert_true(got[0].interrupt && !got[0].read);
	assert_int_equal(got[0].address, 0xabc);
	assert_int_equal(got[0].reason, 0x22);
}

static void every_reason_of_the_specification_has_a_text_and_others_say_so(void **state)
{
	(void)state;
	for (unsigned reason = 0; reason < 256; reason++) {
		bool known = (reason >= 1 && reason <= 0xe) || (reason >= 0x20 && reason <= 0x26);

		fake_vtd_fault(&unit, VF0.id, (u8)reason, 0x1000, true);
		assert_int_equal(drain(8), 1);
		assert_int_equal(got[0].reason, reason);
		assert_int_equal(strstr(got[0].reason_text, "not known") == NULL, known);
		assert_int_equal(got[0].interrupt, reason >= 0x20 && reason <= 0x2f);
	}
}

static void records_come_oldest_first_also_around_the_end(void **state)
{
	(void)state;
	with_records(4);
	for (unsigned round = 0; round < 5; round++) {
		for (u64 i = 0; i < 3; i++)
			fake_vtd_dma(&unit, VF0.id, (round * 10 + i) << 12, true);
		assert_int_equal(drain(8), 3);
		for (u64 i = 0; i < 3; i++)
			assert_int_equal(got[i].address, (round * 10 + i) << 12);
	}
}

static void no_more_than_asked_for_and_the_rest_next_time(void **state)
{
	(void)state;
	with_records(8);
	for (u64 i = 0; i < 8; i++)
		fake_vtd_dma(&unit, VF0.id, i << 12, true);
	assert_int_equal(drain(5), 5);
	assert_int_equal(drain(5), 3);
	assert_int_equal(got[2].address, 7 << 12);
}

static void after_an_overflow_faults_are_recorded_again(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 5; i++)
		fake_vtd_dma(&unit, VF0.id, 0x1000, true);
	assert_true(unit.fsts & 1);
	assert_int_equal(drain(8), 1);
	assert_false(unit.fsts & 1);
	assert_true(fake_log_contains("some were lost"));
	assert_int_equal(iommu_faults_lost(), 1);
	fake_vtd_dma(&unit, VF1.id, 0x2000, true);
	assert_int_equal(drain(8), 1);
	assert_true(rid_equal(got[0].rid, VF1));
}

static void a_storm_of_a_million_faults_ends_and_logs_little(void **state)
{
	(void)state;
	unsigned seen = 0;

	fake_log_clear();
	for (unsigned i = 0; i < 1000000; i++) {
		fake_vtd_fault(&unit, VF0.id, 5, 0x1000, false);
		if (i % 64 == 0)
			seen += drain(8);
	}
	assert_int_equal(seen, 1000000 / 64);
	assert_true(strlen(fake_log_text()) < 4096);
}

/* A device that faults as fast as we read. */
static void refault(const struct iommu_fault *f, void *ctx)
{
	++*(unsigned *)ctx;
	fake_vtd_fault(&unit, f->rid.id, 5, 0x1000, false);
}

static void a_device_that_faults_while_we_drain_cannot_hold_us(void **state)
{
	(void)state;
	unsigned n = 0;

	fake_vtd_fault(&unit, VF0.id, 5, 0x1000, false);
	assert_int_equal(iommu_drain_faults(refault, &n, 100), 100);
	assert_int_equal(n, 100);
}

static void park_it(const struct iommu_fault *f, void *ctx)
{
	(void)ctx;
	assert_int_equal(iommu_attach(NULL, f->rid, &why), OK);
}

static void the_callback_may_use_the_iommu(void **state)
{
	(void)state;
	fake_vtd_dma(&unit, VF0.id, 0x1000, true);
	assert_int_equal(iommu_drain_faults(park_it, NULL, 8), 1);
}

static void the_event_is_programmed_masked_and_then_let_go(void **state)
{
	(void)state;
	int data, address, first, last = -1;

	fake_events_clear();
	iommu_set_fault_vector(0x21, 0x3e);
	assert_int_equal(unit.fedata, 0x3e);
	assert_int_equal(unit.feaddr, 0xfee21000);
	assert_int_equal(unit.feuaddr, 0);
	assert_int_equal(unit.fectl, 0);
	data = fake_event_find(0, FAKE_MMIO_WRITE, UNIT_BASE + 0x3c);
	address = fake_event_find(0, FAKE_MMIO_WRITE, UNIT_BASE + 0x40);
	for (unsigned i = 0; i < fake_event_count(); i++)
		if (fake_event(i)->kind == FAKE_MMIO_WRITE &&
		    fake_event(i)->address == UNIT_BASE + 0x38)
			last = (int)i;
	first = fake_event_find(0, FAKE_MMIO_WRITE, UNIT_BASE + 0x38);
	assert_int_equal(fake_event((unsigned)first)->value, 0x80000000);
	assert_true(first < data && data < last && address < last);
	fake_vtd_dma(&unit, VF0.id, 0, true);
	assert_int_equal(unit.fault_events, 1);
}

static void large_apic_ids_go_into_the_upper_address(void **state)
{
	(void)state;
	iommu_set_fault_vector(0x12321, 0x3e);
	assert_int_equal(unit.feaddr, 0xfee21000);
	assert_int_equal(unit.feuaddr, 0x12300);
}

#define T(name) cmocka_unit_test_setup(name, setup)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(no_fault_no_report),
		T(a_dma_fault_names_function_page_direction_and_reason),
		T(an_interrupt_fault_names_function_and_index),
		T(every_reason_of_the_specification_has_a_text_and_others_say_so),
		T(records_come_oldest_first_also_around_the_end),
		T(no_more_than_asked_for_and_the_rest_next_time),
		T(after_an_overflow_faults_are_recorded_again),
		T(a_storm_of_a_million_faults_ends_and_logs_little),
		T(a_device_that_faults_while_we_drain_cannot_hold_us),
		T(the_callback_may_use_the_iommu),
		T(the_event_is_programmed_masked_and_then_let_go),
		T(large_apic_ids_go_into_the_upper_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
