/* SPDX-License-Identifier: GPL-2.0-only */
/* What the fake VT-d unit does to DMA and interrupts: it walks the tables in memory, and caches. */
#include <string.h>

#include "fake_vtd.h"

#define REASON_ROOT_ABSENT      1
#define REASON_CONTEXT_ABSENT   2
#define REASON_CONTEXT_INVALID  3
#define REASON_ADDRESS          4
#define REASON_WRITE            5
#define REASON_READ             6
#define REASON_ROOT_RESERVED    0xa
#define REASON_CONTEXT_RESERVED 0xb
#define REASON_PAGE_RESERVED    0xc
#define REASON_OUTPUT_INTERRUPT 0xe
#define REASON_MESSAGE          0x20
#define REASON_INDEX            0x21
#define REASON_IRTE_ABSENT      0x22
#define REASON_IRTE_RESERVED    0x24
#define REASON_COMPATIBILITY    0x25
#define REASON_SOURCE           0x26
#define ADDRESS                 BITS64(51, 12)

static const u64 *table(u64 address)
{
	return (const u64 *)(uintptr_t)(address & ADDRESS);
}

static bool caches_faults(const struct fake_vtd *v)
{
	return v->cap & FAKE_CAP_CM;
}

/* --- caches --- */

static struct fake_vtd_cached *cache_find(struct fake_vtd_cached *cache, u16 sid, u64 address)
{
	for (unsigned i = 0; i < FAKE_VTD_CACHE; i++)
		if (cache[i].valid && cache[i].sid == sid &&
		    address - cache[i].page < cache[i].bytes)
			return &cache[i];
	return NULL;
}

static void cache_add(struct fake_vtd_cached *cache, unsigned *next, struct fake_vtd_cached new)
{
	new.valid = true;
	cache[*next] = new;
	*next = (*next + 1) % FAKE_VTD_CACHE;
}

/*
 * An entry of a large page goes only with an invalidation that covers all of it: software must give
 * the address mask of the page (VT-d §6.5.3.2).
 */
static void drop(struct fake_vtd_cached *cache, bool all, bool any_sid, u16 sid, u16 did, u64 at,
		 u64 bytes)
{
	for (unsigned i = 0; i < FAKE_VTD_CACHE; i++) {
		struct fake_vtd_cached *c = &cache[i];
		bool covered = c->page >= at && c->page - at <= bytes - c->bytes;

		if (all ||
		    (c->did == did && (any_sid || c->sid == sid) && bytes >= c->bytes && covered))
			c->valid = false;
	}
}

static void invalidate_iec(struct fake_vtd *v, u64 lo)
{
	bool by_index = fake_bits(lo, 4, 4);
	u64 mask = fake_bits(lo, 31, 27), index = fake_bits(lo, 47, 32);

	for (unsigned i = 0; i < FAKE_VTD_CACHE; i++)
		if (!by_index || (u64)v->iec[i].index >> mask == index >> mask)
			v->iec[i].valid = false;
	if (by_index)
		v->seen.iec_index++;
	else
		v->seen.iec_global++;
}

static void invalidate_context(struct fake_vtd *v, u64 lo)
{
	unsigned g = (unsigned)fake_bits(lo, 5, 4);
	u64 *count[] = { NULL, &v->seen.context_global, &v->seen.context_domain,
			 &v->seen.context_device };

	/* Device-selective matches source id and domain id (§6.5.1.1). */
	drop(v->context, g == 1, g == 2, (u16)fake_bits(lo, 47, 32), (u16)fake_bits(lo, 31, 16), 0,
	     1);
	++*count[g];
}

static void invalidate_iotlb(struct fake_vtd *v, u64 lo, u64 hi)
{
	unsigned g = (unsigned)fake_bits(lo, 5, 4);
	u64 *count[] = { NULL, &v->seen.iotlb_global, &v->seen.iotlb_domain, &v->seen.iotlb_page };
	u64 bytes = 4096ull << fake_bits(hi, 5, 0), at = hi & ~0xfffull & ~(bytes - 1);

	if (g == 2) {
		at = 0;
		bytes = ~0ull;
	}
	drop(v->iotlb, g == 1, true, 0, (u16)fake_bits(lo, 31, 16), at, bytes);
	++*count[g];
}

