/* SPDX-License-Identifier: GPL-2.0-only */
/* VFs with a mediator: traps, pages that driver and VF share, interrupts that are owed; and memory
 * of the PF's own. */
#include <string.h>

#include "base/pool.h"
#include "vmm/world.h"

#define CODE       0x10000
#define GUEST_PAGE 0x20000
#define MASKED     1
#define MSIX_CAP   0x70
#define ENABLE     0x8000
#define COMMAND    4
#define MEMORY     2

static struct vm *vm;
static struct vcpu *v;
static struct assigned_vf *a;
static struct why why;

/* The mediator: the first page of BAR 0, and what it is told. */
static struct {
	enum err attach;
	struct vf_guest guest;
	unsigned attached, reads, writes, polls;
	u64 offset, value;
	unsigned width;
	int entry;
	bool owed;
} seen;

static enum err attach(struct master *m, struct vf *vf, const struct vf_guest *guest,
		       struct why *reason)
{
	(void)m;
	seen.attached++;
	seen.guest = *guest;
	return seen.attach ? fail(reason, seen.attach, vf->rid, "no such registers") : OK;
}

static bool traps(struct master *m, const struct vf *vf, unsigned bar, u64 page)
{
	(void)m, (void)vf;
	assert_int_equal(page % PAGE_SIZE, 0);
	return bar == 0 && page == 0;
}

static u64 read(struct master *m, struct vf *vf, u64 offset, unsigned width)
{
	(void)m, (void)vf;
	seen.reads++;
	seen.offset = offset;
	seen.width = width;
	return 0x1122334455667788ull;
}

static void write(struct master *m, struct vf *vf, u64 offset, unsigned width, u64 value)
{
	(void)m, (void)vf;
	seen.writes++;
	seen.offset = offset;
	seen.width = width;
	seen.value = value;
}

static void poll(struct master *m, struct vf *vf, int entry)
{
	(void)m, (void)vf;
	seen.polls++;
	seen.entry = entry;
}

static bool interrupt_owed(struct master *m, struct vf *vf, u16 *msix_index)
{
	(void)m, (void)vf;
	*msix_index = 1;
	return seen.owed;
}

static void interrupt_given(struct master *m, struct vf *vf)
{
	(void)m, (void)vf;
	seen.owed = false;
}

static const struct vf_mediator mediator = { attach, traps,          read,           write,
					     poll,   interrupt_owed, interrupt_given };

static int setup_mediated(void **state)
{
	static struct master_driver driver;

	world_setup(state);
	memset(&seen, 0, sizeof(seen));
	memset(&why, 0, sizeof(why));
	driver = *master(0)->driver;
	driver.mediator = &mediator;
	master(0)->driver = &driver;
	vm = world_vm(0);
	v = vm->vcpu[0];
	world_wish(0, "igb0", 0);
	world.rip = CODE;
	return 0;
}

static int setup(void **state)
{
	setup_mediated(state);
	world_assign(0);
	a = vm->vf[0];
	vm->state = VM_RUNNING;
	vpci_write(vm, 1 << 3, COMMAND, 2, MEMORY);
	fake_events_clear();
	return 0;
}

static void access(u64 offset, bool is_write, const char *bytes, unsigned count)
{
	unsigned length;

	assert_true(guest_write(vm, gpa(CODE), bytes, count));
	assert_int_equal(mmio_access(v, gpa(a->model.bars[0].base + offset), is_write, false,
				     &length, &why),
			 OK);
}

static u64 route_entry(u16 index, u32 vector)
{
	u64 table = WORLD_TABLE + index * MSIX_ENTRY_BYTES;

	msix_shadow_write(&a->shadow, (u32)(table - WORLD_TABLE), 8, 0xfee00000);
	msix_shadow_write(&a->shadow, (u32)(table - WORLD_TABLE) + 8, 8, vector);
	vpci_write(vm, 1 << 3, MSIX_CAP + 2, 2, ENABLE);
	assigned_vf_msix_changed(vm, a, index);
	assert_non_null(a->route[index]);
	return table;
}

static bool pending(u8 vector)
{
	return v->lapic.irr[vector / 32] >> vector % 32 & 1;
}

