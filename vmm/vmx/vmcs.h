/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VMCS fields (Intel SDM Vol. 3D appendix B), VMX controls (Vol. 3C chapter 25) and capability MSRs
 * (appendix A).
 */
#ifndef VMM_VMX_VMCS_H
#define VMM_VMX_VMCS_H

#include "base/types.h"

/* clang-format off */
enum vmcs_field {
	/* 16-bit control and guest state                                      B.1 */
	VMCS_VPID			= 0x0000,
	VMCS_GUEST_ES_SELECTOR		= 0x0800, /* ES CS SS DS FS GS LDTR TR follow at steps of 2 */
	VMCS_GUEST_CS_SELECTOR		= 0x0802,
	VMCS_GUEST_SS_SELECTOR		= 0x0804,
	VMCS_GUEST_LDTR_SELECTOR	= 0x080c,
	VMCS_GUEST_TR_SELECTOR		= 0x080e,
	VMCS_HOST_ES_SELECTOR		= 0x0c00,
	VMCS_HOST_CS_SELECTOR		= 0x0c02,
	VMCS_HOST_SS_SELECTOR		= 0x0c04,
	VMCS_HOST_DS_SELECTOR		= 0x0c06,
	VMCS_HOST_FS_SELECTOR		= 0x0c08,
	VMCS_HOST_GS_SELECTOR		= 0x0c0a,
	VMCS_HOST_TR_SELECTOR		= 0x0c0c,
	/* 64-bit                                                              B.2 */
	VMCS_MSR_BITMAP			= 0x2004,
	VMCS_TSC_OFFSET			= 0x2010,
	VMCS_EPT_POINTER		= 0x201a,
	VMCS_GUEST_PHYSICAL_ADDRESS	= 0x2400,
	VMCS_LINK_POINTER		= 0x2800,
	VMCS_GUEST_PAT			= 0x2804,
	VMCS_GUEST_EFER			= 0x2806,
	VMCS_GUEST_PDPTE0		= 0x280a, /* four, at steps of 2 */
	VMCS_HOST_PAT			= 0x2c00,
	VMCS_HOST_EFER			= 0x2c02,
	/* 32-bit                                                              B.3 */
	VMCS_PIN_CONTROLS		= 0x4000,
	VMCS_PRIMARY_CONTROLS		= 0x4002,
	VMCS_EXCEPTION_BITMAP		= 0x4004,
	VMCS_PAGE_FAULT_MASK		= 0x4006,
	VMCS_PAGE_FAULT_MATCH		= 0x4008,
	VMCS_CR3_TARGET_COUNT		= 0x400a,
	VMCS_EXIT_CONTROLS		= 0x400c,
	VMCS_EXIT_MSR_STORE_COUNT	= 0x400e,
	VMCS_EXIT_MSR_LOAD_COUNT	= 0x4010,
	VMCS_ENTRY_CONTROLS		= 0x4012,
	VMCS_ENTRY_MSR_LOAD_COUNT	= 0x4014,
	VMCS_ENTRY_INTERRUPTION_INFO	= 0x4016,
	VMCS_ENTRY_EXCEPTION_ERROR	= 0x4018,
	VMCS_ENTRY_INSTRUCTION_LENGTH	= 0x401a,
	VMCS_SECONDARY_CONTROLS		= 0x401e,
	VMCS_INSTRUCTION_ERROR		= 0x4400,
	VMCS_EXIT_REASON		= 0x4402,
	VMCS_EXIT_INTERRUPTION_INFO	= 0x4404,
	VMCS_EXIT_INTERRUPTION_ERROR	= 0x4406,
	VMCS_IDT_VECTORING_INFO		= 0x4408,
	VMCS_EXIT_INSTRUCTION_LENGTH	= 0x440c,
	VMCS_GUEST_ES_LIMIT		= 0x4800,
	VMCS_GUEST_LDTR_LIMIT		= 0x480c,
	VMCS_GUEST_TR_LIMIT		= 0x480e,
	VMCS_GUEST_GDTR_LIMIT		= 0x4810,
	VMCS_GUEST_IDTR_LIMIT		= 0x4812,
	VMCS_GUEST_ES_ACCESS		= 0x4814,
	VMCS_GUEST_CS_ACCESS		= 0x4816,
	VMCS_GUEST_SS_ACCESS		= 0x4818,
	VMCS_GUEST_LDTR_ACCESS		= 0x4820,
	VMCS_GUEST_TR_ACCESS		= 0x4822,
	VMCS_GUEST_INTERRUPTIBILITY	= 0x4824,
	VMCS_GUEST_ACTIVITY		= 0x4826,
	VMCS_GUEST_SYSENTER_CS		= 0x482a,
	VMCS_PREEMPTION_TIMER		= 0x482e,
	VMCS_HOST_SYSENTER_CS		= 0x4c00,
	/* natural width                                                       B.4 */
	VMCS_CR0_MASK			= 0x6000,
	VMCS_CR4_MASK			= 0x6002,
	VMCS_CR0_SHADOW			= 0x6004,
	VMCS_CR4_SHADOW			= 0x6006,
	VMCS_EXIT_QUALIFICATION		= 0x6400,
	VMCS_GUEST_LINEAR_ADDRESS	= 0x640a,
	VMCS_GUEST_CR0			= 0x6800,
	VMCS_GUEST_CR3			= 0x6802,
	VMCS_GUEST_CR4			= 0x6804,
	VMCS_GUEST_ES_BASE		= 0x6806,
	VMCS_GUEST_CS_BASE		= 0x6808,
	VMCS_GUEST_DS_BASE		= 0x680c,
	VMCS_GUEST_LDTR_BASE		= 0x6812,
	VMCS_GUEST_TR_BASE		= 0x6814,
	VMCS_GUEST_GDTR_BASE		= 0x6816,
	VMCS_GUEST_IDTR_BASE		= 0x6818,
	VMCS_GUEST_DR7			= 0x681a,
	VMCS_GUEST_RSP			= 0x681c,
	VMCS_GUEST_RIP			= 0x681e,
	VMCS_GUEST_RFLAGS		= 0x6820,
	VMCS_GUEST_PENDING_DEBUG	= 0x6822,
	VMCS_GUEST_SYSENTER_ESP		= 0x6824,
	VMCS_GUEST_SYSENTER_EIP		= 0x6826,
	VMCS_HOST_CR0			= 0x6c00,
	VMCS_HOST_CR3			= 0x6c02,
	VMCS_HOST_CR4			= 0x6c04,
	VMCS_HOST_FS_BASE		= 0x6c06,
	VMCS_HOST_GS_BASE		= 0x6c08,
	VMCS_HOST_TR_BASE		= 0x6c0a,
	VMCS_HOST_GDTR_BASE		= 0x6c0c,
	VMCS_HOST_IDTR_BASE		= 0x6c0e,
	VMCS_HOST_SYSENTER_ESP		= 0x6c10,
	VMCS_HOST_SYSENTER_EIP		= 0x6c12,
	VMCS_HOST_RSP			= 0x6c14,
	VMCS_HOST_RIP			= 0x6c16,
};
#define VMCS_SEGMENT_STEP 2 /* ES CS SS DS FS GS LDTR TR are at consecutive even encodings in each group */

