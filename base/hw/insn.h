/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One-instruction wrappers: the only inline assembly outside the .asm files (VMX instructions:
 * vmm/vmx/insn.h).
 */
#ifndef BASE_HW_INSN_H
#define BASE_HW_INSN_H

#include "base/types.h"

struct cpuid_result {
	u32 eax, ebx, ecx, edx;
};
static inline struct cpuid_result cpuid(u32 leaf, u32 subleaf)
{
	struct cpuid_result r;
	__asm__ volatile("cpuid"
			 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "a"(leaf), "c"(subleaf));
	return r;
}
static inline u64 rdmsr(u32 msr)
{
	u32 lo, hi;
	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return (u64)hi << 32 | lo;
}
static inline void wrmsr(u32 msr, u64 value)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}
/* `len` bytes to one port, one after the other: what a FIFO wants. */
static inline void port_out_bytes(u16 port, const void *from, size_t len)
{
	__asm__ volatile("rep outsb" : "+S"(from), "+c"(len) : "d"(port) : "memory");
}
static inline u64 rdtsc(void)
{
	u32 lo, hi;
	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (u64)hi << 32 | lo;
}
static inline u64 read_cr0(void)
{
	u64 v;
	__asm__ volatile("mov %%cr0, %0" : "=r"(v));
	return v;
}
static inline u64 read_cr2(void)
{
	u64 v;
	__asm__ volatile("mov %%cr2, %0" : "=r"(v));
	return v;
}
static inline u64 read_cr3(void)
{
	u64 v;
	__asm__ volatile("mov %%cr3, %0" : "=r"(v));
	return v;
}
static inline u64 read_cr4(void)
{
	u64 v;
	__asm__ volatile("mov %%cr4, %0" : "=r"(v));
	return v;
}
static inline void write_cr0(u64 v)
{
	__asm__ volatile("mov %0, %%cr0" : : "r"(v) : "memory");
}
static inline void write_cr2(u64 v)
{
	__asm__ volatile("mov %0, %%cr2" : : "r"(v) : "memory");
}
static inline void write_cr3(u64 v)
{
	__asm__ volatile("mov %0, %%cr3" : : "r"(v) : "memory");
}
static inline void write_cr4(u64 v)
{
	__asm__ volatile("mov %0, %%cr4" : : "r"(v) : "memory");
}
static inline void interrupts_off(void)
{
	__asm__ volatile("cli" : : : "memory");
}
/* Let pending interrupts in: one instruction with interrupts on. */
static inline void interrupts_window(void)
{
	__asm__ volatile("sti; nop; cli" : : : "memory");
}
/* Sleep until an interrupt. The STI shadow covers HLT, so nothing is lost between. */
static inline void halt_until_interrupt(void)
{
	__asm__ volatile("sti; hlt; cli" : : : "memory");
}
__attribute__((noreturn)) static inline void halt_forever(void)
{
	for (;;)
		__asm__ volatile("cli; hlt");
}
static inline void cpu_relax(void)
{
	__builtin_ia32_pause();
}

#endif
