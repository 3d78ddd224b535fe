/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hostile guest of S31: `seed=<n> ops=<n>` on the command line say what it does, in the manner
 * of HYPER-CUBE (NDSS 2020): blind, fast, on all interfaces. Its vCPUs share its devices and start
 * each other again after an INIT. It succeeds if it lives to the end; what it did to others is for
 * others to see.
 */
#include "chaos.h"

#include "base/hw/insn.h"
#include "interrupt.h"

#define VCPUS_MAX     4
#define DEFAULT_OPS   10000
#define GOLDEN_RATIO  0x9e3779b97f4a7c15ull
#define LOOK_EVERY    64
#define INIT_EVERY    2048
#define RETURN_NS     (5 * NS_PER_S)
#define FIRST_VECTOR  32
#define LAST_VECTOR   255
#define MEMORY_OF_RSI 6

static const struct {
	chaos_operation *run;
	unsigned weight;
} operations[] = {
	{ chaos_cpuid, 6 },          { chaos_msr, 12 },     { chaos_control_register, 8 },
	{ chaos_debug_register, 3 }, { chaos_xsetbv, 2 },   { chaos_other_instruction, 8 },
	{ chaos_interrupt, 4 },      { chaos_far_jump, 3 }, { chaos_single_step, 3 },
	{ chaos_apic, 6 },           { chaos_port, 10 },    { chaos_config_port, 6 },
	{ chaos_ecam, 8 },           { chaos_memory, 16 },  { chaos_race, 2 },
	{ chaos_hypercall, 4 },      { chaos_halt, 1 },
};

static struct chaos cpus[VCPUS_MAX];
static u8 stacks[VCPUS_MAX][AP_STACK_BYTES] __attribute__((aligned(AP_STACK_BYTES)));
static u32 init_lock;
static u64 interrupts;
static u64 only; /* the one kind of operation to do; all if there is none of this number */

void chaos_unexpected(int vector, const u64 *frame);

/* --- the generator: splitmix64 */

