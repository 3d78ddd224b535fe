// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a guest learns from CPUID: an allow list. Leaves are computed once at boot; an exit only
 * copies a row, so that its cost does not depend on the number of VMs. Intel SDM Vol. 2A, CPUID;
 * hypervisor leaves: docs/guest-abi.md.
 */
#include "base/hw/cpu.h"
#include "base/hw/insn.h"
#include "vmm/vmx/insn.h"
#include "vmm/vmx/msr.h"
#include "vmm/vmx/vmx.h"

/* Bits of the host that pass to guests; a set bit in `force` is shown although the host may lack it
 * (we emulate it). */
struct leaf_policy {
	u32 leaf, subleaf;
	u32 eax, ebx, ecx, edx; /* and-masks */
	u32 force_ecx;
};

#define ALL                    0xffffffffu
#define LEAF1_ECX_X2APIC       BIT(21)
#define LEAF1_ECX_TSC_DEADLINE BIT(24)
#define LEAF1_ECX_OSXSAVE      BIT(27)
#define LEAF1_ECX_HYPERVISOR   BIT(31)
/* SSE3 PCLMUL SSSE3 FMA CX16 SSE4.1 SSE4.2 MOVBE POPCNT AES XSAVE AVX F16C RDRAND. Not: MONITOR VMX
 * SMX PDCM PCID DCA. */
#define LEAF1_ECX                                                                                  \
	(BIT(0) | BIT(1) | BIT(9) | BIT(12) | BIT(13) | BIT(19) | BIT(20) | BIT(22) | BIT(23) |    \
	 BIT(25) | BIT(26) | BIT(28) | BIT(29) | BIT(30))
/* FPU VME DE PSE TSC MSR PAE CX8 APIC SEP PGE CMOV PAT PSE36 CLFSH MMX FXSR SSE SSE2. Not: MCE MCA
 * MTRR DS ACPI HTT TM. */
#define LEAF1_EDX                                                                                  \
	(BIT(0) | BIT(1) | BIT(2) | BIT(3) | BIT(4) | BIT(5) | BIT(6) | BIT(8) | BIT(9) |          \
	 BIT(11) | BIT(13) | BIT(15) | BIT(16) | BIT(17) | BIT(19) | BIT(23) | BIT(24) | BIT(25) | \
	 BIT(26))
/* FSGSBASE BMI1 AVX2 SMEP BMI2 ERMS RDSEED ADX SMAP CLFLUSHOPT CLWB SHA. Not: INVPCID RTM MPX
 * AVX-512 PT. */
#define LEAF7_EBX                                                                                  \
	(BIT(0) | BIT(3) | BIT(5) | BIT(7) | BIT(8) | BIT(9) | BIT(18) | BIT(19) | BIT(20) |       \
	 BIT(23) | BIT(24) | BIT(29))
#define LEAF7_EBX_TSC_ADJUST BIT(1)
#define LEAF7_ECX_UMIP       BIT(2)
#define EXT1_ECX             (BIT(0) | BIT(5) | BIT(8)) /* LAHF LZCNT PREFETCHW */
#define EXT1_EDX                                                                                   \
	(BIT(11) | BIT(20) | BIT(26) | BIT(27) | BIT(29)) /* SYSCALL NX 1G-pages RDTSCP LM */
#define LEAF4_NO_SHARING                                                                           \
	0x3fffu /* EAX[13:0]: type, level; [31:14] are cores and threads that share it: none */
#define LEAF6_ARAT BIT(2)

/* clang-format off */
static const struct leaf_policy leaf_table[] = {
	/* leaf        sub  eax   ebx                ecx             edx        force_ecx */
	{0x00000000u, 0, ALL, ALL,              ALL,            ALL,       0},
	{0x00000001u, 0, ALL, 0x0000ffffu,      LEAF1_ECX,      LEAF1_EDX, LEAF1_ECX_X2APIC | LEAF1_ECX_TSC_DEADLINE |
									   LEAF1_ECX_HYPERVISOR},
	{0x00000004u, 0, LEAF4_NO_SHARING, ALL, ALL,            ALL,       0},
	{0x00000004u, 1, LEAF4_NO_SHARING, ALL, ALL,            ALL,       0},
	{0x00000004u, 2, LEAF4_NO_SHARING, ALL, ALL,            ALL,       0},
	{0x00000004u, 3, LEAF4_NO_SHARING, ALL, ALL,            ALL,       0},
	{0x00000006u, 0, LEAF6_ARAT, 0,         0,              0,         0},
	{0x00000007u, 0, 0,   LEAF7_EBX,        LEAF7_ECX_UMIP, 0,         0},
	{0x0000000du, 0, 7,   ALL,              ALL,            0,         0}, /* XCR0: x87 SSE AVX; sizes below */
	{0x0000000du, 1, 1,   0,                0,              0,         0}, /* XSAVEOPT only */
	{0x0000000du, 2, ALL, ALL,              0,              0,         0}, /* AVX state */
	{0x80000000u, 0, 0,   0,                0,              0,         0},
	{0x80000001u, 0, 0,   0,                EXT1_ECX,       EXT1_EDX,  0},
	{0x80000002u, 0, ALL, ALL,              ALL,            ALL,       0},
	{0x80000003u, 0, ALL, ALL,              ALL,            ALL,       0},
	{0x80000004u, 0, ALL, ALL,              ALL,            ALL,       0},
	{0x80000006u, 0, 0,   0,                ALL,            0,         0},
	{0x80000007u, 0, 0,   0,                0,              BIT(8),    0}, /* invariant TSC, if the host's is */
	{0x80000008u, 0, 0xffffu, 0,            0,              0,         0},
};
/* clang-format on */

