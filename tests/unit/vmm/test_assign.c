/* SPDX-License-Identifier: GPL-2.0-only */
/* Assignment is decode, then commit; release is in one order; whatever fails leaves nothing half
 * done. */
#include <string.h>

#include "base/pool.h"
#include "vmm/world.h"

static struct why why;

static int setup(void **state)
{
	memset(&why, 0, sizeof(why));
	return world_setup(state);
}

static const struct refusal *last_refusal(void)
{
	return refusal(refusal_count() - 1);
}

/* The assignment is refused, says all these words, and has touched nothing. */
static void refused(enum err code, const char *words)
{
	u64 pages = pool_used(POOL_VM);
	unsigned before = refusal_count();
	const struct vm *vm = world_vm(0);
	assert_int_equal(world_try_assign(0, &why), code);
	assert_int_equal(refusal_count(), before + 1);
	assert_int_equal(last_refusal()->code, code);
	assert_string_equal(last_refusal()->text, why.text);
	if (!strstr(why.text, words))
		fail_msg("'%s' does not say '%s'", why.text, words);
	assert_non_null(strstr(why.text, "VM a"));
	assert_true(fake_log_contains("REFUSED"));
	for (unsigned i = 0; i < WORLD_VFS; i++)
		assert_ptr_not_equal(world.vf[i].owner, vm);
	assert_null(vm->domain);
	assert_int_equal(pool_used(POOL_VM), pages);
	assert_int_equal(world.mappings, 0);
}

static void untouched(void)
{
	assert_int_equal(world_note(0, NOTE_FLR), -1);
	assert_int_equal(world_note(0, NOTE_ATTACH), -1);
	assert_int_equal(world_note(0, NOTE_PREPARE), -1);
	for (unsigned i = 0; i < WORLD_VFS; i++) {
		assert_int_equal(world.vf[i].state, VF_PARKED);
		assert_int_equal(world.vf[i].generation, 0);
	}
}

/* --- masters --- */

static void pfs_are_named_by_driver_and_their_vfs_parked(void **state)
{
	(void)state;
	masters_start();
	assert_string_equal(world.pf.name, "igb0");
	assert_int_equal(master_count(), 1);
	int first = world_note(0, NOTE_ATTACH),
	    second = world_note((unsigned)first + 1, NOTE_ATTACH);
	assert_int_equal(fake_event((unsigned)first)->value, world.vf[0].rid.id);
	assert_int_equal(fake_event((unsigned)first)->width, 0); /* the parking domain */
	assert_int_equal(fake_event((unsigned)second)->value, world.vf[1].rid.id);
}

static void the_pfs_interrupt_is_remapped_to_the_boot_core_and_runs_the_drivers(void **state)
{
	(void)state;
	assert_true(world.irte[0].live);
	assert_int_equal(world.irte[0].rid.id, world.pf_function.rid.id);
	assert_int_equal(world.irte[0].apic_id, cpus[0].apic_id);
	assert_int_equal(world.pf_bar3[WORLD_TABLE + 12] & 1, 0); /* entry 0 is unmasked */
	u16 control;
	memcpy(&control, world.config_space + ((u64)world.pf_function.rid.id << 12) + 0x72,
	       sizeof(control));
	assert_int_equal(control & 0xc000, 0x8000); /* enabled, function not masked */
	world_interrupt(0, world.irte[0].vector);
	assert_int_equal(world.services, 1);
}

/* Each word in a VF's mailbox is one: what a guest writes without end must leave the boot core its
 * time. */
static void a_storm_of_the_pfs_interrupt_is_masked_until_the_next_tick(void **state)
{
	const u8 *control = &world.pf_bar3[WORLD_TABLE + 12];

	(void)state;
	for (unsigned n = 0; n < 49; n++)
		world_interrupt(0, world.irte[0].vector);
	assert_int_equal(*control & 1, 0);
	world_interrupt(0, world.irte[0].vector);
	assert_int_equal(*control & 1, 1);
	assert_int_equal(world.services, 50);
	masters_service();
	assert_int_equal(world.services, 51);
	assert_int_equal(*control & 1, 0);
}

