/* SPDX-License-Identifier: GPL-2.0-only */
#include "harness.h"

#include <string.h>

#include "base/pool.h"

#define PCI_COMMAND_OFFSET 4
#define BUS_MASTER         4
#define FABRIC_MAX         64

struct fake_vtd unit;
struct why why;
u64 pool_pages = POOL_PAGES;

/* --- DMAR --- */

static u8 dmar[8192] __attribute__((aligned(16)));
static u32 dmar_used, dmar_last;

static void put(u64 value, unsigned bytes)
{
	memcpy(dmar + dmar_used, &value, bytes);
	dmar_used += bytes;
}

void dmar_begin(unsigned host_width, u8 flags)
{
	memset(dmar, 0, sizeof(dmar));
	memcpy(dmar, "DMAR", 4);
	dmar[8] = 1;
	dmar[36] = (u8)(host_width - 1);
	dmar[37] = flags;
	dmar_used = 48;
}

static void structure(u16 type, u16 length)
{
	dmar_last = dmar_used;
	put(type, 2);
	put(length, 2);
}

void dmar_drhd(u8 flags, u16 segment, u64 base)
{
	structure(0, 16);
	put(flags, 1);
	put(0, 1);
	put(segment, 2);
	put(base, 8);
}

void dmar_rmrr(u16 segment, u64 base, u64 limit)
{
	structure(1, 24);
	put(0, 2);
	put(segment, 2);
	put(base, 8);
	put(limit, 8);
}

void dmar_other(u16 type, unsigned bytes)
{
	structure(type, (u16)bytes);
	dmar_used += bytes - 4;
}

void dmar_scope(u8 type, u8 enumeration, u8 bus, unsigned steps, const u8 *path)
{
	put(type, 1);
	put(6 + 2 * steps, 1);
	put(0, 2);
	put(enumeration, 1);
	put(bus, 1);
	for (unsigned i = 0; i < steps; i++) {
		put(path[i] >> 3, 1);
		put(path[i] & 7, 1);
	}
	dmar[dmar_last + 2] = (u8)(dmar_used - dmar_last);
	dmar[dmar_last + 3] = (u8)((dmar_used - dmar_last) >> 8);
}

u8 *dmar_bytes(void)
{
	return dmar;
}

u32 dmar_length(void)
{
	return dmar_used;
}

const struct acpi_header *dmar_table(void)
{
	struct acpi_header *h = (struct acpi_header *)dmar;
	u8 sum = 0;

	h->length = dmar_used;
	h->checksum = 0;
	for (u32 i = 0; i < dmar_used; i++)
		sum += dmar[i];
	h->checksum = (u8)-sum;
	return h;
}

/* --- fabric: stands in for pci/ --- */

static struct pci_function functions[FABRIC_MAX];
static u16 commands[FABRIC_MAX];
static unsigned function_count;
static struct sriov_pf pf;

unsigned pci_function_count(void)
{
	return function_count;
}

struct pci_function *pci_function(unsigned n)
{
	return &functions[n];
}

struct pci_function *pci_find(struct rid rid)
{
	for (unsigned i = 0; i < function_count; i++)
		if (rid_equal(functions[i].rid, rid))
			return &functions[i];
	return NULL;
}

u16 pci_read16(struct rid rid, u16 offset)
{
	struct pci_function *f = pci_find(rid);

	return f && offset == PCI_COMMAND_OFFSET ? commands[f - functions] : 0xffff;
}

void pci_write16(struct rid rid, u16 offset, u16 value)
{
	struct pci_function *f = pci_find(rid);

	assert_non_null(f);
	assert_int_equal(offset, PCI_COMMAND_OFFSET);
	commands[f - functions] = value;
}

bool bus_master(struct rid rid)
{
	return pci_read16(rid, PCI_COMMAND_OFFSET) & BUS_MASTER;
}

void fabric_reset(void)
{
	memset(functions, 0, sizeof(functions));
	function_count = 0;
	pf = (struct sriov_pf){ 0 };
}

struct pci_function *fabric_add(struct rid rid)
{
	struct pci_function *f = &functions[function_count];

	assert_true(function_count < FABRIC_MAX);
	commands[function_count++] = 7;
	*f = (struct pci_function){ .rid = rid };
	return f;
}

struct pci_function *fabric_bridge(struct rid rid, u8 secondary, u8 subordinate)
{
	struct pci_function *f = fabric_add(rid);

	f->header_type = 1;
	f->secondary = secondary;
	f->subordinate = subordinate;
	return f;
}

