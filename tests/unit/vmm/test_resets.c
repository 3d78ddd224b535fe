/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Resets that are under way: the guest's own, those at the start and at the end of a VM, and what
 * may come between start and verification.
 */
#include <string.h>

#include "base/pool.h"
#include "vmm/world.h"

#define DEV1       (1 << 3)
#define DEV2       (2 << 3)
#define COMMAND    4
#define MSIX_FLAGS 0x72
#define DEVCTL     0xa8
#define FLR        0x8000
#define ALL_ONES   0xffffffffu

static struct vm *a, *b;
static struct why why;

static int setup(void **state)
{
	memset(&why, 0, sizeof(why));
	world_setup(state);
	a = world_vm(0);
	b = world_vm(1);
	world_wish(0, "igb0", 0);
	world_wish(0, "igb0", 1);
	return 0;
}

/* VM a runs and uses its first VF. */
static int setup_running(void **state)
{
	setup(state);
	world_assign(0);
	vpci_write(a, DEV1, COMMAND, 2, 6);
	a->vf[0]->shadow.entry[0] = (struct msix_shadow_entry){ 0xfee00000, 0x45, 0 };
	vpci_write(a, DEV1, MSIX_FLAGS, 2, 0x8000);
	assert_int_equal(irq_route_count(), 1);
	assert_non_null(world_ept(GUEST_MMIO_BASE));
	fake_events_clear();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	assert_int_equal(world.early, 0);
	return 0;
}

static void reset_by_guest(struct vm *vm, u8 devfn)
{
	vpci_write(vm, devfn, DEVCTL, 2, FLR);
}

static unsigned flrs(unsigned n)
{
	unsigned count = 0;
	for (unsigned i = 0; i < fake_event_count(); i++) {
		const struct fake_event *e = fake_event(i);
		count += e->kind == FAKE_NOTE && e->address == NOTE_FLR &&
			 e->value == world.vf[n].rid.id;
	}
	return count;
}

/* The world has one EPT for all; that of VM a goes with it. */
static void give_to_b(void)
{
	world.mappings = 0;
	world_assign(1);
}

static void expect_states(enum vf_state first, enum vf_state second)
{
	assert_int_equal(world.vf[0].state, first);
	assert_int_equal(world.vf[1].state, second);
}

/* --- the guest's own --- */

static void while_a_guest_resets_its_vf_it_is_not_there_and_nobody_waits(void **state)
{
	(void)state;
	u64 before = fake_time_now();
	reset_by_guest(a, DEV1);
	assert_true(fake_time_now() - before < NS_PER_MS);
	expect_states(VF_RESETTING, VF_ASSIGNED);
	assert_int_equal(world_config16(0, COMMAND), 0);
	assert_int_equal(irq_route_count(), 0);
	assert_null(world_ept(GUEST_MMIO_BASE));
	for (unsigned tick = 0; tick < 9; tick++) {
		vpci_write(a, DEV1, COMMAND, 2, 6);
		assert_int_equal(vpci_read(a, DEV1, 0, 4), ALL_ONES);
		assert_int_equal(vpci_read(a, DEV1, COMMAND, 2), 0xffff);
		assigned_vf_msix_changed(a, a->vf[0], 0);
		assert_false(shared_page_doorbell(a, 0));
		guest_resets_service();
		throttle_service();
		fake_time_advance(WORLD_TICK_NS);
	}
	expect_states(VF_RESETTING, VF_ASSIGNED);
	assert_int_equal(world_note(0, NOTE_REOPEN), -1);
	assert_null(world_ept(GUEST_MMIO_BASE));
	assert_int_equal(irq_route_count(), 0);
	assert_int_equal(vpci_read(a, DEV2, 0, 4), 0x10ca8086); /* the other one */
	assert_int_equal(a->vf[0]->generation, 1);
}

