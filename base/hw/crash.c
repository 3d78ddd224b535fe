/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The end: a bug of ours is written to the crash record and to the console, and the machine stops.
 */
#include "base/crash.h"

#include "base/format.h"
#include "base/hw/image.h"
#include "base/hw/insn.h"
#include "base/hw/lapic.h"
#include "base/hw/paging.h"
#include "base/hw/trap.h"
#include "base/log.h"
#include "base/panic.h"
#include "base/string.h"

#define NO_VECTOR (~0ull)

struct crash_record crash_record __attribute__((section(".crash"), aligned(4096)));

static void (*describe)(struct crash_record *);
static u32 crashed_cpu_plus_1;

/* Intel SDM 3A table 6-1. */
static const char *const exception_names[32] = {
	"divide error",
	"debug exception",
	"NMI",
	"breakpoint",
	"overflow",
	"bound range exceeded",
	"invalid opcode",
	"device not available",
	"double fault",
	"coprocessor segment overrun",
	"invalid TSS",
	"segment not present",
	"stack-segment fault",
	"general protection",
	"page fault",
	"reserved (15)",
	"x87 floating-point error",
	"alignment check",
	"machine check",
	"SIMD floating-point exception",
	"virtualization exception",
	"control protection exception",
};

void crash_set_describe(void (*fill)(struct crash_record *))
{
	describe = fill;
}

bool crash_in_progress(void)
{
	return __atomic_load_n(&crashed_cpu_plus_1, __ATOMIC_ACQUIRE) != 0;
}

/*
 * Only the first crash is told. Another core, and a crash while this one is being told, just stop.
 */
static void begin(void)
{
	u32 nobody = 0;

	interrupts_off();
	if (!__atomic_compare_exchange_n(&crashed_cpu_plus_1, &nobody, cpu_index() + 1, false,
					 __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		halt_forever();
	lapic_nmi_others();
	log_enter_crash();
}

static void fill_record(u64 vector)
{
	crash_record.magic = CRASH_MAGIC;
	crash_record.version = CRASH_VERSION;
	crash_record.cpu = cpu_index();
	crash_record.vector = vector;
	crash_record.exit_reason = ~0ull;
	crash_record.cr2 = read_cr2();
	crash_record.cr3 = read_cr3();
	if (describe)
		describe(&crash_record);
}

static void print_registers(const struct crash_record *r)
{
	static const char names[16][4] = { "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
					   "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15" };

	log_text("  rip %016lx  rsp %016lx  rflags %08lx\n  cr2 %016lx  cr3 %016lx  error %lx\n",
		 r->rip, r->rsp, r->rflags, r->cr2, r->cr3, r->error_code);
	for (unsigned i = 0; i < 16; i += 4)
		log_text("  %-3s %016lx  %-3s %016lx  %-3s %016lx  %-3s %016lx\n", names[i],
			 r->gpr[i], names[i + 1], r->gpr[i + 1], names[i + 2], r->gpr[i + 2],
			 names[i + 3], r->gpr[i + 3]);
	if (r->exit_reason != ~0ull)
		log_text("  vm '%s' ran here last: exit reason %lu, guest rip %016lx\n", r->vm,
			 r->exit_reason, r->guest_rip);
}

/*
 * Words on the stack that may be return addresses; within one page, which is mapped if anything
 * is.
 */
static void print_trace(const struct crash_record *r)
{
	bool overflowed = r->vector == VECTOR_PAGE_FAULT &&
			  ALIGN_DOWN(r->rsp, PAGE_SIZE) == ALIGN_DOWN(r->cr2, PAGE_SIZE);
	u64 rsp = overflowed ? ALIGN_UP(r->rsp, PAGE_SIZE) : r->rsp;
	u64 end = ALIGN_DOWN(rsp, PAGE_SIZE) + PAGE_SIZE;
	unsigned shown = 0;

	if (rsp % 8 || rsp < DIRECT_MAP_VA)
		return;
	log_text("  on the stack:");
	for (u64 at = rsp; at < end && shown < 12; at += 8) {
		u64 word = *(const volatile u64 *)at;

		if (word >= (uintptr_t)image_start && word < (uintptr_t)image_text_end) {
			log_text(" %lx", word);
			shown++;
		}
	}
	log_text("\n");
}

__attribute__((noreturn)) static void finish(void)
{
	const struct crash_record *r = &crash_record;

	log_text("\ncoppice: crash on cpu %u: %.*s\n", r->cpu, (int)sizeof(r->text), r->text);
	print_registers(r);
	log_text("coppice: stopped; the crash record is at physical 0x%lx\n", image_hpa(r).v);
	/* Last, because a broken stack pointer makes this fault, and that ends in begin(). */
	print_trace(r);
	halt_forever();
}

void crash_exception(const struct trap_frame *frame)
{
	const u64 gpr[16] = { frame->rax, frame->rcx, frame->rdx, frame->rbx,
			      frame->rsp, frame->rbp, frame->rsi, frame->rdi,
			      frame->r8,  frame->r9,  frame->r10, frame->r11,
			      frame->r12, frame->r13, frame->r14, frame->r15 };
	const char *name = frame->vector < 32 ? exception_names[frame->vector] : NULL;

	begin();
	crash_record.error_code = frame->error_code;
	crash_record.rip = frame->rip;
	crash_record.rsp = frame->rsp;
	crash_record.rflags = frame->rflags;
	memcpy(crash_record.gpr, gpr, sizeof(gpr));
	fill_record(frame->vector);
	format(crash_record.text, sizeof(crash_record.text),
	       "%s (vector %lu, error 0x%lx) at rip %016lx", name ? name : "reserved exception",
	       frame->vector, frame->error_code, frame->rip);
	finish();
}

void hv_bug(const char *file, int line, const char *fmt, ...)
{
	size_t len;
	va_list args;

	begin();
	crash_record.rip = (uintptr_t)__builtin_return_address(0);
	crash_record.rsp = (uintptr_t)__builtin_frame_address(0);
	crash_record.gpr[4] = crash_record.rsp;
	fill_record(NO_VECTOR);
	format(crash_record.text, sizeof(crash_record.text), "bug at %s:%d: ", file, line);
	len = strnlen(crash_record.text, sizeof(crash_record.text));
	va_start(args, fmt);
	format_v(crash_record.text + len, sizeof(crash_record.text) - len, fmt, args);
	va_end(args);
	finish();
}
