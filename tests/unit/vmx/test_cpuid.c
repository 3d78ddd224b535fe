/* SPDX-License-Identifier: GPL-2.0-only */
/* What a guest learns from CPUID is an allow list: a host that has every bit shows no more of it.
 */
#include <string.h>

#include "fakes/fakes.h"
#include "vmm/vmx/vmx.h"
#include "vmx/fake_insn.h"

#define ONES 0xffffffffu

static struct vm vm = { .cpus = 4 };
static struct vcpu vcpu;

static struct cpuid_result rich(u32 leaf, u32 subleaf)
{
	(void)subleaf;
	if (leaf == 0 || leaf == 0x80000000u)
		return (struct cpuid_result){ leaf + 0x100, ONES, ONES, ONES };
	return (struct cpuid_result){ ONES, ONES, ONES, ONES };
}

static struct cpuid_result poor(u32 leaf, u32 subleaf)
{
	(void)subleaf;
	return (struct cpuid_result){ leaf & 0x80000000u, 0, 0, 0 };
}

static int setup(void **state)
{
	(void)state;
	fakes_reset();
	core_reset();
	vcpu = (struct vcpu){ .vm = &vm, .index = 2 };
	vmx_controls.rdtscp = true;
	core.cpuid = rich;
	cpuid_policy_init();
	/* No instruction is executed for an exit: the answer was made at boot. */
	core.cpuid = NULL;
	return 0;
}

static struct cpuid_result ask(u32 leaf, u32 subleaf)
{
	vcpu.gpr[RAX] = 0xdead00000000ull | leaf;
	vcpu.gpr[RCX] = 0xdead00000000ull | subleaf;
	vcpu.gpr[RBX] = vcpu.gpr[RDX] = ~0ull;
	assert_int_equal(on_cpuid(&vcpu), RESUME_NEXT);
	/* All four registers are written whole. */
	for (unsigned r = RAX; r <= RBX; r++)
		assert_int_equal(vcpu.gpr[r] >> 32, 0);
	return (struct cpuid_result){ (u32)vcpu.gpr[RAX], (u32)vcpu.gpr[RBX], (u32)vcpu.gpr[RCX],
				      (u32)vcpu.gpr[RDX] };
}

static void exactly_these_features_of_leaf_1_are_shown(void **state)
{
	(void)state;
	struct cpuid_result r = ask(1, 0);

	/* SSE3 PCLMUL SSSE3 FMA CX16 SSE4.1 SSE4.2 x2APIC MOVBE POPCNT TSC-deadline AES XSAVE AVX
	 * F16C RDRAND, hypervisor. Neither VMX (5), SMX (6) nor MONITOR (3), nor PCID (17). */
	assert_int_equal(r.ecx, 0xf7f83203u);
	assert_int_equal(r.edx, 0x078bab7fu); /* no MCE, MCA, MTRR, DS, ACPI, HTT */
	assert_int_equal(r.ebx >> 24, 2);     /* its APIC id */
	assert_int_equal(r.ebx >> 16 & 0xff, 4);
	vcpu.os_xsave = true;
	assert_int_equal(ask(1, 0).ecx, 0xfff83203u); /* OSXSAVE is the guest's own */
}

static void exactly_these_features_of_leaf_7_are_shown(void **state)
{
	(void)state;
	struct cpuid_result r = ask(7, 0);

	/* FSGSBASE TSC_ADJUST BMI1 AVX2 SMEP BMI2 ERMS RDSEED ADX SMAP CLFLUSHOPT CLWB SHA. */
	assert_int_equal(r.ebx, 0x219c03abu);
	assert_int_equal(r.eax | r.edx, 0); /* no subleaf 1, no microcode promises */
	assert_int_equal(r.ecx, 4);         /* UMIP */
	assert_int_equal(ask(7, 1).eax | ask(7, 1).ebx, 0);
}

/* Performance counters, processor trace, SGX, PCONFIG, thermal, resources, AMX, ... */
static void what_has_no_row_is_zero(void **state)
{
	(void)state;
	static const u32 shown[] = { 0, 1, 4, 6, 7, 0xb, 0xd, 0x15, 0x16 };

	for (u32 leaf = 0; leaf < 0x200; leaf++) {
		struct cpuid_result r = ask(leaf, 0);
		bool listed = false;

		for (unsigned i = 0; i < ARRAY_LEN(shown); i++)
			listed |= shown[i] == leaf;
		assert_int_equal((r.eax | r.ebx | r.ecx | r.edx) != 0, listed);
	}
	for (u32 subleaf = 4; subleaf < 64; subleaf++) {
		assert_int_equal(ask(4, subleaf).eax | ask(7, subleaf).ebx, 0);
		assert_int_equal(ask(0xd, subleaf).eax, 0); /* no state beyond AVX */
	}
	for (u32 leaf = 0x80000009u; leaf < 0x80000100u; leaf++)
		assert_int_equal(ask(leaf, 0).eax | ask(leaf, 0).edx, 0);
	assert_int_equal(ask(0xffffffffu, ONES).eax, 0);
	assert_int_equal(ask(0x8fffffffu, 0).eax, 0);
}

