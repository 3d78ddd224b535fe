/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The way of a VF's interrupt:
 *
 *	VF's MSI-X entry -> IRTE (full Requester ID check) -> host vector of one core -> route ->
 *vector of a vCPU
 *
 * Each core has its own vectors, found by the interrupt handler without a search.
 */
#include "base/bitmap.h"
#include "base/hw/cpu.h"
#include "base/log.h"
#include "base/string.h"
#include "base/time.h"
#include "vmm/assign/internal.h"

#define VECTORS       256
#define ROUTE_VECTORS (ROUTE_VECTOR_LAST - ROUTE_VECTOR_FIRST + 1)

/*
 * Per core. The lock covers the core's vectors, cpu->route[] and the routes that point here; it is
 * held from the look-up of a route until its vCPU has been kicked, so that who destroys a route
 * knows that nobody uses it any more.
 */
static struct core_vectors {
	struct spinlock lock;
	u64 used[BITMAP_WORDS(VECTORS)];
	u32 next; /* where the search goes on: a freed vector is the last to be used again, so a
		     late interrupt of its former owner finds no route */
} core_vectors[MAX_CPUS];

static u64 late_interrupts;
static unsigned live_routes;

static struct core_vectors *vectors_of(const struct cpu *core)
{
	return &core_vectors[core->index];
}

/* Two cores' locks, always in index order. `b` may be NULL or the same. */
static void lock_cores(const struct cpu *a, const struct cpu *b)
{
	if (!b || a == b) {
		spin_lock(&vectors_of(a)->lock);
		return;
	}
	spin_lock(&vectors_of(a->index < b->index ? a : b)->lock);
	spin_lock(&vectors_of(a->index < b->index ? b : a)->lock);
}

static void unlock_cores(const struct cpu *a, const struct cpu *b)
{
	spin_unlock(&vectors_of(a)->lock);
	if (b && a != b)
		spin_unlock(&vectors_of(b)->lock);
}

void irq_routes_init(void)
{
	memset(core_vectors, 0, sizeof(core_vectors));
	late_interrupts = 0;
	live_routes = 0;
	for (unsigned v = ROUTE_VECTOR_FIRST; v <= ROUTE_VECTOR_LAST; v++)
		interrupt_set_handler((u8)v, irq_route_interrupt);
}

unsigned irq_vectors_free(const struct cpu *core)
{
	return ROUTE_VECTORS - bitmap_count(vectors_of(core)->used, VECTORS);
}

enum err irq_vector_reserve(u8 *vector, struct why *why)
{
	for (u32 v = ROUTE_VECTOR_LAST; v >= ROUTE_VECTOR_FIRST; v--) {
		bool free_everywhere = true;
		for (unsigned c = 0; c < MAX_CPUS; c++)
			free_everywhere = free_everywhere && !bitmap_test(core_vectors[c].used, v);
		if (!free_everywhere)
			continue;
		for (unsigned c = 0; c < MAX_CPUS; c++)
			bitmap_set(core_vectors[c].used, v);
		*vector = (u8)v;
		return OK;
	}
	return fail(why, ERR_NO_SPACE, RID_NONE, "no interrupt vector is free on all cores");
}

/* Lock of the core held. */
static enum err take_vector(const struct cpu *core, u8 *vector, struct why *why)
{
	struct core_vectors *cv = vectors_of(core);
	u32 end = ROUTE_VECTOR_LAST + 1;
	u32 from = MAX(cv->next, (u32)ROUTE_VECTOR_FIRST);
	u32 v = bitmap_find_clear(cv->used, end, MIN(from, end));
	if (v == end)
		v = bitmap_find_clear(cv->used, end, ROUTE_VECTOR_FIRST);
	if (v == end)
		return fail(
			why, ERR_NO_SPACE, RID_NONE,
			"all %u interrupt vectors of core %u are in use; give the VM's VFs fewer "
			"queues, or its vCPUs another core",
			ROUTE_VECTORS, core->index);
	bitmap_set(cv->used, v);
	cv->next = v + 1;
	*vector = (u8)v;
	return OK;
}

static enum err go_live(struct irq_route *r, struct why *why)
{
	struct rid rid = r->assigned->vf->rid;
	lock_cores(r->core, NULL);
	enum err e = take_vector(r->core, &r->host_vector, why);
	if (!e)
		r->core->route[r->host_vector] = r;
	unlock_cores(r->core, NULL);
	if (e)
		return e;
	return irte_set(rid, r->irte, r->core->apic_id, r->host_vector, why);
}

static void drop_vector(struct cpu *core, u8 vector, bool reusable)
{
	lock_cores(core, NULL);
	core->route[vector] = NULL;
	if (reusable)
		bitmap_clear(vectors_of(core)->used, vector);
	unlock_cores(core, NULL);
}

