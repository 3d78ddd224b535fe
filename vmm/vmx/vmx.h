/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of vmm/vmx/ know of each other: cores, entry and exit, injection, the run loop. */
#ifndef VMM_VMX_VMX_H
#define VMM_VMX_VMX_H

#include "vmm/vm.h"
#include "vmm/vmx/vmcs.h"

/* --- core.c, controls.c
 * --------------------------------------------------------------------------------------------- */

/* Is VT-x there, not locked off, with every control we need? Fills vmx_controls. ERR_UNSUPPORTED
 * names all gaps at once. */
enum err vmx_probe(struct why *why);

/* Has firmware left VT-x usable on this core? ERR_UNSUPPORTED names the setting. */
enum err vmx_not_locked_off(struct why *why);

/* VMXON on this core. */
enum err vmx_core_enable(struct cpu *c, struct why *why);

/* --- vmcs.c
 * -----------------------------------------------------------------------------------------------------------
 */

/* Allocate a vCPU of `vm` on core `c`: VMCS page, FPU page, virtual LAPIC. Does not touch the
 * VMCS's contents. */
enum err vcpu_create(struct vm *vm, unsigned index, struct cpu *c, struct why *why);
void vcpu_destroy(struct vcpu *v);

/* Values of the first entry, applied by the core itself when it first loads the vCPU. start NULL:
 * wait for SIPI. */
void vcpu_set_start(struct vcpu *v, const struct vcpu_start *start);

/* CR0 and CR4 bits that a guest may change without asking. All others are ours: reads come from the
 * shadow. */
#define CR4_GUEST_OWNED                                                                            \
	(BIT64(0) | BIT64(1) | BIT64(2) | BIT64(3) | BIT64(4) | CR4_PAE | CR4_PGE | BIT64(8) |     \
	 CR4_OSFXSR | CR4_OSXMMEXCPT)
#define CR0_HOST_OWNED (CR0_NE | CR0_NW | CR0_CD)

/* INIT: what the processor forgets, here and in its local APIC; then it waits for a start-up IPI.
 */
void vcpu_reset(struct vcpu *v);

/* Make `v` the one whose VMCS and MSRs are loaded on this core. */
void vcpu_load(struct vcpu *v);
/* Take it off this core: VMCLEAR, MSRs and FPU saved. */
void vcpu_unload(struct vcpu *v);

/* Forget its linear translations, after what makes a processor do so: INIT, paging on or off. */
void vcpu_flush_tlb(struct vcpu *v);

/* --- exit.asm
 * ----------------------------------------------------------------------------------------------------------
 */

/* Run until a handler says leave. 0, or 1 if VM entry itself failed (VMfail). */
u32 vmx_run(struct vcpu *v);
extern char vmx_exit_entry[];
/* Called by exit.asm. True: enter again. */
bool vmx_handle_exit(struct vcpu *v);

/* --- exits
 * -------------------------------------------------------------------------------------------------------------
 */

/* What a handler decides. Handlers never panic: a guest's fault is the guest's (DO-5). */
enum verdict {
	RESUME_NEXT, /* the instruction is done: skip it */
	RESUME_SAME, /* enter again where it was */
	INJECT_GP,   /* #GP(0) */
	INJECT_UD,   /* #UD */
	LEAVE,       /* back to the run loop, state is set */
	LEAVE_NEXT,  /* the same, with the instruction done */
	STOP_VM,     /* vm_end() has been called */
};
typedef enum verdict exit_handler(struct vcpu *v);
exit_handler on_exception, on_external_interrupt, on_triple_fault, on_interrupt_window, on_cpuid,
	on_hlt, on_vmcall, on_cr_access, on_dr_access, on_io, on_rdmsr, on_wrmsr, on_ept_violation,
	on_ept_misconfig, on_preemption, on_xsetbv, on_wbinvd, on_nothing, on_unexpected, on_init,
	on_undefined, on_forbidden;

/* --- inject.c: the only writer of the VM-entry interruption information
 * ------------------------------------------------- */

void inject_exception(struct vcpu *v, u8 vector, bool has_error, u32 error);
/* Everything that must happen before the next entry: pending exception, cut-short delivery,
 * interrupt or its window. */
void inject_before_entry(struct vcpu *v);
/* End the last emulated instruction as the CPU would have. True: there was something to do. */
bool finish_instruction(struct vcpu *v);
/* Did the last exit happen while an event was being delivered? Its vector, or -1. */
int delivery_cut_short(void);

/* --- cpuid.c, msrs.c
 * ---------------------------------------------------------------------------------------------------
 */

/* Build the tables that on_cpuid reads, once, from the host's CPUID and the policy table. */
void cpuid_policy_init(void);
/* The MSR bitmap that all vCPUs share (SDM 25.6.9). ERR_NO_MEMORY. */
enum err msr_policy_init(struct why *why);
hpa_t msr_bitmap(void);

/* XCR0 bits a guest may set. */
u64 xcr0_allowed(void);

/* --- run.c
 * --------------------------------------------------------------------------------------------------------------
 */

#define VECTOR_TIMER 0xe0 /* the core's LAPIC timer: guest timers and the service tick */
#define VECTOR_KICK  0xe1 /* leave guest mode and look again */
#define VECTOR_FAULT 0xe2 /* the IOMMUs' fault events */

/* The life of a core: run vCPUs, sleep, and on the boot core call `manage` at least every 10 ms. */
__attribute__((noreturn)) void core_loop(void (*manage)(void));
/* `manage` wants to be called again so soon; from within it. */
void core_service_in(u64 ns);
void core_add_vcpu(struct cpu *c, struct vcpu *v);
/* The vCPU's timer settings changed: re-arm this core's timer. */
void core_rearm_timer(void);
void core_handlers_init(void);

/* A start-up or INIT IPI for a vCPU (SDM Vol. 3A 9.4). */
void vcpu_startup_ipi(struct vcpu *v, u8 vector);
void vcpu_init_ipi(struct vcpu *v);
void vcpu_send_ipi(struct vcpu *from, const struct vlapic_ipi *ipi);

/* Flush EPT translations of `vm` on this core if asked to since the last call (ept.c). */
void ept_flush_pending(struct cpu *c);

#endif
