/* SPDX-License-Identifier: GPL-2.0-only */
/* The bzImage loader believes nothing in the file, and says what to do about each fault. */
#include <asm/bootparam.h>
#include <stdlib.h>
#include <string.h>

#include "base/guest_abi.h"
#include "vmm/guest/linux.h"

#define RAM_BYTES   (4 * MiB)
#define LOAD_AT     (1 * MiB)
#define INIT_BYTES  (1 * MiB)
#define SETUP_BYTES 1024 /* boot sector and one more */
#define CODE_BYTES  4096
#define KERNEL_SIZE (SETUP_BYTES + CODE_BYTES)
#define RSDP        0xe0000
#define HEADER_AT   0x1f1

static u8 kernel[KERNEL_SIZE];
static struct setup_header *const header = (struct setup_header *)(kernel + HEADER_AT);
static u8 initrd[3 * 4096];
static struct linux_files files;
static struct linux_plan plan;
static struct why why;
static u8 *ram;

static int setup(void **state)
{
	(void)state;
	memset(kernel, 0, sizeof(kernel));
	memset(kernel + SETUP_BYTES, 0xc0, CODE_BYTES);
	memset(initrd, 0x1d, sizeof(initrd));
	*header = (struct setup_header){ .setup_sects = 1,
					 .syssize = CODE_BYTES / 16,
					 .boot_flag = 0xaa55,
					 .jump = 0x66eb, /* the header ends at 0x202 + 0x66 */
					 .header = 0x53726448,
					 .version = 0x020f,
					 .loadflags = LOADED_HIGH,
					 .initrd_addr_max = 0x7fffffff,
					 .kernel_alignment = 0x200000,
					 .relocatable_kernel = 1,
					 .xloadflags = XLF_KERNEL_64,
					 .cmdline_size = 2047,
					 .pref_address = LOAD_AT,
					 .init_size = INIT_BYTES };
	files = (struct linux_files){ .kernel_name = "vmlinuz",
				      .initrd_name = "initrd.img",
				      .kernel = kernel,
				      .kernel_size = sizeof(kernel),
				      .initrd = initrd,
				      .initrd_size = sizeof(initrd),
				      .cmdline = "console=ttyS0",
				      .ram_bytes = RAM_BYTES };
	memset(&why, 0, sizeof(why));
	ram = calloc(1, RAM_BYTES);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(ram);
	return 0;
}

/* From a heap block of exactly this size, so that ASan sees any step outside. */
static enum err check_bytes(size_t size)
{
	u8 *copy = malloc(size ? size : 1);
	memcpy(copy, kernel, size);
	files.kernel = copy;
	files.kernel_size = size;
	enum err e = linux_check(&files, &plan, &why);
	free(copy);
	files.kernel = kernel;
	files.kernel_size = sizeof(kernel);
	return e;
}

static void assert_refused(enum err code, const char *text)
{
	assert_int_equal(linux_check(&files, &plan, &why), code);
	if (!strstr(why.text, text))
		fail_msg("\"%s\" does not say \"%s\"", why.text, text);
	assert_non_null(strstr(why.text, "vmlinuz"));
}

static struct boot_params *place(void)
{
	assert_int_equal(linux_check(&files, &plan, &why), OK);
	u64 at = linux_place(&files, &plan, RSDP, ram);
	assert_true(at + sizeof(struct boot_params) <= RAM_BYTES);
	return (struct boot_params *)(ram + at);
}

static void a_kernel_goes_where_it_wants_to_be_without_its_setup_part(void **state)
{
	(void)state;
	place();
	assert_int_equal(plan.entry, LOAD_AT + 0x200);
	assert_memory_equal(ram + LOAD_AT, kernel + SETUP_BYTES, CODE_BYTES);
	assert_int_equal(ram[LOAD_AT + CODE_BYTES], 0);
}

static void the_initrd_lies_page_aligned_at_the_end_of_ram(void **state)
{
	(void)state;
	files.initrd_size -= 100;
	struct boot_params *p = place();
	assert_int_equal(p->hdr.ramdisk_image, RAM_BYTES - sizeof(initrd));
	assert_int_equal(p->hdr.ramdisk_size, sizeof(initrd) - 100);
	assert_memory_equal(ram + p->hdr.ramdisk_image, initrd, sizeof(initrd) - 100);
	assert_int_equal(ram[RAM_BYTES - 1], 0);
}

