/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What tests make a guest do, and what must come of it. Each says what it saw; status 0 means that
 * it was as docs/guest-abi.md has it.
 */
#include "hello.h"

#include "base/hw/insn.h"
#include "interrupt.h"

#define STORM_SECONDS      3
#define STORM_VECTOR       VECTOR_DEVICES
#define NAP_EVERY          (NS_PER_MS * 3 / 2) /* turns on a shared core are 2 ms long */
#define NAP_TIME           (NS_PER_MS / 100)
#define ALL_ONES_8         0xffu
#define ALL_ONES_16        0xffffu
#define ALL_ONES_32        0xffffffffu
#define BEYOND_PAGE_TABLES (4 * GiB) /* the loader maps the first 4 GiB */
#define TEXT_LIMIT         4096      /* of HC_CONSOLE_WRITE */
#define NO_SUCH_HYPERCALL  0x7fff
#define NO_SUCH_SLOT       1000

/* Did action(arg) raise `vector`, with error code 0 where it has one? */
static int expect_fault(const char *what, void (*action)(void *), void *arg, u64 vector)
{
	struct fault f;

	if (!catch_fault(action, arg, &f)) {
		print("FAILED: %s raised nothing, expected exception %u\n", what, (unsigned)vector);
		return STATUS_FAILED;
	}
	print("%s: exception %u, error code %llx\n", what, (unsigned)f.vector,
	      (unsigned long long)f.error_code);
	return f.vector == vector ? STATUS_OK : STATUS_FAILED;
}

#define WHOLE_IDT_LIMIT 0xfff

/* Without an argument there is no IDT; else it is at that address. */
static int do_triplefault(u64 argument)
{
	struct {
		u16 limit;
		u64 base;
	} __attribute__((packed)) idt = { argument ? WHOLE_IDT_LIMIT : 0, argument };

	print("no usable IDT, then UD2: this VM ends here\n");
	__asm__ volatile("lidt %0; ud2" : : "m"(idt));
	return STATUS_FAILED;
}

/* Without an active VMCS these raise #UD outside VMX operation, whatever the operand (SDM volume 3C
 * chapter 31). */
static void vmxon(void *arg)
{
	__asm__ volatile("vmxon %0" : : "m"(*(u64 *)arg) : "cc", "memory");
}

static void vmptrld(void *arg)
{
	__asm__ volatile("vmptrld %0" : : "m"(*(u64 *)arg) : "cc", "memory");
}

static void vmlaunch(void *arg)
{
	(void)arg;
	__asm__ volatile("vmlaunch" : : : "cc", "memory");
}

static void vmread(void *arg)
{
	__asm__ volatile("vmread %1, %0" : "=r"(*(u64 *)arg) : "r"(0ull) : "cc");
}

static int do_vmxon(u64 argument)
{
	return expect_fault("VMXON", vmxon, &argument, EXCEPTION_UD) |
	       expect_fault("VMPTRLD", vmptrld, &argument, EXCEPTION_UD) |
	       expect_fault("VMLAUNCH", vmlaunch, &argument, EXCEPTION_UD) |
	       expect_fault("VMREAD", vmread, &argument, EXCEPTION_UD);
}

static int do_unmapped(u64 argument)
{
	volatile u32 *p = (volatile u32 *)(argument ? argument : guest->scratch_gpa);
	u32 value;

	print("reading %p, where nothing is\n", (void *)p);
	value = *p;
	print("it reads %x; writing to it\n", value);
	*p = 0;
	print("the write came back\n");
	return value == ALL_ONES_32 ? STATUS_OK : STATUS_FAILED;
}

static void read_msr(void *arg)
{
	print("it reads %llx\n", (unsigned long long)rdmsr(*(u32 *)arg));
}

static void write_msr(void *arg)
{
	wrmsr(*(u32 *)arg, 0);
}

static int do_msr(u64 argument)
{
	u32 msr = (u32)argument;

	print("MSR %x\n", msr);
	return expect_fault("RDMSR", read_msr, &msr, EXCEPTION_GP) |
	       expect_fault("WRMSR", write_msr, &msr, EXCEPTION_GP);
}

static int do_port(u64 argument)
{
	u16 port = (u16)argument;
	u32 in32;
	u16 in16;
	u8 in8;

	__asm__ volatile("inb %1, %0" : "=a"(in8) : "d"(port));
	__asm__ volatile("inw %1, %0" : "=a"(in16) : "d"(port));
	__asm__ volatile("inl %1, %0" : "=a"(in32) : "d"(port));
	print("port %x reads %x, %x, %x\n", port, in8, in16, in32);
	__asm__ volatile("outb %0, %1" : : "a"((u8)0), "d"(port));
	__asm__ volatile("outw %0, %1" : : "a"((u16)0), "d"(port));
	__asm__ volatile("outl %0, %1" : : "a"(0), "d"(port));
	print("three writes to it came back\n");
	return in8 == ALL_ONES_8 && in16 == ALL_ONES_16 && in32 == ALL_ONES_32 ? STATUS_OK
									       : STATUS_FAILED;
}

/* Never exits by itself but for its clock: others must run on beside it. */
static int do_spin(u64 argument)
{
	u64 seconds = argument ? argument : cmdline_number("secs", STORM_SECONDS);

	print("spinning for %llu s\n", (unsigned long long)seconds);
	delay_ns(seconds * NS_PER_S);
	print("done spinning\n");
	return STATUS_OK;
}

/* Computes and nothing else. No PAUSE: an emulator that takes turns among its cores would then go
 * on to the next. */
