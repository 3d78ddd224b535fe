/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A VT-d unit at register level, written from the specification and not from iommu/, so that each
 * checks the other. It runs the invalidation queue when IQT is written, walks the real tables in
 * memory to say what a DMA or an interrupt would do, and caches as boldly as hardware may: a
 * missing flush shows as a stale translation. What no unit would accept (wrong access width, two
 * commands at once, a queue that starts with a stale tail) aborts the test.
 *
 *	struct fake_vtd v;
 *	fakes_reset();
 *	fake_vtd_add(&v, hpa(0xfed90000), FAKE_VTD_CAP, FAKE_VTD_ECAP);
 *	... iommu_init(), iommu_enable() ...
 *	assert_true(fake_vtd_dma(&v, rid.id, 0x1000, true).ok);
 *
 * On the host physical addresses are pointers.
 */
#ifndef FAKE_VTD_H
#define FAKE_VTD_H

#include "base/types.h"
#include "iommu/iommu.h"

/* What QEMU's unit shows: 39 and 48 bits, 2 MiB and 1 GiB leaves, queue, interrupt remapping. */
#define FAKE_VTD_CAP  0x00d2008c222f0606ull
#define FAKE_VTD_ECAP 0x0000000000f00f4bull /* and coherent, unlike QEMU's */

/* Bits of both, for tests that take something away or add it. */
#define FAKE_CAP_RWBF  (1ull << 4)
#define FAKE_CAP_PLMR  (1ull << 5)
#define FAKE_CAP_CM    (1ull << 7)
#define FAKE_CAP_SAGAW (0x1full << 8)
#define FAKE_CAP_MGAW  (0x3full << 16)
#define FAKE_CAP_SLLPS (0xfull << 34)
#define FAKE_CAP_PSI   (1ull << 39)
#define FAKE_CAP_NFR   (0xffull << 40)
#define FAKE_CAP_MAMV  (0x3full << 48)
#define FAKE_CAP_DRAIN (3ull << 54)
#define FAKE_CAP_ND    7ull
#define FAKE_ECAP_C    (1ull << 0)
#define FAKE_ECAP_QI   (1ull << 1)
#define FAKE_ECAP_IR   (1ull << 3)
#define FAKE_ECAP_EIM  (1ull << 4)

/* Global status bits, as firmware may have left them. */
#define FAKE_GSTS_TES  (1u << 31)
#define FAKE_GSTS_RTPS (1u << 30)
#define FAKE_GSTS_QIES (1u << 26)
#define FAKE_GSTS_IRES (1u << 25)
#define FAKE_GSTS_CFIS (1u << 23)

#define FAKE_VTD_RECORDS     8
#define FAKE_VTD_CACHE       512
#define FAKE_VTD_DESCRIPTORS 4096

struct fake_vtd_cached {
	bool valid;
	u16 sid, did;
	u64 page, bytes; /* address range of the translation */
	u64 to;
	unsigned prot;
	u8 reason; /* 0, or the cached fault (caching mode) */
};

struct fake_vtd {
	hpa_t base;
	u64 cap, ecap;
	/* Registers. */
	u32 gsts, fsts, fectl, fedata, feaddr, feuaddr, pmen;
	u64 rtaddr, irta, iqa, iqh, iqt;
	u64 root, table, table_size; /* taken by SRTP and SIRTP */
	bool extended_ids;
	u64 record[FAKE_VTD_RECORDS][2];
	unsigned next_record;

	/* Switches. */
	bool gone;           /* everything reads all ones */
	bool stalled;        /* the queue is not executed */
	bool strict_quiesce; /* QEMU: QIE cannot be cleared before a wait descriptor was the last
				one */
	u32 stuck;           /* status bits that never change again */
	u64 wait_delay_ns;   /* status writes come that much later */
	u32 tag_error;       /* added to the tag that wait descriptors write */
	u32 fail_queue;      /* 1 << 4 (IQE) or 1 << 6 (ITE): the next batch ends in this error */

	/* What happened. */
	struct iommu_counters seen;
	u64 descriptor[FAKE_VTD_DESCRIPTORS][2];
	unsigned descriptors;
	unsigned root_set, table_set, write_buffer_flushes, fault_events;
	bool last_was_wait;

	/* Caches. */
	struct fake_vtd_cached context[FAKE_VTD_CACHE], iotlb[FAKE_VTD_CACHE];
	struct fake_vtd_irte {
		bool valid;
		u16 index;
		u64 lo, hi;
	} iec[FAKE_VTD_CACHE];
	unsigned next_context, next_iotlb, next_iec;
	/* Late completions. */
	struct {
		bool pending;
		u64 due, address;
		u32 tag;
	} late;
};

void fake_vtd_add(struct fake_vtd *v, hpa_t base, u64 cap, u64 ecap);

/* What becomes of one access of a device. Faults are recorded as hardware does. */
struct fake_vtd_result {
	bool ok;
	u8 reason;
	u64 to;      /* DMA: the host-physical address */
	u32 apic_id; /* interrupts */
	u8 vector;
};
struct fake_vtd_result fake_vtd_dma(struct fake_vtd *v, u16 sid, u64 address, bool write);

/* A device's write of `data` to `address` in 0xFEExxxxx. */
struct fake_vtd_result fake_vtd_interrupt(struct fake_vtd *v, u16 sid, u64 address, u32 data);

/* Put a fault on record as hardware does (overflow included). */
void fake_vtd_fault(struct fake_vtd *v, u16 sid, u8 reason, u64 info, bool read);

/* For the parts of the fake. */
void fake_vtd_invalidate(struct fake_vtd *v, u64 lo, u64 hi);
u64 fake_bits(u64 value, unsigned hi, unsigned lo);

#endif
