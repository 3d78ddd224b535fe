/* SPDX-License-Identifier: GPL-2.0-only */
/* Which unit stands before which function, and what damage in the DMAR table may never do. */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/acpi.h"

static struct fake_vtd second;

/* Unit 1 has bus 1 and an I/O APIC, unit 2 all the rest. */
static void two_units(void)
{
	begin(FAKE_VTD_CAP, FAKE_VTD_ECAP);
	fake_vtd_add(&second, hpa(UNIT2_BASE), FAKE_VTD_CAP, FAKE_VTD_ECAP);
	dmar_begin(48, DMAR_INTR_REMAP);
	dmar_drhd(0, 0, UNIT_BASE);
	SCOPE(SCOPE_IO, 2, 0xff, DF(0, 0));
	SCOPE(SCOPE_BR, 0, 0, DF(2, 0));
	dmar_drhd(DRHD_INCLUDE_ALL, 0, UNIT2_BASE);
	SCOPE(SCOPE_HP, 0, 0xff, DF(1, 0));
}

static int unit_of(struct rid rid)
{
	struct iommu_unit_info info;
	struct why w;

	if (!iommu_unit_for(rid))
		return -1;
	/* The only thing that tells units apart from outside is what a refusal says. */
	for (unsigned i = 0; i < iommu_unit_count(); i++) {
		char base[32];

		iommu_unit_info(i, &info);
		snprintf(base, sizeof(base), "0x%llx", (unsigned long long)info.base.v);
		if (iommu_check(rid, &w) != OK && strstr(w.text, base))
			return (int)i;
	}
	return -1;
}

static void init(void)
{
	assert_int_equal(iommu_init(dmar_table(), &why), OK);
}

static void explicit_scopes_come_before_include_all(void **state)
{
	(void)state;
	two_units();
	init();
	assert_int_equal(iommu_unit_count(), 2);
	assert_int_equal(unit_of(ROOT_PORT_1), 0);
	assert_int_equal(unit_of(PF), 0);
	assert_int_equal(unit_of(HOST_BRIDGE), 1);
	assert_int_equal(unit_of(DEEP), 1);
}

static void an_endpoint_below_a_bridge_of_another_unit_keeps_its_own(void **state)
{
	(void)state;
	two_units();
	SCOPE(SCOPE_EP, 0, 0, DF(2, 0), DF(0, 0)); /* 01:00.0, named through the root port */
	init();
	assert_int_equal(unit_of(PF), 1);
	assert_int_equal(unit_of(ROOT_PORT_1), 0);
}

static void a_path_is_walked_through_the_secondary_buses(void **state)
{
	(void)state;
	begin(FAKE_VTD_CAP, FAKE_VTD_ECAP);
	dmar_begin(48, DMAR_INTR_REMAP);
	dmar_drhd(0, 0, UNIT_BASE);
	SCOPE(SCOPE_EP, 0, 0, DF(3, 0), DF(0, 0), DF(1, 0), DF(0, 0));
	init();
	assert_int_equal(unit_of(DEEP), 0);
	assert_int_equal(unit_of(SWITCH_DOWN), -1);
}

static void the_nearest_bridge_wins(void **state)
{
	(void)state;
	two_units();
	dmar_begin(48, DMAR_INTR_REMAP);
	dmar_drhd(0, 0, UNIT_BASE);
	SCOPE(SCOPE_BR, 0, 0, DF(3, 0));
	dmar_drhd(0, 0, UNIT2_BASE);
	SCOPE(SCOPE_BR, 0, 0, DF(3, 0), DF(0, 0), DF(1, 0));
	init();
	assert_int_equal(unit_of(SWITCH_UP), 0);
	assert_int_equal(unit_of(SWITCH_DOWN), 1);
	assert_int_equal(unit_of(DEEP), 1);
}

static void the_nearest_bridge_wins_in_any_order(void **state)
{
	(void)state;
	two_units();
	dmar_begin(48, DMAR_INTR_REMAP);
	dmar_drhd(0, 0, UNIT_BASE);
	SCOPE(SCOPE_BR, 0, 0, DF(3, 0), DF(0, 0), DF(1, 0));
	dmar_drhd(0, 0, UNIT2_BASE);
	SCOPE(SCOPE_BR, 0, 0, DF(3, 0));
	init();
	assert_int_equal(unit_of(SWITCH_UP), 1);
	assert_int_equal(unit_of(DEEP), 0);
}