/* Pin-based controls, 25.6.1 */
#define PIN_EXTERNAL_INTERRUPT		BIT(0)
#define PIN_NMI				BIT(3)
#define PIN_VIRTUAL_NMI			BIT(5)
#define PIN_PREEMPTION_TIMER		BIT(6)
/* Primary processor-based controls, 25.6.2 */
#define PRIMARY_INTERRUPT_WINDOW	BIT(2)
#define PRIMARY_TSC_OFFSET		BIT(3)
#define PRIMARY_HLT			BIT(7)
#define PRIMARY_MWAIT			BIT(10)
#define PRIMARY_RDPMC			BIT(11)
#define PRIMARY_CR8_LOAD		BIT(19)
#define PRIMARY_CR8_STORE		BIT(20)
#define PRIMARY_MOV_DR			BIT(23)
#define PRIMARY_UNCONDITIONAL_IO	BIT(24)
#define PRIMARY_MSR_BITMAPS		BIT(28)
#define PRIMARY_MONITOR			BIT(29)
#define PRIMARY_SECONDARY		BIT(31)
/* Secondary processor-based controls */
#define SECONDARY_EPT			BIT(1)
#define SECONDARY_RDTSCP		BIT(3)
#define SECONDARY_VPID			BIT(5)
#define SECONDARY_WBINVD		BIT(6)
#define SECONDARY_UNRESTRICTED		BIT(7)
/* VM-exit controls, 25.7.1 */
#define EXIT_SAVE_DEBUG			BIT(2)
#define EXIT_HOST_64BIT			BIT(9)
#define EXIT_ACK_INTERRUPT		BIT(15)
#define EXIT_SAVE_PAT			BIT(18)
#define EXIT_LOAD_PAT			BIT(19)
#define EXIT_SAVE_EFER			BIT(20)
#define EXIT_LOAD_EFER			BIT(21)
#define EXIT_SAVE_PREEMPTION_TIMER	BIT(22)
/* VM-entry controls, 25.8.1 */
#define ENTRY_LOAD_DEBUG		BIT(2)
#define ENTRY_IA32E			BIT(9)
#define ENTRY_LOAD_PAT			BIT(14)
#define ENTRY_LOAD_EFER			BIT(15)

