// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a core: take turns among its vCPUs, sleep when none wants to run, wake others. Every
 * vCPU has one core for life; a core with several shares itself by the VMX-preemption timer.
 * Interrupts are off throughout, but for the moment of sleeping.
 */
#include "base/hw/cpu.h"
#include "base/hw/insn.h"
#include "base/boot_info.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/time.h"
#include "vmm/vmx/insn.h"
#include "vmm/vmx/vmx.h"

#define SLICE_NS (2 * NS_PER_MS)
#define SLICE_GRACE_NS                                                                             \
	(50 * NS_PER_US) /* so that a guest that only computes ends by its own timer */
#define SERVICE_TICK_NS (10 * NS_PER_MS)

static u64 next_tick_ns;

static void on_timer_vector(u8 vector)
{
	struct vcpu *v = this_cpu()->current;

	(void)vector;
	this_cpu()->timer_armed_ns = 0;
	if (v)
		vcpu_attention(
			v, ATTENTION_LEAVE); /* the run loop polls timers and the service tick */
}

static void on_kick_vector(u8 vector)
{
	struct vcpu *v = this_cpu()->current;

	(void)vector;
	ept_flush_pending(this_cpu());
	if (v)
		vcpu_attention(v, ATTENTION_LEAVE);
}

/* Other cores' EPT flushes are served while this one waits for hardware: what one guest has its
 * core wait for must not hold up its neighbours on others. */
static void serve_while_waiting(void)
{
	ept_flush_pending(this_cpu());
}

void core_handlers_init(void)
{
	time_wait_hook = serve_while_waiting;
	interrupt_set_handler(VECTOR_TIMER, on_timer_vector);
	interrupt_set_handler(VECTOR_KICK, on_kick_vector);
}

void core_add_vcpu(struct cpu *c, struct vcpu *v)
{
	spin_lock(&c->lock);
	c->queue[c->queue_len++] = v;
	spin_unlock(&c->lock);
	if (c != this_cpu())
		lapic_ipi(c->apic_id, VECTOR_KICK);
}

void vcpu_kick(struct vcpu *v)
{
	struct cpu *c = v->core;

	if (c != this_cpu()) {
		lapic_ipi(c->apic_id, VECTOR_KICK);
		return;
	}
	vcpu_attention(v, ATTENTION_INJECT);
	/* Whoever runs while this one slept may have no slice that ends, and no reason to exit. */
	if (c->current && c->current != v && v->state != VCPU_READY)
		vcpu_attention(c->current, ATTENTION_LEAVE);
}

/* Fire due guest timers of this core; returns the earliest expiry still to come, 0 if there is
 * none. */
static u64 poll_guest_timers(struct cpu *c, u64 now)
{
	u64 earliest = 0;

	for (unsigned i = 0; i < c->queue_len; i++) {
		struct vcpu *v = c->queue[i];
		u64 fires = v->lapic.timer_fires, next = vlapic_timer_poll(&v->lapic, now);

		if (v->lapic.timer_fires != fires)
			vcpu_kick(v);
		v->timer_seen = v->lapic.timer_expiry_ns;
		if (next && (!earliest || next < earliest))
			earliest = next;
	}
	return earliest;
}

/* One host timer serves the guest timers of this core and, on the boot core, the service tick. */
void core_rearm_timer(void)
{
	struct cpu *c = this_cpu();
	u64 now = time_now_ns();
	u64 next = poll_guest_timers(c, now);

	if (c->index == 0 && (!next || next_tick_ns < next))
		next = next_tick_ns;
	if (c->slice_end_ns && (!next || c->slice_end_ns < next))
		next = c->slice_end_ns;
	if (next == c->timer_armed_ns)
		return;
	c->timer_armed_ns = next;
	lapic_timer_oneshot(VECTOR_TIMER, next ? (next > now ? next - now : 1) : 0);
}

/*
 * A VM all of whose vCPUs sleep with interrupts off, or wait to be started, will never run again:
 * say so instead of waiting for ever.
 */
static void end_if_dead(struct vm *vm)
{
	for (unsigned i = 0; i < vm->cpus; i++) {
		struct vcpu *v = vm->vcpu[i];

		if (v->state == VCPU_READY || (v->state == VCPU_HALTED && !v->halted_for_good) ||
		    v->inject_nmi || v->init || v->sipi)
			return;
	}
	vm_end(vm, VM_STATUS_STOPPED,
	       "every vCPU is in HLT with interrupts off, or waits for a start-up IPI after INIT: "
	       "nothing can wake it");
}

