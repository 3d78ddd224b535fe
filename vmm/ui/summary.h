/* SPDX-License-Identifier: GPL-2.0-only */
/* The figures of one VM, added up over its vCPUs: what closing table, report and monitor show. */
#ifndef VMM_UI_SUMMARY_H
#define VMM_UI_SUMMARY_H

#include "vmm/vm.h"

struct vm_summary {
	const char *name;
	enum vm_state state;
	s64 exit_status;
	const char *text; /* why it ended or was refused; "" if there is nothing to say */
	u64 exits[EXIT_REASONS], exits_total;
	u64 throttled;           /* ticks in which a vector of its VFs was masked for its storm */
	u64 forwarded, injected; /* interrupts of its VFs; interrupts of all kinds that it took */
	u64 sent, received;      /* frames, as the guest counted them */
	bool has_frames;
	u64 commands; /* to a disk, as the guest counted them */
	bool has_commands;
};

/* Reads counters of running vCPUs as they are. */
void vm_summarise(const struct vm *vm, struct vm_summary *out);

/* Exits that delivering an interrupt and its EOI cost: see the row table in summary.c. */
u64 interrupt_exits(const struct vm_summary *s);

/* What interrupt_exits() is divided by: interrupts of all kinds, since the exits cannot be told
 * apart. 0 (no quotient) for a VM without VF interrupts: it would only say how often the guest sets
 * its timer. */
u64 interrupts_to_divide_by(const struct vm_summary *s);

/*
 * The closing table, in blocks of as many VMs as fit 100 columns. Pure; `line` gets one line at a
 * time, without newline.
 */
void closing_table(const struct vm_summary *vm, unsigned count, void (*line)(const char *text));

#endif
