/* SPDX-License-Identifier: GPL-2.0-only */
/* Whose text reaches the terminal, when, and what it does to the line that somebody types. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/pool.h"
#include "console/stubs.h"
#include "fakes/fakes.h"
#include "vmm/ui/com1.h"
#include "vmm/ui/console.h"

static struct line_edit editor;
static struct vm *a = &vms[0], *b = &vms[1];
static struct why why;
static u32 skipped;

static void send_all(void)
{
	while (console_service())
		assert_false(wire.busy);
}

static void echo(const char *text, size_t len)
{
	com1_write(text, len);
}

static int setup(void **state)
{
	(void)state;
	fakes_reset();
	fake_pool_reset(64);
	memset(vms, 0, sizeof(vms));
	vm_count = 2;
	strcpy(a->name, "a");
	strcpy(b->name, "b");
	b->id = 1;
	a->state = b->state = VM_RUNNING;
	assert_int_equal(console_vm_create(a, &why), OK);
	assert_int_equal(console_vm_create(b, &why), OK);
	line_edit_init(&editor, "> ", echo);
	console_init();
	console_attach(&editor);
	console_prompt();
	console_set_mode(CONSOLE_ALL);
	com1_flush();
	send_all();
	memset(&wire, 0, sizeof(wire));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	memset(&wire, 0, sizeof(wire));
	console_focus(NULL);
	console_vm_destroy(a);
	console_vm_destroy(b);
	com1_flush();
	return 0;
}

/* Everything that is waiting is sent, and is this. */
static void expect_wire(const char *text)
{
	send_all();
	wire.text[wire.len] = '\0';
	assert_string_equal(wire.text, text);
	wire.len = 0;
}

/* The text is somewhere in what is sent. */
static void expect_on_wire(const char *text, bool there)
{
	send_all();
	wire.text[wire.len] = '\0';
	if (!!strstr(wire.text, text) != there)
		fail_msg("'%s' %s in '%s'", text, there ? "is not" : "is", wire.text);
}

static void output(struct vm *vm, const char *text)
{
	console_vm_output(vm, text, strlen(text));
}

static void focus_on(struct vm *vm)
{
	console_focus(vm);
	send_all();
	wire.len = 0;
}

static void a_log_line_goes_above_the_line_being_typed(void **state)
{
	(void)state;
	console_key('x');
	expect_wire("x");
	log_text("news\n");
	expect_wire("\r\x1b[Knews\r\n\r> x\x1b[K");
}

static void whoever_logs_does_not_wait_for_the_port(void **state)
{
	(void)state;
	wire.busy = true;
	for (unsigned i = 0; i < 100; i++)
		log_text("a line of the log\n");
	assert_int_equal(wire.len, 0);
	assert_int_equal(wire.waited, 0);
}

static void a_full_queue_loses_nothing_but_its_writer_waits(void **state)
{
	unsigned lines = 0;

	(void)state;
	wire.busy = true;
	for (unsigned i = 0; i < 2000; i++)
		log_text("0123456789012345678901234567890123456789\n");
	assert_true(wire.waited > 0);
	wire.busy = false;
	send_all();
	wire.text[wire.len] = '\0';
	for (const char *p = wire.text; (p = strstr(p, "0123456789012345678901234567890123456789"));
	     p++)
		lines++;
	assert_int_equal(lines, 2000);
}

static void a_turn_never_waits_and_is_never_long(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 100; i++)
		log_text("a line of the log\n");
	wire.busy = true;
	assert_true(console_service());
	assert_int_equal(wire.len, 0);
	wire.busy = false;
	assert_true(console_service());
	assert_in_range(wire.len, 16, 128);
	assert_int_equal(wire.waited, 0);
}

static void a_crash_sends_what_waits_and_queues_no_more(void **state)
{
	(void)state;
	wire.busy = true;
	log_text("before\n");
	wire.crashed = true;
	log_text("the crash\n");
	wire.text[wire.len] = '\0';
	assert_non_null(strstr(wire.text, "before\r\n"));
	assert_non_null(strstr(wire.text, "the crash\r\n"));
}

static void ctrl_bracket_goes_through_all_vms_and_back(void **state)
{
	(void)state;
	console_cycle();
	assert_ptr_equal(console_focused(), a);
	console_cycle();
	assert_ptr_equal(console_focused(), b);
	expect_on_wire("--- console of VM b, which is running; Ctrl-] goes on to the monitor ---",
		       true);
	console_cycle();
	assert_null(console_focused());
}

static void a_destroyed_vm_is_left_out(void **state)
{
	(void)state;
	focus_on(a);
	a->destroyed = true;
	console_vm_destroy(a);
	assert_null(console_focused());
	console_cycle();
	assert_ptr_equal(console_focused(), b);
	console_cycle();
	assert_null(console_focused());
}

static void what_a_vm_wrote_unseen_is_shown_when_it_comes_into_focus(void **state)
{
	(void)state;
	output(a, "login: ");
	expect_wire("");
	console_focus(a);
	expect_on_wire("---\r\nlogin: ", true);
}

static void what_was_seen_lately_is_shown_again_and_the_older_is_not(void **state)
{
	char line[32];

	(void)state;
	for (unsigned i = 0; i < 400; i++) {
		snprintf(line, sizeof(line), "line %u\n", i);
		output(a, line);
		assert_true(console_vm_takes_line(a, &skipped));
	}
	console_focus(a);
	expect_on_wire("line 399\r\n", true);
	expect_on_wire("line 100\r\n", false);
}

static void in_focus_text_passes_byte_for_byte(void **state)
{
	(void)state;
	focus_on(a);
	output(a, "l");
	output(a, "o");
	output(a, "\x1b[1m\r\n$ ");
	expect_wire("lo\x1b[1m\r\n$ ");
	assert_false(console_vm_takes_line(a, &skipped));
}

