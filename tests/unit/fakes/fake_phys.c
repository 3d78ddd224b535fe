/* SPDX-License-Identifier: GPL-2.0-only */
/* Host side of phys_map() and of the direct map: registered buffers, and the identity. */
#include <stdio.h>
#include <stdlib.h>

#include "base/acpi.h"
#include "base/pool.h"
#include "fakes.h"
#include "internal.h"

#define MAX_BUFFERS 64

static struct {
	u64 base, size;
	const u8 *bytes;
} buffers[MAX_BUFFERS];
static unsigned buffer_count;
static void *pool_memory;

void fake_phys_reset(void)
{
	buffer_count = 0;
}

void fake_phys_add(hpa_t base, const void *buffer, u64 size)
{
	if (buffer_count == MAX_BUFFERS) {
		fprintf(stderr, "fakes: more than %u physical buffers\n", MAX_BUFFERS);
		abort();
	}
	buffers[buffer_count].base = base.v;
	buffers[buffer_count].size = size;
	buffers[buffer_count++].bytes = buffer;
}

const void *phys_map(hpa_t address, u64 len)
{
	for (unsigned i = buffer_count; i-- > 0;)
		if (address.v >= buffers[i].base && address.v - buffers[i].base < buffers[i].size &&
		    buffers[i].size - (address.v - buffers[i].base) >= len)
			return buffers[i].bytes + (address.v - buffers[i].base);
	return NULL;
}

void fake_pool_reset(u64 pages)
{
	pool_init();
	free(pool_memory);
	pool_memory = NULL;
	if (pages == 0)
		return;
	/* The pool keeps its own tables in the memory it is given: those come on top. */
	u64 total = pages;

	while (total - pool_overhead_pages(total) < pages)
		total++;
	pool_memory = aligned_alloc(2 * MiB, ALIGN_UP(total * PAGE_SIZE, 2 * MiB));
	if (!pool_memory)
		abort();
	pool_add(hpa((uintptr_t)pool_memory), total * PAGE_SIZE);
}

hpa_t pool_hpa(const void *p)
{
	return hpa((uintptr_t)p);
}

void *pool_va(hpa_t address)
{
	return (void *)(uintptr_t)address.v;
}
