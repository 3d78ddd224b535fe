// SPDX-License-Identifier: GPL-2.0-only
/* A vCPU's VMCS: what it starts with, and moving it onto and off a core. */
#include "base/hw/cpu.h"
#include "base/hw/insn.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/string.h"
#include "vmm/vmx/insn.h"
#include "vmm/vmx/msr.h"
#include "vmm/vmx/vmx.h"

_Static_assert(offsetof(struct vcpu, gpr) == 0 && offsetof(struct vcpu, launched) == GPRS * 8,
	       "vmm/vmx/exit.asm");

/* Access rights of flat segments: type, S, DPL 0, present, granularity (SDM Vol. 3C table 25-2). */
#define ACCESS_CODE_64  0xa09bu
#define ACCESS_DATA     0xc093u
#define ACCESS_CODE_16  0x009bu
#define ACCESS_DATA_16  0x0093u
#define ACCESS_TSS_BUSY 0x008bu
#define LIMIT_FLAT      0xffffffffu
#define LIMIT_REAL      0xffffu
#define DR7_RESET       0x400u

/* EPT pointer: write-back paging structures, 4-level walk (25.6.11). */
#define EPT_POINTER_WB     6u
#define EPT_POINTER_WALK_4 (3u << 3)

/* FXSAVE image: x87 control word and MXCSR, their places and reset values (SDM Vol.
 * 1 10.5.1, 8.1.5, 10.2.3). */
#define FX_CONTROL_WORD  0
#define FX_MXCSR         6
#define FX_CONTROL_RESET 0x037f
#define FX_MXCSR_RESET   0x1f80

enum segment {
	SEG_ES,
	SEG_CS,
	SEG_SS,
	SEG_DS,
	SEG_FS,
	SEG_GS,
	SEGMENTS
};

static void write_segment(unsigned segment, u16 selector, u64 base, u32 limit, u32 access)
{
	vmcs_write(VMCS_GUEST_ES_SELECTOR + VMCS_SEGMENT_STEP * segment, selector);
	vmcs_write(VMCS_GUEST_ES_BASE + VMCS_SEGMENT_STEP * segment, base);
	vmcs_write(VMCS_GUEST_ES_LIMIT + VMCS_SEGMENT_STEP * segment, limit);
	vmcs_write(VMCS_GUEST_ES_ACCESS + VMCS_SEGMENT_STEP * segment, access);
}

static void write_system_segments(u64 gdt_base, u32 gdt_limit)
{
	vmcs_write(VMCS_GUEST_LDTR_ACCESS, SEGMENT_UNUSABLE);
	vmcs_write(VMCS_GUEST_LDTR_SELECTOR, 0);
	vmcs_write(VMCS_GUEST_TR_SELECTOR, 0);
	vmcs_write(VMCS_GUEST_TR_BASE, 0);
	vmcs_write(VMCS_GUEST_TR_LIMIT, LIMIT_REAL);
	vmcs_write(VMCS_GUEST_TR_ACCESS, ACCESS_TSS_BUSY);
	vmcs_write(VMCS_GUEST_GDTR_BASE, gdt_base);
	vmcs_write(VMCS_GUEST_GDTR_LIMIT, gdt_limit);
	vmcs_write(VMCS_GUEST_IDTR_BASE, 0);
	vmcs_write(VMCS_GUEST_IDTR_LIMIT, 0);
}

/* The state of vCPU 0 at its first instruction: long mode, as the loader asked. */
static void write_long_mode(struct vcpu *v)
{
	const struct vcpu_start *s = &v->start;

	for (unsigned i = 0; i < SEGMENTS; i++)
		write_segment(i, i == SEG_CS ? s->cs : s->ds, 0, LIMIT_FLAT,
			      i == SEG_CS ? ACCESS_CODE_64 : ACCESS_DATA);
	write_system_segments(s->gdt_base, s->gdt_limit);
	vmcs_write(VMCS_GUEST_CR0, CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE);
	vmcs_write(VMCS_CR0_SHADOW, CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE);
	vmcs_write(VMCS_GUEST_CR3, s->cr3);
	vmcs_write(VMCS_GUEST_CR4, CR4_PAE | vmx_controls.cr4_fixed0);
	vmcs_write(VMCS_CR4_SHADOW, CR4_PAE);
	vmcs_write(VMCS_GUEST_EFER, EFER_LME | EFER_LMA);
	vmcs_write(VMCS_ENTRY_CONTROLS, vmx_controls.entry | ENTRY_IA32E);
	vmcs_write(VMCS_GUEST_RIP, s->rip);
	vmcs_write(VMCS_GUEST_RSP, s->rsp);
	v->gpr[RDI] = s->rdi;
	v->gpr[RSI] = s->rsi;
}

