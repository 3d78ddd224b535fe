/* SPDX-License-Identifier: GPL-2.0-only */
/* What the machine of world.h has instead of VT-x, VT-d, the walk and a master driver. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/hw/cpu.h"
#include "pci/path.h"
#include "vmm/guest/acpi_tables.h"
#include "vmm/life.h"
#include "vmm/ui/console.h"
#include "vmm/vmx/vmx.h"
#include "vmm/world.h"

#define TSC_KHZ 2000000

#define FIRST_APIC_ID 16

static interrupt_handler *handlers[256];

/* What a test wants this step to do, or failure because it is this step's turn (fakes/fakes.h). */
static enum err step(enum err wanted)
{
	return wanted == OK && fake_step_fails() ? ERR_TIMEOUT : wanted;
}

/* --- cores, vCPUs --- */

struct cpu *this_cpu(void)
{
	return &cpus[world.core];
}

void interrupt_set_handler(u8 vector, interrupt_handler *handler)
{
	handlers[vector] = handler;
}

void world_interrupt(unsigned core, u8 vector)
{
	unsigned before = world.core;
	world.core = core;
	assert_non_null(handlers[vector]);
	handlers[vector](vector);
	world.core = before;
}

u64 time_tsc_khz(void)
{
	return TSC_KHZ;
}

void vcpu_kick(struct vcpu *v)
{
	world.kicks++;
	world.kicked_index = v->index;
}

void vm_end(struct vm *vm, s64 status, const char *fmt, ...)
{
	va_list args;
	(void)vm;
	va_start(args, fmt);
	vsnprintf(world.end_text, sizeof(world.end_text), fmt, args);
	va_end(args);
	world.end_status = status;
	world.ended = true;
}

void vm_restart(struct vm *vm, const char *who)
{
	vm_end(vm, 0, "restarted by %s", who);
}

/* An AML table with no content: what iasl makes of vmm/guest/dsdt.asl is tested by its users. */
const u8 guest_dsdt[] = "DSDT";
const u32 guest_dsdt_bytes = sizeof(guest_dsdt);

u64 vcpu_rip(struct vcpu *v)
{
	(void)v;
	return world.rip;
}

u64 vcpu_rsp(struct vcpu *v)
{
	(void)v;
	return world.rsp;
}

void vcpu_set_rsp(struct vcpu *v, u64 value)
{
	(void)v;
	world.rsp = value;
}

u64 vcpu_cr0(struct vcpu *v)
{
	(void)v;
	return world.cr0;
}

u64 vcpu_cr3(struct vcpu *v)
{
	(void)v;
	return world.cr3;
}

u64 vcpu_cr4(struct vcpu *v)
{
	(void)v;
	return world.cr4;
}

u64 vcpu_efer(struct vcpu *v)
{
	(void)v;
	return world.efer;
}

u64 vcpu_cs_base(struct vcpu *v)
{
	(void)v;
	return world.cs_base;
}

unsigned vcpu_privilege(struct vcpu *v)
{
	(void)v;
	return world.privilege;
}

bool vcpu_cs_long(struct vcpu *v)
{
	(void)v;
	return world.long_mode;
}

bool vcpu_cs_default_32(struct vcpu *v)
{
	(void)v;
	return world.default_32;
}

/* --- COM1: every finished line is shown; what has no line yet is not looked at here --- */

void console_vm_output(const struct vm *vm, const char *text, size_t len)
{
	(void)vm, (void)text, (void)len;
}

bool console_vm_takes_line(const struct vm *vm, u32 *skipped)
{
	(void)vm;
	*skipped = 0;
	return true;
}

/* --- EPT --- */

enum err ept_map(struct vm *vm, gpa_t at, hpa_t to, u64 size, unsigned prot, bool uncached,
		 struct why *why)
{
	enum err e = step(world.ept);
	(void)vm;
	if (e)
		return fail(why, e, RID_NONE, "no EPT pages");
	assert_true(world.mappings < WORLD_MAPPINGS);
	assert_null(world_ept(at.v));
	world.mapping[world.mappings++] =
		(struct world_mapping){ at.v, to.v, size, prot, uncached };
	return OK;
}

void ept_unmap(struct vm *vm, gpa_t at, u64 size)
{
	(void)vm;
	fake_event_add(FAKE_NOTE, NOTE_EPT_UNMAP, size, at.v);
	for (unsigned i = 0; i < world.mappings;) {
		struct world_mapping *m = &world.mapping[i];
		if (m->gpa >= at.v && m->gpa + m->size <= at.v + size)
			*m = world.mapping[--world.mappings];
		else
			i++;
	}
}

