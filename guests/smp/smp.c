/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All vCPUs of a VM: started by INIT and start-up IPIs through real mode, they send each other IPIs
 * and answer them, drop stale translations when told to, have timers of their own, and come back
 * from INIT each time.
 */
#include "ap.h"
#include "base/hw/insn.h"
#include "guest.h"
#include "interrupt.h"

#define MAX_VCPUS    16
#define ROUNDS       100
#define TICKS        10
#define RESTARTS     50
#define WAIT_NS      (10 * NS_PER_S)
#define VECTOR_PING  0x40
#define VECTOR_PONG  0x41
#define VECTOR_FLUSH 0x42
#define VECTOR_TICKS 0x43
#define VECTOR_TURN  0x44

/* The page whose translation is changed under everybody: 2 MiB at 1 GiB, seen as one of two pieces
 * of RAM. */
#define WINDOW_VA   0x40000000ull
#define PIECE_A     0x600000ull
#define PIECE_B     0x800000ull
#define PDE_FLAGS   0x83ull /* present, writable, 2 MiB */
#define PTE_ADDRESS BITS64(51, 12)

static u8 stacks[MAX_VCPUS][AP_STACK_BYTES] __attribute__((aligned(16)));
static volatile u32 online;
static volatile u32 pings[MAX_VCPUS], flushes[MAX_VCPUS], ticks[MAX_VCPUS];
static volatile u64 seen[MAX_VCPUS];
static volatile u32 pongs;
static volatile u32 caller; /* whose turn it is to send pings, and to get the answers */

static void on_ping(void *ctx)
{
	(void)ctx;
	pings[apic_id()]++;
	ap_send_ipi(caller, VECTOR_PONG);
}

static void on_pong(void *ctx)
{
	(void)ctx;
	pongs++;
}

static void on_flush(void *ctx)
{
	u32 me = apic_id();

	(void)ctx;
	__asm__ volatile("invlpg (%0)" : : "r"(WINDOW_VA) : "memory");
	seen[me] = *(volatile u64 *)WINDOW_VA;
	flushes[me]++;
}

static void on_tick(void *ctx)
{
	u32 me = apic_id();

	(void)ctx;
	if (++ticks[me] < TICKS)
		apic_timer_once(NS_PER_MS);
}

static void on_turn(void *ctx)
{
	(void)ctx; /* it is enough that it woke us */
}

static void on_ticks_wanted(void *ctx)
{
	(void)ctx;
	apic_timer_once(NS_PER_MS);
}

static void wait_for(const char *what, volatile u32 *value, u32 wanted)
{
	u64 start = now_ns();

	while (*value < wanted) {
		if (now_ns() - start > WAIT_NS)
			guest_die(STATUS_TIMEOUT, "%s: %u after 10 s, expected %u", what, *value,
				  wanted);
		interrupts_window();
	}
}

/* The caller waits awake: whoever shares its core runs only if the hypervisor makes room. */
static void ping_others(void)
{
	for (u32 round = 0; round < ROUNDS; round++)
		for (u32 id = 0; id < guest->cpus; id++) {
			u32 before = pongs;

			if (id == caller)
				continue;
			ap_send_ipi(id, VECTOR_PING);
			wait_for("answers to IPIs", &pongs, before + 1);
		}
}

static void ap_main(u32 number)
{
	(void)number;
	interrupt_init();
	apic_init();
	/* A stale translation of the window, to be caught by the flush. */
	seen[apic_id()] = *(volatile u64 *)WINDOW_VA;
	__atomic_add_fetch(&online, 1, __ATOMIC_SEQ_CST);
	for (;;) {
		halt_until_interrupt();
		if (caller == apic_id()) {
			ping_others();
			caller = 0;
		}
	}
}

static void start_others(void)
{
	ap_prepare(1, stacks[0], ap_main);
	for (u32 id = 1; id < guest->cpus; id++) {
		ap_send_ipi(id, ICR_INIT);
		delay_ns(NS_PER_MS);
		ap_send_ipi(id, ICR_STARTUP | AP_PAGE >> PAGE_SHIFT);
		wait_for("vCPUs that came up", &online, id);
	}
	print("%u vCPUs are up\n", guest->cpus);
}

