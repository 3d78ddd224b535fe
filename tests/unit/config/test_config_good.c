/* SPDX-License-Identifier: GPL-2.0-only */
/* What a good coppice.cfg says is what the hypervisor hears. */
#include <stdio.h>
#include <string.h>

#include "config/helpers.h"

static void the_example_of_the_reference_parses_into_what_it_says(void **state)
{
	(void)state;
	good("option idle=poweroff                # when every VM has ended\n"
	     "vm name=a kernel=vfnet.elf mem=32M cpus=1 vf=igb0/0,mac=02:00:00:00:00:0a "
	     "irq=forward "
	     "cmdline=\"role=client peer=b\"\n"
	     "vm name=b kernel=vfnet.elf mem=32M cpus=1 vf=igb0/1 cmdline=\"role=server\"\n"
	     "vm name=linux kernel=vmlinuz initrd=initrd.img mem=512M cpus=2 vf=nvme0/0 "
	     "vf=net,rate=100M,vlan=7 "
	     "cmdline=\"console=ttyS0\"\n");
	assert_int_equal(parsed.idle, IDLE_POWEROFF);
	assert_int_equal(parsed.vm_count, 3);

	const struct vm_config *a = &parsed.vm[0], *linux_vm = &parsed.vm[2];
	static const u8 mac[] = { 2, 0, 0, 0, 0, 0xa };

	assert_string_equal(a->name, "a");
	assert_string_equal(a->kernel, "vfnet.elf");
	assert_string_equal(a->cmdline, "role=client peer=b");
	assert_int_equal(a->mem, 32 * MiB);
	assert_int_equal(a->line, 2);
	assert_false(a->broken);
	assert_int_equal(a->vf_count, 1);
	assert_int_equal(a->vf[0].kind, VF_BY_PF_NAME);
	assert_string_equal(a->vf[0].name, "igb0");
	assert_memory_equal(a->vf[0].policy.mac, mac, sizeof(mac));
	assert_string_equal(a->vf[0].token, "igb0/0,mac=02:00:00:00:00:0a");
	assert_string_equal(linux_vm->initrd, "initrd.img");
	assert_int_equal(linux_vm->cpus, 2);
	assert_int_equal(linux_vm->vf_count, 2);
	assert_string_equal(linux_vm->vf[0].name, "nvme0");
	assert_int_equal(linux_vm->vf[1].kind, VF_BY_CLASS);
	assert_string_equal(linux_vm->vf[1].name, "net");
	assert_int_equal(linux_vm->vf[1].policy.rate_mbps, 100);
	assert_int_equal(linux_vm->vf[1].policy.vlan, 7);
}

static void what_is_left_out_has_its_documented_default(void **state)
{
	(void)state;
	good("vm name=a kernel=k");
	assert_int_equal(parsed.idle, IDLE_MONITOR);
	assert_false(parsed.report_com1);
	assert_int_equal(parsed.irq_budget, 1000);
	assert_int_equal(parsed.vm[0].mem, 64 * MiB);
	assert_int_equal(parsed.vm[0].cpus, 1);
	assert_int_equal(parsed.vm[0].irq, IRQ_FORWARD);
	assert_int_equal(parsed.vm[0].vf_count, 0);
	assert_string_equal(parsed.vm[0].initrd, "");
	assert_string_equal(parsed.vm[0].cmdline, "");
}

static void an_empty_file_is_good_and_says_nothing(void **state)
{
	(void)state;
	assert_int_equal(config_parse(NULL, 0, &parsed), OK);
	assert_int_equal(parsed.vm_count, 0);
	good("\n  \t\n# only a comment\n");
	assert_int_equal(parsed.vm_count, 0);
}

static void line_ends_of_dos_and_a_missing_last_one_are_fine(void **state)
{
	(void)state;
	good("option idle=poweroff\r\nvm name=a kernel=k\r\n\r\nvm name=b kernel=k");
	assert_int_equal(parsed.idle, IDLE_POWEROFF);
	assert_int_equal(parsed.vm_count, 2);
	assert_int_equal(parsed.vm[1].line, 4);
	good("vm name=a kernel=k\r");
	assert_string_equal(parsed.vm[0].kernel, "k");
}

static void a_byte_order_mark_at_the_start_is_skipped(void **state)
{
	(void)state;
	good("\xef\xbb\xbfvm name=a kernel=k\n");
	assert_int_equal(parsed.vm_count, 1);
}

static void a_comment_may_hold_anything_and_begins_only_where_a_word_would(void **state)
{
	(void)state;
	good("# \xff\x01 k\xc3\xb6nnte \" stehen\nvm name=a kernel=dir#1/k #vf=igb0/0\n");
	assert_string_equal(parsed.vm[0].kernel, "dir#1/k");
	assert_int_equal(parsed.vm[0].vf_count, 0);
}

static void quotes_keep_spaces_and_backslashes_keep_quotes(void **state)
{
	(void)state;
	good("vm name=a kernel=k cmdline=\"a  b # \\\"c d\\\" \\\\ \\n\"");
	assert_string_equal(parsed.vm[0].cmdline, "a  b # \"c d\" \\ \\n");
	good("vm name=a kernel=\"my kernel\"");
	assert_string_equal(parsed.vm[0].kernel, "my kernel");
}

static void sizes_are_bytes_or_have_a_suffix(void **state)
{
	static const struct {
		const char *text;
		u64 bytes;
	} cases[] = {
		{ "vm name=a kernel=k mem=4096", 4096 },
		{ "vm name=a kernel=k mem=64K", 64 * KiB },
		{ "vm name=a kernel=k mem=32m", 32 * MiB },
		{ "vm name=a kernel=k mem=3G", 3 * GiB },
		{ "vm name=a kernel=k mem=3072M", 3 * GiB },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		good(cases[i].text);
		assert_int_equal(parsed.vm[0].mem, cases[i].bytes);
	}
}

