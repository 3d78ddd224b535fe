/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a VM holds of a VF is one allocation, sized by its vectors: [struct assigned_vf][shadow
 * entries][route pointers][routes]. A VF of few vectors takes a page.
 */
#include "base/pool.h"
#include "vmm/assign/internal.h"

struct layout {
	u64 entries, pointers, routes, pages;
};

static struct layout layout_for(u16 vectors)
{
	u64 entries =
		ALIGN_UP(sizeof(struct assigned_vf), (u64) _Alignof(struct msix_shadow_entry));
	u64 pointers = entries + vectors * sizeof(struct msix_shadow_entry);
	u64 routes = ALIGN_UP(pointers + vectors * sizeof(struct irq_route *),
			      (u64) _Alignof(struct irq_route));
	u64 bytes = routes + vectors * sizeof(struct irq_route);
	return (struct layout){ entries, pointers, routes, ALIGN_UP(bytes, PAGE_SIZE) / PAGE_SIZE };
}

enum err assigned_vf_create(struct vm *vm, struct vf *vf, struct assigned_vf **out, struct why *why)
{
	u16 vectors = vf_msix_vectors(vf);
	struct layout l = layout_for(vectors);
	u8 *memory = pool_alloc(POOL_VM, l.pages, PAGE_SIZE);
	struct assigned_vf *a = (struct assigned_vf *)memory;
	if (!a)
		return fail(why, ERR_NO_MEMORY, vf->rid,
			    "VM %s, VF " VF_FMT
			    ": no memory for it and its %u MSI-X vectors (%llu pages)",
			    vm->name, VF_ARG(vf), vectors, ULL(l.pages));
	a->vf = vf;
	a->master = vf->pf->master;
	a->slot = vm->vf_count;
	a->route = (struct irq_route **)(memory + l.pointers);
	msix_shadow_init(&a->shadow, (struct msix_shadow_entry *)(memory + l.entries), vectors);
	vm->vf[vm->vf_count++] = a;
	*out = a;
	return OK;
}

void assigned_vf_free(struct assigned_vf *a)
{
	pool_free(POOL_VM, a, layout_for(a->shadow.vectors).pages);
}

u64 assigned_vf_bytes(const struct assigned_vf *a)
{
	u64 pages = layout_for(a->shadow.vectors).pages + (a->page ? 1 : 0) +
		    (a->guest.vm ? MEDIATION_PAGES : 0);
	return pages * PAGE_SIZE;
}

struct irq_route *assigned_vf_route_storage(const struct assigned_vf *a, u16 index)
{
	struct layout l = layout_for(a->shadow.vectors);
	return (struct irq_route *)((u8 *)a + l.routes) + index;
}
