/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * BARs as devices decode them: an address reaches a function only through the windows of all
 * bridges above it.
 */
#include <stdlib.h>
#include <string.h>

#include "fake_pci_internal.h"

#define BAR_STEP       4
#define MEM_ATTRIBUTES 0xfull
#define WINDOW_SHIFT   16
#define WINDOW_MASK    0xfff0ull

static bool qemu_decode;
static unsigned conflicts;

void fake_pci_qemu_decode(bool on)
{
	qemu_decode = on;
}

unsigned fake_pci_conflicts(void)
{
	return conflicts;
}

/* Where an address ended up. */
struct hit {
	struct fake_function *f;
	unsigned bar;
	u64 offset;
};

static u64 bar_base(const struct fake_function *f, unsigned at)
{
	u64 base = fake_get32(f, at);

	if ((base & PCI_BASE_ADDRESS_MEM_TYPE_MASK) == PCI_BASE_ADDRESS_MEM_TYPE_64)
		base |= (u64)fake_get32(f, at + BAR_STEP) << 32;
	return base & ~MEM_ATTRIBUTES;
}

static bool in_window(const struct fake_function *bridge, unsigned base_at, u64 high_base,
		      u64 high_limit, u64 address)
{
	u64 base = (fake_get16(bridge, base_at) & WINDOW_MASK) << WINDOW_SHIFT | high_base << 32;
	u64 limit = (fake_get16(bridge, base_at + 2) & WINDOW_MASK) << WINDOW_SHIFT | (MiB - 1) |
		    high_limit << 32;

	return base != 0 && address >= base && address <= limit;
}

static bool reaches(const struct fake_function *bridge, u64 address)
{
	if (!bridge)
		return true;
	if (!in_window(bridge, PCI_MEMORY_BASE, 0, 0, address) &&
	    !in_window(bridge, PCI_PREF_MEMORY_BASE, fake_get32(bridge, PCI_PREF_BASE_UPPER32),
		       fake_get32(bridge, PCI_PREF_LIMIT_UPPER32), address))
		return false;
	return reaches(bridge->parent, address);
}

static bool memory_on(const struct fake_function *f)
{
	return fake_get16(f, PCI_COMMAND) & PCI_COMMAND_MEMORY;
}

static bool vf_decodes(const struct fake_function *vf)
{
	u16 control = fake_get16(vf->vf_of, vf->vf_of->sriov->cap + PCI_SRIOV_CTRL);

	return qemu_decode ? memory_on(vf) : (control & PCI_SRIOV_CTRL_MSE) != 0;
}

static void claim(struct hit *hit, struct fake_function *f, unsigned bar, u64 offset)
{
	if (hit->f)
		conflicts++;
	*hit = (struct hit){ f, bar, offset };
}

static void look_in_function(struct hit *hit, struct fake_function *f, u64 address)
{
	for (unsigned i = 0; memory_on(f) && i < FAKE_BARS; i++) {
		u64 base = bar_base(f, PCI_BASE_ADDRESS_0 + i * BAR_STEP);
		bool memory = !(fake_get32(f, PCI_BASE_ADDRESS_0 + i * BAR_STEP) &
				PCI_BASE_ADDRESS_SPACE_IO);

		if (memory && f->bar_size[i] && address - base < f->bar_size[i])
			claim(hit, f, i, address - base);
	}
}

static void look_in_vfs(struct hit *hit, struct fake_function *pf, u64 address)
{
	for (unsigned n = 0; n < fake_num_vfs(pf); n++) {
		struct fake_function *vf = &pf->sriov->vf[n];

		for (unsigned i = 0; vf_decodes(vf) && i < FAKE_BARS; i++) {
			u64 base = bar_base(pf, pf->sriov->cap + PCI_SRIOV_BAR + i * BAR_STEP) +
				   n * vf->bar_size[i];

			if (vf->bar_size[i] && address - base < vf->bar_size[i])
				claim(hit, vf, i, address - base);
		}
	}
}

static struct hit find(u64 address)
{
	struct hit hit = { 0 };

	for (unsigned i = 0; i < fake_function_count; i++) {
		struct fake_function *f = &fake_functions[i];

		if (!reaches(f->parent, address))
			continue;
		look_in_function(&hit, f, address);
		if (f->sriov)
			look_in_vfs(&hit, f, address);
	}
	return hit;
}

static u8 *memory_of(const struct hit *hit)
{
	u8 **memory = &hit->f->bar_memory[hit->bar];

	if (!*memory) {
		*memory = calloc(1, hit->f->bar_size[hit->bar]);
		if (!*memory)
			abort();
	}
	return *memory + hit->offset;
}

static u64 read(void *ctx, u64 offset, unsigned width)
{
	struct hit hit = find(*(u64 *)ctx + offset);
	u64 value = 0;

	if (!hit.f)
		return ~0ull;
	memcpy(&value, memory_of(&hit), width);
	return value;
}

static void write(void *ctx, u64 offset, unsigned width, u64 value)
{
	struct hit hit = find(*(u64 *)ctx + offset);

	if (hit.f)
		memcpy(memory_of(&hit), &value, width);
}

void fake_pci_mmio_reset(void)
{
	static u64 low = FAKE_MMIO_BASE, high = FAKE_MMIO64_BASE;

	qemu_decode = false;
	conflicts = 0;
	fake_mmio_add(hpa(low), FAKE_MMIO_SIZE, read, write, &low);
	fake_mmio_add(hpa(high), FAKE_MMIO64_SIZE, read, write, &high);
}
