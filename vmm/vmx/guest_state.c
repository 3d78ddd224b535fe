// SPDX-License-Identifier: GPL-2.0-only
/* Registers of the guest that live in the VMCS, for those who do not know VMX. */
#include "vmm/vmx/insn.h"
#include "vmm/vmx/msr.h"
#include "vmm/vmx/vmx.h"

u64 vcpu_rip(struct vcpu *v)
{
	(void)v;
	return vmcs_read(VMCS_GUEST_RIP);
}
u64 vcpu_cr3(struct vcpu *v)
{
	(void)v;
	return vmcs_read(VMCS_GUEST_CR3);
}
u64 vcpu_efer(struct vcpu *v)
{
	(void)v;
	return vmcs_read(VMCS_GUEST_EFER);
}
u64 vcpu_rflags(struct vcpu *v)
{
	(void)v;
	return vmcs_read(VMCS_GUEST_RFLAGS);
}
u64 vcpu_rsp(struct vcpu *v)
{
	(void)v;
	return vmcs_read(VMCS_GUEST_RSP);
}
void vcpu_set_rsp(struct vcpu *v, u64 value)
{
	(void)v;
	vmcs_write(VMCS_GUEST_RSP, value);
}
u64 vcpu_cs_base(struct vcpu *v)
{
	(void)v;
	return vmcs_read(VMCS_GUEST_CS_BASE);
}
u64 vcpu_ds_base(struct vcpu *v)
{
	(void)v;
	return vmcs_read(VMCS_GUEST_DS_BASE);
}
unsigned vcpu_privilege(struct vcpu *v)
{
	(void)v;
	return (unsigned)vmcs_read(VMCS_GUEST_SS_ACCESS) >> SEGMENT_DPL_SHIFT & 3;
}
bool vcpu_cs_long(struct vcpu *v)
{
	(void)v;
	return vmcs_read(VMCS_GUEST_CS_ACCESS) & SEGMENT_CODE_LONG;
}
bool vcpu_cs_default_32(struct vcpu *v)
{
	(void)v;
	return vmcs_read(VMCS_GUEST_CS_ACCESS) & SEGMENT_CODE_D;
}

/* What the guest reads: its own bits from the register, ours from the shadow. */
u64 vcpu_cr0(struct vcpu *v)
{
	(void)v;
	return (vmcs_read(VMCS_GUEST_CR0) & ~CR0_HOST_OWNED) |
	       (vmcs_read(VMCS_CR0_SHADOW) & CR0_HOST_OWNED);
}

u64 vcpu_cr4(struct vcpu *v)
{
	(void)v;
	return (vmcs_read(VMCS_GUEST_CR4) & CR4_GUEST_OWNED) |
	       (vmcs_read(VMCS_CR4_SHADOW) & ~CR4_GUEST_OWNED);
}