/* The state after a start-up IPI (SDM Vol. 3A 9.1.1 and 9.4.3): real mode at vector:0000. */
static void write_real_mode(struct vcpu *v)
{
	for (unsigned i = 0; i < SEGMENTS; i++)
		write_segment(i, 0, 0, LIMIT_REAL, ACCESS_DATA_16);
	write_segment(SEG_CS, (u16)(v->sipi_vector << 8), (u64)v->sipi_vector << PAGE_SHIFT,
		      LIMIT_REAL, ACCESS_CODE_16);
	write_system_segments(0, LIMIT_REAL);
	vmcs_write(VMCS_GUEST_IDTR_LIMIT, LIMIT_REAL);
	vmcs_write(VMCS_GUEST_CR0, CR0_NE | CR0_ET);
	vmcs_write(VMCS_CR0_SHADOW, CR0_ET | CR0_NW | CR0_CD);
	vmcs_write(VMCS_GUEST_CR3, 0);
	vmcs_write(VMCS_GUEST_CR4, vmx_controls.cr4_fixed0);
	vmcs_write(VMCS_CR4_SHADOW, 0);
	vmcs_write(VMCS_GUEST_EFER, 0);
	vmcs_write(VMCS_ENTRY_CONTROLS, vmx_controls.entry);
	vmcs_write(VMCS_GUEST_RIP, 0);
	vmcs_write(VMCS_GUEST_RSP, 0);
	memset(v->gpr, 0, sizeof(v->gpr));
	v->gpr[RDX] = cpuid(1, 0).eax; /* processor signature (table 9-1) */
}

static void write_host_state(void)
{
	vmcs_write(VMCS_HOST_CS_SELECTOR, HOST_CS);
	vmcs_write(VMCS_HOST_SS_SELECTOR, HOST_DS);
	vmcs_write(VMCS_HOST_DS_SELECTOR, HOST_DS);
	vmcs_write(VMCS_HOST_ES_SELECTOR, HOST_DS);
	vmcs_write(VMCS_HOST_FS_SELECTOR, HOST_DS);
	vmcs_write(VMCS_HOST_GS_SELECTOR, HOST_DS);
	vmcs_write(VMCS_HOST_TR_SELECTOR, HOST_TSS);
	vmcs_write(VMCS_HOST_CR0, read_cr0());
	vmcs_write(VMCS_HOST_CR3, read_cr3());
	vmcs_write(VMCS_HOST_CR4, read_cr4());
	vmcs_write(VMCS_HOST_FS_BASE, rdmsr(MSR_FS_BASE));
	vmcs_write(VMCS_HOST_GS_BASE, rdmsr(MSR_GS_BASE));
	vmcs_write(VMCS_HOST_TR_BASE, cpu_tss_base());
	vmcs_write(VMCS_HOST_GDTR_BASE, cpu_gdt_base());
	vmcs_write(VMCS_HOST_IDTR_BASE, cpu_idt_base());
	vmcs_write(VMCS_HOST_EFER, rdmsr(MSR_EFER));
	vmcs_write(VMCS_HOST_PAT, rdmsr(MSR_PAT));
	vmcs_write(VMCS_HOST_SYSENTER_CS, 0);
	vmcs_write(VMCS_HOST_SYSENTER_ESP, 0);
	vmcs_write(VMCS_HOST_SYSENTER_EIP, 0);
	vmcs_write(VMCS_HOST_RIP, (u64)vmx_exit_entry);
}

static u16 vpid_of(const struct vcpu *v)
{
	return (u16)(v->vm->id * CONFIG_VCPUS_PER_VM + v->index + 1);
}

void vcpu_flush_tlb(struct vcpu *v)
{
	if (!vmx_controls.vpid)
		return; /* then each entry and exit does */
	if (vmx_controls.invvpid_single)
		vmx_invvpid(INVVPID_SINGLE, vpid_of(v));
	else
		vmx_invept(INVEPT_ALL, 0);
}

