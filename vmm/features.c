// SPDX-License-Identifier: GPL-2.0-only
/* The features gate: everything this machine may lack, in one table, all gaps named at once, before
 * anything depends on it. */
#include "base/hw/cpu.h"
#include "base/hw/insn.h"
#include "base/log.h"
#include "vmm/life.h"
#include "vmm/ui/ui.h"
#include "vmm/vmx/vmx.h"

enum feature_row {
	F_VTX,
	F_VPID,
	F_LARGE_EPT,
	F_PREEMPTION,
	F_X2APIC,
	F_ECAM,
	F_DMAR,
	F_IR,
	FEATURES
};

/* clang-format off */
struct feature features[FEATURES] = {
	[F_VTX]	       = {"VT-x with EPT and unrestricted guest", false, true, "CPUID.1:ECX[5], MSR 3Ah, 480h-491h", "no VM can run"},
	[F_VPID]       = {"VPID", false, false, "MSR 48Bh bit 37", "TLB is emptied at each entry and exit"},
	[F_LARGE_EPT]  = {"2 MiB EPT pages", false, false, "MSR 48Ch bit 16", "larger tables, more TLB misses"},
	[F_PREEMPTION] = {"VMX-preemption timer", false, false, "MSR 481h bit 38", "vCPUs that share a core take turns only when they sleep"},
	[F_X2APIC]     = {"x2APIC", false, false, "CPUID.1:ECX[21]", "the host uses xAPIC: at most 255 cores"},
	[F_ECAM]       = {"ECAM", false, false, "ACPI MCFG", "no PCI devices, so no VFs"},
	[F_DMAR]       = {"DMA remapping (VT-d)", false, false, "ACPI DMAR, CAP register", "VMs run, but no VF is assigned"},
	[F_IR]         = {"interrupt remapping (VT-d)", false, false, "ECAP bit 3", "VMs run, but no VF is assigned"},
};
/* clang-format on */
unsigned feature_count = FEATURES;

static void iommu_rows(void)
{
	bool all_translate = iommu_unit_count() > 0, all_remap = all_translate;

	for (unsigned i = 0; i < iommu_unit_count(); i++) {
		struct iommu_unit_info info;

		iommu_unit_info(i, &info);
		all_translate &= info.translating;
		all_remap &= info.remapping;
	}
	features[F_DMAR].present = all_translate;
	features[F_IR].present = all_remap;
}

bool features_gate(void)
{
	struct why why = { 0 };
	bool vtx = vmx_probe(&why) == OK;

	if (!vtx)
		log_warn("features", "%s", why.text);
	features[F_VTX].present = vtx;
	features[F_VPID].present = vtx && vmx_controls.vpid;
	features[F_LARGE_EPT].present = vtx && vmx_controls.ept_2m;
	features[F_PREEMPTION].present = vtx && vmx_controls.preemption_timer;
	features[F_X2APIC].present = lapic_is_x2apic();
	features[F_ECAM].present = pci_function_count() > 0;
	iommu_rows();
	return vtx;
}