/*
 * The entry and every vector that it has led to. The flush in irte_free() also drains what is on
 * its way (VT-d 4.1 section 6.5.5); if it fails, the unit may go on using the entry, old or new:
 * nobody else may ever get these vectors (P3).
 */
static void retire(struct irq_route *r)
{
	struct why why;
	bool drained = irte_free(r->assigned->vf->rid, r->irte, &why) == OK;
	if (r->old_core)
		drop_vector(r->old_core, r->old_vector, drained);
	r->old_core = NULL;
	if (r->host_vector)
		drop_vector(r->core, r->host_vector, drained);
	if (!drained)
		log_error("assign",
			  "VF " VF_FMT ": IRTE %u and vector 0x%x of core %u are lost until "
			  "reboot: %s",
			  VF_ARG(r->assigned->vf), r->irte, r->host_vector, r->core->index,
			  why.text);
}

enum err irq_route_create(struct assigned_vf *a, struct vm *vm, u16 msix_index, struct vcpu *to,
			  u8 guest_vector, struct irq_route **out, struct why *why)
{
	struct irq_route *r = assigned_vf_route_storage(a, msix_index);
	*r = (struct irq_route){ .assigned = a,
				 .vm = vm,
				 .generation = a->vf->generation,
				 .msix_index = msix_index,
				 .core = to->core,
				 .vcpu = to,
				 .guest_vector = guest_vector };
	enum err e = irte_alloc(a->vf->rid, &r->irte, why);
	if (e)
		return e;
	e = go_live(r, why);
	if (e) {
		retire(r);
		return e;
	}
	__atomic_fetch_add(&live_routes, 1, __ATOMIC_RELAXED);
	*out = r;
	return OK;
}

/* The vector that was left behind by the last move. Nothing can be on its way to it any more. */
static void drop_old_vector(struct irq_route *r)
{
	if (r->old_core)
		drop_vector(r->old_core, r->old_vector, true);
	r->old_core = NULL;
}

static enum err move(struct irq_route *r, struct vcpu *to, u8 guest_vector, struct why *why)
{
	struct irq_route before = *r;
	drop_old_vector(r);
	lock_cores(before.core, to->core);
	u8 vector;
	enum err e = take_vector(to->core, &vector, why);
	if (!e) {
		to->core->route[vector] = r;
		r->vcpu = to;
		r->guest_vector = guest_vector;
		r->core = to->core;
		r->host_vector = vector;
	}
	unlock_cores(before.core, to->core);
	if (e)
		return e;
	/* Until here interrupts arrive at the old core and are forwarded to the new vCPU: none is
	 * lost. */
	e = irte_set(r->assigned->vf->rid, r->irte, to->core->apic_id, vector, why);
	r->old_core = before.core;
	r->old_vector = before.host_vector;
	return e;
}

enum err irq_route_update(struct irq_route *r, struct vcpu *to, u8 guest_vector, struct why *why)
{
	if (to->core != r->core)
		return move(r, to, guest_vector, why);
	lock_cores(r->core, NULL);
	r->vcpu = to;
	r->guest_vector = guest_vector;
	unlock_cores(r->core, NULL);
	return OK;
}

void irq_route_destroy(struct irq_route *r)
{
	retire(r);
	__atomic_fetch_sub(&live_routes, 1, __ATOMIC_RELAXED);
}

/* Lock of the route's core held. */
static void post(struct irq_route *r)
{
	struct vcpu *v = r->vcpu;
	if (!vlapic_post(&v->lapic, r->guest_vector)) {
		r->dropped++;
		return;
	}
	r->forwarded++;
	__atomic_fetch_add(&r->vm->forwarded_irqs, 1, __ATOMIC_RELAXED);
	if (v->core != this_cpu() || v->state == VCPU_HALTED)
		vcpu_kick(v);
}

static void forward(struct irq_route *r)
{
	throttle_count(r);
	/* A late interrupt of an older assignment is nobody's (R40). */
	if (r->generation != r->assigned->vf->generation) {
		r->dropped++;
		return;
	}
	mediation_interrupt(r->assigned, r->msix_index);
	post(r);
}

void irq_route_raise(struct irq_route *r)
{
	struct cpu *core = r->core; /* changed by holders of vm->lock only */
	lock_cores(core, NULL);
	post(r);
	unlock_cores(core, NULL);
}

void irq_route_interrupt(u8 vector)
{
	struct cpu *core = this_cpu();
	struct core_vectors *cv = vectors_of(core);
	spin_lock(&cv->lock);
	struct irq_route *r = core->route[vector];
	if (r)
		forward(r);
	else
		__atomic_fetch_add(&late_interrupts, 1, __ATOMIC_RELAXED);
	spin_unlock(&cv->lock);
}

unsigned irq_route_count(void)
{
	return live_routes;
}

u64 irq_route_late(void)
{
	return late_interrupts;
}

const struct irq_route *irq_route_at(unsigned cpu, u8 vector)
{
	return cpu < cpu_count ? cpus[cpu].route[vector] : NULL;
}
