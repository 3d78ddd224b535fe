/* SPDX-License-Identifier: GPL-2.0-only */
/* Starting the master drivers: PF first, then its VFs, then its interrupt. What fails costs that PF
 * its VFs, no other. */
#include "base/format.h"
#include "base/hw/cpu.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/string.h"
#include "vmm/assign/internal.h"

#define MASTERS_MAX   32
#define MASTER_PAGES  (ALIGN_UP(sizeof(struct master), PAGE_SIZE) / PAGE_SIZE)
#define PF_MSIX_ENTRY 0 /* one vector of the PF carries all its events */

static struct master *masters[MASTERS_MAX];

/* What a PF itself may reach by DMA. */
static struct pf_memory {
	struct iommu_domain *domain; /* NULL until its driver asks for memory */
	u64 next;                    /* first free address in it */
} memories[MASTERS_MAX];
#define PF_IOVA_FIRST (1 * MiB) /* so that a forgotten address is a fault */
#define PF_IOVA_BITS  32
static unsigned masters_started;
static u8 master_vector; /* 0 = none reserved */

/*
 * A guest makes its PF interrupt with each word in a mailbox, as fast as it is answered, and the
 * boot core would do nothing else. Beyond so many in a service tick the PFs' vectors wait masked;
 * the tick serves them all the same.
 */
#define INTERRUPTS_PER_TICK 50
static unsigned interrupts_in_tick;
static bool by_interrupt[MASTERS_MAX]; /* else by the tick alone */

unsigned master_count(void)
{
	return masters_started;
}

struct master *master(unsigned n)
{
	return n < masters_started ? masters[n] : NULL;
}

static const char *vm_name_of(const struct vf *vf)
{
	const struct vm *vm = vf->owner;
	return vm ? vm->name : "";
}

static struct pf_memory *memory_of(const struct master *m)
{
	unsigned i = 0;
	while (masters[i] != m)
		i++;
	return &memories[i];
}

/* The PF's RID leaves the parking domain for one that holds its own pages and nothing else. */
static enum err open_memory(struct master *m, struct pf_memory *memory, struct why *why)
{
	struct rid rid = m->pf->function->rid;
	enum err e = iommu_check(rid, why);
	if (e)
		return e;
	struct iommu_domain *domain = iommu_domain_create(m->pf->name, PF_IOVA_BITS, why);
	if (!domain)
		return ERR_NO_MEMORY;
	e = iommu_attach(domain, rid, why);
	if (e) {
		if (iommu_domain_destroy(domain, NULL) != OK)
			log_warn("assign", "PF %s: an empty IOMMU domain is lost until reboot",
				 m->pf->name);
		return e;
	}
	*memory = (struct pf_memory){ .domain = domain, .next = PF_IOVA_FIRST };
	return OK;
}

static void *dma_alloc(struct master *m, u64 pages, iova_t *at, struct why *why)
{
	struct pf_memory *memory = memory_of(m);
	if (!memory->domain && open_memory(m, memory, why) != OK)
		return NULL;
	void *p = pool_alloc(POOL_DRIVER, pages, PAGE_SIZE);
	if (!p) {
		fail(why, ERR_NO_MEMORY, m->pf->function->rid, "no %llu pages for its DMA",
		     ULL(pages));
		return NULL;
	}
	*at = iova(memory->next);
	if (iommu_map(memory->domain, *at, pool_hpa(p), pages * PAGE_SIZE, IOMMU_READ | IOMMU_WRITE,
		      why) != OK) {
		pool_free(POOL_DRIVER, p, pages);
		return NULL;
	}
	memory->next += pages * PAGE_SIZE;
	return p;
}

static void mask_vectors(bool masked)
{
	for (unsigned i = 0; i < masters_started; i++)
		if (by_interrupt[i])
			msix_mask_entry(&masters[i]->msix, PF_MSIX_ENTRY, masked);
}

static void serve_all(void)
{
	for (unsigned i = 0; i < masters_started; i++)
		if (!masters[i]->failed)
			masters[i]->driver->service(masters[i]);
	mediation_service();
}

static void on_master_interrupt(u8 vector)
{
	(void)vector;
	serve_all();
	if (++interrupts_in_tick == INTERRUPTS_PER_TICK)
		mask_vectors(true);
}

void masters_service(void)
{
	if (interrupts_in_tick >= INTERRUPTS_PER_TICK)
		mask_vectors(false);
	interrupts_in_tick = 0;
	serve_all();
}

/* igb0, igb1, nvme0: numbered per driver in the order of start, which is that of Requester IDs. */
static void name_pf(struct sriov_pf *pf, const struct master_driver *driver)
{
	unsigned number = 0;
	for (unsigned i = 0; i < masters_started; i++)
		number += masters[i]->driver == driver;
	format(pf->name, sizeof(pf->name), "%s%u", driver->name, number);
}

