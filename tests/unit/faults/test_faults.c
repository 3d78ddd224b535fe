/* SPDX-License-Identifier: GPL-2.0-only */
/* A fault is attributed to the VF and the VM that caused it, and a storm costs only its own device.
 */
#include <linux/pci_regs.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/time.h"
#include "fakes/fakes.h"
#include "pci/config.h"
#include "vmm/ui/faults.h"

/* The machine, as far as the code under test looks at it: two VFs of one PF, of which VM "evil" has
 * the first. */
static struct sriov_pf pf = { .name = "igb0" };
static struct vm evil = { .name = "evil" };
static struct vf vfs[2] = {
	{ .pf = &pf, .index = 0, .rid = { 0, 0x0180 }, .state = VF_ASSIGNED, .owner = &evil },
	{ .pf = &pf, .index = 1, .rid = { 0, 0x0182 }, .state = VF_PARKED }
};
static u16 command[2];
static u64 command_writes, config_reads;
struct config config;

struct vf *vf_by_rid(struct rid rid)
{
	for (unsigned i = 0; i < ARRAY_LEN(vfs); i++)
		if (rid_equal(vfs[i].rid, rid))
			return &vfs[i];
	return NULL;
}

const char *vf_name(const struct vf *vf, char *buf, size_t size)
{
	snprintf(buf, size, vf ? "%s/%u" : "", vf ? vf->pf->name : "", vf ? vf->index : 0u);
	return buf;
}

u16 pci_read16(struct rid rid, u16 offset)
{
	assert_int_equal(offset, PCI_COMMAND);
	config_reads++;
	return vf_by_rid(rid) ? command[vf_by_rid(rid)->index] : 0;
}

void vf_cut_bus(struct vf *vf)
{
	vf->bus_cut = true;
	if (vf->state == VF_RESETTING)
		return;
	pci_write16(vf->rid, PCI_COMMAND, command[vf->index] & (u16)~PCI_COMMAND_MASTER);
}

void pci_write16(struct rid rid, u16 offset, u16 value)
{
	assert_int_equal(offset, PCI_COMMAND);
	assert_non_null(vf_by_rid(rid));
	command[vf_by_rid(rid)->index] = value;
	command_writes++;
}

/* What the units hold. */
static struct iommu_fault pending;
static unsigned pending_count;

unsigned iommu_drain_faults(void (*report)(const struct iommu_fault *, void *ctx), void *ctx,
			    unsigned max)
{
	unsigned n = 0;

	for (; n < max && pending_count; n++, pending_count--)
		report(&pending, ctx);
	return n;
}

static char text[64 * 1024];

static void capture(const char *line, size_t len)
{
	strncat(text, line, len);
}

static int start(void **state)
{
	(void)state;
	log_set_sink(capture);
	text[0] = 0;
	command[0] = command[1] = PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY;
	command_writes = 0;
	vfs[0].bus_cut = false;
	return 0;
}

static void raise_faults(struct rid rid, u8 reason, u64 address, unsigned times)
{
	pending = (struct iommu_fault){ .rid = rid,
					.reason = reason,
					.address = address,
					.reason_text = "not mapped for writing" };
	pending_count = times;
	while (pending_count)
		faults_service();
}

/* The table keeps what earlier tests put in, so each test has a reason of its own. */
static const struct fault_entry *entry(struct rid rid, u8 reason)
{
	for (unsigned i = 0; i < fault_count(); i++)
		if (rid_equal(fault(i)->first.rid, rid) && fault(i)->first.reason == reason)
			return fault(i);
	fail_msg("no entry for reason %u", reason);
	return NULL;
}

static unsigned lines_with(const char *words)
{
	unsigned n = 0;

	for (const char *at = text; (at = strstr(at, words)); at++)
		n++;
	return n;
}

static void a_fault_names_the_vf_the_vm_the_address_and_the_reason(void **state)
{
	(void)state;
	raise_faults(vfs[0].rid, 5, 0xfee00000, 1);
	assert_non_null(strstr(text, "0000:01:10.0 (igb0/0 of VM evil): DMA write at 0xfee00000 "
				     "blocked: not mapped for writing"));
	assert_string_equal(entry(vfs[0].rid, 5)->vf, "igb0/0");
	assert_string_equal(entry(vfs[0].rid, 5)->vm, "evil");
	assert_int_equal(entry(vfs[0].rid, 5)->count, 1);
}

static void the_first_three_of_a_requester_are_shown_and_all_are_counted(void **state)
{
	(void)state;
	raise_faults(vfs[1].rid, 6, 0x1000, 10);
	assert_int_equal(lines_with("blocked"), 3);
	assert_int_equal(lines_with("further ones are only counted"), 1);
	assert_int_equal(entry(vfs[1].rid, 6)->count, 10);
	assert_string_equal(entry(vfs[1].rid, 6)->vm, "");
}

static void faults_of_a_function_that_is_no_vf_are_kept_too(void **state)
{
	(void)state;
	raise_faults(rid_make(0, 0, 0x1f, 2), 7, 0x2000, 1);
	assert_non_null(strstr(text, "0000:00:1f.2 (no VF)"));
	assert_string_equal(entry(rid_make(0, 0, 0x1f, 2), 7)->vf, "");
}

