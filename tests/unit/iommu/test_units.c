/* SPDX-License-Identifier: GPL-2.0-only */
/* Turning units on: order, take-over from firmware, missing capabilities, commands that hang. */
#include "harness.h"

#include <string.h>

#include "base/pool.h"

#define WRITE_PAGE_FAULT 5

static void info(struct iommu_unit_info *out)
{
	iommu_unit_info(0, out);
}

static void after_enable_every_function_is_parked_and_faults(void **state)
{
	(void)state;
	struct rid all[] = { HOST_BRIDGE, ISA_BRIDGE, ROOT_PORT_1, PF, VF0, VF1, SWITCH_UP, DEEP };

	begin_on(FAKE_VTD_CAP, FAKE_VTD_ECAP);
	for (unsigned i = 0; i < ARRAY_LEN(all); i++)
		assert_true(faults(all[i], 0x1000, WRITE_PAGE_FAULT));
}

static void a_requester_that_nobody_knows_faults_too(void **state)
{
	(void)state;
	begin_on(FAKE_VTD_CAP, FAKE_VTD_ECAP);
	assert_false(fake_vtd_dma(&unit, 0x0118, 0, false).ok); /* 01:03.0, a phantom */
	assert_false(fake_vtd_dma(&unit, 0x7700, 0, false).ok);
}

static void init_needs_one_flush_of_everything_and_no_more(void **state)
{
	(void)state;
	struct iommu_counters none = { 0 };

	begin_on(FAKE_VTD_CAP, FAKE_VTD_ECAP);
	expect_flushes(none, (struct iommu_counters){ .context_global = 1,
						      .iotlb_global = 1,
						      .iec_global = 1,
						      .wait = 2 });
}

static int first_write(u64 offset)
{
	return fake_event_find(0, FAKE_MMIO_WRITE, UNIT_BASE + offset);
}

static void queue_then_root_then_translation_then_interrupts(void **state)
{
	(void)state;
	u32 expected[] = { 0x04000000, 0x44000000, 0x84000000, 0x85000000, 0x86000000 }, seen[8];
	unsigned n = 0;

	begin_on(FAKE_VTD_CAP, FAKE_VTD_ECAP);
	for (unsigned i = 0; i < fake_event_count(); i++) {
		const struct fake_event *e = fake_event(i);

		if (e->kind == FAKE_MMIO_WRITE && e->address == UNIT_BASE + 0x18 && n < 8)
			seen[n++] = (u32)e->value;
	}
	assert_int_equal(n, ARRAY_LEN(expected));
	assert_memory_equal(seen, expected, sizeof(expected));
	assert_true(first_write(0x88) <
		    first_write(0x90)); /* tail zeroed before the queue is known */
}

static void info_tells_what_is_on(void **state)
{
	(void)state;
	struct iommu_unit_info i;

	begin_on(FAKE_VTD_CAP, FAKE_VTD_ECAP);
	info(&i);
	assert_int_equal(iommu_unit_count(), 1);
	assert_true(i.translating && i.remapping && i.coherent && !i.caching_mode && !i.eim);
	assert_null(i.dead);
	assert_int_equal(i.base.v, UNIT_BASE);
	assert_int_equal(i.scopes, 5);
}

/* --- take-over --- */

static u8 firmware_memory[3][4096] __attribute__((aligned(4096)));

static void firmware_leaves_on(u32 gsts)
{
	begin(FAKE_VTD_CAP, FAKE_VTD_ECAP);
	memset(firmware_memory, 0, sizeof(firmware_memory));
	unit.gsts = gsts;
	unit.root = unit.rtaddr = (uintptr_t)firmware_memory[0];
	unit.table = unit.irta = (uintptr_t)firmware_memory[1];
	unit.iqa = (uintptr_t)firmware_memory[2];
	unit.root_set = unit.table_set = 1;
	assert_int_equal(iommu_init(dmar_table(), &why), OK);
}

static void translation_that_firmware_left_on_never_goes_off(void **state)
{
	(void)state;
	firmware_leaves_on(FAKE_GSTS_TES | FAKE_GSTS_RTPS | FAKE_GSTS_IRES);
	assert_int_equal(iommu_enable(false, &why), OK);
	for (unsigned i = 0; i < fake_event_count(); i++)
		if (fake_event(i)->kind == FAKE_MMIO_WRITE &&
		    fake_event(i)->address == UNIT_BASE + 0x18)
			assert_true(fake_event(i)->value & FAKE_GSTS_TES);
	assert_int_not_equal(unit.root, (uintptr_t)firmware_memory[0]);
	assert_int_not_equal(unit.table, (uintptr_t)firmware_memory[1]);
	assert_true(faults(PF, 0, WRITE_PAGE_FAULT));
}