static struct master *create_master(struct sriov_pf *pf, const struct master_driver *driver,
				    struct why *why)
{
	struct rid rid = pf->function->rid;
	struct master *m = NULL;
	if (masters_started < MASTERS_MAX)
		m = pool_alloc(POOL_DRIVER, MASTER_PAGES, PAGE_SIZE);
	if (!m) {
		fail(why, ERR_NO_MEMORY, rid, "no room for its master driver; %u of %u run",
		     masters_started, MASTERS_MAX);
		return NULL;
	}
	m->driver = driver;
	m->pf = pf;
	m->vm_name_of = vm_name_of;
	m->changed = shared_page_changed;
	m->dma_alloc = dma_alloc;
	name_pf(pf, driver);
	pf->master = m;
	masters[masters_started++] = m;
	return m;
}

/* Each VF gets a context entry of its own into the empty domain before anything can make it a bus
 * master. */
static enum err park_vfs(const struct sriov_pf *pf, struct why *why)
{
	for (unsigned i = 0; i < pf->num_vfs; i++) {
		struct rid rid = pf->vfs[i].rid;
		if (!iommu_unit_for(rid))
			continue; /* without a unit the VF is shown, and refused when a VM asks for
				     it */
		enum err e = iommu_attach(NULL, rid, why);
		if (e)
			return e;
	}
	return OK;
}

static enum err enable_vfs(struct master *m, struct why *why)
{
	enum err e = m->driver->start(m, why);
	if (!e)
		e = sriov_enable(m->pf, 0, m->driver->vf_limit(m->pf), why);
	if (!e)
		e = park_vfs(m->pf, why);
	return e ? e : m->driver->vfs_enabled(m, why);
}

/* The PF's own events, through an IRTE that only its Requester ID may use. */
static enum err enable_interrupt(struct master *m, struct why *why)
{
	struct pci_function *f = m->pf->function;
	u16 handle;
	u64 address;
	u32 data;
	enum err e = iommu_check(f->rid, why);
	if (!e)
		e = master_vector ? OK : irq_vector_reserve(&master_vector, why);
	if (!e)
		e = msix_init(&m->msix, f, f->bars, why);
	if (!e)
		e = irte_alloc(f->rid, &handle, why);
	if (e)
		return e;
	interrupt_set_handler(master_vector, on_master_interrupt);
	e = irte_set(f->rid, handle, cpus[0].apic_id, master_vector, why);
	if (e) {
		if (irte_free(f->rid, handle, NULL) != OK)
			log_warn("assign", "PF %s: IRTE %u is lost until reboot", m->pf->name,
				 handle);
		return e;
	}
	irte_message(handle, &address, &data);
	msix_write_entry(&m->msix, PF_MSIX_ENTRY, address, data, false);
	msix_set_control(&m->msix, true, false);
	return m->driver->enable_interrupt(m, PF_MSIX_ENTRY, why);
}

static void start_one(struct sriov_pf *pf, const struct master_driver *driver)
{
	struct why why = { .rid = pf->function->rid };
	struct master *m = create_master(pf, driver, &why);
	if (!m || enable_vfs(m, &why) != OK) {
		if (m)
			m->failed = true;
		log_error("assign", "PF %s (" RID_FMT ") gives no VFs: %s", pf->name,
			  RID_ARG(pf->function->rid), why.text);
		return;
	}
	by_interrupt[masters_started - 1] = enable_interrupt(m, &why) == OK;
	if (!by_interrupt[masters_started - 1])
		log_warn("assign",
			 "PF %s (" RID_FMT ") is polled every 10 ms instead of by interrupt: %s",
			 pf->name, RID_ARG(pf->function->rid), why.text);
	log_info("assign", "PF %s (" RID_FMT "): driver %s, %u of %u VFs", pf->name,
		 RID_ARG(pf->function->rid), driver->name, pf->num_vfs, pf->total_vfs);
}

static u32 order_of(const struct sriov_pf *pf)
{
	return (u32)pf->function->rid.segment << 16 | pf->function->rid.id;
}

/* The PF with the lowest Requester ID above `after`; NULL when there is none. `first` ignores
 * `after`. */
static struct sriov_pf *next_pf(u32 after, bool first)
{
	struct sriov_pf *best = NULL;
	for (unsigned i = 0; i < sriov_pf_count(); i++) {
		struct sriov_pf *pf = sriov_pf(i);
		if ((first || order_of(pf) > after) && (!best || order_of(pf) < order_of(best)))
			best = pf;
	}
	return best;
}

void masters_start(void)
{
	irq_routes_init();
	masters_started = 0;
	memset(memories, 0, sizeof(memories));
	memset(by_interrupt, 0, sizeof(by_interrupt));
	interrupts_in_tick = 0;
	master_vector = 0;
	for (struct sriov_pf *pf = next_pf(0, true); pf; pf = next_pf(order_of(pf), false)) {
		const struct master_driver *driver = master_driver_for(pf->function);
		if (driver)
			start_one(pf, driver);
		else
			log_info(
				"assign",
				"PF %s (" RID_FMT
				", %04x:%04x) has no master driver in this build: its VFs stay off",
				pf->name, RID_ARG(pf->function->rid), pf->function->vendor,
				pf->function->device);
	}
}
