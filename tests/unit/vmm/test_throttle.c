/* SPDX-License-Identifier: GPL-2.0-only */
/* A VF that storms: its vector waits masked until the next service tick; nobody else's does. */
#include <string.h>

#include "vmm/world.h"

#define MESSAGE(apic_id) (0xfee00000ull | (u64)(apic_id) << 12)
#define MSIX_CONTROL     0x72
#define MSIX_ENABLE      0x8000
#define DEV1             (1 << 3)
#define BUDGET           20
#define VECTOR           0x45

static struct vm *vm;
static struct assigned_vf *a;

static void entry(u16 index, bool masked)
{
	a->shadow.entry[index] = (struct msix_shadow_entry){ MESSAGE(0), VECTOR + index, masked };
	assigned_vf_msix_changed(vm, a, index);
}

static int setup(void **state)
{
	world_setup(state);
	world_wish(0, "igb0", 0);
	world_assign(0);
	vm = world_vm(0);
	vm->state = VM_RUNNING;
	a = vm->vf[0];
	config.irq_budget = BUDGET;
	vpci_write(vm, DEV1, MSIX_CONTROL, 2, MSIX_ENABLE);
	entry(0, false);
	entry(1, false);
	fake_log_clear();
	return 0;
}

static bool device_masked(unsigned index)
{
	return world_table(0, index, 3) & 1;
}

static void raise(u16 index, unsigned times)
{
	for (unsigned i = 0; i < times; i++)
		world_interrupt(a->route[index]->core->index,
				world.irte[a->route[index]->irte].vector);
}

static void within_the_budget_nothing_is_masked_tick_after_tick(void **state)
{
	(void)state;
	for (unsigned tick = 0; tick < 5; tick++) {
		raise(0, BUDGET);
		assert_false(device_masked(0));
		throttle_service();
	}
	assert_int_equal(vm->throttled, 0);
	assert_int_equal(vm->forwarded_irqs, 5 * BUDGET);
	assert_string_equal(fake_log_text(), "");
}

static void beyond_it_the_vector_is_masked_on_the_device_and_only_that_one(void **state)
{
	(void)state;
	raise(0, BUDGET + 1);
	assert_true(device_masked(0));
	assert_false(device_masked(1));
	/* What was on its way already is still the guest's. */
	assert_int_equal(vm->forwarded_irqs, BUDGET + 1);
}

static void the_next_tick_unmasks_counts_and_says_whose_it_was(void **state)
{
	(void)state;
	raise(0, BUDGET + 1);
	throttle_service();
	assert_false(device_masked(0));
	assert_int_equal(vm->throttled, 1);
	assert_true(fake_log_contains("VM a, VF igb0/0"));
	assert_true(fake_log_contains("more than 20 interrupts in 10 ms"));
	raise(0, BUDGET);
	assert_false(device_masked(0));
}

static void a_storm_that_goes_on_is_masked_in_each_tick_and_does_not_fill_the_log(void **state)
{
	const char *p = fake_log_text();
	unsigned lines = 0;

	(void)state;
	for (unsigned tick = 0; tick < 50; tick++) {
		raise(0, BUDGET + 1);
		assert_true(device_masked(0));
		throttle_service();
	}
	assert_int_equal(vm->throttled, 50);
	for (p = fake_log_text(); (p = strstr(p, "raised more than")); p++)
		lines++;
	assert_in_range(lines, 1, 8);
}

static void a_guest_that_unmasks_it_itself_does_not_get_around(void **state)
{
	(void)state;
	raise(0, BUDGET + 1);
	entry(0, true);
	entry(0, false);
	assert_true(device_masked(0));
	throttle_service();
	assert_false(device_masked(0));
}

/* Another vCPU was between "is it throttled?" and its unmask. */
static void an_unmask_that_crossed_the_mask_lets_one_interrupt_through(void **state)
{
	(void)state;
	raise(0, BUDGET + 1);
	msix_mask_entry(&a->msix, 0, false);
	raise(0, 1);
	assert_true(device_masked(0));
}

static void a_vector_that_the_guest_has_masked_meanwhile_stays_masked(void **state)
{
	(void)state;
	raise(0, BUDGET + 1);
	entry(0, true);
	throttle_service();
	assert_true(device_masked(0));
	entry(0, false);
	assert_false(device_masked(0));
}

static void a_vm_that_is_busy_with_its_devices_waits_one_tick_more(void **state)
{
	(void)state;
	raise(0, BUDGET + 1);
	vm_lock(vm);
	throttle_service();
	assert_true(device_masked(0));
	vm_unlock(vm);
	throttle_service();
	assert_false(device_masked(0));
}

static void msix_that_is_switched_off_forgets_the_storm(void **state)
{
	(void)state;
	raise(0, BUDGET + 1);
	vpci_write(vm, DEV1, MSIX_CONTROL, 2, 0);
	throttle_service();
	vpci_write(vm, DEV1, MSIX_CONTROL, 2, MSIX_ENABLE);
	assert_false(device_masked(0));
	assert_false(a->route[0]->throttled);
}

static void a_vm_that_has_ended_is_not_touched(void **state)
{
	(void)state;
	raise(0, BUDGET + 1);
	vm->state = VM_ENDED;
	throttle_service();
	assert_true(device_masked(0));
}

#define T(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(within_the_budget_nothing_is_masked_tick_after_tick),
		T(beyond_it_the_vector_is_masked_on_the_device_and_only_that_one),
		T(the_next_tick_unmasks_counts_and_says_whose_it_was),
		T(a_storm_that_goes_on_is_masked_in_each_tick_and_does_not_fill_the_log),
		T(a_guest_that_unmasks_it_itself_does_not_get_around),
		T(an_unmask_that_crossed_the_mask_lets_one_interrupt_through),
		T(a_vector_that_the_guest_has_masked_meanwhile_stays_masked),
		T(a_vm_that_is_busy_with_its_devices_waits_one_tick_more),
		T(msix_that_is_switched_off_forgets_the_storm),
		T(a_vm_that_has_ended_is_not_touched),
	};

	return cmocka_run_group_tests_name("throttle", tests, NULL, NULL);
}
