/* SPDX-License-Identifier: GPL-2.0-only */
/* Which MSRs a guest reaches: an allow list, and none of the host's changes (S28). */
#include <string.h>

#include "base/pool.h"
#include "fakes/fakes.h"
#include "vmm/vmx/msr.h"
#include "vmm/vmx/vmx.h"
#include "vmx/fake_insn.h"

#define BITMAP_READ_LOW   0u
#define BITMAP_READ_HIGH  1024u
#define BITMAP_WRITE_LOW  2048u
#define BITMAP_WRITE_HIGH 3072u
#define RANGE             0x2000u
#define HIGH              0xc0000000u
#define APIC_FIRST        0x800u
#define APIC_LAST         0x8ffu

static struct vm vm;
static struct vcpu v;
static struct why why;

/* Pass without an exit: their values are the guest's own. */
static const u32 passed[] = { 0x174,      0x175,      0x176,      0xc0000081,
			      0xc0000082, 0xc0000083, 0xc0000084, 0xc0000100,
			      0xc0000101, 0xc0000102, 0xc0000103 };
/* Exit and are answered; beside the x2APIC's. */
static const u32 answered[] = { 0x10, 0x17, 0x1b, 0x3b, 0x8b, 0x1a0, 0x277, 0x6e0, 0xc0000080 };

static int setup(void **state)
{
	(void)state;
	fakes_reset();
	fake_pool_reset(16);
	core_reset();
	memset(&v, 0, sizeof(v));
	v.vm = &vm;
	vlapic_init(&v.lapic, 0, GUEST_APIC_TIMER_KHZ, 2000000);
	core_set_vmcs(VMCS_GUEST_EFER, EFER_LME | EFER_LMA);
	core_set_vmcs(VMCS_GUEST_CR0, CR0_PE | CR0_PG);
	core_set_vmcs(VMCS_GUEST_PAT, PAT_RESET);
	core_set_vmcs(VMCS_TSC_OFFSET, 0);
	vmx_controls.rdtscp = true;
	assert_int_equal(msr_policy_init(&why), OK);
	return 0;
}

static bool is_in(const u32 *list, unsigned count, u32 msr)
{
	for (unsigned i = 0; i < count; i++)
		if (list[i] == msr)
			return true;
	return false;
}

static enum verdict read(u32 msr)
{
	v.gpr[RCX] = 0xffffffff00000000ull | msr;
	v.gpr[RAX] = v.gpr[RDX] = ~0ull;
	return on_rdmsr(&v);
}

static enum verdict write(u32 msr, u64 value)
{
	v.gpr[RCX] = 0xffffffff00000000ull | msr;
	v.gpr[RAX] = 0xffffffff00000000ull | (u32)value;
	v.gpr[RDX] = 0xffffffff00000000ull | value >> 32;
	return on_wrmsr(&v);
}

static u64 value_read(void)
{
	assert_int_equal((v.gpr[RAX] | v.gpr[RDX]) >> 32, 0); /* both registers are written whole */
	return v.gpr[RDX] << 32 | v.gpr[RAX];
}

static void exactly_these_msrs_pass_without_an_exit(void **state)
{
	(void)state;
	const u8 *bitmap = pool_va(msr_bitmap());
	static const struct {
		u32 first, read, write;
	} halves[] = { { 0, BITMAP_READ_LOW, BITMAP_WRITE_LOW },
		       { HIGH, BITMAP_READ_HIGH, BITMAP_WRITE_HIGH } };

	for (unsigned h = 0; h < 2; h++)
		for (u32 i = 0; i < RANGE; i++) {
			bool open = is_in(passed, ARRAY_LEN(passed), halves[h].first + i);

			assert_int_equal(!(bitmap[halves[h].read + i / 8] >> i % 8 & 1), open);
			assert_int_equal(!(bitmap[halves[h].write + i / 8] >> i % 8 & 1), open);
		}
}

static void without_rdtscp_tsc_aux_is_not_open(void **state)
{
	(void)state;
	vmx_controls.rdtscp = false;
	assert_int_equal(msr_policy_init(&why), OK);
	const u8 *bitmap = pool_va(msr_bitmap());

	assert_true(bitmap[BITMAP_WRITE_HIGH + 0x103 / 8] >> 0x103 % 8 & 1);
}

static void without_a_page_for_the_bitmap_there_are_no_guests(void **state)
{
	(void)state;
	fake_fail_step(1);
	assert_int_equal(msr_policy_init(&why), ERR_NO_MEMORY);
}

/* No RDMSR or WRMSR of ours stands behind any of them: the fake core has no MSR at all. */
static void every_other_msr_is_a_general_protection_fault(void **state)
{
	(void)state;
	static const u32 ranges[] = { 0, HIGH, 0x40000000u, 0xc0010000u, 0xffffe000u };

	for (unsigned r = 0; r < ARRAY_LEN(ranges); r++)
		for (u32 i = 0; i < RANGE; i++) {
			u32 msr = ranges[r] + i;

			if (msr >= APIC_FIRST && msr <= APIC_LAST)
				continue; /* test_vlapic.c */
			bool listed = is_in(answered, ARRAY_LEN(answered), msr);

			assert_int_equal(read(msr), listed ? RESUME_NEXT : INJECT_GP);
			if (!listed)
				assert_int_equal(write(msr, 0), INJECT_GP);
		}
}