u64 chaos_random(struct chaos *c)
{
	u64 z = c->random += GOLDEN_RATIO;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

u64 chaos_below(struct chaos *c, u64 limit)
{
	return chaos_random(c) % limit;
}

u64 chaos_value(struct chaos *c)
{
	u64 bit = BIT64(chaos_below(c, 64));

	switch (chaos_below(c, 6)) {
	case 0: return bit;
	case 1: return ~bit;
	case 2: return bit - 1;
	case 3: return chaos_below(c, 256);
	case 4: return chaos_random(c) & UINT32_MAX;
	default: return chaos_random(c);
	}
}

/* --- code */

void emit_bytes(struct chaos *c, const u8 *bytes, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		emit(c, bytes[i]);
}

void emit_memory(struct chaos *c, unsigned reg)
{
	u8 field = (u8)(reg << 3);

	switch (chaos_below(c, 4)) {
	case 0: emit(c, field | MEMORY_OF_RSI); break;
	case 1: emit_bytes(c, (const u8[]){ 0x40 | field | MEMORY_OF_RSI, 0 }, 2); break;
	case 2: emit_bytes(c, (const u8[]){ 0x80 | field | MEMORY_OF_RSI, 0, 0, 0, 0 }, 5); break;
	default:
		emit_bytes(c, (const u8[]){ field | 4, 0x26 }, 2);
		break; /* SIB: base RSI, no index */
	}
}

void emit_padding(struct chaos *c)
{
	static const u8 prefixes[] = { 0x2e, 0x36, 0x3e, 0x26, 0x64, 0x65, 0x67 };

	while (c->len < 3 && chaos_one_in(c, 4))
		emit(c, prefixes[chaos_below(c, ARRAY_LEN(prefixes))]);
}

static chaos_operation *pick_operation(struct chaos *c)
{
	unsigned total = 0;
	u64 at;

	if (only < ARRAY_LEN(operations))
		return operations[only].run;
	for (unsigned i = 0; i < ARRAY_LEN(operations); i++)
		total += operations[i].weight;
	at = chaos_below(c, total);
	for (unsigned i = 0;; i++) {
		if (at < operations[i].weight)
			return operations[i].run;
		at -= operations[i].weight;
	}
}

static void one_operation(struct chaos *c)
{
	int vector;

	c->len = 0;
	memset(c->reg, 0, sizeof(c->reg));
	pick_operation(c)(c);
	emit(c, 0xc3); /* RET */
	vector = chaos_attempt(c->code, c->reg);
	c->faults += vector >= 0;
	for (unsigned i = 0; i < c->len; i++)
		c->digest = (c->digest ^ c->code[i]) * GOLDEN_RATIO;
	c->digest = (c->digest ^ (u64)(vector + 1)) * GOLDEN_RATIO;
	c->done++;
}

/* --- interrupts and exceptions */

void chaos_unexpected(int vector, const u64 *frame)
{
	guest_die(STATUS_EXCEPTION, "FAILED: exception %d between operations; stack %llx %llx %llx",
		  vector, (unsigned long long)frame[0], (unsigned long long)frame[1],
		  (unsigned long long)frame[2]);
}

static void on_interrupt(void *ctx)
{
	(void)ctx;
	interrupts++;
}

static struct {
	u16 limit;
	u64 base;
} __attribute__((packed)) idtr;

/* The library's table with our own entries for exceptions; all vCPUs share it. */
static void prepare_interrupts(void)
{
	interrupt_init();
	for (unsigned v = FIRST_VECTOR; v <= LAST_VECTOR; v++)
		interrupt_set((u8)v, on_interrupt, NULL);
	__asm__ volatile("sidt %0" : "=m"(idtr));
	for (unsigned v = 0; v < FAULT_ENTRIES; v++) {
		u64 entry = (u64)(chaos_fault_entries + v * FAULT_ENTRY_BYTES);
		u16 *gate = (u16 *)(idtr.base + 16 * v);

		gate[0] = (u16)entry;
		gate[3] = (u16)(entry >> 16);
	}
}

/* --- vCPUs */

static bool take_init_lock(void)
{
	return !__atomic_exchange_n(&init_lock, 1, __ATOMIC_ACQUIRE);
}

static void run(u32 number);

/* A start-up IPI for whoever has put itself to sleep. It is the only one: the lock is its own. */
static void start_the_gone(struct chaos *me)
{
	for (u32 id = 0; id < guest->cpus; id++) {
		struct chaos *c = &cpus[id];
		s64 end;

		if (c == me || !c->gone || !__atomic_exchange_n(&c->gone, false, __ATOMIC_ACQ_REL))
			continue;
		ap_prepare(id + 1, stacks[0], run);
		end = hc_time_ns() + (s64)RETURN_NS;
		for (u64 before = c->returns; *(volatile u64 *)&c->returns == before;) {
			ap_send_ipi(id, ICR_STARTUP | AP_PAGE >> PAGE_SHIFT);
			if (hc_time_ns() > end)
				guest_die(STATUS_TIMEOUT,
					  "FAILED: vCPU %u does not come back from INIT", id);
		}
		/* Only now may it leave again: our last start-up IPI would start it anew. */
		__atomic_store_n(&init_lock, 0, __ATOMIC_RELEASE);
	}
}

/* INIT to itself, if nobody else sleeps and somebody can wake it. */
static void leave(struct chaos *c)
{
	if (guest->cpus < 2 || !take_init_lock())
		return;
	c->gone = true;
	ap_send_ipi(c->id, ICR_INIT);
	for (u64 i = 0; i < UINT32_MAX; i++)
		cpu_relax();
	guest_die(STATUS_FAILED, "FAILED: vCPU %u runs on after INIT", c->id);
}

static void finish(struct chaos *c)
{
	u64 digest = 0, done = 0, faults = 0, returns = 0;

	c->finished = true;
	for (u32 id = 0; id < guest->cpus; id++)
		while (!cpus[id].finished) {
			start_the_gone(c);
			cpu_relax();
		}
	if (c->id)
		for (;;)
			halt_forever();
	for (u32 id = 0; id < guest->cpus; id++) {
		digest ^= cpus[id].digest;
		done += cpus[id].done;
		faults += cpus[id].faults;
		returns += cpus[id].returns;
	}
	hc_figure(FIGURE_ERRORS, 0);
	print("seed=%llu: %llu operations, %llu exceptions, %llu interrupts, %llu times back from "
	      "INIT, digest %016llx\n",
	      (unsigned long long)cmdline_number("seed", 1), (unsigned long long)done,
	      (unsigned long long)faults, (unsigned long long)interrupts,
	      (unsigned long long)returns, (unsigned long long)digest);
	guest_exit(STATUS_OK);
}

/* Where every vCPU begins, and begins again. */
static void run(u32 number)
{
	struct chaos *c = &cpus[number - 1];
	u64 *slot = (u64 *)stacks[number - 1];

	*slot = 0;
	__asm__ volatile("lidt %0" : : "m"(idtr));
	apic_init();
	c->returns += c->done != 0;
	while (c->done < c->wanted) {
		one_operation(c);
		if (c->done % LOOK_EVERY == 0)
			start_the_gone(c);
		if (chaos_one_in(c, INIT_EVERY))
			leave(c);
	}
	finish(c);
}

int guest_main(void)
{
	u64 seed = cmdline_number("seed", 1), ops = cmdline_number("ops", DEFAULT_OPS);

	if (guest->cpus > VCPUS_MAX)
		guest_die(STATUS_USAGE, "chaos takes at most %u vCPUs", VCPUS_MAX);
	print("seed=%llu ops=%llu on %u vCPUs\n", (unsigned long long)seed, (unsigned long long)ops,
	      guest->cpus);
	for (u32 id = 0; id < guest->cpus; id++) {
		cpus[id].id = id;
		cpus[id].random = seed * VCPUS_MAX + id;
		cpus[id].random = chaos_random(&cpus[id]);
		cpus[id].wanted = ops / guest->cpus;
	}
	only = cmdline_number("only", ARRAY_LEN(operations));
	prepare_interrupts();
	apic_init();
	for (u32 id = 1; id < guest->cpus; id++) {
		ap_prepare(id + 1, stacks[0], run);
		ap_send_ipi(id, ICR_INIT);
		ap_send_ipi(id, ICR_STARTUP | AP_PAGE >> PAGE_SHIFT);
		while (!*(volatile u64 *)&cpus[id].done)
			cpu_relax();
	}
	chaos_switch_stack(stacks[0] + AP_STACK_BYTES, run, 1);
}
