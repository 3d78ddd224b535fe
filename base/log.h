/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text output. Every line goes to COM1 and into a ring in memory (the monitor's `log`). A line is
 * emitted whole: lines of different cores never mix. Paths that a guest or a device can reach must
 * use log_limited().
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdarg.h>

#include "base/types.h"

enum log_level {
	LOG_ERROR,
	LOG_WARN,
	LOG_INFO,
	LOG_DEBUG
};

/* Lines above this level are dropped. Default LOG_INFO. */
void log_set_level(enum log_level level);

/*
 * One line, `component: text`; a newline is added. `component` is a short folder or device name
 * such as "pci".
 */
void log_line(enum log_level level, const char *component, const char *fmt, ...) PRINTF_LIKE(3, 4);
#define log_error(component, ...) log_line(LOG_ERROR, component, __VA_ARGS__)
#define log_warn(component, ...)  log_line(LOG_WARN, component, __VA_ARGS__)
#define log_info(component, ...)  log_line(LOG_INFO, component, __VA_ARGS__)
#define log_debug(component, ...) log_line(LOG_DEBUG, component, __VA_ARGS__)

/*
 * Raw text for tables and trees, no prefix, no newline added. Always shown; at most 1023
 * characters per call.
 */
void log_text(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* The same, into the ring alone: text that is shown in another way. */
void log_keep(const char *fmt, ...) PRINTF_LIKE(1, 2);

/*
 * Replace where finished text goes: the serial port on the target, a buffer in tests. NULL drops
 * it.
 */
typedef void log_sink_fn(const char *text, size_t len);
void log_set_sink(log_sink_fn *sink);

/* For the crash path, when the other cores have been stopped: from now on no lock is taken. */
void log_enter_crash(void);

/* The last bytes that were logged, oldest first. Copies at most `size` bytes, returns how many. */
size_t log_ring_copy(char *buf, size_t size);

/*
 * At most `burst` lines per `window_ns`; the rest is counted, and the count is told with the next
 * line that passes. Where `slower` is set, a window that was too small for what came is followed by
 * one eight times as long: what goes on for hours does not fill the log either. Zero-initialise,
 * then set burst and window_ns.
 */
struct rate_limit {
	u32 burst;
	u64 window_ns;
	bool slower;
	u8 growth; /* the window is window_ns << growth now */
	u64 window_start;
	u32 used;
	u32 suppressed;
};
#define RATE_LIMIT(lines, ns) ((struct rate_limit){ .burst = (lines), .window_ns = (ns) })
bool rate_limit_pass(struct rate_limit *limit, u32 *suppressed);
#define log_limited(limit, level, component, ...)                                                  \
	do {                                                                                       \
		u32 suppressed_;                                                                   \
		if (rate_limit_pass((limit), &suppressed_)) {                                      \
			if (suppressed_)                                                           \
				log_line((level), (component), "(%u similar lines not shown)",     \
					 suppressed_);                                             \
			log_line((level), (component), __VA_ARGS__);                               \
		}                                                                                  \
	} while (0)

#endif
