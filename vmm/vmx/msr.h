/* SPDX-License-Identifier: GPL-2.0-only */
/* Model-specific registers we name (Intel SDM Vol. 4) and bits of control registers (Vol. 3A 2.5).
 */
#ifndef VMM_VMX_MSR_H
#define VMM_VMX_MSR_H

#include "base/types.h"

/* clang-format off */
#define MSR_TSC			0x010
#define MSR_PLATFORM_ID		0x017
#define MSR_APIC_BASE		0x01b
#define APIC_BASE_BSP		BIT64(8)
#define APIC_BASE_X2APIC	BIT64(10)
#define APIC_BASE_ENABLE	BIT64(11)
#define APIC_BASE_DEFAULT	0xfee00000ull
#define MSR_TSC_ADJUST		0x03b
#define MSR_SPEC_CTRL		0x048
#define MSR_BIOS_SIGN_ID	0x08b
#define MSR_MTRR_CAP		0x0fe
#define MSR_SYSENTER_CS		0x174
#define MSR_SYSENTER_ESP	0x175
#define MSR_SYSENTER_EIP	0x176
#define MSR_MISC_ENABLE		0x1a0
#define MISC_ENABLE_FAST_STRING	BIT64(0)
#define MSR_PAT			0x277
#define MSR_TSC_DEADLINE	0x6e0
#define MSR_EFER		0xc0000080
#define EFER_SCE		BIT64(0)
#define EFER_LME		BIT64(8)
#define EFER_LMA		BIT64(10)
#define EFER_NXE		BIT64(11)
#define MSR_STAR		0xc0000081
#define MSR_LSTAR		0xc0000082
#define MSR_CSTAR		0xc0000083
#define MSR_SFMASK		0xc0000084
#define MSR_FS_BASE		0xc0000100
#define MSR_GS_BASE		0xc0000101
#define MSR_KERNEL_GS_BASE	0xc0000102
#define MSR_TSC_AUX		0xc0000103

#define CR0_PE			BIT64(0)
#define CR0_MP			BIT64(1)
#define CR0_TS			BIT64(3)
#define CR0_ET			BIT64(4)
#define CR0_NE			BIT64(5)
#define CR0_WP			BIT64(16)
#define CR0_NW			BIT64(29)
#define CR0_CD			BIT64(30)
#define CR0_PG			BIT64(31)
#define CR4_PAE			BIT64(5)
#define CR4_PGE			BIT64(7)
#define CR4_OSFXSR		BIT64(9)
#define CR4_OSXMMEXCPT		BIT64(10)
#define CR4_UMIP		BIT64(11)
#define CR4_VMXE		BIT64(13)
#define CR4_FSGSBASE		BIT64(16)
#define CR4_OSXSAVE		BIT64(18)
#define CR4_SMEP		BIT64(20)
#define CR4_SMAP		BIT64(21)
#define RFLAGS_FIXED		BIT64(1)
#define RFLAGS_TF		BIT64(8)
#define RFLAGS_IF		BIT64(9)

#define DR6_FIXED		0xffff0ff0ull
/* PAT at reset: WB WT UC- UC WB WT UC- UC (SDM Vol. 3A 12.12.4). */
#define PAT_RESET		0x0007040600070406ull
/* clang-format on */

/* Exceptions (SDM Vol. 3A table 6-1). */
enum exception {
	EXC_DB = 1,
	EXC_NMI = 2,
	EXC_UD = 6,
	EXC_DF = 8,
	EXC_GP = 13,
	EXC_PF = 14,
	EXC_AC = 17,
	EXC_MC = 18
};

#endif