static void a_running_queue_of_firmware_is_drained_and_replaced(void **state)
{
	(void)state;
	firmware_leaves_on(FAKE_GSTS_QIES);
	unit.iqh = unit.iqt = 0x40;
	unit.last_was_wait = true;
	unit.strict_quiesce = true;
	assert_int_equal(iommu_enable(false, &why), OK);
	assert_int_not_equal(unit.iqa, (uintptr_t)firmware_memory[2]);
}

static void a_firmware_queue_that_never_drains_costs_the_unit_not_the_boot(void **state)
{
	(void)state;
	firmware_leaves_on(FAKE_GSTS_QIES);
	unit.iqt = 0x40;
	unit.stalled = true;
	assert_int_equal(iommu_enable(false, &why), ERR_DEVICE);
	assert_int_equal(iommu_check(PF, &why), ERR_REFUSED);
	assert_true(why_says("does not drain"));
}

static void qemu_refuses_to_stop_a_queue_that_never_ran_and_that_is_bounded(void **state)
{
	(void)state;
	firmware_leaves_on(FAKE_GSTS_QIES);
	unit.strict_quiesce = true;
	assert_int_equal(iommu_enable(false, &why), ERR_DEVICE);
	assert_true(fake_time_now() < 3000000000ull);
}

static void compatibility_interrupts_that_firmware_let_pass_are_blocked(void **state)
{
	(void)state;
	firmware_leaves_on(FAKE_GSTS_CFIS | FAKE_GSTS_IRES);
	assert_int_equal(iommu_enable(false, &why), OK);
	assert_int_equal(unit.gsts & FAKE_GSTS_CFIS, 0);
	assert_false(fake_vtd_interrupt(&unit, PF.id, 0xfee00000, 0x30).ok);
}

static void protected_memory_goes_off_only_after_translation_is_on(void **state)
{
	(void)state;
	begin(FAKE_VTD_CAP | FAKE_CAP_PLMR, FAKE_VTD_ECAP);
	unit.pmen = 0x80000001;
	assert_int_equal(iommu_init(dmar_table(), &why), OK);
	assert_int_equal(iommu_enable(false, &why), OK);
	assert_int_equal(unit.pmen, 0);
	for (int i = first_write(0x18); i < first_write(0x64); i++)
		if (fake_event((unsigned)i)->address == UNIT_BASE + 0x18 &&
		    fake_event((unsigned)i)->value >> 31)
			return;
	fail_msg("PMEN was cleared before translation was on");
}

static void protected_memory_that_stays_on_costs_the_unit(void **state)
{
	(void)state;
	begin(FAKE_VTD_CAP | FAKE_CAP_PLMR, FAKE_VTD_ECAP);
	unit.pmen = 0x80000001;
	unit.stuck = 1;
	assert_int_equal(iommu_init(dmar_table(), &why), OK);
	assert_int_equal(iommu_enable(false, &why), ERR_DEVICE);
	assert_int_equal(iommu_check(PF, &why), ERR_REFUSED);
}

/* --- missing or broken --- */

static void expect_refusal(u64 cap, u64 ecap, const char *text)
{
	begin(cap, ecap);
	iommu_init(dmar_table(), &why);
	iommu_enable(false, &why);
	assert_int_equal(iommu_check(VF0, &why), ERR_REFUSED);
	assert_true(rid_equal(why.rid, VF0));
	assert_true(why_says(text));
}

static void each_missing_capability_refuses_by_name(void **state)
{
	(void)state;
	expect_refusal(FAKE_VTD_CAP, FAKE_VTD_ECAP & ~FAKE_ECAP_QI, "queued invalidation");
	expect_refusal(FAKE_VTD_CAP & ~FAKE_CAP_SAGAW, FAKE_VTD_ECAP, "SAGAW");
	expect_refusal((FAKE_VTD_CAP & ~FAKE_CAP_SAGAW) | 0x8ull << 8, FAKE_VTD_ECAP, "SAGAW");
	expect_refusal(FAKE_VTD_CAP, FAKE_VTD_ECAP & ~FAKE_ECAP_IR,
		       "interrupt remapping is missing");
}

