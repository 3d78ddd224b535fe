/* SPDX-License-Identifier: GPL-2.0-only */
/* The ELF64 loader believes nothing in the file, and says what to do about each fault. */
#include <linux/elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/types.h"
#include "vmm/guest/elf.h"

#define RAM_BYTES (4 * MiB)
#define LOAD_AT   (1 * MiB)

/* A kernel of two segments: code, and data with a part that is only in memory. */
static struct image {
	Elf64_Ehdr header;
	Elf64_Phdr segment[2];
	u8 code[64], data[32];
} image;
static struct elf_plan plan;
static struct why why;

static int setup(void **state)
{
	(void)state;
	memset(&image, 0, sizeof(image));
	memset(image.code, 0xc0, sizeof(image.code));
	memset(image.data, 0xda, sizeof(image.data));
	memcpy(image.header.e_ident, ELFMAG, SELFMAG);
	image.header.e_ident[EI_CLASS] = ELFCLASS64;
	image.header.e_ident[EI_DATA] = ELFDATA2LSB;
	image.header.e_type = ET_EXEC;
	image.header.e_machine = EM_X86_64;
	image.header.e_entry = LOAD_AT + 8;
	image.header.e_phoff = offsetof(struct image, segment);
	image.header.e_phentsize = sizeof(Elf64_Phdr);
	image.header.e_phnum = 2;
	image.segment[0] = (Elf64_Phdr){ .p_type = PT_LOAD,
					 .p_flags = PF_R | PF_X,
					 .p_offset = offsetof(struct image, code),
					 .p_paddr = LOAD_AT,
					 .p_vaddr = LOAD_AT,
					 .p_filesz = 64,
					 .p_memsz = 64 };
	image.segment[1] = (Elf64_Phdr){ .p_type = PT_LOAD,
					 .p_flags = PF_R | PF_W,
					 .p_offset = offsetof(struct image, data),
					 .p_paddr = LOAD_AT + 0x1000,
					 .p_filesz = 32,
					 .p_memsz = 0x800 };
	memset(&why, 0, sizeof(why));
	return 0;
}

/* From a heap block of exactly this size, so that ASan sees any step outside. */
static enum err check_bytes(size_t size)
{
	void *copy = malloc(size ? size : 1);
	memcpy(copy, &image, size);
	enum err e = elf_check("vfnet.elf", copy, size, RAM_BYTES, &plan, &why);
	free(copy);
	return e;
}

static void refused_because(const char *text)
{
	assert_int_equal(check_bytes(sizeof(image)), ERR_INVALID);
	if (!strstr(why.text, text))
		fail_msg("'%s' does not say '%s'", why.text, text);
	assert_non_null(strstr(why.text, "kernel vfnet.elf: "));
}

static void a_good_kernel_becomes_a_plan_and_is_copied_with_its_bss_untouched(void **state)
{
	(void)state;
	assert_int_equal(check_bytes(sizeof(image)), OK);
	assert_int_equal(plan.entry, LOAD_AT + 8);
	assert_int_equal(plan.segments, 2);
	u8 *ram = calloc(1, RAM_BYTES);
	elf_copy(&plan, &image, ram);
	assert_memory_equal(ram + LOAD_AT, image.code, sizeof(image.code));
	assert_int_equal(ram[LOAD_AT + 64], 0);
	assert_memory_equal(ram + LOAD_AT + 0x1000, image.data, sizeof(image.data));
	assert_int_equal(ram[LOAD_AT + 0x1000 + 32], 0);
	free(ram);
}

static void a_file_cut_at_any_byte_is_refused(void **state)
{
	(void)state;
	for (size_t size = 0; size < sizeof(image); size++)
		assert_int_equal(check_bytes(size), ERR_INVALID);
}

static void each_wrong_header_field_is_named_with_what_was_expected(void **state)
{
	(void)state;
	image.header.e_ident[0] = 'X';
	refused_because("begins with 58 45 4c 46; expected an ELF file (7f 45 4c 46)");
	setup(NULL);
	image.header.e_ident[EI_CLASS] = ELFCLASS32;
	refused_because("build with -m64");
	setup(NULL);
	image.header.e_ident[EI_DATA] = ELFDATA2MSB;
	refused_because("little-endian");
	setup(NULL);
	image.header.e_machine = EM_386;
	refused_because("expected x86-64");
	setup(NULL);
	image.header.e_type = ET_DYN;
	refused_because("-no-pie");
	setup(NULL);
	image.header.e_phnum = 0;
	refused_because("program headers");
	setup(NULL);
	image.header.e_phentsize = 32;
	refused_because("program headers of 32 bytes");
}

static void program_headers_outside_the_file_are_refused_even_if_the_sum_wraps(void **state)
{
	(void)state;
	image.header.e_phoff = sizeof(image) - 8;
	refused_because("leave the file");
	image.header.e_phoff = ~0ull - 16;
	refused_because("leave the file");
	image.header.e_phoff = offsetof(struct image, segment);
	image.header.e_phnum = 0xffff;
	refused_because("leave the file");
}