static void the_highest_leaves_are_ours_and_not_the_hosts(void **state)
{
	(void)state;
	assert_int_equal(ask(0, 0).eax, 0x16);
	assert_int_equal(ask(0x80000000u, 0).eax, 0x80000008u);
	assert_int_equal(ask(0x80000001u, 0).ecx, 0x121);       /* LAHF LZCNT PREFETCHW; no SVM */
	assert_int_equal(ask(0x80000001u, 0).edx, 0x2c100800u); /* SYSCALL NX 1G-pages RDTSCP LM */
}

static void the_hypervisor_says_who_it_is(void **state)
{
	(void)state;
	struct cpuid_result r = ask(0x40000000u, 0);
	char name[13] = "";

	memcpy(name, &r.ebx, 4);
	memcpy(name + 4, &r.ecx, 4);
	memcpy(name + 8, &r.edx, 4);
	assert_string_equal(name, "CoppiceHV");
	assert_int_equal(r.eax, COPPICE_CPUID_TIME);
	assert_int_equal(ask(COPPICE_CPUID_ABI, 0).eax, COPPICE_ABI_VERSION);
	assert_int_equal(ask(COPPICE_CPUID_ABI, 0).ebx, 2); /* which vCPU asks */
	assert_int_equal(ask(COPPICE_CPUID_TIME, 0).eax, 2000000);
	/* KVM's signature, and none of its features. */
	assert_int_equal(ask(COPPICE_CPUID_KVM, 0).ebx, 0x4b4d564bu);
	assert_int_equal(ask(COPPICE_CPUID_KVM + 1, 0).eax, 0);
}

static void a_kernel_need_not_calibrate_its_clocks(void **state)
{
	(void)state;
	struct cpuid_result r = ask(0x15, 0);

	assert_int_equal((u64)r.ecx * r.ebx / r.eax, 2000000000ull);
	assert_int_equal(r.ecx, GUEST_APIC_TIMER_KHZ * 1000ull);
	assert_int_equal(ask(0x16, 0).eax, 2000);
	assert_int_equal(ask(0x80000007u, 0).edx, BIT(8)); /* invariant TSC, as the host's */
}

static void the_topology_is_one_package_with_a_core_per_vcpu(void **state)
{
	(void)state;
	struct cpuid_result thread = ask(0xb, 0), package = ask(0xb, 1), end = ask(0xb, 2);

	assert_int_equal(thread.ebx, 1);
	assert_int_equal(thread.ecx, 0x100);
	assert_int_equal(package.ebx, 4);
	assert_int_equal(package.ecx, 0x201);
	assert_int_equal(end.ebx | end.ecx >> 8, 0);
	assert_int_equal(thread.edx, 2);
	assert_int_equal(package.edx, 2);
	assert_int_equal(ask(4, 0).eax & ~0x3fffu, 0); /* caches are shared with nobody */
}

static void without_rdtscp_in_vtx_the_guest_has_none(void **state)
{
	(void)state;
	vmx_controls.rdtscp = false;
	core.cpuid = rich;
	cpuid_policy_init();
	assert_int_equal(ask(0x80000001u, 0).edx & BIT(27), 0);
}

/* What we emulate is there on any host; nothing else is made up. */
static void a_poor_host_makes_a_poor_guest(void **state)
{
	(void)state;
	core.cpuid = poor;
	cpuid_policy_init();
	assert_int_equal(ask(1, 0).ecx, 0x81200000u); /* x2APIC, TSC-deadline, hypervisor */
	assert_int_equal(ask(1, 0).edx, 0);
	assert_int_equal(ask(7, 0).ebx, 2); /* TSC_ADJUST */
	assert_int_equal(ask(0xd, 1).eax, 0);
	assert_int_equal(ask(0x80000007u, 0).edx, 0);
	assert_int_equal(xcr0_allowed(), 1);
}

#define T(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(exactly_these_features_of_leaf_1_are_shown),
		T(exactly_these_features_of_leaf_7_are_shown),
		T(what_has_no_row_is_zero),
		T(the_highest_leaves_are_ours_and_not_the_hosts),
		T(the_hypervisor_says_who_it_is),
		T(a_kernel_need_not_calibrate_its_clocks),
		T(the_topology_is_one_package_with_a_core_per_vcpu),
		T(without_rdtscp_in_vtx_the_guest_has_none),
		T(a_poor_host_makes_a_poor_guest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
