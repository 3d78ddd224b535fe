/* SPDX-License-Identifier: GPL-2.0-only */
/* The VMX instructions (Intel SDM Vol. 3C chapter 31). VMfail is reported by CF or ZF. */
#ifndef VMM_VMX_INSN_H
#define VMM_VMX_INSN_H

#include "vmm/vmx/vmcs.h"

/*
 * Counters of VMCS accesses for `make bench`. COPPICE_COUNTERS is 0 or 1 from the build; with 0 the
 * compiler drops them. Plain increments: exact with one core, which is how they are used.
 */
struct vmcs_counts {
	u64 reads, writes;
};
extern struct vmcs_counts vmcs_counts;

static inline u64 vmcs_read(enum vmcs_field field)
{
	u64 value;
	__asm__ volatile("vmread %1, %0" : "=r"(value) : "r"((u64)field) : "cc");
	if (COPPICE_COUNTERS)
		vmcs_counts.reads++;
	return value;
}
static inline void vmcs_write(enum vmcs_field field, u64 value)
{
	__asm__ volatile("vmwrite %0, %1" : : "r"(value), "r"((u64)field) : "cc", "memory");
	if (COPPICE_COUNTERS)
		vmcs_counts.writes++;
}
static inline bool vmx_on(u64 region)
{
	bool failed;
	__asm__ volatile("vmxon %1; setna %0" : "=q"(failed) : "m"(region) : "cc", "memory");
	return !failed;
}
static inline void vmx_off(void)
{
	__asm__ volatile("vmxoff" : : : "cc", "memory");
}
static inline bool vmx_clear(u64 vmcs)
{
	bool failed;
	__asm__ volatile("vmclear %1; setna %0" : "=q"(failed) : "m"(vmcs) : "cc", "memory");
	return !failed;
}
static inline bool vmx_load(u64 vmcs)
{
	bool failed;
	__asm__ volatile("vmptrld %1; setna %0" : "=q"(failed) : "m"(vmcs) : "cc", "memory");
	return !failed;
}
/* INVEPT types, SDM 31.3; INVVPID types likewise. */
enum invept_type {
	INVEPT_SINGLE = 1,
	INVEPT_ALL = 2
};
enum invvpid_type {
	INVVPID_SINGLE = 1,
	INVVPID_ALL = 2
};
struct invalidate_descriptor {
	u64 first, second;
};
static inline void vmx_invept(enum invept_type type, u64 ept_pointer)
{
	struct invalidate_descriptor d = { ept_pointer, 0 };
	__asm__ volatile("invept %0, %1" : : "m"(d), "r"((u64)type) : "cc", "memory");
}
static inline void vmx_invvpid(enum invvpid_type type, u16 vpid)
{
	struct invalidate_descriptor d = { vpid, 0 };
	__asm__ volatile("invvpid %0, %1" : : "m"(d), "r"((u64)type) : "cc", "memory");
}

/* FPU state and XCR0 (SDM Vol. 1 chapter 13). `area` is 64-byte aligned. */
static inline void xsave(void *area, u64 mask)
{
	__asm__ volatile("xsave64 (%0)"
			 :
			 : "r"(area), "a"((u32)mask), "d"((u32)(mask >> 32))
			 : "memory");
}
static inline void xrstor(const void *area, u64 mask)
{
	__asm__ volatile("xrstor64 (%0)"
			 :
			 : "r"(area), "a"((u32)mask), "d"((u32)(mask >> 32))
			 : "memory");
}
static inline void fxsave(void *area)
{
	__asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory");
}
static inline void fxrstor(const void *area)
{
	__asm__ volatile("fxrstor64 (%0)" : : "r"(area) : "memory");
}
static inline void xsetbv(u32 index, u64 value)
{
	__asm__ volatile("xsetbv"
			 :
			 : "c"(index), "a"((u32)value), "d"((u32)(value >> 32))
			 : "memory");
}

#endif
