/* SPDX-License-Identifier: GPL-2.0-only */
/* Whose turn it is on a core: who sleeps is woken, whoever runs meanwhile and however. */
#include <string.h>

#include "base/hw/cpu.h"
#include "fakes/fakes.h"
#include "vmm/vmx/vmx.h"
#include "vmx/fake_insn.h"

#define CORE     (&cpus[0])
#define OTHER_ID 7u
#define VECTOR   0x55
#define START_AT 0x20

static struct vm vm;
static struct vcpu awake, asleep;
static jmp_buf back;
static unsigned turns;
static struct vcpu *ran[2];

static void add(struct vcpu *v, unsigned index, enum vcpu_state state)
{
	memset(v, 0, sizeof(*v));
	v->vm = &vm;
	v->index = index;
	v->core = CORE;
	v->state = state;
	vlapic_init(&v->lapic, index, GUEST_APIC_TIMER_KHZ, 2000000);
	assert_true(vlapic_msr_write(&v->lapic, 0x80f, 0x1ff, 0, 0, &(struct vlapic_ipi){ 0 }));
	vm.vcpu[index] = v;
	CORE->queue[index] = v;
}

static int setup(void **state)
{
	(void)state;
	fakes_reset();
	core_reset();
	memset(cpus, 0, 2 * sizeof(cpus[0]));
	cpus[1] = (struct cpu){ .index = 1, .apic_id = OTHER_ID };
	vm = (struct vm){ .state = VM_RUNNING, .cpus = 2 };
	add(&awake, 0, VCPU_READY);
	add(&asleep, 1, VCPU_HALTED);
	CORE->queue_len = 2;
	turns = 0;
	return 0;
}

/* --- ways to wake it, from an exit of the one that runs --- */

static void send(u32 mode, u8 vector)
{
	struct vlapic_ipi ipi = { .delivery_mode = mode & 7, .vector = vector, .destination = 1 };

	vcpu_send_ipi(&awake, &ipi);
}

static void by_ipi(void)
{
	send(0, VECTOR);
}

static void by_nmi(void)
{
	send(4, 0);
}

static void by_startup(void)
{
	send(6, START_AT);
}

static void by_device(void)
{
	assert_true(vlapic_post(&asleep.lapic, VECTOR));
	vcpu_kick(&asleep);
}

/* It is due while the host's own timer interrupt cannot come: the one that runs sets its own. */
static void by_timer(void)
{
	struct vlapic_ipi none = { 0 };

	assert_true(vlapic_msr_write(&asleep.lapic, 0x832, VECTOR, 0, 0, &none));
	assert_true(vlapic_msr_write(&asleep.lapic, 0x838, 1, 0, 0, &none));
	fake_time_advance(NS_PER_S);
	core_rearm_timer();
}

static const struct way {
	const char *name;
	enum vcpu_state from;
	void (*wake)(void);
} ways[] = { { "IPI", VCPU_HALTED, by_ipi },
	     { "NMI", VCPU_HALTED, by_nmi },
	     { "start-up IPI", VCPU_WAIT_SIPI, by_startup },
	     { "device", VCPU_HALTED, by_device },
	     { "timer", VCPU_HALTED, by_timer } };
static const struct way *way;

/* A turn in the guest: the first wakes the other, and is over only if it is told to leave. */
static u32 turn(struct vcpu *v)
{
	ran[turns++] = v;
	if (turns == ARRAY_LEN(ran))
		longjmp(back, 1);
	way->wake();
	if (!(v->attention & ATTENTION_LEAVE) || !v->lapic.pending)
		longjmp(back, 1);
	return 0;
}

static void nothing_to_manage(void)
{
}

static void run_core(void)
{
	if (!setjmp(back))
		core_loop(nothing_to_manage);
}

static void who_sleeps_gets_its_turn_though_another_runs_without_end(void **state)
{
	for (unsigned i = 0; i < ARRAY_LEN(ways); i++) {
		way = &ways[i];
		setup(state);
		core.run = turn;
		asleep.state = way->from;
		run_core();
		if (turns != 2 || ran[0] != &awake || ran[1] != &asleep)
			fail_msg("woken by %s: %u turns", way->name, turns);
	}
}

static void who_waits_for_its_turn_does_not_cut_short_anothers(void **state)
{
	(void)state;
	asleep.state = VCPU_READY;
	CORE->current = &awake;
	by_ipi();
	assert_false(awake.attention & ATTENTION_LEAVE);
	assert_true(asleep.attention & ATTENTION_INJECT);
}

static void who_runs_itself_stays_and_looks(void **state)
{
	(void)state;
	CORE->current = &awake;
	assert_true(vlapic_post(&awake.lapic, VECTOR));
	vcpu_kick(&awake);
	assert_int_equal(awake.attention, ATTENTION_INJECT);
}

static void another_core_is_told_by_an_ipi(void **state)
{
	(void)state;
	CORE->current = &awake;
	asleep.core = &cpus[1];
	by_ipi();
	assert_int_equal(core.kicks, 1);
	assert_int_equal(core.kicked, OTHER_ID);
	assert_false(awake.attention);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(who_sleeps_gets_its_turn_though_another_runs_without_end,
				       setup),
		cmocka_unit_test_setup(who_waits_for_its_turn_does_not_cut_short_anothers, setup),
		cmocka_unit_test_setup(who_runs_itself_stays_and_looks, setup),
		cmocka_unit_test_setup(another_core_is_told_by_an_ipi, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
