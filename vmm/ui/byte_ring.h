/* SPDX-License-Identifier: GPL-2.0-only */
/* The last bytes of a stream, and how far somebody has read them. Pure; the owner locks. */
#ifndef VMM_UI_BYTE_RING_H
#define VMM_UI_BYTE_RING_H

#include "base/types.h"

struct byte_ring {
	char *data; /* `size` bytes, a power of two */
	size_t size;
	u64 written,
		seen; /* bytes ever; written - size <= seen <= written once it was taken from */
};

void ring_put(struct byte_ring *r, const char *text, size_t len);

/* Bytes that are there and not taken yet. */
size_t ring_unseen(const struct byte_ring *r);

/* Take at most `size` of them, oldest first. `lost`, if not NULL: how many were overwritten before
 * anybody took them. */
size_t ring_take(struct byte_ring *r, char *buf, size_t size, u64 *lost);

/* All has been seen. */
void ring_skip(struct byte_ring *r);

/* Let at least the last `bytes` be taken again, cut at the beginning of a line. */
void ring_rewind(struct byte_ring *r, size_t bytes);

#endif