#define BASIC_LEAVES        0x17
#define EXTENDED_FIRST      0x80000000u
#define EXTENDED_LEAVES     9
#define HYPERVISOR_LEAVES   0x11
#define SUBLEAVES           4
#define XCR0_X87_SSE        3u
#define XSAVE_LEGACY_BYTES  576u /* SDM Vol. 1 13.4: legacy region and header */
#define APIC_ID_SHIFT       24
#define LOGICAL_COUNT_SHIFT 16

static struct cpuid_result basic[BASIC_LEAVES][SUBLEAVES], extended[EXTENDED_LEAVES],
	hypervisor[HYPERVISOR_LEAVES];

/* Leaves with subleaves, and leaves that patch() completes: a bit per leaf. All others are one
 * copy. */
#define LEAVES_WITH_SUBLEAVES (BIT(0x4) | BIT(0x7) | BIT(0xb) | BIT(0xd))
#define LEAVES_NOT_PLAIN      (LEAVES_WITH_SUBLEAVES | BIT(0x1))
_Static_assert(BASIC_LEAVES <= 32, "a bit per basic leaf");

static struct cpuid_result *slot(u32 leaf, u32 subleaf)
{
	if (leaf < BASIC_LEAVES && subleaf < SUBLEAVES)
		return &basic[leaf][subleaf];
	if (leaf - EXTENDED_FIRST < EXTENDED_LEAVES)
		return &extended[leaf - EXTENDED_FIRST];
	return NULL;
}

u64 xcr0_allowed(void)
{
	return (basic[0xd][0].eax & 7) ? basic[0xd][0].eax : 1;
}

/* What a kernel can multiply by the crystal's kHz in 32 bits: Linux does (native_calibrate_tsc()).
 */
#define RATIO_MAX (~0u / GUEST_APIC_TIMER_KHZ)

struct ratio {
	u64 up, down;
};

/*
 * The best up/down for `value`/`unit` with up <= RATIO_MAX, by continued fractions: each step's
 * error is below 1/down^2, for a TSC of some GHz below 1 part in 10^6.
 */
static struct ratio best_ratio(u64 value, u64 unit)
{
	struct ratio before = { 1, 0 }, now = { value / unit, 1 };
	u64 rest = value % unit;

	while (rest) {
		u64 digit = unit / rest;
		struct ratio next = { digit * now.up + before.up, digit * now.down + before.down };
		u64 smaller = unit % rest;

		if (next.up > RATIO_MAX)
			break;
		before = now;
		now = next;
		unit = rest;
		rest = smaller;
	}
	return now;
}

/* Leaf 15h (TSC/crystal) and 16h: enough for a kernel to know its TSC and APIC timer without
 * calibrating (E.3 of the guest's needs). */
static void time_leaves(void)
{
	u32 tsc_khz = (u32)time_tsc_khz();
	struct ratio r = best_ratio(tsc_khz, GUEST_APIC_TIMER_KHZ);

	/* TSC Hz = ECX * EBX / EAX; Linux also takes ECX for the APIC timer's clock, so it is just
	 * that. */
	basic[0x15][0] = (struct cpuid_result){ .eax = (u32)r.down,
						.ebx = (u32)r.up,
						.ecx = GUEST_APIC_TIMER_KHZ * 1000u };
	basic[0x16][0] =
		(struct cpuid_result){ .eax = tsc_khz / 1000, .ebx = tsc_khz / 1000, .ecx = 100 };
	hypervisor[COPPICE_CPUID_TIME - COPPICE_CPUID_BASE] =
		(struct cpuid_result){ .eax = tsc_khz, .ebx = GUEST_APIC_TIMER_KHZ };
}

static void hypervisor_leaves(void)
{
	hypervisor[0] = (struct cpuid_result){
		.eax = COPPICE_CPUID_TIME, .ebx = 0x70706f43u, .ecx = 0x48656369u, .edx = 0x56u
	}; /* CoppiceHV */
	hypervisor[1] = (struct cpuid_result){ .eax = COPPICE_ABI_VERSION };
}

