/* SPDX-License-Identifier: GPL-2.0-only */
/* A VM is created whole or not at all, and when it ends nothing of it is left (S16, S22). */
#include <string.h>

#include "base/pool.h"
#include "life/life.h"

static struct vm *vm;

static int setup(void **state)
{
	vm = &vms[0];
	return life_setup(state);
}

static void nothing_is_left(u64 pages)
{
	assert_int_equal(life_pages(), pages);
	assert_int_equal(life.assigned, 0);
	assert_null(vm->ram);
	assert_null(vm->ept_root);
	assert_null(vm->devices);
	assert_int_equal(vm->ept_pages, 0);
	for (unsigned i = 0; i < CONFIG_VCPUS_PER_VM; i++)
		assert_null(vm->vcpu[i]);
	for (unsigned i = 0; i < LIFE_CORES; i++)
		assert_int_equal(cpus[i].vcpus, 0);
}

/* As its vCPUs and the boot core do it. */
static void end_it(s64 status)
{
	vm_end(vm, status, "the test says so");
	vm->live_vcpus = 0;
	vm_service(vm);
}

static void a_vm_has_memory_kernel_vcpus_and_vfs_when_it_is_ready(void **state)
{
	(void)state;
	hpa_t to;
	unsigned prot;

	assert_int_equal(vm_create(&life.wish), OK);
	assert_int_equal(vm->state, VM_READY);
	assert_int_equal(vm->ram_bytes, 4 * MiB);
	assert_true(ept_translate(vm, gpa(4 * MiB - 1), &to, &prot));
	assert_int_equal(to.v, pool_hpa(vm->ram).v + 4 * MiB - 1);
	assert_int_equal(prot, EPT_READ | EPT_WRITE | EPT_EXEC);
	assert_false(ept_translate(vm, gpa(4 * MiB), &to, NULL));
	assert_int_equal(vm->vcpu[0]->state, VCPU_READY);
	assert_int_equal(vm->vcpu[0]->start.rip, MiB);
	assert_int_equal(vm->vcpu[1]->state, VCPU_WAIT_SIPI);
	assert_ptr_not_equal(vm->vcpu[0]->core, vm->vcpu[1]->core);
	/* The kernel is in before a device could write over it. */
	assert_true(life_note(NOTE_LOAD) < life_note(NOTE_ASSIGN));
}

static void whatever_fails_while_it_is_built_leaves_nothing_and_names_the_vm(void **state)
{
	unsigned k = 1;

	for (;; k++) {
		setup(state);
		fake_fail_step(k);
		vm_create(&life.wish);
		vm_service(vm);
		if (!fake_step_failed())
			break;
		if (vm->state == VM_RUNNING) { /* without its console it runs all the same */
			assert_true(fake_log_contains("its output is not kept"));
			end_it(0);
			nothing_is_left(0);
			continue;
		}
		assert_int_equal(vm->state, VM_REFUSED);
		assert_true(vm->torn_down);
		assert_int_equal(vm->exit_status, VM_STATUS_NOT_STARTED);
		assert_int_not_equal(vm->refusal.code, OK);
		assert_string_equal(vm->end_text, vm->refusal.text);
		assert_true(vm->refusal.text[0]);
		assert_true(fake_log_contains("VM a is not started"));
		/* A VF's refusal has been told by who refused it. */
		assert_true(fake_log_contains(life.refusals ? "see above" : vm->refusal.text));
		nothing_is_left(0);
	}
	/* Console, RAM, EPT root and 3 tables, devices, kernel, 2 vCPUs of 3 pieces, VFs twice. */
	assert_true(k > 13);
}

static void what_failed_once_can_be_started_again(void **state)
{
	struct why why;

	for (unsigned k = 2;; k++) {
		setup(state);
		fake_fail_step(k);
		(void)vm_create(&life.wish);
		vm_service(vm);
		if (!fake_step_failed())
			return;
		assert_int_equal(vm_start_again(vm, &why), OK);
		assert_int_equal(vm->state, VM_RUNNING);
		assert_int_equal(vm->refusal.code, OK);
		end_it(0);
		nothing_is_left(0);
	}
}

