/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/log.h"

#include "base/format.h"
#include "base/spinlock.h"
#include "base/string.h"
#include "base/time.h"

#define RING_BYTES (64 * KiB)
#define LINE_BYTES 512
#define TEXT_BYTES 1024
/* Of a rate limit's window: eight times as long, up to days. */
#define GROWTH_STEP 3
#define GROWTH_MAX  18

static struct spinlock lock;
static struct spinlock limit_lock;
static bool crashed;
static enum log_level level_shown = LOG_INFO;
static log_sink_fn *sink;
static char ring[RING_BYTES];
static u64 ring_written; /* bytes ever written; the next goes to ring[ring_written % RING_BYTES] */

void log_set_level(enum log_level level)
{
	level_shown = level;
}

void log_set_sink(log_sink_fn *new_sink)
{
	sink = new_sink;
}

void log_enter_crash(void)
{
	crashed = true;
}

static void ring_put(const char *text, size_t len)
{
	while (len > 0) {
		size_t at = ring_written % RING_BYTES;
		size_t part = MIN(len, RING_BYTES - at);

		memcpy(ring + at, text, part);
		ring_written += part;
		text += part;
		len -= part;
	}
}

static void emit(const char *text, size_t len)
{
	/*
	 * A core that crashed while it held the lock, or that was stopped with it, will not give
	 * it back.
	 */
	bool locked = !crashed;

	if (locked)
		spin_lock(&lock);
	ring_put(text, len);
	if (sink)
		sink(text, len);
	if (locked)
		spin_unlock(&lock);
}

/* The length of what format_v() really stored, with "..." at the end if it had to cut. */
static size_t stored(char *buf, size_t size, int wanted)
{
	if ((size_t)wanted < size)
		return (size_t)wanted;
	memcpy(buf + size - 4, "...", 4);
	return size - 1;
}

void log_line(enum log_level level, const char *component, const char *fmt, ...)
{
	char line[LINE_BYTES];
	size_t len = 0, room = sizeof(line) - 1; /* one byte for the newline */
	va_list args;

	if (level > level_shown)
		return;
	/* Times are of use to whoever debugs; otherwise the console stays calm. */
	if (level_shown >= LOG_DEBUG) {
		u64 us = time_now_ns() / NS_PER_US;

		len = (size_t)format(line, room, "[%3lu.%06lu] ", us / 1000000, us % 1000000);
	}
	len += stored(line + len, room - len, format(line + len, room - len, "%s: ", component));
	va_start(args, fmt);
	len += stored(line + len, room - len, format_v(line + len, room - len, fmt, args));
	va_end(args);
	line[len++] = '\n';
	emit(line, len);
}

void log_text(const char *fmt, ...)
{
	char text[TEXT_BYTES];
	va_list args;
	size_t len;

	va_start(args, fmt);
	len = stored(text, sizeof(text), format_v(text, sizeof(text), fmt, args));
	va_end(args);
	emit(text, len);
}

void log_keep(const char *fmt, ...)
{
	char text[TEXT_BYTES];
	va_list args;
	size_t len;

	va_start(args, fmt);
	len = stored(text, sizeof(text), format_v(text, sizeof(text), fmt, args));
	va_end(args);
	if (crashed)
		return;
	spin_lock(&lock);
	ring_put(text, len);
	spin_unlock(&lock);
}

size_t log_ring_copy(char *buf, size_t size)
{
	size_t len, copied = 0;

	spin_lock(&lock);
	len = MIN(MIN(ring_written, RING_BYTES), size);
	while (copied < len) {
		size_t at = (ring_written - len + copied) % RING_BYTES;
		size_t part = MIN(len - copied, RING_BYTES - at);

		memcpy(buf + copied, ring + at, part);
		copied += part;
	}
	spin_unlock(&lock);
	return len;
}

bool rate_limit_pass(struct rate_limit *limit, u32 *suppressed)
{
	u64 now = time_now_ns();
	bool pass;

	*suppressed = 0;
	spin_lock(&limit_lock);
	if (limit->window_start == 0 || now - limit->window_start >= limit->window_ns
									     << limit->growth) {
		limit->window_start = now ? now : 1;
		limit->used = 0;
		limit->growth = limit->slower && limit->suppressed
					? MIN(limit->growth + GROWTH_STEP, GROWTH_MAX)
					: 0;
	}
	pass = limit->used < limit->burst;
	if (pass) {
		limit->used++;
		*suppressed = limit->suppressed;
		limit->suppressed = 0;
	} else {
		limit->suppressed++;
	}
	spin_unlock(&limit_lock);
	return pass;
}