static void unlisted_ones_are_told_with_the_vm_but_not_without_end(void **state)
{
	(void)state;
	strcpy(vm.name, "a");
	fake_time_advance(60 * 1000000000ull);
	read(0x1d9);
	assert_true(fake_log_contains("a: read of MSR 0x1d9"));
	assert_true(fake_log_contains("is not on the allow list: #GP"));
	for (unsigned i = 0; i < 100000; i++)
		read(0x1d9);
	assert_true(strlen(fake_log_text()) < 2000);
}

static void constants_take_only_themselves_and_ignored_ones_anything(void **state)
{
	(void)state;
	assert_int_equal(read(MSR_PLATFORM_ID), RESUME_NEXT);
	assert_int_equal(value_read(), 0);
	assert_int_equal(write(MSR_PLATFORM_ID, 0), RESUME_NEXT);
	assert_int_equal(write(MSR_PLATFORM_ID, 1), INJECT_GP);
	assert_int_equal(write(MSR_BIOS_SIGN_ID, ~0ull), RESUME_NEXT);
	assert_int_equal(read(MSR_BIOS_SIGN_ID), RESUME_NEXT);
	assert_int_equal(value_read(), 0);
	assert_int_equal(write(MSR_MISC_ENABLE, 0), RESUME_NEXT);
	assert_int_equal(read(MSR_MISC_ENABLE), RESUME_NEXT);
	assert_int_equal(value_read(), MISC_ENABLE_FAST_STRING);
}

static void the_apic_stays_where_it_is_and_in_x2apic_mode(void **state)
{
	(void)state;
	assert_int_equal(read(MSR_APIC_BASE), RESUME_NEXT);
	assert_int_equal(value_read(), 0xfee00d00ull); /* boot vCPU, x2APIC, enabled */
	assert_int_equal(write(MSR_APIC_BASE, 0xfee00d00ull), RESUME_NEXT);
	assert_int_equal(write(MSR_APIC_BASE, 0xfee00900ull), INJECT_GP);
	assert_int_equal(write(MSR_APIC_BASE, 0xfed00d00ull), INJECT_GP);
	v.index = 1;
	assert_int_equal(read(MSR_APIC_BASE), RESUME_NEXT);
	assert_int_equal(value_read(), 0xfee00c00ull);
}

static void efer_changes_only_as_the_manual_allows(void **state)
{
	(void)state;
	assert_int_equal(write(MSR_EFER, EFER_LME | EFER_LMA | EFER_NXE | EFER_SCE), RESUME_NEXT);
	assert_int_equal(vmcs_read(VMCS_GUEST_EFER), EFER_LME | EFER_LMA | EFER_NXE | EFER_SCE);
	assert_int_equal(write(MSR_EFER, EFER_LMA), INJECT_GP);             /* LME with paging on */
	assert_int_equal(write(MSR_EFER, EFER_LME | BIT64(12)), INJECT_GP); /* SVME */
	/* LMA is the processor's. */
	assert_int_equal(write(MSR_EFER, EFER_LME), RESUME_NEXT);
	assert_int_equal(vmcs_read(VMCS_GUEST_EFER), EFER_LME | EFER_LMA);
	core_set_vmcs(VMCS_GUEST_CR0, CR0_PE);
	core_set_vmcs(VMCS_GUEST_EFER, EFER_LME);
	assert_int_equal(write(MSR_EFER, EFER_LMA), RESUME_NEXT);
	assert_int_equal(vmcs_read(VMCS_GUEST_EFER), 0);
}

static void memory_types_that_do_not_exist_are_refused(void **state)
{
	(void)state;
	for (unsigned byte = 0; byte < 8; byte++)
		for (unsigned type = 0; type < 256; type++) {
			u64 pat = (PAT_RESET & ~(0xffull << 8 * byte)) | (u64)type << 8 * byte;
			bool good = type == 0 || type == 1 || (type >= 4 && type <= 7);

			assert_int_equal(write(MSR_PAT, pat), good ? RESUME_NEXT : INJECT_GP);
			if (good)
				assert_int_equal(vmcs_read(VMCS_GUEST_PAT), pat);
		}
}

static void a_guest_moves_its_own_clock_only(void **state)
{
	(void)state;
	core.tsc = 1000000;
	vm.tsc_offset = 0 - 400000ull;
	core_set_vmcs(VMCS_TSC_OFFSET, vm.tsc_offset);
	assert_int_equal(read(MSR_TSC), RESUME_NEXT);
	assert_int_equal(value_read(), 600000);
	assert_int_equal(write(MSR_TSC, 100), RESUME_NEXT);
	core.tsc += 50;
	assert_int_equal(read(MSR_TSC), RESUME_NEXT);
	assert_int_equal(value_read(), 150);
	assert_int_equal(read(MSR_TSC_ADJUST), RESUME_NEXT);
	assert_int_equal(value_read(), (u64)(100 - 600000));
	assert_int_equal(write(MSR_TSC_ADJUST, 0), RESUME_NEXT);
	assert_int_equal(vmcs_read(VMCS_TSC_OFFSET), vm.tsc_offset);
}

#define T(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(exactly_these_msrs_pass_without_an_exit),
		T(without_rdtscp_tsc_aux_is_not_open),
		T(without_a_page_for_the_bitmap_there_are_no_guests),
		T(every_other_msr_is_a_general_protection_fault),
		T(unlisted_ones_are_told_with_the_vm_but_not_without_end),
		T(constants_take_only_themselves_and_ignored_ones_anything),
		T(the_apic_stays_where_it_is_and_in_x2apic_mode),
		T(efer_changes_only_as_the_manual_allows),
		T(memory_types_that_do_not_exist_are_refused),
		T(a_guest_moves_its_own_clock_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