static void a_vm_that_ends_gives_its_vfs_back_before_its_memory(void **state)
{
	(void)state;
	assert_int_equal(vm_create(&life.wish), OK);
	vm_service(vm);
	u8 *ram = vm->ram;

	memset(ram, 'x', 4 * MiB);
	end_it(7);
	assert_int_equal(vm->exit_status, 7);
	assert_true(life_note(NOTE_RELEASE) >= 0);
	nothing_is_left(0);
	/* And the next one gets none of what was in it. */
	u8 *again = pool_alloc(POOL_GUEST, 4 * MiB / PAGE_SIZE, 2 * MiB);

	assert_ptr_equal(again, ram);
	for (u64 i = 0; i < 4 * MiB; i++)
		assert_int_equal(again[i], 0);
	pool_free(POOL_GUEST, again, 4 * MiB / PAGE_SIZE);
}

static void
ram_that_a_device_may_still_reach_is_not_given_back_and_the_next_life_has_its_own(void **state)
{
	(void)state;
	assert_int_equal(vm_create(&life.wish), OK);
	vm_service(vm);
	life.leaks = true;
	end_it(0);
	assert_int_equal(pool_used(POOL_GUEST), 4 * MiB / PAGE_SIZE);
	assert_int_equal(pool_used(POOL_VM), 0);
	life.leaks = false;
	assert_int_equal(vm_start_again(vm, NULL), OK);
	assert_int_equal(pool_used(POOL_GUEST), 2 * 4 * MiB / PAGE_SIZE);
	end_it(0);
	assert_int_equal(pool_used(POOL_GUEST), 4 * MiB / PAGE_SIZE);
}

static void only_the_first_end_counts(void **state)
{
	(void)state;
	assert_int_equal(vm_create(&life.wish), OK);
	vm_service(vm);
	vm_end(vm, 3, "first");
	vm_end(vm, 0, "second");
	assert_int_equal(vm->exit_status, 3);
	assert_string_equal(vm->end_text, "first");
}

static void a_vm_is_not_started_again_while_it_runs_or_is_taken_down(void **state)
{
	(void)state;
	struct why why;

	assert_int_equal(vm_create(&life.wish), OK);
	vm_service(vm);
	assert_int_equal(vm_start_again(vm, &why), ERR_BUSY);
	assert_non_null(strstr(why.text, "VM a is running: stop it first"));
	vm_end(vm, 0, "over");
	assert_int_equal(vm_start_again(vm, &why), ERR_BUSY);
	assert_non_null(strstr(why.text, "still being taken down"));
}

static void ten_thousand_lives_leave_the_pool_as_it_was(void **state)
{
	(void)state;
	assert_int_equal(vm_create(&life.wish), OK);
	vm_service(vm);
	for (unsigned i = 0; i < 10000; i++) {
		end_it(0);
		nothing_is_left(0);
		assert_int_equal(vm_start_again(vm, NULL), OK);
		fake_events_clear();
		fake_log_clear();
	}
	assert_int_equal(vm->starts, 10001);
}

static void
what_coppice_cfg_has_wrong_or_the_machine_lacks_is_said_before_anything_is_built(void **state)
{
	static const struct {
		bool broken, direct, no_vtx;
		const char *words;
	} cases[] = {
		{ .broken = true, .words = "line 5 of coppice.cfg has an error" },
		{ .direct = true, .words = "irq=direct is not built yet" },
		{ .no_vtx = true, .words = "VT-x is not there" },
	};

	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		setup(state);
		life.wish.line = 5;
		life.wish.broken = cases[i].broken;
		life.wish.irq = cases[i].direct ? IRQ_DIRECT : IRQ_FORWARD;
		cpus[0].vmx = !cases[i].no_vtx;
		assert_int_not_equal(vm_create(&life.wish), OK);
		assert_non_null(strstr(vm->end_text, cases[i].words));
		assert_int_equal(life_note(NOTE_LOAD), -1);
		nothing_is_left(0);
	}
}

static void more_memory_than_there_is_is_answered_with_what_there_is(void **state)
{
	(void)state;
	life.wish.mem = 64 * MiB;
	assert_int_equal(vm_create(&life.wish), ERR_NO_MEMORY);
	assert_non_null(strstr(vm->end_text, "mem=64M does not fit: 16 MiB are free in all"));
	nothing_is_left(0);
}

