/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Putting a kernel into a VM. The first 64 KiB of guest RAM, as base/guest_abi.h promises them:
 *
 *   0x1000  PML4 -> 0x2000 PDPT -> 0x3000..0x6fff four page directories: 4 GiB, identity, 2 MiB
 * pages 0x8000  GDT 0x9000  struct coppice_start
 */
#include "base/acpi.h"
#include "base/boot_info.h"
#include "base/format.h"
#include "base/hw/cpu.h"
#include "base/log.h"
#include "base/string.h"
#include "vmm/guest/acpi_tables.h"
#include "vmm/guest/elf.h"
#include "vmm/guest/guest.h"
#include "vmm/guest/linux.h"

#define TABLES_GPA           0x1000u
#define GDT_GPA              0x8000u
#define START_GPA            0x9000u
#define IDENTITY_DIRECTORIES 4u /* one per GiB */

/* Page-table entries, SDM Vol. 3A tables 4-15 to 4-18. */
#define PTE_PRESENT_WRITABLE 3ull
#define PDE_LARGE            BIT64(7)
#define LARGE_PAGE           (2 * MiB)
#define TABLE_ENTRIES        512u

/* Flat descriptors, SDM Vol. 3A section 3.4.5; the order is that of Linux' 64-bit boot protocol. */
#define GUEST_CS 0x10
#define GUEST_DS 0x18
static const u64 boot_gdt[] = { 0, 0, 0x00af9b000000ffffull, 0x00cf93000000ffffull };

static void build_page_tables(u8 *ram)
{
	u64 *pml4 = (u64 *)(ram + TABLES_GPA);
	u64 *pdpt = (u64 *)(ram + TABLES_GPA + PAGE_SIZE);
	u64 directories = TABLES_GPA + 2 * PAGE_SIZE;
	pml4[0] = (TABLES_GPA + PAGE_SIZE) | PTE_PRESENT_WRITABLE;
	for (u64 i = 0; i < IDENTITY_DIRECTORIES; i++)
		pdpt[i] = (directories + i * PAGE_SIZE) | PTE_PRESENT_WRITABLE;
	u64 *pd = (u64 *)(ram + directories);
	for (u64 i = 0; i < IDENTITY_DIRECTORIES * TABLE_ENTRIES; i++)
		pd[i] = i * LARGE_PAGE | PTE_PRESENT_WRITABLE | PDE_LARGE;
}
_Static_assert(TABLES_GPA + (2 + IDENTITY_DIRECTORIES) * PAGE_SIZE <= GDT_GPA,
	       "tables end before the GDT");
_Static_assert(GDT_GPA + sizeof(boot_gdt) <= START_GPA, "the GDT ends before the start structure");
_Static_assert(START_GPA + sizeof(struct coppice_start) <= ELF_LOWEST_ADDRESS,
	       "all below the kernel");

static void build_start(const struct vm *vm)
{
	struct coppice_start *s = (struct coppice_start *)(vm->ram + START_GPA);
	*s = (struct coppice_start){
		.magic = COPPICE_START_MAGIC,
		.abi_version = COPPICE_ABI_VERSION,
		.cpus = vm->cpus,
		.ram_bytes = vm->ram_bytes,
		.ecam_base = GUEST_ECAM_BASE,
		.mmio_base = GUEST_MMIO_BASE,
		.mmio_size = GUEST_MMIO_SIZE,
		.tsc_khz = time_tsc_khz(),
		.apic_timer_khz = GUEST_APIC_TIMER_KHZ,
		.scratch_gpa = GUEST_SCRATCH_GPA,
	};
	format(s->name, sizeof(s->name), "%s", vm->name);
	format(s->cmdline, sizeof(s->cmdline), "%s", vm->config->cmdline);
}

/* A module is named by its path; "vfnet.elf" also finds "/boot/vfnet.elf". */
static bool name_matches(const char *module, const char *wanted)
{
	size_t m = strnlen(module, BOOT_NAME_BYTES), w = strnlen(wanted, BOOT_NAME_BYTES);
	if (w == 0 || w > m || memcmp(module + m - w, wanted, w) != 0)
		return false;
	return m == w || module[m - w - 1] == '/';
}

static const struct boot_module *find_module(const char *wanted)
{
	const struct boot_module *by_tail = NULL;
	for (unsigned i = 0; i < boot->modules; i++) {
		const struct boot_module *m = &boot->module[i];
		if (!name_matches(m->name, wanted))
			continue;
		if (strnlen(m->name, BOOT_NAME_BYTES) == strnlen(wanted, BOOT_NAME_BYTES))
			return m;
		by_tail = by_tail ? by_tail : m;
	}
	return by_tail;
}