void ept_flush_pending(struct cpu *c)
{
	(void)c;
	world.flushes++;
}

/* --- IOMMU --- */

struct iommu_domain {
	u16 id;
	u64 bytes;
	unsigned attached;
};
static struct iommu_domain domains[4];

struct iommu_unit *iommu_unit_for(struct rid rid)
{
	(void)rid;
	return world.iommu ? NULL : (struct iommu_unit *)&domains;
}

enum err iommu_check(struct rid rid, struct why *why)
{
	return world.iommu ? fail(why, world.iommu, rid, "no DMAR in this machine") : OK;
}

struct iommu_domain *iommu_domain_create(const char *name, unsigned width_bits, struct why *why)
{
	(void)name;
	assert_true(BIT64(width_bits) >= WORLD_RAM);
	enum err e = step(world.domain);
	if (e) {
		fail(why, e, RID_NONE, "no domain ids left");
		return NULL;
	}
	world.domains++;
	world.domain_bits = width_bits;
	domains[world.domains % 4] = (struct iommu_domain){ .id = (u16)world.domains };
	return &domains[world.domains % 4];
}

enum err iommu_map(struct iommu_domain *d, iova_t at, hpa_t to, u64 size, unsigned prot,
		   struct why *why)
{
	enum err e = step(world.map);
	if (e)
		return fail(why, e, RID_NONE, "no table pages");
	if (at.v) {
		assert_true(world.extras < WORLD_MAPPINGS);
		world.extra[world.extras++] =
			(struct world_mapping){ at.v, to.v, size, prot, false };
		return OK;
	}
	assert_int_equal(prot, IOMMU_READ | IOMMU_WRITE);
	d->bytes = size;
	return OK;
}

enum err iommu_attach(struct iommu_domain *d, struct rid rid, struct why *why)
{
	enum err e = step(d ? world.attach : world.attach_back);
	fake_event_add(FAKE_NOTE, NOTE_ATTACH, d ? d->id : 0, rid.id);
	for (unsigned i = 0; i < WORLD_VFS; i++)
		if (rid_equal(world.vf[i].rid, rid) && (d || !e))
			world.reaches_ram[i] = d;
	return e ? fail(why, e, rid, "invalidation wait timed out") : OK;
}

enum err iommu_domain_destroy(struct iommu_domain *d, struct why *why)
{
	fake_event_add(FAKE_NOTE, NOTE_DOMAIN_DESTROY, 0, d->id);
	return step(world.attach_back) ? fail(why, ERR_BUSY, RID_NONE, "a function is attached")
				       : OK;
}

u16 iommu_domain_id(const struct iommu_domain *d)
{
	return d->id;
}

enum err irte_alloc(struct rid rid, u16 *handle, struct why *why)
{
	enum err e = step(world.irte_alloc);
	if (e)
		return fail(why, e, rid, "all 65536 IRTEs are in use");
	for (u16 i = 0; i < WORLD_IRTES; i++)
		if (!world.irte[i].used) {
			world.irte[i] = (struct world_irte){ .used = true, .rid = rid };
			*handle = i;
			return OK;
		}
	fail_msg("the test uses more than %d IRTEs", WORLD_IRTES);
	return ERR_NO_SPACE;
}

enum err irte_set(struct rid rid, u16 handle, u32 apic_id, u8 vector, struct why *why)
{
	struct world_irte *i = &world.irte[handle];
	assert_true(i->used && rid_equal(i->rid, rid));
	fake_event_add(FAKE_NOTE, NOTE_IRTE_SET, 0, handle);
	if (world.irte_set)
		return fail(why, world.irte_set, rid, "APIC id 300 is above 255");
	enum err e = step(OK);
	if (!e)
		memset(i->reaches, 0, sizeof(i->reaches));
	i->reaches[apic_id - FIRST_APIC_ID][vector] = true;
	if (e)
		return fail(why, e, rid, "interrupt entry cache flush timed out");
	i->live = true;
	i->apic_id = apic_id;
	i->vector = vector;
	return OK;
}

enum err irte_free(struct rid rid, u16 handle, struct why *why)
{
	assert_true(world.irte[handle].used && rid_equal(world.irte[handle].rid, rid));
	fake_event_add(FAKE_NOTE, NOTE_IRTE_FREE, 0, handle);
	enum err e = step(world.irte_free);
	if (e)
		return fail(why, e, rid, "interrupt entry cache flush timed out");
	world.irte[handle] = (struct world_irte){ 0 };
	return OK;
}