static void a_vf_is_named_by_driver_by_address_or_by_class(void **state)
{
	(void)state;
	good("vm name=a kernel=k vf=igb12/65535 vf=0000:01:00.0/3 vf=81:1f.7/0 vf=nvme vf=net");
	assert_string_equal(parsed.vm[0].vf[0].name, "igb12");
	assert_int_equal(parsed.vm[0].vf[0].index, 65535);
	assert_int_equal(parsed.vm[0].vf[1].kind, VF_BY_PF_RID);
	assert_int_equal(parsed.vm[0].vf[1].index, 3);
	assert_true(rid_equal(parsed.vm[0].vf[1].pf_rid, rid_make(0, 1, 0, 0)));
	assert_true(rid_equal(parsed.vm[0].vf[2].pf_rid, rid_make(0, 0x81, 0x1f, 7)));
	assert_int_equal(parsed.vm[0].vf[3].kind, VF_BY_CLASS);
	assert_string_equal(parsed.vm[0].vf[3].name, "nvme");
}

static void every_vf_option_reaches_the_policy(void **state)
{
	const struct vf_policy *p = &parsed.vm[0].vf[0].policy;

	(void)state;
	good("vm name=a kernel=k "
	     "vf=igb0/"
	     "0,mac=FE:00:00:00:00:01,trunk=1-4+4094,rate=1G,spoofcheck=off,trust=on,link=down,ns="
	     "2");
	assert_int_equal(p->mac[0], 0xfe);
	assert_int_equal(p->vlan, 0);
	assert_int_equal(p->trunk_count, 5);
	assert_int_equal(p->trunk[0], 1);
	assert_int_equal(p->trunk[3], 4);
	assert_int_equal(p->trunk[4], 4094);
	assert_int_equal(p->rate_mbps, 1000);
	assert_true(p->spoofcheck_off);
	assert_true(p->trust);
	assert_int_equal(p->link, VF_LINK_DOWN);
	assert_int_equal(p->nsid, 2);
	good("vm name=a kernel=k vf=igb0/0,spoofcheck=on,trust=off,link=up,vlan=4094,rate=2500M");
	assert_false(p->spoofcheck_off);
	assert_false(p->trust);
	assert_int_equal(p->link, VF_LINK_UP);
	assert_int_equal(p->vlan, 4094);
	assert_int_equal(p->rate_mbps, 2500);
}

static void interrupts_go_forward_or_direct(void **state)
{
	(void)state;
	good("vm name=a kernel=k irq=direct\nvm name=b kernel=k irq=forward");
	assert_int_equal(parsed.vm[0].irq, IRQ_DIRECT);
	assert_int_equal(parsed.vm[1].irq, IRQ_FORWARD);
}

static void options_stand_on_one_line_or_on_several(void **state)
{
	(void)state;
	good("option idle=monitor report=com1 irq_budget=50 "
	     "unsafe_acs=0000:00:03.0\nunsafe_acs=00:03.0 # the "
	     "same\nunsafe_acs=1:02:1c.4\n");
	assert_int_equal(parsed.idle, IDLE_MONITOR);
	assert_true(parsed.report_com1);
	assert_int_equal(parsed.irq_budget, 50);
	assert_int_equal(parsed.override_count, 2);
	assert_true(rid_equal(parsed.unsafe_acs[0], rid_make(0, 0, 3, 0)));
	assert_true(rid_equal(parsed.unsafe_acs[1], rid_make(1, 2, 0x1c, 4)));
}

static void thirty_two_vms_with_sixteen_vfs_each_fit(void **state)
{
	static char text[32 * 256];
	size_t len = 0;

	(void)state;
	for (unsigned vm = 0; vm < CONFIG_VMS; vm++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len, "vm name=v%u kernel=k", vm);
		for (unsigned vf = 0; vf < CONFIG_VFS_PER_VM; vf++)
			len += (size_t)snprintf(text + len, sizeof(text) - len, " vf=igb0/%u", vf);
		len += (size_t)snprintf(text + len, sizeof(text) - len, "\n");
	}
	good(text);
	assert_int_equal(parsed.vm_count, CONFIG_VMS);
	assert_int_equal(parsed.vm[31].vf_count, CONFIG_VFS_PER_VM);
	assert_int_equal(parsed.vm[31].vf[15].index, 15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_of_the_reference_parses_into_what_it_says),
		cmocka_unit_test(what_is_left_out_has_its_documented_default),
		cmocka_unit_test(an_empty_file_is_good_and_says_nothing),
		cmocka_unit_test(line_ends_of_dos_and_a_missing_last_one_are_fine),
		cmocka_unit_test(a_byte_order_mark_at_the_start_is_skipped),
		cmocka_unit_test(a_comment_may_hold_anything_and_begins_only_where_a_word_would),
		cmocka_unit_test(quotes_keep_spaces_and_backslashes_keep_quotes),
		cmocka_unit_test(sizes_are_bytes_or_have_a_suffix),
		cmocka_unit_test(a_vf_is_named_by_driver_by_address_or_by_class),
		cmocka_unit_test(every_vf_option_reaches_the_policy),
		cmocka_unit_test(interrupts_go_forward_or_direct),
		cmocka_unit_test(options_stand_on_one_line_or_on_several),
		cmocka_unit_test(thirty_two_vms_with_sixteen_vfs_each_fit),
	};

	return cmocka_run_group_tests_name("a good coppice.cfg", tests, NULL, NULL);
}
