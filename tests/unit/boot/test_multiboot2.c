/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "boot/multiboot2.h"

static u8 block[16384];
static u32 used;
static struct boot_info boot;

static int setup(void **state)
{
	(void)state;
	memset(block, 0, sizeof(block));
	used = 8;
	return 0;
}

static void add_tag(u32 type, const void *body, u32 len)
{
	u32 header[2] = { type, len + 8 };

	memcpy(block + used, header, 8);
	if (len)
		memcpy(block + used + 8, body, len);
	used = ALIGN_UP(used + 8 + len, 8);
}

struct entry {
	u64 base, size;
	u32 type, zero;
};

static void add_memory(const struct entry *entries, u32 count, u32 entry_size)
{
	u8 body[8192] = { 0 };
	u32 version[2] = { entry_size, 0 };

	memcpy(body, version, 8);
	for (u32 i = 0; i < count; i++)
		memcpy(body + 8 + i * entry_size, &entries[i], sizeof(*entries));
	add_tag(6, body, 8 + count * entry_size);
}

static void add_module(u32 start, u32 end, const char *name)
{
	u8 body[512];

	memcpy(body, &start, 4);
	memcpy(body + 4, &end, 4);
	memcpy(body + 8, name, strlen(name) + 1);
	add_tag(3, body, (u32)(8 + strlen(name) + 1));
}

static void add_one_memory(void)
{
	const struct entry ram = { 0x100000, 0x3ff00000, 1, 0 };

	add_memory(&ram, 1, 24);
}

/* Parse an exact copy on the heap, so that ASan sees every step beyond it. */
static enum err parse(u32 len, struct why *why)
{
	u8 *copy = malloc(len ? len : 1);
	enum err e;

	memcpy(block, &used, 4);
	memcpy(copy, block, len);
	e = multiboot2_parse(copy, len, &boot, why);
	free(copy);
	return e;
}

static void what_grub_says_is_in_boot_info(void **state)
{
	const struct entry map[] = { { 0, 0x9fc00, 1, 0 },
				     { 0x9fc00, 0x400, 2, 0 },
				     { 0x7000000, 0x1000, 3, 0 },
				     { 0x8000000, 0x1000, 4, 0 },
				     { 0x9000000, 0x1000, 5, 0 } };
	u8 rsdp[36] = "RSD PTR ";

	(void)state;
	add_tag(1, "option=1 other", 15);
	add_tag(2, "GRUB 2.06", 10);
	add_memory(map, 5, 24);
	add_module(0x102000, 0x102015, "coppice.cfg");
	add_module(0x103000, 0x203000, "guests/hello.elf with words");
	add_tag(14, rsdp, 20);
	add_tag(0, NULL, 0);
	assert_int_equal(parse(used, NULL), OK);
	assert_string_equal(boot.cmdline, "option=1 other");
	assert_string_equal(boot.loader, "GRUB 2.06");
	assert_string_equal(boot.firmware, "BIOS");
	assert_int_equal(boot.memory_ranges, 5);
	for (int i = 0; i < 5; i++)
		assert_int_equal(boot.memory[i].kind, BOOT_MEMORY_USABLE + i);
	assert_int_equal(boot.memory[1].base.v, 0x9fc00);
	assert_int_equal(boot.memory[1].size, 0x400);
	assert_int_equal(boot.modules, 2);
	assert_string_equal(boot.module[1].name, "guests/hello.elf with words");
	assert_int_equal(boot.module[1].base.v, 0x103000);
	assert_int_equal(boot.module[1].size, 0x100000);
	assert_int_equal(boot.rsdp_len, 20);
	assert_false(boot.truncated);
}

static void each_efi_tag_tells_uefi(void **state)
{
	static const u32 types[] = { 11, 12, 17, 19, 20 };
	u8 body[16] = { 0 };

	for (unsigned i = 0; i < ARRAY_LEN(types); i++) {
		setup(state);
		add_one_memory();
		add_tag(types[i], body, 8);
		assert_int_equal(parse(used, NULL), OK);
		assert_string_equal(boot.firmware, "UEFI");
	}
}

static void the_newer_rsdp_wins_in_either_order(void **state)
{
	u8 old[20] = "RSD PTR old", new[36] = "RSD PTR new";

	for (int order = 0; order < 2; order++) {
		setup(state);
		add_one_memory();
		add_tag(order ? 15 : 14, order ? new : old, order ? 36 : 20);
		add_tag(order ? 14 : 15, order ? old : new, order ? 20 : 36);
		assert_int_equal(parse(used, NULL), OK);
		assert_int_equal(boot.rsdp_len, 36);
		assert_memory_equal(boot.rsdp, new, 36);
	}
}

static void an_rsdp_that_is_too_short_is_not_taken(void **state)
{
	u8 rsdp[36] = "RSD PTR ";

	(void)state;
	add_one_memory();
	add_tag(15, rsdp, 30);
	add_tag(14, rsdp, 19);
	assert_int_equal(parse(used, NULL), OK);
	assert_int_equal(boot.rsdp_len, 0);
}

static void without_a_memory_map_there_is_no_boot(void **state)
{
	struct why why;

	(void)state;
	add_module(0x102000, 0x102015, "coppice.cfg");
	assert_int_equal(parse(used, &why), ERR_INVALID);
	assert_non_null(strstr(why.text, "memory map"));
	assert_int_equal(parse(0, &why), ERR_INVALID);
}

