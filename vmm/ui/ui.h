/* SPDX-License-Identifier: GPL-2.0-only */
/* What people and programs read: topology tree, closing table, report.json, and the monitor. */
#ifndef VMM_UI_UI_H
#define VMM_UI_UI_H

#include "vmm/vm.h"

/* One row of the features gate (vmm/features.c). */
struct feature {
	const char *name;       /* "VT-x", "EPT", "DMA remapping", ... */
	bool present, required; /* required: without it no VM can run */
	const char *where;      /* "CPUID.1:ECX[5]" */
	const char *loss;       /* what is lost without it */
};
extern struct feature features[];
extern unsigned feature_count;

void ui_topology(void);      /* the tree: bridges with ACS, PFs, VFs with state and owner */
void ui_features(void);      /* the gate as a table */
void ui_closing_table(void); /* per VM: exits by reason, VF interrupts forwarded and injected,
				frames, quotients */

/* Write report.json (docs/report.schema.json) to COM2, or COM1 between markers:
 * "COPPICE-REPORT-BEGIN <bytes>\n" json "\nCOPPICE-REPORT-END\n". */
void report_write(void);
/* The same, saying why ("monitor", "power-off"); report_write() says "boot" or "all VMs ended". */
void report_write_because(const char *end);

/* Faults kept for the report and console: attributed to VF and VM, counted per Requester ID, first
 * 3 shown, bus master cut after a storm (R32, S39). Called from the fault interrupt and from the
 * service loop. */
void faults_service(void);
/* The same for all faults recorded so far. Before a VF changes hands: its last faults belong to the
 * VM that has it, not to nobody or to the next one. */
void faults_settle(void);

/* The monitor on COM1: take what was typed. Boot core, every 10 ms. The first key opens it. */
void monitor_poll(void);
/* A command goes on that starts VMs which have ended: they have not ended for good. */
bool monitor_is_busy(void);
/* Open it now: prompt and all. */
void monitor_open(void);

/* Name of a basic exit reason ("CPUID", "EXTERNAL_INTERRUPT"), "?" if there is none. */
const char *exit_reason_name(unsigned reason);

#endif
