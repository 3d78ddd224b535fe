/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest that does everything it should not, from a seed. Each operation fills registers, writes a
 * few bytes of machine code, and runs them: whatever exception comes is expected.
 */
#ifndef GUESTS_CHAOS_H
#define GUESTS_CHAOS_H

#include "ap.h"
#include "guest.h"

#define CODE_BYTES 32
/* In encoding order, as the machine code names them. RSP is never touched. */
enum reg {
	RAX,
	RCX,
	RDX,
	RBX,
	RSP,
	RBP,
	RSI,
	RDI,
	REGS = 16
};

struct chaos {
	u64 random; /* the generator's state: nothing else decides what comes next */
	u32 id;     /* APIC id */
	u64 done, wanted;
	u64 faults;
	u64 digest; /* of every operation and the exception that it raised */
	u64 reg[REGS];
	u8 code[CODE_BYTES];
	unsigned len;
	volatile bool gone;     /* has sent INIT to itself: others start it again */
	volatile bool finished; /* all operations are done */
	u64 returns;            /* how often it came back from INIT */
};

/* A number below `limit` (> 0). */
u64 chaos_below(struct chaos *c, u64 limit);
u64 chaos_random(struct chaos *c);
/* A number of which few bits are set, or few are clear, or all are random, or that is small. */
u64 chaos_value(struct chaos *c);
static inline bool chaos_one_in(struct chaos *c, u64 n)
{
	return !chaos_below(c, n);
}

/* --- writing code */
static inline void emit(struct chaos *c, u8 byte)
{
	c->code[c->len++] = byte;
}
void emit_bytes(struct chaos *c, const u8 *bytes, unsigned count);
/* A ModRM byte for the memory at [RSI], with some displacement of 0 in one of its forms. */
void emit_memory(struct chaos *c, unsigned reg);
/* Up to three prefixes that change nothing of an instruction without memory operand. */
void emit_padding(struct chaos *c);

/* One operation each: fills c->reg and c->code. */
typedef void chaos_operation(struct chaos *c);
chaos_operation chaos_cpuid, chaos_msr, chaos_control_register, chaos_debug_register, chaos_xsetbv,
	chaos_other_instruction, chaos_interrupt, chaos_far_jump, chaos_single_step, chaos_apic,
	chaos_port, chaos_config_port, chaos_ecam, chaos_memory, chaos_hypercall, chaos_halt,
	chaos_race;

/* --- entry.asm */
/* Run code with these registers; they hold what it left. The exception it raised, -1 for none. */
int chaos_attempt(const u8 *code, u64 *reg);
/* Call entry(number) on the stack that ends at `top`; does not return. */
__attribute__((noreturn)) void chaos_switch_stack(void *top, void (*entry)(u32), u32 number);
extern u8 chaos_fault_entries[];
#define FAULT_ENTRIES     32
#define FAULT_ENTRY_BYTES 16

#endif