static void a_segment_that_leaves_the_file_is_refused_even_if_the_sum_wraps(void **state)
{
	(void)state;
	image.segment[1].p_offset = sizeof(image) - 8;
	refused_because("segment 1");
	image.segment[1].p_offset = ~0ull - 8;
	refused_because("is it complete?");
}

static void a_segment_that_leaves_ram_is_refused_even_if_the_sum_wraps(void **state)
{
	(void)state;
	image.segment[1].p_memsz = RAM_BYTES;
	refused_because("raise mem=");
	image.segment[1].p_memsz = ~0ull;
	refused_because("raise mem=");
	setup(NULL);
	image.segment[1].p_paddr = RAM_BYTES - 0x7ff;
	refused_because("raise mem=");
	image.segment[1].p_paddr = ~0ull - 0x10;
	refused_because("raise mem=");
	image.segment[1].p_paddr = RAM_BYTES - 0x800;
	assert_int_equal(check_bytes(sizeof(image)), OK);
}

static void a_segment_in_the_first_64_kib_is_refused(void **state)
{
	(void)state;
	image.segment[1].p_paddr = ELF_LOWEST_ADDRESS - 1;
	refused_because("link at 1 MiB");
	image.segment[1].p_paddr = ELF_LOWEST_ADDRESS;
	assert_int_equal(check_bytes(sizeof(image)), OK);
}

static void segments_that_overlap_are_refused(void **state)
{
	(void)state;
	image.segment[1].p_paddr = LOAD_AT + 63;
	refused_because("overlaps");
	image.segment[1].p_paddr = LOAD_AT - 0x7ff;
	refused_because("overlaps");
	image.segment[1].p_paddr = LOAD_AT + 64;
	assert_int_equal(check_bytes(sizeof(image)), OK);
}

static void more_in_the_file_than_in_memory_is_refused(void **state)
{
	(void)state;
	image.segment[1].p_memsz = 31;
	refused_because("0x20 bytes in the file but 0x1f in memory");
}

static void the_entry_must_be_in_an_executable_segment(void **state)
{
	(void)state;
	image.header.e_entry = LOAD_AT + 0x1000;
	refused_because("no executable segment");
	image.header.e_entry = LOAD_AT + 64;
	refused_because("no executable segment");
	image.header.e_entry = LOAD_AT + 63;
	assert_int_equal(check_bytes(sizeof(image)), OK);
	image.segment[0].p_flags = PF_R;
	refused_because("no executable segment");
}

static void a_file_without_anything_to_load_is_refused(void **state)
{
	(void)state;
	image.segment[0].p_type = PT_NOTE;
	image.segment[1].p_memsz = image.segment[1].p_filesz = 0;
	refused_because("nothing to load");
}

static void a_dynamically_linked_program_is_refused(void **state)
{
	(void)state;
	image.segment[0].p_type = PT_INTERP;
	refused_because("link with -static");
}

static void more_segments_than_the_plan_holds_are_refused(void **state)
{
	static struct {
		Elf64_Ehdr header;
		Elf64_Phdr segment[ELF_SEGMENTS_MAX + 1];
	} many;
	(void)state;
	many.header = image.header;
	many.header.e_phnum = ELF_SEGMENTS_MAX + 1;
	for (unsigned i = 0; i <= ELF_SEGMENTS_MAX; i++)
		many.segment[i] = (Elf64_Phdr){ .p_type = PT_LOAD,
						.p_flags = PF_X,
						.p_paddr = LOAD_AT + i * 0x1000,
						.p_memsz = 0x1000 };
	assert_int_equal(elf_check("k", &many, sizeof(many), RAM_BYTES, &plan, &why), ERR_INVALID);
	assert_non_null(strstr(why.text, "more than 16 segments"));
	many.header.e_phnum = ELF_SEGMENTS_MAX;
	assert_int_equal(elf_check("k", &many, sizeof(many), RAM_BYTES, &plan, &why), OK);
}

#define T(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_good_kernel_becomes_a_plan_and_is_copied_with_its_bss_untouched),
		T(a_file_cut_at_any_byte_is_refused),
		T(each_wrong_header_field_is_named_with_what_was_expected),
		T(program_headers_outside_the_file_are_refused_even_if_the_sum_wraps),
		T(a_segment_that_leaves_the_file_is_refused_even_if_the_sum_wraps),
		T(a_segment_that_leaves_ram_is_refused_even_if_the_sum_wraps),
		T(a_segment_in_the_first_64_kib_is_refused),
		T(segments_that_overlap_are_refused),
		T(more_in_the_file_than_in_memory_is_refused),
		T(the_entry_must_be_in_an_executable_segment),
		T(a_file_without_anything_to_load_is_refused),
		T(a_dynamically_linked_program_is_refused),
		T(more_segments_than_the_plan_holds_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