static void a_vf_has_the_unit_of_its_pf_even_on_another_bus(void **state)
{
	(void)state;
	struct rid far_vf = rid_make(0, 3, 9, 1);

	two_units();
	SCOPE(SCOPE_EP, 0, 0, DF(2, 0), DF(0, 0));
	fabric_vf(far_vf, pci_find(PF));
	init();
	assert_int_equal(unit_of(VF0), 1);
	assert_int_equal(unit_of(far_vf), 1);
}

static void a_function_that_no_unit_names_is_refused_not_a_panic(void **state)
{
	(void)state;
	begin(FAKE_VTD_CAP, FAKE_VTD_ECAP);
	dmar_begin(48, DMAR_INTR_REMAP);
	dmar_drhd(0, 0, UNIT_BASE);
	SCOPE(SCOPE_EP, 0, 0, DF(31, 0));
	init();
	assert_int_equal(iommu_enable(false, &why), OK);
	assert_int_equal(iommu_check(VF0, &why), ERR_REFUSED);
	assert_true(why_says("no device scope"));
	assert_int_equal(iommu_attach(NULL, VF0, &why), ERR_REFUSED);
	assert_int_equal(iommu_check(ISA_BRIDGE, &why), OK);
}

static void units_of_other_segments_are_other_units(void **state)
{
	(void)state;
	struct rid elsewhere = rid_make(1, 1, 0, 0);

	begin(FAKE_VTD_CAP, FAKE_VTD_ECAP);
	fabric_add(elsewhere);
	dmar_begin(48, DMAR_INTR_REMAP);
	dmar_drhd(DRHD_INCLUDE_ALL, 0, UNIT_BASE);
	init();
	assert_null(iommu_unit_for(elsewhere));
	assert_non_null(iommu_unit_for(PF));
}

static void scopes_are_told_in_words(void **state)
{
	(void)state;
	char text[256], small[12];

	two_units();
	init();
	iommu_unit_scopes_text(0, text, sizeof(text));
	assert_string_equal(text, "I/O APIC 0000:ff:00.0, below 0000:00:02.0");
	iommu_unit_scopes_text(1, text, sizeof(text));
	assert_string_equal(text, "HPET 0000:ff:01.0, all the rest of segment 0");
	iommu_unit_scopes_text(1, small, sizeof(small));
	assert_int_equal(strlen(small), sizeof(small) - 1);
}

static void structures_that_we_do_not_need_are_skipped(void **state)
{
	(void)state;
	begin(FAKE_VTD_CAP, FAKE_VTD_ECAP);
	for (u16 type = 2; type < 9; type++)
		dmar_other(type, 16 + type);
	init();
	assert_int_equal(iommu_enable(false, &why), OK);
	assert_int_equal(iommu_check(PF, &why), OK);
	assert_true(fake_log_contains("unknown type 8"));
}

/* --- reserved regions --- */

static void a_reserved_region_refuses_its_device_and_names_the_range(void **state)
{
	(void)state;
	begin(FAKE_VTD_CAP, FAKE_VTD_ECAP);
	dmar_rmrr(0, 0x7f000000, 0x7f0fffff);
	SCOPE(SCOPE_EP, 0, 0, DF(31, 0));
	init();
	assert_int_equal(iommu_enable(false, &why), OK);
	assert_int_equal(iommu_check(ISA_BRIDGE, &why), ERR_REFUSED);
	assert_true(why_says("0x7f000000..0x7f0fffff"));
	assert_int_equal(iommu_check(PF, &why), OK);
	assert_true(fake_log_contains("0x7f000000"));
}

