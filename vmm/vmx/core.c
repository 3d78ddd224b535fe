// SPDX-License-Identifier: GPL-2.0-only
/* VMX operation on a core (Intel SDM Vol. 3C 24.7). */
#include "base/hw/cpu.h"
#include "base/hw/insn.h"
#include "base/log.h"
#include "base/pool.h"
#include "vmm/vmx/insn.h"
#include "vmm/vmx/msr.h"
#include "vmm/vmx/vmx.h"

struct vmcs_counts vmcs_counts;

enum err vmx_core_enable(struct cpu *c, struct why *why)
{
	u64 control = rdmsr(MSR_FEATURE_CONTROL);
	enum err e = vmx_not_locked_off(why);

	/* Each core has its own lock, and there is firmware that forgets some: VMXON would be #GP.
	 */
	if (e != OK)
		return e;
	if (!(control & FEATURE_CONTROL_LOCK))
		wrmsr(MSR_FEATURE_CONTROL, control | FEATURE_CONTROL_LOCK | FEATURE_CONTROL_VMX);
	c->vmxon = pool_alloc(POOL_VM, 1, PAGE_SIZE);
	if (!c->vmxon)
		return fail(why, ERR_NO_MEMORY, RID_NONE, "no page for the VMXON region of core %u",
			    c->index);
	*(u32 *)c->vmxon = vmx_controls.revision;
	/* The fixed bits hold for the host from here on; unrestricted guest lifts PE and PG for
	 * guests only. */
	write_cr0((read_cr0() | rdmsr(MSR_VMX_CR0_FIXED0)) & vmx_controls.cr0_fixed1);
	write_cr4((read_cr4() | vmx_controls.cr4_fixed0 | CR4_VMXE) & vmx_controls.cr4_fixed1);
	if (cpuid(1, 0).ecx & BIT(26)) /* XSAVE: guests' XSETBV and FPU state are handled by the
					  host's instructions */
		write_cr4(read_cr4() | CR4_OSXSAVE);
	write_cr4(read_cr4() | CR4_OSFXSR);
	if (!vmx_on(pool_hpa(c->vmxon).v)) {
		pool_free(POOL_VM, c->vmxon, 1);
		c->vmxon = NULL;
		return fail(why, ERR_DEVICE, RID_NONE,
			    "VMXON failed on core %u (APIC id %u): IA32_FEATURE_CONTROL 0x%llx, "
			    "CR0 0x%llx, CR4 0x%llx",
			    c->index, c->apic_id, (unsigned long long)rdmsr(MSR_FEATURE_CONTROL),
			    (unsigned long long)read_cr0(), (unsigned long long)read_cr4());
	}
	c->vmx = true;
	return OK;
}
