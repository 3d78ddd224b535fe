/* SPDX-License-Identifier: GPL-2.0-only */
/* Adding up. */
#include <asm/vmx.h>

#include "base/string.h"
#include "vmm/ui/summary.h"

/* What an interrupt may cost: it arrives, waits for an open window, is acknowledged by an x2APIC
 * MSR (or by the virtual EOI). */
static const unsigned interrupt_reasons[] = {
	EXIT_REASON_EXTERNAL_INTERRUPT, EXIT_REASON_INTERRUPT_WINDOW, EXIT_REASON_MSR_WRITE,
	EXIT_REASON_EOI_INDUCED,        EXIT_REASON_APIC_WRITE,
};

static void add_vcpu(struct vm_summary *out, const struct vcpu *v)
{
	for (unsigned i = 0; i < EXIT_REASONS; i++) {
		out->exits[i] += v->exits[i];
		out->exits_total += v->exits[i];
	}
	out->injected += v->injected;
}

void vm_summarise(const struct vm *vm, struct vm_summary *out)
{
	memset(out, 0, sizeof(*out));
	out->name = vm->name;
	out->state = vm->state;
	out->exit_status = vm->exit_status;
	out->text = vm->state == VM_REFUSED ? vm->refusal.text : vm->end_text;
	for (unsigned i = 0; i < CONFIG_VCPUS_PER_VM; i++)
		if (vm->vcpu[i])
			add_vcpu(out, vm->vcpu[i]);
	out->forwarded = vm->forwarded_irqs;
	out->has_frames =
		vm->figure_set[FIGURE_FRAMES_SENT] || vm->figure_set[FIGURE_FRAMES_RECEIVED];
	out->sent = vm->figure[FIGURE_FRAMES_SENT];
	out->received = vm->figure[FIGURE_FRAMES_RECEIVED];
}

u64 interrupt_exits(const struct vm_summary *s)
{
	u64 sum = 0;

	for (unsigned i = 0; i < ARRAY_LEN(interrupt_reasons); i++)
		sum += s->exits[interrupt_reasons[i]];
	return sum;
}