static void without_interrupt_remapping_dma_is_still_confined(void **state)
{
	(void)state;
	begin_on(FAKE_VTD_CAP, FAKE_VTD_ECAP & ~FAKE_ECAP_IR);
	assert_true(faults(VF0, 0, WRITE_PAGE_FAULT));
	attach(new_domain("a"), VF0);
}

static void interrupt_remapping_that_firmware_forbids_stays_off(void **state)
{
	(void)state;
	begin(FAKE_VTD_CAP, FAKE_VTD_ECAP);
	dmar_bytes()[37] = 0;
	assert_int_equal(iommu_init(dmar_table(), &why), OK);
	assert_int_equal(iommu_enable(false, &why), OK);
	assert_int_equal(unit.gsts & FAKE_GSTS_IRES, 0);
	assert_int_equal(iommu_check(VF0, &why), ERR_REFUSED);
	assert_true(why_says("DMAR flags"));
}

static void a_command_that_hangs_costs_the_unit_within_bounded_time(void **state)
{
	(void)state;
	u32 stuck[] = { FAKE_GSTS_QIES, FAKE_GSTS_RTPS, FAKE_GSTS_TES, 1u << 24, FAKE_GSTS_IRES };

	for (unsigned i = 0; i < ARRAY_LEN(stuck); i++) {
		begin(FAKE_VTD_CAP, FAKE_VTD_ECAP);
		unit.stuck = stuck[i];
		assert_int_equal(iommu_init(dmar_table(), &why), OK);
		assert_int_equal(iommu_enable(false, &why), ERR_DEVICE);
		assert_true(why_says("within 1 s"));
		assert_int_equal(iommu_check(PF, &why), ERR_REFUSED);
		assert_true(fake_time_now() < 2000000000ull);
	}
}

static void a_unit_that_is_not_there_is_named(void **state)
{
	(void)state;
	begin(FAKE_VTD_CAP, FAKE_VTD_ECAP);
	unit.gone = true;
	assert_int_equal(iommu_init(dmar_table(), &why), OK);
	assert_int_equal(iommu_enable(false, &why), ERR_UNSUPPORTED);
	assert_true(why_says("all ones"));
	assert_int_equal(iommu_check(PF, &why), ERR_REFUSED);
}

static void registers_that_cannot_be_mapped_cost_the_unit(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 2; n++) {
		begin(FAKE_VTD_CAP, FAKE_VTD_ECAP);
		fake_mmio_map_fail_after(n, ERR_NO_MEMORY);
		iommu_init(dmar_table(), &why);
		assert_int_equal(iommu_check(PF, &why), ERR_REFUSED);
		assert_true(why_says("mapped"));
	}
}

static void no_dmar_refuses_and_says_where_to_look(void **state)
{
	(void)state;
	begin(FAKE_VTD_CAP, FAKE_VTD_ECAP);
	assert_int_equal(iommu_init(NULL, &why), ERR_NOT_FOUND);
	assert_true(why_says("DMAR"));
	assert_int_equal(iommu_enable(false, &why), ERR_UNSUPPORTED);
	assert_int_equal(iommu_check(PF, &why), ERR_REFUSED);
	assert_true(why_says("firmware setup"));
	assert_int_equal(iommu_attach(NULL, PF, &why), ERR_REFUSED);
	assert_null(iommu_domain_create("a", 30, &why));
	assert_int_equal(iommu_unit_count(), 0);
}

static void out_of_memory_at_each_step_of_enabling_leaves_no_open_door(void **state)
{
	(void)state;
	for (u64 pages = 0; pages < 30; pages++) {
		begin(FAKE_VTD_CAP, FAKE_VTD_ECAP);
		fake_pool_reset(pages);
		assert_int_equal(iommu_init(dmar_table(), &why), OK);
		if (iommu_enable(false, &why) == OK) {
			assert_true(pages > 18);
			assert_true(faults(DEEP, 0, WRITE_PAGE_FAULT));
		} else {
			assert_int_equal(iommu_check(PF, &why), ERR_REFUSED);
		}
	}
	assert_int_equal(iommu_check(PF, &why), OK);
}

/* --- all combinations (S19) --- */

