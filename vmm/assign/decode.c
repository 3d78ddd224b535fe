/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Decode: may this VM have these VFs? Each request runs through the same list of checks; all
 * requests are checked even after one failed, so that a person sees every refusal in one boot. No
 * device is touched.
 */
#include "base/format.h"
#include "base/log.h"
#include "base/pool.h"
#include "vmm/assign/internal.h"

/* One request on its way through the checks. */
struct request {
	struct vm *vm;
	const struct vf_request *wish;
	struct assigned_vf *a;
	u64 *window_next; /* first free guest-physical address in the BAR window */
	u16 missing_acs;
};

bool is_unsafe_acs(struct rid bridge)
{
	for (unsigned i = 0; i < config.override_count; i++)
		if (rid_equal(config.unsafe_acs[i], bridge))
			return true;
	return false;
}

static enum err check_acs(struct request *r, struct why *why)
{
	struct acs_verdict verdict;
	const struct vf *vf = r->a->vf;
	enum err e = acs_check(vf->function, is_unsafe_acs, &verdict, why);
	if (e) {
		r->missing_acs = verdict.missing;
		if (verdict.at) /* the report points at the bridge; the text names the VF, too */
			why->rid = verdict.at->rid;
		return e;
	}
	if (verdict.by_override)
		log_warn("assign",
			 "UNSAFE: VM %s gets VF " VF_FMT " only because of unsafe_acs=: %s",
			 r->vm->name, VF_ARG(vf), verdict.text);
	return OK;
}

/* DMA and interrupts, both or nothing (P2, P3, R23). */
static enum err check_iommu(struct request *r, struct why *why)
{
	return iommu_check(r->a->vf->rid, why);
}

/* Nothing else resets one VF alone (R39): what the last owner left could not be taken away. */
static enum err check_reset(struct request *r, struct why *why)
{
	const struct vf *vf = r->a->vf;
	if (vf->function->flr)
		return OK;
	return fail(
		why, ERR_REFUSED, vf->rid,
		"it offers no Function Level Reset (Device Capabilities bit 28), so it could not "
		"be cleaned for its next owner");
}

static enum err check_policy(struct request *r, struct why *why)
{
	struct assigned_vf *a = r->a;
	a->policy = r->wish->policy;
	return a->master->driver->check_policy(a->master, a->vf, &a->policy, why);
}

static enum err check_bar(const struct vf *vf, unsigned n, const struct pci_bar *bar,
			  struct why *why)
{
	if (bar->io || bar->base == 0)
		return fail(why, ERR_NO_SPACE, vf->rid,
			    "its BAR %u has no memory address; the log of the boot says which "
			    "window was full",
			    n);
	/* Two VFs in one page would be two VMs in one page (R5; S25 of the test list). */
	if (bar->size < PAGE_SIZE || !IS_ALIGNED(bar->base, PAGE_SIZE))
		return fail(why, ERR_REFUSED, vf->rid,
			    "its BAR %u is 0x%llx bytes at 0x%llx; expected whole 4 KiB pages of "
			    "its own (System "
			    "Page Size)",
			    n, ULL(bar->size), ULL(bar->base));
	return OK;
}

/* Give each BAR a place in the guest's window, naturally aligned. */
static enum err place_bars(struct request *r, u64 base[PCI_BARS], struct why *why)
{
	const struct vf *vf = r->a->vf;
	for (unsigned n = 0; n < PCI_BARS; n++) {
		struct pci_bar *bar = &r->a->host_bar[n];
		*bar = vf_bar(vf, n);
		base[n] = 0;
		if (bar->size == 0)
			continue;
		enum err e = check_bar(vf, n, bar, why);
		if (e)
			return e;
		u64 at = ALIGN_UP(*r->window_next, bar->size);
		if (at > SHARED_PAGES_BASE || bar->size > SHARED_PAGES_BASE - at)
			return fail(why, ERR_NO_SPACE, vf->rid,
				    "its BAR %u needs 0x%llx bytes, the VM's window has 0x%llx "
				    "left; give the VM fewer "
				    "VFs",
				    n, ULL(bar->size), ULL(SHARED_PAGES_BASE - *r->window_next));
		base[n] = at;
		*r->window_next = at + bar->size;
	}
	return OK;
}

