/* SPDX-License-Identifier: GPL-2.0-only */
/* The core of fake_insn.h, and what else the sources under test ask of their surroundings. */
#include "vmx/fake_insn.h"

#include <string.h>

#include "base/hw/cpu.h"
#include "vmm/guest/devices.h"
#include "vmm/vmx/vmx.h"

#define ENTRIES 64

struct core core;
struct cpu cpus[MAX_CPUS];
struct boot_timing boot_timing[BOOT_PHASES];
static struct guest_devices devices;

static struct table {
	u64 key[ENTRIES], value[ENTRIES];
	unsigned count;
} msrs, fields;

static u64 *find(struct table *t, u64 key)
{
	for (unsigned i = 0; i < t->count; i++)
		if (t->key[i] == key)
			return &t->value[i];
	return NULL;
}

static void set(struct table *t, u64 key, u64 value)
{
	u64 *at = find(t, key);

	if (!at) {
		assert_true(t->count < ENTRIES);
		t->key[t->count] = key;
		at = &t->value[t->count++];
	}
	*at = value;
}

static u64 get(struct table *t, u64 key, const char *what)
{
	u64 *at = find(t, key);

	if (!at)
		fail_msg("%s 0x%llx does not exist: the CPU would fault", what,
			 (unsigned long long)key);
	return *at;
}

static struct cpuid_result no_leaf(u32 leaf, u32 subleaf)
{
	(void)leaf, (void)subleaf;
	return (struct cpuid_result){ 0 };
}

void core_reset(void)
{
	memset(&core, 0, sizeof(core));
	memset(&msrs, 0, sizeof(msrs));
	memset(&fields, 0, sizeof(fields));
	core.cpuid = no_leaf;
	devices = (struct guest_devices){ .teach_limit = RATE_LIMIT(TEACH_LINES, NS_PER_S) };
}

struct guest_devices *guest_devices(struct vm *vm)
{
	(void)vm;
	return &devices;
}

void core_set_msr(u32 msr, u64 value)
{
	set(&msrs, msr, value);
}

void core_set_vmcs(enum vmcs_field field, u64 value)
{
	set(&fields, field, value);
}

struct cpuid_result cpuid(u32 leaf, u32 subleaf)
{
	return core.cpuid(leaf, subleaf);
}

u64 rdmsr(u32 msr)
{
	return get(&msrs, msr, "MSR");
}

void wrmsr(u32 msr, u64 value)
{
	(void)get(&msrs, msr, "MSR");
	set(&msrs, msr, value);
}

u64 rdtsc(void)
{
	return core.tsc;
}

u64 read_cr0(void)
{
	return core.cr0;
}

u64 read_cr4(void)
{
	return core.cr4;
}

void write_cr0(u64 value)
{
	core.cr0 = value;
}

void write_cr4(u64 value)
{
	core.cr4 = value;
}

u64 vmcs_read(enum vmcs_field field)
{
	return get(&fields, field, "VMCS field");
}

void vmcs_write(enum vmcs_field field, u64 value)
{
	set(&fields, field, value);
}

void interrupts_window(void)
{
}

void halt_until_interrupt(void)
{
	fail_msg("the core sleeps: no vCPU wants to run");
}

bool vmx_on(u64 region)
{
	(void)region;
	core.vmxons++;
	return !core.vmxon_fails;
}

/* --- the rest of the hypervisor --- */

u64 time_tsc_khz(void)
{
	return 2000000;
}

u64 vcpu_efer(struct vcpu *v)
{
	(void)v;
	return vmcs_read(VMCS_GUEST_EFER);
}

struct cpu *this_cpu(void)
{
	return &cpus[0];
}

void lapic_ipi(u32 apic_id, u8 vector)
{
	assert_int_equal(vector, VECTOR_KICK);
	core.kicks++;
	core.kicked = apic_id;
}

void lapic_timer_oneshot(u8 vector, u64 ns)
{
	(void)vector, (void)ns;
}

void ept_flush_pending(struct cpu *c)
{
	(void)c;
}

void boot_phase_ends(enum boot_phase phase)
{
	(void)phase;
}

void vcpu_load(struct vcpu *v)
{
	cpus[0].current = v;
}

void vcpu_unload(struct vcpu *v)
{
	(void)v;
	cpus[0].current = NULL;
}

void vcpu_reset(struct vcpu *v)
{
	v->state = VCPU_WAIT_SIPI;
}

void inject_before_entry(struct vcpu *v)
{
	v->lapic.pending = 0;
}

bool finish_instruction(struct vcpu *v)
{
	(void)v;
	return false;
}

u32 vmx_run(struct vcpu *v)
{
	return core.run(v);
}

void vm_end(struct vm *vm, s64 status, const char *fmt, ...)
{
	(void)vm, (void)status;
	fail_msg("the VM ended: %s", fmt);
}
