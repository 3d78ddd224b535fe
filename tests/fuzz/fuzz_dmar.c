// SPDX-License-Identifier: GPL-2.0-only
/*
 * Firmware's DMAR table as input: parsed, units turned on as far as they exist, and every function
 * asked for. Nothing in it may crash us, and what iommu_check() allows must really be translated.
 *
 * The first bytes choose which capabilities the two fake units show; the rest is the table.
 */
#include <stdlib.h>
#include <string.h>

#include "base/acpi.h"
#include "base/panic.h"
#include "base/pool.h"
#include "fakes/fake_vtd.h"
#include "fakes/fakes.h"
#include "iommu/iommu.h"
#include "pci/config.h"
#include "pci/fabric.h"
#include "pci/sriov.h"

#define BASE_1           0xfed90000ull
#define BASE_2           0xfed91000ull
#define POOL_PAGES       64
#define HEADER_BYTES     36u
#define CAP_VARIANT_MASK (FAKE_CAP_CM | FAKE_CAP_SAGAW | FAKE_CAP_SLLPS | FAKE_CAP_PSI)

static struct fake_vtd unit_1, unit_2;
static struct sriov_pf pf;

/* The fabric: a root port with a PF and its VF behind it, a device on bus 0, one of segment 1. */
static struct pci_function functions[] = {
	{ .rid = { 0, 0x0000 } },
	{ .rid = { 0, 0x0010 }, .header_type = 1, .secondary = 1, .subordinate = 1 },
	{ .rid = { 0, 0x0100 }, .pf = &pf },
	{ .rid = { 0, 0x00f8 } },
	{ .rid = { 1, 0x0000 } },
	{ .rid = { 0, 0x0180 }, .vf_of = &pf },
};

unsigned pci_function_count(void)
{
	return ARRAY_LEN(functions);
}

struct pci_function *pci_function(unsigned n)
{
	return &functions[n];
}

struct pci_function *pci_find(struct rid rid)
{
	for (unsigned i = 0; i < ARRAY_LEN(functions); i++)
		if (rid_equal(functions[i].rid, rid))
			return &functions[i];
	return NULL;
}

u16 pci_read16(struct rid rid, u16 offset)
{
	(void)rid;
	(void)offset;
	return 0;
}

void pci_write16(struct rid rid, u16 offset, u16 value)
{
	(void)rid;
	(void)offset;
	(void)value;
}

static void check_function(struct rid rid)
{
	struct iommu_domain *d;
	struct why why;
	u64 faults = 0;

	if (iommu_check(rid, &why) != OK) {
		HV_ASSERT(why.code == ERR_REFUSED && why.text[0]);
		return;
	}
	HV_ASSERT(iommu_unit_for(rid));
	/* Parked: whichever unit it is under, one of ours, a DMA does not get through. */
	faults += !fake_vtd_dma(&unit_1, rid.id, 0x1000, true).ok;
	faults += !fake_vtd_dma(&unit_2, rid.id, 0x1000, true).ok;
	HV_ASSERT(faults >= 1);
	d = iommu_domain_create("fuzz", 30, &why);
	if (!d)
		return;
	HV_ASSERT(iommu_attach(d, rid, &why) == OK);
	HV_ASSERT(iommu_attach(NULL, rid, &why) == OK);
	HV_ASSERT(iommu_domain_destroy(d, &why) == OK);
}

static void check_facts(void)
{
	struct iommu_unit_info info;
	char text[100];

	for (unsigned i = 0; i < iommu_unit_count(); i++) {
		iommu_unit_info(i, &info);
		iommu_unit_scopes_text(i, text, sizeof(text));
		HV_ASSERT(strlen(text) < sizeof(text));
		HV_ASSERT(info.dead || info.translating);
	}
}

static u64 variant(u64 good, u64 mask, u8 bits)
{
	return (good & ~mask) | ((good ^ bits * 0x0101010101010101ull) & mask);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct acpi_header *table;
	struct why why;

	if (size < 2 + HEADER_BYTES)
		return 0;
	fakes_reset();
	fake_pool_reset(POOL_PAGES);
	pf.function = &functions[2];
	fake_vtd_add(&unit_1, hpa(BASE_1), variant(FAKE_VTD_CAP, CAP_VARIANT_MASK, data[0]),
		     FAKE_VTD_ECAP);
	fake_vtd_add(&unit_2, hpa(BASE_2), FAKE_VTD_CAP, FAKE_VTD_ECAP ^ (data[1] & 0x1f));
	/* A buffer of exactly this size, so that any read beyond it is seen. */
	table = malloc(size - 2);
	memcpy(table, data + 2, size - 2);
	table->length = (u32)(size - 2);
	iommu_init(table, &why);
	iommu_enable(data[1] & 0x80, &why);
	check_facts();
	for (unsigned i = 0; i < ARRAY_LEN(functions); i++)
		check_function(functions[i].rid);
	free(table);
	return 0;
}
