/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What VT-d reads from memory: root, context, second-stage and interrupt entries, invalidation
 * descriptors. Encoders only; nothing outside this file shifts bits into place. No bit-fields:
 * their layout is the compiler's.
 */
#ifndef IOMMU_FORMATS_H
#define IOMMU_FORMATS_H

#include "base/types.h"

/* A 16-byte entry of a table or of the queue. Hardware looks at `lo` first for the present bit. */
struct entry128 {
	u64 lo, hi;
};
_Static_assert(sizeof(struct entry128) == 16, "VT-d §9.1, §9.3, §9.9: entries of 128 bits");

#define ENTRY_PRESENT     BIT64(0)
#define ENTRY_ADDRESS     BITS64(51, 12)
#define TABLE_ENTRIES_128 256u /* per 4 KiB page */
#define TABLE_ENTRIES_64  512u

/* Root entry, §9.1. */
static inline struct entry128 root_entry(hpa_t context_table)
{
	return (struct entry128){ context_table.v | ENTRY_PRESENT, 0 };
}

/*
 * Context entry, §9.3. Translation type 00b: untranslated requests go through the tables;
 * translated ones (ATS) are blocked, since a device that answers its own translation requests
 * escapes the tables. Faults are recorded (FPD = 0).
 */
static inline struct entry128 context_entry(hpa_t root, unsigned levels, u16 domain_id)
{
	return (struct entry128){ root.v | ENTRY_PRESENT, (u64)domain_id << 8 | (levels - 2) };
}
static inline u16 context_domain_id(struct entry128 e)
{
	return (u16)(e.hi >> 8);
}

/*
 * Second-stage paging entry, §9.8. Bits 3..6 and 8..11 stay zero: reserved in legacy mode or
 * ignored.
 */
#define SLPT_READ    BIT64(0)
#define SLPT_WRITE   BIT64(1)
#define SLPT_PRESENT (SLPT_READ | SLPT_WRITE)
#define SLPT_LARGE   BIT64(7) /* a leaf above the last level */

/* Interrupt remapping table entry for remapped interrupts, §9.9. */
#define IRTE_CLAIMED                                                                               \
	BIT64(8) /* software's: handed out, maybe not present. Bits 11:8 are ignored by hardware   \
		  */
#define IRTE_VECTOR(lo)      ((u8)((lo) >> 16))
#define IRTE_DESTINATION(lo) ((u32)((lo) >> 32))
#define IRTE_SID(hi)         ((u16)(hi))
#define IRTE_SQ(hi)          ((unsigned)((hi) >> 16 & 3))
#define IRTE_SVT(hi)         ((unsigned)((hi) >> 18 & 3))
#define IRTE_SVT_ALL_BITS                                                                          \
	1ull /* SVT = 01b: compare the Requester ID as SQ says; SQ = 00b: all 16 bits */

/*
 * Fixed delivery, edge, physical destination. The whole Requester ID is verified, so that a
 * function can raise only what it owns. `extended`: the table holds 32-bit destination ids
 * (IRTA.EIME), otherwise the id sits in bits 47:40.
 */
static inline struct entry128 irte_remapped(u16 source_id, u32 apic_id, u8 vector, bool extended)
{
	u64 destination = extended ? apic_id : (u64)(apic_id & 0xff) << 8;

	return (struct entry128){ destination << 32 | (u64)vector << 16 | IRTE_CLAIMED |
					  ENTRY_PRESENT,
				  IRTE_SVT_ALL_BITS << 18 | source_id };
}

/* Owned by `source_id` but not present: an interrupt through it faults. */
static inline struct entry128 irte_claimed(u16 source_id)
{
	return (struct entry128){ IRTE_CLAIMED, IRTE_SVT_ALL_BITS << 18 | source_id };
}

/* Invalidation descriptors, §6.5.2. */
#define DESC_CONTEXT         0x1u
#define DESC_IOTLB           0x2u
#define DESC_IEC             0x4u
#define DESC_WAIT            0x5u
#define DESC_TYPE(lo)        ((unsigned)((lo)&0xf))
#define DESC_GRANULARITY(lo) ((unsigned)((lo) >> 4 & 3))
#define DESC_GLOBAL          1u
#define DESC_DOMAIN          2u
#define DESC_SELECTIVE       3u /* context: one device; IOTLB: pages within a domain */

/* Context-cache invalidate, §6.5.2.1; function mask 00b: exactly this source id. */
static inline struct entry128 desc_context(unsigned granularity, u16 domain_id, u16 source_id)
{
	return (struct entry128){
		DESC_CONTEXT | granularity << 4 | (u64)domain_id << 16 | (u64)source_id << 32, 0
	};
}

/* IOTLB invalidate, §6.5.2.3. IH = 0: the paging-structure caches go too. */
#define DESC_IOTLB_DRAIN_WRITES BIT64(6)
#define DESC_IOTLB_DRAIN_READS  BIT64(7)
static inline struct entry128 desc_iotlb(unsigned granularity, u64 drain, u16 domain_id, u64 page,
					 unsigned mask)
{
	return (struct entry128){ DESC_IOTLB | granularity << 4 | drain | (u64)domain_id << 16,
				  page | mask };
}

/* Interrupt entry cache invalidate, §6.5.2.8. */
#define DESC_IEC_INDEX BIT64(4)
static inline struct entry128 desc_iec_global(void)
{
	return (struct entry128){ DESC_IEC, 0 };
}
static inline struct entry128 desc_iec_index(u16 index)
{
	return (struct entry128){ DESC_IEC | DESC_IEC_INDEX | (u64)index << 32, 0 };
}

/*
 * Invalidation wait, §6.5.2.9: writes `tag` to `status`, and nothing behind it starts earlier (FN).
 */
#define DESC_WAIT_STATUS_WRITE BIT64(5)
#define DESC_WAIT_FENCE        BIT64(6)
static inline struct entry128 desc_wait(hpa_t status, u32 tag)
{
	return (struct entry128){
		DESC_WAIT | DESC_WAIT_STATUS_WRITE | DESC_WAIT_FENCE | (u64)tag << 32, status.v
	};
}

/*
 * Device writes to this range are interrupts, never DMA (§3.15): nothing may be mapped there or to
 * there.
 */
#define INTERRUPT_RANGE_FIRST 0xfee00000ull
#define INTERRUPT_RANGE_LAST  0xfeefffffull

#endif
