/* SPDX-License-Identifier: GPL-2.0-only */
/* The features gate and the closing table, on the console. */
#include "base/log.h"
#include "vmm/ui/summary.h"
#include "vmm/ui/ui.h"

void ui_features(void)
{
	log_text("\nFeatures\n");
	for (unsigned i = 0; i < feature_count; i++) {
		const struct feature *f = &features[i];

		if (f->present)
			log_text("  yes  %-37s %s\n", f->name, f->where);
		else
			log_text("  %s   %-37s %s; without it: %s\n", f->required ? "NO" : "no",
				 f->name, f->where, f->loss);
	}
	log_text("\n");
}

static void show_line(const char *text)
{
	log_text("%s\n", text);
}

void ui_closing_table(void)
{
	static struct vm_summary
		all[CONFIG_VMS]; /* too large for a stack; only the boot core comes here */

	for (unsigned i = 0; i < vm_count; i++)
		vm_summarise(&vms[i], &all[i]);
	log_text("\n");
	closing_table(all, vm_count, show_line);
}
