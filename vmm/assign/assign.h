/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Giving VFs to VMs and taking them back: decode, then commit. And the routes of their interrupts.
 */
#ifndef VMM_ASSIGN_ASSIGN_H
#define VMM_ASSIGN_ASSIGN_H

#include "vmm/vm.h"

/* A refusal, kept for the report ("refusals[]"). */
struct refusal {
	struct rid vf; /* or RID_NONE if the request names none that exists */
	char vm[CONFIG_NAME_BYTES];
	enum err code;
	struct rid at;   /* the bridge or unit */
	u16 missing_acs; /* ACS bits, 0 if it is something else */
	char text[320];
};
unsigned refusal_count(void);
const struct refusal *refusal(unsigned n);

/* The master drivers' instances, one per PF that has a driver. */
unsigned master_count(void);
struct master *master(unsigned n);

/* Start every PF: driver, VFs, interrupt (vectors on the boot core). Each PF that fails is named
 * and left without VFs. */
void masters_start(void);
/* Run service() of every master; called on their interrupts and every 10 ms by one core. */
void masters_service(void);

/*
 * Give the VM all VFs that its configuration asks for, in two steps between which nobody waits.
 * Decode: every request names a free (parked) VF, ACS path, IOMMU, policy, BAR placement, memory
 * for shadows. Then all of them are the VM's, and their resets are started. All or nothing: after a
 * refusal release_all() gives back what there is.
 */
enum err assign_start(struct vm *vm, struct why *why);

/* True unless a reset of one of the VM's VFs is still going on; takes them further. */
bool assign_resets_over(struct vm *vm);

/*
 * When they are over. Commit: FLR verified, master prepares, context entry live, BARs in EPT
 * (without MSI-X table pages), config model. After a refusal, as above.
 */
enum err assign_finish(struct vm *vm, struct why *why);

/* Memory that a VF takes in its VM. */
u64 assigned_vf_bytes(const struct assigned_vf *a);

/* Does coppice.cfg override this bridge's ACS? As acs_check() wants it. */
bool is_unsafe_acs(struct rid bridge);

/*
 * Take all VFs back: bus master off, quiesce, routes gone, then all are reset together, verified,
 * parked and wiped by the master. All vCPUs have stopped. False while resets go on: call it again.
 * Then RAM may be freed unless vm->ram_leaked says that a flush failed.
 */
bool release_all(struct vm *vm) MUST_CHECK;

/* Is the VF in this state, and still the one that was given? What is left of an older generation
 * says nothing about it (R40). */
static inline bool assigned_vf_is(const struct assigned_vf *a, enum vf_state state)
{
	return a->vf->state == state && a->vf->generation == a->generation;
}

/* False while it is reset and once its reset failed: the guest then sees an empty slot. */
static inline bool assigned_vf_usable(const struct assigned_vf *a)
{
	return assigned_vf_is(a, VF_ASSIGNED);
}

/* --- resets that guests ask for (vmm/assign/guest_reset.c) --- */

/* If the guest's VF is being reset, and that is over: back it comes. vm->lock held. */
void guest_reset_poll(struct vm *vm, struct assigned_vf *a);
/* Every 10 ms: for guests that do not look themselves. */
void guest_resets_service(void);

/* --- the page that a VF's master driver and its VM share (vmm/assign/shared_page.c) --- */

/* Where the page of VF slot `slot` is for the guest: from the first call on. False if there is no
 * such slot, or no memory. */
bool shared_page_gpa(struct vm *vm, u64 slot, gpa_t *out);
/* HC_DOORBELL: the master driver fills the page anew. False if there is no such slot. */
bool shared_page_doorbell(struct vm *vm, u64 slot);

/* Effects of a guest's config write (enum vf_effect bits) and of MSI-X table writes on the real
 * device. vm->lock held. */
void assigned_vf_effects(struct vm *vm, struct assigned_vf *a, unsigned effects);
void assigned_vf_msix_changed(struct vm *vm, struct assigned_vf *a, u16 index);

/* --- VFs that their master driver mediates (vmm/assign/mediation.c)
 * ------------------------------------------------------ */

/* Does the master driver stand between the guest and this page of the BAR? */
bool mediation_traps(const struct assigned_vf *a, unsigned bar, u64 offset);
/* The guest's access there. vm->lock held. */
u64 mediation_read(struct assigned_vf *a, u64 offset, unsigned width);
void mediation_write(struct assigned_vf *a, u64 offset, unsigned width, u64 value);
/* Every 10 ms: what the devices finished without an interrupt that we saw. */
void mediation_service(void);

/* --- interrupt routes (vmm/assign/irq_route.c) --- */

/* VF vector -> IRTE -> host vector on one core -> guest vector of one vCPU. */
struct irq_route {
	struct assigned_vf *assigned;
	struct vm *vm;
	u32 generation; /* of the VF's assignment; a late interrupt of an older one is dropped */
	u16 msix_index, irte;
	struct cpu *core;
	u8 host_vector;
	struct vcpu *vcpu;
	u8 guest_vector;
	u64 forwarded, dropped;
	u32 in_tick;             /* interrupts since the last service tick */
	volatile bool throttled; /* masked by us until the next one */
	/* After a move to another core, an interrupt may still be on its way to the old vector: it
	 * stays this route's until the next move. NULL = none. */
	struct cpu *old_core;
	u8 old_vector;
};

#define ROUTE_VECTOR_FIRST 0x30
#define ROUTE_VECTOR_LAST  0xdf

/* Allocate a host vector on `core` (ERR_NO_SPACE names how many are in use) and an IRTE, and make
 * it live. */
enum err irq_route_create(struct assigned_vf *a, struct vm *vm, u16 msix_index, struct vcpu *to,
			  u8 guest_vector, struct irq_route **out, struct why *why);
/* Change destination or guest vector in place. */
enum err irq_route_update(struct irq_route *r, struct vcpu *to, u8 guest_vector, struct why *why);
void irq_route_destroy(struct irq_route *r);
/* Every service tick, on the boot core: routes get a new budget, and those that had used theirs up
 * are unmasked (vmm/assign/throttle.c). */
void throttle_service(void);
/* The route of a vector on a core, for reports; NULL = none. Only what runs on that core may follow
 * it further. */
const struct irq_route *irq_route_at(unsigned cpu, u8 vector);
/* Interrupts on a route vector that had no live route: late ones of a released VF. */
u64 irq_route_late(void);

/* The interrupt handler of all route vectors: forwards to the vCPU's virtual LAPIC, kicks it if it
 * is elsewhere. */
void irq_route_interrupt(u8 vector);
unsigned irq_route_count(void);
unsigned irq_vectors_free(const struct cpu *core);

#endif