/*
 * Linux stays in x2APIC mode without an IOMMU only under hypervisors that it knows
 * (try_to_enable_x2apic()); of their interfaces the one of KVM asks for nothing more. It stands at
 * its second place, where KVM itself has it when another comes first, and offers no feature
 * (Linux Documentation/virt/kvm/x86/cpuid.rst).
 */
static const struct cpuid_result kvm_signature = {
	.eax = COPPICE_CPUID_KVM + 1, .ebx = 0x4b4d564bu, .ecx = 0x564b4d56u, .edx = 0x4du
}; /* KVMKVMKVM */

void cpuid_policy_init(void)
{
	u32 host_max = cpuid(0, 0).eax, host_ext = cpuid(EXTENDED_FIRST, 0).eax;

	for (unsigned i = 0; i < ARRAY_LEN(leaf_table); i++) {
		const struct leaf_policy *p = &leaf_table[i];
		struct cpuid_result host = { 0 };

		if (p->leaf <= (p->leaf & EXTENDED_FIRST ? host_ext : host_max))
			host = cpuid(p->leaf, p->subleaf);
		*slot(p->leaf, p->subleaf) =
			(struct cpuid_result){ host.eax & p->eax, host.ebx & p->ebx,
					       (host.ecx & p->ecx) | p->force_ecx,
					       host.edx & p->edx };
	}
	basic[0][0].eax = BASIC_LEAVES - 1;
	basic[7][0].ebx |= LEAF7_EBX_TSC_ADJUST; /* emulated (msrs.c) */
	extended[0].eax = EXTENDED_FIRST + EXTENDED_LEAVES - 1;
	if (!vmx_controls.rdtscp)
		extended[1].edx &= ~BIT(27);
	if (!(basic[1][0].ecx & BIT(26)))
		basic[0xd][0] = basic[0xd][1] = basic[0xd][2] = (struct cpuid_result){ 0 };
	basic[0xd][0].ecx =
		xcr0_allowed() & 4 ? basic[0xd][2].eax + basic[0xd][2].ebx : XSAVE_LEGACY_BYTES;
	time_leaves();
	hypervisor_leaves();
}

/* The few leaves that differ between vCPUs or change at run time. */
static void patch(struct vcpu *v, u32 leaf, u32 subleaf, struct cpuid_result *r)
{
	switch (leaf) {
	case 1:
		r->ebx |= v->index << APIC_ID_SHIFT | v->vm->cpus << LOGICAL_COUNT_SHIFT;
		r->ecx |= v->os_xsave ? LEAF1_ECX_OSXSAVE : 0;
		break;
	case 0xb: /* topology: one thread per core, `cpus` cores in one package */
		r->edx = v->index;
		r->ecx = subleaf | (subleaf == 0 ? 1u << 8 : subleaf == 1 ? 2u << 8 : 0);
		r->ebx = subleaf == 0 ? 1 : subleaf == 1 ? v->vm->cpus : 0;
		r->eax = subleaf == 1 ? 4 : 0; /* APIC ids 0..15: CONFIG_VCPUS_PER_VM */
		break;
	case 0xd:
		if (subleaf == 0)
			r->ebx = v->xcr0 & 4 ? basic[0xd][0].ecx : XSAVE_LEGACY_BYTES;
		break;
	default: break;
	}
}

static enum verdict answer(struct vcpu *v, const struct cpuid_result *r)
{
	v->gpr[RAX] = r->eax;
	v->gpr[RBX] = r->ebx;
	v->gpr[RCX] = r->ecx;
	v->gpr[RDX] = r->edx;
	return RESUME_NEXT;
}

static __attribute__((noinline)) enum verdict answer_special(struct vcpu *v, u32 leaf, u32 subleaf)
{
	struct cpuid_result r = { 0 };

	if (leaf < BASIC_LEAVES) {
		u32 row = LEAVES_WITH_SUBLEAVES >> leaf & 1 ? subleaf : 0;

		if (row < SUBLEAVES)
			r = basic[leaf][row];
		patch(v, leaf, subleaf, &r);
	} else if (leaf - EXTENDED_FIRST < EXTENDED_LEAVES) {
		r = extended[leaf - EXTENDED_FIRST];
	} else if (leaf - COPPICE_CPUID_BASE < HYPERVISOR_LEAVES) {
		r = hypervisor[leaf - COPPICE_CPUID_BASE];
		if (leaf == COPPICE_CPUID_ABI)
			r.ebx = v->index;
	} else if (leaf == COPPICE_CPUID_KVM) {
		r = kvm_signature;
	}
	return answer(v, &r);
}

enum verdict on_cpuid(struct vcpu *v)
{
	u32 leaf = (u32)v->gpr[RAX];

	if (leaf < BASIC_LEAVES && !(LEAVES_NOT_PLAIN >> leaf & 1))
		return answer(v, &basic[leaf][0]);
	return answer_special(v, leaf, (u32)v->gpr[RCX]);
}
