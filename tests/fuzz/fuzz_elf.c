// SPDX-License-Identifier: GPL-2.0-only
// Any file as a kernel: the check stays inside it, and a plan that it accepts copies only into RAM
// above the start tables.
#include <stdlib.h>

#include "vmm/guest/elf.c" // one pure file, without the rest of vmm/

#define RAM_BYTES (2 * MiB)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_plan(const struct elf_plan *plan, size_t size)
{
	for (unsigned i = 0; i < plan->segments; i++) {
		const struct elf_segment *s = &plan->segment[i];
		if (s->address < ELF_LOWEST_ADDRESS || s->address + s->bytes > RAM_BYTES ||
		    s->address + s->bytes < s->address || s->file_bytes > s->bytes ||
		    s->file_offset + s->file_bytes > size)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_plan plan;
	struct why why = { .text = "" };

	uint8_t *copy = malloc(size ? size : 1);
	memcpy(copy, data, size);
	if (elf_check("fuzz", copy, size, RAM_BYTES, &plan, &why) == OK) {
		check_plan(&plan, size);
		uint8_t *ram = calloc(1, RAM_BYTES);
		elf_copy(&plan, copy, ram);
		free(ram);
	} else if (why.text[0] == '\0') {
		abort(); // every refusal says why
	}
	free(copy);
	return 0;
}
