/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VT-d (Intel VT-d specification 4.1): remapping of DMA and of interrupts. Legacy mode, queued
 * invalidation. The public face of the folder; flush.c holds every invalidation, fault.c every
 * fault record.
 */
#ifndef IOMMU_IOMMU_H
#define IOMMU_IOMMU_H

#include "base/acpi.h"
#include "base/types.h"

struct iommu_unit;   /* one DRHD */
struct iommu_domain; /* one set of second-level tables: a VM's RAM, or nothing (the parking domain)
		      */

/* Read-only facts of a unit for the report. */
struct iommu_unit_info {
	hpa_t base;
	u16 segment;
	u64 cap, ecap;
	bool include_all, caching_mode, coherent, eim;
	bool translating, remapping; /* DMA, interrupts: on now */
	unsigned scopes;             /* explicit device scopes */
	const char *dead;            /* NULL, or why the unit was given up */
};

/*
 * Every invalidation we ever queued, by kind: the figures of `make bench`. QEMU's vtd_inv_desc_*
 * trace agrees with them.
 */
struct iommu_counters {
	u64 context_global, context_domain, context_device;
	u64 iotlb_global, iotlb_domain, iotlb_page;
	u64 iec_global, iec_index;
	u64 wait;
};

/* One decoded fault (VT-d chapter 7). */
struct iommu_fault {
	struct rid rid;
	u64 address; /* page address; for interrupt faults the IRTE index */
	u8 reason;
	bool read, interrupt;
	const char *reason_text;
};

/*
 * Find units in DMAR. `dmar` may be NULL: then there are none (ERR_NOT_FOUND). Needs pci_walk()
 * done (scopes are paths). Bad structures are named and skipped; a unit without needed capabilities
 * is kept but unusable, with its reason.
 */
enum err iommu_init(const struct acpi_header *dmar, struct why *why);

/*
 * Turn every unit on: root table, every function of the fabric in the empty parking domain, queued
 * invalidation, DMA remapping, interrupt remapping with compatibility format blocked. Takes over
 * from firmware that left translation on. x2apic: the host's LAPICs are in x2APIC mode (EIME if
 * ECAP.EIM; APIC ids above 254 are refused otherwise). A unit that fails is marked dead and makes
 * the result ERR_DEVICE; the others go on and are usable.
 */
enum err iommu_enable(bool x2apic, struct why *why);

unsigned iommu_unit_count(void);
void iommu_unit_info(unsigned n, struct iommu_unit_info *out);
void iommu_unit_scopes_text(unsigned n, char *buf, size_t size);

/*
 * The unit that remaps this function: explicit scope first (a VF has its PF's), then
 * INCLUDE_PCI_ALL of the segment. NULL = none.
 */
struct iommu_unit *iommu_unit_for(struct rid rid);

/*
 * Can DMA and interrupts of this function be confined? ERR_REFUSED names what is missing: no unit,
 * unit dead, translation off, no interrupt remapping, a reserved region (RMRR) on the device with
 * its range.
 */
enum err iommu_check(struct rid rid, struct why *why);

/* --- domains --- */

#define IOMMU_READ  1u
#define IOMMU_WRITE 2u

/*
 * A domain whose tables every unit can walk (levels = what all units support; `width_bits` is what
 * the VM needs). NULL, and why.
 */
struct iommu_domain *iommu_domain_create(const char *name, unsigned width_bits, struct why *why);

/*
 * Map whole pages. Decode first: nothing is mapped on error. Addresses in 0xFEExxxxx on either side
 * are refused (P2), and so is a range in which something is mapped already. Uses the largest leaves
 * that units and alignment allow. Flushes only what caching mode asks for.
 */
enum err iommu_map(struct iommu_domain *d, iova_t at, hpa_t to, u64 size, unsigned prot,
		   struct why *why);

/*
 * Unmap whole pages, of large leaves too; holes in the range are fine. Returns after the flush has
 * completed. A flush that times out marks the unit dead, cuts bus mastering of its devices and
 * returns ERR_TIMEOUT: the caller must not reuse the memory.
 */
