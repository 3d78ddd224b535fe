// SPDX-License-Identifier: GPL-2.0-only
// Any sequence of MSR accesses, interrupts and ticks of the clock on a local APIC: what it delivers
// is legal, its timer moves forward, and reserved bits stay what they are.
#include <stdlib.h>
#include <string.h>

#include "vmm/emulate/vlapic.c" // two pure files, without the rest of vmm/
#include "vmm/emulate/vlapic_timer.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TIMER_KHZ   1000000u
#define TSC_KHZ     2600000u
#define MAX_STEP_NS (1ull << 40)

// One step: what, which register or vector, a value.
struct __attribute__((packed)) step {
	u8 what, which;
	u64 value;
};

static void require(bool good)
{
	if (!good)
		abort();
}

static void write_msr(struct vlapic *l, const struct step *s, u64 now)
{
	u32 msr = s->which == 0xff ? IA32_TSC_DEADLINE_MSR : X2APIC_MSR_FIRST + s->which;
	struct vlapic_ipi ipi = { 0 };
	u64 back;

	if (!vlapic_msr_write(l, msr, s->value, now, now * 13 / 5, &ipi))
		require(!ipi.valid);
	if (ipi.valid && ipi.delivery_mode == ICR_FIXED)
		require(ipi.vector >= VECTOR_FIRST_LEGAL);
	if (vlapic_msr_read(l, msr, now, &back) && msr != IA32_TSC_DEADLINE_MSR &&
	    msr != X2APIC_ICR)
		require(!(back >> 32));
}

static void deliver(struct vlapic *l)
{
	int vector = vlapic_deliverable(l);

	require(vector < 256);
	if (vector < 0)
		return;
	require(vector >= (int)VECTOR_FIRST_LEGAL && (vector & 0xf0) > (vlapic_ppr(l) & 0xf0));
	vlapic_accept(l, (u8)vector);
	require((vlapic_ppr(l) & 0xf0) >= (vector & 0xf0));
}

static void tick(struct vlapic *l, u64 now)
{
	u64 next = vlapic_timer_poll(l, now);

	// A periodic timer is armed again behind now, or a guest would keep its core busy.
	require(!next || next > now);
	require(next == l->timer_expiry_ns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vlapic l;
	u64 now = 1;

	vlapic_init(&l, 3, TIMER_KHZ, TSC_KHZ);
	for (struct step s; size >= sizeof(s); data += sizeof(s), size -= sizeof(s)) {
		memcpy(&s, data, sizeof(s));
		switch (s.what % 4) {
		case 0: write_msr(&l, &s, now); break;
		case 1: (void)vlapic_post(&l, s.which); break;
		case 2: deliver(&l); break;
		default:
			now += s.value % MAX_STEP_NS;
			tick(&l, now);
			break;
		}
		require(l.id == 3);
	}
	return 0;
}
