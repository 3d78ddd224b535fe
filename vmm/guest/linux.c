/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Linux' 64-bit boot protocol (Documentation/arch/x86/boot.rst, "64-bit boot protocol" and "The
 * real-mode kernel header"). The layout of a Linux guest's memory:
 *
 *   0x00001000  page tables and GDT of the first instructions (vmm/guest/load.c)
 *   0x00010000  boot_params, 0x00011000 command line; the kernel copies both, then the RAM is its
 *   0x000a0000  not RAM for the guest, as on a PC; ACPI tables from 0x000e0000 on
 *   0x00100000  RAM; the kernel at its preferred address, normally 16 MiB, and init_size above it
 *   end of RAM  the initrd, page-aligned, as high as the kernel can take it
 *   0xc0000000  BARs, config space (base/guest_abi.h)
 */
#include <asm/bootparam.h>

#include "base/guest_abi.h"
#include "base/string.h"
#include "vmm/guest/linux.h"

#define ULL(x) ((unsigned long long)(x))

#define BOOT_PARAMS_GPA 0x10000u
#define CMDLINE_GPA     0x11000u
#define LOW_RAM_END     0xa0000u
#define HIGH_RAM_START  0x100000u

/* Where the header lies in the file, and what it must say: boot.rst, "The real-mode kernel header".
 */
#define HEADER_OFFSET      0x1f1u
#define HEADER_LENGTH_AT   0x201u /* the header ends at 0x202 + this byte */
#define HEADER_LENGTH_BASE 0x202u
#define MAGIC_OFFSET       0x202u
#define MAGIC              "HdrS"
#define MAGIC_BYTES        4u
#define BOOT_FLAG          0xaa55u
#define PROTOCOL_2_12      0x020cu /* the first with xloadflags */
#define SECTOR             512u
#define SETUP_SECTS_OLD    4u /* what setup_sects = 0 means */
#define ENTRY_64           0x200u
#define LOADER_UNDEFINED   0xffu

/*
 * All of the firmware that such a guest has. Under hardware-reduced ACPI Linux restarts through
 * UEFI, and where there is none it jumps to the PC's reset vector in real mode without a look at
 * ACPI's reset register (arch/x86/kernel/reboot.c); so the vector writes the register.
 */
#define RESET_VECTOR_GPA 0xffff0u
static const u8 reset_code[] = {
	0xba,
	GUEST_PORT_RESET & 0xff,
	GUEST_PORT_RESET >> 8, /* mov dx, GUEST_PORT_RESET */
	0xb0,
	GUEST_RESET_VALUE, /* mov al, GUEST_RESET_VALUE */
	0xee,              /* out dx, al */
	0xfa,
	0xf4, /* cli; hlt */
};
_Static_assert(RESET_VECTOR_GPA + sizeof(reset_code) <= HIGH_RAM_START, "below 1 MiB");

/* e820 types, ACPI 6.5 table 15.4. */
#define E820_RAM      1
#define E820_RESERVED 2

_Static_assert(sizeof(struct boot_params) == PAGE_SIZE, "boot.rst: the zero page");
_Static_assert(BOOT_PARAMS_GPA + sizeof(struct boot_params) <= CMDLINE_GPA, "below the text");

