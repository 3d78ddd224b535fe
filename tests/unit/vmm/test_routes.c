/* SPDX-License-Identifier: GPL-2.0-only */
/* A VF's interrupts: from what the guest writes into its MSI-X shadow to a vector in a vCPU. */
#include <string.h>

#include "vmm/world.h"

#define MESSAGE(apic_id) (0xfee00000ull | (u64)(apic_id) << 12)
#define MSIX_CONTROL     0x72
#define MSIX_ENABLE      0x8000
#define MSIX_MASKALL     0x4000
#define DEV1             (1 << 3) /* the first VF's place on guest bus 0 */

static struct vm *vm;
static struct assigned_vf *a;

static int setup(void **state)
{
	world_setup(state);
	world_wish(0, "igb0", 0);
	world_assign(0);
	vm = world_vm(0);
	a = vm->vf[0];
	fake_events_clear();
	fake_log_clear();
	return 0;
}

/* What the guest does. */
static void entry(u16 index, u64 address, u32 data, bool masked)
{
	a->shadow.entry[index] = (struct msix_shadow_entry){ address, data, masked };
	assigned_vf_msix_changed(vm, a, index);
}

static void control(u16 value)
{
	vpci_write(vm, DEV1, MSIX_CONTROL, 2, value);
}

static bool device_masked(unsigned index)
{
	return world_table(0, index, 3) & 1;
}

static unsigned live_irtes(void)
{
	unsigned n = 0;
	for (unsigned i = 0; i < WORLD_IRTES; i++)
		n += world.irte[i].live && rid_equal(world.irte[i].rid, world.vf[0].rid);
	return n;
}

static bool pending(unsigned vcpu, u8 vector)
{
	return vm->vcpu[vcpu]->lapic.irr[vector / 32] >> (vector % 32) & 1;
}

static const struct world_irte *irte_of(u16 index)
{
	return &world.irte[a->route[index]->irte];
}

static void an_unmasked_entry_becomes_an_irte_of_ours_and_not_the_guests_message(void **state)
{
	(void)state;
	control(MSIX_ENABLE);
	entry(1, MESSAGE(1), 0x45, false);
	assert_int_equal(live_irtes(), 1);
	assert_int_equal(irte_of(1)->apic_id, vm->vcpu[1]->core->apic_id);
	assert_int_equal(world_table(0, 1, 0), 0xfee00010u | (u32)a->route[1]->irte << 5);
	assert_int_equal(world_table(0, 1, 2), 0); /* not the guest's 0x45 */
	assert_false(device_masked(1));
	assert_true(device_masked(0));
}

static void an_interrupt_ends_in_the_vcpu_and_vector_that_the_guest_chose(void **state)
{
	(void)state;
	control(MSIX_ENABLE);
	entry(0, MESSAGE(1), 0x45, false);
	world_interrupt(vm->vcpu[1]->core->index, irte_of(0)->vector);
	assert_true(pending(1, 0x45));
	assert_false(pending(0, 0x45));
	assert_int_equal(vm->forwarded_irqs, 1);
	assert_int_equal(a->route[0]->forwarded, 1);
	assert_int_equal(world.kicks,
			 0); /* it came on the vCPU's own core, which looks before it enters */
}

static void a_halted_vcpu_is_woken(void **state)
{
	(void)state;
	control(MSIX_ENABLE);
	entry(0, MESSAGE(0), 0x45, false);
	vm->vcpu[0]->state = VCPU_HALTED;
	world_interrupt(0, irte_of(0)->vector);
	assert_int_equal(world.kicks, 1);
}

static void no_vector_is_used_before_the_guest_unmasks_one(void **state)
{
	(void)state;
	control(MSIX_ENABLE);
	assert_int_equal(irq_route_count(), 0);
	entry(0, MESSAGE(0), 0x45, true);
	assert_int_equal(irq_route_count(), 0);
	assert_true(device_masked(0));
}