static void
a_reserved_region_below_a_bridge_refuses_vfs_too_but_one_of_the_pf_does_not(void **state)
{
	(void)state;
	begin(FAKE_VTD_CAP, FAKE_VTD_ECAP);
	dmar_rmrr(0, 0x7f000000, 0x7f0fffff);
	SCOPE(SCOPE_BR, 0, 0, DF(2, 0));
	init();
	iommu_enable(false, &why);
	assert_int_equal(iommu_check(VF0, &why), ERR_REFUSED);

	begin(FAKE_VTD_CAP, FAKE_VTD_ECAP);
	dmar_rmrr(0, 0x7f000000, 0x7f0fffff);
	SCOPE(SCOPE_EP, 0, 0, DF(2, 0), DF(0, 0));
	init();
	iommu_enable(false, &why);
	assert_int_equal(iommu_check(PF, &why), ERR_REFUSED);
	assert_int_equal(iommu_check(VF0, &why), OK);
}

/* --- damage (S36): 16 mutations of one good table, checksum right each time --- */

/*
 * Offsets: 48 unit 1 (base at 56), 64 its I/O APIC scope, 72 its bridge scope, 80 unit 2 (flags at
 * 84, segment at 86), 96 its HPET scope, 104 the reserved region, 128 its scope.
 */
#define REGION_OFFSET 104
static void table_to_damage(void)
{
	two_units();
	dmar_rmrr(0, 0x7f000000, 0x7f0fffff);
	SCOPE(SCOPE_EP, 0, 0, DF(31, 0));
}

struct mutation {
	const char *name;
	unsigned offset, value;
	/* May the functions below unit 1, under "the rest", and with the region be assigned? */
	bool pf, deep, isa;
};

static const struct mutation mutations[] = {
	{ "unit 1 is of unknown type", 48, 9, false, false, false },
	{ "unit 1 has length 0", 50, 0, false, false, false },
	{ "unit 1 is too short", 50, 8, false, false, false },
	{ "unit 1 overruns the table", 50, 250, false, false, false },
	{ "unit 1 has an odd base", 56, 0x80, false, true, false },
	{ "unit 1 lies where nothing is", 58, 0x77, false, true, false },
	{ "unit 1 lies where unit 2 is", 57, 0x10, false, false, false },
	{ "unit 1 is of another segment", 54, 7, false, false, false },
	{ "its bridge scope has length 0", 73, 0, false, false, false },
	{ "its bridge scope is odd", 73, 7, false, false, false },
	/* Up to bytes of the next structure that make a plausible path. */
	{ "its bridge scope overruns", 73, 14, false, false, false },
	{ "its bridge scope has an unknown type", 72, 0, false, false, false },
	{ "its bridge is device 60", 78, 60, false, false, false },
	{ "unit 1 takes the rest as well", 52, 1, true, false, false },
	{ "the region is too short", 106, 16, false, false, false },
	{ "the region's scope is broken", 129, 3, false, false, false },
};

static void check_mutation(const struct mutation *m)
{
	struct {
		struct rid rid;
		bool may;
	} t[] = { { PF, m->pf }, { DEEP, m->deep }, { ISA_BRIDGE, m->isa } };

	table_to_damage();
	dmar_bytes()[m->offset] = (u8)m->value;
	dmar_table();
	assert_true(acpi_checksum_ok(dmar_bytes(), dmar_length()));
	iommu_init(dmar_table(), &why);
	iommu_enable(false, &why);
	for (unsigned i = 0; i < ARRAY_LEN(t); i++) {
		bool may = iommu_check(t[i].rid, &why) == OK;

		if (may != t[i].may)
			fail_msg("%s: " RID_FMT " is %s: %s", m->name, RID_ARG(t[i].rid),
				 may ? "allowed" : "refused", why.text);
	}
}

static void sixteen_mutations_never_make_a_device_look_protected(void **state)
{
	(void)state;
	struct mutation none = { "none", 0, 'D', true, true, false };

	check_mutation(&none);
	assert_int_equal(ARRAY_LEN(mutations), 16);
	for (unsigned i = 0; i < ARRAY_LEN(mutations); i++)
		check_mutation(&mutations[i]);
}

