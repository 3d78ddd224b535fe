/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of iommu/ share: a DMAR table built piece by piece, a small fabric, and the fake
 * unit with everything turned on. The store log: every store of iommu/store.c is a FAKE_NOTE event
 * (address, 8, value).
 */
#ifndef IOMMU_HARNESS_H
#define IOMMU_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fakes/fake_vtd.h"
#include "fakes/fakes.h"
#include "iommu/iommu.h"
#include "pci/fabric.h"
#include "pci/sriov.h"

#define UNIT_BASE  0xfed90000ull
#define UNIT2_BASE 0xfed91000ull
#define POOL_PAGES 640
#define FEW_PAGES  64

/* --- DMAR --- */

#define DMAR_INTR_REMAP  1
#define DRHD_INCLUDE_ALL 1
enum {
	SCOPE_EP = 1,
	SCOPE_BR = 2,
	SCOPE_IO = 3,
	SCOPE_HP = 4,
	SCOPE_NS = 5
};

void dmar_begin(unsigned host_width, u8 flags);
void dmar_drhd(u8 flags, u16 segment, u64 base);
void dmar_rmrr(u16 segment, u64 base, u64 limit);
void dmar_other(u16 type, unsigned bytes);
/* To the last structure; the path is device << 3 | function per step. */
void dmar_scope(u8 type, u8 enumeration, u8 bus, unsigned steps, const u8 *path);
#define SCOPE(type, enumeration, bus, ...)                                                         \
	dmar_scope(type, enumeration, bus, sizeof((const u8[]){ __VA_ARGS__ }),                    \
		   (const u8[]){ __VA_ARGS__ })
#define DF(device, function) ((device) << 3 | (function))
u8 *dmar_bytes(void);
u32 dmar_length(void);
/* Length and checksum filled in. */
const struct acpi_header *dmar_table(void);

/* --- fabric --- */

/*
 *	00:00.0 host bridge	00:02.0 root port -> bus 1	00:03.0 root port -> buses 2..4
 *	01:00.0 PF, VFs 01:10.0, 01:10.2; 00:1f.0		02:00.0 switch -> buses 3..4;
 *03:01.0
 *-> bus 4; 04:00.0
 */
void fabric_reset(void);
void fabric_standard(void);
struct pci_function *fabric_add(struct rid rid);
struct pci_function *fabric_bridge(struct rid rid, u8 secondary, u8 subordinate);
struct pci_function *fabric_vf(struct rid rid, struct pci_function *pf);
bool bus_master(struct rid rid);

#define HOST_BRIDGE rid_make(0, 0, 0, 0)
#define ISA_BRIDGE  rid_make(0, 0, 31, 0)
#define ROOT_PORT_1 rid_make(0, 0, 2, 0)
#define ROOT_PORT_2 rid_make(0, 0, 3, 0)
#define PF          rid_make(0, 1, 0, 0)
#define VF0         rid_make(0, 1, 16, 0)
#define VF1         rid_make(0, 1, 16, 2)
#define SWITCH_UP   rid_make(0, 2, 0, 0)
#define SWITCH_DOWN rid_make(0, 3, 1, 0)
#define DEEP        rid_make(0, 4, 0, 0)

/* --- the unit --- */

extern struct fake_vtd unit;
extern struct why why;

/* Fakes, pool, fabric and a DMAR like QEMU's: one unit with explicit scopes for the root bus. */
void begin(u64 cap, u64 ecap);
extern u64 pool_pages; /* for begin(): POOL_PAGES unless a test needs speed */
void dmar_like_qemu(void);
/* The same, and turned on. */
void begin_on(u64 cap, u64 ecap);
struct iommu_counters counted(void);
/* Only these counters differ from `before`, by these amounts; the unit saw the same. */
void expect_flushes(struct iommu_counters before, struct iommu_counters expected);

struct iommu_domain *new_domain(const char *name);
void map(struct iommu_domain *d, u64 at, u64 to, u64 size);
void unmap(struct iommu_domain *d, u64 at, u64 size);
void attach(struct iommu_domain *d, struct rid rid);
/* Does a write by `rid` to `at` arrive at `to`? */
bool reaches(struct rid rid, u64 at, u64 to);
bool faults(struct rid rid, u64 at, u8 reason);
bool why_says(const char *text);

/* --- store log --- */

/* Index of the first logged store to `entry` from event `from` on, or -1. */
int store_find(unsigned from, const void *entry);

#endif
