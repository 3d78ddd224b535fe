/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VFs between which and their guest the master driver stands for some registers (struct vf_mediator
 * of drivers/master.h). Here: the guest's memory, the pages that driver and VF share, the traps and
 * the interrupts.
 *
 * Locks, outermost first: vm->lock, lock of a route's core, the driver's own. An interrupt arrives
 * without vm->lock, so nothing here may wait for that one inside the others.
 */
#include "base/log.h"
#include "base/pool.h"
#include "vmm/assign/internal.h"
#include "vmm/guest/devices.h"

#define ENTRY_MASKED       BIT(0)
#define MEDIATION_NO_ENTRY (-1)

static const struct vf_mediator *mediator_of(const struct assigned_vf *a)
{
	return a->guest.vm ? a->master->driver->mediator : NULL;
}

static bool read_ram(void *vm, gpa_t from, void *to, u64 len)
{
	return guest_read(vm, from, to, len);
}

static bool write_ram(void *vm, gpa_t to, const void *from, u64 len)
{
	return guest_write(vm, to, from, len);
}

enum err mediation_create(struct vm *vm, struct assigned_vf *a, struct why *why)
{
	if (!a->master->driver->mediator)
		return OK;
	u8 *pages = pool_alloc(POOL_VM, MEDIATION_PAGES, PAGE_SIZE);
	if (!pages)
		return fail(why, ERR_NO_MEMORY, a->vf->rid, "no %u pages for its mediated queues",
			    MEDIATION_PAGES);
	u64 at = MEDIATION_IOVA_BASE + a->slot * MEDIATION_PAGES * PAGE_SIZE;
	a->guest = (struct vf_guest){ .vm = vm,
				      .read = read_ram,
				      .write = write_ram,
				      .to_device = pages,
				      .from_device = pages + PAGE_SIZE,
				      .to_device_at = iova(at),
				      .from_device_at = iova(at + PAGE_SIZE) };
	return OK;
}

enum err mediation_map(struct vm *vm, struct why *why)
{
	enum err e = OK;
	for (unsigned i = 0; !e && i < vm->vf_count; i++) {
		const struct vf_guest *g = &vm->vf[i]->guest;
		if (!g->vm)
			continue;
		/* What the driver says to the VF cannot be changed by the VF on the guest's behalf.
		 */
		e = iommu_map(vm->domain, g->to_device_at, pool_hpa(g->to_device), PAGE_SIZE,
			      IOMMU_READ, why);
		if (!e)
			e = iommu_map(vm->domain, g->from_device_at, pool_hpa(g->from_device),
				      PAGE_SIZE, IOMMU_READ | IOMMU_WRITE, why);
	}
	return e;
}

unsigned mediation_address_bits(const struct vm *vm)
{
	u64 last = MEDIATION_IOVA_BASE + CONFIG_VFS_PER_VM * MEDIATION_PAGES * PAGE_SIZE - 1;
	for (unsigned i = 0; i < vm->vf_count; i++)
		if (vm->vf[i]->guest.vm)
			return 64 - (unsigned)__builtin_clzll(last);
	return 0;
}

enum err mediation_attach(struct assigned_vf *a, struct why *why)
{
	const struct vf_mediator *mediator = mediator_of(a);
	return mediator ? mediator->attach(a->master, a->vf, &a->guest, why) : OK;
}

void mediation_free(struct assigned_vf *a)
{
	if (a->guest.vm)
		pool_free(POOL_VM, a->guest.to_device, MEDIATION_PAGES);
	a->guest = (struct vf_guest){ 0 };
}

bool mediation_traps(const struct assigned_vf *a, unsigned bar, u64 offset)
{
	const struct vf_mediator *mediator = mediator_of(a);
	return mediator && mediator->traps(a->master, a->vf, bar, ALIGN_DOWN(offset, PAGE_SIZE));
}

static bool deliverable(const struct assigned_vf *a, u16 index)
{
	return index < a->shadow.vectors && a->route[index] && vf_model_msix_enabled(&a->model) &&
	       !vf_model_msix_masked(&a->model) && !(a->shadow.entry[index].control & ENTRY_MASKED);
}

/* vm->lock held, so the route stays. Masked now: it stays owed. */
static void pay_interrupt(struct assigned_vf *a)
{
	const struct vf_mediator *mediator = mediator_of(a);
	u16 index;
	if (!mediator->interrupt_owed(a->master, a->vf, &index) || !deliverable(a, index))
		return;
	mediator->interrupt_given(a->master, a->vf);
	irq_route_raise(a->route[index]);
}

u64 mediation_read(struct assigned_vf *a, u64 offset, unsigned width)
{
	if (offset % width)
		return ~0ull;
	return mediator_of(a)->read(a->master, a->vf, offset, width);
}

void mediation_write(struct assigned_vf *a, u64 offset, unsigned width, u64 value)
{
	if (offset % width)
		return;
	mediator_of(a)->write(a->master, a->vf, offset, width, value);
	pay_interrupt(a);
}

void mediation_interrupt(struct assigned_vf *a, u16 msix_index)
{
	const struct vf_mediator *mediator = mediator_of(a);
	if (mediator)
		mediator->poll(a->master, a->vf, msix_index);
}

static void service_vm(struct vm *vm)
{
	/* Its holder may wait for a device: its turn comes next time. */
	if (!vm_try_lock(vm))
		return;
	for (unsigned i = 0; i < vm->vf_count; i++) {
		struct assigned_vf *a = vm->vf[i];
		const struct vf_mediator *mediator = mediator_of(a);
		if (!mediator || !assigned_vf_usable(a))
			continue;
		mediator->poll(a->master, a->vf, MEDIATION_NO_ENTRY);
		pay_interrupt(a);
	}
	vm_unlock(vm);
}

void mediation_service(void)
{
	for (unsigned i = 0; i < vm_count; i++)
		if (vms[i].state == VM_RUNNING)
			service_vm(&vms[i]);
}
