/* SPDX-License-Identifier: GPL-2.0-only */
/* The closing table adds up, names every exit, and stays readable at 100 columns. */
#include <asm/vmx.h>
#include <stdio.h>
#include <string.h>

#include "vmm/ui/summary.h"
#include "vmm/ui/ui.h"

#define COLUMNS 100

static char text[64 * 1024];
static struct vm_summary vm[CONFIG_VMS];

static void take(const char *line)
{
	strcat(text, line);
	strcat(text, "\n");
}

static void print_table(unsigned count)
{
	text[0] = 0;
	closing_table(vm, count, take);
}

static int blank_vm(void **state)
{
	(void)state;
	memset(vm, 0, sizeof(vm));
	for (unsigned i = 0; i < CONFIG_VMS; i++)
		vm[i] = (struct vm_summary){ .name = "a", .state = VM_ENDED, .text = "" };
	return 0;
}

/* The row that begins with `label`, its blanks squeezed to one. */
static const char *row(const char *label)
{
	static char squeezed[256];
	size_t n = 0;
	char *at = text;

	while (strncmp(at, label, strlen(label)) != 0) {
		at = strchr(at, '\n');
		if (!at)
			return "no such row";
		at++;
	}
	for (; *at != '\n'; at++)
		if (*at != ' ' || (n && squeezed[n - 1] != ' '))
			squeezed[n++] = *at;
	squeezed[n] = 0;
	return squeezed;
}

static void each_exit_reason_that_occurred_has_a_row_and_no_other_has(void **state)
{
	(void)state;
	vm[0].exits[EXIT_REASON_CPUID] = 7;
	vm[1].exits[EXIT_REASON_VMCALL] = 9;
	vm[0].exits_total = 7;
	vm[1].exits_total = 9;
	print_table(2);
	assert_string_equal(row("  CPUID"), "CPUID 7 0");
	assert_string_equal(row("  VMCALL"), "VMCALL 0 9");
	assert_string_equal(row("VM exits"), "VM exits 7 9");
	assert_null(strstr(text, "HLT"));
}

static void reasons_are_ordered_by_how_often_they_occurred(void **state)
{
	(void)state;
	vm[0].exits[EXIT_REASON_CPUID] = 1;
	vm[0].exits[EXIT_REASON_HLT] = 3;
	vm[0].exits[EXIT_REASON_VMCALL] = 2;
	print_table(1);
	assert_true(strstr(text, "  HLT") < strstr(text, "  VMCALL"));
	assert_true(strstr(text, "  VMCALL") < strstr(text, "  CPUID"));
}

static void a_reason_without_a_name_is_shown_by_its_number(void **state)
{
	(void)state;
	vm[0].exits[EXIT_REASONS - 1] = 4;
	print_table(1);
	assert_string_equal(row("  REASON_79"), "REASON_79 4");
}

static void quotients_are_exits_by_frames_and_interrupt_exits_by_injections(void **state)
{
	(void)state;
	vm[0].exits[EXIT_REASON_EXTERNAL_INTERRUPT] = 150;
	vm[0].exits[EXIT_REASON_MSR_WRITE] = 100;
	vm[0].exits[EXIT_REASON_EPT_VIOLATION] = 50;
	vm[0].exits_total = 300;
	vm[0].injected = 100;
	vm[0].forwarded = 90;
	vm[0].sent = 150;
	vm[0].received = 250;
	vm[0].has_frames = true;
	print_table(1);
	assert_string_equal(row("exits per frame   "), "exits per frame 0.75");
	assert_string_equal(row("exits per interrupt   "), "exits per interrupt 2.50");
	assert_string_equal(row("VF interrupts forwarded"), "VF interrupts forwarded 90");
	assert_string_equal(row("frames received"), "frames received 250");
}

static void what_a_vm_has_not_got_is_a_dash_and_no_zero(void **state)
{
	(void)state;
	vm[0].state = VM_RUNNING;
	vm[1].has_frames = true;
	vm[1].forwarded = 1;
	print_table(2);
	assert_string_equal(row("exit status"), "exit status - 0");
	assert_string_equal(row("frames sent"), "frames sent - 0");
	assert_string_equal(row("exits per frame   "), "exits per frame - -");
	assert_string_equal(row("exits per interrupt   "), "exits per interrupt - -");
}

static void a_vm_with_a_disk_shows_its_commands_and_what_each_cost(void **state)
{
	(void)state;
	vm[0].exits_total = 300;
	vm[0].commands = 200;
	vm[0].has_commands = true;
	print_table(2);
	assert_string_equal(row("disk commands"), "disk commands 200 -");
	assert_string_equal(row("exits per command   "), "exits per command 1.50 -");
}

static void rows_that_concern_no_vm_are_left_out(void **state)
{
	(void)state;
	vm[0].injected = 5;
	print_table(1);
	assert_string_equal(row("interrupts injected"), "interrupts injected 5");
	assert_null(strstr(text, "frames"));
	assert_null(strstr(text, "commands"));
	assert_null(strstr(text, "VF interrupts"));
	assert_null(strstr(text, "exits per"));
}