static void the_vf_reaches_two_pages_more_and_may_write_one(void **state)
{
	(void)state;
	assert_int_equal(world.extras, 2);
	assert_int_equal(world.extra[0].hpa, pool_hpa(seen.guest.to_device).v);
	assert_int_equal(world.extra[0].gpa, seen.guest.to_device_at.v);
	assert_int_equal(world.extra[0].size, PAGE_SIZE);
	assert_int_equal(world.extra[0].prot, IOMMU_READ);
	assert_int_equal(world.extra[1].hpa, pool_hpa(seen.guest.from_device).v);
	assert_int_equal(world.extra[1].gpa, seen.guest.from_device_at.v);
	assert_int_equal(world.extra[1].size, PAGE_SIZE);
	assert_int_equal(world.extra[1].prot, IOMMU_READ | IOMMU_WRITE);
	assert_true(BIT64(world.domain_bits) > seen.guest.from_device_at.v);
}

static void the_pages_are_where_the_guest_has_neither_ram_nor_registers(void **state)
{
	u64 at = seen.guest.to_device_at.v;

	(void)state;
	assert_true(at >= GUEST_RAM_LIMIT);
	assert_true(at >= GUEST_ECAM_BASE + GUEST_ECAM_SIZE);
	assert_true(at + 2 * CONFIG_VFS_PER_VM * PAGE_SIZE <= 0xfee00000);
	assert_null(world_ept(at));
}

static void each_vf_of_a_vm_has_pages_of_its_own(void **state)
{
	u64 first;

	(void)state;
	world_wish(0, "igb0", 1);
	world_assign(0);
	assert_int_equal(world.extras, 4);
	first = vm->vf[0]->guest.to_device_at.v;
	assert_int_equal(vm->vf[1]->guest.to_device_at.v, first + 2 * PAGE_SIZE);
	assert_ptr_not_equal(vm->vf[1]->guest.to_device, vm->vf[0]->guest.to_device);
}

static void without_a_mediator_there_are_no_such_pages(void **state)
{
	(void)state;
	world_setup(state);
	world_wish(0, "igb0", 0);
	world_assign(0);
	assert_int_equal(world.extras, 0);
	assert_null(world_vm(0)->vf[0]->guest.vm);
	assert_false(mediation_traps(world_vm(0)->vf[0], 0, 0));
}

static void the_mediator_sees_ram_of_its_vm_and_nothing_else(void **state)
{
	u32 word = 0x12345678;

	(void)state;
	assert_true(seen.guest.write(seen.guest.vm, gpa(GUEST_PAGE), &word, sizeof(word)));
	assert_memory_equal(vm->ram + GUEST_PAGE, &word, sizeof(word));
	word = 0;
	assert_true(seen.guest.read(seen.guest.vm, gpa(GUEST_PAGE), &word, sizeof(word)));
	assert_int_equal(word, 0x12345678);
	assert_false(seen.guest.read(seen.guest.vm, gpa(WORLD_RAM - 2), &word, sizeof(word)));
	assert_false(seen.guest.write(seen.guest.vm, gpa(~0ull), &word, sizeof(word)));
}

static void mediated_pages_are_not_mapped_and_their_neighbours_are(void **state)
{
	u64 base = a->model.bars[0].base;

	(void)state;
	assert_null(world_ept(base));
	assert_non_null(world_ept(base + PAGE_SIZE));
	assert_int_equal(world_ept(base + PAGE_SIZE)->hpa, WORLD_BAR0 + PAGE_SIZE);
	assert_int_equal(world_ept(base + PAGE_SIZE)->size, WORLD_BAR_BYTES - PAGE_SIZE);
	/* The MSI-X table in the middle of BAR 3 still has a hole of its own. */
	assert_non_null(world_ept(a->model.bars[3].base));
	assert_null(world_ept(a->model.bars[3].base + WORLD_TABLE));
	assert_non_null(world_ept(a->model.bars[3].base + WORLD_TABLE + PAGE_SIZE));
}

static void accesses_there_are_the_mediators_and_never_the_devices(void **state)
{
	(void)state;
	v->gpr[RAX] = 0xcafe;
	access(0x14, true, "\x89\x07", 2);
	assert_int_equal(seen.writes, 1);
	assert_int_equal(seen.offset, 0x14);
	assert_int_equal(seen.width, 4);
	assert_int_equal(seen.value, 0xcafe);
	access(0x28, false, "\x48\x8b\x07", 3);
	assert_int_equal(v->gpr[RAX], 0x1122334455667788ull);
	assert_int_equal(seen.width, 8);
	for (unsigned i = 0; i < PAGE_SIZE; i++)
		assert_int_equal(world.bar0[i], 0);
}