static void the_initrd_stays_below_the_address_that_the_kernel_names(void **state)
{
	(void)state;
	header->initrd_addr_max = 3 * MiB - 1;
	assert_int_equal(place()->hdr.ramdisk_image, 3 * MiB - sizeof(initrd));
}

static void without_an_initrd_the_kernel_is_told_of_none(void **state)
{
	(void)state;
	files.initrd_size = 0;
	struct boot_params *p = place();
	assert_int_equal(p->hdr.ramdisk_image, 0);
	assert_int_equal(p->hdr.ramdisk_size, 0);
}

static void boot_params_have_the_header_the_command_line_and_the_rsdp(void **state)
{
	(void)state;
	struct boot_params *p = place();
	assert_int_equal(p->hdr.header, 0x53726448);
	assert_int_equal(p->hdr.version, 0x020f);
	assert_int_equal(p->hdr.type_of_loader, 0xff);
	assert_int_equal(p->acpi_rsdp_addr, RSDP);
	assert_string_equal((char *)ram + p->hdr.cmd_line_ptr, "console=ttyS0");
	assert_int_equal(p->sentinel, 0);
}

static void a_short_header_leaves_the_later_fields_zero(void **state)
{
	(void)state;
	header->handover_offset = 0x1234;
	header->jump =
		(u16)(0xeb | (offsetof(struct setup_header, handover_offset) - (0x202 - HEADER_AT))
				     << 8);
	assert_int_equal(place()->hdr.handover_offset, 0);
	assert_int_equal(place()->hdr.init_size, INIT_BYTES);
}

static void
the_memory_map_names_ram_and_keeps_config_space_and_the_first_mebibyte_apart(void **state)
{
	(void)state;
	struct boot_params *p = place();
	u64 ram_sum = 0;
	bool ecam = false, firmware = false;
	for (unsigned i = 0; i < p->e820_entries; i++) {
		const struct boot_e820_entry *e = &p->e820_table[i];
		if (e->type == 1)
			ram_sum += e->size;
		if (e->type == 1)
			assert_true(e->addr + e->size <= 0xa0000 || e->addr >= MiB);
		ecam |= e->type == 2 && e->addr == GUEST_ECAM_BASE && e->size == GUEST_ECAM_SIZE;
		firmware |= e->type == 2 && e->addr <= RSDP && e->addr + e->size == MiB;
	}
	assert_int_equal(ram_sum, RAM_BYTES - (MiB - 0xa0000));
	assert_true(ecam);
	assert_true(firmware);
}

static void the_reset_vector_writes_the_reset_register(void **state)
{
	(void)state;
	static const u8 expected[] = { 0xba, 0x02, 0x06, 0xb0, 0x01, 0xee };
	place();
	assert_int_equal(GUEST_PORT_RESET, 0x602);
	assert_memory_equal(ram + 0xffff0, expected, sizeof(expected));
}

static void an_elf_file_is_no_bzimage(void **state)
{
	(void)state;
	memcpy(kernel + 0x202, "ELF!", 4);
	assert_false(linux_is_bzimage(kernel, sizeof(kernel)));
	assert_refused(ERR_INVALID, "expected a bzImage");
}

static void an_old_boot_protocol_is_refused_with_its_number(void **state)
{
	(void)state;
	header->version = 0x020b;
	assert_refused(ERR_INVALID, "2.11");
}

static void a_32_bit_kernel_is_refused(void **state)
{
	(void)state;
	header->xloadflags = 0;
	assert_refused(ERR_INVALID, "amd64");
}

static void a_zimage_is_refused(void **state)
{
	(void)state;
	header->loadflags = 0;
	assert_refused(ERR_INVALID, "zImage");
}

static void a_damaged_boot_sector_is_refused(void **state)
{
	(void)state;
	header->boot_flag = 0;
	assert_refused(ERR_INVALID, "0xaa55");
}

static void every_truncation_is_refused_and_reads_nothing_outside(void **state)
{
	(void)state;
	/* syssize counts paragraphs: the last one may be short */
	for (size_t size = 0; size <= sizeof(kernel) - 16; size++)
		assert_int_not_equal(check_bytes(size), OK);
	assert_int_equal(check_bytes(sizeof(kernel)), OK);
}