static void write_controls(struct vcpu *v)
{
	const struct vmx_controls *c = &vmx_controls;

	vmcs_write(VMCS_PIN_CONTROLS, c->pin);
	vmcs_write(VMCS_PRIMARY_CONTROLS, c->primary & ~PRIMARY_INTERRUPT_WINDOW);
	vmcs_write(VMCS_SECONDARY_CONTROLS, c->secondary);
	vmcs_write(VMCS_EXIT_CONTROLS, c->exit);
	/* #DB and #AC: their delivery can recurse for ever inside the guest (XSA-156); an exit
	 * breaks the loop. */
	vmcs_write(VMCS_EXCEPTION_BITMAP, BIT(EXC_DB) | BIT(EXC_AC) | BIT(EXC_MC));
	vmcs_write(VMCS_PAGE_FAULT_MASK, 0);
	vmcs_write(VMCS_PAGE_FAULT_MATCH, 0);
	vmcs_write(VMCS_CR3_TARGET_COUNT, 0);
	vmcs_write(VMCS_EXIT_MSR_STORE_COUNT, 0);
	vmcs_write(VMCS_EXIT_MSR_LOAD_COUNT, 0);
	vmcs_write(VMCS_ENTRY_MSR_LOAD_COUNT, 0);
	vmcs_write(VMCS_ENTRY_INTERRUPTION_INFO, 0);
	vmcs_write(VMCS_MSR_BITMAP, msr_bitmap().v);
	vmcs_write(VMCS_TSC_OFFSET, v->vm->tsc_offset);
	vmcs_write(VMCS_EPT_POINTER,
		   pool_hpa(v->vm->ept_root).v | EPT_POINTER_WB | EPT_POINTER_WALK_4);
	if (c->vpid)
		vmcs_write(VMCS_VPID, vpid_of(v));
	vmcs_write(VMCS_CR0_MASK, CR0_HOST_OWNED);
	vmcs_write(VMCS_CR4_MASK, ~CR4_GUEST_OWNED);
}

static void write_rest_of_guest(void)
{
	vmcs_write(VMCS_LINK_POINTER, ~0ull);
	vmcs_write(VMCS_GUEST_PAT, PAT_RESET);
	vmcs_write(VMCS_GUEST_DR7, DR7_RESET);
	vmcs_write(VMCS_GUEST_RFLAGS, RFLAGS_FIXED);
	vmcs_write(VMCS_GUEST_INTERRUPTIBILITY, 0);
	vmcs_write(VMCS_GUEST_ACTIVITY, 0);
	vmcs_write(VMCS_GUEST_PENDING_DEBUG, 0);
	vmcs_write(VMCS_GUEST_SYSENTER_CS, 0);
	vmcs_write(VMCS_GUEST_SYSENTER_ESP, 0);
	vmcs_write(VMCS_GUEST_SYSENTER_EIP, 0);
}

enum err vcpu_create(struct vm *vm, unsigned index, struct cpu *c, struct why *why)
{
	u64 pages = ALIGN_UP(sizeof(struct vcpu), PAGE_SIZE) / PAGE_SIZE;
	struct vcpu *v;

	if (c->vcpus == VCPUS_PER_CORE)
		return fail(why, ERR_NO_SPACE, RID_NONE,
			    "VM %s: core %u has %u vCPUs already, which is all it takes: give VMs "
			    "fewer cpus=",
			    vm->name, c->index, c->vcpus);
	v = pool_alloc(POOL_VM, pages, PAGE_SIZE);
	if (v) {
		v->vmcs = pool_alloc(POOL_VM, 1, PAGE_SIZE);
		v->fpu = pool_alloc(POOL_VM, 1, PAGE_SIZE);
	}
	if (!v || !v->vmcs || !v->fpu) {
		if (v)
			vcpu_destroy(v);
		return fail(why, ERR_NO_MEMORY, RID_NONE,
			    "VM %s: no memory for vCPU %u (%llu pages, VMCS, FPU state)", vm->name,
			    index, (unsigned long long)pages);
	}
	*(u32 *)v->vmcs = vmx_controls.revision;
	((u16 *)v->fpu)[FX_CONTROL_WORD] = FX_CONTROL_RESET;
	((u32 *)v->fpu)[FX_MXCSR] = FX_MXCSR_RESET;
	v->vm = vm;
	v->index = index;
	v->core = c;
	v->state = VCPU_WAIT_SIPI;
	v->fresh = true;
	v->xcr0 = 1;        /* x87, SDM Vol. 1 13.3: XCR0 at reset */
	v->dr6 = DR6_FIXED; /* SDM Vol. 3B 18.2.3: DR6 at reset */
	vlapic_init(&v->lapic, index, GUEST_APIC_TIMER_KHZ, time_tsc_khz());
	vm->vcpu[index] = v;
	c->vcpus++;
	return OK;
}

