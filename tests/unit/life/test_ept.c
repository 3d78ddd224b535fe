/* SPDX-License-Identifier: GPL-2.0-only */
/* EPT maps what it was told and nothing else, with leaves that CPU and alignment allow, and an
 * unmapped page is out of every core's reach when ept_unmap() returns (S13, S24). */
#include <string.h>

#include "base/pool.h"
#include "life/life.h"

#define RWX         (EPT_READ | EPT_WRITE | EPT_EXEC)
#define ENTRY_LARGE (1ull << 7)
#define ENTRY_TYPE  (7ull << 3)
#define TYPE_WB     (6ull << 3)
#define HOST        0x100000000ull /* aligned to 1 GiB */

static struct vm *vm = &vms[0];
static struct why why;

static int setup(void **state)
{
	life_setup(state);
	memset(&why, 0, sizeof(why));
	vm_count = 1;
	vm->cpus = 0;
	assert_int_equal(ept_create(vm, &why), OK);
	return 0;
}

/* Walks by the manual (SDM Vol. 3C 29.3.2) and not by ept.c; 0: not present. */
static u64 entry_of(u64 at, unsigned *level)
{
	const u64 *table = vm->ept_root;

	for (*level = 4;; --*level) {
		u64 entry = table[at >> (12 + 9 * (*level - 1)) & 511];

		if (!(entry & 7))
			return 0;
		if (*level == 1 || entry & ENTRY_LARGE)
			return entry;
		table = pool_va(hpa(entry & 0xffffffffff000ull));
	}
}

static unsigned level_at(u64 at)
{
	unsigned level;

	return entry_of(at, &level) ? level : 0;
}

static bool leads_to(u64 at, u64 host)
{
	hpa_t to;

	return ept_translate(vm, gpa(at), &to, NULL) && to.v == host;
}

static void leaves_are_as_large_as_alignment_allows(void **state)
{
	(void)state;
	assert_int_equal(ept_map(vm, gpa(0), hpa(HOST), GiB + 2 * MiB + PAGE_SIZE, RWX, false,
				 &why),
			 OK);
	assert_int_equal(level_at(0), 3);
	assert_int_equal(level_at(GiB), 2);
	assert_int_equal(level_at(GiB + 2 * MiB), 1);
	assert_int_equal(level_at(GiB + 2 * MiB + PAGE_SIZE), 0);
	assert_true(leads_to(GiB - 1, HOST + GiB - 1));
	assert_true(leads_to(GiB + 2 * MiB + 5, HOST + GiB + 2 * MiB + 5));
	/* Host addresses that are not aligned alike get small ones. */
	assert_int_equal(ept_map(vm, gpa(4 * GiB), hpa(HOST + PAGE_SIZE), 2 * MiB, RWX, false,
				 &why),
			 OK);
	assert_int_equal(level_at(4 * GiB), 1);
}

static void leaves_are_no_larger_than_the_cpu_can_walk(void **state)
{
	(void)state;
	vmx_controls.ept_1g = false;
	assert_int_equal(ept_map(vm, gpa(0), hpa(HOST), GiB, RWX, false, &why), OK);
	assert_int_equal(level_at(0), 2);
	vmx_controls.ept_2m = false;
	assert_int_equal(ept_map(vm, gpa(GiB), hpa(HOST), 2 * MiB, RWX, false, &why), OK);
	assert_int_equal(level_at(GiB), 1);
}

static void permissions_and_memory_type_are_those_that_were_asked_for(void **state)
{
	(void)state;
	unsigned level, prot;
	hpa_t to;

	assert_int_equal(ept_map(vm, gpa(0), hpa(HOST), PAGE_SIZE, EPT_READ, false, &why), OK);
	assert_int_equal(ept_map(vm, gpa(PAGE_SIZE), hpa(HOST), PAGE_SIZE, EPT_READ | EPT_WRITE,
				 true, &why),
			 OK);
	assert_int_equal(entry_of(0, &level) & ENTRY_TYPE, TYPE_WB);
	assert_int_equal(entry_of(PAGE_SIZE, &level) & ENTRY_TYPE, 0);
	assert_true(ept_translate(vm, gpa(0), &to, &prot));
	assert_int_equal(prot, EPT_READ);
	assert_true(ept_translate(vm, gpa(PAGE_SIZE), &to, &prot));
	assert_int_equal(prot, EPT_READ | EPT_WRITE);
}