static bool legal(u64 cap)
{
	unsigned sagaw = (unsigned)fake_bits(cap, 12, 8);

	return sagaw & 2 || sagaw & 4;
}

static void check_combination(u64 cap, u64 ecap)
{
	u64 size = (fake_bits(cap, 34, 34) ? 0x40000000 : 0x600000) + 0x3000;
	struct iommu_domain *d;

	begin(cap, ecap);
	assert_int_equal(iommu_init(dmar_table(), &why), OK);
	if (iommu_enable(false, &why) != OK) {
		assert_true(!legal(cap) || !(ecap & FAKE_ECAP_QI));
		assert_int_equal(iommu_check(PF, &why), ERR_REFUSED);
		return;
	}
	assert_true(legal(cap) && ecap & FAKE_ECAP_QI);
	d = iommu_domain_create("a", 30, &why);
	assert_non_null(d);
	/* A large leaf where there are any, and 4 KiB ones at the end. */
	map(d, 0, 0x40000000, size);
	attach(d, VF0);
	assert_true(reaches(VF0, 0x1234, 0x40001234));
	assert_true(reaches(VF0, size - 0x1000, 0x40000000 + size - 0x1000));
	assert_true(faults(VF0, size, WRITE_PAGE_FAULT));
	assert_true(faults(PF, 0x1234, WRITE_PAGE_FAULT));
	unmap(d, 0x200000, 0x200000);
	assert_true(faults(VF0, 0x234567, WRITE_PAGE_FAULT));
	assert_true(reaches(VF0, 0x400000, 0x40400000));
}

static void every_combination_of_capabilities_is_legal_or_refused(void **state)
{
	(void)state;
	u64 flags[] = { FAKE_CAP_RWBF, FAKE_CAP_CM, FAKE_CAP_PSI, FAKE_CAP_DRAIN };
	u64 base =
		FAKE_VTD_CAP & ~(FAKE_CAP_SAGAW | FAKE_CAP_SLLPS | FAKE_CAP_PSI | FAKE_CAP_DRAIN);

	pool_pages = FEW_PAGES;
	for (u64 sagaw = 0; sagaw < 16; sagaw += 2)
		for (u64 sllps = 0; sllps < 4; sllps++)
			for (unsigned f = 0; f < 16; f++)
				for (u64 e = 0; e < 4; e++) {
					u64 cap = base | sagaw << 8 | sllps << 34;

					for (unsigned i = 0; i < 4; i++)
						cap |= f >> i & 1 ? flags[i] : 0;
					check_combination(cap, (FAKE_VTD_ECAP & ~3ull) | e);
				}
	pool_pages = POOL_PAGES;
}

static void the_width_of_a_domain_is_what_table_levels_and_mgaw_allow(void **state)
{
	(void)state;
	struct {
		u64 sagaw, mgaw;
		unsigned width;
	} t[] = { { 2, 48, 39 }, { 4, 48, 48 }, { 6, 48, 48 }, { 6, 39, 39 }, { 4, 46, 46 } };

	for (unsigned i = 0; i < ARRAY_LEN(t); i++) {
		begin_on((FAKE_VTD_CAP & ~(FAKE_CAP_SAGAW | FAKE_CAP_MGAW)) | t[i].sagaw << 8 |
				 (t[i].mgaw - 1) << 16,
			 FAKE_VTD_ECAP);
		assert_non_null(iommu_domain_create("fits", t[i].width, &why));
		assert_null(iommu_domain_create("big", t[i].width + 1, &why));
		assert_int_equal(why.code, ERR_UNSUPPORTED);
		assert_true(why_says("less memory"));
	}
}

/* --- more than one unit --- */

static struct fake_vtd second;

static void begin_two(u64 cap1, u64 cap2)
{
	begin(cap1, FAKE_VTD_ECAP);
	fake_vtd_add(&second, hpa(UNIT2_BASE), cap2, FAKE_VTD_ECAP);
	dmar_begin(48, DMAR_INTR_REMAP);
	dmar_drhd(0, 0, UNIT_BASE);
	SCOPE(SCOPE_BR, 0, 0, DF(2, 0));
	dmar_drhd(DRHD_INCLUDE_ALL, 0, UNIT2_BASE);
}

