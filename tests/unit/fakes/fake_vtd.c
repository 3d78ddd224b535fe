/* SPDX-License-Identifier: GPL-2.0-only */
/* Registers and invalidation queue of the fake VT-d unit. */
#include "fake_vtd.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fakes.h"

/* Offsets, VT-d chapter 11. */
enum {
	R_VER = 0x00,
	R_CAP = 0x08,
	R_ECAP = 0x10,
	R_GCMD = 0x18,
	R_GSTS = 0x1c,
	R_RTADDR = 0x20,
	R_FSTS = 0x34,
	R_FECTL = 0x38,
	R_FEDATA = 0x3c,
	R_FEADDR = 0x40,
	R_FEUADDR = 0x44,
	R_PMEN = 0x64,
	R_IQH = 0x80,
	R_IQT = 0x88,
	R_IQA = 0x90,
	R_IQERCD = 0xb0,
	R_IRTA = 0xb8,
};

enum {
	CMD_TE = 31,
	CMD_SRTP = 30,
	CMD_WBF = 27,
	CMD_QIE = 26,
	CMD_IRE = 25,
	CMD_SIRTP = 24,
	CMD_CFI = 23,
};
#define PERSISTENT (1u << CMD_TE | 1u << CMD_QIE | 1u << CMD_IRE | 1u << CMD_CFI)

#define FSTS_PFO    1u
#define FSTS_PPF    2u
#define FSTS_IQE    (1u << 4)
#define FSTS_ERRORS (7u << 4)
#define RECORD_F    (1ull << 63)

u64 fake_bits(u64 value, unsigned hi, unsigned lo)
{
	return value >> lo & (~0ull >> (63 - (hi - lo)));
}

static void complain(const struct fake_vtd *v, const char *fmt, ...)
	__attribute__((noreturn, format(printf, 2, 3)));
static void complain(const struct fake_vtd *v, const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "fake_vtd 0x%" PRIx64 ": ", v->base.v);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "\n");
	abort();
}

static unsigned records(const struct fake_vtd *v)
{
	return (unsigned)fake_bits(v->cap, 47, 40) + 1;
}

static u64 record_offset(const struct fake_vtd *v)
{
	return fake_bits(v->cap, 33, 24) * 16;
}

static void update_pending(struct fake_vtd *v)
{
	v->fsts &= ~(FSTS_PPF | 0xff00u);
	for (unsigned i = records(v); i-- > 0;) {
		unsigned oldest = (v->next_record + i) % records(v);

		if (v->record[oldest][1] & RECORD_F)
			v->fsts = (v->fsts & ~0xff00u) | FSTS_PPF | oldest << 8;
	}
}

void fake_vtd_fault(struct fake_vtd *v, u16 sid, u8 reason, u64 info, bool read)
{
	u64 *r = v->record[v->next_record];
	bool was_pending = v->fsts & FSTS_PPF;

	if (v->fsts & FSTS_PFO)
		return;
	if (r[1] & RECORD_F) {
		v->fsts |= FSTS_PFO;
		return;
	}
	r[0] = info;
	/* The PASID bits hold garbage, as QEMU's do. */
	r[1] = RECORD_F | (read ? 1ull << 62 : 0) | 0xffffull << 40 | (u64)reason << 32 | sid;
	v->next_record = (v->next_record + 1) % records(v);
	update_pending(v);
	if (!was_pending && !(v->fectl >> 31))
		v->fault_events++;
}

/* --- the queue --- */

static void write_status(u64 address, u32 tag)
{
	*(volatile u32 *)(uintptr_t)address = tag;
}

static void time_moved(void *ctx, u64 now)
{
	struct fake_vtd *v = ctx;

	if (v->late.pending && now >= v->late.due) {
		v->late.pending = false;
		write_status(v->late.address, v->late.tag);
	}
}

static void wait_descriptor(struct fake_vtd *v, u64 lo, u64 hi)
{
	u32 tag = (u32)(lo >> 32) + v->tag_error;

	v->seen.wait++;
	if (!(lo & 1u << 5))
		complain(v, "a wait descriptor without status write");
	if (!v->wait_delay_ns) {
		write_status(hi, tag);
		return;
	}
	v->late.pending = true;
	v->late.due = fake_time_now() + v->wait_delay_ns;
	v->late.address = hi;
	v->late.tag = tag;
	fake_time_on_advance(time_moved, v);
}