static void nonsense_is_refused_by_name(void **state)
{
	(void)state;
	static const struct {
		u64 at, to, size;
	} bad[] = {
		{ 1, HOST, PAGE_SIZE },
		{ 0, HOST + 8, PAGE_SIZE },
		{ 0, HOST, 100 },
		{ 0, HOST, 0 },
		{ 1ull << 48, HOST, PAGE_SIZE },
		{ (1ull << 48) - PAGE_SIZE, HOST, 2 * PAGE_SIZE },
	};

	for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(ept_map(vm, gpa(bad[i].at), hpa(bad[i].to), bad[i].size, RWX,
					 false, &why),
				 ERR_INVALID);
		assert_non_null(strstr(why.text, "whole pages below 2^48 only"));
	}
	assert_int_equal(vm->ept_pages, 1);
	assert_false(ept_translate(vm, gpa(1ull << 48), &(hpa_t){ 0 }, NULL));
}

static void mapping_over_a_mapping_changes_nothing(void **state)
{
	(void)state;
	assert_int_equal(ept_map(vm, gpa(4 * MiB), hpa(HOST), 2 * MiB, RWX, false, &why), OK);
	assert_int_equal(ept_map(vm, gpa(6 * MiB), hpa(HOST), PAGE_SIZE, RWX, false, &why), OK);
	/* Across a large leaf, and across a small one. */
	assert_int_not_equal(ept_map(vm, gpa(4 * MiB - PAGE_SIZE), hpa(2 * HOST), 2 * PAGE_SIZE,
				     RWX, false, &why),
			     OK);
	assert_int_not_equal(ept_map(vm, gpa(6 * MiB - 0), hpa(2 * HOST), 2 * PAGE_SIZE, RWX, false,
				     &why),
			     OK);
	assert_int_not_equal(ept_map(vm, gpa(0), hpa(2 * HOST), GiB, RWX, false, &why), OK);
	assert_int_equal(level_at(4 * MiB - PAGE_SIZE), 0);
	assert_int_equal(level_at(6 * MiB + PAGE_SIZE), 0);
	assert_true(leads_to(4 * MiB, HOST) && leads_to(6 * MiB, HOST));
}

static void no_memory_at_any_step_maps_nothing_and_loses_no_page(void **state)
{
	for (unsigned k = 1;; k++) {
		setup(state);
		fake_fail_step(k);
		enum err e = ept_map(vm, gpa(512 * GiB - PAGE_SIZE), hpa(HOST), 2 * PAGE_SIZE, RWX,
				     false, &why);

		assert_int_equal(e, fake_step_failed() ? ERR_NO_MEMORY : OK);
		if (e != OK) {
			assert_int_equal(level_at(512 * GiB - PAGE_SIZE), 0);
			assert_int_equal(level_at(512 * GiB), 0);
		}
		assert_int_equal(pool_used(POOL_VM), vm->ept_pages);
		ept_destroy(vm);
		assert_int_equal(pool_used(POOL_VM), 0);
		assert_int_equal(vm->ept_pages, 0);
		if (e == OK) {
			assert_int_equal(k, 7); /* two branches of three tables */
			return;
		}
	}
}

