/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/hw/cpu.h"
#include "vmm/ui/byte_ring.h"
#include "vmm/ui/com1.h"

#define COM1        1
#define QUEUE_BYTES (64 * KiB)
#define CHUNK_BYTES 256

static char storage[QUEUE_BYTES];
static struct byte_ring queue = { .data = storage, .size = sizeof(storage) };
static bool queueing;
static bool line_start = true;

/* The oldest `len` bytes of the queue, waiting for the port as long as that takes. */
static void send_oldest(size_t len)
{
	char chunk[CHUNK_BYTES];

	while (len) {
		size_t part = ring_take(&queue, chunk, MIN(len, sizeof(chunk)), NULL);

		if (!part)
			return;
		serial_write(COM1, chunk, part);
		len -= part;
	}
}

void com1_write(const char *text, size_t len)
{
	size_t waiting = ring_unseen(&queue);

	if (!len)
		return;
	line_start = text[len - 1] == '\n';
	if (!queueing || len > QUEUE_BYTES) {
		com1_flush();
		serial_write(COM1, text, len);
		return;
	}
	if (len > QUEUE_BYTES - waiting)
		send_oldest(len - (QUEUE_BYTES - waiting));
	ring_put(&queue, text, len);
}

bool com1_has_room(void)
{
	return ring_unseen(&queue) < QUEUE_BYTES / 2;
}

bool com1_at_line_start(void)
{
	return line_start;
}

size_t com1_send(void)
{
	u64 first = queue.seen;
	char chunk[SERIAL_FIFO_BYTES];
	size_t len = ring_take(&queue, chunk, sizeof(chunk), NULL);
	size_t sent = len ? serial_write_some(COM1, chunk, len) : 0;

	queueing = true;
	/* What a busy port did not take stays. */
	queue.seen = first + sent;
	return sent;
}

bool com1_is_waiting(void)
{
	return ring_unseen(&queue) != 0;
}

void com1_flush(void)
{
	send_oldest(ring_unseen(&queue));
}

void com1_stop_queueing(void)
{
	queueing = false;
	com1_flush();
}
