/* SPDX-License-Identifier: GPL-2.0-only */
#include "memory.h"

#include "guest.h"

static u64 next;

u64 memory_end(void)
{
	if (!next)
		next = (u64)guest_image_end;
	return next;
}

void *memory_take(size_t bytes)
{
	u64 start = memory_end(), end = ALIGN_UP(start + bytes, PAGE_SIZE);

	if (end > guest->ram_bytes)
		guest_die(STATUS_USAGE, "out of RAM: %llu bytes wanted, %llu MiB in all",
			  (unsigned long long)bytes, (unsigned long long)(guest->ram_bytes / MiB));
	next = end;
	return memset((void *)start, 0, end - start);
}
