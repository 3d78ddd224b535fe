/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of this folder share.
 *
 *	dmar.c    firmware's table -> units, scopes, reserved regions        domain.c  domains,
 *attach, map, unmap scope.c   Requester ID -> unit, Requester ID -> reserved region      slpt.c
 *second-stage tables of a domain unit.c    one unit: capabilities, commands, turning it on flush.c
 *every invalidation tables.c  root and context tables of a unit                          fault.c
 *fault records store.c   the only stores to memory that a unit walks                irte.c
 *interrupt remapping table iommu.c   the facade: init, enable, check, facts
 */
#ifndef IOMMU_INTERNAL_H
#define IOMMU_INTERNAL_H

#include "base/log.h"
#include "base/mmio.h"
#include "base/spinlock.h"
#include "iommu/formats.h"
#include "iommu/iommu.h"
#include "iommu/regs.h"
#include "pci/fabric.h"

#define MAX_UNITS    32
#define MAX_SCOPES   256
#define MAX_RESERVED 32
#define MAX_DOMAINS                                                                                \
	128 /* ids 1..127; id 0 is never used: hardware with caching mode tags faults with it      \
	       (§6.2.2) */
#define MAX_LEVELS 4

#define IRT_ENTRIES 4096u /* per unit, 64 KiB */
#define NO_WHY      ((struct why *)NULL)

/* One DMA remapping hardware unit (DRHD). */
struct iommu_unit {
	hpa_t base;
	u16 segment;
	u8 index; /* in vtd.units */
	bool include_all;
	u64 cap, ecap;
	struct mmio regs;
	u32 command; /* GCMD bits that must be rewritten with every command */
	bool dead, translating, remapping, extended_ids;
	char dead_reason[120];

	struct entry128 *root; /* 256 entries, one per bus */
	struct entry128 *queue;
	u32 queue_tail;       /* next free descriptor */
	volatile u32 *status; /* where wait descriptors leave their tag */
	u32 tag; /* of the last wait descriptor: never taken from an older one (XSA-373) */
	struct entry128 *irt;
	u32 irt_used, irt_next;
};

enum scope_type {
	SCOPE_ENDPOINT = 1,
	SCOPE_BRIDGE = 2,
	SCOPE_IOAPIC = 3,
	SCOPE_HPET = 4,
	SCOPE_NAMESPACE = 5
};

/* One device scope of a unit or of a reserved region, with its path already walked (§8.3.1). */
struct scope {
	u8 type;          /* enum scope_type */
	bool of_reserved; /* owner is an index into vtd.reserved, else into vtd.units */
	u8 owner;
	u8 enumeration; /* I/O APIC id, HPET number */
	struct rid target;
	const struct pci_function
		*bridge; /* SCOPE_BRIDGE found on the fabric; its bus range may still grow */
};

/* Memory that firmware wants a device to keep reaching (RMRR, §8.4). */
struct reserved {
	u64 base, limit; /* inclusive */
};

struct iommu_domain {
	bool live;
	char name[24];
	u16 id;
	u64 *root;
	u64 pages;               /* table pages, with the root */
	u16 attached[MAX_UNITS]; /* functions per unit; also counts those whose detaching flush
				    never completed */
};

/* All mutable state of the folder. */
struct vtd {
	struct spinlock lock;
	unsigned units, scopes, reserved_regions;
	struct iommu_unit unit[MAX_UNITS];
	struct scope scope[MAX_SCOPES];
	struct reserved reserved[MAX_RESERVED];
	bool platform_remaps_interrupts; /* DMAR flags bit 0 */
	const char *catch_all_untrusted; /* NULL, or why INCLUDE_PCI_ALL proves nothing */
	const char *reserved_untrusted;  /* NULL, or why a reserved region may be missing */

	/* What all usable units have in common; tables are shared between them. */
	unsigned levels, width, host_width, domain_ids;
	bool coherent, leaf_2m, leaf_1g;

	struct iommu_domain domain[MAX_DOMAINS];
	u64 domain_ids_used[2];
	struct iommu_domain *parking;
	struct iommu_counters counters;
	u64 faults_lost;
	struct rate_limit overflow_log;
};
extern struct vtd vtd;

/*
 * dmar.c: fill units, scopes and reserved regions. Damage is named in the log and remembered, never
 * fatal.
 */
enum err dmar_parse(const struct acpi_header *dmar, struct why *why);

/* scope.c */
const struct reserved *scope_reserved_for(struct rid rid);
void scope_text(const struct iommu_unit *u, char *buf, size_t size);

/* unit.c */
void unit_probe(struct iommu_unit *u);
enum err unit_prepare(struct iommu_unit *u, struct why *why);
enum err unit_turn_on(struct iommu_unit *u, bool x2apic, struct why *why);
enum err unit_flush_write_buffer(struct iommu_unit *u, struct why *why);
void unit_give_up(struct iommu_unit *u, const char *fmt, ...) PRINTF_LIKE(2, 3);
enum err unit_usable(const struct iommu_unit *u, struct rid rid, struct why *why);

/* tables.c */
enum err tables_set(struct iommu_unit *u, struct rid rid, struct iommu_domain *d, struct why *why);
void tables_cut(struct iommu_unit *u, struct rid rid);

/*
 * store.c: stores that hardware may see at any moment, in program order, written back for
 * non-coherent units.
 */
void table_store(u64 *entry, u64 value);
void table_store128(struct entry128 *entry, struct entry128 value);
void *table_alloc(u64 pages);

/* slpt.c: `d->root` of vtd.levels levels. Mapping and unmapping first plan, then cannot fail. */
enum err slpt_map(struct iommu_domain *d, u64 at, u64 to, u64 size, unsigned prot, struct why *why);
enum err slpt_unmap(struct iommu_domain *d, u64 at, u64 size, u64 *flush_at, u64 *flush_size,
		    struct why *why);
void slpt_free(struct iommu_domain *d);

/* flush.c: see the table there. */
enum change {
	CHANGE_ROOT_POINTER,
	CHANGE_ROOT_ENTRY_SET,
	CHANGE_CONTEXT_SET,
	CHANGE_CONTEXT_CLEAR,
	CHANGE_PAGE_SET,
	CHANGE_PAGE_CLEAR,
	CHANGE_IRT_POINTER,
	CHANGE_IRTE_SET,
	CHANGE_IRTE_CLEAR,
	CHANGES,
};
struct flush_target {
	u16 domain_id, source_id, irte_index;
	u64 at, size;
};
enum err flush_after(struct iommu_unit *u, enum change change, const struct flush_target *t,
		     struct why *why);
/* The same on every unit that a function of `d` hangs on. */
enum err flush_domain_pages(struct iommu_domain *d, enum change change, u64 at, u64 size,
			    struct why *why);

/* fault.c */
const char *fault_reason_text(u8 reason);

#endif
