/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VT-d remapping registers and the bits that we use. Intel VT-d specification chapter 11; section
 * numbers in this folder were checked against revision 5.10 (D51397-018). Offsets are bytes from
 * the unit's base.
 *
 * The width is part of a register's type: 64-bit accesses of a 32-bit register are undefined
 * (§11.2), and QEMU aborts on some of them.
 */
#ifndef IOMMU_REGS_H
#define IOMMU_REGS_H

#include "base/mmio.h"
#include "base/types.h"

enum vtd_reg32 {
	VTD_VER = 0x000,     /* Version                          §11.4.1   */
	VTD_GCMD = 0x018,    /* Global Command                   §11.4.4.1 */
	VTD_GSTS = 0x01c,    /* Global Status                    §11.4.4.2 */
	VTD_FSTS = 0x034,    /* Fault Status                     §11.4.7.1 */
	VTD_FECTL = 0x038,   /* Fault Event Control              §11.4.7.2 */
	VTD_FEDATA = 0x03c,  /* Fault Event Data                 §11.4.7.3 */
	VTD_FEADDR = 0x040,  /* Fault Event Address              §11.4.7.4 */
	VTD_FEUADDR = 0x044, /* Fault Event Upper Address        §11.4.7.5 */
	VTD_PMEN = 0x064,    /* Protected Memory Enable          §11.4.8.1 */
};

enum vtd_reg64 {
	VTD_CAP = 0x008,    /* Capability                        §11.4.2   */
	VTD_ECAP = 0x010,   /* Extended Capability               §11.4.3   */
	VTD_RTADDR = 0x020, /* Root Table Address                §11.4.5   */
	VTD_IQH = 0x080,    /* Invalidation Queue Head           §11.4.9.1 */
	VTD_IQT = 0x088,    /* Invalidation Queue Tail           §11.4.9.2 */
	VTD_IQA = 0x090,    /* Invalidation Queue Address        §11.4.9.3 */
	VTD_IQERCD = 0x0b0, /* Invalidation Queue Error Record   §11.4.9.9 */
	VTD_IRTA = 0x0b8,   /* Interrupt Remapping Table Address §11.4.10  */
};

#define VTD_REGISTER_BYTES                                                                         \
	0x100u /* all of the above lie below this; fault records wherever CAP.FRO says */

/* Capability, §11.4.2. */
#define CAP_ND(cap)    ((unsigned)((cap)&7)) /* 2^(4 + 2*ND) domain ids */
#define CAP_RWBF       BIT64(4) /* software must flush the root complex's write buffer */
#define CAP_PLMR       BIT64(5) /* protected low memory region */
#define CAP_PHMR       BIT64(6) /* protected high memory region */
#define CAP_CM         BIT64(7) /* caching mode: not-present entries may be cached */
#define CAP_SAGAW(cap) ((unsigned)((cap) >> 8 & 0x1f)) /* bit n: tables of n + 2 levels */
#define CAP_MGAW(cap)                                                                              \
	((unsigned)((cap) >> 16 & 0x3f) + 1) /* widest address that a device may use, bits */
#define CAP_FRO(cap)                                                                               \
	((u64)((cap) >> 24 & 0x3ff) * 16) /* offset of the fault recording registers               \
					   */
#define CAP_SLLPS(cap)                                                                             \
	((unsigned)((cap) >> 34 & 0xf)) /* bit 0: 2 MiB leaves, bit 1: 1 GiB leaves */
#define CAP_PSI BIT64(39)               /* page-selective invalidation */
#define CAP_NFR(cap)                                                                               \
	((unsigned)((cap) >> 40 & 0xff) + 1) /* number of fault recording registers                \
					      */
#define CAP_MAMV(cap)                                                                              \
	((unsigned)((cap) >> 48 & 0x3f)) /* largest address mask of an invalidation                \
					  */
