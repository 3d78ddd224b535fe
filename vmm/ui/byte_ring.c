/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/string.h"
#include "vmm/ui/byte_ring.h"

static size_t place(const struct byte_ring *r, u64 at)
{
	return (size_t)at & (r->size - 1);
}

static u64 oldest(const struct byte_ring *r)
{
	return r->written > r->size ? r->written - r->size : 0;
}

void ring_put(struct byte_ring *r, const char *text, size_t len)
{
	while (len) {
		size_t at = place(r, r->written);
		size_t part = MIN(len, r->size - at);

		memcpy(r->data + at, text, part);
		r->written += part;
		text += part;
		len -= part;
	}
}

size_t ring_unseen(const struct byte_ring *r)
{
	return (size_t)(r->written - MAX(r->seen, oldest(r)));
}

size_t ring_take(struct byte_ring *r, char *buf, size_t size, u64 *lost)
{
	u64 from = MAX(r->seen, oldest(r));
	size_t len = MIN(size, (size_t)(r->written - from));

	if (lost)
		*lost = from - r->seen;
	for (size_t done = 0; done < len;) {
		size_t at = place(r, from + done);
		size_t part = MIN(len - done, r->size - at);

		memcpy(buf + done, r->data + at, part);
		done += part;
	}
	r->seen = from + len;
	return len;
}

void ring_skip(struct byte_ring *r)
{
	r->seen = r->written;
}

void ring_rewind(struct byte_ring *r, size_t bytes)
{
	u64 from = r->written > bytes ? r->written - bytes : 0;

	from = MAX(from, oldest(r));
	if (from >= r->seen)
		return;
	/* Half a line would be taken for a whole one. */
	for (u64 at = from; from && at < r->written; at++) {
		if (r->data[place(r, at)] == '\n') {
			from = at + 1;
			break;
		}
	}
	r->seen = MIN(r->seen, from);
}