static void a_bare_newline_gets_its_carriage_return(void **state)
{
	(void)state;
	focus_on(a);
	output(a, "one\n\ntwo\r\n");
	expect_wire("one\r\n\r\ntwo\r\n");
}

static void other_text_does_not_break_into_the_guests_line(void **state)
{
	(void)state;
	focus_on(a);
	output(a, "login: ");
	log_text("[b] hello\n");
	expect_wire("login: \r\n[b] hello\r\n");
}

static void mode_focused_hides_the_lines_of_others_and_keeps_them(void **state)
{
	(void)state;
	console_set_mode(CONSOLE_FOCUSED);
	output(b, "secret\n");
	assert_false(console_vm_takes_line(b, &skipped));
	console_focus(b);
	expect_on_wire("secret\r\n", true);
}

static void a_flood_skips_lines_when_the_port_is_slow_and_says_how_many(void **state)
{
	unsigned shown = 0, hidden = 0;

	(void)state;
	wire.busy = true;
	for (unsigned i = 0; i < 1000; i++) {
		if (console_vm_takes_line(b, &skipped)) {
			log_text("[b] 01234567890123456789012345678901234567890123456789\n");
			shown++;
		} else {
			hidden++;
		}
	}
	assert_true(hidden > 0);
	assert_int_equal(wire.waited, 0);
	wire.busy = false;
	send_all();
	assert_true(console_vm_takes_line(b, &skipped));
	assert_int_equal(skipped, hidden);
	assert_true(console_vm_takes_line(b, &skipped));
	assert_int_equal(skipped, 0);
}

static void a_vm_in_focus_that_floods_is_cut_and_told_so(void **state)
{
	(void)state;
	focus_on(a);
	wire.busy = true;
	for (unsigned i = 0; i < 4000; i++)
		output(a, "0123456789012345678901234567890\n");
	assert_int_equal(wire.waited, 0);
	wire.busy = false;
	send_all();
	expect_on_wire("bytes came faster than the line takes them", true);
}

static void a_report_on_the_same_port_arrives_in_one_piece(void **state)
{
	(void)state;
	focus_on(a);
	console_hold();
	output(a, "guest\n");
	log_text("log\n");
	expect_wire("");
	console_release();
	expect_wire("log\r\nguest\r\n");
}

static void keys_go_to_the_vm_in_focus_and_wait_while_it_is_deaf(void **state)
{
	(void)state;
	focus_on(b);
	wire.deaf = true;
	console_vm_key('l');
	console_vm_key('s');
	console_vm_keys_service();
	assert_int_equal(wire.keys, 0);
	wire.deaf = false;
	console_vm_keys_service();
	assert_memory_equal(wire.key, "ls", 2);
	assert_ptr_equal(wire.key_vm, b);
	console_vm_keys_service();
	assert_int_equal(wire.keys, 2);
}

static void a_guest_that_never_listens_fills_no_memory(void **state)
{
	(void)state;
	focus_on(b);
	wire.deaf = true;
	for (unsigned i = 0; i < 10000; i++)
		console_vm_key('x');
	wire.deaf = false;
	console_vm_keys_service();
	assert_in_range(wire.keys, 16, 64);
}

static void a_half_typed_command_is_there_again_after_a_look_at_a_vm(void **state)
{
	(void)state;
	console_key('v');
	focus_on(a);
	console_focus(NULL);
	expect_on_wire("\r> v", true);
}

static void a_command_that_was_run_is_not(void **state)
{
	(void)state;
	console_key('v');
	assert_true(console_key('\r'));
	focus_on(a);
	console_focus(NULL);
	expect_on_wire("\r> \x1b[K", true);
	expect_on_wire("> v", false);
}

static void a_console_costs_no_pages_once_its_vm_is_destroyed(void **state)
{
	u64 before = pool_used(POOL_VM);

	(void)state;
	console_vm_destroy(b);
	assert_int_equal(pool_used(POOL_VM), before - CONSOLE_VM_BYTES / PAGE_SIZE);
	assert_int_equal(console_vm_create(b, &why), OK);
	assert_int_equal(console_vm_create(b, &why), OK);
	assert_int_equal(pool_used(POOL_VM), before);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_log_line_goes_above_the_line_being_typed),
		T(whoever_logs_does_not_wait_for_the_port),
		T(a_full_queue_loses_nothing_but_its_writer_waits),
		T(a_turn_never_waits_and_is_never_long),
		T(a_crash_sends_what_waits_and_queues_no_more),
		T(ctrl_bracket_goes_through_all_vms_and_back),
		T(a_destroyed_vm_is_left_out),
		T(what_a_vm_wrote_unseen_is_shown_when_it_comes_into_focus),
		T(what_was_seen_lately_is_shown_again_and_the_older_is_not),
		T(in_focus_text_passes_byte_for_byte),
		T(a_bare_newline_gets_its_carriage_return),
		T(other_text_does_not_break_into_the_guests_line),
		T(mode_focused_hides_the_lines_of_others_and_keeps_them),
		T(a_flood_skips_lines_when_the_port_is_slow_and_says_how_many),
		T(a_vm_in_focus_that_floods_is_cut_and_told_so),
		T(a_report_on_the_same_port_arrives_in_one_piece),
		T(keys_go_to_the_vm_in_focus_and_wait_while_it_is_deaf),
		T(a_guest_that_never_listens_fills_no_memory),
		T(a_half_typed_command_is_there_again_after_a_look_at_a_vm),
		T(a_command_that_was_run_is_not),
		T(a_console_costs_no_pages_once_its_vm_is_destroyed),
	};

	return cmocka_run_group_tests_name("console", tests, NULL, NULL);
}
