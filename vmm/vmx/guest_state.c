// SPDX-License-Identifier: GPL-2.0-only
/* Registers of the guest that live in the VMCS, for those who do not know VMX. */
#include "vmm/vmx/insn.h"
#include "vmm/vmx/msr.h"
#include "vmm/vmx/vmx.h"

#define READS(function, field)                                                                     \
	u64 function(struct vcpu *v)                                                               \
	{                                                                                          \
		(void)v;                                                                           \
		return vmcs_read(field);                                                           \
	}
READS(vcpu_rip, VMCS_GUEST_RIP)
READS(vcpu_cr3, VMCS_GUEST_CR3)
READS(vcpu_efer, VMCS_GUEST_EFER)
READS(vcpu_rflags, VMCS_GUEST_RFLAGS)
READS(vcpu_rsp, VMCS_GUEST_RSP)
READS(vcpu_cs_base, VMCS_GUEST_CS_BASE)
READS(vcpu_ds_base, VMCS_GUEST_DS_BASE)

void vcpu_set_rsp(struct vcpu *v, u64 value)
{
	(void)v;
	vmcs_write(VMCS_GUEST_RSP, value);
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