static void units_share_tables_of_the_levels_that_both_walk(void **state)
{
	(void)state;
	u64 base = FAKE_VTD_CAP & ~FAKE_CAP_SAGAW;
	struct iommu_domain *d;

	begin_two(base | 6 << 8, base | 2 << 8);
	assert_int_equal(iommu_init(dmar_table(), &why), OK);
	assert_int_equal(iommu_enable(false, &why), OK);
	d = new_domain("both");
	map(d, 0, 0x80000000, 0x200000);
	attach(d, VF0);
	attach(d, DEEP);
	assert_true(fake_vtd_dma(&unit, VF0.id, 0x1000, true).ok);
	assert_true(fake_vtd_dma(&second, DEEP.id, 0x1000, true).ok);
	unmap(d, 0, 0x200000);
	assert_false(fake_vtd_dma(&unit, VF0.id, 0x1000, true).ok);
	assert_false(fake_vtd_dma(&second, DEEP.id, 0x1000, true).ok);
	assert_int_equal(unit.seen.iotlb_page, 1);
	assert_int_equal(second.seen.iotlb_page, 1);
}

static void a_unit_with_no_level_in_common_is_given_up_and_the_other_lives(void **state)
{
	(void)state;
	u64 base = FAKE_VTD_CAP & ~FAKE_CAP_SAGAW;

	begin_two(base | 4 << 8, base | 2 << 8);
	assert_int_equal(iommu_init(dmar_table(), &why), OK);
	assert_int_equal(iommu_enable(false, &why), ERR_DEVICE);
	assert_int_equal(iommu_check(VF0, &why), OK);
	assert_int_equal(iommu_check(DEEP, &why), ERR_REFUSED);
	assert_true(why_says("as the other units"));
}

static void a_flush_goes_only_to_units_that_know_the_domain(void **state)
{
	(void)state;
	struct iommu_domain *d;
	struct iommu_counters before;

	begin_two(FAKE_VTD_CAP, FAKE_VTD_CAP);
	assert_int_equal(iommu_init(dmar_table(), &why), OK);
	assert_int_equal(iommu_enable(false, &why), OK);
	d = new_domain("a");
	map(d, 0, 0x80000000, 0x200000);
	attach(d, VF0);
	before = second.seen;
	unmap(d, 0, 0x1000);
	assert_memory_equal(&before, &second.seen, sizeof(before));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(after_enable_every_function_is_parked_and_faults),
		cmocka_unit_test(a_requester_that_nobody_knows_faults_too),
		cmocka_unit_test(init_needs_one_flush_of_everything_and_no_more),
		cmocka_unit_test(queue_then_root_then_translation_then_interrupts),
		cmocka_unit_test(info_tells_what_is_on),
		cmocka_unit_test(translation_that_firmware_left_on_never_goes_off),
		cmocka_unit_test(a_running_queue_of_firmware_is_drained_and_replaced),
		cmocka_unit_test(a_firmware_queue_that_never_drains_costs_the_unit_not_the_boot),
		cmocka_unit_test(qemu_refuses_to_stop_a_queue_that_never_ran_and_that_is_bounded),
		cmocka_unit_test(compatibility_interrupts_that_firmware_let_pass_are_blocked),
		cmocka_unit_test(protected_memory_goes_off_only_after_translation_is_on),
		cmocka_unit_test(protected_memory_that_stays_on_costs_the_unit),
		cmocka_unit_test(each_missing_capability_refuses_by_name),
		cmocka_unit_test(without_interrupt_remapping_dma_is_still_confined),
		cmocka_unit_test(interrupt_remapping_that_firmware_forbids_stays_off),
		cmocka_unit_test(a_command_that_hangs_costs_the_unit_within_bounded_time),
		cmocka_unit_test(a_unit_that_is_not_there_is_named),
		cmocka_unit_test(registers_that_cannot_be_mapped_cost_the_unit),
		cmocka_unit_test(no_dmar_refuses_and_says_where_to_look),
		cmocka_unit_test(out_of_memory_at_each_step_of_enabling_leaves_no_open_door),
		cmocka_unit_test(every_combination_of_capabilities_is_legal_or_refused),
		cmocka_unit_test(the_width_of_a_domain_is_what_table_levels_and_mgaw_allow),
		cmocka_unit_test(units_share_tables_of_the_levels_that_both_walk),
		cmocka_unit_test(a_unit_with_no_level_in_common_is_given_up_and_the_other_lives),
		cmocka_unit_test(a_flush_goes_only_to_units_that_know_the_domain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