static void a_guest_that_looks_after_100_ms_finds_its_vf_as_after_power_on(void **state)
{
	(void)state;
	reset_by_guest(a, DEV1);
	fake_time_advance(WORLD_FLR_NS);
	assert_int_equal(vpci_read(a, DEV1, 0, 4), 0x10ca8086);
	assert_int_equal(vpci_read(a, DEV1, COMMAND, 2), 0);
	assert_int_equal(vpci_read(a, DEV1, MSIX_FLAGS, 2) & 0x8000, 0);
	assert_true(world_note(0, NOTE_FLR) < world_note(0, NOTE_REOPEN));
	assert_int_equal(flrs(0), 1);
	vpci_write(a, DEV1, COMMAND, 2, 6);
	assert_non_null(world_ept(GUEST_MMIO_BASE));
	assert_int_equal(world_config16(0, COMMAND), 6);
	assert_int_equal(world.vf[0].generation, 1); /* the same assignment */
}

static void the_service_tick_brings_it_back_for_guests_that_do_not_look(void **state)
{
	(void)state;
	reset_by_guest(a, DEV1);
	for (unsigned tick = 0; tick < 11; tick++) {
		guest_resets_service();
		fake_time_advance(WORLD_TICK_NS);
	}
	guest_resets_service();
	expect_states(VF_ASSIGNED, VF_ASSIGNED);
	assert_int_equal(world_config16(0, COMMAND), 2); /* decode on, as ever */
}

static void a_locked_vm_is_looked_at_the_next_time(void **state)
{
	(void)state;
	reset_by_guest(a, DEV1);
	fake_time_advance(WORLD_FLR_NS);
	vm_lock(a);
	guest_resets_service();
	expect_states(VF_RESETTING, VF_ASSIGNED);
	vm_unlock(a);
	guest_resets_service();
	expect_states(VF_ASSIGNED, VF_ASSIGNED);
}

static void a_second_flr_while_the_first_goes_on_changes_nothing(void **state)
{
	(void)state;
	reset_by_guest(a, DEV1);
	reset_by_guest(a, DEV1);
	assert_int_equal(flrs(0), 1);
	fake_time_advance(WORLD_FLR_NS);
	reset_by_guest(a, DEV1); /* over: this one counts */
	assert_int_equal(flrs(0), 2);
	assert_int_equal(vpci_read(a, DEV1, 0, 4), ALL_ONES);
}

/* --- the VM ends meanwhile --- */

static void a_vm_that_ends_while_its_guest_resets_a_vf_waits_for_that_reset(void **state)
{
	(void)state;
	reset_by_guest(a, DEV1);
	fake_time_advance(WORLD_FLR_NS / 2);
	a->state = VM_ENDED;
	assert_false(release_all(a));
	expect_states(VF_RESETTING, VF_RESETTING);
	assert_ptr_equal(world.vf[0].owner, a);
	fake_time_advance(WORLD_FLR_NS / 2 + WORLD_TICK_NS);
	guest_resets_service();       /* not its business any more */
	assert_false(release_all(a)); /* the first is over, the second is not */
	expect_states(VF_RESETTING, VF_RESETTING);
	assert_int_equal(world_note(0, NOTE_DOMAIN_DESTROY), -1);
	fake_time_advance(WORLD_FLR_NS / 2);
	assert_true(release_all(a));
	expect_states(VF_PARKED, VF_PARKED);
	assert_int_equal(flrs(0), 1);
	assert_int_equal(flrs(1), 1);
	assert_int_equal(world_note(0, NOTE_REOPEN), -1); /* wiped, not given back */
	int flr = world_note(0, NOTE_FLR), park = world_note(0, NOTE_ATTACH),
	    wipe = world_note(0, NOTE_WIPE), domain = world_note(0, NOTE_DOMAIN_DESTROY);
	assert_true(flr >= 0 && flr < park && park < wipe && wipe < domain);
	assert_false(a->ram_leaked);
}

static void if_that_reset_fails_the_vf_is_quarantined_and_the_others_are_free(void **state)
{
	(void)state;
	world.flr_ns[0] = WORLD_NEVER;
	reset_by_guest(a, DEV1);
	a->state = VM_ENDED;
	world_release(0);
	expect_states(VF_QUARANTINED, VF_PARKED);
	assert_null(world.vf[0].owner);
	assert_int_equal(world_note(0, NOTE_REOPEN), -1);
	assert_false(a->ram_leaked);
}