struct pci_function *fabric_vf(struct rid rid, struct pci_function *of)
{
	struct pci_function *f = fabric_add(rid);

	pf.function = of;
	of->pf = &pf;
	f->vf_of = &pf;
	return f;
}

void fabric_standard(void)
{
	struct pci_function *the_pf;

	fabric_reset();
	fabric_add(HOST_BRIDGE);
	fabric_bridge(ROOT_PORT_1, 1, 1);
	the_pf = fabric_add(PF);
	fabric_bridge(ROOT_PORT_2, 2, 4);
	fabric_bridge(SWITCH_UP, 3, 4);
	fabric_bridge(SWITCH_DOWN, 4, 4);
	fabric_add(DEEP);
	fabric_add(ISA_BRIDGE);
	fabric_vf(VF0, the_pf);
	fabric_vf(VF1, the_pf);
}

/* --- the unit --- */

void dmar_like_qemu(void)
{
	dmar_begin(48, DMAR_INTR_REMAP);
	dmar_drhd(0, 0, UNIT_BASE);
	SCOPE(SCOPE_IO, 0, 0xff, DF(0, 0));
	SCOPE(SCOPE_EP, 0, 0, DF(0, 0));
	SCOPE(SCOPE_BR, 0, 0, DF(2, 0));
	SCOPE(SCOPE_BR, 0, 0, DF(3, 0));
	SCOPE(SCOPE_EP, 0, 0, DF(31, 0));
}

void begin(u64 cap, u64 ecap)
{
	fakes_reset();
	fake_pool_reset(pool_pages);
	fabric_standard();
	fake_vtd_add(&unit, hpa(UNIT_BASE), cap, ecap);
	dmar_like_qemu();
	memset(&why, 0, sizeof(why));
}

void begin_on(u64 cap, u64 ecap)
{
	begin(cap, ecap);
	assert_int_equal(iommu_init(dmar_table(), &why), OK);
	assert_int_equal(iommu_enable(false, &why), OK);
}

struct iommu_counters counted(void)
{
	struct iommu_counters c;

	iommu_counters(&c);
	return c;
}

void expect_flushes(struct iommu_counters before, struct iommu_counters expected)
{
	struct iommu_counters now = counted();

	assert_int_equal(now.context_global, before.context_global + expected.context_global);
	assert_int_equal(now.context_domain, before.context_domain + expected.context_domain);
	assert_int_equal(now.context_device, before.context_device + expected.context_device);
	assert_int_equal(now.iotlb_global, before.iotlb_global + expected.iotlb_global);
	assert_int_equal(now.iotlb_domain, before.iotlb_domain + expected.iotlb_domain);
	assert_int_equal(now.iotlb_page, before.iotlb_page + expected.iotlb_page);
	assert_int_equal(now.iec_global, before.iec_global + expected.iec_global);
	assert_int_equal(now.iec_index, before.iec_index + expected.iec_index);
	assert_int_equal(now.wait, before.wait + expected.wait);
	assert_memory_equal(&now, &unit.seen, sizeof(now));
}

struct iommu_domain *new_domain(const char *name)
{
	struct iommu_domain *d = iommu_domain_create(name, 39, &why);

	assert_non_null(d);
	return d;
}

void map(struct iommu_domain *d, u64 at, u64 to, u64 size)
{
	assert_int_equal(iommu_map(d, iova(at), hpa(to), size, IOMMU_READ | IOMMU_WRITE, &why), OK);
}

void unmap(struct iommu_domain *d, u64 at, u64 size)
{
	assert_int_equal(iommu_unmap(d, iova(at), size, &why), OK);
}

void attach(struct iommu_domain *d, struct rid rid)
{
	assert_int_equal(iommu_attach(d, rid, &why), OK);
}

bool reaches(struct rid rid, u64 at, u64 to)
{
	struct fake_vtd_result r = fake_vtd_dma(&unit, rid.id, at, true);

	return r.ok && r.to == to;
}

bool faults(struct rid rid, u64 at, u8 reason)
{
	struct fake_vtd_result r = fake_vtd_dma(&unit, rid.id, at, true);

	return !r.ok && r.reason == reason;
}

bool why_says(const char *text)
{
	if (strstr(why.text, text))
		return true;
	print_message("why: %s\n", why.text);
	return false;
}

int store_find(unsigned from, const void *entry)
{
	return fake_event_find(from, FAKE_NOTE, (uintptr_t)entry);
}