void fake_vtd_invalidate(struct fake_vtd *v, u64 lo, u64 hi)
{
	if ((lo & 0xf) == 1)
		invalidate_context(v, lo);
	else if ((lo & 0xf) == 2)
		invalidate_iotlb(v, lo, hi);
	else
		invalidate_iec(v, lo);
}

/* --- DMA --- */

/* The context of a function: c->to = address of the second-stage root, c->prot = levels. */
static struct fake_vtd_cached walk_context(const struct fake_vtd *v, u16 sid)
{
	const u64 *root = table(v->root) + (sid >> 8) * 2, *entry;
	struct fake_vtd_cached c = { .sid = sid, .bytes = 1 };

	if (!(root[0] & 1))
		c.reason = REASON_ROOT_ABSENT;
	else if (root[1] || root[0] & BITS64(11, 1))
		c.reason = REASON_ROOT_RESERVED;
	if (c.reason)
		return c;
	entry = table(root[0]) + (sid & 0xff) * 2;
	if (!(entry[0] & 1))
		c.reason = REASON_CONTEXT_ABSENT;
	else if (entry[0] & BITS64(11, 4) || entry[1] & (BITS64(63, 24) | 1ull << 7))
		c.reason = REASON_CONTEXT_RESERVED;
	else if (!(fake_bits(v->cap, 12, 8) >> fake_bits(entry[1], 2, 0) & 1) ||
		 fake_bits(entry[0], 3, 2) || (caches_faults(v) && !fake_bits(entry[1], 23, 8)) ||
		 fake_bits(entry[1], 23, 8) >= 16ull << (2 * (v->cap & FAKE_CAP_ND)))
		c.reason = REASON_CONTEXT_INVALID;
	if (c.reason)
		return c;
	c.did = (u16)fake_bits(entry[1], 23, 8);
	c.to = entry[0] & ADDRESS;
	c.prot = (unsigned)fake_bits(entry[1], 2, 0) + 2;
	return c;
}

static struct fake_vtd_cached get_context(struct fake_vtd *v, u16 sid)
{
	struct fake_vtd_cached *hit = cache_find(v->context, sid, 0), c;

	if (hit)
		return *hit;
	c = walk_context(v, sid);
	if (!c.reason || caches_faults(v))
		cache_add(v->context, &v->next_context, c);
	return c;
}

static bool entry_reserved(const struct fake_vtd *v, u64 e, unsigned level)
{
	bool large = level > 0 && e >> 7 & 1;

	if (e & 1ull << 11)
		return true;
	if (!large)
		return false;
	if (level > 2 || !(fake_bits(v->cap, 37, 34) >> (level - 1) & 1))
		return true;
	return e & BITS64(11 + 9 * level, 12);
}

static struct fake_vtd_cached walk_pages(const struct fake_vtd *v,
					 const struct fake_vtd_cached *context, u64 address)
{
	struct fake_vtd_cached c = {
		.sid = context->sid, .did = context->did, .page = address & ~0xfffull, .bytes = 4096
	};
	unsigned width = MIN(12 + 9 * context->prot, (unsigned)fake_bits(v->cap, 21, 16) + 1);
	u64 at = context->to;

	c.prot = 3;
	if (address >> width) {
		c.reason = REASON_ADDRESS;
		return c;
	}
	for (unsigned level = context->prot; level-- > 0;) {
		u64 e = table(at)[address >> (12 + 9 * level) & 511],
		    bytes = 1ull << (12 + 9 * level);

		c.prot &= (unsigned)(e & 3);
		if (!(e & 3))
			return c;
		if (entry_reserved(v, e, level))
			c.reason = REASON_PAGE_RESERVED;
		if (c.reason)
			return c;
		at = e & ADDRESS;
		if (level == 0 || e >> 7 & 1) {
			c.page = address & ~(bytes - 1);
			c.bytes = bytes;
			c.to = at;
			return c;
		}
	}
	return c;
}