static void entries_written_before_msix_is_enabled_go_live_with_it(void **state)
{
	(void)state;
	entry(0, MESSAGE(0), 0x45, false);
	assert_int_equal(irq_route_count(), 0);
	control(MSIX_ENABLE);
	assert_int_equal(irq_route_count(), 1);
	assert_int_equal(world_config16(0, MSIX_CONTROL) & ~7, MSIX_ENABLE);
}

static void the_function_mask_holds_everything_back(void **state)
{
	(void)state;
	entry(0, MESSAGE(0), 0x45, false);
	control(MSIX_ENABLE | MSIX_MASKALL);
	assert_int_equal(irq_route_count(), 0);
	assert_int_equal(world_config16(0, MSIX_CONTROL) & ~7, MSIX_ENABLE | MSIX_MASKALL);
	control(MSIX_ENABLE);
	assert_int_equal(irq_route_count(), 1);
	assert_false(device_masked(0));
}

static void masking_masks_the_device_and_keeps_the_route_for_the_unmask(void **state)
{
	(void)state;
	control(MSIX_ENABLE);
	entry(0, MESSAGE(0), 0x45, false);
	entry(0, MESSAGE(0), 0x45, true);
	assert_true(device_masked(0));
	assert_int_equal(irq_route_count(), 1);
	fake_events_clear();
	entry(0, MESSAGE(0), 0x45, false);
	assert_false(device_masked(0));
	assert_int_equal(world_note(0, NOTE_IRTE_SET), -1);
}

static void disabling_msix_masks_then_frees_every_route(void **state)
{
	(void)state;
	control(MSIX_ENABLE);
	entry(0, MESSAGE(0), 0x45, false);
	entry(2, MESSAGE(0), 0x47, false);
	control(0);
	assert_int_equal(irq_route_count(), 0);
	assert_int_equal(live_irtes(), 0);
	assert_true(device_masked(0) && device_masked(1) && device_masked(2));
	assert_int_equal(world_config16(0, MSIX_CONTROL) & MSIX_ENABLE, 0);
}

static void a_new_vector_for_the_same_vcpu_costs_no_invalidation(void **state)
{
	(void)state;
	control(MSIX_ENABLE);
	entry(0, MESSAGE(0), 0x45, false);
	u8 host_vector = irte_of(0)->vector;
	fake_events_clear();
	entry(0, MESSAGE(0), 0x55, false);
	assert_int_equal(world_note(0, NOTE_IRTE_SET), -1);
	world_interrupt(0, host_vector);
	assert_true(pending(0, 0x55));
	assert_false(pending(0, 0x45));
}

static void a_move_to_another_vcpu_follows_and_loses_no_interrupt_on_its_way(void **state)
{
	(void)state;
	control(MSIX_ENABLE);
	entry(0, MESSAGE(0), 0x45, false);
	u8 old_vector = irte_of(0)->vector;
	entry(0, MESSAGE(1), 0x46, false);
	assert_int_equal(irte_of(0)->apic_id, vm->vcpu[1]->core->apic_id);
	/* Sent before the move, taken by the old core after it. */
	world_interrupt(0, old_vector);
	assert_true(pending(1, 0x46));
	assert_int_equal(world.kicks, 1);
	/* Back and forth any number of times leaves no vector behind. */
	for (unsigned i = 0; i < 1000; i++)
		entry(0, MESSAGE(i & 1), 0x46, false);
	control(0);
	assert_int_equal(irq_route_late(), 0);
	for (unsigned core = 0; core < WORLD_CORES; core++)
		for (unsigned v = 0; v < 256; v++)
			assert_null(irq_route_at(core, (u8)v));
}