enum err iommu_unmap(struct iommu_domain *d, iova_t at, u64 size, struct why *why);

/*
 * Where would this address go? For tests and `dmar walk`. False if not mapped. `leaf_bytes` may be
 * NULL.
 */
bool iommu_translate(const struct iommu_domain *d, iova_t at, hpa_t *to, unsigned *prot,
		     u64 *leaf_bytes);

/* One entry that a unit reads on the way of a request. */
enum iommu_table {
	IOMMU_TABLE_ROOT,
	IOMMU_TABLE_CONTEXT,
	IOMMU_TABLE_PAGES
};
struct iommu_walk_step {
	enum iommu_table table;
	unsigned level; /* of IOMMU_TABLE_PAGES: 1 maps 4 KiB */
	unsigned index;
	hpa_t at;
	u64 lo, hi;
};

/* Root, context and at most 5 levels. */
#define IOMMU_WALK_STEPS 7
struct iommu_walk {
	hpa_t unit;
	unsigned steps;
	struct iommu_walk_step step[IOMMU_WALK_STEPS];
	u16 domain_id;              /* 0: it did not come so far */
	const char *domain;         /* its name, NULL if none has this id */
	u8 read_fault, write_fault; /* the reason with which it would be blocked, 0 = it passes */
	const char *read_text, *write_text;
	hpa_t to;       /* where it goes, if either passes */
	u64 leaf_bytes; /* 0: neither does */
};

/* What the function's unit would do with a request to `at`, read from its tables. ERR_REFUSED names
 * why there is none. */
enum err iommu_walk(struct rid rid, iova_t at, struct iommu_walk *out, struct why *why) MUST_CHECK;

/*
 * Point the function's context entry at `d` (NULL: the parking domain) and flush: one context, one
 * IOTLB invalidation and one wait; twice that with caching mode, where appearing is a change of its
 * own. Between the two the entry is not present and DMA faults. On ERR_TIMEOUT it stays so, and
 * both the old domain and its memory must be kept.
 */
enum err iommu_attach(struct iommu_domain *d, struct rid rid, struct why *why);

/*
 * ERR_BUSY while a function is attached, or has left through a flush that never completed. Table
 * pages go back to the pool only after the domain's flush has completed.
 */
enum err iommu_domain_destroy(struct iommu_domain *d, struct why *why);

u16 iommu_domain_id(const struct iommu_domain *d);
u64 iommu_domain_pages(const struct iommu_domain *d);
unsigned iommu_domains_used(void); /* with the parking domain */

/* --- interrupts --- */

/* Allocate one IRTE on the unit of `rid` (not present yet). `handle` is unit-local. */
enum err irte_alloc(struct rid rid, u16 *handle, struct why *why);

/*
 * Make it present: fixed delivery of `vector` to `apic_id`, full Requester ID verification (SVT=01,
 * SQ=00). vector 0x10..0xff. Of an entry that is present already it changes the target.
 */
enum err irte_set(struct rid rid, u16 handle, u32 apic_id, u8 vector, struct why *why);

/* Not present + flushed; the handle is reusable only after that. Wrong owner: ERR_INVALID. */
enum err irte_free(struct rid rid, u16 handle, struct why *why);
unsigned irte_used(void);

/* The remappable-format message that a device must send for `handle` (VT-d §5.1.2.2, SHV = 0). */
void irte_message(u16 handle, u64 *address, u32 *data);

/* --- faults --- */

/* The units' own fault event interrupt. The message is not remapped. Also unmasks it. */
void iommu_set_fault_vector(u32 apic_id, u8 vector);

/*
 * Read, decode, clear and report all pending fault records, at most `max`. Returns how many; if
 * that is `max`, there may be more, for which no new interrupt comes. Rate limits are the
 * callback's, which may call back into iommu/.
 */
unsigned iommu_drain_faults(void (*report)(const struct iommu_fault *, void *ctx), void *ctx,
			    unsigned max);

/* How often a unit had no record left and dropped faults. */
u64 iommu_faults_lost(void);

void iommu_counters(struct iommu_counters *out);

#endif
