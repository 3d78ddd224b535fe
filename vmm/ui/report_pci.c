/* SPDX-License-Identifier: GPL-2.0-only */
/* report.json: the fabric and the IOMMUs. */
#include <linux/pci_regs.h>

#include "base/format.h"
#include "base/string.h"
#include "vmm/assign/assign.h"
#include "vmm/ui/report.h"

#define SCOPES_BYTES 400
#define ACS_BITS     16

void report_acs_bits(struct json *j, const char *key, u16 bits)
{
	char text[64];

	json_array(j, key);
	/* Bits without a name are none of ours: the capability's upper half is a size. */
	for (unsigned bit = 0; bit < ACS_BITS; bit++)
		if ((bits & BIT(bit)) && acs_bits_text((u16)BIT(bit), text, sizeof(text))[0])
			json_text(j, NULL, text);
	json_close(j);
}

static void report_caps(struct json *j, const struct pci_function *f)
{
	const struct {
		const char *name;
		u16 offset;
	} caps[] = {
		{ "PM", f->cap_pm },     { "MSI", f->cap_msi },      { "MSI-X", f->cap_msix },
		{ "PCIe", f->cap_pcie }, { "AER", f->ext_aer },      { "ACS", f->ext_acs },
		{ "ARI", f->ext_ari },   { "SR-IOV", f->ext_sriov }, { "ATS", f->ext_ats },
		{ "PRI", f->ext_pri },   { "PASID", f->ext_pasid },
	};

	json_object(j, "caps");
	for (unsigned i = 0; i < ARRAY_LEN(caps); i++)
		if (caps[i].offset)
			json_hex(j, caps[i].name, caps[i].offset);
	json_close(j);
}

static void report_bars(struct json *j, const char *key, const struct pci_bar bars[PCI_BARS])
{
	json_array(j, key);
	for (unsigned i = 0; i < PCI_BARS; i++) {
		if (!bars[i].size)
			continue;
		json_object(j, NULL);
		json_number(j, "index", i);
		json_hex(j, "base", bars[i].base);
		json_hex(j, "bytes", bars[i].size);
		json_bool(j, "io", bars[i].io);
		json_bool(j, "is_64bit", bars[i].is_64bit);
		json_bool(j, "prefetchable", bars[i].prefetchable);
		json_close(j);
	}
	json_close(j);
}

static void report_function(struct json *j, const struct pci_function *f)
{
	json_object(j, NULL);
	json_rid(j, "rid", f->rid);
	json_text(j, "kind", function_kind(f));
	json_object(j, "ids");
	json_hex(j, "vendor", f->vendor);
	json_hex(j, "device", f->device);
	json_hex(j, "subsystem_vendor", f->subsystem_vendor);
	json_hex(j, "subsystem_device", f->subsystem_device);
	json_close(j);
	json_format(j, "class", "0x%06x", f->class_code);
	json_number(j, "revision", f->revision);
	json_rid(j, "parent", f->parent ? f->parent->rid : RID_NONE);
	json_rid(j, "pf", f->vf_of ? f->vf_of->function->rid : RID_NONE);
	json_number(j, "group", pci_group_of(f));
	json_bool(j, "flr", f->flr);
	report_caps(j, f);
	report_bars(j, "bars", f->bars);
	json_close(j);
}

static void report_window(struct json *j, const char *key, const struct pci_window *w)
{
	if (w->base > w->limit) {
		json_null(j, key);
		return;
	}
	json_object(j, key);
	json_hex(j, "base", w->base);
	json_hex(j, "limit", w->limit);
	json_close(j);
}

static void report_bridge(struct json *j, const struct pci_function *f)
{
	/* Upstream ports face the root and have nothing to redirect: only these two kinds are asked
	 * for ACS. */
	bool asked =
		f->port_type == PCI_EXP_TYPE_ROOT_PORT || f->port_type == PCI_EXP_TYPE_DOWNSTREAM;

	json_object(j, NULL);
	json_rid(j, "rid", f->rid);
	json_text(j, "kind", function_kind(f));
	json_object(j, "buses");
	json_number(j, "primary", rid_bus(f->rid));
	json_number(j, "secondary", f->secondary);
	json_number(j, "subordinate", f->subordinate);
	json_close(j);
	json_object(j, "windows");
	report_window(j, "memory", &f->mem);
	report_window(j, "prefetchable", &f->prefetch);
	json_close(j);
	json_object(j, "ari");
	json_bool(j, "capable", f->ari_forwarding_capable);
	json_bool(j, "enabled", f->ari_forwarding);
	json_close(j);
	json_object(j, "acs");
	report_acs_bits(j, "capable", f->acs_capable);
	report_acs_bits(j, "enabled", f->acs_enabled);
	report_acs_bits(j, "missing", asked ? ACS_REQUIRED & (u16)~f->acs_enabled : 0);
	json_bool(j, "overridden", is_unsafe_acs(f->rid));
	json_close(j);
	json_close(j);
}