/* Reserved bits of each descriptor in a queue of 128-bit descriptors, §6.5.2. */
static bool descriptor_valid(const struct fake_vtd *v, u64 lo, u64 hi)
{
	unsigned g = (unsigned)fake_bits(lo, 5, 4);

	switch (lo & 0xf) {
	case 1: return g != 0 && (lo & (BITS64(63, 50) | BITS64(15, 6))) == 0 && hi == 0;
	case 2:
		return g != 0 && (lo & (BITS64(63, 32) | BITS64(15, 8))) == 0 &&
		       (hi & BITS64(11, 7)) == 0 &&
		       (g != 3 || (fake_bits(v->cap, 39, 39) &&
				   fake_bits(hi, 5, 0) <= fake_bits(v->cap, 53, 48)));
	case 4: return (lo & (BITS64(63, 48) | BITS64(26, 5))) == 0 && hi == 0;
	case 5: return (lo & BITS64(31, 8)) == 0 && (hi & 3) == 0;
	default: return false;
	}
}

static void execute(struct fake_vtd *v, u64 lo, u64 hi)
{
	v->last_was_wait = (lo & 0xf) == 5;
	if (v->descriptors < FAKE_VTD_DESCRIPTORS) {
		v->descriptor[v->descriptors][0] = lo;
		v->descriptor[v->descriptors++][1] = hi;
	}
	if (v->last_was_wait)
		wait_descriptor(v, lo, hi);
	else
		fake_vtd_invalidate(v, lo, hi);
}

static void run_queue(struct fake_vtd *v)
{
	const u64 *queue = (const u64 *)(uintptr_t)(v->iqa & ~0xfffull);
	u64 bytes = 4096ull << fake_bits(v->iqa, 2, 0);

	while (v->gsts & FAKE_GSTS_QIES && !v->stalled && v->iqh != v->iqt &&
	       !(v->fsts & FSTS_ERRORS)) {
		u64 lo = queue[v->iqh / 8], hi = queue[v->iqh / 8 + 1];

		v->fsts |= v->fail_queue;
		v->fail_queue = 0;
		if (v->fsts & FSTS_ERRORS)
			return;
		if (!descriptor_valid(v, lo, hi)) {
			v->fsts |= FSTS_IQE;
			return;
		}
		execute(v, lo, hi);
		v->iqh = (v->iqh + 16) % bytes;
	}
}

/* --- commands --- */

static void take_root(struct fake_vtd *v)
{
	if (v->rtaddr & 0xfff)
		complain(v, "root table address 0x%" PRIx64 ": not legacy mode", v->rtaddr);
	v->root = v->rtaddr;
	v->root_set++;
}

static void take_table(struct fake_vtd *v)
{
	v->table = v->irta & ~0xfffull;
	v->table_size = 2ull << fake_bits(v->irta, 3, 0);
	v->extended_ids = fake_bits(v->irta, 11, 11);
	if (v->extended_ids && !(v->ecap & FAKE_ECAP_EIM))
		complain(v, "EIME without ECAP.EIM");
	v->table_set++;
}

static void check_command(const struct fake_vtd *v, u32 value, u32 changed)
{
	unsigned fields = (unsigned)__builtin_popcount(changed) +
			  (unsigned)__builtin_popcount(
				  value & (1u << CMD_SRTP | 1u << CMD_SIRTP | 1u << CMD_WBF));

	if (fields > 1)
		complain(v, "GCMD 0x%x changes %u fields at once", value, fields);
	if (changed & value & 1u << CMD_TE && !v->root_set)
		complain(v, "translation goes on without a root table");
	if (changed & value & 1u << CMD_IRE && !v->table_set)
		complain(v, "interrupt remapping goes on without a table");
	if (changed & value & 1u << CMD_QIE && (v->iqt || !v->iqa))
		complain(v, "the queue goes on with tail 0x%" PRIx64, v->iqt);
}

static void command(struct fake_vtd *v, u32 value)
{
	u32 changed = (value ^ v->gsts) & PERSISTENT;

	check_command(v, value, changed);
	changed &= ~v->stuck;
	if (changed & 1u << CMD_QIE && !(value & 1u << CMD_QIE)) {
		if (v->iqh != v->iqt || (v->strict_quiesce && !v->last_was_wait))
			changed &= ~(1u << CMD_QIE);
		else
			v->iqh = 0;
	}
	v->gsts ^= changed;
	if (value & 1u << CMD_SRTP && !(v->stuck & 1u << CMD_SRTP)) {
		take_root(v);
		v->gsts |= 1u << CMD_SRTP;
	}
	if (value & 1u << CMD_SIRTP && !(v->stuck & 1u << CMD_SIRTP)) {
		take_table(v);
		v->gsts |= 1u << CMD_SIRTP;
	}
	if (value & 1u << CMD_WBF)
		v->write_buffer_flushes++;
}