static void a_core_takes_no_more_vcpus_than_its_turns_allow(void **state)
{
	(void)state;
	cpus[LIFE_CORES - 1].vcpus = VCPUS_PER_CORE;
	assert_int_equal(vm_create(&life.wish), ERR_NO_SPACE);
	assert_non_null(strstr(vm->end_text, "core 2 has 64 vCPUs already"));
	assert_int_equal(life_pages(), 0);
}

/* --- its VFs are being reset --- */

static void a_vm_runs_when_its_vfs_have_been_reset_and_nobody_waits_for_that(void **state)
{
	(void)state;
	struct why why;

	life.resetting = true;
	assert_int_equal(vm_create(&life.wish), OK);
	for (unsigned tick = 0; tick < 10; tick++)
		vm_service(vm);
	assert_int_equal(vm->state, VM_READY);
	assert_int_equal(vm_start_again(vm, &why), ERR_BUSY);
	assert_non_null(strstr(why.text, "VM a is ready: stop it first"));
	life.resetting = false;
	vm_service(vm);
	assert_int_equal(vm->state, VM_RUNNING);
	assert_true(life_note(NOTE_ASSIGN) < life_note(NOTE_FINISH));
}

static void the_memory_of_a_vm_waits_for_the_resets_of_its_vfs(void **state)
{
	(void)state;
	struct why why;

	assert_int_equal(vm_create(&life.wish), OK);
	vm_service(vm);
	life.resetting = true;
	end_it(7);
	for (unsigned tick = 0; tick < 10; tick++)
		vm_service(vm);
	assert_false(vm->torn_down);
	assert_int_equal(pool_used(POOL_GUEST), 4 * MiB / PAGE_SIZE);
	assert_false(fake_log_contains("VM a ended"));
	assert_int_equal(vm_start_again(vm, &why), ERR_BUSY);
	life.resetting = false;
	vm_service(vm);
	assert_true(vm->torn_down);
	assert_true(fake_log_contains("VM a ended with status 7"));
	nothing_is_left(0);
}

static void a_vm_that_starts_may_be_stopped_and_never_runs(void **state)
{
	(void)state;
	life.resetting = true;
	assert_int_equal(vm_create(&life.wish), OK);
	vm_stop(vm);
	assert_int_equal(vm->state, VM_ENDED);
	vm_service(vm);
	assert_false(vm->torn_down);
	life.resetting = false;
	vm_service(vm);
	assert_int_equal(life_note(NOTE_FINISH), -1);
	assert_int_equal(vm->starts, 0);
	nothing_is_left(0);
	assert_int_equal(vm_start_again(vm, NULL), OK);
	assert_int_equal(vm->state, VM_RUNNING);
}

static void a_refused_vm_keeps_its_memory_until_its_vfs_have_been_reset_again(void **state)
{
	(void)state;
	struct why why;

	life.resetting = true;
	assert_int_equal(vm_create(&life.wish), OK);
	life.resetting = false;
	fake_fail_step(1);
	/* Those that were given before the one that failed are on their way back now. */
	life.resets_at_release = true;
	vm_service(vm);
	assert_int_equal(vm->state, VM_REFUSED);
	assert_false(vm->torn_down);
	assert_int_equal(pool_used(POOL_GUEST), 4 * MiB / PAGE_SIZE);
	assert_int_equal(vm_start_again(vm, &why), ERR_BUSY);
	assert_non_null(strstr(why.text, "still being taken down"));
	life.resetting = false;
	vm_service(vm);
	assert_true(vm->torn_down);
	nothing_is_left(0);
	assert_int_equal(vm_start_again(vm, &why), OK);
}

static void a_restart_is_complete_when_the_resets_at_both_ends_are(void **state)
{
	(void)state;
	assert_int_equal(vm_create(&life.wish), OK);
	vm_service(vm);
	life.resetting = true;
	vm_restart(vm, "the guest");
	vm->live_vcpus = 0;
	vm_service(vm);
	assert_int_equal(vm->state, VM_ENDED);
	life.resetting = false;
	vm_service(vm); /* down, built again, and in this test its VFs need no time */
	assert_int_equal(vm->state, VM_RUNNING);
	assert_int_equal(vm->starts, 2);
	assert_true(fake_log_contains("VM a runs again (start 2)"));
	end_it(0);
	assert_int_equal(vm->starts, 2); /* once */
	nothing_is_left(0);
}