/* Each calls in its turn. */
static void ping_all(void)
{
	u32 wanted = ROUNDS * (guest->cpus - 1);

	ping_others();
	for (u32 id = 1; id < guest->cpus; id++) {
		u32 before = pongs;

		caller = id;
		ap_send_ipi(id, VECTOR_TURN);
		wait_for("answers to another's IPIs", &pongs, before + 1);
		while (caller)
			interrupts_window();
	}
	for (u32 id = 0; id < guest->cpus; id++)
		if (pings[id] != wanted)
			guest_die(STATUS_FAILED, "vCPU %u took %u IPIs of %u", id, pings[id],
				  wanted);
	print("%u IPIs there and back between each two of %u\n", ROUNDS, guest->cpus);
}

/* The page-directory entry of WINDOW_VA in the loader's tables. */
static u64 *window_entry(void)
{
	u64 *pdpt = (u64 *)(((u64 *)read_cr3())[0] & PTE_ADDRESS);
	u64 *pd = (u64 *)(pdpt[WINDOW_VA >> 30] & PTE_ADDRESS);

	return &pd[WINDOW_VA >> 21 & 511];
}

static void point_window(u64 piece)
{
	*(volatile u64 *)window_entry() = piece | PDE_FLAGS;
	__asm__ volatile("invlpg (%0)" : : "r"(WINDOW_VA) : "memory");
}

static void shoot_down(void)
{
	for (u32 round = 1; round <= ROUNDS; round++) {
		u64 piece = round & 1 ? PIECE_B : PIECE_A;

		*(volatile u64 *)piece = piece + round;
		point_window(piece);
		ap_send_ipi(0, ICR_ALL_BUT_ME | VECTOR_FLUSH);
		for (u32 id = 1; id < guest->cpus; id++) {
			wait_for("flushes", &flushes[id], round);
			if (seen[id] != piece + round)
				guest_die(STATUS_FAILED, "vCPU %u still sees %llx, expected %llx",
					  id, (unsigned long long)seen[id],
					  (unsigned long long)(piece + round));
		}
	}
	print("%u TLB shootdowns, nobody saw a stale page\n", ROUNDS);
}

static void tick_all(void)
{
	ap_send_ipi(0, ICR_ALL_BUT_ME | VECTOR_TICKS);
	on_ticks_wanted(NULL);
	for (u32 id = 0; id < guest->cpus; id++)
		wait_for("ticks", &ticks[id], TICKS);
	print("%u timer ticks on each vCPU\n", TICKS);
}

/* As kernels of today do it: the start-up IPI right behind INIT, once. */
static void restart_all(void)
{
	for (u32 round = 0; round < RESTARTS; round++)
		for (u32 id = 1; id < guest->cpus; id++) {
			online = 0;
			ap_prepare(id, stacks[0], ap_main);
			ap_send_ipi(id, ICR_INIT);
			ap_send_ipi(id, ICR_STARTUP | AP_PAGE >> PAGE_SHIFT);
			wait_for("vCPUs that came back from INIT", &online, 1);
		}
	print("%u times INIT and back for each of %u\n", RESTARTS, guest->cpus - 1);
}

int guest_main(void)
{
	if (guest->cpus < 2 || guest->cpus > MAX_VCPUS)
		guest_die(STATUS_USAGE, "smp needs cpus=2..%u, it has %u", MAX_VCPUS, guest->cpus);
	interrupt_init();
	apic_init();
	interrupt_set(VECTOR_PING, on_ping, NULL);
	interrupt_set(VECTOR_PONG, on_pong, NULL);
	interrupt_set(VECTOR_FLUSH, on_flush, NULL);
	interrupt_set(VECTOR_TICKS, on_ticks_wanted, NULL);
	interrupt_set(VECTOR_TURN, on_turn, NULL);
	interrupt_set(VECTOR_TIMER, on_tick, NULL);
	*(volatile u64 *)PIECE_A = PIECE_A;
	point_window(PIECE_A);
	start_others();
	ping_all();
	shoot_down();
	tick_all();
	restart_all();
	return STATUS_OK;
}
