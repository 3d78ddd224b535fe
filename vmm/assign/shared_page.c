/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The page that a VM shares with the master driver of its VF. The guest may write all of it at any
 * time, so nothing that is read back from it decides anything.
 */
#include "base/pool.h"
#include "base/string.h"
#include "vmm/assign/internal.h"

/* Held while a page is filled; the master driver takes its own lock inside, and calls back without
 * it. */
static struct spinlock pages_lock;

static unsigned slot_of(const struct vm *vm, const struct assigned_vf *a)
{
	return (unsigned)(a - vm->vf);
}

static gpa_t slot_gpa(unsigned slot)
{
	return gpa(SHARED_PAGES_BASE + slot * PAGE_SIZE);
}

enum err shared_page_create(struct vm *vm, struct assigned_vf *a, struct why *why)
{
	a->page = pool_alloc(POOL_VM, 1, PAGE_SIZE);
	if (!a->page)
		return fail(why, ERR_NO_MEMORY, a->vf->rid,
			    "VM %s: no page to share with the master driver of VF " VF_FMT,
			    vm->name, VF_ARG(a->vf));
	return OK;
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

enum err shared_page_map(struct vm *vm, struct assigned_vf *a, struct why *why)
{
	enum err e = ept_map(vm, slot_gpa(slot_of(vm, a)), pool_hpa(a->page), PAGE_SIZE,
			     EPT_READ | EPT_WRITE, false, why);
	if (e)
		return e;
	spin_lock(&pages_lock);
	fill(a);
	spin_unlock(&pages_lock);
	return OK;
}

/* The VM has stopped; its EPT goes away with it. */
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
		if (vm->vf[i].vf == vf)
			return &vm->vf[i];
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

bool shared_page_gpa(const struct vm *vm, u64 slot, gpa_t *out)
{
	if (slot >= vm->vf_count || !vm->vf[slot].page)
		return false;
	*out = slot_gpa((unsigned)slot);
	return true;
}

bool shared_page_doorbell(struct vm *vm, u64 slot)
{
	if (slot >= vm->vf_count)
		return false;
	struct assigned_vf *a = &vm->vf[slot];
	spin_lock(&pages_lock);
	bool there = a->page && assigned_vf_usable(a);
	if (there) {
		fill(a);
		__atomic_fetch_add(&a->page->request_answered, 1, __ATOMIC_RELEASE);
	}
	spin_unlock(&pages_lock);
	return there;
}
