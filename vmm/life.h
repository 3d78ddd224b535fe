/* SPDX-License-Identifier: GPL-2.0-only */
/* Creation, start and teardown of VMs; the features gate. */
#ifndef VMM_LIFE_H
#define VMM_LIFE_H

#include "vmm/vm.h"

/*
 * Make a VM from its configuration: memory, EPT, kernel, vCPUs, VFs. All or nothing: on error
 * everything is given back and the VM is kept as VM_REFUSED with the reason, which is logged. Boot
 * core.
 */
enum err vm_create(const struct vm_config *c);

/* Build and start a VM again that was refused or has ended and been torn down (else ERR_BUSY). Boot
 * core. */
enum err vm_start_again(struct vm *vm, struct why *why);

/* End the VM if it runs and forget it: nothing can start it again. Boot core. */
void vm_destroy(struct vm *vm);

/* End the VM and start it again once its VFs and memory have come back. `who` asked. Any core. */
void vm_restart(struct vm *vm, const char *who);

/* Hand its vCPUs to their cores. */
void vm_start(struct vm *vm);

/* After every vCPU has left (live_vcpus == 0): VFs back, memory wiped and freed. Boot core, outside
 * guest mode. */
void vm_teardown(struct vm *vm);

/* Copy the vCPUs' counters into the VM before they are freed, so that report and table can show
 * them later. */
void vm_keep_figures(struct vm *vm);

/* Sum of a VM's exits by reason over its vCPUs, living or gone. */
u64 vm_exits(const struct vm *vm, unsigned reason);
u64 vm_injected(const struct vm *vm);

/* Look at CPU and platform once and fill features[] (vmm/ui/ui.h). Returns true if VMs can run at
 * all. */
bool features_gate(void);

#endif
