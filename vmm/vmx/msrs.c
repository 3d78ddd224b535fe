// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which MSRs a guest may touch: two allow lists. Those of passed_msrs[] go to the core without an
 * exit (through the bitmap, SDM Vol. 3C 25.6.9); those of msr_table[] and the local APIC's exit;
 * what is not listed is #GP(0), told once in a while.
 */
#include "base/hw/cpu.h"
#include "base/hw/insn.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/string.h"
#include "base/time.h"
#include "vmm/guest/devices.h"
#include "vmm/vmx/insn.h"
#include "vmm/vmx/msr.h"
#include "vmm/vmx/vmx.h"

struct msr_row {
	u32 msr;
	u64 (*read)(struct vcpu *v);
	bool (*write)(struct vcpu *v, u64 value); /* false: #GP */
};

static u64 read_zero(struct vcpu *v)
{
	(void)v;
	return 0;
}

static bool write_zero(struct vcpu *v, u64 value)
{
	(void)v;
	return value == 0;
}

/* Kernels write some unasked and want no fault. */
static bool write_dropped(struct vcpu *v, u64 value)
{
	(void)v;
	(void)value;
	return true;
}

static u64 read_misc_enable(struct vcpu *v)
{
	(void)v;
	return MISC_ENABLE_FAST_STRING;
}

static u64 read_apic_base(struct vcpu *v)
{
	return APIC_BASE_DEFAULT | APIC_BASE_ENABLE | APIC_BASE_X2APIC |
	       (v->index == 0 ? APIC_BASE_BSP : 0);
}

/* The APIC stays in x2APIC mode (SDM Vol. 3A 11.12.5 forbids x2APIC -> xAPIC anyway). */
static bool write_apic_base(struct vcpu *v, u64 value)
{
	return value == read_apic_base(v);
}

static u64 read_efer(struct vcpu *v)
{
	return vcpu_efer(v);
}

static bool write_efer(struct vcpu *v, u64 value)
{
	u64 now = vcpu_efer(v);

	if (value & ~(EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE))
		return false;
	/* LME may change only with paging off; LMA is the processor's (SDM Vol. 3A 2.2.1). */
	if (((value ^ now) & EFER_LME) && (vmcs_read(VMCS_GUEST_CR0) & CR0_PG))
		return false;
	vmcs_write(VMCS_GUEST_EFER, (value & ~EFER_LMA) | (now & EFER_LMA));
	return true;
}

static u64 read_pat(struct vcpu *v)
{
	(void)v;
	return vmcs_read(VMCS_GUEST_PAT);
}

/* Each byte one of UC 0, WC 1, WT 4, WP 5, WB 6, UC- 7 (SDM Vol. 3A 12.12.2). */
static bool write_pat(struct vcpu *v, u64 value)
{
	(void)v;
	for (unsigned i = 0; i < 8; i++) {
		u8 type = (u8)(value >> 8 * i);

		if (type > 7 || type == 2 || type == 3)
			return false;
	}
	vmcs_write(VMCS_GUEST_PAT, value);
	return true;
}

/* IA32_TSC: the guest moves its own clock only, through its offset. */
static u64 read_tsc(struct vcpu *v)
{
	(void)v;
	return rdtsc() + vmcs_read(VMCS_TSC_OFFSET);
}

static bool write_tsc(struct vcpu *v, u64 value)
{
	(void)v;
	vmcs_write(VMCS_TSC_OFFSET, value - rdtsc());
	return true;
}

/* IA32_TSC_ADJUST (SDM Vol. 3B 18.17.3): how far the guest has moved its clock since it started.
 * With it Linux trusts an invariant TSC and needs no second clock to watch it. */
static u64 read_tsc_adjust(struct vcpu *v)
{
	return vmcs_read(VMCS_TSC_OFFSET) - v->vm->tsc_offset;
}

static bool write_tsc_adjust(struct vcpu *v, u64 value)
{
	vmcs_write(VMCS_TSC_OFFSET, v->vm->tsc_offset + value);
	return true;
}

/*
 * A row stands where its MSR's last bits say, so that nothing is searched; two that would share a
 * place do not compile (-Woverride-init).
 */
#define MSR_SLOTS                64u
#define ROW(number, read, write) [(number) % MSR_SLOTS] = { number, read, write }

/* clang-format off */
static const struct msr_row msr_table[MSR_SLOTS] = {
	ROW(MSR_TSC,	      read_tsc,		write_tsc),
	ROW(MSR_PLATFORM_ID,  read_zero,	write_zero),
	ROW(MSR_APIC_BASE,    read_apic_base,	write_apic_base),
	ROW(MSR_TSC_ADJUST,   read_tsc_adjust,	write_tsc_adjust),
	ROW(MSR_BIOS_SIGN_ID, read_zero,	write_dropped), /* microcode revision: a kernel writes 0, then reads */
	ROW(MSR_MISC_ENABLE,  read_misc_enable, write_dropped),
	ROW(MSR_PAT,	      read_pat,		write_pat),
	ROW(MSR_EFER,	      read_efer,	write_efer),
};
/* clang-format on */

