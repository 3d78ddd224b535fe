/* SPDX-License-Identifier: GPL-2.0-only */
/* Interrupt remapping: the entry's bytes, who may raise what, handles and their reuse. */
#include "harness.h"

#include <stdlib.h>
#include <string.h>

#include "iommu/formats.h"

#define HANDLES       4096u
#define BAD_FIELD     0x20
#define BEYOND        0x21
#define NOT_PRESENT   0x22
#define COMPATIBILITY 0x25
#define WRONG_SOURCE  0x26

static int setup(void **state)
{
	(void)state;
	begin_on(FAKE_VTD_CAP, FAKE_VTD_ECAP);
	return 0;
}

static u16 claim(struct rid rid)
{
	u16 handle = 0;

	assert_int_equal(irte_alloc(rid, &handle, &why), OK);
	return handle;
}

static u16 live(struct rid rid, u32 apic_id, u8 vector)
{
	u16 handle = claim(rid);

	assert_int_equal(irte_set(rid, handle, apic_id, vector, &why), OK);
	return handle;
}

static struct fake_vtd_result raise(struct rid rid, u16 handle)
{
	u64 address;
	u32 data;

	irte_message(handle, &address, &data);
	return fake_vtd_interrupt(&unit, rid.id, address, data);
}

/* VT-d §9.9: P 0, FPD 1, DM 2, RH 3, TM 4, DLM 7:5, V 23:16, DST 63:32; SID 79:64, SQ 81:80, SVT
 * 83:82. */
static void the_entry_has_the_bytes_of_the_specification(void **state)
{
	(void)state;
	struct entry128 e = irte_remapped(0x0180, 5, 0x41, false);

	assert_int_equal(e.lo, 0x0000050000410101); /* with our own mark in bit 8 */
	assert_int_equal(e.hi, 0x0000000000040180);
	e = irte_remapped(0xfffe, 0x12345, 0xef, true);
	assert_int_equal(e.lo, 0x0001234500ef0101);
	assert_int_equal(e.hi, 0x000000000004fffe);
	e = irte_claimed(0x0180);
	assert_int_equal(e.lo & 1, 0);
}

static void decoding_gives_back_what_was_encoded(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		u16 sid = (u16)rand();
		u32 id = (u32)rand();
		u8 vector = (u8)rand();
		struct entry128 e = irte_remapped(sid, id, vector, true);

		assert_int_equal(IRTE_SID(e.hi), sid);
		assert_int_equal(IRTE_SVT(e.hi), 1);
		assert_int_equal(IRTE_SQ(e.hi), 0);
		assert_int_equal(IRTE_VECTOR(e.lo), vector);
		assert_int_equal(IRTE_DESTINATION(e.lo), id);
		assert_int_equal(e.lo & 0xfe,
				 0); /* FPD, DM, RH, TM, DLM: reported, physical, edge, fixed */
	}
}

/* §5.1.2.2: handle 14:0 in bits 19:5, format in bit 4, SHV in bit 3, handle 15 in bit 2. */
static void the_message_has_the_bits_of_the_specification(void **state)
{
	(void)state;
	u64 address;
	u32 data;

	irte_message(0, &address, &data);
	assert_int_equal(address, 0xfee00010);
	assert_int_equal(data, 0);
	irte_message(1, &address, &data);
	assert_int_equal(address, 0xfee00030);
	irte_message(0xffff, &address, &data);
	assert_int_equal(address, 0xfeeffff4);
}

static void an_interrupt_arrives_where_it_was_sent(void **state)
{
	(void)state;
	u16 handle = live(VF0, 3, 0x51);
	struct fake_vtd_result r = raise(VF0, handle);

	assert_true(r.ok);
	assert_int_equal(r.vector, 0x51);
	assert_int_equal(r.apic_id, 3);
}

static void nobody_else_can_use_a_handle(void **state)
{
	(void)state;
	u16 handle = live(VF0, 3, 0x51);

	for (u32 sid = 0; sid < 0x10000; sid++) {
		struct fake_vtd_result r = raise((struct rid){ 0, (u16)sid }, handle);

		assert_int_equal(r.ok, sid == VF0.id);
		if (sid != VF0.id)
			assert_int_equal(r.reason, WRONG_SOURCE);
	}
}

static void all_65536_handles_deliver_only_ones_own(void **state)
{
	(void)state;
	u16 mine = live(VF0, 3, 0x51);

	live(VF1, 0, 0x52);
	for (u32 h = 0; h < 0x10000; h++) {
		struct fake_vtd_result r = raise(VF0, (u16)h);

		assert_int_equal(r.ok, h == mine);
		if (h >= HANDLES)
			assert_int_equal(r.reason, BEYOND);
	}
}

