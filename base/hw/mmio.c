/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/mmio.h"

#include "base/hw/image.h"
#include "base/hw/paging.h"
#include "base/spinlock.h"

#define MAX_MAPPINGS 1024
#define LARGE_PAGE   (2 * MiB)

static struct {
	u64 base, size, va;
} mappings[MAX_MAPPINGS];
static unsigned mapping_count;
static u64 next_va = MMIO_VA;
static struct spinlock lock;

/* Address of [base, base+size) in an earlier mapping, or 0. */
static u64 find_mapping(u64 base, u64 size)
{
	for (unsigned i = 0; i < mapping_count; i++)
		if (base >= mappings[i].base && base + size <= mappings[i].base + mappings[i].size)
			return mappings[i].va + (base - mappings[i].base);
	return 0;
}

/* Map whole pages. Virtual addresses are never reused; there are 16 TiB of them. */
static enum err add_mapping(u64 base, u64 size, u64 *va)
{
	/*
	 * Uncached: entry 3 of the PAT (PCD, PWT), which is UC after reset (Intel SDM 3A section
	 * 12.12.4).
	 */
	const u64 flags = PTE_WRITE | PTE_NX | PTE_CACHE_DISABLE | PTE_WRITE_THROUGH;
	enum err e;

	if (mapping_count == MAX_MAPPINGS || size > MMIO_VA + AREA_BYTES - next_va - 2 * LARGE_PAGE)
		return ERR_NO_MEMORY;
	/*
	 * The same offset in a large page as the physical address, so that large pages can be
	 * used.
	 */
	*va = ALIGN_UP(next_va, LARGE_PAGE) + base % LARGE_PAGE;
	e = paging_map(*va, base, size, flags);
	if (e != OK)
		return e;
	next_va = *va + size;
	mappings[mapping_count].base = base;
	mappings[mapping_count].size = size;
	mappings[mapping_count++].va = *va;
	return OK;
}

enum err mmio_map(hpa_t base, u64 size, struct mmio *out)
{
	u64 start = ALIGN_DOWN(base.v, PAGE_SIZE), end = ALIGN_UP(base.v + size, PAGE_SIZE), va;
	enum err e = OK;

	if (size == 0 || end <= start || !paging_address_ok(start, end - start) ||
	    paging_is_ram(start, end - start))
		return ERR_INVALID;
	spin_lock(&lock);
	va = find_mapping(start, end - start);
	if (!va)
		e = add_mapping(start, end - start, &va);
	spin_unlock(&lock);
	if (e != OK)
		return e;
	*out = (struct mmio){ .base = base,
			      .size = size,
			      .va = (volatile u8 *)(va + (base.v - start)) };
	return OK;
}

/*
 * One MOV each, to and from the accumulator: an outer hypervisor, or our own emulation, decodes
 * these. A volatile access would do as well, but the compiler may fold it into an instruction with
 * a memory operand.
 */
#define MMIO_ACCESS(bits, type, insn, reg)                                                         \
	type mmio_read##bits(const struct mmio *m, u64 offset)                                     \
	{                                                                                          \
		type value;                                                                        \
		__asm__ volatile(insn " %1, %0"                                                    \
				 : "=" reg(value)                                                  \
				 : "m"(*(volatile type *)(m->va + offset))                         \
				 : "memory");                                                      \
		return value;                                                                      \
	}                                                                                          \
	void mmio_write##bits(const struct mmio *m, u64 offset, type value)                        \
	{                                                                                          \
		__asm__ volatile(insn " %1, %0"                                                    \
				 : "=m"(*(volatile type *)(m->va + offset))                        \
				 : reg(value)                                                      \
				 : "memory");                                                      \
	}

MMIO_ACCESS(8, u8, "movb", "a")
MMIO_ACCESS(16, u16, "movw", "a")
MMIO_ACCESS(32, u32, "movl", "a")
MMIO_ACCESS(64, u64, "movq", "a")

u8 port_in8(u16 port)
{
	u8 value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

u16 port_in16(u16 port)
{
	u16 value;

	__asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

u32 port_in32(u16 port)
{
	u32 value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

void port_out8(u16 port, u8 value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

void port_out16(u16 port, u16 value)
{
	__asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

void port_out32(u16 port, u32 value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

void cache_write_back(const void *va, size_t len)
{
	const u64 line = 64; /* of every CPU with VT-x */

	/*
	 * CLFLUSH is ordered with stores to the same line only; MFENCE before and after (Intel SDM
	 * 2A CLFLUSH).
	 */
	full_fence();
	for (u64 at = ALIGN_DOWN((uintptr_t)va, line); at < (uintptr_t)va + len; at += line)
		__asm__ volatile("clflush (%0)" : : "r"(at) : "memory");
	full_fence();
}

void store_fence(void)
{
	__asm__ volatile("sfence" : : : "memory");
}

void full_fence(void)
{
	__asm__ volatile("mfence" : : : "memory");
}