static u8 access(struct fake_vtd *v, const struct fake_vtd_cached *context, u64 address, bool write,
		 u64 *to)
{
	struct fake_vtd_cached *hit = cache_find(v->iotlb, context->sid, address), t;

	if (hit) {
		t = *hit;
	} else {
		t = walk_pages(v, context, address);
		if ((!t.reason && t.prot) || caches_faults(v))
			cache_add(v->iotlb, &v->next_iotlb, t);
	}
	if (t.reason)
		return t.reason;
	if (!(t.prot & (write ? 2u : 1u)))
		return write ? REASON_WRITE : REASON_READ;
	*to = t.to + (address - t.page);
	return *to >> 20 == 0xfee ? REASON_OUTPUT_INTERRUPT : 0;
}

struct fake_vtd_result fake_vtd_dma(struct fake_vtd *v, u16 sid, u64 address, bool write)
{
	struct fake_vtd_result r = { .to = address };
	struct fake_vtd_cached context;

	if (!(v->gsts & FAKE_GSTS_TES)) {
		r.ok = true;
		return r;
	}
	context = get_context(v, sid);
	r.reason = context.reason ? context.reason : access(v, &context, address, write, &r.to);
	r.ok = r.reason == 0;
	if (!r.ok)
		fake_vtd_fault(v, sid, r.reason, address & ~0xfffull, !write);
	return r;
}

/* --- interrupts --- */

static struct fake_vtd_irte get_irte(struct fake_vtd *v, u16 index)
{
	struct fake_vtd_irte e = { .valid = true, .index = index };

	for (unsigned i = 0; i < FAKE_VTD_CACHE; i++)
		if (v->iec[i].valid && v->iec[i].index == index)
			return v->iec[i];
	e.lo = table(v->table)[index * 2];
	e.hi = table(v->table)[index * 2 + 1];
	if (e.lo & 1 || caches_faults(v)) {
		v->iec[v->next_iec] = e;
		v->next_iec = (v->next_iec + 1) % FAKE_VTD_CACHE;
	}
	return e;
}

static u8 check_irte(const struct fake_vtd *v, const struct fake_vtd_irte *e, u16 sid)
{
	u64 destination = fake_bits(e->lo, 63, 32);

	if (!(e->lo & 1))
		return REASON_IRTE_ABSENT;
	if (e->lo & (BITS64(14, 12) | BITS64(31, 24)) || e->hi & BITS64(63, 20) ||
	    (!v->extended_ids && destination & ~0xff00ull))
		return REASON_IRTE_RESERVED;
	/* Everything but "all 16 bits are compared" lets somebody else in; the tests allow nothing
	 * else. */
	if (fake_bits(e->hi, 19, 18) == 1 && fake_bits(e->hi, 17, 16) == 0 &&
	    fake_bits(e->hi, 15, 0) != sid)
		return REASON_SOURCE;
	return 0;
}

struct fake_vtd_result fake_vtd_interrupt(struct fake_vtd *v, u16 sid, u64 address, u32 data)
{
	struct fake_vtd_result r = { .vector = (u8)data,
				     .apic_id = (u32)fake_bits(address, 19, 12) };
	u32 index = (u32)(fake_bits(address, 19, 5) | fake_bits(address, 2, 2) << 15);
	struct fake_vtd_irte e;

	if (fake_bits(address, 3, 3))
		index += data & 0xffff;
	if (!(v->gsts & FAKE_GSTS_IRES)) {
		r.ok = true;
		return r;
	}
	if (!fake_bits(address, 4, 4))
		r.reason = v->gsts & FAKE_GSTS_CFIS ? 0 : REASON_COMPATIBILITY;
	else if (address >> 32 || (fake_bits(address, 3, 3) ? data >> 16 : data))
		r.reason = REASON_MESSAGE;
	else if (index >= v->table_size)
		r.reason = REASON_INDEX;
	if (!r.reason && fake_bits(address, 4, 4)) {
		e = get_irte(v, (u16)index);
		r.reason = check_irte(v, &e, sid);
		r.vector = (u8)fake_bits(e.lo, 23, 16);
		r.apic_id = (u32)(v->extended_ids ? e.lo >> 32 : fake_bits(e.lo, 47, 40));
	}
	r.ok = r.reason == 0;
	if (!r.ok)
		fake_vtd_fault(v, sid, r.reason, (u64)index << 48, false);
	return r;
}