static void malformed_and_compatibility_messages_are_blocked(void **state)
{
	(void)state;
	u16 handle = live(VF0, 3, 0x51);
	u64 address;
	u32 data;

	irte_message(handle, &address, &data);
	assert_int_equal(fake_vtd_interrupt(&unit, VF0.id, address, 1).reason, BAD_FIELD);
	assert_int_equal(fake_vtd_interrupt(&unit, VF0.id, address | 8, 5000).reason, BEYOND);
	assert_int_equal(fake_vtd_interrupt(&unit, VF0.id, address | 8, 1).reason, NOT_PRESENT);
	for (u64 a = 0xfee00000; a < 0xfef00000; a += 0x1000)
		assert_int_equal(fake_vtd_interrupt(&unit, VF0.id, a, 0x40).reason, COMPATIBILITY);
}

static void a_claimed_handle_faults_until_it_is_set(void **state)
{
	(void)state;
	/* With caching mode the unit remembers the fault. */
	for (unsigned cm = 0; cm < 2; cm++) {
		u16 handle;

		begin_on(FAKE_VTD_CAP | (cm ? FAKE_CAP_CM : 0), FAKE_VTD_ECAP);
		handle = claim(VF0);
		assert_int_equal(raise(VF0, handle).reason, NOT_PRESENT);
		assert_int_equal(irte_set(VF0, handle, 1, 0x30, &why), OK);
		assert_true(raise(VF0, handle).ok);
	}
}

static void only_the_owner_sets_and_frees(void **state)
{
	(void)state;
	u16 handle = live(VF0, 3, 0x51);

	assert_int_equal(irte_set(VF1, handle, 1, 0x40, &why), ERR_INVALID);
	assert_int_equal(irte_free(VF1, handle, &why), ERR_INVALID);
	assert_int_equal(irte_free(VF0, (u16)(handle + 1), &why), ERR_INVALID);
	assert_int_equal(irte_free(VF0, 0xffff, &why), ERR_INVALID);
	assert_true(why_says("0000:01:10.0"));
	assert_int_equal(raise(VF0, handle).vector, 0x51);
	assert_int_equal(irte_free(VF0, handle, &why), OK);
	assert_int_equal(irte_free(VF0, handle, &why), ERR_INVALID);
	assert_int_equal(irte_used(), 0);
}

static void a_warm_entry_is_dead_when_free_returns(void **state)
{
	(void)state;
	for (unsigned cm = 0; cm < 2; cm++) {
		begin_on(FAKE_VTD_CAP | (cm ? FAKE_CAP_CM : 0), FAKE_VTD_ECAP);
		for (unsigned i = 0; i < 1000; i++) {
			u16 handle = live(VF0, 3, 0x51);

			assert_true(raise(VF0, handle).ok);
			assert_int_equal(irte_set(VF0, handle, 4, 0x52, &why), OK);
			assert_int_equal(raise(VF0, handle).vector, 0x52);
			assert_int_equal(irte_free(VF0, handle, &why), OK);
			assert_int_equal(raise(VF0, handle).reason, NOT_PRESENT);
		}
	}
}

static void vectors_and_destinations_that_cannot_be_are_refused(void **state)
{
	(void)state;
	u16 handle = claim(VF0);

	for (unsigned v = 0; v < 0x10; v++)
		assert_int_equal(irte_set(VF0, handle, 0, (u8)v, &why), ERR_INVALID);
	assert_int_equal(irte_set(VF0, handle, 0xff, 0x40, &why), ERR_INVALID); /* broadcast */
	assert_true(why_says("EIME is off"));
	assert_int_equal(irte_set(VF0, handle, 0x100, 0x40, &why), ERR_INVALID);
	assert_int_equal(irte_set(VF0, handle, 0xfe, 0x10, &why), OK);
	assert_int_equal(raise(VF0, handle).apic_id, 0xfe);
}

static void x2apic_takes_32_bit_ids_where_the_unit_can(void **state)
{
	(void)state;
	struct iommu_unit_info info;
	u16 handle;

	begin(FAKE_VTD_CAP, FAKE_VTD_ECAP | FAKE_ECAP_EIM);
	assert_int_equal(iommu_init(dmar_table(), &why), OK);
	assert_int_equal(iommu_enable(true, &why), OK);
	iommu_unit_info(0, &info);
	assert_true(info.eim);
	handle = live(VF0, 0x12345, 0x51);
	assert_int_equal(raise(VF0, handle).apic_id, 0x12345);
	assert_int_equal(irte_set(VF0, handle, 0xffffffff, 0x40, &why), ERR_INVALID);
}