static void a_setup_part_longer_than_the_file_is_refused(void **state)
{
	(void)state;
	header->setup_sects = 0xff;
	assert_refused(ERR_INVALID, "setup part");
}

static void a_setup_part_of_zero_sectors_means_four(void **state)
{
	(void)state;
	header->setup_sects = 0;
	header->syssize = 0;
	assert_int_equal(linux_check(&files, &plan, &why), OK);
	assert_int_equal(plan.code_offset, 5 * 512);
}

static void memory_that_ends_one_byte_too_early_is_refused_with_the_size_to_give(void **state)
{
	(void)state;
	files.initrd_size = 0;
	files.ram_bytes = LOAD_AT + INIT_BYTES;
	assert_int_equal(linux_check(&files, &plan, &why), OK);
	files.ram_bytes--;
	assert_refused(ERR_NO_SPACE, "use mem=3M");
}

static void an_init_size_smaller_than_the_kernel_is_refused(void **state)
{
	(void)state;
	header->init_size = CODE_BYTES - 1;
	assert_refused(ERR_INVALID, "init_size");
}

static void a_preferred_address_among_the_devices_or_in_low_memory_is_refused(void **state)
{
	(void)state;
	static const u64 bad[] = { 0, 0x10000, MiB - 1, GUEST_RAM_LIMIT, ~0ull, ~0ull - 0xfff };
	for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
		header->pref_address = bad[i];
		assert_refused(ERR_INVALID, "between 1 MiB and 3 GiB");
	}
}

static void an_initrd_larger_than_the_room_above_the_kernel_is_refused(void **state)
{
	(void)state;
	files.initrd_size = RAM_BYTES - LOAD_AT - INIT_BYTES;
	files.initrd = malloc(files.initrd_size);
	assert_int_equal(linux_check(&files, &plan, &why), OK);
	files.initrd_size++;
	assert_refused(ERR_NO_SPACE, "initrd.img");
	free((void *)files.initrd);
	files.initrd_size = ~0ull;
	assert_refused(ERR_NO_SPACE, "raise mem=");
}

static void an_initrd_limit_below_the_kernel_is_refused(void **state)
{
	(void)state;
	header->initrd_addr_max = LOAD_AT;
	assert_refused(ERR_NO_SPACE, "initrd.img");
}

static void a_command_line_longer_than_the_kernel_takes_is_refused(void **state)
{
	(void)state;
	header->cmdline_size = (u32)strlen(files.cmdline);
	assert_int_equal(linux_check(&files, &plan, &why), OK);
	header->cmdline_size--;
	assert_refused(ERR_INVALID, "command line");
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_kernel_goes_where_it_wants_to_be_without_its_setup_part),
		T(the_initrd_lies_page_aligned_at_the_end_of_ram),
		T(the_initrd_stays_below_the_address_that_the_kernel_names),
		T(without_an_initrd_the_kernel_is_told_of_none),
		T(boot_params_have_the_header_the_command_line_and_the_rsdp),
		T(a_short_header_leaves_the_later_fields_zero),
		T(the_memory_map_names_ram_and_keeps_config_space_and_the_first_mebibyte_apart),
		T(the_reset_vector_writes_the_reset_register),
		T(an_elf_file_is_no_bzimage),
		T(an_old_boot_protocol_is_refused_with_its_number),
		T(a_32_bit_kernel_is_refused),
		T(a_zimage_is_refused),
		T(a_damaged_boot_sector_is_refused),
		T(every_truncation_is_refused_and_reads_nothing_outside),
		T(a_setup_part_longer_than_the_file_is_refused),
		T(a_setup_part_of_zero_sectors_means_four),
		T(memory_that_ends_one_byte_too_early_is_refused_with_the_size_to_give),
		T(an_init_size_smaller_than_the_kernel_is_refused),
		T(a_preferred_address_among_the_devices_or_in_low_memory_is_refused),
		T(an_initrd_larger_than_the_room_above_the_kernel_is_refused),
		T(an_initrd_limit_below_the_kernel_is_refused),
		T(a_command_line_longer_than_the_kernel_takes_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