static void without_interrupt_remapping_the_pf_is_polled_and_its_vfs_are_still_there(void **state)
{
	(void)state;
	memset(world.irte, 0, sizeof(world.irte));
	world.iommu = ERR_REFUSED;
	masters_start();
	assert_int_equal(world.pf.num_vfs, WORLD_VFS);
	assert_false(master(0)->failed);
	assert_false(world.irte[0].used);
	assert_true(fake_log_contains("is polled every 10 ms instead of by interrupt"));
	masters_service();
	assert_int_equal(world.services, 1);
}

static void a_pf_that_does_not_start_is_named_and_left_without_vfs(void **state)
{
	(void)state;
	world.start = ERR_TIMEOUT;
	world.pf.num_vfs = 0;
	masters_start();
	assert_true(master(0)->failed);
	assert_int_equal(world.pf.num_vfs, 0);
	assert_true(fake_log_contains(
		"PF igb0 (0000:01:00.0) gives no VFs: the PF's reset did not end"));
	masters_service();
	assert_int_equal(world.services, 0);
}

/* --- decode --- */

static void a_pf_that_does_not_exist_is_answered_with_those_that_do(void **state)
{
	(void)state;
	world_wish(0, "igb1", 0);
	refused(ERR_NOT_FOUND,
		"vf=igb1/0 names no Physical Function; there is igb0 at 0000:01:00.0 (2 VFs)");
	untouched();
}

static void an_index_beyond_the_vfs_is_refused(void **state)
{
	(void)state;
	world_wish(0, "igb0", 2);
	refused(ERR_NOT_FOUND, "igb0 has 2 VFs, so the index must be below 2");
	untouched();
}

static void a_vf_of_another_vm_is_refused_by_the_owners_name(void **state)
{
	(void)state;
	world_wish(1, "igb0", 0);
	world_assign(1);
	world_wish(0, "igb0", 0);
	world.mappings = 0;
	refused(ERR_BUSY, "igb0/0 (0000:01:10.0) is assigned to VM b");
	assert_int_equal(world.vf[0].state, VF_ASSIGNED);
	assert_ptr_equal(world.vf[0].owner, world_vm(1));
}

static void the_same_vf_twice_in_one_vm_is_refused(void **state)
{
	(void)state;
	world_wish(0, "igb0", 1);
	world_wish(0, "igb0", 1);
	refused(ERR_BUSY, "asks for VF igb0/1 (0000:01:10.2) twice");
	untouched();
}

static void a_pf_whose_driver_failed_gives_nothing(void **state)
{
	(void)state;
	master(0)->failed = true;
	world_wish(0, "igb0", 0);
	refused(ERR_UNSUPPORTED, "has no master driver that works");
	untouched();
}

static void a_path_without_acs_is_refused_with_bridge_and_missing_bits(void **state)
{
	(void)state;
	world.acs = ERR_REFUSED;
	world_wish(0, "igb0", 0);
	refused(ERR_REFUSED, "need SV RR CR UF");
	assert_int_equal(last_refusal()->missing_acs, 0x1d);
	assert_int_equal(last_refusal()->at.id, 0x10);
	assert_int_equal(last_refusal()->vf.id, world.vf[0].rid.id);
	untouched();
}

static void the_unsafe_override_works_only_for_its_own_bridge_and_is_said_aloud(void **state)
{
	(void)state;
	world.acs = ERR_REFUSED;
	world_wish(0, "igb0", 0);
	config.unsafe_acs[0] = (struct rid){ 0, 0x18 };
	config.override_count = 1;
	refused(ERR_REFUSED, "ACS");
	config.unsafe_acs[0] = (struct rid){ 0, 0x10 };
	world_assign(0);
	assert_true(fake_log_contains("UNSAFE"));
}

