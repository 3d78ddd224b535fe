/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ordered event log, the cache and fence fakes that feed it, captured log text, and hv_bug().
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/panic.h"
#include "fakes.h"
#include "internal.h"

#define MAX_EVENTS    1000000
#define MAX_LOG_BYTES (4 * 1024 * 1024)

static struct fake_event *events;
static unsigned event_count, event_room;
static bool ignored[FAKE_EVENT_KINDS];
static char *log_buffer;
static size_t log_len, log_room;
static char bug_text[512];
jmp_buf *fake_bug_catcher;

void (*fake_on_store_fence)(void);

void fakes_reset(void)
{
	fake_mmio_reset();
	fake_time_reset();
	fake_phys_reset();
	fake_events_reset();
	fake_log_reset();
	fake_cpu_reset();
	fake_steps_reset();
}

void fake_events_reset(void)
{
	fake_events_clear();
	memset(ignored, 0, sizeof(ignored));
	fake_on_store_fence = NULL;
	ignored[FAKE_MMIO_READ] = ignored[FAKE_PORT_IN] = true;
}

void fake_events_clear(void)
{
	free(events);
	events = NULL;
	event_count = event_room = 0;
}

void fake_events_record(enum fake_event_kind kind, bool on)
{
	ignored[kind] = !on;
}

unsigned fake_event_count(void)
{
	return event_count;
}

void fake_event_add(enum fake_event_kind kind, u64 address, u64 width, u64 value)
{
	if (ignored[kind] || event_count == MAX_EVENTS)
		return;
	if (event_count == event_room) {
		event_room = event_room ? 2 * event_room : 1024;
		events = realloc(events, event_room * sizeof(*events));
		if (!events)
			abort();
	}
	events[event_count++] = (struct fake_event){ kind, address, width, value };
}

const struct fake_event *fake_event(unsigned n)
{
	if (n >= event_count) {
		fprintf(stderr, "fakes: event %u of %u\n", n, event_count);
		abort();
	}
	return &events[n];
}

int fake_event_find(unsigned from, enum fake_event_kind kind, u64 address)
{
	bool anywhere = kind == FAKE_STORE_FENCE || kind == FAKE_FULL_FENCE || kind == FAKE_DELAY;

	for (unsigned i = from; i < event_count; i++)
		if (events[i].kind == kind && (anywhere || address == events[i].address ||
					       address - events[i].address < events[i].width))
			return (int)i;
	return -1;
}

bool fake_written_back(unsigned from, unsigned to, const void *va, size_t len)
{
	u64 done = (uintptr_t)va, end = done + len;

	/* Move `done` on as long as some event covers it. */
	for (unsigned i = from; i < to && i < event_count && done < end;) {
		const struct fake_event *e = &events[i++];

		if (e->kind == FAKE_CACHE_WRITE_BACK && done - e->address < e->width) {
			done = e->address + e->width;
			i = from;
		}
	}
	return done >= end;
}

void cache_write_back(const void *va, size_t len)
{
	fake_event_add(FAKE_CACHE_WRITE_BACK, (uintptr_t)va, len, 0);
}

void store_fence(void)
{
	if (fake_on_store_fence)
		fake_on_store_fence();
	fake_event_add(FAKE_STORE_FENCE, 0, 0, 0);
}

void full_fence(void)
{
	fake_event_add(FAKE_FULL_FENCE, 0, 0, 0);
}

static void capture(const char *text, size_t len)
{
	if (log_len + len + 1 > MAX_LOG_BYTES)
		return;
	if (log_len + len + 1 > log_room) {
		log_room = 2 * (log_len + len + 1);
		log_buffer = realloc(log_buffer, log_room);
		if (!log_buffer)
			abort();
	}
	memcpy(log_buffer + log_len, text, len);
	log_len += len;
	log_buffer[log_len] = 0;
}

void fake_log_reset(void)
{
	fake_log_clear();
	log_set_sink(capture);
}

void fake_log_clear(void)
{
	free(log_buffer);
	log_buffer = NULL;
	log_len = log_room = 0;
}

const char *fake_log_text(void)
{
	return log_buffer ? log_buffer : "";
}

bool fake_log_contains(const char *text)
{
	return strstr(fake_log_text(), text) != NULL;
}

const char *fake_bug_text(void)
{
	return bug_text;
}

void hv_bug(const char *file, int line, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(bug_text, sizeof(bug_text), fmt, args);
	va_end(args);
	if (fake_bug_catcher)
		longjmp(*fake_bug_catcher, 1);
	fprintf(stderr, "hv_bug at %s:%d: %s\n", file, line, bug_text);
	abort();
}
