/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The page that a VM shares with the master driver of its VF, made when the guest asks for it
 * first: stock kernels never do. The guest may write all of it at any time, so nothing that is read
 * back from it decides anything.
 */
#include "base/pool.h"
#include "base/string.h"
#include "vmm/assign/internal.h"
#include "vmm/guest/devices.h"

/* Held while a page is filled; the master driver takes its own lock inside, and calls back without
 * it. */
static struct spinlock pages_lock;

static gpa_t slot_gpa(unsigned slot)
{
	return gpa(SHARED_PAGES_BASE + slot * PAGE_SIZE);
}

/* `sequence` is odd while the rest changes: a reader that saw it odd, or changed, reads again. */
static void fill(struct assigned_vf *a)
{
	struct coppice_vf_page fresh = { .magic = COPPICE_VF_PAGE_MAGIC };
	a->master->driver->fill_page(a->master, a->vf, &fresh);
	u32 sequence = a->page->sequence & ~1u;
	__atomic_store_n(&a->page->sequence, sequence + 1, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	a->page->magic = COPPICE_VF_PAGE_MAGIC;
	memcpy(&a->page->link_up, &fresh.link_up,
	       offsetof(struct coppice_vf_page, request) -
		       offsetof(struct coppice_vf_page, link_up));
	__atomic_store_n(&a->page->sequence, sequence + 2, __ATOMIC_RELEASE);
}

/* vm->lock held. */
static bool open_page(struct vm *vm, struct assigned_vf *a)
{
	struct coppice_vf_page *page = pool_alloc(POOL_VM, 1, PAGE_SIZE);
	if (!page || ept_map(vm, slot_gpa(a->slot), pool_hpa(page), PAGE_SIZE, EPT_READ | EPT_WRITE,
			     false, NULL) != OK) {
		pool_free(POOL_VM, page, 1);
		return false;
	}
	spin_lock(&pages_lock);
	a->page = page;
	fill(a);
	spin_unlock(&pages_lock);
	return true;
}

/* The VM has stopped; its EPT goes away with it. Its VF has another owner by now, or none, so that
 * after our turn with the lock shared_page_changed() does not find it any more. */
void shared_page_destroy(struct assigned_vf *a)
{
	spin_lock(&pages_lock);
	void *page = a->page;
	a->page = NULL;
	spin_unlock(&pages_lock);
	pool_free(POOL_VM, page, 1);
}

static struct assigned_vf *find_assigned(struct vm *vm, const struct vf *vf)
{
	for (unsigned i = 0; vm && i < vm->vf_count; i++)
		if (vm->vf[i]->vf == vf)
			return vm->vf[i];
	return NULL;
}

/* The master driver says that something about a VF changed. May come while the VF is on its way
 * out. */
void shared_page_changed(struct master *m, struct vf *vf)
{
	(void)m;
	spin_lock(&pages_lock);
	struct assigned_vf *a = find_assigned(vf->owner, vf);
	if (a && a->page)
		fill(a);
	spin_unlock(&pages_lock);
}

bool shared_page_gpa(struct vm *vm, u64 slot, gpa_t *out)
{
	if (slot >= vm->vf_count)
		return false;
	struct assigned_vf *a = vm->vf[slot];
	vm_lock(vm);
	bool there = a->page || (assigned_vf_usable(a) && open_page(vm, a));
	vm_unlock(vm);
	*out = slot_gpa(a->slot);
	return there;
}

bool shared_page_doorbell(struct vm *vm, u64 slot)
{
	if (slot >= vm->vf_count)
		return false;
	struct assigned_vf *a = vm->vf[slot];
	spin_lock(&pages_lock);
	bool there = a->page && assigned_vf_usable(a);
	if (there) {
		fill(a);
		__atomic_fetch_add(&a->page->request_answered, 1, __ATOMIC_RELEASE);
	}
	spin_unlock(&pages_lock);
	return there;
}
