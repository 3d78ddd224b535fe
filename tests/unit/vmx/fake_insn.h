/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stands in for base/hw/insn.h and vmm/vmx/insn.h: privileged instructions of a core that is a few
 * tables. Each *_on_host.c includes this first, then the source under test as it is. An MSR or a
 * VMCS field that the test did not set up would be a fault: it fails the test by its number.
 */
#ifndef TESTS_UNIT_VMX_FAKE_INSN_H
#define TESTS_UNIT_VMX_FAKE_INSN_H

#define BASE_HW_INSN_H
#define VMM_VMX_INSN_H

#include "vmm/vmx/vmcs.h"

struct cpuid_result {
	u32 eax, ebx, ecx, edx;
};
struct vmcs_counts {
	u64 reads, writes;
};

struct vcpu;

/* The core. */
extern struct core {
	struct cpuid_result (*cpuid)(u32 leaf, u32 subleaf);
	u64 cr0, cr4, tsc;
	bool vmxon_fails;
	unsigned vmxons;
	u32 (*run)(struct vcpu *v); /* a turn in the guest; vmx_run() */
	unsigned kicks;
	u32 kicked; /* APIC id of the last core that was sent VECTOR_KICK */
} core;

void core_reset(void); /* no MSR, no VMCS field, CPUID all zero */
void core_set_msr(u32 msr, u64 value);
void core_set_vmcs(enum vmcs_field field, u64 value);

struct cpuid_result cpuid(u32 leaf, u32 subleaf);
u64 rdmsr(u32 msr);
void wrmsr(u32 msr, u64 value);
u64 rdtsc(void);
u64 read_cr0(void);
u64 read_cr4(void);
void write_cr0(u64 value);
void write_cr4(u64 value);
u64 vmcs_read(enum vmcs_field field);
void vmcs_write(enum vmcs_field field, u64 value);
bool vmx_on(u64 region);
void interrupts_window(void);
void halt_until_interrupt(void);

#endif