/* --- registers --- */

static const struct {
	u16 offset;
	u8 width;
} registers[] = {
	{ R_VER, 4 },     { R_CAP, 8 },  { R_ECAP, 8 },  { R_GCMD, 4 },   { R_GSTS, 4 },
	{ R_RTADDR, 8 },  { R_FSTS, 4 }, { R_FECTL, 4 }, { R_FEDATA, 4 }, { R_FEADDR, 4 },
	{ R_FEUADDR, 4 }, { R_PMEN, 4 }, { R_IQH, 8 },   { R_IQT, 8 },    { R_IQA, 8 },
	{ R_IQERCD, 8 },  { R_IRTA, 8 },
};

static bool in_records(const struct fake_vtd *v, u64 offset)
{
	return offset >= record_offset(v) && offset < record_offset(v) + 16ull * records(v);
}

static void check_width(const struct fake_vtd *v, u64 offset, unsigned width, const char *what)
{
	if (in_records(v, offset))
		return;
	for (unsigned i = 0; i < ARRAY_LEN(registers); i++)
		if (registers[i].offset == offset && registers[i].width == width)
			return;
	complain(v, "%s of %u bytes at offset 0x%" PRIx64, what, width, offset);
}

static u64 read(void *ctx, u64 offset, unsigned width)
{
	struct fake_vtd *v = ctx;

	if (v->gone)
		return ~0ull;
	check_width(v, offset, width, "read");
	if (in_records(v, offset)) {
		offset -= record_offset(v);
		return v->record[offset / 16][offset % 16 / 8] >> offset % 8 * 8;
	}
	switch (offset) {
	case R_VER: return 0x10;
	case R_CAP: return v->cap;
	case R_ECAP: return v->ecap;
	case R_GSTS: return v->gsts;
	case R_RTADDR: return v->rtaddr;
	case R_FSTS: return v->fsts;
	case R_FECTL: return v->fectl;
	case R_FEDATA: return v->fedata;
	case R_FEADDR: return v->feaddr;
	case R_FEUADDR: return v->feuaddr;
	case R_PMEN: return v->pmen;
	case R_IQH: return v->iqh;
	case R_IQT: return v->iqt;
	case R_IQA: return v->iqa;
	case R_IRTA: return v->irta;
	default: return 0;
	}
}

static void write_record(struct fake_vtd *v, u64 offset, unsigned width, u64 value)
{
	u64 *r = v->record[offset / 16];

	if (width != 4 || offset % 16 != 12)
		complain(v, "write of %u bytes into a fault record at %" PRIu64, width, offset);
	if (value >> 31)
		r[1] &= ~RECORD_F;
	update_pending(v);
}

static void write(void *ctx, u64 offset, unsigned width, u64 value)
{
	struct fake_vtd *v = ctx;

	check_width(v, offset, width, "write");
	if (in_records(v, offset)) {
		write_record(v, offset - record_offset(v), width, value);
		return;
	}
	switch (offset) {
	case R_GCMD: command(v, (u32)value); break;
	case R_RTADDR: v->rtaddr = value; break;
	case R_FSTS:
		v->fsts &= ~((u32)value & (FSTS_PFO | FSTS_ERRORS));
		run_queue(v);
		break;
	case R_FECTL: v->fectl = (u32)value; break;
	case R_FEDATA: v->fedata = (u32)value; break;
	case R_FEADDR: v->feaddr = (u32)value; break;
	case R_FEUADDR: v->feuaddr = (u32)value; break;
	case R_PMEN:
		v->pmen = (value >> 31 ? 1u << 31 : 0) |
			  (v->stuck & 1 ? v->pmen & 1 : (u32)(value >> 31));
		break;
	case R_IQT:
		v->iqt = value;
		run_queue(v);
		break;
	case R_IQA: v->iqa = value; break;
	case R_IRTA: v->irta = value; break;
	default: complain(v, "write to the read-only register 0x%" PRIx64, offset);
	}
}

void fake_vtd_add(struct fake_vtd *v, hpa_t base, u64 cap, u64 ecap)
{
	memset(v, 0, sizeof(*v));
	v->base = base;
	v->cap = cap;
	v->ecap = ecap;
	v->fectl = 1u << 31; /* masked after reset */
	if (records(v) > FAKE_VTD_RECORDS)
		complain(v, "more fault records than the fake has");
	fake_mmio_add(base, MAX(0x1000ull, record_offset(v) + 16ull * records(v)), read, write, v);
}
