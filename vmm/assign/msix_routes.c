/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the guest's MSI-X shadow to the device: the guest's address and data say which vCPU and
 * vector it wants, and never reach the device. A route exists from the first time that an entry is
 * unmasked until MSI-X is disabled (R19).
 */
#include "base/log.h"
#include "vmm/assign/internal.h"
#include "vmm/guest/devices.h"

/* Message format, SDM Vol. 3A section 11.11. */
#define MESSAGE_ADDRESS_MASK         0xfffffffffff00000ull
#define MESSAGE_ADDRESS              0xfee00000ull
#define MESSAGE_DESTINATION(address) ((u32)((address) >> 12 & 0xff))
#define MESSAGE_LOGICAL              BIT64(2)
#define MESSAGE_VECTOR(data)         ((u8)(data))
#define MESSAGE_DELIVERY(data)       ((data) >> 8 & 7)
#define DELIVERY_FIXED               0u
#define DELIVERY_LOWEST              1u
#define VECTOR_FIRST_LEGAL           16u
#define ENTRY_MASKED                 BIT(0)

/* Physical: the vCPU with that APIC id. Logical: of the vCPUs that the 8 bits name, the lowest. */
static struct vcpu *find_target(struct vm *vm, u64 address)
{
	u32 destination = MESSAGE_DESTINATION(address);
	for (unsigned i = 0; i < vm->cpus; i++)
		if (vlapic_is_destination(&vm->vcpu[i]->lapic, destination,
					  address & MESSAGE_LOGICAL))
			return vm->vcpu[i];
	return NULL;
}

/* Why an entry cannot be routed, for the guest's author; NULL if it can (R22). */
static const char *decode_entry(struct vm *vm, const struct msix_shadow_entry *entry,
				struct vcpu **to, u8 *vector)
{
	if ((entry->address & MESSAGE_ADDRESS_MASK) != MESSAGE_ADDRESS)
		return "the address must be 0xfeexxxxx";
	u32 delivery = MESSAGE_DELIVERY(entry->data);
	if (delivery != DELIVERY_FIXED && delivery != DELIVERY_LOWEST)
		return "the delivery mode (data bits 10:8) must be fixed";
	*vector = MESSAGE_VECTOR(entry->data);
	if (*vector < VECTOR_FIRST_LEGAL)
		return "the vector (data bits 7:0) must be 16 or more";
	*to = find_target(vm, entry->address);
	return *to ? NULL : "no vCPU has the APIC id in address bits 19:12";
}

static void unroute(struct assigned_vf *a, u16 index)
{
	/* Masked on the device before the route goes: no new message, then the flush drains the old
	 * ones (R21). */
	msix_mask_entry(&a->msix, index, true);
	if (!a->route[index])
		return;
	irq_route_destroy(a->route[index]);
	a->route[index] = NULL;
}

/* Make the route lead to (to, vector); programs the device's entry if it is new. */
static enum err route(struct vm *vm, struct assigned_vf *a, u16 index, struct vcpu *to, u8 vector,
		      struct why *why)
{
	struct irq_route *r = a->route[index];
	if (r) {
		if (r->vcpu != to || r->guest_vector != vector) {
			msix_mask_entry(&a->msix, index, true);
			enum err e = irq_route_update(r, to, vector, why);
			if (e)
				return e;
		}
		msix_mask_entry(&a->msix, index, r->throttled);
		return OK;
	}
	enum err e = irq_route_create(a, vm, index, to, vector, &r, why);
	if (e)
		return e;
	u64 address;
	u32 data;
	a->route[index] = r;
	irte_message(r->irte, &address, &data);
	msix_write_entry(&a->msix, index, address, data, false);
	return OK;
}

static void sync_entry(struct vm *vm, struct assigned_vf *a, u16 index)
{
	const struct msix_shadow_entry *entry = &a->shadow.entry[index];
	bool wanted = vf_model_msix_enabled(&a->model) && !vf_model_msix_masked(&a->model) &&
		      !(entry->control & ENTRY_MASKED);
	if (!wanted) {
		/* The route stays: Linux masks and unmasks around each change of affinity. */
		if (a->route[index])
			msix_mask_entry(&a->msix, index, true);
		return;
	}
	struct vcpu *to;
	u8 vector;
	const char *wrong = decode_entry(vm, entry, &to, &vector);
	struct why why;
	if (!wrong && route(vm, a, index, to, vector, &why) != OK)
		wrong = why.text;
	if (!wrong)
		return;
	unroute(a, index);
	guest_teach(vm,
		    "VF " VF_FMT ": MSI-X entry %u (address 0x%llx, data 0x%x) raises nothing: %s",
		    VF_ARG(a->vf), index, ULL(entry->address), entry->data, wrong);
}

void msix_routes_destroy(struct assigned_vf *a)
{
	for (u16 i = 0; i < a->shadow.vectors; i++)
		if (a->route[i])
			unroute(a, i);
}

void msix_routes_sync(struct vm *vm, struct assigned_vf *a)
{
	if (!vf_model_msix_enabled(&a->model)) {
		msix_routes_destroy(a);
		msix_set_control(&a->msix, false, true);
		return;
	}
	/* Behind Function Mask, so that no entry fires while its neighbours are being set up. */
	msix_set_control(&a->msix, true, true);
	for (u16 i = 0; i < a->shadow.vectors; i++)
		sync_entry(vm, a, i);
	msix_set_control(&a->msix, true, vf_model_msix_masked(&a->model));
}

void assigned_vf_msix_changed(struct vm *vm, struct assigned_vf *a, u16 index)
{
	if (assigned_vf_usable(a) && index < a->shadow.vectors)
		sync_entry(vm, a, index);
}
