/* SPDX-License-Identifier: GPL-2.0-only */
/* Which CPUs can run VMs: everything that is missing is named, and no instruction is tried that
 * would fault. */
#include <string.h>

#include "base/pool.h"
#include "fakes/fakes.h"
#include "vmx/fake_insn.h"
#include "vmm/vmx/msr.h"
#include "vmm/vmx/vmx.h"

#define EVERYTHING 0xffffffff00000000ull /* no bit must be 1, all may be */
#define REVISION   0x1234

static struct why why;
static const u32 words[] = { MSR_VMX_PIN, MSR_VMX_PRIMARY, MSR_VMX_SECONDARY, MSR_VMX_EXIT,
			     MSR_VMX_ENTRY };

static struct cpuid_result with_vmx(u32 leaf, u32 subleaf)
{
	(void)subleaf;
	return (struct cpuid_result){ .ecx = leaf == 1 ? BIT(5) : 0 };
}

/* A CPU that has it all, with the plain capability MSRs only. */
static int setup(void **state)
{
	(void)state;
	fakes_reset();
	fake_pool_reset(64);
	core_reset();
	memset(&vmx_controls, 0, sizeof(vmx_controls));
	memset(&why, 0, sizeof(why));
	memset(cpus, 0, sizeof(cpus[0]));
	core.cpuid = with_vmx;
	core_set_msr(MSR_FEATURE_CONTROL, FEATURE_CONTROL_LOCK | FEATURE_CONTROL_VMX);
	core_set_msr(MSR_VMX_BASIC, REVISION);
	for (unsigned i = 0; i < ARRAY_LEN(words); i++)
		core_set_msr(words[i], EVERYTHING);
	core_set_msr(MSR_VMX_EPT_VPID, ~0ull);
	core_set_msr(MSR_VMX_MISC, 5);
	core_set_msr(MSR_VMX_CR0_FIXED0, CR0_PE | CR0_NE | CR0_PG);
	core_set_msr(MSR_VMX_CR0_FIXED1, ~0u);
	core_set_msr(MSR_VMX_CR4_FIXED0, CR4_VMXE);
	core_set_msr(MSR_VMX_CR4_FIXED1, ~0u);
	return 0;
}

static void a_cpu_that_has_everything_passes(void **state)
{
	(void)state;
	assert_int_equal(vmx_probe(&why), OK);
	assert_true(vmx_controls.vpid && vmx_controls.preemption_timer && vmx_controls.ept_2m &&
		    vmx_controls.ept_1g);
	assert_int_equal(vmx_controls.revision, REVISION);
	assert_int_equal(vmx_controls.preemption_shift, 5);
	/* Unrestricted guest: a guest may clear PE and PG, but not NE. */
	assert_int_equal(vmx_controls.cr0_fixed0, CR0_NE);
	/* Nothing is on that the table does not name: the CPU offered every bit. */
	assert_int_equal(vmx_controls.primary & (PRIMARY_HLT | PRIMARY_UNCONDITIONAL_IO),
			 PRIMARY_HLT | PRIMARY_UNCONDITIONAL_IO);
	assert_int_equal(vmx_controls.primary & BIT(30), 0); /* PAUSE exiting */
}

static void a_cpu_without_vmx_is_told_and_no_msr_is_touched(void **state)
{
	(void)state;
	core_reset(); /* any RDMSR now fails the test */
	assert_int_equal(vmx_probe(&why), ERR_UNSUPPORTED);
	assert_non_null(strstr(why.text, "CPUID.1:ECX bit 5 (VMX) is 0"));
}

static void vtx_that_firmware_has_locked_off_names_the_setting(void **state)
{
	(void)state;
	core_set_msr(MSR_FEATURE_CONTROL, FEATURE_CONTROL_LOCK);
	assert_int_equal(vmx_probe(&why), ERR_UNSUPPORTED);
	assert_non_null(strstr(why.text, "the firmware has locked VT-x off"));
	assert_non_null(strstr(why.text, "\"Intel Virtualization Technology\""));
}

static void what_firmware_left_unlocked_is_locked_on_by_us(void **state)
{
	(void)state;
	core_set_msr(MSR_FEATURE_CONTROL, 0);
	assert_int_equal(vmx_probe(&why), OK);
	assert_int_equal(vmx_core_enable(&cpus[0], &why), OK);
	assert_int_equal(rdmsr(MSR_FEATURE_CONTROL), FEATURE_CONTROL_LOCK | FEATURE_CONTROL_VMX);
	assert_true(cpus[0].vmx && core.vmxons == 1);
	assert_true(core.cr4 & CR4_VMXE);
}

/* Firmware that forgot one core: VMXON there would be #GP in the hypervisor. */
static void a_core_on_which_vtx_is_locked_off_is_refused_and_not_tried(void **state)
{
	(void)state;
	assert_int_equal(vmx_probe(&why), OK);
	core_set_msr(MSR_FEATURE_CONTROL, FEATURE_CONTROL_LOCK);
	assert_int_equal(vmx_core_enable(&cpus[0], &why), ERR_UNSUPPORTED);
	assert_non_null(strstr(why.text, "locked VT-x off"));
	assert_int_equal(core.vmxons, 0);
	assert_false(cpus[0].vmx);
	assert_int_equal(pool_used(POOL_VM), 0);
}