static void a_refused_vm_tells_its_cause_and_a_successful_one_nothing(void **state)
{
	(void)state;
	vm[0].text = "all went well";
	vm[1].name = "b";
	vm[1].state = VM_REFUSED;
	vm[1].text = "0000:00:03.0 has no ACS; need SV RR CR UF";
	vm[2].name = "c";
	vm[2].exit_status = -2;
	vm[2].text = "triple fault at 0x1000";
	print_table(3);
	assert_non_null(strstr(text, "b refused: 0000:00:03.0 has no ACS; need SV RR CR UF\n"));
	assert_non_null(strstr(text, "c failed: triple fault at 0x1000\n"));
	assert_null(strstr(text, "all went well"));
	assert_string_equal(row("exit status"), "exit status 0 - -2");
	assert_string_equal(row("VM exits"), "VM exits 0 - 0");
}

static void a_vm_without_vf_interrupts_has_no_quotient_of_them(void **state)
{
	(void)state;
	vm[0].exits[EXIT_REASON_MSR_WRITE] = 25; /* of its timer */
	vm[0].injected = 5;
	vm[1].forwarded = 1;
	vm[1].injected = 1;
	print_table(2);
	assert_string_equal(row("exits per interrupt   "), "exits per interrupt - 0.00");
}

static void many_vms_and_large_counts_stay_within_the_columns(void **state)
{
	char *line, *rest = text;

	(void)state;
	for (unsigned i = 0; i < CONFIG_VMS; i++) {
		vm[i].name = "a-name-of-31-characters-at-most";
		vm[i].exits[EXIT_REASON_EXTERNAL_INTERRUPT] = 99999999999ull;
		vm[i].exits_total = 99999999999ull;
	}
	print_table(CONFIG_VMS);
	while ((line = strsep(&rest, "\n")))
		if (strlen(line) > COLUMNS)
			fail_msg("%zu columns: %s", strlen(line), line);
}

static void without_vms_there_is_no_table(void **state)
{
	(void)state;
	print_table(0);
	assert_string_equal(text, "");
}

static void a_summary_holds_all_figures_of_its_vm(void **state)
{
	static struct vcpu v[2];
	static struct vm machine;
	struct vm_summary sum;

	(void)state;
	machine.past_exits[EXIT_REASON_CPUID] = 1;
	v[0].exits[EXIT_REASON_CPUID] = 2;
	v[1].exits[EXIT_REASON_CPUID] = 4;
	v[1].exits[EXIT_REASON_HLT] = 5;
	v[1].injected = 3;
	machine.cpus = 2;
	machine.vcpu[0] = &v[0];
	machine.vcpu[1] = &v[1];
	machine.state = VM_REFUSED;
	strcpy(machine.refusal.text, "because");
	machine.figure[FIGURE_FRAMES_SENT] = 6;
	machine.figure_set[FIGURE_FRAMES_SENT] = true;
	vm_summarise(&machine, &sum);
	assert_int_equal(sum.exits[EXIT_REASON_CPUID], 7);
	assert_int_equal(sum.exits_total, 12);
	assert_int_equal(sum.injected, 3);
	assert_int_equal(sum.sent, 6);
	assert_true(sum.has_frames);
	assert_string_equal(sum.text, "because");
}

static void exit_reasons_have_the_names_of_the_manual(void **state)
{
	(void)state;
	assert_string_equal(exit_reason_name(EXIT_REASON_CPUID), "CPUID");
	assert_string_equal(exit_reason_name(EXIT_REASON_EXTERNAL_INTERRUPT), "EXTERNAL_INTERRUPT");
	assert_string_equal(exit_reason_name(EXIT_REASONS), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_exit_reason_that_occurred_has_a_row_and_no_other_has,
				       blank_vm),
		cmocka_unit_test_setup(reasons_are_ordered_by_how_often_they_occurred, blank_vm),
		cmocka_unit_test_setup(a_reason_without_a_name_is_shown_by_its_number, blank_vm),
		cmocka_unit_test_setup(
			quotients_are_exits_by_frames_and_interrupt_exits_by_injections, blank_vm),
		cmocka_unit_test_setup(what_a_vm_has_not_got_is_a_dash_and_no_zero, blank_vm),
		cmocka_unit_test_setup(a_vm_with_a_disk_shows_its_commands_and_what_each_cost,
				       blank_vm),
		cmocka_unit_test_setup(rows_that_concern_no_vm_are_left_out, blank_vm),
		cmocka_unit_test_setup(a_refused_vm_tells_its_cause_and_a_successful_one_nothing,
				       blank_vm),
		cmocka_unit_test_setup(a_vm_without_vf_interrupts_has_no_quotient_of_them,
				       blank_vm),
		cmocka_unit_test_setup(many_vms_and_large_counts_stay_within_the_columns, blank_vm),
		cmocka_unit_test_setup(without_vms_there_is_no_table, blank_vm),
		cmocka_unit_test(a_summary_holds_all_figures_of_its_vm),
		cmocka_unit_test(exit_reasons_have_the_names_of_the_manual),
	};

	return cmocka_run_group_tests_name("closing table", tests, NULL, NULL);
}
