/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a boot path (GRUB's Multiboot2, our UEFI application) hands to the hypervisor: the same
 * struct from each.
 */
#ifndef BASE_BOOT_INFO_H
#define BASE_BOOT_INFO_H

#include "base/types.h"

#define BOOT_MEMORY_RANGES 128
#define BOOT_MODULES       64
#define BOOT_APERTURES     8
#define BOOT_NAME_BYTES    96
#define BOOT_CMDLINE_BYTES 512

enum boot_memory_kind {
	BOOT_MEMORY_USABLE,
	BOOT_MEMORY_RESERVED,
	BOOT_MEMORY_ACPI,
	BOOT_MEMORY_NVS,
	BOOT_MEMORY_BAD
};

struct boot_memory {
	hpa_t base;
	u64 size;
	enum boot_memory_kind kind;
};

/* A file that came with us. `name` is the module's string (its path as coppice.cfg names it). */
struct boot_module {
	char name[BOOT_NAME_BYTES];
	hpa_t base;
	u64 size;
};

struct boot_info {
	const char *loader;   /* "GRUB 2.06-13" as it names itself, or "UEFI application" */
	const char *firmware; /* "BIOS" or "UEFI" */
	char cmdline[BOOT_CMDLINE_BYTES];
	unsigned memory_ranges, modules;
	struct boot_memory memory[BOOT_MEMORY_RANGES];
	struct boot_module module[BOOT_MODULES];
	unsigned apertures; /* MMIO ranges of the root bridges, if the firmware tells them (UEFI) */
	struct {
		u64 base, size;
	} aperture[BOOT_APERTURES];
	bool truncated; /* more ranges or modules than fit; said in the log */
	u8 rsdp[36];    /* a copy; valid if rsdp_len != 0 */
	u8 rsdp_len;
	hpa_t image_base; /* the hypervisor's own image in memory */
	u64 image_size;
	u64 entry_tsc; /* TSC at our first instruction */
	/*
	 * Start the core with this APIC id: it comes up in long mode on the hypervisor's page
	 * tables, on the stack [stack_top), and calls entry(arg). Bounded: ERR_TIMEOUT after 100
	 * ms. Call only after paging_init(). Not reentrant.
	 */
	enum err (*start_cpu)(u32 apic_id, void *stack_top, void (*entry)(void *), void *arg);
};

#endif
