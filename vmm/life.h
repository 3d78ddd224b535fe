/* SPDX-License-Identifier: GPL-2.0-only */
/* Creation, start and teardown of VMs; the features gate. */
#ifndef VMM_LIFE_H
#define VMM_LIFE_H

#include "vmm/vm.h"

/*
 *	refused, ended --build--> ready --its VFs have been reset--> running --> ended
 *	   ^                        |                                              |
 *	   +---- it cannot be had --+        torn down: VFs reset and parked, memory freed
 *
 * A VM is ready, or not torn down yet, while its VFs are being reset: nobody waits for that, but
 * vm_service() looks.
 */

/*
 * Make a VM from its configuration: memory, EPT, kernel, vCPUs; the resets of its VFs are started.
 * All or nothing: on error everything is given back and the VM is kept as VM_REFUSED with the
 * reason, which is logged. Boot core.
 */
enum err vm_create(const struct vm_config *c);

/* Build and start a VM again that was refused or has ended and been torn down (else ERR_BUSY).
 * If it has VFs it runs some 100 ms later, when they have been reset. Boot core. */
enum err vm_start_again(struct vm *vm, struct why *why);

/* What a person asks for in the monitor; no effect on a VM that has ended already, but that it will
 * not be started again (stop) or cannot (destroy). Boot core. */
void vm_stop(struct vm *vm);
void vm_destroy(struct vm *vm);

/* End the VM and start it again once its VFs and memory have come back. `who` asked. Any core. */
void vm_restart(struct vm *vm, const char *who);

/* Give a ready VM its VFs if they have been reset. True if it has all that it needs to run. Boot
 * core. */
bool vm_complete(struct vm *vm);

/*
 * One look at a VM. Ready, and its VFs are reset: it gets them, and its vCPUs go to their cores.
 * Ended, and every vCPU has left: its VFs are taken back, and when that is over its memory is wiped
 * and freed. Never waits for a reset. Boot core, outside guest mode.
 */
void vm_service(struct vm *vm);

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
