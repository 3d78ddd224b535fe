/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Corners of the architecture that a hypervisor gets wrong first: each must be as on a processor,
 * and none may end the VM.
 */
#include "ap.h"
#include "base/hw/insn.h"
#include "hello.h"
#include "interrupt.h"
#include "memory.h"

#define EXCEPTION_DB  1
#define CR0_PG        BIT64(31)
#define CR0_CD        BIT64(30)
#define TABLE_FLAGS   7ull /* present, writable, user */
#define TABLE_ADDRESS BITS64(51, 12)
#define LAST_ENTRY    511
#define REAL_NS       (2 * NS_PER_S)

static int expect(const char *what, bool good)
{
	print("%s%s\n", good ? "" : "FAILED: ", what);
	return good ? STATUS_OK : STATUS_FAILED;
}

static int expect_exception(const char *what, void (*action)(void *), u64 vector)
{
	struct fault f;

	return expect(what, catch_fault(action, NULL, &f) && f.vector == vector);
}

/* --- single steps: the trap comes behind an instruction that the hypervisor carries out */

static void step_behind_mov_ss(void *arg)
{
	(void)arg;
	__asm__ volatile("mov %%ss, %%esi; pushfq; orl $0x100, (%%rsp); popfq; mov %%esi, %%ss; "
			 "cpuid; nop; nop"
			 :
			 : "a"(0), "c"(0)
			 : "rbx", "rdx", "rsi", "cc", "memory");
}

static void step_behind_sti(void *arg)
{
	(void)arg;
	__asm__ volatile("pushfq; orl $0x100, (%%rsp); popfq; sti; cpuid; nop; nop"
			 :
			 : "a"(0), "c"(0)
			 : "rbx", "rdx", "cc", "memory");
}

extern const u8 behind_int1[];
static void int1(void *arg)
{
	(void)arg;
	__asm__ volatile(".byte 0xf1; .globl behind_int1; behind_int1: nop");
}

static int check_int1(void)
{
	struct fault f;

	return expect("INT1 goes on behind itself", catch_fault(int1, NULL, &f) &&
							    f.vector == EXCEPTION_DB &&
							    f.rip == (u64)behind_int1);
}

/* --- paging off in 64-bit code, by a write that exits for another of its bits */

static void paging_off(void *arg)
{
	(void)arg;
	write_cr0((read_cr0() & ~CR0_PG) ^ CR0_CD);
}

static int check_paging_off(void)
{
	u64 before = read_cr0();

	return expect_exception("64-bit code cannot turn paging off", paging_off, EXCEPTION_GP) |
	       expect("and CR0 is as it was", read_cr0() == before);
}

/* --- the last instruction of the lower half of the address space: behind it nothing is canonical
 */

static u64 *new_table(u64 *table, unsigned index)
{
	u64 *below = memory_take(PAGE_SIZE);

	table[index] = (u64)below | TABLE_FLAGS;
	return below;
}

static void last_instruction(void *arg)
{
	__asm__ volatile("jmp *%0" : : "r"(arg), "a"(0), "c"(0) : "rbx", "rdx");
}

static int check_end_of_space(void)
{
	u64 *table = (u64 *)(read_cr3() & TABLE_ADDRESS);
	u8 *page;
	struct fault f;

	table = new_table(table, LAST_ENTRY / 2);
	for (unsigned level = 0; level < 2; level++)
		table = new_table(table, LAST_ENTRY);
	page = (u8 *)new_table(table, LAST_ENTRY);
	memcpy(page + PAGE_SIZE - 2, (const u8[]){ 0x0f, 0xa2 }, 2); /* CPUID */
	return expect("behind the last canonical address there is #GP",
		      catch_fault(last_instruction, (void *)(BIT64(47) - 2), &f) &&
			      f.vector == EXCEPTION_GP);
}

/* --- a hypercall from user mode */

#define USER_CODE 0x23u
#define USER_DATA 0x2bu
#define TSS       0x30u