static void report_groups(struct json *j)
{
	json_array(j, "groups");
	for (unsigned group = 0; group < pci_group_count(); group++) {
		json_object(j, NULL);
		json_number(j, "id", group);
		json_array(j, "functions");
		for (unsigned i = 0; i < pci_function_count(); i++)
			if (pci_group_of(pci_function(i)) == group)
				json_rid(j, NULL, pci_function(i)->rid);
		json_close(j);
		json_close(j);
	}
	json_close(j);
}

void report_pci(struct json *j)
{
	json_object(j, "pci");
	json_array(j, "functions");
	for (unsigned i = 0; i < pci_function_count(); i++)
		report_function(j, pci_function(i));
	json_close(j);
	json_array(j, "bridges");
	for (unsigned i = 0; i < pci_function_count(); i++)
		if (pci_function(i)->header_type == PCI_HEADER_TYPE_BRIDGE)
			report_bridge(j, pci_function(i));
	json_close(j);
	report_groups(j);
	json_close(j);
}

static void report_unit(struct json *j, unsigned n)
{
	struct iommu_unit_info unit;
	char scopes[SCOPES_BYTES];

	iommu_unit_info(n, &unit);
	iommu_unit_scopes_text(n, scopes, sizeof(scopes));
	json_object(j, NULL);
	json_hex(j, "base", unit.base.v);
	json_number(j, "segment", unit.segment);
	json_hex(j, "cap", unit.cap);
	json_hex(j, "ecap", unit.ecap);
	json_text(j, "scopes", scopes);
	json_bool(j, "include_all", unit.include_all);
	json_bool(j, "caching_mode", unit.caching_mode);
	json_bool(j, "coherent", unit.coherent);
	json_bool(j, "eim", unit.eim);
	json_text(j, "mode", "legacy");
	json_bool(j, "translating", unit.translating);
	json_bool(j, "remapping", unit.remapping);
	if (unit.dead)
		json_text(j, "dead", unit.dead);
	else
		json_null(j, "dead");
	json_close(j);
}

static void report_invalidations(struct json *j)
{
	struct iommu_counters c;

	iommu_counters(&c);
	json_object(j, "invalidations");
	json_number(j, "context_global", c.context_global);
	json_number(j, "context_domain", c.context_domain);
	json_number(j, "context_device", c.context_device);
	json_number(j, "iotlb_global", c.iotlb_global);
	json_number(j, "iotlb_domain", c.iotlb_domain);
	json_number(j, "iotlb_page", c.iotlb_page);
	json_number(j, "iec_global", c.iec_global);
	json_number(j, "iec_index", c.iec_index);
	json_number(j, "wait", c.wait);
	json_close(j);
}

void report_iommu(struct json *j)
{
	json_object(j, "iommu");
	json_array(j, "units");
	for (unsigned i = 0; i < iommu_unit_count(); i++)
		report_unit(j, i);
	json_close(j);
	json_number(j, "irtes_used", irte_used());
	report_invalidations(j);
	json_close(j);
}

static void report_pf(struct json *j, const struct sriov_pf *pf)
{
	const struct master *m = pf->master;

	json_object(j, NULL);
	json_rid(j, "rid", pf->function->rid);
	json_text(j, "name", pf->name);
	if (m)
		json_text(j, "driver", m->driver->name);
	else
		json_null(j, "driver");
	json_bool(j, "failed", m && m->failed);
	json_number(j, "initial_vfs", pf->initial_vfs);
	json_number(j, "total_vfs", pf->total_vfs);
	json_number(j, "num_vfs", pf->num_vfs);
	json_number(j, "offset", pf->offset);
	json_number(j, "stride", pf->stride);
	json_hex(j, "vf_device_id", pf->vf_device_id);
	json_hex(j, "supported_page_sizes", pf->supported_page_sizes);
	/* The register has a bit per size, 4096 << n. */
	json_number(j, "system_page_size", (u64)pf->system_page_size << PAGE_SHIFT);
	json_bool(j, "ari", pf->ari);
	json_bool(j, "firmware_reserved", pf->firmware_reserved);
	report_bars(j, "vf_bars", pf->vf_bars);
	json_close(j);
}

void report_pfs(struct json *j)
{
	json_array(j, "pfs");
	for (unsigned i = 0; i < sriov_pf_count(); i++)
		report_pf(j, sriov_pf(i));
	json_close(j);
}
