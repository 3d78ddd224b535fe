// SPDX-License-Identifier: GPL-2.0-only
/*
 * Extended page tables (Intel SDM Vol. 3C 29.3): one tree per VM, with the largest leaves that the
 * CPU and alignment allow.
 *
 *   guest-physical bits 47:39 -> PML4 -> 38:30 -> PDPT (1 GiB leaf) -> 29:21 -> PD (2 MiB leaf) ->
 * 20:12 -> PT (4 KiB leaf)
 *
 * An entry is always written with one 64-bit store (XSA-328). Table pages go back to the pool only
 * when the VM is gone.
 */
#include "base/hw/cpu.h"
#include "base/hw/insn.h"
#include "base/log.h"
#include "base/panic.h"
#include "base/pool.h"
#include "base/time.h"
#include "vmm/vmx/insn.h"
#include "vmm/vmx/vmx.h"

#define EPT_ENTRIES     512u
#define EPT_LEVELS      4
#define EPT_ADDRESS     BITS64(51, 12)
#define EPT_PERMISSIONS 7ull
#define EPT_LARGE       BIT64(7)
#define EPT_TYPE_SHIFT  3
#define EPT_TYPE_UC     0ull
#define EPT_TYPE_WB     6ull
#define EPT_WIDTH       48
/* A core answers from guest mode at once (kick), and while it waits for hardware through
 * time_wait_hook: only one that is busy in our own code (it wipes memory, it waits for a lock)
 * takes this long. */
#define FLUSH_TIMEOUT_NS (5 * NS_PER_S)

static unsigned level_shift(unsigned level)
{
	return PAGE_SHIFT + 9 * (level - 1);
}
static u64 level_size(unsigned level)
{
	return 1ull << level_shift(level);
}
static unsigned level_index(u64 address, unsigned level)
{
	return address >> level_shift(level) & (EPT_ENTRIES - 1);
}

static u64 *table_of(u64 entry)
{
	return pool_va(hpa(entry & EPT_ADDRESS));
}

static bool leaf_allowed(unsigned level)
{
	return level == 1 || (level == 2 && vmx_controls.ept_2m) ||
	       (level == 3 && vmx_controls.ept_1g);
}

enum err ept_create(struct vm *vm, struct why *why)
{
	vm->ept_root = pool_alloc(POOL_VM, 1, PAGE_SIZE);
	if (!vm->ept_root)
		return fail(why, ERR_NO_MEMORY, RID_NONE, "VM %s: no page for the EPT root",
			    vm->name);
	vm->ept_pages = 1;
	return OK;
}

/* Largest leaf for the range at `at` -> `to` with `left` bytes to go. */
static unsigned leaf_level(u64 at, u64 to, u64 left)
{
	for (unsigned level = 3; level > 1; level--)
		if (leaf_allowed(level) && IS_ALIGNED(at | to, level_size(level)) &&
		    left >= level_size(level))
			return level;
	return 1;
}

/* The entry for `at` at `level`, with the tables above it made if needed. NULL: no memory, or a
 * larger leaf is in the way. */
static u64 *entry_for(struct vm *vm, u64 at, unsigned level)
{
	u64 *table = vm->ept_root;

	for (unsigned l = EPT_LEVELS; l > level; l--) {
		u64 *entry = &table[level_index(at, l)];

		if (!(*entry & EPT_PERMISSIONS)) {
			void *page = pool_alloc(POOL_VM, 1, PAGE_SIZE);

			if (!page)
				return NULL;
			vm->ept_pages++;
			*(volatile u64 *)entry = pool_hpa(page).v | EPT_PERMISSIONS;
		} else if (*entry & EPT_LARGE) {
			return NULL;
		}
		table = table_of(*entry);
	}
	return &table[level_index(at, level)];
}

/* First pass: make every table and see that nothing is mapped there. Tables made in vain stay for
 * later use. */
static enum err prepare_range(struct vm *vm, u64 at, u64 to, u64 size, struct why *why)
{
	for (u64 done = 0; done < size;) {
		unsigned level = leaf_level(at + done, to + done, size - done);
		u64 *entry = entry_for(vm, at + done, level);

		if (!entry)
			return fail(why, ERR_NO_MEMORY, RID_NONE,
				    "VM %s: no EPT table for guest-physical 0x%llx (or a larger "
				    "page is there)",
				    vm->name, (unsigned long long)(at + done));
		if (*entry & EPT_PERMISSIONS)
			return fail(why, ERR_BUSY, RID_NONE,
				    "VM %s: guest-physical 0x%llx is mapped already", vm->name,
				    (unsigned long long)(at + done));
		done += level_size(level);
	}
	return OK;
}

enum err ept_map(struct vm *vm, gpa_t at, hpa_t to, u64 size, unsigned prot, bool uncached,
		 struct why *why)
{
	u64 type = (uncached ? EPT_TYPE_UC : EPT_TYPE_WB) << EPT_TYPE_SHIFT;
	enum err e;