/* A halted vCPU wakes for a deliverable interrupt or an NMI; requests of other cores (INIT,
 * start-up) are served here. */
static bool wants_to_run(struct vcpu *v)
{
	if (__atomic_load_n(&v->init, __ATOMIC_ACQUIRE)) {
		vcpu_reset(v);
		/* Last: a start-up IPI comes right behind, and counts as long as this is set or the
		 * state is "wait". */
		__atomic_store_n(&v->init, false, __ATOMIC_RELEASE);
		end_if_dead(v->vm);
	}
	if (v->state == VCPU_WAIT_SIPI && v->sipi) {
		v->inject_nmi = false; /* one that came while it waited: it has no IDT yet */
		v->has_start = false;
		v->fresh = true;
		v->state = VCPU_READY;
	}
	if (v->state == VCPU_HALTED &&
	    ((!v->halted_for_good && vlapic_deliverable(&v->lapic) >= 0) || v->inject_nmi)) {
		v->lapic.pending = 1;
		v->state = VCPU_READY;
	}
	return v->state == VCPU_READY;
}

/*
 * The vCPU that has had least of the core, NULL if none wants to run. A turn ends early when
 * another wakes; in strict rotation, who naps and wakes all the time would take its neighbours'
 * turns. What was missed asleep is made up for by one slice at most. `others`: more than one wants
 * to run.
 */
static struct vcpu *pick(struct cpu *c, bool *others)
{
	struct vcpu *chosen = NULL;
	unsigned ready = 0;

	for (unsigned i = 0; i < c->queue_len; i++) {
		struct vcpu *v = c->queue[i];

		if (!wants_to_run(v))
			continue;
		ready++;
		if (v->served_ns + SLICE_NS < c->served_ns)
			v->served_ns = c->served_ns - SLICE_NS;
		if (!chosen || v->served_ns < chosen->served_ns)
			chosen = v;
	}
	if (chosen)
		c->served_ns = MAX(c->served_ns, chosen->served_ns);
	*others = ready > 1;
	return chosen;
}

/* A VM has ended: its vCPUs leave the queue. The boot core tears the VM down when the last has
 * left. */
static void drop_ended(struct cpu *c)
{
	for (unsigned i = 0; i < c->queue_len;) {
		struct vcpu *v = c->queue[i];

		if (v->vm->state != VM_ENDED) {
			i++;
			continue;
		}
		if (c->current == v)
			vcpu_unload(v);
		v->state = VCPU_ENDED;
		spin_lock(&c->lock);
		c->queue[i] = c->queue[--c->queue_len];
		spin_unlock(&c->lock);
		__atomic_sub_fetch(&v->vm->live_vcpus, 1, __ATOMIC_RELEASE);
	}
}

static void set_slice(bool shared)
{
	u32 pin = vmx_controls.pin;
	struct cpu *c = this_cpu();

	/*
	 * The preemption timer stands still while we handle an exit, so a guest that does nothing
	 * but exit would have its slice and our work on top, several times as long. The core's own
	 * timer counts both.
	 */
	c->slice_end_ns = shared ? time_now_ns() + SLICE_NS + SLICE_GRACE_NS : 0;
	if (shared)
		core_rearm_timer();
	if (!vmx_controls.preemption_timer)
		return;
	/* Saving the timer at exits is allowed only while it is active (SDM Vol. 3C 27.2.1.2), so
	 * both go together. */
	vmcs_write(VMCS_PIN_CONTROLS, shared ? pin | PIN_PREEMPTION_TIMER : pin);
	vmcs_write(VMCS_EXIT_CONTROLS,
		   vmx_controls.exit | (shared ? EXIT_SAVE_PREEMPTION_TIMER : 0));
	if (shared)
		vmcs_write(VMCS_PREEMPTION_TIMER,
			   SLICE_NS * time_tsc_khz() / NS_PER_MS >> vmx_controls.preemption_shift);
}