#define bad(f, why, fmt, ...)                                                                      \
	fail(why, ERR_INVALID, RID_NONE, "kernel %s: " fmt, (f)->kernel_name, ##__VA_ARGS__)
#define no_room(f, why, fmt, ...)                                                                  \
	fail(why, ERR_NO_SPACE, RID_NONE, "kernel %s: " fmt, (f)->kernel_name, ##__VA_ARGS__)

bool linux_is_bzimage(const void *image, u64 size)
{
	return size >= MAGIC_OFFSET + MAGIC_BYTES &&
	       memcmp((const u8 *)image + MAGIC_OFFSET, MAGIC, MAGIC_BYTES) == 0;
}

/* The header as far as this kernel has it; what an older one lacks is 0. */
static struct setup_header read_header(const struct linux_files *f)
{
	struct setup_header h = { 0 };
	u64 end = HEADER_LENGTH_BASE + f->kernel[HEADER_LENGTH_AT];
	u64 bytes = MIN(MIN(end, f->kernel_size) - HEADER_OFFSET, sizeof(h));

	memcpy(&h, f->kernel + HEADER_OFFSET, bytes);
	return h;
}

static u64 setup_bytes(const struct setup_header *h)
{
	return ((h->setup_sects ? h->setup_sects : SETUP_SECTS_OLD) + 1ull) * SECTOR;
}

static enum err check_protocol(const struct linux_files *f, const struct setup_header *h,
			       struct why *why)
{
	if (h->boot_flag != BOOT_FLAG)
		return bad(f, why, "boot flag 0x%x; expected 0x%x: not a whole bzImage",
			   h->boot_flag, BOOT_FLAG);
	if (h->version < PROTOCOL_2_12)
		return bad(f, why,
			   "boot protocol %u.%02u; expected 2.12 or newer (Linux 3.8 and later)",
			   h->version >> 8, h->version & 0xff);
	if (!(h->xloadflags & XLF_KERNEL_64))
		return bad(f, why,
			   "no 64-bit entry point (xloadflags 0x%x): a 32-bit kernel; take one for "
			   "amd64",
			   h->xloadflags);
	if (!(h->loadflags & LOADED_HIGH))
		return bad(f, why, "a zImage, which loads below 1 MiB; expected a bzImage");
	return OK;
}

static enum err check_code(const struct linux_files *f, const struct setup_header *h,
			   struct linux_plan *out, struct why *why)
{
	u64 setup = setup_bytes(h);

	if (setup + ENTRY_64 >= f->kernel_size)
		return bad(f, why,
			   "%llu bytes, and its setup part alone is %llu; is the file complete?",
			   ULL(f->kernel_size), ULL(setup));
	out->code_offset = setup;
	out->code_bytes = f->kernel_size - setup;
	/* syssize counts paragraphs of 16 bytes; the file may be padded behind them, never shorter.
	 */
	if ((u64)h->syssize * 16 > ALIGN_UP(out->code_bytes, 16ull))
		return bad(f, why, "%llu of the %llu bytes of code are there; is it complete?",
			   ULL(out->code_bytes), ULL((u64)h->syssize * 16));
	return OK;
}

/*
 * Only the preferred address is taken: loaded lower, the kernel would move itself there anyway; and
 * the memory that it needs while it unpacks, init_size, begins there (boot.rst, init_size).
 */
static enum err check_address(const struct linux_files *f, const struct setup_header *h,
			      struct linux_plan *out, struct why *why)
{
	u64 address = h->pref_address, needed = h->init_size;

	if (address < HIGH_RAM_START || address >= GUEST_RAM_LIMIT)
		return bad(f, why,
			   "wants to be loaded at 0x%llx; expected an address between 1 MiB and "
			   "3 GiB",
			   ULL(address));
	if (needed < out->code_bytes)
		return bad(f, why,
			   "says that it needs %llu bytes (init_size), less than the %llu it has",
			   ULL(needed), ULL(out->code_bytes));
	if (f->ram_bytes < address || f->ram_bytes - address < needed)
		return no_room(f, why,
			       "needs %llu MiB to unpack itself at %llu MiB, the VM has %llu MiB: "
			       "use mem=%lluM or more",
			       ULL(needed / MiB + 1), ULL(address / MiB), ULL(f->ram_bytes / MiB),
			       ULL((address + needed) / MiB + 1));
	out->address = address;
	out->entry = address + ENTRY_64;
	return OK;
}

static enum err check_cmdline(const struct linux_files *f, const struct setup_header *h,
			      struct why *why)
{
	size_t len = strlen(f->cmdline);

	if (len > h->cmdline_size)
		return bad(f, why, "its command line may have %u characters, cmdline= has %u",
			   h->cmdline_size, (unsigned)len);
	return OK;
}

/* As high as it goes, so that it is not in the way of the kernel that unpacks itself. */
static enum err check_initrd(const struct linux_files *f, const struct setup_header *h,
			     struct linux_plan *out, struct why *why)
{
	u64 lowest = out->address + h->init_size;
	u64 end = MIN(f->ram_bytes, (u64)h->initrd_addr_max + 1);

	if (!f->initrd_size)
		return OK;
	end = ALIGN_DOWN(end, PAGE_SIZE);
	if (end < lowest || f->initrd_size > end - lowest)
		return no_room(f, why,
			       "initrd %s has %llu MiB; between the kernel's end at %llu MiB and "
			       "the end of usable RAM at %llu MiB is no room for it: raise mem=",
			       f->initrd_name, ULL(f->initrd_size / MiB + 1), ULL(lowest / MiB),
			       ULL(end / MiB));
	out->initrd_address = ALIGN_DOWN(end - f->initrd_size, PAGE_SIZE);
	if (out->initrd_address < lowest)
		return no_room(f, why, "initrd %s does not fit by less than a page: raise mem=",
			       f->initrd_name);
	return OK;
}

enum err linux_check(const struct linux_files *f, struct linux_plan *out, struct why *why)
{
	memset(out, 0, sizeof(*out));
	if (!linux_is_bzimage(f->kernel, f->kernel_size))
		return bad(f, why, "no \"" MAGIC "\" at 0x%x; expected a bzImage", MAGIC_OFFSET);

	struct setup_header h = read_header(f);
	enum err e = check_protocol(f, &h, why);

	if (!e)
		e = check_code(f, &h, out, why);
	if (!e)
		e = check_address(f, &h, out, why);
	if (!e)
		e = check_cmdline(f, &h, why);
	if (!e)
		e = check_initrd(f, &h, out, why);
	return e;
}

static void add_range(struct boot_params *p, u64 from, u64 to, u32 type)
{
	p->e820_table[p->e820_entries++] =
		(struct boot_e820_entry){ .addr = from, .size = to - from, .type = type };
}

/*
 * Config space is reserved here and in the DSDT: Linux drops ECAM that firmware has not reserved
 * (PCI Firmware 3.3 section 4.1.2).
 */
static void add_memory_map(struct boot_params *p, u64 ram_bytes)
{
	add_range(p, 0, LOW_RAM_END, E820_RAM);
	add_range(p, LOW_RAM_END, HIGH_RAM_START, E820_RESERVED);
	add_range(p, HIGH_RAM_START, ram_bytes, E820_RAM);
	add_range(p, GUEST_ECAM_BASE, GUEST_ECAM_BASE + GUEST_ECAM_SIZE, E820_RESERVED);
}

u64 linux_place(const struct linux_files *f, const struct linux_plan *plan, u64 rsdp, u8 *ram)
{
	struct boot_params *p = (struct boot_params *)(ram + BOOT_PARAMS_GPA);
	size_t text = strlen(f->cmdline) + 1;

	memcpy(ram + plan->address, f->kernel + plan->code_offset, plan->code_bytes);
	if (plan->initrd_address)
		memcpy(ram + plan->initrd_address, f->initrd, f->initrd_size);
	memcpy(ram + CMDLINE_GPA, f->cmdline, text);
	memcpy(ram + RESET_VECTOR_GPA, reset_code, sizeof(reset_code));
	p->hdr = read_header(f);
	p->hdr.type_of_loader = LOADER_UNDEFINED;
	p->hdr.code32_start = (u32)plan->address;
	p->hdr.cmd_line_ptr = CMDLINE_GPA;
	p->hdr.ramdisk_image = (u32)plan->initrd_address;
	p->hdr.ramdisk_size = plan->initrd_address ? (u32)f->initrd_size : 0;
	p->acpi_rsdp_addr = rsdp;
	add_memory_map(p, f->ram_bytes);
	return BOOT_PARAMS_GPA;
}
