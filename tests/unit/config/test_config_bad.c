/* SPDX-License-Identifier: GPL-2.0-only */
/* A mistake in coppice.cfg is named by line and token, says what was expected, and costs only the
 * VM of its line. */
#include <stdio.h>
#include <string.h>

#include "config/helpers.h"

/* A vm line that is good but for one word. */
static void bad_word(const char *word, const char *expected)
{
	char text[1024];

	snprintf(text, sizeof(text),
		 "vm name=good kernel=k\nvm name=a kernel=k %s\nvm name=also kernel=k\n", word);
	bad(text, "line 2: ", expected, NULL);
	assert_string_equal(parsed.error[0].vm, "a");
	assert_int_equal(parsed.error[0].line, 2);
	assert_int_equal(parsed.vm_count, 3);
	assert_false(parsed.vm[0].broken);
	assert_true(parsed.vm[1].broken);
	assert_false(parsed.vm[2].broken);
}

static void an_error_names_line_token_and_expectation_and_costs_one_vm(void **state)
{
	(void)state;
	bad_word("mem=12Q", "token 'mem=12Q': expected a size such as 32M or 1G");
}

static void memory_is_whole_pages_and_ends_below_the_device_windows(void **state)
{
	(void)state;
	bad_word("mem=0", "multiple of 4K, not 0");
	bad_word("mem=0M", "multiple of 4K, not 0");
	bad_word("mem=5000", "multiple of 4K");
	bad_word("mem=4G", "at most 3G");
	bad_word("mem=3145732K", "at most 3G");
	bad_word("mem=", "a size");
	bad_word("mem=-1M", "a size");
	bad_word("mem=32MB", "a size");
	bad_word("mem=18446744073709551616", "a size");
	bad_word("mem=17179869184G", "a size");
}

static void vcpus_are_between_one_and_sixteen(void **state)
{
	(void)state;
	bad_word("cpus=0", "from 1 to 16");
	bad_word("cpus=17", "from 1 to 16");
	bad_word("cpus=two", "from 1 to 16");
	bad_word("cpus=1.5", "from 1 to 16");
}

static void an_unknown_key_is_answered_with_the_nearest_known_one(void **state)
{
	(void)state;
	bad_word("memory=32M", "mem= (did you mean that?)");
	bad_word("cpu=2", "cpus= (did you mean that?)");
	bad_word("inird=x", "initrd= (did you mean that?)");
	bad_word("cmdlien=x", "cmdline= (did you mean that?)");
	bad_word("qqqqqqqq=1", "expected key=value with one of: name");
	bad_word("=1", "expected key=value");
}

static void a_key_needs_a_value_and_comes_once(void **state)
{
	(void)state;
	bad_word("irq", "expected irq=<value>");
	bad_word("irq=posted", "forward or direct");
	bad_word("mem=1M mem=2M", "token 'mem=2M': expected mem= only once");
	bad_word("name=b", "name= only once");
}

static void a_vm_needs_a_name_and_a_kernel(void **state)
{
	(void)state;
	bad("vm kernel=k mem=1M", "line 1: ", "name=<name>", NULL);
	assert_string_equal(parsed.vm[0].name, "(line 1)");
	assert_string_equal(parsed.error[0].vm, "(line 1)");
	assert_true(parsed.vm[0].broken);
	bad("vm name=a", "kernel=<file>", NULL);
	assert_string_equal(parsed.error[0].vm, "a");
	assert_true(parsed.vm[0].broken);
}

static void a_missing_kernel_is_told_together_with_other_mistakes(void **state)
{
	static const char text[] = "vm name=a mem=x";

	(void)state;
	assert_int_equal(parse_bytes(text, strlen(text)), ERR_INVALID);
	assert_int_equal(parsed.error_count, 2);
	assert_non_null(strstr(parsed.error[1].text, "kernel=<file>"));
}

static void an_error_before_the_name_still_names_the_vm(void **state)
{
	(void)state;
	bad("vm mem=x kernel=k name=late", "mem=x", NULL);
	assert_string_equal(parsed.error[0].vm, "late");
}

static void a_name_is_a_good_file_name_and_is_new(void **state)
{
	(void)state;
	bad("vm name=a/b kernel=k", "letters, digits", NULL);
	bad("vm name=.. kernel=k", "begins with", NULL);
	bad("vm name=-x kernel=k", "begins with", NULL);
	bad("vm name= kernel=k", "begins with", NULL);
	bad("vm name=a234567890123456789012345678901x kernel=k", "at most 31", NULL);
	bad("vm name=a kernel=k\nvm name=a kernel=k", "line 2: ", "a line above has used", NULL);
	assert_false(parsed.vm[0].broken);
	assert_true(parsed.vm[1].broken);
}