static void what_is_unmapped_is_flushed_on_every_core_of_the_vm_before_it_returns(void **state)
{
	(void)state;
	struct vcpu v[2] = { { .core = &cpus[0] }, { .core = &cpus[2] } };

	vm->cpus = 2;
	vm->vcpu[0] = &v[0];
	vm->vcpu[1] = &v[1];
	assert_int_equal(ept_map(vm, gpa(0), hpa(HOST), 4 * PAGE_SIZE, RWX, false, &why), OK);
	assert_int_equal(life_note(NOTE_KICK), -1); /* what was not there is not cached */
	ept_unmap(vm, gpa(PAGE_SIZE), 2 * PAGE_SIZE);
	assert_true(leads_to(0, HOST) && leads_to(3 * PAGE_SIZE, HOST + 3 * PAGE_SIZE));
	assert_int_equal(level_at(PAGE_SIZE), 0);
	assert_int_equal(level_at(2 * PAGE_SIZE), 0);
	assert_int_equal(cpus[0].ept_generation[0], vm->ept_generation);
	assert_int_equal(cpus[2].ept_generation[0], vm->ept_generation);
	assert_int_not_equal(cpus[1].ept_generation[0],
			     vm->ept_generation); /* has none of its vCPUs */
	fake_events_clear();
	ept_unmap(vm, gpa(PAGE_SIZE), 2 * PAGE_SIZE);
	assert_int_equal(life_note(NOTE_KICK), -1); /* nothing was there any more */
	vm->cpus = 0;
}

static void a_core_that_is_busy_for_long_stops_neither_the_vm_nor_the_hypervisor(void **state)
{
	(void)state;
	struct vcpu v = { .core = &cpus[2] };

	vm->cpus = 1;
	vm->vcpu[0] = &v;
	assert_int_equal(ept_map(vm, gpa(0), hpa(HOST), PAGE_SIZE, RWX, false, &why), OK);
	life.deaf = true;
	ept_unmap(vm, gpa(0), PAGE_SIZE);
	assert_int_equal(level_at(0), 0);
	assert_true(fake_log_contains("a core has been busy for 5 s"));
	/* It still has to. */
	assert_true(cpus[2].ept_generation[0] < vm->ept_generation);
	vm->cpus = 0;
}

#define PAGES  64u
#define ROUNDS 10000u

/* Any order of maps and unmaps against a plain array. */
static void it_agrees_with_a_plain_array(void **state)
{
	(void)state;
	u64 model[PAGES] = { 0 }, seed = 1;

	for (unsigned round = 0; round < ROUNDS; round++) {
		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		unsigned first = seed >> 33 & (PAGES - 1), count = 1 + (seed >> 40 & 7);
		bool free = true;

		count = MIN(count, PAGES - first);
		for (unsigned i = first; i < first + count; i++)
			free &= !model[i];
		if (seed >> 60 & 1) {
			ept_unmap(vm, gpa(first * PAGE_SIZE), count * PAGE_SIZE);
			memset(model + first, 0, count * sizeof(model[0]));
		} else {
			u64 to = HOST + (seed >> 50 & 255) * PAGE_SIZE;

			assert_int_equal(ept_map(vm, gpa(first * PAGE_SIZE), hpa(to),
						 count * PAGE_SIZE, RWX, false, &why) == OK,
					 free);
			for (unsigned i = 0; free && i < count; i++)
				model[first + i] = to + i * PAGE_SIZE;
		}
		for (unsigned i = 0; i < PAGES; i++)
			assert_true(model[i] ? leads_to(i * PAGE_SIZE, model[i])
					     : !level_at(i * PAGE_SIZE));
	}
	ept_destroy(vm);
	assert_int_equal(pool_used(POOL_VM), 0);
}

#define T(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(leaves_are_as_large_as_alignment_allows),
		T(leaves_are_no_larger_than_the_cpu_can_walk),
		T(permissions_and_memory_type_are_those_that_were_asked_for),
		T(nonsense_is_refused_by_name),
		T(mapping_over_a_mapping_changes_nothing),
		T(no_memory_at_any_step_maps_nothing_and_loses_no_page),
		T(what_is_unmapped_is_flushed_on_every_core_of_the_vm_before_it_returns),
		T(a_core_that_is_busy_for_long_stops_neither_the_vm_nor_the_hypervisor),
		T(it_agrees_with_a_plain_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
