/* SPDX-License-Identifier: GPL-2.0-only */
/* Where C begins when our UEFI application (boot/uefi/) has started us: in 64-bit mode already. */
#include "base/hw/cpu.h"
#include "base/hw/image.h"
#include "base/hw/insn.h"
#include "base/hw/paging.h"
#include "boot/handoff.h"
#include "boot/start_cpu.h"
#include "vmm/main.h"

extern u8 boot_stack_top[], pml4[], pdpt_low[], pdpt_high[], pd_high[], pd_low[];

static struct boot_info info;

/* Called by the application on boot_stack_top, on the boot page tables, after ExitBootServices. */
__attribute__((noreturn)) static void efi_entry(void)
{
	image_set_base(info.image_base);
	if (cpu_tables_init(0) != OK)
		halt_forever();
	info.loader = "Coppice's UEFI application";
	info.firmware = "UEFI";
	info.image_size = (u64)(image_end - image_start);
	info.start_cpu = start_cpu;
	start_cpu_init(&info);
	vmm_main(&info);
}

__attribute__((section(".handoff"), used)) static const struct boot_handoff handoff = {
	.magic = HANDOFF_MAGIC,
	.version = HANDOFF_VERSION,
	.info_bytes = sizeof(struct boot_info),
	.image_va = IMAGE_VA,
	.entry = (u64)efi_entry,
	.stack_top = (u64)boot_stack_top,
	.info = (u64)&info,
	.root = (u64)pml4,
	.pdpt_low = (u64)pdpt_low,
	.pdpt_high = (u64)pdpt_high,
	.pd_high = (u64)pd_high,
	.pd_low = (u64)pd_low,
};
