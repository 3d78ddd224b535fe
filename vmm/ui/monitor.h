/* SPDX-License-Identifier: GPL-2.0-only */
/* The monitor's commands. What each prints goes through log_text(), whole lines at a time. */
#ifndef VMM_UI_MONITOR_H
#define VMM_UI_MONITOR_H

#include "base/pool.h"
#include "vmm/ui/report.h"

#define MONITOR_WORDS 5

/* `words` counts the arguments behind the command's name. */
typedef void command_fn(unsigned words, char *const word[MONITOR_WORDS]);

struct command {
	const char *name, *arguments, *help;
	unsigned min_words, max_words;
	command_fn *run;
};

command_fn command_topology, command_features, command_acs, command_groups, command_pf, command_vf,
	command_dmar;
command_fn command_vm, command_stats, command_irq, command_faults, command_log, command_report,
	command_memory, command_crash, command_poweroff, command_console, command_mbx;

/* vm cycle: begin it (the count comes as text), and its turn in every service tick. */
void cycle_begin(struct vm *vm, const char *count);
void cycle_service(void);

/* Say why a command cannot be done. What comes behind it on its line is then not carried out. */
void monitor_refuse(const char *fmt, ...) PRINTF_LIKE(1, 2);

const char *pool_tag_name(enum pool_tag tag);

/* "igb0/2" -> the VF, or NULL after saying so. `text` is cut. */
const struct vf *find_vf(char *text);

#endif
