/* SPDX-License-Identifier: GPL-2.0-only */
/* A boot loader that says anything: what is read stays inside the block, and what comes out fits.
 */
#include <stdlib.h>

#include "boot/multiboot2.c"

#include "base/memory_map.h"

#define MOST_PIECES 384

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct boot_info *boot)
{
	static struct memory_piece pieces[MOST_PIECES];
	unsigned count = memory_map_pieces(boot, MEMORY_POOL, pieces, MOST_PIECES);

	if (boot->memory_ranges > BOOT_MEMORY_RANGES || boot->modules > BOOT_MODULES)
		abort();
	for (unsigned i = 0; i < boot->modules; i++)
		if (strnlen(boot->module[i].name, BOOT_NAME_BYTES) == BOOT_NAME_BYTES)
			abort();
	/* What the pool gets is below no MiB, has whole pages, and is given once. */
	for (unsigned i = 0; i < count; i++) {
		if (pieces[i].base < MiB || pieces[i].end <= pieces[i].base ||
		    !IS_ALIGNED(pieces[i].base | pieces[i].end, PAGE_SIZE))
			abort();
		for (unsigned j = 0; j < i; j++)
			if (pieces[i].base < pieces[j].end && pieces[j].base < pieces[i].end)
				abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct boot_info boot;
	struct why why = { .text = "" };
	uint8_t *copy = malloc(size ? size : 1);

	memcpy(copy, data, size);
	if (multiboot2_parse(copy, size, &boot, &why) == OK)
		check(&boot);
	else if (why.text[0] == 0)
		abort();
	free(copy);
	return 0;
}