static void without_an_iommu_the_vf_is_refused(void **state)
{
	(void)state;
	world.iommu = ERR_REFUSED;
	world_wish(0, "igb0", 0);
	refused(ERR_REFUSED, "no DMAR");
	untouched();
}

static void a_vf_without_function_level_reset_is_refused_untouched(void **state)
{
	(void)state;
	world.vf_function[0].flr = false;
	world_wish(0, "igb0", 0);
	refused(ERR_REFUSED, "it offers no Function Level Reset");
	untouched();
}

static void a_policy_that_the_master_driver_cannot_meet_is_refused(void **state)
{
	(void)state;
	world.policy = ERR_REFUSED;
	world_wish(0, "igb0", 0);
	refused(ERR_REFUSED, "rate=9000M");
	untouched();
}

static void a_bar_smaller_than_a_page_is_refused(void **state)
{
	(void)state;
	world.pf.vf_bars[0].size = 0x800;
	world_wish(0, "igb0", 0);
	refused(ERR_REFUSED, "BAR 0 is 0x800 bytes");
	untouched();
}

static void a_bar_without_an_address_is_refused(void **state)
{
	(void)state;
	world.pf.vf_bars[0].base = 0;
	world_wish(0, "igb0", 0);
	refused(ERR_NO_SPACE, "BAR 0 has no memory address");
	world.pf.vf_bars[0].base = WORLD_BAR0;
	world.pf.vf_bars[0].io = true;
	refused(ERR_NO_SPACE, "BAR 0 has no memory address");
	untouched();
}

static void a_bar_that_does_not_fit_the_guests_window_is_refused_with_numbers(void **state)
{
	(void)state;
	world.pf.vf_bars[0].size = 0x40000000;
	world_wish(0, "igb0", 0);
	refused(ERR_NO_SPACE, "BAR 0 needs 0x40000000 bytes, the VM's window has 0x1fff0000 left");
	untouched();
}

static void every_refused_vf_of_a_vm_is_told_in_one_go(void **state)
{
	(void)state;
	unsigned before = refusal_count();
	world_wish(0, "igb7", 0);
	world_wish(0, "igb0", 9);
	assert_int_equal(world_try_assign(0, &why), ERR_NOT_FOUND);
	assert_int_equal(refusal_count(), before + 2);
	assert_non_null(strstr(why.text, "igb7/0"));
}

static void a_class_takes_the_first_free_vf(void **state)
{
	(void)state;
	world_wish(1, "igb0", 0);
	world_assign(1);
	world_wish(0, "net", 0);
	world.vm_config[0].vf[0].kind = VF_BY_CLASS;
	world.mappings = 0;
	world_assign(0);
	assert_ptr_equal(world.vf[1].owner, world_vm(0));
}

static void a_failing_domain_refuses_and_frees_everything(void **state)
{
	(void)state;
	world_wish(0, "igb0", 0);
	world.map = ERR_NO_MEMORY;
	refused(ERR_NO_MEMORY, "no table pages");
	untouched();
	world.map = OK;
	world.domain = ERR_NO_SPACE;
	refused(ERR_NO_SPACE, "no domain ids");
	untouched();
}

/* --- commit --- */

static void commit_resets_wipes_prepares_and_only_then_lets_the_vf_see_memory(void **state)
{
	(void)state;
	world_wish(0, "igb0", 0);
	world_assign(0);
	int flr = world_note(0, NOTE_FLR), wipe = world_note(0, NOTE_WIPE),
	    prepare = world_note(0, NOTE_PREPARE), attach = world_note(0, NOTE_ATTACH);
	assert_true(flr >= 0 && flr < wipe && wipe < prepare && prepare < attach);
	/* Decode on, Bus Master off: the guest has not asked for it. */
	assert_int_equal(world_config16(0, 4), 2);
	assert_int_equal(world.vf[0].state, VF_ASSIGNED);
	assert_int_equal(world.vf[0].generation, 1);
	for (unsigned i = 0; i < WORLD_VECTORS; i++)
		assert_int_equal(world_table(0, i, 3) & 1, 1);
}