static void texts_that_do_not_fit_are_refused_not_cut(void **state)
{
	char text[1024] = "vm name=a kernel=k cmdline=";
	size_t start = strlen(text);

	(void)state;
	memset(text + start, 'x', 511);
	good(text);
	assert_int_equal(strlen(parsed.vm[0].cmdline), 511);
	memset(text + start, 'x', 512);
	bad(text, "at most 511", NULL);
	assert_string_equal(parsed.vm[0].cmdline, "");
	memset(text + start, 'x', 900);
	bad(text, "xxx...'", "at most 575 characters", NULL);
	memset(text, 0, sizeof(text));
	strcpy(text, "vm name=a kernel=");
	memset(text + strlen(text), 'k', 96);
	bad(text, "1 to 95", NULL);
	bad("vm name=a kernel=", "1 to 95", NULL);
}

static void a_vf_must_be_written_as_one(void **state)
{
	static const char *const targets[] = { "igb0",
					       "igb0/",
					       "igb0/x",
					       "igb/0",
					       "/0",
					       "IGB0/0",
					       "network",
					       "igb0/65536",
					       "0000:01:00.8/0",
					       "01:20.0/0",
					       "100:1.0/0",
					       "0igb/0",
					       "",
					       "averyveryverylongname0/0" };
	char word[64];

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(targets); i++) {
		snprintf(word, sizeof(word), "vf=%s", targets[i]);
		bad_word(word, "expected <pf>/<index> such as igb0/0");
	}
}

static void vf_options_are_checked_one_by_one(void **state)
{
	static const struct {
		const char *option, *expected;
	} cases[] = {
		{ "mac=00:00:00:00:00:00", "a unicast MAC address, not zero" },
		{ "mac=01:00:5e:00:00:01", "a unicast MAC address" },
		{ "mac=02:00:00:00:00", "a unicast MAC address" },
		{ "mac=02:00:00:00:00:0a:0b", "a unicast MAC address" },
		{ "mac=2:0:0:0:0:a", "a unicast MAC address" },
		{ "mac=02-00-00-00-00-0a", "a unicast MAC address" },
		{ "vlan=0", "VLAN from 1 to 4094" },
		{ "vlan=4095", "VLAN from 1 to 4094" },
		{ "trunk=0-3", "at most 16 VLANs" },
		{ "trunk=1-17", "at most 16 VLANs" },
		{ "trunk=1-16+20", "at most 16 VLANs" },
		{ "trunk=4-1", "at most 16 VLANs" },
		{ "trunk=1-4094", "at most 16 VLANs" },
		{ "trunk=1+", "at most 16 VLANs" },
		{ "rate=100", "a rate in bit/s such as 100M" },
		{ "rate=0M", "a rate in bit/s" },
		{ "rate=2000G", "a rate in bit/s" },
		{ "spoofcheck=maybe", "on or off" },
		{ "trust", "on or off" },
		{ "link=sideways", "auto, up or down" },
		{ "ns=0", "namespace, from 1" },
		{ "ns=4294967295", "namespace, from 1" },
		{ "vlan=1,vlan=2", "vlan= only once" },
		{ "vlan=1,trunk=2", "an access VLAN or a list" },
		{ "vlam=1", "expected vlan= (did you mean that?)" },
		{ "colour=red", "one of mac=, vlan=" },
		{ "", "one of mac=" },
	};
	char word[128];

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		snprintf(word, sizeof(word), "vf=igb0/0,%s", cases[i].option);
		bad_word(word, cases[i].expected);
		assert_non_null(strstr(parsed.error[0].text, "in token 'igb0/0,"));
	}
}

static void more_vfs_or_vms_than_fit_are_said_with_the_number(void **state)
{
	char text[4096] = "vm name=a kernel=k";

	(void)state;
	for (unsigned i = 0; i <= CONFIG_VFS_PER_VM; i++)
		strcat(text, " vf=net");
	bad(text, "at most 16 vf=", NULL);
	assert_int_equal(parsed.vm[0].vf_count, CONFIG_VFS_PER_VM);
	text[0] = 0;
	for (unsigned i = 0; i <= CONFIG_VMS; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "vm name=v%u kernel=k\n",
			 i);
	bad(text, "line 33: ", "at most 32 VMs", NULL);
	assert_int_equal(parsed.vm_count, CONFIG_VMS);
	assert_false(parsed.vm[31].broken);
}

static void options_are_checked_too(void **state)
{
	(void)state;
	bad("option idle=sleep", "poweroff or monitor", NULL);
	bad("option report=com3", "com1 or com2", NULL);
	bad("option irq_budget=0", "from 1 to 100000", NULL);
	bad("option irq_budget=100001", "from 1 to 100000", NULL);
	bad("option irq_budget=many", "a number of interrupts in 10 ms", NULL);
	bad("option reprot=com1", "report= (did you mean that?)", NULL);
	bad("option unsafe_acs=igb0", "the bridge's address such as 0000:00:03.0", NULL);
	bad("unsafe_acs=00:03.8", "the bridge's address", NULL);
	bad("option idle", "idle=<value>", NULL);
	bad("vn name=a kernel=k", "begins with vm, option or unsafe_acs=", "(did you mean vm?)",
	    NULL);
	bad("kernel=k", "begins with vm", NULL);
}