unsigned world_reachable(unsigned core)
{
	unsigned n = 0;
	for (unsigned v = 0; v < 256; v++) {
		bool any = false;
		for (unsigned i = 0; i < WORLD_IRTES; i++)
			any |= world.irte[i].reaches[core][v] &&
			       !rid_equal(world.irte[i].rid, world.pf_function.rid);
		n += any;
	}
	return n;
}

void irte_message(u16 handle, u64 *address, u32 *data)
{
	*address = 0xfee00010ull | (u64)handle << 5;
	*data = 0;
}

/* --- the fabric --- */

unsigned sriov_pf_count(void)
{
	return 1;
}

struct sriov_pf *sriov_pf(unsigned n)
{
	(void)n;
	return &world.pf;
}

enum err sriov_enable(struct sriov_pf *pf, unsigned wanted, unsigned limit, struct why *why)
{
	(void)wanted, (void)why;
	assert_int_equal(limit, 7);
	pf->num_vfs = WORLD_VFS;
	return OK;
}

enum err acs_check(const struct pci_function *f, bool (*unsafe_ok)(struct rid),
		   struct acs_verdict *out, struct why *why)
{
	memset(out, 0, sizeof(*out));
	if (!world.acs)
		return OK;
	if (unsafe_ok && unsafe_ok((struct rid){ 0, 0x10 })) {
		out->by_override = true;
		snprintf(out->text, sizeof(out->text), "00:02.0 has no ACS");
		return OK;
	}
	out->missing = ACS_REQUIRED;
	(void)f;
	return fail(why, world.acs, (struct rid){ 0, 0x10 },
		    "00:02.0 has no ACS; need SV RR CR UF");
}

/* --- a master driver that writes down what it is told --- */

static unsigned driver_limit(const struct sriov_pf *pf)
{
	(void)pf;
	return 7;
}

static enum err driver_start(struct master *m, struct why *why)
{
	return world.start
		       ? fail(why, world.start, m->pf->function->rid, "the PF's reset did not end")
		       : OK;
}

static enum err driver_interrupt(struct master *m, u16 index, struct why *why)
{
	(void)m, (void)index, (void)why;
	return OK;
}

static enum err driver_check(struct master *m, const struct vf *vf, const struct vf_policy *policy,
			     struct why *why)
{
	(void)m, (void)policy;
	enum err e = step(world.policy);
	return e ? fail(why, e, vf->rid, "rate=9000M is more than the link's 1000M") : OK;
}

static enum err driver_prepare(struct master *m, struct vf *vf, const struct vf_policy *policy,
			       struct why *why)
{
	(void)m, (void)policy;
	fake_event_add(FAKE_NOTE, NOTE_PREPARE, 0, vf->index);
	enum err e = step(world.prepare);
	return e ? fail(why, e, vf->rid, "the namespace is gone") : OK;
}

static enum err driver_reset_done(struct master *m, struct vf *vf, bool keep_policy,
				  struct why *why)
{
	(void)m;
	fake_event_add(FAKE_NOTE, keep_policy ? NOTE_REOPEN : NOTE_WIPE, 0, vf->index);
	enum err e = step(world.reset_done);
	return e ? fail(why, e, vf->rid, "it stays offline") : OK;
}

static void driver_quiesce(struct master *m, struct vf *vf)
{
	(void)m;
	fake_event_add(FAKE_NOTE, NOTE_QUIESCE, 0, vf->index);
}

void faults_settle(void)
{
	fake_event_add(FAKE_NOTE, NOTE_SETTLE, 0, world.vf[0].state);
}

static void driver_service(struct master *m)
{
	(void)m;
	world.services++;
}

static void driver_fill(struct master *m, const struct vf *vf, struct coppice_vf_page *page)
{
	(void)m;
	world.fills++;
	page->link_up = 1;
	page->mtu = 1500 + vf->index;
}

static const struct master_driver driver = {
	.name = "igb",
	.vf_class = "net",
	.vf_limit = driver_limit,
	.start = driver_start,
	.vfs_enabled = driver_start,
	.enable_interrupt = driver_interrupt,
	.check_policy = driver_check,
	.prepare_vf = driver_prepare,
	.vf_reset_done = driver_reset_done,
	.quiesce_vf = driver_quiesce,
	.service = driver_service,
	.fill_page = driver_fill,
};

const struct master_driver *master_driver_for(const struct pci_function *pf)
{
	(void)pf;
	return &driver;
}