static enum err build_model(struct request *r, struct why *why)
{
	u64 base[PCI_BARS];
	enum err e = place_bars(r, base, why);
	if (!e)
		e = vf_model_init(&r->a->model, r->a->vf, base, why);
	if (!e)
		vf_model_set_window(&r->a->model, GUEST_MMIO_BASE,
				    SHARED_PAGES_BASE - GUEST_MMIO_BASE);
	return e;
}

static enum err check_vectors(struct request *r, struct why *why)
{
	u16 vectors = r->a->shadow.vectors;
	(void)why;
	/* Routes are made when the guest unmasks a vector (R19); a shortage is better told now
	 * (R20). */
	unsigned free_vectors = 0;
	for (unsigned i = 0; i < r->vm->cpus; i++)
		free_vectors = MAX(free_vectors, irq_vectors_free(r->vm->vcpu[i]->core));
	if (free_vectors < vectors)
		log_warn("assign",
			 "VM %s: VF " VF_FMT
			 " has %u interrupt vectors, its cores have %u left: some may stay silent",
			 r->vm->name, VF_ARG(r->a->vf), vectors, free_vectors);
	return OK;
}

static enum err give_mediation(struct request *r, struct why *why)
{
	return mediation_create(r->vm, r->a, why);
}

/* The order matters: what explains most comes first. */
static enum err (*const checks[])(struct request *, struct why *) = {
	check_acs,   check_iommu,   check_reset,    check_policy,
	build_model, check_vectors, give_mediation,
};

static enum err run_checks(struct request *r, struct why *why)
{
	for (unsigned i = 0; i < ARRAY_LEN(checks); i++) {
		struct why inner = { .rid = RID_NONE };
		enum err e = checks[i](r, &inner);
		if (e)
			return fail(why, e, inner.rid, "VM %s, VF " VF_FMT ": %s", r->vm->name,
				    VF_ARG(r->a->vf), inner.text);
	}
	return OK;
}

static enum err decode_one(struct vm *vm, unsigned n, u64 *window_next, struct why *why)
{
	struct request r = { .vm = vm, .wish = &vm->config->vf[n], .window_next = window_next };
	struct vf *vf;
	enum err e = select_vf(vm, r.wish, &vf, why);
	if (!e)
		e = assigned_vf_create(vm, vf, &r.a, why);
	if (!e)
		e = run_checks(&r, why);
	if (e)
		refusal_add(vm, vf, why, r.missing_acs);
	return e;
}

/* Guest-physical and device addresses are the same numbers: RAM, and nothing but RAM, and the pages
 * through which a mediator talks to its VF (P2). */
static enum err build_domain(struct vm *vm, struct why *why)
{
	unsigned width = 64 - (unsigned)__builtin_clzll(vm->ram_bytes - 1);
	vm->domain = iommu_domain_create(vm->name, MAX(width, mediation_address_bits(vm)), why);
	if (!vm->domain)
		return why->code ? why->code : ERR_NO_MEMORY;
	enum err e = iommu_map(vm->domain, iova(0), pool_hpa(vm->ram), vm->ram_bytes,
			       IOMMU_READ | IOMMU_WRITE, why);
	return e ? e : mediation_map(vm, why);
}

enum err assign_decode(struct vm *vm, struct why *why)
{
	u64 window_next = GUEST_MMIO_BASE;
	enum err first = OK;
	for (unsigned n = 0; n < vm->config->vf_count; n++) {
		struct why one = { .rid = RID_NONE };
		enum err e = decode_one(vm, n, &window_next, &one);
		if (e && !first) {
			first = e;
			*why = one;
		}
	}
	if (first)
		return first;
	struct why inner = { .rid = RID_NONE };
	enum err e = build_domain(vm, &inner);
	if (!e)
		return OK;
	fail(why, e, inner.rid, "VM %s: no IOMMU domain for its VFs: %s", vm->name, inner.text);
	refusal_add(vm, NULL, why, 0);
	return e;
}
