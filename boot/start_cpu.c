/* SPDX-License-Identifier: GPL-2.0-only */
#include "boot/start_cpu.h"

#include "base/hw/cpu.h"
#include "base/hw/image.h"
#include "base/hw/lapic.h"
#include "base/hw/paging.h"
#include "base/mmio.h"
#include "base/pool.h"
#include "base/string.h"
#include "base/time.h"

/* boot/trampoline.asm */
extern const u8 trampoline[], trampoline_end[], trampoline_gdtr[], trampoline_jump[],
	trampoline_long[];
extern const u8 trampoline_cr3[], trampoline_root[], trampoline_stack[], trampoline_entry[],
	trampoline_arg[];
volatile u32 start_cpu_arrived;

/*
 * Not page 0 (real-mode vectors, BIOS data area) and nothing near 0xA0000, where BIOSes hide their
 * extended data area.
 */
#define LOWEST_PAGE  0x1000u
#define HIGHEST_PAGE 0x9f000u

/* Real cores take microseconds; below a busy emulator it is when the host gets to them. */
#define CORE_ARRIVES_NS (1 * NS_PER_S)

static u32 page_address; /* 0: none */

/*
 * A core begins in real mode, where it can only load a 32-bit CR3 and needs the trampoline at its
 * physical address. These tables have just that page besides the upper half of the hypervisor; the
 * image is below 4 GiB.
 */
static u64 identity_tables[4][512] __attribute__((aligned(4096)));

static bool is_usable(const struct boot_info *boot, u64 page)
{
	bool usable = false;

	for (unsigned i = 0; i < boot->memory_ranges; i++) {
		const struct boot_memory *m = &boot->memory[i];
		bool overlaps = page < m->base.v + m->size && page + PAGE_SIZE > m->base.v;

		if (overlaps && m->kind != BOOT_MEMORY_USABLE)
			return false;
		usable |= page >= m->base.v && page + PAGE_SIZE <= m->base.v + m->size;
	}
	for (unsigned i = 0; i < boot->modules; i++)
		if (page < boot->module[i].base.v + boot->module[i].size &&
		    page + PAGE_SIZE > boot->module[i].base.v)
			return false;
	return usable;
}

void start_cpu_init(const struct boot_info *boot)
{
	page_address = 0;
	for (u32 page = HIGHEST_PAGE; page >= LOWEST_PAGE && !page_address; page -= PAGE_SIZE)
		if (is_usable(boot, page))
			page_address = page;
}

/* Page-table entries as in Intel SDM 3A section 4.5: present, writable. */
static void build_identity_tables(void)
{
	const u64 present = 1, writable = 2;
	const u64 *root = pool_va(hpa(paging_root()));

	memcpy(identity_tables[0] + 256, root + 256, 256 * sizeof(u64));
	for (int level = 0; level < 3; level++)
		identity_tables[level][0] =
			image_hpa(identity_tables[level + 1]).v | present | writable;
	memset(identity_tables[3], 0, sizeof(identity_tables[3]));
	identity_tables[3][page_address / PAGE_SIZE] = page_address | present;
}

static void set_field(u8 *page, const u8 *field, u64 value, size_t width)
{
	memcpy(page + (field - trampoline), &value, width);
}

static void fill_trampoline(u8 *page, void *stack_top, void (*entry)(void *), void *arg)
{
	const size_t gdt_bytes = 3 * 8;

	memcpy(page, trampoline, (size_t)(trampoline_end - trampoline));
	/* The GDT stands right before its descriptor: 2 bytes limit, 4 bytes base. */
	set_field(page, trampoline_gdtr + 2,
		  page_address + (u64)(trampoline_gdtr - trampoline) - gdt_bytes, 4);
	set_field(page, trampoline_jump, page_address + (u64)(trampoline_long - trampoline), 4);
	set_field(page, trampoline_cr3, image_hpa(identity_tables[0]).v, 4);
	set_field(page, trampoline_root, paging_root(), 8);
	set_field(page, trampoline_stack, (uintptr_t)stack_top, 8);
	set_field(page, trampoline_entry, (uintptr_t)entry, 8);
	set_field(page, trampoline_arg, (uintptr_t)arg, 8);
}

static bool has_arrived(void *unused)
{
	(void)unused;
	return __atomic_load_n(&start_cpu_arrived, __ATOMIC_ACQUIRE) != 0;
}

enum err start_cpu(u32 apic_id, void *stack_top, void (*entry)(void *), void *arg)
{
	static u8 saved[4096];
	u8 *page;
	enum err e;

	if (!page_address)
		return ERR_NOT_FOUND;
	page = pool_va(hpa(page_address));
	memcpy(saved, page, PAGE_SIZE);
	build_identity_tables();
	fill_trampoline(page, stack_top, entry, arg);
	__atomic_store_n(&start_cpu_arrived, 0, __ATOMIC_RELEASE);
	full_fence();

	/*
	 * Intel SDM 3A section 10.4.4.1: INIT, 10 ms, SIPI, 200 us, and once more for cores that
	 * missed it.
	 */
	lapic_init_ipi(apic_id);
	time_delay_ns(10 * NS_PER_MS);
	lapic_startup_ipi(apic_id, (u8)(page_address >> PAGE_SHIFT));
	e = wait_until(has_arrived, NULL, 200 * NS_PER_US);
	if (e != OK) {
		lapic_startup_ipi(apic_id, (u8)(page_address >> PAGE_SHIFT));
		e = wait_until(has_arrived, NULL, CORE_ARRIVES_NS);
	}
	/*
	 * A core that comes late must not run into a page that is somebody else's again: back to
	 * waiting for SIPI.
	 */
	if (e != OK)
		lapic_init_ipi(apic_id);
	memcpy(page, saved, PAGE_SIZE);
	return e;
}