static void each_impossible_message_is_not_routed_and_says_why(void **state)
{
	static const struct {
		u64 address;
		u32 data;
		const char *says;
	} cases[] = {
		{ 0xfec00000, 0x45, "0xfeexxxxx" },
		{ 0x1fee00000, 0x45, "0xfeexxxxx" },
		{ 0, 0x45, "0xfeexxxxx" },
		{ MESSAGE(0), 0x0f, "16 or more" },
		{ MESSAGE(0), 0x445, "must be fixed" }, /* NMI */
		{ MESSAGE(0), 0x245, "must be fixed" }, /* SMI */
		{ MESSAGE(0), 0x545, "must be fixed" }, /* INIT */
		{ MESSAGE(9), 0x45, "no vCPU" },
		{ MESSAGE(0xff), 0x45, "no vCPU" },
	};
	(void)state;
	control(MSIX_ENABLE);
	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		fake_time_advance(2000000000);
		fake_log_clear();
		entry(0, cases[i].address, cases[i].data, false);
		assert_int_equal(irq_route_count(), 0);
		assert_true(device_masked(0));
		if (!fake_log_contains(cases[i].says))
			fail_msg("'%s' does not say '%s'", fake_log_text(), cases[i].says);
		assert_true(fake_log_contains("igb0/0"));
	}
}

static void a_good_message_that_turns_bad_loses_its_route(void **state)
{
	(void)state;
	control(MSIX_ENABLE);
	entry(0, MESSAGE(0), 0x45, false);
	entry(0, 0x1000, 0x45, false);
	assert_int_equal(irq_route_count(), 0);
	assert_int_equal(live_irtes(), 0);
	assert_true(device_masked(0));
}

static void a_guest_cannot_flood_the_log_with_bad_messages(void **state)
{
	(void)state;
	control(MSIX_ENABLE);
	fake_time_advance(2000000000);
	fake_time_set_step(0);
	for (unsigned i = 0; i < 10000; i++)
		entry(0, 0x1000 + i * 4, 0x45, false);
	assert_true(strlen(fake_log_text()) < 4096);
}

static void a_logical_message_goes_to_the_lowest_vcpu_that_it_names(void **state)
{
	(void)state;
	control(MSIX_ENABLE);
	entry(0, 0xfee00000ull | 2 << 12 | 4, 0x145,
	      false); /* bit 1 = APIC id 1, lowest priority */
	world_interrupt(vm->vcpu[1]->core->index, irte_of(0)->vector);
	assert_true(pending(1, 0x45));
}

static void a_move_with_the_same_vector_is_a_move_too(void **state)
{
	(void)state;
	control(MSIX_ENABLE);
	entry(0, MESSAGE(0), 0x45, false);
	entry(0, MESSAGE(1), 0x45, false);
	assert_int_equal(irte_of(0)->apic_id, vm->vcpu[1]->core->apic_id);
	world_interrupt(vm->vcpu[1]->core->index, irte_of(0)->vector);
	assert_true(pending(1, 0x45));
	assert_false(pending(0, 0x45));
}

static void a_route_that_cannot_go_live_leaves_no_irte_and_no_vector(void **state)
{
	(void)state;
	unsigned before = 0, after = 0;
	for (unsigned i = 0; i < WORLD_IRTES; i++)
		before += world.irte[i].used;
	control(MSIX_ENABLE);
	world.irte_set = ERR_INVALID;
	for (unsigned i = 0; i < 1000; i++)
		entry(0, MESSAGE(0), 0x45 + (i & 1), false);
	for (unsigned i = 0; i < WORLD_IRTES; i++)
		after += world.irte[i].used;
	assert_int_equal(after, before);
	assert_int_equal(irq_route_count(), 0);
	assert_true(device_masked(0));
	assert_true(fake_log_contains("raises nothing: APIC id 300"));
	world.irte_set = OK;
	entry(0, MESSAGE(0), 0x45, false);
	assert_int_equal(irq_route_count(), 1);
}

static void without_a_free_irte_the_entry_stays_masked_and_says_so(void **state)
{
	(void)state;
	control(MSIX_ENABLE);
	world.irte_alloc = ERR_NO_SPACE;
	entry(0, MESSAGE(0), 0x45, false);
	assert_int_equal(irq_route_count(), 0);
	assert_true(device_masked(0));
	assert_true(fake_log_contains("IRTEs are in use"));
}

