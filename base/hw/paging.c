/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hypervisor's own page tables: 4 levels, one root for all cores. base/hw/image.h shows the
 * address space.
 */
#include "base/hw/paging.h"

#include "base/hw/cpu.h"
#include "base/hw/image.h"
#include "base/hw/insn.h"
#include "base/log.h"
#include "base/memory_map.h"
#include "base/pool.h"
#include "base/spinlock.h"
#include "base/string.h"

#define ENTRIES    512
#define MAX_PIECES 384

static struct spinlock lock;
static u64 root;            /* physical address of the PML4; 0 until built */
static u64 highest_address; /* 1 << MAXPHYADDR */
static bool has_1g_pages;
static hpa_t image_base;
static struct memory_piece ram[MAX_PIECES];
static unsigned ram_pieces;

/*
 * Until our tables are live there is no pool, since the pool lives in the direct map. The first
 * tables come from the front of a piece of RAM below 4 GiB, which the boot tables map one to one;
 * the pool gets what is left of it.
 */
static struct memory_piece early;
static bool live;

u64 paging_root(void)
{
	return root;
}

void image_set_base(hpa_t base)
{
	image_base = base;
}

hpa_t image_hpa(const void *p)
{
	return hpa((uintptr_t)p - IMAGE_VA + image_base.v);
}

bool paging_address_ok(u64 base, u64 size)
{
	return base + size >= base && base + size <= highest_address;
}

bool paging_is_ram(u64 base, u64 size)
{
	for (unsigned i = 0; i < ram_pieces; i++)
		if (base < ram[i].end && base + size > ram[i].base)
			return true;
	return false;
}

static u64 *table_at(u64 pa)
{
	return live ? pool_va(hpa(pa)) : (u64 *)pa;
}

/* Physical address of a zeroed page for a table, 0 when there is none. */
static u64 new_table(void)
{
	u64 pa = early.base;

	if (live) {
		void *page = pool_alloc(POOL_HOST, 1, PAGE_SIZE);

		return page ? pool_hpa(page).v : 0;
	}
	if (pa == early.end)
		return 0;
	early.base += PAGE_SIZE;
	memset((void *)pa, 0, PAGE_SIZE);
	return pa;
}

static unsigned index_at(u64 va, int level)
{
	return va >> (12 + 9 * level) & (ENTRIES - 1);
}

/* The table one level below `entry`; NULL if it is absent and cannot be made. */
static u64 *descend(u64 *entry)
{
	u64 pa = *entry & PTE_ADDRESS;

	if (!(*entry & PTE_PRESENT)) {
		pa = new_table();
		if (!pa)
			return NULL;
		/* The new table is zeroed before any core can walk into it. */
		__atomic_store_n(entry, pa | PTE_PRESENT | PTE_WRITE, __ATOMIC_RELEASE);
	}
	return table_at(pa);
}

/* The level whose page fits best at `va`: 2 = 1 GiB, 1 = 2 MiB, 0 = 4 KiB. */
static int best_level(u64 va, u64 pa, u64 size)
{
	for (int level = has_1g_pages ? 2 : 1; level > 0; level--) {
		u64 bytes = PAGE_SIZE << (9 * level);

		if (IS_ALIGNED(va | pa, bytes) && size >= bytes)
			return level;
	}
	return 0;
}

/*
 * The entry for `va` at level `best`, or at the level where it is mapped already. NULL without
 * memory for a table.
 */
static u64 *find_entry(u64 va, int best, int *level)
{
	u64 *entry = table_at(root) + index_at(va, 3);

	*level = 3;
	while (*level > best || (*level > 0 && (*entry & PTE_PRESENT))) {
		u64 *table;

		if (*level < 3 && (*entry & PTE_LARGE))
			break;
		table = descend(entry);
		if (!table)
			return NULL;
		entry = table + index_at(va, --*level);
	}
	return entry;
}

/*
 * Map pages of the best size for `va`, as many as fit in one table; what is mapped already stays.
 * Returns how many bytes are done, 0 without memory for a table.
 */
static u64 map_run(u64 va, u64 pa, u64 size, u64 flags)
{
	int level;
	u64 *entry = find_entry(va, best_level(va, pa, size), &level);
	u64 bytes, done = 0;

	if (!entry)
		return 0;
	bytes = PAGE_SIZE << (9 * level);
	if (*entry & PTE_PRESENT)
		return bytes - (va & (bytes - 1));
	flags |= PTE_PRESENT | (level ? PTE_LARGE : 0);
	do {
		__atomic_store_n(entry++, (pa + done) | flags, __ATOMIC_RELEASE);
		done += bytes;
	} while (done + bytes <= size && !IS_ALIGNED((uintptr_t)entry, PAGE_SIZE) &&
		 !(*entry & PTE_PRESENT));
	return done;
}