static int do_forever(u64 argument)
{
	(void)argument;
	print("spinning for ever\n");
	for (volatile u64 turns = 0; turns < UINT64_MAX;)
		turns++;
	return STATUS_OK;
}

static void on_storm(void *ctx)
{
	(*(volatile u64 *)ctx)++;
}

/* As many exits and interrupts as one core can make. */
static int do_storm(u64 argument)
{
	u64 end =
		now_ns() + (argument ? argument : cmdline_number("secs", STORM_SECONDS)) * NS_PER_S;
	volatile u64 taken = 0;
	u64 sent = 0;

	interrupt_set(STORM_VECTOR, on_storm, (void *)&taken);
	while (now_ns() < end) {
		cpuid(0, 0);
		apic_self_ipi(STORM_VECTOR);
		sent++;
		interrupts_window();
	}
	print("%llu self-IPIs sent, %llu taken\n", (unsigned long long)sent,
	      (unsigned long long)taken);
	return taken == sent ? STATUS_OK : STATUS_FAILED;
}

/* Gives the core away just before it would have to, and wants it back at once. */
static int do_nap(u64 argument)
{
	print("napping\n");
	for (u64 naps = 0; naps < argument; naps++) {
		u64 end = now_ns() + NAP_EVERY;

		while (now_ns() < end)
			;
		apic_sleep(NAP_TIME);
	}
	return STATUS_OK;
}

/* More text than anybody wants to read. */
static int do_chatter(u64 argument)
{
	u64 lines = argument ? argument : TEXT_LIMIT;

	for (u64 i = 0; i < lines; i++)
		print("line %llu of %llu\n", (unsigned long long)i, (unsigned long long)lines);
	return STATUS_OK;
}

static void touch(void *arg)
{
	(void)*(volatile u64 *)arg;
}

static int do_pagefault(u64 argument)
{
	u64 address = argument ? argument : BEYOND_PAGE_TABLES;

	return expect_fault("a read beyond the page tables", touch, (void *)address, EXCEPTION_PF);
}

static void divide(void *arg)
{
	__asm__ volatile("div %0" : : "r"(*(u64 *)arg), "a"(1ull), "d"(0ull) : "cc");
}

static int do_divide(u64 argument)
{
	argument = 0;
	return expect_fault("a division by zero", divide, &argument, EXCEPTION_DIVIDE);
}

static int expect_result(const char *what, s64 result, s64 expected)
{
	print("%s%s: %lld\n", result == expected ? "" : "FAILED: ", what, (long long)result);
	return result == expected ? STATUS_OK : STATUS_FAILED;
}

static int do_badhypercall(u64 argument)
{
	int bad = 0;

	(void)argument;
	bad |= expect_result("an unknown hypercall", hypercall(NO_SUCH_HYPERCALL, 0, 0, 0),
			     HC_E_UNKNOWN);
	bad |= expect_result("text outside RAM",
			     hypercall(HC_CONSOLE_WRITE, guest->scratch_gpa, 1, 0), HC_E_ARGUMENT);
	bad |= expect_result("text at the end of the address space",
			     hypercall(HC_CONSOLE_WRITE, ~0ull, TEXT_LIMIT, 0), HC_E_ARGUMENT);
	bad |= expect_result("text across the end of RAM",
			     hypercall(HC_CONSOLE_WRITE, guest->ram_bytes - 1, 2, 0),
			     HC_E_ARGUMENT);
	bad |= expect_result("too long a text",
			     hypercall(HC_CONSOLE_WRITE, (u64)guest, TEXT_LIMIT + 1, 0),
			     HC_E_ARGUMENT);
	bad |= expect_result("an unknown figure", hypercall(HC_FIGURE, COPPICE_FIGURES, 0, 0),
			     HC_E_ARGUMENT);
	bad |= expect_result("the shared page of no VF",
			     hypercall(HC_SHARED_PAGE, NO_SUCH_SLOT, 0, 0), HC_E_NONE);
	bad |= expect_result("the doorbell of no VF", hypercall(HC_DOORBELL, NO_SUCH_SLOT, 0, 0),
			     HC_E_NONE);
	return bad;
}

/* Asleep with interrupts off and nothing to wake it: the hypervisor ends the VM. */
static int do_sleep(u64 argument)
{
	(void)argument;
	print("HLT with interrupts off\n");
	halt_forever();
	return STATUS_FAILED;
}

static int do_fail(u64 argument)
{
	print("asked to fail\n");
	return argument ? (int)argument : STATUS_FAILED;
}

const struct behaviour misbehaviours[] = {
	{ "triplefault", do_triplefault },
	{ "vmxon", do_vmxon },
	{ "unmapped", do_unmapped },
	{ "msr", do_msr },
	{ "port", do_port },
	{ "spin", do_spin },
	{ "forever", do_forever },
	{ "storm", do_storm },
	{ "nap", do_nap },
	{ "chatter", do_chatter },
	{ "pagefault", do_pagefault },
	{ "divide", do_divide },
	{ "badhypercall", do_badhypercall },
	{ "sleep", do_sleep },
	{ "fail", do_fail },
	{ "watch", watch_ram },
	{ "cpuid", many_cpuids },
	{ "echo", echo_lines },
	{ "irqstorm", storm_of_vf },
	{ "corners", check_corners },
	{ "realmode", check_real_mode },
	{ "init", init_to_self },
	{ "flr", reset_vf },
	{ "reboot", reboot_forever },
	{ NULL, NULL },
};