static void unaligned_accesses_do_not_reach_the_mediator(void **state)
{
	(void)state;
	access(0x15, true, "\x89\x07", 2);
	access(0x16, false, "\x8b\x07", 2);
	assert_int_equal(seen.writes + seen.reads, 0);
	assert_int_equal(v->gpr[RAX], 0xffffffff);
}

static void an_interrupt_of_the_vf_is_looked_into_before_the_guest_gets_it(void **state)
{
	(void)state;
	route_entry(1, 0x55);
	world_interrupt(a->route[1]->core->index, a->route[1]->host_vector);
	assert_int_equal(seen.polls, 1);
	assert_int_equal(seen.entry, 1);
	assert_true(pending(0x55));
}

static void an_owed_interrupt_is_paid_after_the_access(void **state)
{
	(void)state;
	route_entry(1, 0x55);
	seen.owed = true;
	access(0x1000 - 4, true, "\x89\x07", 2);
	assert_true(pending(0x55));
	assert_false(seen.owed);
}

static void an_owed_interrupt_waits_while_its_entry_is_masked(void **state)
{
	(void)state;
	route_entry(1, 0x55);
	msix_shadow_write(&a->shadow, 1 * MSIX_ENTRY_BYTES + 12, 4, MASKED);
	assigned_vf_msix_changed(vm, a, 1);
	seen.owed = true;
	mediation_service();
	assert_false(pending(0x55));
	assert_true(seen.owed);
	msix_shadow_write(&a->shadow, 1 * MSIX_ENTRY_BYTES + 12, 4, 0);
	assigned_vf_msix_changed(vm, a, 1);
	mediation_service();
	assert_true(pending(0x55));
	assert_false(seen.owed);
}

static void an_owed_interrupt_without_a_route_waits(void **state)
{
	(void)state;
	seen.owed = true;
	mediation_service();
	assert_true(seen.owed);
}

static void each_tick_looks_at_vfs_of_running_vms(void **state)
{
	(void)state;
	masters_service();
	assert_int_equal(seen.polls, 1);
	assert_int_equal(seen.entry, -1);
	vm->state = VM_ENDED;
	masters_service();
	assert_int_equal(seen.polls, 1);
}

/* One of its vCPUs waits for a device with the lock held: nobody else's core waits with it. */
static void a_vm_that_is_busy_with_its_devices_is_looked_at_a_tick_later(void **state)
{
	(void)state;
	vm_lock(vm);
	mediation_service();
	assert_int_equal(seen.polls, 0);
	vm_unlock(vm);
	mediation_service();
	assert_int_equal(seen.polls, 1);
}

static void the_pages_go_back_with_the_vm(void **state)
{
	u64 before = pool_used(POOL_VM);

	(void)state;
	setup_mediated(state);
	before = pool_used(POOL_VM);
	world_assign(0);
	world_release(0);
	assert_int_equal(pool_used(POOL_VM), before);
	assert_int_equal(vm->vf_count, 0);
}

static void pages_that_a_device_may_still_reach_are_never_reused(void **state)
{
	const void *page = seen.guest.to_device;
	u8 content = *(const u8 *)page;
	u64 used = pool_used(POOL_VM), others = assigned_vf_bytes(a) / PAGE_SIZE - 2;

	(void)state;
	world.attach_back = ERR_TIMEOUT;
	world_release(0);
	assert_true(vm->ram_leaked);
	assert_int_equal(*(const u8 *)page, content);
	assert_int_equal(pool_used(POOL_VM), used - others);
}

static void a_mediator_that_cannot_attach_refuses_the_vm(void **state)
{
	(void)state;
	seen.attach = ERR_DEVICE;
	assert_int_equal(world_try_assign(0, &why), ERR_DEVICE);
	assert_non_null(strstr(why.text, "no such registers"));
	assert_int_equal(world.vf[0].state, VF_PARKED);
}

static void a_driver_that_cannot_prepare_refuses_the_vm(void **state)
{
	(void)state;
	world.prepare = ERR_BUSY;
	assert_int_equal(world_try_assign(0, &why), ERR_BUSY);
	assert_non_null(strstr(why.text, "the namespace is gone"));
	assert_int_equal(world.vf[0].state, VF_PARKED);
	assert_int_equal(seen.attached, 0);
}

static void a_vf_that_its_driver_cannot_wipe_is_quarantined(void **state)
{
	(void)state;
	world.reset_done = ERR_DEVICE;
	world_release(0);
	assert_int_equal(world.vf[0].state, VF_QUARANTINED);
	assert_true(fake_log_contains("it stays offline"));
}

