/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Giving VFs out, taking them back and routing their interrupts, with each allocation, flush, reset
 * and request to the master driver failing in turn (S16): everything is as it was before, or the VF
 * is quarantined and what may still be reached is given up, never given on (P1, P2, P3, P6).
 */
#include <string.h>

#include "base/pool.h"
#include "vmm/world.h"

#define DEV(slot)   (1u << 3 << (slot)) /* of guest bus 0, slots 0 and 1 */
#define COMMAND     4
#define MEMORY      2
#define MASTER      4
#define MSIX        0x72
#define MSIX_ENABLE 0x8000
#define MOST_STEPS  200

static struct vm *vm;
static u64 pages_before;
static unsigned vectors_before[WORLD_CORES];

static enum err mediator_attach(struct master *m, struct vf *vf, const struct vf_guest *guest,
				struct why *why)
{
	(void)m, (void)guest;
	return fake_step_fails() ? fail(why, ERR_DEVICE, vf->rid, "no such registers") : OK;
}

static const struct vf_mediator mediator = { .attach = mediator_attach };

static void setup(void **state, bool mediated)
{
	static struct master_driver driver;
	world_setup(state);
	vm = world_vm(0);
	driver = *master(0)->driver;
	driver.mediator = mediated ? &mediator : NULL;
	master(0)->driver = &driver;
	world_wish(0, "igb0", 0);
	world_wish(0, "igb0", 1);
	pages_before = pool_used(POOL_VM);
	for (unsigned i = 0; i < WORLD_CORES; i++)
		vectors_before[i] = irq_vectors_free(&cpus[i]);
}

/* All that a VM may still reach through a VF is nobody else's. */
static void nothing_reachable_is_free(void)
{
	for (unsigned i = 0; i < WORLD_CORES; i++)
		assert_true(irq_vectors_free(&cpus[i]) + world_reachable(i) <= vectors_before[i]);
}

static unsigned irtes_used(void)
{
	unsigned n = 0;
	for (unsigned i = 0; i < WORLD_IRTES; i++)
		n += world.irte[i].used;
	return n;
}

/* After a refusal or a release: no VF is the VM's, and no page, vector or IRTE is lost without a
 * word. */
static void the_vm_has_nothing(void)
{
	assert_null(vm->domain);
	for (unsigned i = 0; i < WORLD_VFS; i++) {
		const struct vf *vf = &world.vf[i];
		assert_true(vf->state == VF_PARKED || vf->state == VF_QUARANTINED);
		assert_null(vf->owner);
		if (world.reaches_ram[i])
			assert_true(vf->state == VF_QUARANTINED && vm->ram_leaked);
		assert_int_equal(world_config16(i, COMMAND) & MASTER, 0);
	}
	assert_int_equal(irq_route_count(), 0);
	nothing_reachable_is_free();
	if (!vm->ram_leaked)
		assert_int_equal(pool_used(POOL_VM), pages_before);
	else
		assert_true(fake_log_contains("given up until reboot"));
	if (irtes_used() > 1) /* the PF's */
		assert_true(fake_log_contains("lost until reboot"));
}

static void assign_with_each_failure(void **state, bool mediated)
{
	for (unsigned k = 1;; k++) {
		setup(state, mediated);
		unsigned refusals = refusal_count();
		struct why why = { .text = "" };
		fake_fail_step(k);
		enum err e = world_try_assign(0, &why);
		assert_true(k < MOST_STEPS);
		if (!fake_step_failed()) {
			assert_int_equal(e, OK);
			assert_true(k > 15);
			return;
		}
		assert_int_not_equal(e, OK);
		assert_true(refusal_count() > refusals);
		assert_non_null(strstr(why.text, "VM a"));
		assert_int_equal(vm->vf_count, 0);
		the_vm_has_nothing();
		/* What is not quarantined can be had at once. */
		bool both = world.vf[0].state == VF_PARKED && world.vf[1].state == VF_PARKED;
		world.mappings = 0;
		assert_int_equal(world_try_assign(0, &why) == OK, both);
	}
}

static void
an_assignment_that_fails_anywhere_leaves_the_vm_without_vfs_and_the_vfs_clean(void **state)
{
	assign_with_each_failure(state, false);
}

static void so_does_one_of_vfs_that_have_a_mediator(void **state)
{
	assign_with_each_failure(state, true);
}

