/* SPDX-License-Identifier: GPL-2.0-only */
/* Host side of base/mmio.h: accesses end in the handlers that a test registered. */
#include "fakes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define MAX_RANGES 256

struct range {
	u64 base, size;
	fake_read_fn *read;
	fake_write_fn *write;
	void *ctx;
};

static struct range mmio_ranges[MAX_RANGES], port_ranges[MAX_RANGES];
static unsigned mmio_range_count, port_range_count;
static bool map_fails;
static unsigned maps_left;
static enum err map_result;

void fake_mmio_reset(void)
{
	mmio_range_count = port_range_count = 0;
	map_fails = false;
}

static void add(struct range *ranges, unsigned *count, struct range new)
{
	if (*count == MAX_RANGES) {
		fprintf(stderr, "fakes: more than %u ranges\n", MAX_RANGES);
		abort();
	}
	ranges[(*count)++] = new;
}

void fake_mmio_add(hpa_t base, u64 size, fake_read_fn *read, fake_write_fn *write, void *ctx)
{
	add(mmio_ranges, &mmio_range_count, (struct range){ base.v, size, read, write, ctx });
}

void fake_port_add(u16 first, u16 count, fake_read_fn *read, fake_write_fn *write, void *ctx)
{
	add(port_ranges, &port_range_count, (struct range){ first, count, read, write, ctx });
}

static u64 read_memory(void *ctx, u64 offset, unsigned width)
{
	u64 value = 0;

	memcpy(&value, (u8 *)ctx + offset, width);
	return value;
}

static void write_memory(void *ctx, u64 offset, unsigned width, u64 value)
{
	memcpy((u8 *)ctx + offset, &value, width);
}

void fake_mmio_add_memory(hpa_t base, u64 size, void *memory)
{
	fake_mmio_add(base, size, read_memory, write_memory, memory);
}

void fake_mmio_remove(hpa_t base)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < mmio_range_count; i++)
		if (mmio_ranges[i].base != base.v)
			mmio_ranges[kept++] = mmio_ranges[i];
	mmio_range_count = kept;
}

void fake_mmio_map_fail_after(unsigned n, enum err result)
{
	map_fails = true;
	maps_left = n;
	map_result = result;
}

/* The newest range that holds the whole access. */
static const struct range *find(const struct range *ranges, unsigned count, u64 address,
				unsigned width)
{
	for (unsigned i = count; i-- > 0;)
		if (address >= ranges[i].base && address - ranges[i].base < ranges[i].size &&
		    ranges[i].size - (address - ranges[i].base) >= width)
			return &ranges[i];
	return NULL;
}

static u64 all_ones(unsigned width)
{
	return ~0ull >> (64 - 8 * width);
}

static u64 do_read(const struct range *r, u64 address, unsigned width)
{
	if (!r || !r->read)
		return all_ones(width);
	return r->read(r->ctx, address - r->base, width) & all_ones(width);
}

enum err mmio_map(hpa_t base, u64 size, struct mmio *out)
{
	if (fake_step_fails())
		return ERR_NO_MEMORY;
	if (map_fails && maps_left-- == 0) {
		maps_left = 0;
		return map_result;
	}
	if (size == 0 || base.v + size < base.v || base.v + size > 1ull << 52)
		return ERR_INVALID;
	/* Never dereferenced: the code under test must go through mmio_read and mmio_write. */
	*out = (struct mmio){ .base = base, .size = size, .va = (volatile u8 *)(uintptr_t)1 };
	return OK;
}

static void check_access(const struct mmio *m, u64 offset, unsigned width, const char *what)
{
	if (m->va && offset < m->size && m->size - offset >= width &&
	    (m->base.v + offset) % width == 0)
		return;
	fprintf(stderr,
		"fakes: %s of %u bytes at offset 0x%" PRIx64 " of MMIO range 0x%" PRIx64
		"+0x%" PRIx64 "%s\n",
		what, width, offset, m->base.v, m->size, m->va ? "" : " that is not mapped");
	abort();
}

static u64 mmio_read(const struct mmio *m, u64 offset, unsigned width)
{
	u64 address = m->base.v + offset, value;

	check_access(m, offset, width, "read");
	value = do_read(find(mmio_ranges, mmio_range_count, address, width), address, width);
	fake_event_add(FAKE_MMIO_READ, address, width, value);
	return value;
}

static void mmio_write(const struct mmio *m, u64 offset, unsigned width, u64 value)
{
	u64 address = m->base.v + offset;
	const struct range *r;

	check_access(m, offset, width, "write");
	/*
	 * Recorded before the handler runs, so that what the device does about it comes later in
	 * the log.
	 */
	fake_event_add(FAKE_MMIO_WRITE, address, width, value);
	r = find(mmio_ranges, mmio_range_count, address, width);
	if (r && r->write)
		r->write(r->ctx, address - r->base, width, value);
}

u8 mmio_read8(const struct mmio *m, u64 offset)
{
	return (u8)mmio_read(m, offset, 1);
}

u16 mmio_read16(const struct mmio *m, u64 offset)
{
	return (u16)mmio_read(m, offset, 2);
}

u32 mmio_read32(const struct mmio *m, u64 offset)
{
	return (u32)mmio_read(m, offset, 4);
}

u64 mmio_read64(const struct mmio *m, u64 offset)
{
	return mmio_read(m, offset, 8);
}

void mmio_write8(const struct mmio *m, u64 offset, u8 value)
{
	mmio_write(m, offset, 1, value);
}

void mmio_write16(const struct mmio *m, u64 offset, u16 value)
{
	mmio_write(m, offset, 2, value);
}

void mmio_write32(const struct mmio *m, u64 offset, u32 value)
{
	mmio_write(m, offset, 4, value);
}

void mmio_write64(const struct mmio *m, u64 offset, u64 value)
{
	mmio_write(m, offset, 8, value);
}

static u64 port_in(u16 port, unsigned width)
{
	u64 value = do_read(find(port_ranges, port_range_count, port, width), port, width);

	fake_event_add(FAKE_PORT_IN, port, width, value);
	return value;
}

static void port_out(u16 port, unsigned width, u64 value)
{
	const struct range *r = find(port_ranges, port_range_count, port, width);

	fake_event_add(FAKE_PORT_OUT, port, width, value);
	if (r && r->write)
		r->write(r->ctx, port - r->base, width, value);
}

u8 port_in8(u16 port)
{
	return (u8)port_in(port, 1);
}

u16 port_in16(u16 port)
{
	return (u16)port_in(port, 2);
}

u32 port_in32(u16 port)
{
	return (u32)port_in(port, 4);
}

void port_out8(u16 port, u8 value)
{
	port_out(port, 1, value);
}

void port_out16(u16 port, u16 value)
{
	port_out(port, 2, value);
}

void port_out32(u16 port, u32 value)
{
	port_out(port, 4, value);
}
