/* SPDX-License-Identifier: GPL-2.0-only */
/* One allocation per VF, sized by its vectors: [shadow entries][route pointers][routes]. */
#include "base/pool.h"
#include "vmm/assign/internal.h"

struct layout {
	u64 pointers, routes, pages;
};

static struct layout layout_for(u16 vectors)
{
	u64 pointers = (u64)vectors * sizeof(struct msix_shadow_entry);
	u64 routes = ALIGN_UP(pointers + vectors * sizeof(struct irq_route *),
			      (u64) _Alignof(struct irq_route));
	u64 bytes = routes + vectors * sizeof(struct irq_route);
	return (struct layout){ pointers, routes, ALIGN_UP(bytes, PAGE_SIZE) / PAGE_SIZE };
}

enum err shadow_alloc(struct assigned_vf *a, u16 vectors, struct why *why)
{
	struct layout l = layout_for(vectors);
	u8 *memory = pool_alloc(POOL_VM, l.pages, PAGE_SIZE);
	if (!memory)
		return fail(why, ERR_NO_MEMORY, a->vf->rid,
			    "VF " VF_FMT
			    ": no memory for the shadow of %u MSI-X vectors (%llu pages)",
			    VF_ARG(a->vf), vectors, ULL(l.pages));
	a->shadow_entry = (struct msix_shadow_entry *)memory;
	a->route = (struct irq_route **)(memory + l.pointers);
	msix_shadow_init(&a->shadow, a->shadow_entry, vectors);
	return OK;
}

void shadow_free(struct assigned_vf *a)
{
	if (a->shadow_entry)
		pool_free(POOL_VM, a->shadow_entry, layout_for(a->shadow.vectors).pages);
	a->shadow_entry = NULL;
	a->route = NULL;
	a->shadow = (struct msix_shadow){ 0 };
}

struct irq_route *shadow_route_storage(const struct assigned_vf *a, u16 index)
{
	struct layout l = layout_for(a->shadow.vectors);
	return (struct irq_route *)((u8 *)a->shadow_entry + l.routes) + index;
}
