/* SPDX-License-Identifier: GPL-2.0-only */
/* Where C begins when a Multiboot2 loader has started us. */
#include "base/boot_info.h"
#include "base/hw/cpu.h"
#include "base/hw/image.h"
#include "base/hw/insn.h"
#include "base/hw/paging.h"
#include "base/log.h"
#include "boot/multiboot2.h"
#include "boot/start_cpu.h"
#include "vmm/main.h"

/* Called by boot/entry.asm on the boot core, with the first 4 GiB of memory identity-mapped. */
__attribute__((noreturn)) void boot_main(u32 magic, u32 info, u64 entry_tsc, u64 image_base);

static struct boot_info boot;

void boot_main(u32 magic, u32 info, u64 entry_tsc, u64 image_base)
{
	struct why why;

	image_set_base(hpa(image_base));
	/*
	 * First of all, so that a fault in what follows shows up as a register dump and not as a
	 * reset.
	 */
	if (cpu_tables_init(0) != OK)
		halt_forever();
	serial_init();
	if (magic != MULTIBOOT2_MAGIC) {
		log_error("boot",
			  "EAX is 0x%x; a Multiboot2 loader hands over 0x%x. Start Coppice with "
			  "GRUB's multiboot2",
			  magic, MULTIBOOT2_MAGIC);
		power_off();
	}
	/* The block says how long it is; it lies below 4 GiB, where all is mapped. */
	if (multiboot2_parse((const void *)(uintptr_t)info, 4 * GiB - info, &boot, &why) != OK) {
		log_error("boot", "%s", why.text);
		power_off();
	}
	if (boot.truncated)
		log_warn("boot",
			 "the loader names more than %u memory ranges or %u modules; the rest is "
			 "not "
			 "used",
			 BOOT_MEMORY_RANGES, BOOT_MODULES);
	boot.image_base = hpa(image_base);
	boot.image_size = (u64)(image_end - image_start);
	boot.entry_tsc = entry_tsc;
	boot.start_cpu = start_cpu;
	start_cpu_init(&boot);
	vmm_main(&boot);
}
