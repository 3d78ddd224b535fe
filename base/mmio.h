/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Access to device registers and to I/O ports. This is the seam of the whole tree: base/hw/
 * implements it on the target; unit tests and fuzzers link register-level fakes instead
 * (tests/unit/fakes/), which see the host-physical address of every access.
 */
#ifndef BASE_MMIO_H
#define BASE_MMIO_H

#include "base/types.h"

/* A mapped range of device registers, uncached. Copy it freely; it stays mapped for ever. */
struct mmio {
	hpa_t base;
	u64 size;        /* bytes */
	volatile u8 *va; /* private to base/hw/mmio.c; NULL means not mapped */
};

/*
 * Map `size` bytes of device registers at `base` (any alignment) uncached, not executable. Mapping
 * the same range twice gives the same addresses. Returns OK, ERR_NO_MEMORY, or ERR_INVALID for RAM,
 * for zero bytes and beyond MAXPHYADDR.
 */
enum err mmio_map(hpa_t base, u64 size, struct mmio *out) MUST_CHECK;

/*
 * One access of exactly the named width at `offset` bytes. The caller keeps offset + width <=
 * size, naturally aligned.
 */
u8 mmio_read8(const struct mmio *m, u64 offset);
u16 mmio_read16(const struct mmio *m, u64 offset);
u32 mmio_read32(const struct mmio *m, u64 offset);
u64 mmio_read64(const struct mmio *m, u64 offset);
void mmio_write8(const struct mmio *m, u64 offset, u8 value);
void mmio_write16(const struct mmio *m, u64 offset, u16 value);
void mmio_write32(const struct mmio *m, u64 offset, u32 value);
void mmio_write64(const struct mmio *m, u64 offset, u64 value);

/* I/O ports. */
u8 port_in8(u16 port);
u16 port_in16(u16 port);
u32 port_in32(u16 port);
void port_out8(u16 port, u8 value);
void port_out16(u16 port, u16 value);
void port_out32(u16 port, u32 value);

/*
 * Write back the cache lines of [va, va+len) to memory (CLFLUSH), for tables that a non-coherent
 * IOMMU reads (VT-d 4.1 section 6.8). On the host a fake records the call.
 */
void cache_write_back(const void *va, size_t len);

/* All earlier stores are visible before any later one (SFENCE; MFENCE). */
void store_fence(void);
void full_fence(void);

#endif
