/* SPDX-License-Identifier: GPL-2.0-only */
/* The hypervisor's ELF image: its segments to memory, its boot page tables, the jump. */
#include <linux/elf.h>

#include "boot/uefi/uefi.h"

extern const UINT8 hypervisor_elf[], hypervisor_elf_end[];
__attribute__((noreturn)) void efi_jump(UINT64 root, UINT64 stack_top, UINT64 entry);

#define LARGE_PAGE_BYTES 0x200000ull
#define BELOW_4G         0xffffffffull
/* Page-table entries, Intel SDM 3A table 4-15 ff: present, writable, 2 MiB page. */
#define PTE_PRESENT_WRITE 3ull
#define PTE_LARGE         0x80ull
#define ENTRIES           512
#define IMAGE_PML4_INDEX  511 /* of 0xffffffff80000000 */
#define IMAGE_PDPT_INDEX  510

/* Our own build put the image here, so damage means a broken build or disk; it is still checked. */
static const Elf64_Phdr *segments(UINT16 *count)
{
	const Elf64_Ehdr *elf = (const Elf64_Ehdr *)hypervisor_elf;
	UINT64 size = (UINT64)(hypervisor_elf_end - hypervisor_elf);

	if (size < sizeof(*elf) || CompareMem(elf->e_ident, ELFMAG, SELFMAG) != 0 ||
	    elf->e_phoff + (UINT64)elf->e_phnum * sizeof(Elf64_Phdr) > size)
		return NULL;
	*count = elf->e_phnum;
	return (const Elf64_Phdr *)(hypervisor_elf + elf->e_phoff);
}

static UINT64 image_span(const Elf64_Phdr *p, UINT16 count, UINT64 *first)
{
	UINT64 low = ~0ull, high = 0;

	for (UINT16 i = 0; i < count; i++) {
		if (p[i].p_type != PT_LOAD)
			continue;
		low = MIN(low, p[i].p_vaddr);
		high = MAX(high, p[i].p_vaddr + p[i].p_memsz);
	}
	*first = low;
	return high - low;
}

void *image_at(const struct loaded_image *image, UINT64 linked)
{
	return (void *)(image->base + (linked - image->handoff->image_va));
}

static const struct boot_handoff *find_handoff(const Elf64_Phdr *p, UINT16 count)
{
	for (UINT16 i = 0; i < count; i++) {
		const struct boot_handoff *h = (const void *)(hypervisor_elf + p[i].p_offset);

		if (p[i].p_type == PT_LOAD && p[i].p_filesz >= sizeof(*h) &&
		    h->magic == HANDOFF_MAGIC && h->version == HANDOFF_VERSION &&
		    h->info_bytes == sizeof(struct boot_info))
			return h;
	}
	return NULL;
}

EFI_STATUS image_load(struct loaded_image *image)
{
	UINT16 count = 0;
	const Elf64_Phdr *p = segments(&count);
	UINT64 first, span, where = BELOW_4G;
	EFI_STATUS status;

	image->handoff = p ? find_handoff(p, count) : NULL;
	if (!image->handoff)
		return give_up(EFI_LOAD_ERROR, L"the hypervisor inside this file is damaged",
			       L"Copy BOOTX64.EFI again from build/esp/.");
	span = image_span(p, count, &first);
	/* One large page more than needed, so that the image can begin on a large page's boundary.
	 */
	status = uefi_call_wrapper(BS->AllocatePages, 4, AllocateMaxAddress, EfiLoaderData,
				   (span + 2 * LARGE_PAGE_BYTES) / EFI_PAGE_SIZE, &where);
	if (EFI_ERROR(status))
		return give_up(status, L"no memory below 4 GiB for the hypervisor",
			       L"It needs about 10 MiB in one piece.");
	image->base = (where + LARGE_PAGE_BYTES - 1) & ~(LARGE_PAGE_BYTES - 1);
	SetMem((void *)image->base, span, 0);
	for (UINT16 i = 0; i < count; i++)
		if (p[i].p_type == PT_LOAD)
			CopyMem(image_at(image, p[i].p_vaddr),
				(void *)(hypervisor_elf + p[i].p_offset), p[i].p_filesz);
	image->info = image_at(image, image->handoff->info);
	return EFI_SUCCESS;
}

/* The same tables that boot/entry.asm builds: the first 4 GiB one to one, the image at its linked
 * address. */
static void build_tables(const struct loaded_image *image)
{
	const struct boot_handoff *h = image->handoff;
	UINT64 *root = image_at(image, h->root), *low = image_at(image, h->pdpt_low);
	UINT64 *high = image_at(image, h->pdpt_high), *pd_high = image_at(image, h->pd_high);
	UINT64 *pd_low = image_at(image, h->pd_low);

	root[0] = (UINT64)low | PTE_PRESENT_WRITE;
	root[IMAGE_PML4_INDEX] = (UINT64)high | PTE_PRESENT_WRITE;
	high[IMAGE_PDPT_INDEX] = (UINT64)pd_high | PTE_PRESENT_WRITE;
	for (UINT64 i = 0; i < 4; i++)
		low[i] = (UINT64)(pd_low + i * ENTRIES) | PTE_PRESENT_WRITE;
	for (UINT64 i = 0; i < 4 * ENTRIES; i++)
		pd_low[i] = i * LARGE_PAGE_BYTES | PTE_LARGE | PTE_PRESENT_WRITE;
	for (UINT64 i = 0; i < ENTRIES; i++)
		pd_high[i] = (image->base + i * LARGE_PAGE_BYTES) | PTE_LARGE | PTE_PRESENT_WRITE;
}

void image_start_hypervisor(const struct loaded_image *image)
{
	build_tables(image);
	efi_jump((UINT64)image_at(image, image->handoff->root), image->handoff->stack_top,
		 image->handoff->entry);
}