/* Interruption information, 25.8.3 and 25.9.2 */
#define INTR_INFO_VALID			BIT(31)
#define INTR_INFO_ERROR_CODE		BIT(11)
#define INTR_INFO_VECTOR		0xffu
#define INTR_TYPE_SHIFT			8
#define INTR_TYPE_MASK			(7u << INTR_TYPE_SHIFT)
enum intr_type { INTR_EXTERNAL = 0, INTR_NMI = 2, INTR_HARD_EXCEPTION = 3, INTR_SOFT_INTERRUPT = 4,
		 INTR_PRIVILEGED_SOFT = 5, INTR_SOFT_EXCEPTION = 6 };
/* Interruptibility state, 25.4.2 */
#define BLOCKING_STI			BIT(0)
#define BLOCKING_MOV_SS			BIT(1)
#define BLOCKING_NMI			BIT(3)
/* Exit reason, 25.9.1 */
#define EXIT_REASON_ENTRY_FAILED	BIT(31)
#define EXIT_REASON_BASIC		0xffffu
/* Segment access rights, 25.4.1 */
#define SEGMENT_UNUSABLE		BIT(16)
#define SEGMENT_DPL_SHIFT		5 /* of SS: the privilege level (SDM Vol. 3C 25.4.1) */
#define SEGMENT_CODE_LONG		BIT(13)
#define SEGMENT_CODE_D			BIT(14)

/* Capability MSRs, appendix A */
#define MSR_FEATURE_CONTROL		0x03a
#define FEATURE_CONTROL_LOCK		BIT64(0)
#define FEATURE_CONTROL_VMX		BIT64(2)
#define MSR_VMX_BASIC			0x480
#define VMX_BASIC_TRUE_CONTROLS		BIT64(55)
#define MSR_VMX_PIN			0x481
#define MSR_VMX_PRIMARY			0x482
#define MSR_VMX_EXIT			0x483
#define MSR_VMX_ENTRY			0x484
#define MSR_VMX_MISC			0x485
#define MSR_VMX_CR0_FIXED0		0x486
#define MSR_VMX_CR0_FIXED1		0x487
#define MSR_VMX_CR4_FIXED0		0x488
#define MSR_VMX_CR4_FIXED1		0x489
#define MSR_VMX_SECONDARY		0x48b
#define MSR_VMX_EPT_VPID		0x48c
#define EPT_CAP_WALK_4			BIT64(6)
#define EPT_CAP_UC			BIT64(8)
#define EPT_CAP_WB			BIT64(14)
#define EPT_CAP_2M			BIT64(16)
#define EPT_CAP_1G			BIT64(17)
#define EPT_CAP_INVEPT			BIT64(20)
#define EPT_CAP_INVEPT_SINGLE		BIT64(25)
#define EPT_CAP_INVVPID			BIT64(32)
#define EPT_CAP_INVVPID_SINGLE		BIT64(41)
#define MSR_VMX_TRUE_PIN		0x48d
#define MSR_VMX_TRUE_PRIMARY		0x48e
#define MSR_VMX_TRUE_EXIT		0x48f
#define MSR_VMX_TRUE_ENTRY		0x490
/* clang-format on */

/* What the controls of every vCPU are, chosen once from what the CPU allows (controls.c). */
struct vmx_controls {
	u32 pin, primary, secondary, exit, entry;
	bool vpid, preemption_timer, rdtscp, ept_2m, ept_1g, invept_single, invvpid_single;
	unsigned preemption_shift; /* the timer counts TSC >> this */
	u64 cr0_fixed0, cr0_fixed1, cr4_fixed0, cr4_fixed1;
	u32 revision;
};
extern struct vmx_controls vmx_controls;

#endif
