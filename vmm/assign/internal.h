/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of vmm/assign/ know of each other. */
#ifndef VMM_ASSIGN_INTERNAL_H
#define VMM_ASSIGN_INTERNAL_H

#include "pci/path.h"
#include "vmm/assign/assign.h"

#define ULL(x) ((unsigned long long)(x))

/* "igb0/1": how a VF is called in every text, with its Requester ID beside it (R7, R35). */
#define VF_FMT     "%s/%u (" RID_FMT ")"
#define VF_ARG(vf) (vf)->pf->name, (unsigned)(vf)->index, RID_ARG((vf)->rid)

/* The last pages of the guest's MMIO window hold the shared pages, one per VF slot; BARs end below
 * them. */
#define SHARED_PAGES_BASE ((u64)GUEST_MMIO_BASE + GUEST_MMIO_SIZE - CONFIG_VFS_PER_VM * PAGE_SIZE)

/* --- assign.c: for each VF of the VMs that run, with the VM's lock held. A lock that is taken is
 * not waited for, since its holder may wait for a device: that VM's turn comes at the next tick. */
void for_running_vfs(void (*visit)(struct vm *vm, struct assigned_vf *a));

/* --- refusals.c */
void refusal_add(const struct vm *vm, const struct vf *vf, const struct why *why, u16 missing_acs);

/*
 * Where a VF reaches its mediator's pages: no RAM of a guest, and nothing that the guest's CPU
 * finds there. Two pages per VF slot.
 */
#define MEDIATION_IOVA_BASE 0xe8000000ull
#define MEDIATION_PAGES     2

/* --- select.c: which VF a request means; checks that it is there, free and not in vm->vf[] yet.
 * *out: the VF if there is one, even on error. */
enum err select_vf(struct vm *vm, const struct vf_request *request, struct vf **out,
		   struct why *why);

/* --- decode.c: every check for all VFs of a VM; fills vm->vf[] but changes no device. */
enum err assign_decode(struct vm *vm, struct why *why);

/* --- storage.c: memory for a VF, for what the guest writes into its MSI-X table, and for the
 * routes. It becomes the last of vm->vf[]. */
enum err assigned_vf_create(struct vm *vm, struct vf *vf, struct assigned_vf **out,
			    struct why *why);
void assigned_vf_free(struct assigned_vf *a);
struct irq_route *assigned_vf_route_storage(const struct assigned_vf *a, u16 index);

/* --- bars.c: BARs in EPT */
/* Make EPT agree with the guest's Memory Space bit and BARs. */
void bars_sync(struct vm *vm, struct assigned_vf *a);
void bars_unmap(struct vm *vm, struct assigned_vf *a);

/* --- msix_routes.c */
/* Make the device's MSI-X agree with what the guest's shadow and Message Control say. */
void msix_routes_sync(struct vm *vm, struct assigned_vf *a);
void msix_routes_destroy(struct assigned_vf *a);

/* --- release.c */
/* The device's Command register from the guest's: decode always on, bus master as the guest has it.
 */
void command_sync(struct assigned_vf *a);
/* vf_change_state() where the order of the promises allows it; before nobody owns the VF, its
 * faults are attributed. */
void change_vf_state(struct vf *vf, enum vf_state to, struct vm *owner);
/* Its reset failed: dead until reboot, cut off from memory and interrupts. */
void quarantine_vf(struct vm *vm, struct assigned_vf *a, const struct why *reason);

/* --- guest_reset.c */
/* The guest wrote Initiate FLR. vm->lock held. */
void guest_reset_start(struct vm *vm, struct assigned_vf *a);

/* --- shared_page.c */
void shared_page_destroy(struct assigned_vf *a);
void shared_page_changed(struct master *m, struct vf *vf);

/* --- mediation.c */
enum err mediation_create(struct vm *vm, struct assigned_vf *a, struct why *why);
/* The pages of all mediated VFs, in the VM's IOMMU domain. */
enum err mediation_map(struct vm *vm, struct why *why);
/* How many bits the addresses of these pages have; 0 if there are none. */
unsigned mediation_address_bits(const struct vm *vm);
enum err mediation_attach(struct assigned_vf *a, struct why *why);
void mediation_free(struct assigned_vf *a);
/* An interrupt of this VF is about to reach the guest. Lock of the route's core held. */
void mediation_interrupt(struct assigned_vf *a, u16 msix_index);

/* --- throttle.c */
/* An interrupt came on this route; its core's lock held. Masks the vector if they are too many. */
void throttle_count(struct irq_route *r);

/* --- irq_route.c */
/* As if the route's device had sent its message. */
void irq_route_raise(struct irq_route *r);
void irq_routes_init(void);
/* A host vector that no core uses for a route, for a handler of our own. */
enum err irq_vector_reserve(u8 *vector, struct why *why);

#endif
