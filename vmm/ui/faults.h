/* SPDX-License-Identifier: GPL-2.0-only */
/* Faults as they are kept for report and monitor. */
#ifndef VMM_UI_FAULTS_H
#define VMM_UI_FAULTS_H

#include "vmm/ui/report.h"

/* Faults of one Requester ID for one reason, while one VM had it. */
struct fault_entry {
	struct iommu_fault first;   /* reason_text points at constant text */
	char vf[VF_NAME_BYTES];     /* "" if the Requester ID is no VF */
	char vm[CONFIG_NAME_BYTES]; /* whose it was at the first fault, "" if nobody's */
	u64 last_address;
	u64 count;
	bool cut; /* its bus master was switched off after a storm */
};

unsigned fault_count(void);
const struct fault_entry *fault(unsigned n);
u64 faults_unlisted(void); /* faults that found no room in the table */

#endif