	if (!IS_ALIGNED(at.v | to.v | size, PAGE_SIZE) || !size || at.v + size > 1ull << EPT_WIDTH)
		return fail(why, ERR_INVALID, RID_NONE,
			    "VM %s: cannot map 0x%llx bytes at guest-physical 0x%llx: whole pages "
			    "below 2^48 only",
			    vm->name, (unsigned long long)size, (unsigned long long)at.v);
	e = prepare_range(vm, at.v, to.v, size, why);
	if (e != OK)
		return e;
	for (u64 done = 0; done < size;) {
		unsigned level = leaf_level(at.v + done, to.v + done, size - done);
		u64 *entry = entry_for(vm, at.v + done, level);

		*(volatile u64 *)entry = (to.v + done) | type | prot | (level > 1 ? EPT_LARGE : 0);
		done += level_size(level);
	}
	return OK;
}

/* The leaf entry that covers `at`, or NULL; its level through `level`. */
static u64 *leaf_at(const struct vm *vm, u64 at, unsigned *level)
{
	u64 *table = vm->ept_root;

	for (unsigned l = EPT_LEVELS; l >= 1; l--) {
		u64 *entry = &table[level_index(at, l)];

		if (!(*entry & EPT_PERMISSIONS))
			return NULL;
		if (l == 1 || (*entry & EPT_LARGE)) {
			*level = l;
			return entry;
		}
		table = table_of(*entry);
	}
	return NULL;
}

bool ept_translate(const struct vm *vm, gpa_t at, hpa_t *to, unsigned *prot)
{
	unsigned level;
	const u64 *leaf = at.v < 1ull << EPT_WIDTH ? leaf_at(vm, at.v, &level) : NULL;

	if (!leaf)
		return false;
	*to = hpa((*leaf & EPT_ADDRESS & ~(level_size(level) - 1)) |
		  (at.v & (level_size(level) - 1)));
	if (prot)
		*prot = *leaf & EPT_PERMISSIONS;
	return true;
}

void ept_flush_pending(struct cpu *c)
{
	if (!c->vmx)
		return;
	for (unsigned i = 0; i < vm_count; i++) {
		u64 wanted = vms[i].ept_generation;

		if (c->ept_generation[i] == wanted)
			continue;
		vmx_invept(INVEPT_ALL, 0);
		__atomic_store_n(&c->ept_generation[i], wanted, __ATOMIC_RELEASE);
	}
}

/* Has every core that may cache translations of the VM flushed? While waiting we serve our own
 * flushes: two cores may unmap at once. */
static bool all_flushed(void *vm_pointer)
{
	struct vm *vm = vm_pointer;

	ept_flush_pending(this_cpu());
	for (unsigned i = 0; i < vm->cpus; i++)
		if (vm->vcpu[i] && vm->vcpu[i]->core->vmx &&
		    __atomic_load_n(&vm->vcpu[i]->core->ept_generation[vm->id], __ATOMIC_ACQUIRE) <
			    vm->ept_generation)
			return false;
	return true;
}

void ept_unmap(struct vm *vm, gpa_t at, u64 size)
{
	bool changed = false;

	for (u64 done = 0; done < size;) {
		unsigned level = 1;
		u64 *leaf = leaf_at(vm, at.v + done, &level);

		if (leaf) {
			HV_ASSERT(level_size(level) <=
				  size - done); /* callers unmap what they mapped, never half a
						   large page */
			*(volatile u64 *)leaf = 0;
			changed = true;
		}
		done += leaf ? level_size(level) : PAGE_SIZE;
	}
	if (!changed)
		return;
	__atomic_add_fetch(&vm->ept_generation, 1, __ATOMIC_SEQ_CST);
	for (unsigned i = 0; i < vm->cpus; i++)
		if (vm->vcpu[i] && vm->vcpu[i]->core != this_cpu())
			lapic_ipi(vm->vcpu[i]->core->apic_id, VECTOR_KICK);
	/* No reason to stop anybody: that core is not in guest mode, and the kick that waits for it
	 * makes it flush before a guest's next instruction. */
	if (wait_until(all_flushed, vm, FLUSH_TIMEOUT_NS) != OK)
		log_error(
			"vmx",
			"VM %s: a core has been busy for 5 s and not flushed its EPT translations "
			"yet; it does before a guest goes on there",
			vm->name);
}

static void free_level(struct vm *vm, u64 *table, unsigned level)
{
	for (unsigned i = 0; level > 1 && i < EPT_ENTRIES; i++)
		if ((table[i] & EPT_PERMISSIONS) && !(table[i] & EPT_LARGE))
			free_level(vm, table_of(table[i]), level - 1);
	pool_free(POOL_VM, table, 1);
	vm->ept_pages--;
}

/* The VM's vCPUs are gone from every core; their last VMCLEAR does not flush, so the generation
 * does. */
void ept_destroy(struct vm *vm)
{
	if (!vm->ept_root)
		return;
	__atomic_add_fetch(&vm->ept_generation, 1, __ATOMIC_SEQ_CST);
	ept_flush_pending(this_cpu());
	free_level(vm, vm->ept_root, EPT_LEVELS);
	vm->ept_root = NULL;
}