void vcpu_destroy(struct vcpu *v)
{
	if (v->vm) {
		v->vm->vcpu[v->index] = NULL;
		v->core->vcpus--;
	}
	if (v->fpu)
		pool_free(POOL_VM, v->fpu, 1);
	if (v->vmcs)
		pool_free(POOL_VM, v->vmcs, 1);
	pool_free(POOL_VM, v, ALIGN_UP(sizeof(struct vcpu), PAGE_SIZE) / PAGE_SIZE);
}

void vcpu_reset(struct vcpu *v)
{
	u32 pending = v->lapic.pending;

	vlapic_init(&v->lapic, v->index, GUEST_APIC_TIMER_KHZ, time_tsc_khz());
	v->lapic.pending = pending;
	v->timer_seen = 0;
	v->inject_exception = v->inject_nmi = v->halted_for_good = false;
	v->dr6 = DR6_FIXED;
	v->state = VCPU_WAIT_SIPI;
}

void vcpu_set_start(struct vcpu *v, const struct vcpu_start *start)
{
	v->start = *start;
	v->has_start = true;
	v->state = VCPU_READY;
}

/* All of the VMCS at the first load, or after INIT and start-up IPI. */
static void write_all(struct vcpu *v)
{
	v->launched = 0;
	write_controls(v);
	write_host_state();
	write_rest_of_guest();
	vcpu_flush_tlb(v);
	if (v->has_start && !v->sipi)
		write_long_mode(v);
	else
		write_real_mode(v);
	v->os_xsave = false;
	v->window_open = false;
	v->fresh = false;
	v->sipi = false;
}

#define FPU_ALL (~0ull)

static void fpu_save(struct vcpu *v)
{
	if (read_cr4() & CR4_OSXSAVE)
		xsave(v->fpu, FPU_ALL);
	else
		fxsave(v->fpu);
}

static void fpu_restore(struct vcpu *v)
{
	if (read_cr4() & CR4_OSXSAVE) {
		/* All components first under the widest XCR0, so that none keeps another guest's
		 * registers. */
		xsetbv(0, xcr0_allowed());
		xrstor(v->fpu, FPU_ALL);
		xsetbv(0, v->xcr0);
	} else {
		fxrstor(v->fpu);
	}
}

void vcpu_load(struct vcpu *v)
{
	struct cpu *c = this_cpu();
	u64 physical = pool_hpa(v->vmcs).v;

	if (c->current == v && !v->fresh)
		return;
	if (c->current && c->current != v)
		vcpu_unload(c->current);
	if (v->fresh)
		vmx_clear(physical);
	vmx_load(physical);
	c->current = v;
	if (v->fresh)
		write_all(v);
	wrmsr(MSR_KERNEL_GS_BASE, v->kernel_gs_base);
	wrmsr(MSR_STAR, v->star);
	wrmsr(MSR_LSTAR, v->lstar);
	wrmsr(MSR_CSTAR, v->cstar);
	wrmsr(MSR_SFMASK, v->sfmask);
	if (vmx_controls.rdtscp)
		wrmsr(MSR_TSC_AUX, v->tsc_aux);
	write_cr2(v->cr2);
	fpu_restore(v);
}

void vcpu_unload(struct vcpu *v)
{
	v->kernel_gs_base = rdmsr(MSR_KERNEL_GS_BASE);
	v->star = rdmsr(MSR_STAR);
	v->lstar = rdmsr(MSR_LSTAR);
	v->cstar = rdmsr(MSR_CSTAR);
	v->sfmask = rdmsr(MSR_SFMASK);
	if (vmx_controls.rdtscp)
		v->tsc_aux = rdmsr(MSR_TSC_AUX);
	v->cr2 = read_cr2();
	if (read_cr4() & CR4_OSXSAVE)
		xsetbv(0, xcr0_allowed());
	fpu_save(v);
	vmx_clear(pool_hpa(v->vmcs).v);
	v->launched = 0;
	this_cpu()->current = NULL;
}
