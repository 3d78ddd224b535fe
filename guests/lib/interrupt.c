/* SPDX-License-Identifier: GPL-2.0-only */
/* IDT, dispatch, expected faults, and the local APIC. */
#include "interrupt.h"

#include "base/hw/cpu.h"
#include "base/hw/insn.h"
#include "guest.h"

#define RFLAGS_FIXED   BIT64(1)
#define VECTORS        256
#define FIRST_EXTERNAL 32 /* vectors below are exceptions */
#define ENTRY_BYTES    16 /* of interrupt_entries, start.asm */

/* A 64-bit interrupt gate (SDM volume 3A figure 6-8). */
struct idt_gate {
	u16 offset_low, selector;
	u8 ist, type;
	u16 offset_mid;
	u32 offset_high, reserved;
};
_Static_assert(sizeof(struct idt_gate) == 16, "SDM volume 3A section 6.14.1");
#define GATE_PRESENT_INTERRUPT 0x8e

struct table_register {
	u16 limit;
	u64 base;
} __attribute__((packed));

/* x2APIC registers are MSRs (SDM volume 3A table 11-6). */
#define MSR_APIC_BASE    0x01b
#define APIC_BASE_ENABLE BIT(11)
#define APIC_BASE_X2APIC BIT(10)
enum x2apic_msr {
	X2APIC_ID = 0x802,
	X2APIC_TPR = 0x808,
	X2APIC_EOI = 0x80b,
	X2APIC_SIVR = 0x80f,
	X2APIC_LVT_TIMER = 0x832,
	X2APIC_TIMER_INITIAL = 0x838,
	X2APIC_TIMER_DIVIDE = 0x83e,
	X2APIC_SELF_IPI = 0x83f,
};
#define SIVR_ENABLE          BIT(8)
#define LVT_MASKED           BIT(16)
#define LVT_PERIODIC         BIT(17)
#define DIVIDE_BY_16         0x3
#define TIMER_DIVISOR        16
#define NS_PER_TICK_OF_1_KHZ 1000000ull

extern u8 interrupt_entries[];
extern u8 catch_resume[];
bool catch_call(void (*action)(void *), void *arg);
void interrupt_common(struct trap_frame *frame);

static struct idt_gate idt[VECTORS] __attribute__((aligned(16)));
static struct {
	guest_handler *handler;
	void *ctx;
} handlers[VECTORS];

/* Stack to return to when a fault is expected, 0 when none is. Written by catch_call(). */
u64 catch_stack;
static struct fault caught;

void interrupt_init(void)
{
	struct table_register idtr = { sizeof(idt) - 1, (u64)idt };
	u16 cs;

	/* The GDT is the loader's; its code segment is the one that we run on. */
	__asm__ volatile("mov %%cs, %0" : "=r"(cs));
	for (unsigned v = 0; v < VECTORS; v++) {
		u64 entry = (u64)(interrupt_entries + v * ENTRY_BYTES);

		idt[v] = (struct idt_gate){
			.offset_low = (u16)entry,
			.selector = cs,
			.type = GATE_PRESENT_INTERRUPT,
			.offset_mid = (u16)(entry >> 16),
			.offset_high = (u32)(entry >> 32),
		};
	}
	__asm__ volatile("lidt %0" : : "m"(idtr));
}

void interrupt_set(u8 vector, guest_handler *handler, void *ctx)
{
	handlers[vector].ctx = ctx;
	handlers[vector].handler = handler;
}

static void on_exception(struct trap_frame *f)
{
	if (catch_stack) {
		caught = (struct fault){ f->vector, f->error_code, f->rip, read_cr2() };
		f->rsp = catch_stack;
		f->rip = (u64)catch_resume;
		/* Back to us, whatever raised it: user mode, a single step. */
		f->rflags = RFLAGS_FIXED;
		__asm__ volatile("mov %%cs, %0; mov %%ss, %1" : "=r"(f->cs), "=r"(f->ss));
		return;
	}
	print("exception %u, error code %llx, at %llx, cr2 %llx\n", (unsigned)f->vector,
	      (unsigned long long)f->error_code, (unsigned long long)f->rip,
	      (unsigned long long)read_cr2());
	print("rax %llx rbx %llx rcx %llx rdx %llx rsi %llx rdi %llx rsp %llx\n",
	      (unsigned long long)f->rax, (unsigned long long)f->rbx, (unsigned long long)f->rcx,
	      (unsigned long long)f->rdx, (unsigned long long)f->rsi, (unsigned long long)f->rdi,
	      (unsigned long long)f->rsp);
	guest_exit(STATUS_EXCEPTION + f->vector);
}

/* Called by start.asm for every vector. */
void interrupt_common(struct trap_frame *frame)
{
	if (frame->vector < FIRST_EXTERNAL) {
		on_exception(frame);
		return;
	}
	/* No EOI for a spurious interrupt: it is in no ISR bit (SDM volume 3A section 11.9). */
	if (frame->vector == VECTOR_SPURIOUS)
		return;
	if (!handlers[frame->vector].handler)
		guest_die(STATUS_FAILED, "interrupt 0x%x, which nobody asked for",
			  (unsigned)frame->vector);
	handlers[frame->vector].handler(handlers[frame->vector].ctx);
	wrmsr(X2APIC_EOI, 0);
}

bool catch_fault(void (*action)(void *), void *arg, struct fault *fault)
{
	if (!catch_call(action, arg))
		return false;
	*fault = caught;
	return true;
}

void apic_init(void)
{
	/* From any mode but "off" the way to x2APIC is open (SDM volume 3A section 11.12.5). */
	wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | APIC_BASE_ENABLE | APIC_BASE_X2APIC);
	wrmsr(X2APIC_TPR, 0);
	wrmsr(X2APIC_LVT_TIMER, LVT_MASKED | VECTOR_TIMER);
	wrmsr(X2APIC_TIMER_DIVIDE, DIVIDE_BY_16);
	wrmsr(X2APIC_SIVR, SIVR_ENABLE | VECTOR_SPURIOUS);
}

u32 apic_id(void)
{
	return (u32)rdmsr(X2APIC_ID);
}

static void timer_start(u64 ns, u32 mode)
{
	u64 count = ns * (guest->apic_timer_khz / TIMER_DIVISOR) / NS_PER_TICK_OF_1_KHZ;

	wrmsr(X2APIC_TIMER_INITIAL, 0);
	if (!ns) {
		wrmsr(X2APIC_LVT_TIMER, LVT_MASKED | VECTOR_TIMER);
		return;
	}
	wrmsr(X2APIC_LVT_TIMER, mode | VECTOR_TIMER);
	/* A count of 0 would stop the timer: a wait too short to count becomes the shortest one. */
	wrmsr(X2APIC_TIMER_INITIAL, MIN(MAX(count, 1ull), (u64)UINT32_MAX));
}

void apic_timer_once(u64 ns)
{
	timer_start(ns, 0);
}

void apic_timer_every(u64 ns)
{
	timer_start(ns, LVT_PERIODIC);
}

static void on_sleep_over(void *ctx)
{
	*(volatile bool *)ctx = true;
}

void apic_sleep(u64 ns)
{
	volatile bool over = false;

	interrupt_set(VECTOR_TIMER, on_sleep_over, (void *)&over);
	apic_timer_once(ns);
	while (!over)
		halt_until_interrupt();
}

void apic_self_ipi(u8 vector)
{
	wrmsr(X2APIC_SELF_IPI, vector);
}
