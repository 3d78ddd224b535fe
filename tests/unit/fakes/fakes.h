/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What stands in for base/hw/ on the host. Code under test calls mmio_read32(), port_in8(),
 * time_now_ns(), ... as on the target; here those end in handlers that a test registers by
 * host-physical range or port range.
 *
 *	static u64 read(void *ctx, u64 offset, unsigned width) { ... }
 *	static void write(void *ctx, u64 offset, unsigned width, u64 value) { ... }
 *
 *	fakes_reset();            // in setup: nothing registered, time 0, empty event log
 *	fake_mmio_add(hpa(0xfe000000), 0x4000, read, write, &device);
 *	fake_pool_reset(1024);    // pool_alloc() has 4 MiB, pool_hpa() is the identity
 *
 * The fakes need no cmocka, so that fuzzers link them too. They are not thread-safe. Handlers may
 *call back into any of these functions (a device model may read guest memory, add events, move the
 *time).
 */
#ifndef FAKES_H
#define FAKES_H

#include <setjmp.h>

#include "base/mmio.h"
#include "base/types.h"

/*
 * Forget everything: handlers, physical memory, events, time, captured log. The pool keeps its
 * memory.
 */
void fakes_reset(void);

/* --- MMIO and ports -------------------------------------------------------------------------- */

/* `offset` counts from the start of the registered range; `width` is 1, 2, 4 or 8 bytes. */
typedef u64 fake_read_fn(void *ctx, u64 offset, unsigned width);
typedef void fake_write_fn(void *ctx, u64 offset, unsigned width, u64 value);

/*
 * Registers at [base, base+size). A range that is added later lies over earlier ones. Where nothing
 * is registered reads give all ones and writes vanish, as on a bus without a taker. An access
 * outside its struct mmio, or unaligned, is a bug of the code under test and aborts.
 */
void fake_mmio_add(hpa_t base, u64 size, fake_read_fn *read, fake_write_fn *write, void *ctx);

/* The same, with plain memory behind it (an ECAM dump, a register file without side effects). */
void fake_mmio_add_memory(hpa_t base, u64 size, void *memory);

/* Remove all ranges that begin at `base` (a device that fell off the bus). */
void fake_mmio_remove(hpa_t base);

/* I/O ports [first, first+count). `offset` counts from `first`. */
void fake_port_add(u16 first, u16 count, fake_read_fn *read, fake_write_fn *write, void *ctx);

/*
 * Let the next `n` calls of mmio_map() succeed and all later ones return `result`; fakes_reset()
 * ends it.
 */
void fake_mmio_map_fail_after(unsigned n, enum err result);

/* --- time ------------------------------------------------------------------------------------ */

/*
 * The clock starts at 0. Each time_now_ns() moves it by `step` (default 1000 ns), so that every
 * bounded wait ends; time_delay_ns(ns) moves it by ns.
 */
void fake_time_set_step(u64 step_ns);
void fake_time_advance(u64 ns);
u64 fake_time_now(void); /* without moving it */

/*
 * Called whenever the time has moved (a device model that finishes work after a while). NULL ends
 * it.
 */
void fake_time_on_advance(void (*hook)(void *ctx, u64 now_ns), void *ctx);

/* --- physical memory ------------------------------------------------------------------------- */

/* Firmware memory for phys_map(): `buffer` appears at [base, base+size). It is not copied. */
void fake_phys_add(hpa_t base, const void *buffer, u64 size);

/*
 * An empty pool with `pages` pages of malloc'ed memory, 2 MiB aligned. 0 frees it (for leak
 * checks).
 */
void fake_pool_reset(u64 pages);

/* --- failure at every step ------------------------------------------------------------------- */

/*
 * The n-th fallible step from now on fails (1 = the next one), once; 0: none does. Steps are all
 * allocations from the pool, all calls of mmio_map(), and whatever a test's stub asks
 *fake_step_fails() about, so that
 *
 *	for (unsigned k = 1; ; k++) { set up; fake_fail_step(k); act; check; if
 *(!fake_step_failed()) break; }
 *
 * meets every single one of them.
 */
void fake_fail_step(unsigned n);
bool fake_step_fails(void);
bool fake_step_failed(void); /* has it come to that? */

/* --- the event log: what happened in which order --------------------------------------------- */

enum fake_event_kind {
	FAKE_MMIO_READ,  /* address, width, value */
	FAKE_MMIO_WRITE, /* address, width, value */
	FAKE_PORT_IN,    /* address = port */
	FAKE_PORT_OUT,
	FAKE_CACHE_WRITE_BACK, /* address = va (= hpa on the host), width = length in bytes */
	FAKE_STORE_FENCE,
	FAKE_FULL_FENCE,
	FAKE_DELAY, /* value = ns */
	FAKE_NOTE,  /* whatever a test or a device model adds */
	FAKE_EVENT_KINDS,
};

struct fake_event {
	enum fake_event_kind kind;
	u64 address;
	u64 width;
	u64 value;
};

/*
 * Everything is recorded but FAKE_MMIO_READ and FAKE_PORT_IN, which polling would flood: switch
 * kinds on or off here. After a million events the log stops recording, for the sake of fuzzers.
 */
void fake_events_record(enum fake_event_kind kind, bool on);
void fake_event_add(enum fake_event_kind kind, u64 address, u64 width, u64 value);
unsigned fake_event_count(void);
const struct fake_event *fake_event(unsigned n); /* n < count; valid until the next event */
void fake_events_clear(void);

/* Called at each store fence; NULL, as after fakes_reset(): nothing. */
extern void (*fake_on_store_fence)(void);

/*
 * Index of the first event from `from` on with this kind and an [address, address+width) that
 * covers `address` (fences, delays: any), or -1.
 */
int fake_event_find(unsigned from, enum fake_event_kind kind, u64 address);

/* True if [va, va+len) was written back completely by events in [from, to). */
bool fake_written_back(unsigned from, unsigned to, const void *va, size_t len);

/* --- cores ----------------------------------------------------------------------------------- */

/* What lapic_id() says; 0 after fakes_reset(). */
void fake_set_lapic_id(u32 id);

/* Call what was set with interrupt_set_handler(); false if nothing was. */
bool fake_interrupt(u8 vector);

/* --- log and bugs ---------------------------------------------------------------------------- */

/*
 * Everything that was logged since fakes_reset(), as one string. fakes_reset() sets the log sink.
 */
const char *fake_log_text(void);
bool fake_log_contains(const char *text);
void fake_log_clear(void);

/*
 * hv_bug() prints and aborts, so that a fuzzer or a test notices it. FAKE_CATCHES_BUG(statement) is
 * true if the statement ended in hv_bug(); its text is fake_bug_text() then. Locks that the
 * statement held stay held.
 */
extern jmp_buf *fake_bug_catcher;
const char *fake_bug_text(void);
#define FAKE_CATCHES_BUG(statement)                                                                \
	({                                                                                         \
		jmp_buf here_;                                                                     \
		volatile bool caught_ = true;                                                      \
		fake_bug_catcher = &here_;                                                         \
		if (setjmp(here_) == 0) {                                                          \
			statement;                                                                 \
			caught_ = false;                                                           \
		}                                                                                  \
		fake_bug_catcher = NULL;                                                           \
		caught_;                                                                           \
	})

#endif
