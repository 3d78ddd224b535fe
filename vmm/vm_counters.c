// SPDX-License-Identifier: GPL-2.0-only
/* A VM's counters outlive its vCPUs: reports come after the end. */
#include "vmm/life.h"

void vm_keep_figures(struct vm *vm)
{
	vm->past_ept_pages = vm->ept_pages;
	for (unsigned i = 0; i < vm->cpus; i++) {
		struct vcpu *v = vm->vcpu[i];

		if (!v)
			continue;
		for (unsigned r = 0; r < EXIT_REASONS; r++)
			vm->past_exits[r] += v->exits[r];
		vm->past_injected += v->injected;
	}
}

u64 vm_exits(const struct vm *vm, unsigned reason)
{
	u64 sum = vm->past_exits[reason];

	for (unsigned i = 0; i < vm->cpus; i++)
		if (vm->vcpu[i] && !vm->torn_down)
			sum += vm->vcpu[i]->exits[reason];
	return sum;
}

u64 vm_injected(const struct vm *vm)
{
	u64 sum = vm->past_injected;

	for (unsigned i = 0; i < vm->cpus; i++)
		if (vm->vcpu[i] && !vm->torn_down)
			sum += vm->vcpu[i]->injected;
	return sum;
}