enum err paging_map(u64 va, u64 pa, u64 size, u64 flags)
{
	enum err result = OK;

	spin_lock(&lock);
	while (size > 0) {
		u64 done = map_run(va, pa, size, flags);

		if (done == 0) {
			result = ERR_NO_MEMORY;
			break;
		}
		va += done;
		pa += done;
		size -= MIN(done, size);
	}
	spin_unlock(&lock);
	return result;
}

static enum err map_image_part(const u8 *start, const u8 *end, u64 flags)
{
	return paging_map((uintptr_t)start, image_hpa(start).v, (u64)(end - start), flags);
}

/* W^X: no page is both writable and executable, and the image is not in the direct map. */
static enum err map_image(void)
{
	const u8 *guard = image_stacks;
	enum err e = map_image_part(image_start, image_text_end, 0);

	if (e == OK)
		e = map_image_part(image_text_end, image_rodata_end, PTE_NX);
	if (e == OK)
		e = map_image_part(image_rodata_end, image_stacks, PTE_NX | PTE_WRITE);
	for (int i = 0; i < 5 && e == OK; i++, guard += PAGE_SIZE + HOST_STACK_BYTES)
		e = map_image_part(guard + PAGE_SIZE, guard + PAGE_SIZE + HOST_STACK_BYTES,
				   PTE_NX | PTE_WRITE);
	return e;
}

static enum err map_ram(void)
{
	enum err e = OK;

	for (unsigned i = 0; i < ram_pieces && e == OK; i++)
		e = paging_map(DIRECT_MAP_VA + ram[i].base, ram[i].base, ram[i].end - ram[i].base,
			       PTE_NX | PTE_WRITE);
	return e;
}

/* The largest piece below 4 GiB. */
static void choose_early(const struct memory_piece *pieces, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		u64 end = MIN(pieces[i].end, 4 * GiB);

		if (pieces[i].base < end && end - pieces[i].base > early.end - early.base)
			early = (struct memory_piece){ pieces[i].base, end };
	}
}

static enum err check_cpu(struct why *why)
{
	u32 features;

	/*
	 * CPUID 80000001h: EDX bit 20 = NX, bit 26 = 1 GiB pages; 80000008h: EAX 7:0 = MAXPHYADDR.
	 */
	features = cpuid(0x80000001, 0).edx;
	has_1g_pages = features & BIT(26);
	highest_address = 1ull << (cpuid(0x80000008, 0).eax & 0xff);
	if (features & BIT(20))
		return OK;
	return fail(why, ERR_UNSUPPORTED, RID_NONE,
		    "this CPU shows no NX (CPUID 80000001h EDX bit 20): switch Execute Disable on "
		    "in the firmware setup");
}

/* The pool gets every piece; of the one that the tables came from, what they left. */
static void fill_pool(const struct memory_piece *pieces, unsigned count, u64 early_start)
{
	pool_init();
	for (unsigned i = 0; i < count; i++) {
		u64 base = pieces[i].base == early_start ? early.base : pieces[i].base;

		pool_add(hpa(base), pieces[i].end - base);
	}
}

enum err paging_init(const struct boot_info *boot, struct why *why)
{
	static struct memory_piece pieces[MAX_PIECES];
	unsigned count = memory_map_pieces(boot, MEMORY_POOL, pieces, MAX_PIECES);
	enum err e = check_cpu(why);
	u64 early_start;

	if (e != OK)
		return e;
	if (count == MAX_PIECES)
		log_warn("memory", "RAM is in more than %u pieces: the last ones stay unused",
			 MAX_PIECES);
	image_set_base(boot->image_base);
	ram_pieces = memory_map_pieces(boot, MEMORY_DIRECT_MAP, ram, MAX_PIECES);
	choose_early(pieces, count);
	early_start = early.base;
	root = new_table();
	if (root)
		e = map_image();
	if (root && e == OK)
		e = map_ram();
	if (!root || e != OK)
		return fail(
			why, ERR_NO_MEMORY, RID_NONE,
			"no RAM for page tables: the largest usable range below 4 GiB has %lu KiB",
			(u64)((early.end - early_start) / KiB));
	write_cr3(root);
	live = true;
	fill_pool(pieces, count, early_start);
	return OK;
}