static void x2apic_on_a_unit_without_eim_works_for_small_ids(void **state)
{
	(void)state;
	u16 handle;

	begin(FAKE_VTD_CAP, FAKE_VTD_ECAP);
	assert_int_equal(iommu_init(dmar_table(), &why), OK);
	assert_int_equal(iommu_enable(true, &why), OK);
	handle = live(VF0, 2, 0x51);
	assert_int_equal(raise(VF0, handle).apic_id, 2);
	assert_int_equal(irte_set(VF0, handle, 300, 0x40, &why), ERR_INVALID);
}

static void an_xapic_host_does_not_turn_extended_ids_on(void **state)
{
	(void)state;
	begin(FAKE_VTD_CAP, FAKE_VTD_ECAP | FAKE_ECAP_EIM);
	assert_int_equal(iommu_init(dmar_table(), &why), OK);
	assert_int_equal(iommu_enable(false, &why), OK);
	assert_false(unit.extended_ids);
}

static void handles_run_out_and_come_back(void **state)
{
	(void)state;
	u16 handle;

	for (unsigned i = 0; i < HANDLES; i++)
		claim(VF0);
	assert_int_equal(irte_alloc(VF1, &handle, &why), ERR_NO_SPACE);
	assert_true(why_says("4096"));
	assert_int_equal(irte_free(VF0, 77, &why), OK);
	assert_int_equal(claim(VF1), 77);
}

static void random_rounds_never_let_a_freed_handle_through(void **state)
{
	(void)state;
	struct rid owner[HANDLES] = { 0 };
	u8 vector[HANDLES] = { 0 };
	unsigned used = 0;

	srand(7);
	for (unsigned i = 0; i < 10000; i++) {
		struct rid rid = rand() & 1 ? VF0 : VF1;
		u16 h = (u16)(rand() % 600);

		if (vector[h] && rand() & 1) {
			assert_int_equal(irte_free(owner[h], h, &why), OK);
			vector[h] = 0;
			used--;
			assert_false(raise(owner[h], h).ok);
		} else if (used < 500) {
			h = claim(rid);
			assert_int_equal(vector[h], 0);
			vector[h] = (u8)(0x20 + rand() % 200);
			owner[h] = rid;
			assert_int_equal(irte_set(rid, h, 0, vector[h], &why), OK);
			used++;
		}
		assert_int_equal(irte_used(), used);
		assert_int_equal(raise(VF0, h).ok, vector[h] && rid_equal(owner[h], VF0));
		assert_int_equal(raise(VF1, h).ok, vector[h] && rid_equal(owner[h], VF1));
	}
}

static void every_entry_ever_written_verifies_its_source(void **state)
{
	(void)state;
	const u64 *table;

	for (unsigned i = 0; i < 300; i++)
		live(i & 1 ? VF0 : VF1, i % 200, (u8)(0x20 + i % 200));
	table = (const u64 *)(uintptr_t)unit.table;
	for (unsigned h = 0; h < HANDLES; h++) {
		if (!(table[h * 2] & 1))
			continue;
		assert_int_equal(fake_bits(table[h * 2 + 1], 19, 18), 1); /* SVT */
		assert_int_equal(fake_bits(table[h * 2 + 1], 17, 16), 0); /* SQ */
		assert_int_equal(fake_bits(table[h * 2], 7, 5), 0);       /* fixed delivery */
		assert_int_equal(fake_bits(table[h * 2], 15, 15), 0);     /* remapped, not posted */
		assert_true(fake_bits(table[h * 2 + 1], 15, 0) == VF0.id ||
			    fake_bits(table[h * 2 + 1], 15, 0) == VF1.id);
	}
}

#define T(name) cmocka_unit_test_setup(name, setup)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_entry_has_the_bytes_of_the_specification),
		T(decoding_gives_back_what_was_encoded),
		T(the_message_has_the_bits_of_the_specification),
		T(an_interrupt_arrives_where_it_was_sent),
		T(nobody_else_can_use_a_handle),
		T(all_65536_handles_deliver_only_ones_own),
		T(malformed_and_compatibility_messages_are_blocked),
		T(a_claimed_handle_faults_until_it_is_set),
		T(only_the_owner_sets_and_frees),
		T(a_warm_entry_is_dead_when_free_returns),
		T(vectors_and_destinations_that_cannot_be_are_refused),
		T(x2apic_takes_32_bit_ids_where_the_unit_can),
		T(x2apic_on_a_unit_without_eim_works_for_small_ids),
		T(an_xapic_host_does_not_turn_extended_ids_on),
		T(handles_run_out_and_come_back),
		T(random_rounds_never_let_a_freed_handle_through),
		T(every_entry_ever_written_verifies_its_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