#define MODULE_LIST_BYTES 160

/* What the boot loader brought, as far as there is room to tell it. */
static const char *list_modules(char names[MODULE_LIST_BYTES])
{
	unsigned used = 0;

	for (unsigned i = 0; i < boot->modules && used < MODULE_LIST_BYTES; i++)
		used += (unsigned)format(names + used, MODULE_LIST_BYTES - used, "%s%s",
					 i ? ", " : "", boot->module[i].name);
	if (used >= MODULE_LIST_BYTES)
		memcpy(names + MODULE_LIST_BYTES - 4, "...", 4);
	return boot->modules ? names : "none";
}

static enum err check_ram(const struct vm *vm, struct why *why)
{
	if (vm->ram_bytes < ELF_LOWEST_ADDRESS || vm->ram_bytes > GUEST_RAM_LIMIT)
		return fail(why, ERR_INVALID, RID_NONE,
			    "VM %s: mem=0x%llx; expected between 64 KiB and 3 GiB", vm->name,
			    (unsigned long long)vm->ram_bytes);
	return OK;
}

/* A boot module and where the hypervisor sees it. */
static enum err open_module(const char *file, const u8 **image, u64 *size, struct why *why)
{
	const struct boot_module *module = find_module(file);
	char names[MODULE_LIST_BYTES];
	if (!module)
		return fail(why, ERR_NOT_FOUND, RID_NONE,
			    "%s: no such module; the boot loader brought %s. Add it beside "
			    "coppice.cfg",
			    file, list_modules(names));
	*size = module->size;
	*image = phys_map(module->base, module->size);
	if (!*image)
		return fail(why, ERR_NO_MEMORY, RID_NONE,
			    "%s: its %llu bytes at 0x%llx cannot be mapped", file,
			    (unsigned long long)module->size, (unsigned long long)module->base.v);
	return OK;
}

/* 64-bit mode with flat segments: what our own kernels and Linux both want. */
static void start_in_long_mode(struct vm *vm, u64 entry, struct vcpu_start *start)
{
	build_page_tables(vm->ram);
	memcpy(vm->ram + GDT_GPA, boot_gdt, sizeof(boot_gdt));
	*start = (struct vcpu_start){ .rip = entry,
				      .cr3 = TABLES_GPA,
				      .gdt_base = GDT_GPA,
				      .gdt_limit = sizeof(boot_gdt) - 1,
				      .cs = GUEST_CS,
				      .ds = GUEST_DS };
}

static enum err load_linux(struct vm *vm, const u8 *image, u64 size, struct vcpu_start *start,
			   struct why *why)
{
	struct linux_files files = { .kernel_name = vm->config->kernel,
				     .initrd_name = vm->config->initrd,
				     .kernel = image,
				     .kernel_size = size,
				     .cmdline = vm->config->cmdline,
				     .ram_bytes = vm->ram_bytes };
	struct linux_plan plan;
	enum err e = OK;
	if (vm->config->initrd[0])
		e = open_module(vm->config->initrd, &files.initrd, &files.initrd_size, why);
	if (!e)
		e = linux_check(&files, &plan, why);
	if (e)
		return e;
	start_in_long_mode(vm, plan.entry, start);
	u64 rsdp = acpi_tables_write(vm->ram, vm->cpus, guest_dsdt, guest_dsdt_bytes);
	start->rsi = linux_place(&files, &plan, rsdp, vm->ram);
	return OK;
}

enum err guest_load(struct vm *vm, struct vcpu_start *start, struct why *why)
{
	const char *file = vm->config->kernel;
	const u8 *image;
	u64 size;
	enum err e = check_ram(vm, why);
	if (!e)
		e = open_module(file, &image, &size, why);
	if (e)
		return e;
	if (linux_is_bzimage(image, size))
		return load_linux(vm, image, size, start, why);
	struct elf_plan plan;
	e = elf_check(file, image, size, vm->ram_bytes, &plan, why);
	if (e)
		return e;
	if (vm->config->initrd[0])
		log_warn(vm->name,
			 "initrd=%s is not used: kernel %s is ELF64, which has no place for one",
			 vm->config->initrd, file);
	elf_copy(&plan, image, vm->ram);
	start_in_long_mode(vm, plan.entry, start);
	build_start(vm);
	start->rdi = START_GPA;
	return OK;
}