/* No exit, read and write: the value is the guest's own and switched with it. */
static const u32 passed_msrs[] = {
	MSR_SYSENTER_CS, MSR_SYSENTER_ESP,   MSR_SYSENTER_EIP, /* in the VMCS */
	MSR_FS_BASE,     MSR_GS_BASE,                          /* in the VMCS */
	MSR_STAR,        MSR_LSTAR,          MSR_CSTAR,        /* switched by vcpu_load() */
	MSR_SFMASK,      MSR_KERNEL_GS_BASE, MSR_TSC_AUX,
};

/* Layout of the bitmap page: reads low, reads high, writes low, writes high, 1 KiB each; a set bit
 * exits. */
#define BITMAP_QUARTER    1024u
#define BITMAP_HIGH_FIRST 0xc0000000u
#define BITMAP_MSRS       0x2000u

static u8 *bitmap;

static void bitmap_open(u32 msr)
{
	u32 base = msr >= BITMAP_HIGH_FIRST ? BITMAP_QUARTER : 0;
	u32 bit = msr & (BITMAP_MSRS - 1);

	bitmap[base + bit / 8] &= (u8) ~(1u << bit % 8);
	bitmap[base + 2 * BITMAP_QUARTER + bit / 8] &= (u8) ~(1u << bit % 8);
}

enum err msr_policy_init(struct why *why)
{
	bitmap = pool_alloc(POOL_VM, 1, PAGE_SIZE);
	if (!bitmap)
		return fail(why, ERR_NO_MEMORY, RID_NONE, "no page for the MSR bitmap");
	memset(bitmap, 0xff, PAGE_SIZE);
	for (unsigned i = 0; i < ARRAY_LEN(passed_msrs); i++)
		if (passed_msrs[i] != MSR_TSC_AUX || vmx_controls.rdtscp)
			bitmap_open(passed_msrs[i]);
	return OK;
}

hpa_t msr_bitmap(void)
{
	return pool_hpa(bitmap);
}

static const struct msr_row *find_row(u32 msr)
{
	const struct msr_row *row = &msr_table[msr % MSR_SLOTS];

	return row->msr == msr && row->read ? row : NULL;
}

static bool is_apic(u32 msr)
{
	return (msr >= X2APIC_MSR_FIRST && msr <= X2APIC_MSR_LAST) || msr == MSR_TSC_DEADLINE;
}

static enum verdict unlisted(struct vcpu *v, const char *what, u32 msr, u64 value)
{
	guest_teach(v->vm, "%s of MSR 0x%x (value 0x%llx) is not on the allow list: #GP", what, msr,
		    (unsigned long long)value);
	return INJECT_GP;
}

static enum verdict give(struct vcpu *v, u64 value)
{
	v->gpr[RAX] = (u32)value;
	v->gpr[RDX] = value >> 32;
	return RESUME_NEXT;
}

/* These two are kept apart, so that other MSRs do not pay for their stack. */
static __attribute__((noinline)) enum verdict apic_read(struct vcpu *v, u32 msr)
{
	u64 value;

	return vlapic_msr_read(&v->lapic, msr, time_now_ns(), &value) ? give(v, value) : INJECT_GP;
}

enum verdict on_rdmsr(struct vcpu *v)
{
	u32 msr = (u32)v->gpr[RCX];
	const struct msr_row *row;

	if (is_apic(msr))
		return apic_read(v, msr);
	row = find_row(msr);
	return row ? give(v, row->read(v)) : unlisted(v, "read", msr, 0);
}

static __attribute__((noinline)) enum verdict apic_write(struct vcpu *v, u32 msr, u64 value)
{
	struct vlapic_ipi ipi = { 0 };

	if (!vlapic_msr_write(&v->lapic, msr, value, time_now_ns(), rdtsc() + v->vm->tsc_offset,
			      &ipi))
		return INJECT_GP;
	v->lapic.pending = 1; /* priority may have changed: EOI, TPR, a new vector */
	if (ipi.valid)
		vcpu_send_ipi(v, &ipi);
	if (v->lapic.timer_expiry_ns != v->timer_seen) {
		v->timer_seen = v->lapic.timer_expiry_ns;
		core_rearm_timer();
	}
	return RESUME_NEXT;
}

enum verdict on_wrmsr(struct vcpu *v)
{
	u32 msr = (u32)v->gpr[RCX];
	u64 value = v->gpr[RDX] << 32 | (u32)v->gpr[RAX];
	const struct msr_row *row;

	if (is_apic(msr))
		return apic_write(v, msr, value);
	row = find_row(msr);
	if (!row)
		return unlisted(v, "write", msr, value);
	return row->write(v, value) ? RESUME_NEXT : INJECT_GP;
}
