/* SPDX-License-Identifier: GPL-2.0-only */
/* The sections of report.json (docs/report.schema.json), and names that report, tables and monitor
 * share. */
#ifndef VMM_UI_REPORT_H
#define VMM_UI_REPORT_H

#include "drivers/master.h"
#include "pci/path.h"
#include "vmm/ui/json.h"
#include "vmm/ui/ui.h"

void report_boot(struct json *j);
void report_config(struct json *j);
void report_memory(struct json *j);
void report_pci(struct json *j);
void report_iommu(struct json *j);
void report_pfs(struct json *j);
void report_vfs(struct json *j);
void report_vms(struct json *j);
void report_refusals(struct json *j);
void report_faults(struct json *j);

/* Its MAC; of a VF without one, what its master driver says of it. Returns buf. */
const char *vf_identity(const struct vf_service *s, char *buf, size_t size);

/* The VM that has the VF, or NULL. */
const struct vm *vf_owner(const struct vf *vf);

/* The name of an exit reason, or "REASON_<n>". `size` of 32 holds any. Returns buf. */
#define EXIT_KEY_BYTES 32
const char *exit_reason_key(unsigned reason, char *buf, size_t size);

/* "root port", "network", ...: the function's place on the fabric. */
const char *function_kind(const struct pci_function *f);

/* An array of ACS bits by their short names. */
void report_acs_bits(struct json *j, const char *key, u16 bits);

#endif