static void a_failed_reset_at_assignment_quarantines_that_vf_and_gives_back_the_others(void **state)
{
	(void)state;
	world_wish(0, "igb0", 0);
	world_wish(0, "igb0", 1);
	world.flr_ns[0] = WORLD_NEVER;
	refused(ERR_TIMEOUT, "igb0/0 (0000:01:10.0): 0000:01:10.0: no answer within 1.1 s");
	assert_int_equal(world.vf[0].state, VF_QUARANTINED);
	assert_int_equal(world.vf[1].state, VF_PARKED);
	world.flr_ns[0] = 0;
	refused(ERR_BUSY, "igb0/0 (0000:01:10.0) is quarantined");
}

static void a_failed_attach_takes_the_vf_through_the_whole_release(void **state)
{
	(void)state;
	world_wish(0, "igb0", 0);
	world.attach = ERR_TIMEOUT;
	refused(ERR_TIMEOUT, "invalidation wait timed out");
	int out = world_note(0, NOTE_ATTACH), back = world_note((unsigned)out + 1, NOTE_ATTACH);
	assert_true(back > out);
	assert_int_equal(fake_event((unsigned)back)->width, 0);
	assert_int_equal(world.vf[0].state, VF_PARKED);
	assert_false(world_vm(0)->ram_leaked);
}

/* --- release --- */

static void release_goes_in_the_order_that_keeps_the_next_owner_safe(void **state)
{
	(void)state;
	struct vm *vm = world_vm(0);
	world_wish(0, "igb0", 0);
	world_assign(0);
	vpci_write(vm, 1 << 3, 4, 2, 6); /* Memory Space, Bus Master */
	vm->vf[0]->shadow.entry[0] = (struct msix_shadow_entry){ 0xfee00000, 0x45, 0 };
	vpci_write(vm, 1 << 3, 0x72, 2, 0x8000);
	assert_int_equal(world_config16(0, 4), 6);
	assert_int_equal(irq_route_count(), 1);
	fake_events_clear();
	world_release(0);
	int master_off = world_command_write(0, 0, 2), quiesce = world_note(0, NOTE_QUIESCE),
	    irte = world_note(0, NOTE_IRTE_FREE), flr = world_note(0, NOTE_FLR),
	    park = world_note(0, NOTE_ATTACH), wipe = world_note(0, NOTE_WIPE),
	    settle = world_note(0, NOTE_SETTLE), domain = world_note(0, NOTE_DOMAIN_DESTROY);
	assert_true(master_off >= 0 && master_off < quiesce);
	assert_true(quiesce < irte && irte < flr && flr < park && park < wipe && wipe < domain);
	assert_int_equal(fake_event((unsigned)park)->width, 0);
	/* Its last faults are attributed while it still has the VM as its owner. */
	assert_true(park < settle);
	assert_int_equal(fake_event((unsigned)settle)->value, VF_RESETTING);
	assert_int_equal(world.vf[0].state, VF_PARKED);
	assert_null(world.vf[0].owner);
	assert_int_equal(irq_route_count(), 0);
	assert_false(vm->ram_leaked);
	assert_null(vm->domain);
}

static void
a_vf_whose_reset_fails_at_release_is_quarantined_cut_off_and_its_vm_still_goes(void **state)
{
	(void)state;
	struct vm *vm = world_vm(0);
	world_wish(0, "igb0", 0);
	world_wish(0, "igb0", 1);
	world_assign(0);
	world.flr_ns[0] = world.flr_ns[1] = WORLD_NEVER;
	fake_events_clear();
	world_release(0);
	assert_int_equal(world.vf[0].state, VF_QUARANTINED);
	assert_int_equal(world.vf[1].state, VF_QUARANTINED);
	assert_true(world_note(0, NOTE_ATTACH) >= 0);
	assert_int_equal(world_note(0, NOTE_WIPE), -1);
	assert_int_equal(world_config16(0, 4), 0);
	assert_null(world_ept(GUEST_MMIO_BASE));
	assert_false(vm->ram_leaked);
	assert_true(fake_log_contains("igb0/0 (0000:01:10.0) is quarantined until reboot"));
}