static void a_vmxon_that_fails_is_told_with_the_registers_and_keeps_no_page(void **state)
{
	(void)state;
	assert_int_equal(vmx_probe(&why), OK);
	core.vmxon_fails = true;
	assert_int_equal(vmx_core_enable(&cpus[0], &why), ERR_DEVICE);
	assert_non_null(strstr(why.text, "VMXON failed on core 0"));
	assert_false(cpus[0].vmx);
	assert_int_equal(pool_used(POOL_VM), 0);
}

static void every_control_that_is_missing_is_either_named_or_not_needed(void **state)
{
	unsigned needed = 0, optional = 0;

	for (unsigned w = 0; w < ARRAY_LEN(words); w++)
		for (unsigned bit = 0; bit < 32; bit++) {
			setup(state);
			core_set_msr(words[w], EVERYTHING & ~BIT64(32 + bit));
			if (vmx_probe(&why) != OK) {
				needed++;
				assert_int_equal(why.code, ERR_UNSUPPORTED);
				assert_non_null(strstr(why.text, "this CPU's VT-x lacks: "));
				assert_true(strlen(why.text) > strlen("this CPU's VT-x lacks: "));
			} else if (!vmx_controls.vpid || !vmx_controls.preemption_timer ||
				   !vmx_controls.rdtscp) {
				optional++;
			}
		}
	assert_int_equal(needed, 27);
	assert_int_equal(optional, 4); /* VPID, RDTSCP, and two for the preemption timer */
}

static void several_missing_controls_are_named_at_once(void **state)
{
	(void)state;
	core_set_msr(MSR_VMX_PRIMARY,
		     EVERYTHING & ~((u64)(PRIMARY_HLT | PRIMARY_MSR_BITMAPS) << 32));
	core_set_msr(MSR_VMX_SECONDARY, EVERYTHING & ~((u64)SECONDARY_EPT << 32));
	assert_int_equal(vmx_probe(&why), ERR_UNSUPPORTED);
	assert_non_null(strstr(why.text, "HLT exiting, MSR bitmaps, EPT"));
}

static void without_secondary_controls_their_msr_is_not_read(void **state)
{
	core_reset();
	setup(state);
	core_set_msr(MSR_VMX_PRIMARY, EVERYTHING & ~((u64)PRIMARY_SECONDARY << 32));
	assert_int_equal(vmx_probe(&why), ERR_UNSUPPORTED);
	assert_non_null(strstr(why.text, "secondary controls"));
}

static void the_true_capabilities_are_taken_where_they_exist(void **state)
{
	(void)state;
	core_set_msr(MSR_VMX_BASIC, VMX_BASIC_TRUE_CONTROLS | REVISION);
	/* The plain ones demand CR3 exiting, which the true ones allow to be off. */
	core_set_msr(MSR_VMX_PRIMARY, EVERYTHING | BIT64(15) | BIT64(16));
	core_set_msr(MSR_VMX_TRUE_PIN, EVERYTHING);
	core_set_msr(MSR_VMX_TRUE_PRIMARY, EVERYTHING);
	core_set_msr(MSR_VMX_TRUE_EXIT, EVERYTHING);
	core_set_msr(MSR_VMX_TRUE_ENTRY, EVERYTHING);
	assert_int_equal(vmx_probe(&why), OK);
	assert_int_equal(vmx_controls.primary & (BIT(15) | BIT(16)), 0);
}

static void ept_must_have_what_our_tables_use(void **state)
{
	static const u64 needed[] = { EPT_CAP_WALK_4, EPT_CAP_WB, EPT_CAP_UC, EPT_CAP_INVEPT };

	for (unsigned i = 0; i < ARRAY_LEN(needed); i++) {
		setup(state);
		core_set_msr(MSR_VMX_EPT_VPID, ~needed[i]);
		assert_int_equal(vmx_probe(&why), ERR_UNSUPPORTED);
		assert_non_null(strstr(why.text, "need 4-level walks"));
	}
	core_set_msr(MSR_VMX_EPT_VPID, ~(EPT_CAP_2M | EPT_CAP_1G));
	assert_int_equal(vmx_probe(&why), OK);
	assert_false(vmx_controls.ept_2m || vmx_controls.ept_1g);
}

#define T(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_cpu_that_has_everything_passes),
		T(a_cpu_without_vmx_is_told_and_no_msr_is_touched),
		T(vtx_that_firmware_has_locked_off_names_the_setting),
		T(what_firmware_left_unlocked_is_locked_on_by_us),
		T(a_core_on_which_vtx_is_locked_off_is_refused_and_not_tried),
		T(a_vmxon_that_fails_is_told_with_the_registers_and_keeps_no_page),
		T(every_control_that_is_missing_is_either_named_or_not_needed),
		T(several_missing_controls_are_named_at_once),
		T(without_secondary_controls_their_msr_is_not_read),
		T(the_true_capabilities_are_taken_where_they_exist),
		T(ept_must_have_what_our_tables_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