static void entries_of_a_later_version_are_longer_and_still_read(void **state)
{
	const struct entry map[] = { { 0, 0x1000, 1, 0 }, { 0x2000, 0x1000, 1, 0 } };

	(void)state;
	add_memory(map, 2, 40);
	assert_int_equal(parse(used, NULL), OK);
	assert_int_equal(boot.memory_ranges, 2);
	assert_int_equal(boot.memory[1].base.v, 0x2000);
}

static void entries_of_no_size_do_not_loop(void **state)
{
	const struct entry map[] = { { 0, 0x1000, 1, 0 } };

	(void)state;
	add_memory(map, 1, 24);
	memset(block + 16, 0, 4); /* entry_size */
	assert_int_equal(parse(used, NULL), ERR_INVALID);
	memset(block + 16, 0xff, 4);
	assert_int_equal(parse(used, NULL), OK);
	assert_int_equal(boot.memory_ranges, 1);
}

static void empty_and_wrapping_ranges_are_dropped(void **state)
{
	const struct entry map[] = { { 0, 0, 1, 0 },
				     { ~0ull - 10, 100, 1, 0 },
				     { 0x1000, 0x1000, 1, 0 } };

	(void)state;
	add_memory(map, 3, 24);
	assert_int_equal(parse(used, NULL), OK);
	assert_int_equal(boot.memory_ranges, 1);
}

static void more_than_fits_is_said_so(void **state)
{
	static struct entry map[BOOT_MEMORY_RANGES + 5];

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(map); i++)
		map[i] = (struct entry){ i * 0x2000, 0x1000, 1, 0 };
	add_memory(map, ARRAY_LEN(map), 24);
	assert_int_equal(parse(used, NULL), OK);
	assert_int_equal(boot.memory_ranges, BOOT_MEMORY_RANGES);
	assert_true(boot.truncated);

	setup(state);
	add_one_memory();
	for (u32 i = 0; i < BOOT_MODULES; i++)
		add_module(i * 0x1000, i * 0x1000 + 1, "m");
	assert_int_equal(parse(used, NULL), OK);
	assert_false(boot.truncated);
	add_module(0x1000000, 0x1000001, "one more");
	assert_int_equal(parse(used, NULL), OK);
	assert_int_equal(boot.modules, BOOT_MODULES);
	assert_true(boot.truncated);
}

static void long_texts_are_cut_and_ended(void **state)
{
	char text[2000];

	(void)state;
	memset(text, 'x', sizeof(text));
	add_one_memory();
	add_tag(1, text, sizeof(text));
	add_tag(2, text, 100); /* without a NUL */
	assert_int_equal(parse(used, NULL), OK);
	assert_int_equal(strlen(boot.cmdline), BOOT_CMDLINE_BYTES - 1);
	assert_int_equal(strlen(boot.loader), 63);
	text[200] = 0;
	setup(state);
	add_one_memory();
	add_module(0, 1, text);
	assert_int_equal(parse(used, NULL), OK);
	assert_int_equal(strlen(boot.module[0].name), BOOT_NAME_BYTES - 1);
}

static void a_module_that_ends_before_it_begins_is_dropped(void **state)
{
	(void)state;
	add_one_memory();
	add_module(0x2000, 0x1000, "odd");
	assert_int_equal(parse(used, NULL), OK);
	assert_int_equal(boot.modules, 0);
}

static void a_block_that_is_cut_anywhere_is_survived(void **state)
{
	u8 rsdp[36] = "RSD PTR ";
	u32 whole;

	(void)state;
	add_one_memory();
	add_tag(1, "words", 6);
	add_module(0x102000, 0x102015, "coppice.cfg");
	add_tag(15, rsdp, 36);
	whole = used;
	for (u32 len = 0; len <= whole; len++)
		if (parse(len, NULL) == OK)
			assert_int_equal(boot.memory_ranges, 1);
}

static void tags_of_nonsense_sizes_end_the_list(void **state)
{
	static const u32 sizes[] = { 0, 1, 7, 0x7fffffff, 0xffffffff };

	for (unsigned i = 0; i < ARRAY_LEN(sizes); i++) {
		u32 at;

		setup(state);
		add_one_memory();
		at = used;
		add_tag(1, "words", 6);
		add_module(0, 1, "never seen");
		memcpy(block + at + 4, &sizes[i], 4);
		assert_int_equal(parse(used, NULL), OK);
		assert_int_equal(boot.modules, 0);
	}
}

#define BOOT_TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOOT_TEST(what_grub_says_is_in_boot_info),
		BOOT_TEST(each_efi_tag_tells_uefi),
		BOOT_TEST(the_newer_rsdp_wins_in_either_order),
		BOOT_TEST(an_rsdp_that_is_too_short_is_not_taken),
		BOOT_TEST(without_a_memory_map_there_is_no_boot),
		BOOT_TEST(entries_of_a_later_version_are_longer_and_still_read),
		BOOT_TEST(entries_of_no_size_do_not_loop),
		BOOT_TEST(empty_and_wrapping_ranges_are_dropped),
		BOOT_TEST(more_than_fits_is_said_so),
		BOOT_TEST(long_texts_are_cut_and_ended),
		BOOT_TEST(a_module_that_ends_before_it_begins_is_dropped),
		BOOT_TEST(a_block_that_is_cut_anywhere_is_survived),
		BOOT_TEST(tags_of_nonsense_sizes_end_the_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
