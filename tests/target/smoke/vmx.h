/* SPDX-License-Identifier: GPL-2.0-only */
/* The instructions and VMCS fields (Intel SDM Vol. 3C and 3D, appendix B) that the smoke test uses. */
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;

enum field {
	GUEST_CS = 0x802, GUEST_LDTR = 0x80c, GUEST_TR = 0x80e, GUEST_ES = 0x800,
	HOST_ES = 0xc00, HOST_CS = 0xc02, HOST_TR = 0xc0c,
	HOST_EFER = 0x2c02, EPT_POINTER = 0x201a, VMCS_LINK = 0x2800, GUEST_EFER = 0x2806,
	PIN_CONTROLS = 0x4000, CPU_CONTROLS = 0x4002, EXCEPTION_BITMAP = 0x4004,
	EXIT_CONTROLS = 0x400c, ENTRY_CONTROLS = 0x4012, CPU_CONTROLS_2 = 0x401e,
	INSTRUCTION_ERROR = 0x4400, EXIT_REASON = 0x4402, EXIT_INTERRUPT = 0x4404,
	INSTRUCTION_LENGTH = 0x440c,
	GUEST_ES_LIMIT = 0x4800, GUEST_TR_LIMIT = 0x480e, GUEST_GDTR_LIMIT = 0x4810,
	GUEST_IDTR_LIMIT = 0x4812, GUEST_ES_RIGHTS = 0x4814, GUEST_CS_RIGHTS = 0x4816,
	GUEST_LDTR_RIGHTS = 0x4820, GUEST_TR_RIGHTS = 0x4822, GUEST_INTERRUPTIBILITY = 0x4824,
	GUEST_ACTIVITY = 0x4826,
	CR0_MASK = 0x6000, CR4_MASK = 0x6002, CR4_SHADOW = 0x6006,
	EXIT_QUALIFICATION = 0x6400, GUEST_PHYSICAL = 0x2400,
	GUEST_CR0 = 0x6800, GUEST_CR3 = 0x6802, GUEST_CR4 = 0x6804, GUEST_ES_BASE = 0x6806,
	GUEST_GDTR_BASE = 0x6816, GUEST_IDTR_BASE = 0x6818, GUEST_DR7 = 0x681a,
	GUEST_RSP = 0x681c, GUEST_RIP = 0x681e, GUEST_RFLAGS = 0x6820,
	HOST_CR0 = 0x6c00, HOST_CR3 = 0x6c02, HOST_CR4 = 0x6c04, HOST_TR_BASE = 0x6c0a,
	HOST_GDTR_BASE = 0x6c0c, HOST_IDTR_BASE = 0x6c0e,
};

enum msr {
	MSR_FEATURE_CONTROL = 0x3a, MSR_VMX_BASIC = 0x480, MSR_TRUE_PIN = 0x48d,
	MSR_TRUE_CPU = 0x48e, MSR_TRUE_EXIT = 0x48f, MSR_TRUE_ENTRY = 0x490, MSR_CPU_2 = 0x48b,
	MSR_EFER = 0xc0000080,
};

enum reason {
	REASON_INTERRUPT = 1, REASON_CPUID = 10, REASON_HLT = 12, REASON_VMCALL = 18, REASON_IO = 30,
	REASON_EPT_VIOLATION = 48,
};

static inline void outb(u16 port, u8 value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline u64 rdmsr(u32 msr)
{
	u32 low, high;
	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return low | (u64)high << 32;
}

static inline void wrmsr(u32 msr, u64 value)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32)));
}

static inline u64 vmread(u64 field)
{
	u64 value;
	__asm__ volatile("vmread %1, %0" : "=r"(value) : "r"(field) : "cc");
	return value;
}

static inline void vmwrite(u64 field, u64 value)
{
	__asm__ volatile("vmwrite %0, %1" : : "r"(value), "r"(field) : "cc");
}

/* VMXON, VMCLEAR, VMPTRLD: true if they worked (neither CF nor ZF). */
static inline int vmxon(u64 page)
{
	u8 ok;
	__asm__ volatile("vmxon %1; seta %0" : "=q"(ok) : "m"(page) : "cc", "memory");
	return ok;
}

static inline int vmclear(u64 page)
{
	u8 ok;
	__asm__ volatile("vmclear %1; seta %0" : "=q"(ok) : "m"(page) : "cc", "memory");
	return ok;
}

static inline int vmptrld(u64 page)
{
	u8 ok;
	__asm__ volatile("vmptrld %1; seta %0" : "=q"(ok) : "m"(page) : "cc", "memory");
	return ok;
}

#define READ_CR(n)                                                   \
	({                                                           \
		u64 value;                                           \
		__asm__ volatile("mov %%cr" #n ", %0" : "=r"(value)); \
		value;                                               \
	})