#define CAP_DWD BIT64(54)                /* drains writes on invalidation */
#define CAP_DRD BIT64(55)                /* drains reads on invalidation */

#define SAGAW_LEVELS(levels) BIT((levels)-2)

/* Extended Capability, §11.4.3. */
#define ECAP_C   BIT64(0) /* page walks snoop the processor caches */
#define ECAP_QI  BIT64(1) /* queued invalidation */
#define ECAP_IR  BIT64(3) /* interrupt remapping */
#define ECAP_EIM BIT64(4) /* 32-bit destination ids (x2APIC) */

/* Global Command and Global Status have the same layout, §11.4.4. */
#define GCMD_TE         BIT(31) /* DMA remapping */
#define GCMD_SRTP       BIT(30) /* one shot: take RTADDR */
#define GCMD_WBF        BIT(27) /* one shot: flush the write buffer; status shows it running */
#define GCMD_QIE        BIT(26) /* queued invalidation */
#define GCMD_IRE        BIT(25) /* interrupt remapping */
#define GCMD_SIRTP      BIT(24) /* one shot: take IRTA */
#define GCMD_CFI        BIT(23) /* let compatibility-format interrupts pass: never set by us (P3) */
#define GCMD_PERSISTENT (GCMD_TE | GCMD_QIE | GCMD_IRE | GCMD_CFI)

/* Fault Status, §11.4.7.1. Errors and overflow are cleared by writing ones. */
#define FSTS_PFO          BIT(0) /* a fault was lost: all records were in use */
#define FSTS_PPF          BIT(1) /* some record holds a fault */
#define FSTS_IQE          BIT(4) /* the queue stopped at a bad descriptor */
#define FSTS_ICE          BIT(5) /* wrong answer from a device's own TLB */
#define FSTS_ITE          BIT(6) /* no answer from a device's own TLB */
#define FSTS_QUEUE_ERRORS (FSTS_IQE | FSTS_ICE | FSTS_ITE)
#define FSTS_FRI(fsts)    ((fsts) >> 8 & 0xff) /* index of the oldest record */

#define FECTL_IM BIT(31) /* fault event masked, §11.4.7.2 */

/* Fault Recording Register: low and high half, §11.4.7.6. */
#define FRCD_BYTES         16u
#define FRCD_HI            8u      /* offset of the high half */
#define FRCD_TOP           12u     /* offset of its upper 32 bits */
#define FRCD_TOP_F         BIT(31) /* there, bit 127: a fault is recorded; write 1 to clear */
#define FRCD_HI_F          BIT64(63)
#define FRCD_HI_READ       BIT64(62) /* type bit 1: a read (or, with type bit 2, an atomic) */
#define FRCD_HI_REASON(hi) ((u8)((hi) >> 32))
#define FRCD_HI_SID(hi)    ((u16)(hi))
#define FRCD_LO_PAGE(lo)   ((lo)&BITS64(63, 12))
#define FRCD_LO_INDEX(lo)  ((lo) >> 48) /* interrupt faults: the IRTE's index */

#define PMEN_EPM BIT(31) /* protected memory enable, §11.4.8.1 */
#define PMEN_PRS BIT(0)  /* protected memory is on */

#define IQ_OFFSET(reg) ((reg)&BITS64(18, 4)) /* head and tail count bytes */

#define IRTA_EIME BIT64(11) /* destination ids are 32-bit */

static inline u32 vtd_read32(const struct mmio *m, enum vtd_reg32 r)
{
	return mmio_read32(m, r);
}
static inline u64 vtd_read64(const struct mmio *m, enum vtd_reg64 r)
{
	return mmio_read64(m, r);
}
static inline void vtd_write32(const struct mmio *m, enum vtd_reg32 r, u32 v)
{
	mmio_write32(m, r, v);
}
static inline void vtd_write64(const struct mmio *m, enum vtd_reg64 r, u64 v)
{
	mmio_write64(m, r, v);
}

#endif
