// SPDX-License-Identifier: GPL-2.0-only
/* What an exit costs, in TSC ticks: instructions where the machine counts so (`make bench`). */
#include "hello.h"

#define ROUNDS 64

/* Each is two instructions of the guest, of which the second exits. */
#define CPUID  "xorl %%eax, %%eax\n\tcpuid\n\t"
#define RDMSR  "movl $0x3b, %%ecx\n\trdmsr\n\t" /* IA32_TSC_ADJUST, which is emulated: 0 here */
#define WRMSR  "movl $0x3b, %%ecx\n\twrmsr\n\t"
#define VMCALL "xorl %%eax, %%eax\n\tvmcall\n\t" /* no such hypercall */

/* From one reading of the TSC to the next, with `work` between them and EDX:EAX 0 before it. */
#define TICKS_OF(name, work)                                                                       \
	static u64 name(void)                                                                      \
	{                                                                                          \
		u64 before, after;                                                                 \
                                                                                                   \
		__asm__ volatile("rdtsc\n\t"                                                       \
				 "shlq $32, %%rdx\n\t"                                             \
				 "leaq (%%rax, %%rdx), %0\n\t"                                     \
				 "xorl %%eax, %%eax\n\t"                                           \
				 "xorl %%edx, %%edx\n\t" work "rdtsc\n\t"                          \
				 "shlq $32, %%rdx\n\t"                                             \
				 "orq %%rdx, %%rax"                                                \
				 : "=&r"(before), "=&a"(after)                                     \
				 :                                                                 \
				 : "rbx", "rcx", "rdx", "cc", "memory");                           \
		return after - before;                                                             \
	}

TICKS_OF(cpuid_once, CPUID)
TICKS_OF(cpuid_twice, CPUID CPUID)
TICKS_OF(rdmsr_once, RDMSR)
TICKS_OF(rdmsr_twice, RDMSR RDMSR)
TICKS_OF(wrmsr_once, WRMSR)
TICKS_OF(wrmsr_twice, WRMSR WRMSR)
TICKS_OF(vmcall_once, VMCALL)
TICKS_OF(vmcall_twice, VMCALL VMCALL)

static const struct {
	const char *name;
	enum coppice_figure figure;
	u64 (*once)(void), (*twice)(void);
} exits[] = {
	{ "CPUID", FIGURE_CPUID_TICKS, cpuid_once, cpuid_twice },
	{ "RDMSR", FIGURE_RDMSR_TICKS, rdmsr_once, rdmsr_twice },
	{ "WRMSR", FIGURE_WRMSR_TICKS, wrmsr_once, wrmsr_twice },
	{ "VMCALL", FIGURE_VMCALL_TICKS, vmcall_once, vmcall_twice },
};

/* Undisturbed by interrupts and by the other VMs of the core. */
static u64 best_of(u64 (*ticks)(void))
{
	u64 best = ~0ull;

	for (unsigned i = 0; i < ROUNDS; i++) {
		u64 now = ticks();

		best = MIN(best, now);
	}
	return best;
}

/* What one more of them takes: reading the TSC cancels out. */
void measure_exits(void)
{
	for (unsigned i = 0; i < ARRAY_LEN(exits); i++) {
		u64 once = best_of(exits[i].once), twice = best_of(exits[i].twice);
		u64 ticks = twice > once ? twice - once : 0;

		hc_figure(exits[i].figure, ticks);
		print("one %s takes %llu TSC ticks\n", exits[i].name, (unsigned long long)ticks);
	}
}

int many_cpuids(u64 argument)
{
	for (u64 i = 0; i < argument; i++)
		cpuid_once();
	print("%llu CPUIDs\n", (unsigned long long)argument);
	return STATUS_OK;
}