static void a_good_line_after_a_bad_one_counts(void **state)
{
	(void)state;
	bad("what\noption idle=poweroff\n", "line 1: ", NULL);
	assert_int_equal(parsed.idle, IDLE_POWEROFF);
}

static void an_open_quote_ends_with_its_line(void **state)
{
	(void)state;
	bad("vm name=a kernel=k cmdline=\"x y\nvm name=b kernel=k\n", "line 1: ", "closing '\"'",
	    NULL);
	assert_true(parsed.vm[0].broken);
	assert_int_equal(parsed.vm_count, 2);
	assert_false(parsed.vm[1].broken);
}

static void bytes_that_are_no_text_are_named_and_never_shown_raw(void **state)
{
	static const char nul[] = "vm name=a\0 kernel=k\nvm name=b kernel=k\n";

	(void)state;
	assert_int_equal(parse_bytes(nul, sizeof(nul) - 1), ERR_INVALID);
	assert_int_equal(parsed.error_count, 1);
	assert_non_null(strstr(parsed.error[0].text, "'name=a': byte 0x00 follows"));
	assert_true(parsed.vm[0].broken);
	assert_false(parsed.vm[1].broken);
	bad("vm name=a kernel=k cmdline=\x1b[31m", "byte 0x1b", NULL);
	assert_null(strchr(parsed.error[0].text, 0x1b));
	bad("vm name=\xc3\xa4 kernel=k", "byte 0xc3", NULL);
	bad("vm name=a\rb kernel=k", "byte 0x0d", NULL);
}

static void a_file_of_noise_fills_the_error_list_and_nothing_else(void **state)
{
	static char noise[64 * 1024];
	unsigned seed = 1;

	(void)state;
	for (size_t i = 0; i < sizeof(noise); i++) {
		seed = seed * 1103515245 + 12345;
		noise[i] = (char)(seed >> 16);
	}
	assert_int_equal(parse_bytes(noise, sizeof(noise)), ERR_INVALID);
	assert_int_equal(parsed.error_count, CONFIG_ERRORS);
	assert_int_equal(parsed.vm_count, 0);
	assert_true(parsed.unlisted_errors > 0);
	assert_non_null(strstr(parsed.error[CONFIG_ERRORS - 1].text, "more errors are not listed"));
}

static void unlisted_errors_are_counted_exactly_and_still_break_their_vms(void **state)
{
	char text[4096] = "";

	(void)state;
	for (unsigned i = 0; i < CONFIG_ERRORS + 2; i++)
		strcat(text, "what\n");
	strcat(text, "vm name=a kernel=k mem=x\n");
	assert_int_equal(parse_bytes(text, strlen(text)), ERR_INVALID);
	/* 35 errors in all, 31 of them are listed. */
	assert_int_equal(parsed.unlisted_errors, 4);
	assert_non_null(strstr(parsed.error[CONFIG_ERRORS - 1].text, "4 more errors"));
	assert_true(parsed.vm[0].broken);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_names_line_token_and_expectation_and_costs_one_vm),
		cmocka_unit_test(memory_is_whole_pages_and_ends_below_the_device_windows),
		cmocka_unit_test(vcpus_are_between_one_and_sixteen),
		cmocka_unit_test(an_unknown_key_is_answered_with_the_nearest_known_one),
		cmocka_unit_test(a_key_needs_a_value_and_comes_once),
		cmocka_unit_test(a_vm_needs_a_name_and_a_kernel),
		cmocka_unit_test(a_missing_kernel_is_told_together_with_other_mistakes),
		cmocka_unit_test(an_error_before_the_name_still_names_the_vm),
		cmocka_unit_test(a_name_is_a_good_file_name_and_is_new),
		cmocka_unit_test(texts_that_do_not_fit_are_refused_not_cut),
		cmocka_unit_test(a_vf_must_be_written_as_one),
		cmocka_unit_test(vf_options_are_checked_one_by_one),
		cmocka_unit_test(more_vfs_or_vms_than_fit_are_said_with_the_number),
		cmocka_unit_test(options_are_checked_too),
		cmocka_unit_test(a_good_line_after_a_bad_one_counts),
		cmocka_unit_test(an_open_quote_ends_with_its_line),
		cmocka_unit_test(bytes_that_are_no_text_are_named_and_never_shown_raw),
		cmocka_unit_test(a_file_of_noise_fills_the_error_list_and_nothing_else),
		cmocka_unit_test(unlisted_errors_are_counted_exactly_and_still_break_their_vms),
	};

	return cmocka_run_group_tests_name("mistakes in coppice.cfg", tests, NULL, NULL);
}