static void run_vcpu(struct vcpu *v, bool shared)
{
	u64 begun = time_now_ns();

	vcpu_load(v);
	set_slice(shared);
	/* A VMRESUME that is refused for it is tried again (entry_failed()); a VMLAUNCH must not
	 * be. */
	if (!v->launched)
		finish_instruction(v);
	v->attention = 0;
	v->lapic.pending = 1;
	inject_before_entry(v);
	if (!boot_timing[PHASE_ENTRY].ticks)
		boot_phase_ends(PHASE_ENTRY);
	if (vmx_run(v) == 0)
		v->launched = 1;
	else
		vm_end(v->vm, VM_STATUS_STOPPED,
		       "vCPU %u: VM entry refused, VM-instruction error %llu (SDM Vol. 3C 31.4): "
		       "controls or host state",
		       v->index, (unsigned long long)vmcs_read(VMCS_INSTRUCTION_ERROR));
	v->served_ns += time_now_ns() - begun;
	if (!shared)
		this_cpu()->served_ns = MAX(this_cpu()->served_ns, v->served_ns);
	if (v->state == VCPU_HALTED && v->halted_for_good)
		end_if_dead(v->vm);
}

void core_service_in(u64 ns)
{
	next_tick_ns = MIN(next_tick_ns, time_now_ns() + ns);
}

void core_loop(void (*manage)(void))
{
	struct cpu *c = this_cpu();

	for (;;) {
		struct vcpu *v;
		bool shared;

		interrupts_window(); /* what came while we were busy */
		if (c->index == 0 && time_now_ns() >= next_tick_ns) {
			next_tick_ns = time_now_ns() + SERVICE_TICK_NS;
			manage();
		}
		ept_flush_pending(c);
		drop_ended(c);
		c->slice_end_ns = 0;
		core_rearm_timer();
		v = pick(c, &shared);
		if (v)
			run_vcpu(v, shared);
		else
			halt_until_interrupt();
	}
}

void vcpu_startup_ipi(struct vcpu *v, u8 vector)
{
	/* SDM Vol. 3A 9.4.3: ignored unless waiting for it. `init` first: its core sets the state
	 * and then clears it. */
	if (!__atomic_load_n(&v->init, __ATOMIC_ACQUIRE) && v->state != VCPU_WAIT_SIPI)
		return;
	v->sipi_vector = vector;
	__atomic_store_n(&v->sipi, true, __ATOMIC_RELEASE);
	vcpu_kick(v);
}

void vcpu_init_ipi(struct vcpu *v)
{
	/* A second start-up IPI that crossed the first one must not start it again by itself. */
	v->sipi = false;
	__atomic_store_n(&v->init, true, __ATOMIC_RELEASE);
	/* To itself: not one instruction more. */
	vcpu_attention(v, ATTENTION_LEAVE);
	vcpu_kick(v);
}

enum delivery {
	DELIVERY_FIXED = 0,
	DELIVERY_LOWEST = 1,
	DELIVERY_NMI = 4,
	DELIVERY_INIT = 5,
	DELIVERY_STARTUP = 6
};
enum shorthand {
	TO_DESTINATION,
	TO_SELF,
	TO_ALL,
	TO_OTHERS
};
#define X2APIC_BROADCAST 0xffffffffu
/* Logical x2APIC ids: cluster in 31:16, bit in 15:0; with 16 vCPUs at most there is one cluster
 * (SDM Vol. 3A 11.12.10.2). */
#define LOGICAL_CLUSTER(d) ((d) >> 16)

static bool ipi_reaches(const struct vcpu *from, const struct vcpu *to,
			const struct vlapic_ipi *ipi)
{
	switch ((enum shorthand)ipi->shorthand) {
	case TO_SELF: return from == to;
	case TO_ALL: return true;
	case TO_OTHERS: return from != to;
	case TO_DESTINATION:
	default: break;
	}
	if (ipi->destination == X2APIC_BROADCAST)
		return true;
	if (ipi->logical)
		return LOGICAL_CLUSTER(ipi->destination) == 0 &&
		       (ipi->destination >> to->index & 1);
	return ipi->destination == to->index;
}

void vcpu_send_ipi(struct vcpu *from, const struct vlapic_ipi *ipi)
{
	for (unsigned i = 0; i < from->vm->cpus; i++) {
		struct vcpu *to = from->vm->vcpu[i];

		if (!ipi_reaches(from, to, ipi))
			continue;
		switch ((enum delivery)ipi->delivery_mode) {
		case DELIVERY_FIXED:
		case DELIVERY_LOWEST:
			if (vlapic_post(&to->lapic, ipi->vector))
				vcpu_kick(to);
			break;
		case DELIVERY_NMI:
			to->inject_nmi = true;
			vcpu_kick(to);
			break;
		case DELIVERY_INIT:
			if (ipi->level_assert)
				vcpu_init_ipi(to);
			break;
		case DELIVERY_STARTUP: vcpu_startup_ipi(to, ipi->vector); break;
		}
	}
}
