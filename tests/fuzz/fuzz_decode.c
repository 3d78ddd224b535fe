// SPDX-License-Identifier: GPL-2.0-only
// Any bytes as an MMIO instruction: the decoder stays inside them, and what it accepts is
// plausible.
#include <stdlib.h>
#include <string.h>

#include "vmm/emulate/decode.c" // one pure file, without the rest of vmm/

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct mmio_insn *i, unsigned available)
{
	bool sane = i->length >= 1 && i->length <= INSN_MAX_BYTES && i->length <= available;

	sane = sane && (i->width == 1 || i->width == 2 || i->width == 4 || i->width == 8);
	sane = sane && i->reg < 16 && i->reg_width >= i->width && i->reg_width <= 8;
	sane = sane && (!i->high_byte || i->reg < 4) && (!i->immediate || i->write);
	if (!sane)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mmio_insn insn, again;

	if (size < 1)
		return 0;
	bool long_mode = data[0] & 1, default_32 = data[0] & 2;
	unsigned available = (unsigned)size - 1;
	uint8_t *copy = malloc(available ? available : 1);
	memcpy(copy, data + 1, available);
	if (mmio_decode(copy, available, long_mode, default_32, &insn) == OK) {
		check(&insn, available);
		// Its own length is enough, one byte less is not.
		if (mmio_decode(copy, insn.length, long_mode, default_32, &again) != OK ||
		    memcmp(&insn, &again, sizeof(insn)) != 0)
			abort();
		if (mmio_decode(copy, insn.length - 1u, long_mode, default_32, &again) == OK)
			abort();
	}
	free(copy);
	return 0;
}