static void a_guests_reset_that_its_driver_cannot_finish_is_quarantine(void **state)
{
	(void)state;
	world.reset_done = ERR_DEVICE;
	assigned_vf_effects(vm, a, VF_EFFECT_FLR);
	fake_time_advance(WORLD_FLR_NS);
	guest_reset_poll(vm, a);
	assert_int_equal(world.vf[0].state, VF_QUARANTINED);
	assert_int_equal(world.vf[1].state, VF_PARKED);
}

/* --- the PF's own memory */

static void a_pfs_pages_are_in_a_domain_of_its_own(void **state)
{
	unsigned domains = world.domains;
	iova_t at, next;
	u8 *pages = master(0)->dma_alloc(master(0), 3, &at, &why);
	int attached = world_note(0, NOTE_ATTACH);

	(void)state;
	assert_non_null(pages);
	assert_int_equal(world.domains, domains + 1);
	assert_true(attached >= 0);
	assert_int_equal(fake_event((unsigned)attached)->value, world.pf_function.rid.id);
	assert_int_equal(world.extras, 1);
	assert_int_equal(world.extra[0].gpa, at.v);
	assert_int_equal(world.extra[0].hpa, pool_hpa(pages).v);
	assert_int_equal(world.extra[0].size, 3 * PAGE_SIZE);
	assert_true(at.v != 0);
	assert_non_null(master(0)->dma_alloc(master(0), 1, &next, &why));
	assert_int_equal(next.v, at.v + 3 * PAGE_SIZE);
	assert_int_equal(world.domains, domains + 1);
}

static void without_an_iommu_a_pf_gets_no_memory_and_the_reason(void **state)
{
	iova_t at;
	u64 before = pool_used(POOL_DRIVER);

	(void)state;
	world.iommu = ERR_REFUSED;
	assert_null(master(0)->dma_alloc(master(0), 1, &at, &why));
	assert_string_equal(why.text, "no DMAR in this machine");
	world.iommu = OK;
	world.map = ERR_NO_MEMORY;
	assert_null(master(0)->dma_alloc(master(0), 1, &at, &why));
	assert_int_equal(pool_used(POOL_DRIVER), before);
}

static void a_pf_that_cannot_be_attached_gets_no_memory(void **state)
{
	iova_t at;

	(void)state;
	world.attach = ERR_TIMEOUT;
	assert_null(master(0)->dma_alloc(master(0), 1, &at, &why));
	assert_true(world_note(0, NOTE_DOMAIN_DESTROY) >= 0);
	assert_int_equal(world.extras, 0);
}

#define T(t) cmocka_unit_test_setup(t, setup)
#define U(t) cmocka_unit_test_setup(t, setup_mediated)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_vf_reaches_two_pages_more_and_may_write_one),
		T(the_pages_are_where_the_guest_has_neither_ram_nor_registers),
		U(each_vf_of_a_vm_has_pages_of_its_own),
		T(without_a_mediator_there_are_no_such_pages),
		T(the_mediator_sees_ram_of_its_vm_and_nothing_else),
		T(mediated_pages_are_not_mapped_and_their_neighbours_are),
		T(accesses_there_are_the_mediators_and_never_the_devices),
		T(unaligned_accesses_do_not_reach_the_mediator),
		T(an_interrupt_of_the_vf_is_looked_into_before_the_guest_gets_it),
		T(an_owed_interrupt_is_paid_after_the_access),
		T(an_owed_interrupt_waits_while_its_entry_is_masked),
		T(an_owed_interrupt_without_a_route_waits),
		T(each_tick_looks_at_vfs_of_running_vms),
		T(a_vm_that_is_busy_with_its_devices_is_looked_at_a_tick_later),
		T(the_pages_go_back_with_the_vm),
		T(pages_that_a_device_may_still_reach_are_never_reused),
		U(a_mediator_that_cannot_attach_refuses_the_vm),
		U(a_driver_that_cannot_prepare_refuses_the_vm),
		T(a_vf_that_its_driver_cannot_wipe_is_quarantined),
		T(a_guests_reset_that_its_driver_cannot_finish_is_quarantine),
		U(a_pfs_pages_are_in_a_domain_of_its_own),
		U(without_an_iommu_a_pf_gets_no_memory_and_the_reason),
		U(a_pf_that_cannot_be_attached_gets_no_memory),
	};

	return cmocka_run_group_tests_name("mediation", tests, NULL, NULL);
}