static void a_restart_may_be_called_off_by_a_stop_or_asked_for_before_the_vm_runs(void **state)
{
	(void)state;
	life.resetting = true;
	assert_int_equal(vm_create(&life.wish), OK);
	vm_restart(vm, "the monitor");
	vm_stop(vm);
	life.resetting = false;
	vm_service(vm);
	vm_service(vm);
	assert_int_equal(vm->state, VM_ENDED);
	nothing_is_left(0);
	setup(state);
	life.resetting = true;
	assert_int_equal(vm_create(&life.wish), OK);
	vm_restart(vm, "the monitor");
	life.resetting = false;
	vm_service(vm);
	assert_int_equal(vm->state, VM_RUNNING);
	assert_int_equal(vm->starts, 1);
}

static void a_restart_that_is_refused_is_not_tried_for_ever(void **state)
{
	(void)state;
	assert_int_equal(vm_create(&life.wish), OK);
	vm_service(vm);
	vm_restart(vm, "the guest");
	vm->live_vcpus = 0;
	fake_fail_step(1);
	vm_service(vm);
	assert_int_equal(vm->state, VM_REFUSED);
	for (unsigned tick = 0; tick < 10; tick++)
		vm_service(vm);
	assert_int_equal(vm->state, VM_REFUSED);
	nothing_is_left(0);
}

static void a_vm_may_be_destroyed_at_any_time_and_is_forgotten_when_all_is_back(void **state)
{
	enum {
		STARTING,
		RUNNING,
		RESTARTING,
		DOWN,
		TIMES
	};

	for (unsigned when = 0; when < TIMES; when++) {
		setup(state);
		life.resetting = when == STARTING;
		assert_int_equal(vm_create(&life.wish), OK);
		vm_service(vm);
		if (when == RESTARTING)
			vm_restart(vm, "the guest");
		if (when == DOWN)
			end_it(0);
		life.resetting = when != DOWN;
		vm_destroy(vm);
		vm->live_vcpus = 0;
		vm_service(vm);
		assert_int_equal(vm->destroyed, when == DOWN);
		assert_int_equal(life_note(NOTE_FORGET) >= 0, when == DOWN);
		life.resetting = false;
		vm_service(vm);
		vm_service(vm);
		assert_true(vm->destroyed);
		assert_int_equal(vm->state, VM_ENDED);
		nothing_is_left(0);
	}
}

#define T(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_vm_has_memory_kernel_vcpus_and_vfs_when_it_is_ready),
		T(whatever_fails_while_it_is_built_leaves_nothing_and_names_the_vm),
		T(what_failed_once_can_be_started_again),
		T(a_vm_that_ends_gives_its_vfs_back_before_its_memory),
		T(ram_that_a_device_may_still_reach_is_not_given_back_and_the_next_life_has_its_own),
		T(only_the_first_end_counts),
		T(a_vm_is_not_started_again_while_it_runs_or_is_taken_down),
		T(ten_thousand_lives_leave_the_pool_as_it_was),
		T(what_coppice_cfg_has_wrong_or_the_machine_lacks_is_said_before_anything_is_built),
		T(more_memory_than_there_is_is_answered_with_what_there_is),
		T(a_vm_runs_when_its_vfs_have_been_reset_and_nobody_waits_for_that),
		T(the_memory_of_a_vm_waits_for_the_resets_of_its_vfs),
		T(a_vm_that_starts_may_be_stopped_and_never_runs),
		T(a_refused_vm_keeps_its_memory_until_its_vfs_have_been_reset_again),
		T(a_restart_is_complete_when_the_resets_at_both_ends_are),
		T(a_restart_may_be_called_off_by_a_stop_or_asked_for_before_the_vm_runs),
		T(a_restart_that_is_refused_is_not_tried_for_ever),
		T(a_vm_may_be_destroyed_at_any_time_and_is_forgotten_when_all_is_back),
		T(a_core_takes_no_more_vcpus_than_its_turns_allow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
