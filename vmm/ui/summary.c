/* SPDX-License-Identifier: GPL-2.0-only */
/* Adding up. */
#include <asm/vmx.h>

#include "base/string.h"
#include "vmm/life.h"
#include "vmm/ui/summary.h"

/* What an interrupt may cost: it arrives, waits for an open window, is acknowledged by an x2APIC
 * MSR (or by the virtual EOI). */
static const unsigned interrupt_reasons[] = {
	EXIT_REASON_EXTERNAL_INTERRUPT, EXIT_REASON_INTERRUPT_WINDOW, EXIT_REASON_MSR_WRITE,
	EXIT_REASON_EOI_INDUCED,        EXIT_REASON_APIC_WRITE,
};

void vm_summarise(const struct vm *vm, struct vm_summary *out)
{
	memset(out, 0, sizeof(*out));
	out->name = vm->name;
	out->state = vm->state;
	out->exit_status = vm->exit_status;
	out->text = vm->state == VM_REFUSED ? vm->refusal.text : vm->end_text;
	for (unsigned i = 0; i < EXIT_REASONS; i++) {
		out->exits[i] = vm_exits(vm, i);
		out->exits_total += out->exits[i];
	}
	out->injected = vm_injected(vm);
	out->forwarded = vm->forwarded_irqs;
	out->throttled = vm->throttled;
	out->has_frames =
		vm->figure_set[FIGURE_FRAMES_SENT] || vm->figure_set[FIGURE_FRAMES_RECEIVED];
	out->sent = vm->figure[FIGURE_FRAMES_SENT];
	out->received = vm->figure[FIGURE_FRAMES_RECEIVED];
	out->has_commands = vm->figure_set[FIGURE_COMMANDS];
	out->commands = vm->figure[FIGURE_COMMANDS];
}

u64 interrupt_exits(const struct vm_summary *s)
{
	u64 sum = 0;

	for (unsigned i = 0; i < ARRAY_LEN(interrupt_reasons); i++)
		sum += s->exits[interrupt_reasons[i]];
	return sum;
}

u64 interrupts_to_divide_by(const struct vm_summary *s)
{
	return s->forwarded ? s->injected : 0;
}