static void a_storm_switches_the_bus_master_of_its_device_off_and_of_no_other(void **state)
{
	(void)state;
	raise_faults(vfs[0].rid, 8, 0x3000, 1000);
	assert_int_equal(command[0], PCI_COMMAND_MEMORY);
	assert_int_equal(command[1], PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY);
	assert_true(entry(vfs[0].rid, 8)->cut);
	assert_int_equal(entry(vfs[0].rid, 8)->count, 1000);
	assert_int_equal(lines_with("a storm"), 1);
	assert_int_equal(command_writes, 1);
}

static void a_guest_that_turns_its_bus_master_on_again_loses_it_again(void **state)
{
	(void)state;
	raise_faults(vfs[0].rid, 9, 0x3000, 200);
	command[0] |= PCI_COMMAND_MASTER;
	raise_faults(vfs[0].rid, 9, 0x3000, 200);
	assert_int_equal(command[0], PCI_COMMAND_MEMORY);
	assert_int_equal(command_writes, 2);
}

/* Its last faults come when its reset has begun. */
static void a_storm_of_a_vf_that_is_being_reset_is_remembered_and_the_vf_not_touched(void **state)
{
	(void)state;
	vfs[0].state = VF_RESETTING;
	config_reads = 0;
	raise_faults(vfs[0].rid, 0x31, 0x3000, 200);
	vfs[0].state = VF_ASSIGNED;
	assert_true(vfs[0].bus_cut);
	assert_int_equal(command_writes, 0);
	assert_int_equal(config_reads, 0);
	assert_true(entry(vfs[0].rid, 0x31)->cut);
}

static void a_few_faults_now_and_then_are_no_storm(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		raise_faults(vfs[0].rid, 10, 0x4000, 5);
		fake_time_advance(2 * NS_PER_S);
	}
	assert_int_equal(entry(vfs[0].rid, 10)->count, 500);
	assert_false(entry(vfs[0].rid, 10)->cut);
	assert_int_equal(command_writes, 0);
}

static void one_call_takes_a_bounded_number_of_faults(void **state)
{
	(void)state;
	pending = (struct iommu_fault){ .rid = vfs[0].rid, .reason = 11, .reason_text = "x" };
	pending_count = 1000;
	faults_service();
	assert_in_range(1000 - pending_count, 1, 100);
	pending_count = 0;
}

static void all_faults_recorded_so_far_are_attributed_before_a_vf_changes_hands(void **state)
{
	(void)state;
	pending = (struct iommu_fault){ .rid = vfs[0].rid, .reason = 13, .reason_text = "x" };
	pending_count = 256;
	faults_settle();
	assert_int_equal(pending_count, 0);
	assert_string_equal(entry(vfs[0].rid, 13)->vm, "evil");
	assert_int_equal(entry(vfs[0].rid, 13)->count, 256);
}

static void faults_of_the_next_owner_are_not_counted_as_the_last_ones(void **state)
{
	static struct vm next = { .name = "next" };

	(void)state;
	raise_faults(vfs[0].rid, 14, 0x6000, 2);
	vfs[0].owner = &next;
	raise_faults(vfs[0].rid, 14, 0x7000, 1);
	vfs[0].owner = &evil;
	assert_int_equal(entry(vfs[0].rid, 14)->count, 2);
	const struct fault_entry *last = fault(fault_count() - 1);
	assert_string_equal(last->vm, "next");
	assert_int_equal(lines_with("of VM next"), 1);
	assert_int_equal(last->count, 1);
}

static void a_full_table_counts_what_it_cannot_keep(void **state)
{
	u64 before = faults_unlisted();

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		raise_faults(rid_make(0, 2, i / 8, i % 8), 12, 0x5000, 1);
	assert_true(faults_unlisted() > before);
	assert_int_equal(lines_with("table of"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_fault_names_the_vf_the_vm_the_address_and_the_reason,
				       start),
		cmocka_unit_test_setup(the_first_three_of_a_requester_are_shown_and_all_are_counted,
				       start),
		cmocka_unit_test_setup(faults_of_a_function_that_is_no_vf_are_kept_too, start),
		cmocka_unit_test_setup(
			a_storm_switches_the_bus_master_of_its_device_off_and_of_no_other, start),
		cmocka_unit_test_setup(a_guest_that_turns_its_bus_master_on_again_loses_it_again,
				       start),
		cmocka_unit_test_setup(
			a_storm_of_a_vf_that_is_being_reset_is_remembered_and_the_vf_not_touched,
			start),
		cmocka_unit_test_setup(a_few_faults_now_and_then_are_no_storm, start),
		cmocka_unit_test_setup(one_call_takes_a_bounded_number_of_faults, start),
		cmocka_unit_test_setup(
			all_faults_recorded_so_far_are_attributed_before_a_vf_changes_hands, start),
		cmocka_unit_test_setup(faults_of_the_next_owner_are_not_counted_as_the_last_ones,
				       start),
		cmocka_unit_test_setup(a_full_table_counts_what_it_cannot_keep, start),
	};

	return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