static void a_vf_that_came_back_before_the_end_is_reset_once_more(void **state)
{
	(void)state;
	reset_by_guest(a, DEV1);
	fake_time_advance(WORLD_FLR_NS);
	guest_resets_service();
	a->state = VM_ENDED;
	world_release(0);
	expect_states(VF_PARKED, VF_PARKED);
	assert_int_equal(flrs(0), 2); /* the guest has had it in its hands again */
}

/* --- all of a VM together --- */

static void the_vfs_of_a_vm_are_taken_back_during_one_wait(void **state)
{
	(void)state;
	u64 before = fake_time_now();
	world_release(0);
	expect_states(VF_PARKED, VF_PARKED);
	assert_true(fake_time_now() - before < WORLD_FLR_NS + 2 * WORLD_TICK_NS);
	/* The second reset was started before anything of the first was judged. */
	int first = world_note(0, NOTE_FLR), second = world_note((unsigned)first + 1, NOTE_FLR);
	assert_true(second > first && second < world_note(0, NOTE_ATTACH));
}

static void the_vfs_of_a_vm_are_given_during_one_wait(void **state)
{
	(void)state;
	u64 before = fake_time_now();
	world_assign(0);
	assert_true(fake_time_now() - before < WORLD_FLR_NS + 2 * WORLD_TICK_NS);
	expect_states(VF_ASSIGNED, VF_ASSIGNED);
}

static void until_the_last_reset_is_over_nothing_is_given_back(void **state)
{
	(void)state;
	world.flr_ns[1] = 500 * NS_PER_MS;
	assert_false(release_all(a));
	fake_time_advance(2 * WORLD_FLR_NS);
	for (unsigned tick = 0; tick < 10; tick++)
		assert_false(release_all(a));
	expect_states(VF_RESETTING, VF_RESETTING);
	assert_non_null(a->domain);
	assert_int_equal(world_note(0, NOTE_ATTACH), -1);
	world_release(0);
	expect_states(VF_PARKED, VF_PARKED);
	assert_null(a->domain);
	assert_int_equal(flrs(0) + flrs(1), 2);
}

static void a_vf_that_is_on_its_way_back_is_nobody_elses(void **state)
{
	(void)state;
	assert_false(release_all(a));
	world_wish(1, "igb0", 0);
	assert_int_equal(world_try_assign(1, &why), ERR_BUSY);
	assert_non_null(strstr(why.text, "igb0/0 (0000:01:10.0) is resetting for VM a"));
	expect_states(VF_RESETTING, VF_RESETTING);
	assert_ptr_equal(world.vf[0].owner, a);
	world_release(0);
	give_to_b();
	assert_ptr_equal(world.vf[0].owner, b);
}

/* --- the VM is stopped before it runs --- */

static void a_vm_that_is_stopped_while_it_starts_gives_its_vfs_back_after_that_reset(void **state)
{
	(void)state;
	u64 pages = pool_used(POOL_VM);
	assert_int_equal(assign_start(a, &why), OK);
	expect_states(VF_RESETTING, VF_RESETTING);
	assert_false(assign_resets_over(a));
	a->state = VM_ENDED;
	assert_false(release_all(a));
	fake_time_advance(WORLD_FLR_NS);
	assert_true(release_all(a));
	expect_states(VF_PARKED, VF_PARKED);
	assert_int_equal(flrs(0), 1);
	assert_int_equal(world_note(0, NOTE_PREPARE), -1);
	assert_null(a->domain);
	assert_int_equal(pool_used(POOL_VM), pages);
}

static void one_that_cannot_be_prepared_takes_all_back_and_those_that_were_live_again(void **state)
{
	(void)state;
	assert_int_equal(assign_start(a, &why), OK);
	fake_time_advance(WORLD_FLR_NS);
	assert_true(assign_resets_over(a));
	world.prepare = ERR_BUSY;
	assert_int_equal(assign_finish(a, &why), ERR_BUSY);
	/* The first was about to be set up, the second not yet: that one is as its reset left it.
	 */
	expect_states(VF_ASSIGNED, VF_RESETTING);
	world_release(0);
	expect_states(VF_PARKED, VF_PARKED);
	assert_int_equal(flrs(0), 2);
	assert_int_equal(flrs(1), 1);
}

