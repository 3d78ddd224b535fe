// SPDX-License-Identifier: GPL-2.0-only
// Any file as a Linux kernel, any length of initrd: the check stays inside the file, and a plan
// that it accepts copies only into RAM, with kernel and initrd apart.
#include <stdlib.h>

#include "vmm/guest/linux.c" // one pure file, without the rest of vmm/

#define RAM_BYTES    (4 * MiB)
#define INITRD_BYTES 5000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_plan(const struct linux_files *f, const struct linux_plan *p)
{
	if (p->address < HIGH_RAM_START || p->code_offset + p->code_bytes > f->kernel_size ||
	    p->address + p->code_bytes > RAM_BYTES ||
	    p->initrd_address < p->address + p->code_bytes ||
	    p->initrd_address + f->initrd_size > RAM_BYTES)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static u8 initrd[INITRD_BYTES];
	struct linux_plan plan;
	struct why why = { .text = "" };
	u8 *copy = malloc(size ? size : 1);

	memcpy(copy, data, size);
	struct linux_files f = { .kernel_name = "fuzz",
				 .initrd_name = "initrd",
				 .kernel = copy,
				 .kernel_size = size,
				 .initrd = initrd,
				 .initrd_size = sizeof(initrd),
				 .cmdline = "x",
				 .ram_bytes = RAM_BYTES };
	if (linux_check(&f, &plan, &why) == OK) {
		check_plan(&f, &plan);
		u8 *ram = calloc(1, RAM_BYTES);
		linux_place(&f, &plan, 0, ram);
		free(ram);
	} else if (why.text[0] == '\0') {
		abort(); // every refusal says why
	}
	free(copy);
	return 0;
}