static void running_out_of_vectors_is_said_with_numbers(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 300; i++) {
		struct irq_route *r;
		struct why why;
		if (irq_route_create(a, vm, 0, vm->vcpu[0], 0x45, &r, &why) == OK) {
			world.irte[r->irte].used = false; /* more routes than the fake has IRTEs */
			continue;
		}
		assert_int_equal(why.code, ERR_NO_SPACE);
		assert_non_null(strstr(why.text, "all 176 interrupt vectors of core 0"));
		assert_int_equal(i, 175); /* one is the PF's on every core */
		return;
	}
	fail_msg("vectors never ran out");
}

static void an_interrupt_without_a_route_is_counted_and_dropped(void **state)
{
	(void)state;
	world_interrupt(2, 0x50);
	assert_int_equal(irq_route_late(), 1);
	assert_int_equal(world.kicks, 0);
}

static void a_late_interrupt_of_an_older_assignment_reaches_nobody(void **state)
{
	(void)state;
	control(MSIX_ENABLE);
	entry(0, MESSAGE(0), 0x45, false);
	world.vf[0].generation++;
	world_interrupt(0, irte_of(0)->vector);
	assert_false(pending(0, 0x45));
	assert_int_equal(a->route[0]->dropped, 1);
}

static void a_freed_vector_is_the_last_to_be_used_again(void **state)
{
	(void)state;
	control(MSIX_ENABLE);
	entry(0, MESSAGE(0), 0x45, false);
	u8 first = irte_of(0)->vector;
	control(0);
	control(MSIX_ENABLE);
	entry(0, MESSAGE(0), 0x45, false);
	assert_int_not_equal(irte_of(0)->vector, first);
}

static void a_route_whose_irte_could_not_be_flushed_never_gives_its_vector_to_another(void **state)
{
	(void)state;
	control(MSIX_ENABLE);
	entry(0, MESSAGE(0), 0x45, false);
	u8 lost = irte_of(0)->vector;
	world.irte_free = ERR_TIMEOUT;
	control(0);
	assert_true(fake_log_contains("lost until reboot"));
	world.irte_free = OK;
	for (unsigned i = 0; i < 400; i++) {
		control(MSIX_ENABLE);
		entry(0, MESSAGE(0), 0x45, false);
		assert_int_not_equal(irte_of(0)->vector, lost);
		control(0);
	}
}

#define T(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_unmasked_entry_becomes_an_irte_of_ours_and_not_the_guests_message),
		T(an_interrupt_ends_in_the_vcpu_and_vector_that_the_guest_chose),
		T(a_halted_vcpu_is_woken),
		T(no_vector_is_used_before_the_guest_unmasks_one),
		T(entries_written_before_msix_is_enabled_go_live_with_it),
		T(the_function_mask_holds_everything_back),
		T(masking_masks_the_device_and_keeps_the_route_for_the_unmask),
		T(disabling_msix_masks_then_frees_every_route),
		T(a_new_vector_for_the_same_vcpu_costs_no_invalidation),
		T(a_move_to_another_vcpu_follows_and_loses_no_interrupt_on_its_way),
		T(each_impossible_message_is_not_routed_and_says_why),
		T(a_good_message_that_turns_bad_loses_its_route),
		T(a_guest_cannot_flood_the_log_with_bad_messages),
		T(a_logical_message_goes_to_the_lowest_vcpu_that_it_names),
		T(a_move_with_the_same_vector_is_a_move_too),
		T(a_route_that_cannot_go_live_leaves_no_irte_and_no_vector),
		T(without_a_free_irte_the_entry_stays_masked_and_says_so),
		T(running_out_of_vectors_is_said_with_numbers),
		T(an_interrupt_without_a_route_is_counted_and_dropped),
		T(a_late_interrupt_of_an_older_assignment_reaches_nobody),
		T(a_freed_vector_is_the_last_to_be_used_again),
		T(a_route_whose_irte_could_not_be_flushed_never_gives_its_vector_to_another),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