static void truncation_at_every_length_is_survived(void **state)
{
	(void)state;
	struct acpi_header *h;
	u32 full;

	table_to_damage();
	full = dmar_length();
	for (u32 n = 36; n < full; n++) {
		u8 *exact = malloc(n);

		table_to_damage();
		h = (struct acpi_header *)(uintptr_t)dmar_table();
		h->length = n;
		/* A buffer of exactly that size, so that the sanitizer sees any read beyond it. */
		memcpy(exact, h, n);
		iommu_init((const struct acpi_header *)exact, &why);
		iommu_enable(false, &why);
		/* Cut between two structures the table is whole again; else the device is not
		 * given. */
		assert_int_equal(iommu_check(ISA_BRIDGE, &why),
				 n == REGION_OFFSET ? OK : ERR_REFUSED);
		free(exact);
	}
}

static void what_follows_an_overrun_may_have_been_a_reserved_region(void **state)
{
	(void)state;
	begin(FAKE_VTD_CAP, FAKE_VTD_ECAP);
	dmar_rmrr(0, 0x7f000000, 0x7f0fffff);
	SCOPE(SCOPE_EP, 0, 0, DF(31, 0));
	dmar_bytes()[dmar_length() - 30] = 200; /* the region's length */
	init();
	assert_int_equal(iommu_enable(false, &why), OK);
	assert_int_equal(iommu_check(ISA_BRIDGE, &why), ERR_REFUSED);
	assert_true(why_says("reserved region (RMRR) of this device may be unknown"));
}

static void a_table_without_units_says_so(void **state)
{
	(void)state;
	begin(FAKE_VTD_CAP, FAKE_VTD_ECAP);
	dmar_begin(48, DMAR_INTR_REMAP);
	assert_int_equal(iommu_init(dmar_table(), &why), ERR_NOT_FOUND);
	assert_true(why_says("DRHD"));
}

static void more_units_than_we_hold_close_the_catch_all(void **state)
{
	(void)state;
	begin(FAKE_VTD_CAP, FAKE_VTD_ECAP);
	dmar_begin(48, DMAR_INTR_REMAP);
	dmar_drhd(DRHD_INCLUDE_ALL, 0, UNIT_BASE);
	for (unsigned i = 0; i < 40; i++)
		dmar_drhd(0, 0, 0xfe000000 + i * 0x1000ull);
	init();
	iommu_enable(false, &why);
	assert_int_equal(iommu_check(PF, &why), ERR_REFUSED);
	assert_true(why_says("more units"));
}

static void more_scopes_than_we_hold_close_the_catch_all(void **state)
{
	(void)state;
	begin(FAKE_VTD_CAP, FAKE_VTD_ECAP);
	dmar_begin(48, DMAR_INTR_REMAP);
	dmar_drhd(DRHD_INCLUDE_ALL, 0, UNIT_BASE);
	for (unsigned i = 0; i < 300; i++)
		SCOPE(SCOPE_EP, 0, (u8)(i & 0x7f), DF(30, 0));
	init();
	iommu_enable(false, &why);
	assert_int_equal(iommu_check(PF, &why), ERR_REFUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(explicit_scopes_come_before_include_all),
		cmocka_unit_test(an_endpoint_below_a_bridge_of_another_unit_keeps_its_own),
		cmocka_unit_test(a_path_is_walked_through_the_secondary_buses),
		cmocka_unit_test(the_nearest_bridge_wins),
		cmocka_unit_test(the_nearest_bridge_wins_in_any_order),
		cmocka_unit_test(a_vf_has_the_unit_of_its_pf_even_on_another_bus),
		cmocka_unit_test(a_function_that_no_unit_names_is_refused_not_a_panic),
		cmocka_unit_test(units_of_other_segments_are_other_units),
		cmocka_unit_test(scopes_are_told_in_words),
		cmocka_unit_test(structures_that_we_do_not_need_are_skipped),
		cmocka_unit_test(a_reserved_region_refuses_its_device_and_names_the_range),
		cmocka_unit_test(
			a_reserved_region_below_a_bridge_refuses_vfs_too_but_one_of_the_pf_does_not),
		cmocka_unit_test(sixteen_mutations_never_make_a_device_look_protected),
		cmocka_unit_test(truncation_at_every_length_is_survived),
		cmocka_unit_test(what_follows_an_overrun_may_have_been_a_reserved_region),
		cmocka_unit_test(a_table_without_units_says_so),
		cmocka_unit_test(more_units_than_we_hold_close_the_catch_all),
		cmocka_unit_test(more_scopes_than_we_hold_close_the_catch_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