/* Two VMs that start at the same time were checked before either was set up. */
static void what_another_vm_got_since_the_check_is_refused_when_it_would_be_set_up(void **state)
{
	(void)state;
	assert_int_equal(assign_start(a, &why), OK);
	fake_time_advance(WORLD_FLR_NS);
	assert_true(assign_resets_over(a));
	world.policy = ERR_INVALID;
	assert_int_equal(assign_finish(a, &why), ERR_INVALID);
	assert_non_null(strstr(why.text, "VM a, VF igb0/0"));
	assert_int_equal(world_note(0, NOTE_PREPARE), -1);
	world_release(0);
	expect_states(VF_PARKED, VF_PARKED);
}

/* --- generations --- */

static void what_is_left_of_an_older_assignment_says_nothing_about_the_vf(void **state)
{
	(void)state;
	struct assigned_vf left = *a->vf[0];
	a->state = VM_ENDED;
	world_release(0);
	world_wish(1, "igb0", 0);
	give_to_b();
	assert_ptr_equal(left.vf, &world.vf[0]);
	assert_false(assigned_vf_usable(&left));
	assert_true(assigned_vf_usable(b->vf[0]));
	reset_by_guest(b, DEV1);
	fake_events_clear();
	/* VM a's reset of this VF has been over for long. It must not be taken for VM b's. */
	left.reset.phase = VF_RESET_OVER;
	guest_reset_poll(a, &left);
	a->vf[0] = &left;
	a->vf_count = 1;
	a->state = VM_RUNNING;
	guest_resets_service();
	assert_true(assign_resets_over(a));
	expect_states(VF_RESETTING, VF_PARKED);
	assert_ptr_equal(world.vf[0].owner, b);
	assert_int_equal(world_note(0, NOTE_REOPEN), -1);
	assert_int_equal(world_note(0, NOTE_WIPE), -1);
	fake_time_advance(WORLD_FLR_NS);
	assert_int_equal(vpci_read(b, DEV1, 0, 4), 0x10ca8086);
	assert_true(assigned_vf_usable(b->vf[0]));
}

static void a_thousand_lives_with_a_reset_under_way_at_each_end_leave_nothing(void **state)
{
	(void)state;
	u64 pages = pool_used(POOL_VM);
	for (unsigned i = 0; i < 1000; i++) {
		a->state = VM_RUNNING;
		world_assign(0);
		vpci_write(a, DEV1, COMMAND, 2, 6);
		reset_by_guest(a, DEV1);
		a->state = VM_ENDED;
		world_release(0);
		world.mappings = 0; /* EPT goes with the VM */
		fake_events_clear();
	}
	assert_int_equal(pool_used(POOL_VM), pages);
	expect_states(VF_PARKED, VF_PARKED);
	assert_int_equal(irq_route_count(), 0);
	assert_int_equal(world.vf[0].generation, 1000);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define R(name) cmocka_unit_test_setup_teardown(name, setup_running, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		R(while_a_guest_resets_its_vf_it_is_not_there_and_nobody_waits),
		R(a_guest_that_looks_after_100_ms_finds_its_vf_as_after_power_on),
		R(the_service_tick_brings_it_back_for_guests_that_do_not_look),
		R(a_locked_vm_is_looked_at_the_next_time),
		R(a_second_flr_while_the_first_goes_on_changes_nothing),
		R(a_vm_that_ends_while_its_guest_resets_a_vf_waits_for_that_reset),
		R(if_that_reset_fails_the_vf_is_quarantined_and_the_others_are_free),
		R(a_vf_that_came_back_before_the_end_is_reset_once_more),
		R(the_vfs_of_a_vm_are_taken_back_during_one_wait),
		T(the_vfs_of_a_vm_are_given_during_one_wait),
		R(until_the_last_reset_is_over_nothing_is_given_back),
		R(a_vf_that_is_on_its_way_back_is_nobody_elses),
		T(a_vm_that_is_stopped_while_it_starts_gives_its_vfs_back_after_that_reset),
		T(one_that_cannot_be_prepared_takes_all_back_and_those_that_were_live_again),
		T(what_another_vm_got_since_the_check_is_refused_when_it_would_be_set_up),
		R(what_is_left_of_an_older_assignment_says_nothing_about_the_vf),
		T(a_thousand_lives_with_a_reset_under_way_at_each_end_leave_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