static void ram_whose_flush_failed_is_never_reused(void **state)
{
	(void)state;
	struct vm *vm = world_vm(0);
	world_wish(0, "igb0", 0);
	world_assign(0);
	world.attach_back = ERR_TIMEOUT;
	world_release(0);
	assert_true(vm->ram_leaked);
	assert_int_equal(world.vf[0].state, VF_QUARANTINED);
	assert_true(fake_log_contains("given up until reboot"));
}

static void a_thousand_rounds_leave_pool_vectors_and_vfs_as_before(void **state)
{
	(void)state;
	struct vm *vm = world_vm(0);
	world_wish(0, "igb0", 0);
	u64 pages = pool_used(POOL_VM);
	for (unsigned i = 0; i < 1000; i++) {
		world_assign(0);
		vpci_write(vm, 1 << 3, 4, 2, 6);
		vm->vf[0]->shadow.entry[0] = (struct msix_shadow_entry){ 0xfee00000, 0x45, 0 };
		vpci_write(vm, 1 << 3, 0x72, 2, 0x8000);
		world_release(0);
		world.mappings = 0; /* EPT goes with the VM */
		fake_events_clear();
	}
	assert_int_equal(pool_used(POOL_VM), pages);
	assert_int_equal(irq_route_count(), 0);
	assert_int_equal(world.vf[0].state, VF_PARKED);
	assert_int_equal(world.vf[0].generation, 1000);
	unsigned used = 0;
	for (unsigned i = 0; i < WORLD_IRTES; i++)
		used += world.irte[i].used;
	assert_int_equal(used, 1); /* the PF's */
}

#define T(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(pfs_are_named_by_driver_and_their_vfs_parked),
		T(the_pfs_interrupt_is_remapped_to_the_boot_core_and_runs_the_drivers),
		T(a_storm_of_the_pfs_interrupt_is_masked_until_the_next_tick),
		T(without_interrupt_remapping_the_pf_is_polled_and_its_vfs_are_still_there),
		T(a_pf_that_does_not_start_is_named_and_left_without_vfs),
		T(a_pf_that_does_not_exist_is_answered_with_those_that_do),
		T(an_index_beyond_the_vfs_is_refused),
		T(a_vf_of_another_vm_is_refused_by_the_owners_name),
		T(the_same_vf_twice_in_one_vm_is_refused),
		T(a_pf_whose_driver_failed_gives_nothing),
		T(a_path_without_acs_is_refused_with_bridge_and_missing_bits),
		T(the_unsafe_override_works_only_for_its_own_bridge_and_is_said_aloud),
		T(without_an_iommu_the_vf_is_refused),
		T(a_vf_without_function_level_reset_is_refused_untouched),
		T(a_policy_that_the_master_driver_cannot_meet_is_refused),
		T(a_bar_smaller_than_a_page_is_refused),
		T(a_bar_without_an_address_is_refused),
		T(a_bar_that_does_not_fit_the_guests_window_is_refused_with_numbers),
		T(every_refused_vf_of_a_vm_is_told_in_one_go),
		T(a_class_takes_the_first_free_vf),
		T(a_failing_domain_refuses_and_frees_everything),
		T(commit_resets_wipes_prepares_and_only_then_lets_the_vf_see_memory),
		T(a_failed_reset_at_assignment_quarantines_that_vf_and_gives_back_the_others),
		T(a_failed_attach_takes_the_vf_through_the_whole_release),
		T(release_goes_in_the_order_that_keeps_the_next_owner_safe),
		T(a_vf_whose_reset_fails_at_release_is_quarantined_cut_off_and_its_vm_still_goes),
		T(ram_whose_flush_failed_is_never_reused),
		T(a_thousand_rounds_leave_pool_vectors_and_vfs_as_before),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
