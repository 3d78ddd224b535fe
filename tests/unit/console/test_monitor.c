/* SPDX-License-Identifier: GPL-2.0-only */
/* What is typed at the monitor's prompt is carried out, command by command, or said not to be. */
#include <string.h>

#include "console/stubs.h"
#include "vmm/ui/console.h"
#include "vmm/ui/line_edit.h"
#include "vmm/ui/ui.h"

/* All of it comes within one turn of the boot core. */
static void type(const char *keys)
{
	wire.typed = keys;
	monitor_poll();
	assert_string_equal(wire.typed, "");
}

static int setup(void **state)
{
	(void)state;
	console_init();
	monitor_open();
	while (console_service())
		;
	memset(&wire, 0, sizeof(wire));
	return 0;
}

static void expect_said(const char *text, bool there)
{
	while (console_service())
		;
	wire.text[wire.len] = '\0';
	if (!!strstr(wire.text, text) != there)
		fail_msg("'%s' %s in '%s'", text, there ? "is not" : "is", wire.text);
}

/* A line, and the commands that come of it. */
static void expect(const char *line, const char *commands)
{
	wire.commands[0] = '\0';
	type(line);
	assert_string_equal(wire.commands, commands);
}

static void the_commands_of_a_line_follow_each_other_within_one_turn(void **state)
{
	(void)state;
	expect("vm stop a; vm start a\r", "[vm stop a][vm start a]");
	expect("acs;groups;vm\r", "[acs][groups][vm]");
	expect_said("not carried out", false);
}

static void nothing_between_separators_is_nothing(void **state)
{
	(void)state;
	expect("acs;\r", "[acs]");
	expect(" ; ;acs ; \r", "[acs]");
	expect(";\r", "");
	expect("\r", "");
	expect_said("no command", false);
}

static void behind_an_unknown_command_nothing_is_carried_out(void **state)
{
	(void)state;
	expect("acs; stast; poweroff; vm\r", "[acs]");
	expect_said("no command 'stast'; did you mean stats?\r\nnot carried out: poweroff; vm\r\n",
		    true);
}

static void behind_a_command_with_a_word_too_many_nothing_is_carried_out(void **state)
{
	(void)state;
	expect("acs please;vm\r", "");
	expect_said("expected: acs \r\nnot carried out: vm\r\n", true);
	expect("help nonsense; vm\r", "");
}

static void behind_a_refused_command_nothing_is_carried_out(void **state)
{
	(void)state;
	expect("vm stop nobody; vm start b\r", "[vm stop nobody]");
	expect_said("there is nobody\r\nnot carried out: vm start b\r\n", true);
}

static void a_refusal_counts_for_its_own_line_only(void **state)
{
	(void)state;
	expect("vm stop nobody\r", "[vm stop nobody]");
	expect("vm stop nobody; \r", "[vm stop nobody]");
	expect_said("not carried out", false);
	expect("acs; vm\r", "[acs][vm]");
}

static void a_command_has_as_many_words_as_ever_wherever_it_stands(void **state)
{
	(void)state;
	expect("dmar walk a 0; dmar b 1\r", "[dmar walk a][dmar b 1]");
	expect("acs; dmar walk a 0 more\r", "[acs]");
	expect_said("expected: dmar", true);
}

static void tab_completes_the_last_command_of_the_line(void **state)
{
	(void)state;
	expect("top\t\r", "[topology]");
	expect("acs; top\t;gr\t\r", "[acs][topology][groups]");
	expect("vm top\t\r", "[vm top]");
	expect("vm; \t\r", "[vm]");
}

static void up_brings_the_whole_line_back(void **state)
{
	(void)state;
	expect("acs; groups\r", "[acs][groups]");
	expect("\x1b[A\r", "[acs][groups]");
}

static void as_many_as_fit_in_a_line_are_carried_out(void **state)
{
	char line[LINE_EDIT_BYTES + 1], commands[256] = "";

	(void)state;
	memset(line, ';', sizeof(line));
	for (unsigned i = 0; i + 3 < LINE_EDIT_BYTES; i += 3) {
		memcpy(line + i, "pf", 2);
		strcat(commands, "[pf]");
	}
	strcpy(line + LINE_EDIT_BYTES - 1, "\r");
	wire.typed = line;
	while (*wire.typed)
		monitor_poll();
	assert_string_equal(wire.commands, commands);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_commands_of_a_line_follow_each_other_within_one_turn,
				       setup),
		cmocka_unit_test_setup(nothing_between_separators_is_nothing, setup),
		cmocka_unit_test_setup(behind_an_unknown_command_nothing_is_carried_out, setup),
		cmocka_unit_test_setup(behind_a_command_with_a_word_too_many_nothing_is_carried_out,
				       setup),
		cmocka_unit_test_setup(behind_a_refused_command_nothing_is_carried_out, setup),
		cmocka_unit_test_setup(a_refusal_counts_for_its_own_line_only, setup),
		cmocka_unit_test_setup(a_command_has_as_many_words_as_ever_wherever_it_stands,
				       setup),
		cmocka_unit_test_setup(tab_completes_the_last_command_of_the_line, setup),
		cmocka_unit_test_setup(up_brings_the_whole_line_back, setup),
		cmocka_unit_test_setup(as_many_as_fit_in_a_line_are_carried_out, setup),
	};

	return cmocka_run_group_tests_name("monitor", tests, NULL, NULL);
}