static u64 gdt[] = { 0,
		     0,
		     0x00af9b000000ffffull,
		     0x00cf93000000ffffull,
		     0x00affb000000ffffull,
		     0x00cff3000000ffffull,
		     0,
		     0 };
static struct {
	u32 reserved;
	u64 rsp0;
	u64 others[12];
} __attribute__((packed)) tss;
static u8 user_stack[4096] __attribute__((aligned(16))),
	kernel_stack[4096] __attribute__((aligned(16)));

static void prepare_user_mode(void)
{
	struct {
		u16 limit;
		u64 base;
	} __attribute__((packed)) gdtr = { sizeof(gdt) - 1, (u64)gdt };
	u64 *table = (u64 *)(read_cr3() & TABLE_ADDRESS), base = (u64)&tss;

	/* PML4, PDPT and the first 2 MiB, where this image is. */
	for (unsigned level = 0; level < 3; level++) {
		table[0] |= TABLE_FLAGS;
		table = (u64 *)(table[0] & TABLE_ADDRESS);
	}
	write_cr3(read_cr3());
	tss.rsp0 = (u64)(kernel_stack + sizeof(kernel_stack));
	gdt[TSS / 8] = (sizeof(tss) - 1) | (base & 0xffffff) << 16 | 0x89ull << 40 |
		       (base >> 24 & 0xff) << 56;
	gdt[TSS / 8 + 1] = base >> 32;
	__asm__ volatile("lgdt %0; ltr %w1" : : "m"(gdtr), "r"(TSS));
}

static void exit_from_user_mode(void *arg)
{
	(void)arg;
	__asm__ volatile(
		"push %0; push %1; push $2; push %2; lea 1f(%%rip), %%rcx; push %%rcx; iretq\n"
		"1: vmcall; ud2"
		:
		: "r"((u64)USER_DATA), "r"((u64)(user_stack + sizeof(user_stack))),
		  "r"((u64)USER_CODE), "a"((u64)HC_EXIT), "D"((u64)STATUS_FAILED)
		: "rcx", "memory");
}

static int check_user_mode(void)
{
	prepare_user_mode();
	return expect_exception("a hypercall of user mode is #UD", exit_from_user_mode,
				EXCEPTION_UD);
}

int check_corners(u64 argument)
{
	(void)argument;
	return expect_exception("a single step behind MOV SS and CPUID", step_behind_mov_ss,
				EXCEPTION_DB) |
	       expect_exception("a single step behind STI and CPUID", step_behind_sti,
				EXCEPTION_DB) |
	       check_int1() | check_paging_off() | check_end_of_space() | check_user_mode();
}

/* --- what another vCPU does in real mode */

extern const u8 real_begin[], real_end[], real_sp[];
#define REAL_PAGE  AP_PAGE
#define REAL_STACK 0xf000u
#define REAL_FRAME 6u /* FLAGS, CS, IP: no error code */

int check_real_mode(u64 argument)
{
	volatile u16 *sp = (volatile u16 *)(REAL_PAGE + (u64)(real_sp - real_begin));
	u64 start = now_ns();

	(void)argument;
	memcpy((u8 *)(u64)REAL_PAGE, real_begin, (size_t)(real_end - real_begin));
	ap_send_ipi(1, ICR_INIT);
	ap_send_ipi(1, ICR_STARTUP | REAL_PAGE >> PAGE_SHIFT);
	while (!*sp && now_ns() - start < REAL_NS)
		cpu_relax();
	return expect("#GP in real mode pushes no error code", *sp == REAL_STACK - REAL_FRAME);
}

/* INIT to the only vCPU: nobody is left to start it. */
int init_to_self(u64 argument)
{
	(void)argument;
	print("INIT to the only vCPU\n");
	ap_send_ipi(apic_id(), ICR_INIT);
	return expect("no instruction runs behind INIT", false);
}