static void a_pf_that_fails_anywhere_at_its_start_gives_vfs_with_everything_or_none(void **state)
{
	for (unsigned k = 1;; k++) {
		struct why why = { .text = "" };
		setup(state, false);
		memset(world.irte, 0, sizeof(world.irte));
		world.pf.master = NULL;
		fake_log_clear();
		fake_fail_step(k);
		masters_start();
		assert_true(k < MOST_STEPS);
		if (!fake_step_failed()) {
			assert_int_equal(irtes_used(), 1);
			assert_true(k > 4);
			return;
		}
		if (master_count() == 0 || master(0)->failed) {
			assert_true(fake_log_contains("gives no VFs"));
			assert_int_equal(world_try_assign(0, &why), ERR_UNSUPPORTED);
			continue;
		}
		/* Its own interrupt is what failed. */
		assert_true(fake_log_contains("is polled every 10 ms instead of by interrupt"));
		assert_int_equal(irtes_used(), 0);
		assert_int_equal(world_try_assign(0, &why), OK);
	}
}

/* Both VFs in use: bus master on, two vectors each, one of them moved to another core. */
static void use_both(void)
{
	world_assign(0);
	for (unsigned slot = 0; slot < WORLD_VFS; slot++) {
		struct assigned_vf *a = vm->vf[slot];
		vpci_write(vm, DEV(slot), COMMAND, 2, MEMORY | MASTER);
		for (unsigned i = 0; i < 2; i++)
			a->shadow.entry[i] = (struct msix_shadow_entry){ 0xfee00000, 0x45 + i, 0 };
		vpci_write(vm, DEV(slot), MSIX, 2, MSIX_ENABLE);
		a->shadow.entry[0].address = 0xfee01000;
		assigned_vf_msix_changed(vm, a, 0);
	}
	assert_int_equal(irq_route_count(), 4);
}

static void
a_release_that_fails_anywhere_ends_and_gives_nothing_on_that_is_still_reached(void **state)
{
	for (unsigned k = 1;; k++) {
		setup(state, false);
		use_both();
		fake_fail_step(k);
		world_release(0);
		assert_true(k < MOST_STEPS);
		the_vm_has_nothing();
		if (!fake_step_failed()) {
			assert_int_equal(world.vf[0].state, VF_PARKED);
			assert_int_equal(world.vf[1].state, VF_PARKED);
			assert_true(k > 8);
			return;
		}
	}
}

static void an_interrupt_route_that_fails_anywhere_raises_nothing_and_loses_nothing(void **state)
{
	for (unsigned k = 1;; k++) {
		setup(state, false);
		world_assign(0);
		struct assigned_vf *a = vm->vf[0];
		a->shadow.entry[0] = (struct msix_shadow_entry){ 0xfee00000, 0x45, 0 };
		fake_fail_step(k);
		vpci_write(vm, DEV(0), MSIX, 2, MSIX_ENABLE);
		if (!fake_step_failed()) {
			assert_true(k > 2);
			return;
		}
		assert_null(a->route[0]);
		assert_int_equal(world_table(0, 0, 3) & 1, 1);
		assert_int_equal(irtes_used(), 1);
		assert_int_equal(world_reachable(0), 0);
		assert_int_equal(irq_vectors_free(&cpus[0]), vectors_before[0]);
		/* And the guest may try again. */
		assigned_vf_msix_changed(vm, a, 0);
		assert_non_null(a->route[0]);
		assert_int_equal(world_table(0, 0, 3) & 1, 0);
	}
}

/* Two failures: an entry that could not be flushed when it went live or was moved, then not when it
 * goes. */
static void a_vector_that_a_stale_entry_may_still_raise_is_never_given_on(void **state)
{
	for (unsigned moved = 0; moved < 2; moved++) {
		setup(state, false);
		world_assign(0);
		struct assigned_vf *a = vm->vf[0];
		a->shadow.entry[0] = (struct msix_shadow_entry){ 0xfee00000, 0x45, 0 };
		if (moved) {
			vpci_write(vm, DEV(0), MSIX, 2, MSIX_ENABLE);
			a->shadow.entry[0].address = 0xfee01000;
		}
		world.irte_free = ERR_TIMEOUT;
		fake_fail_step(moved ? 1 : 2); /* irte_set() */
		if (moved)
			assigned_vf_msix_changed(vm, a, 0);
		else
			vpci_write(vm, DEV(0), MSIX, 2, MSIX_ENABLE);
		assert_true(fake_step_failed());
		assert_null(a->route[0]);
		assert_int_equal(world_reachable(0) + world_reachable(1), 1 + moved);
		nothing_reachable_is_free();
	}
}

#define T(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_assignment_that_fails_anywhere_leaves_the_vm_without_vfs_and_the_vfs_clean),
		T(a_pf_that_fails_anywhere_at_its_start_gives_vfs_with_everything_or_none),
		T(so_does_one_of_vfs_that_have_a_mediator),
		T(a_release_that_fails_anywhere_ends_and_gives_nothing_on_that_is_still_reached),
		T(an_interrupt_route_that_fails_anywhere_raises_nothing_and_loses_nothing),
		T(a_vector_that_a_stale_entry_may_still_raise_is_never_given_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
