/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * coppice.cfg (docs/coppice.cfg.md): line-based, '#' comments, "option name=value" and "vm
 * key=value ...". An error names line, token and what was expected; it costs the VM of that line,
 * never another.
 */
#ifndef VMM_CONFIG_CONFIG_H
#define VMM_CONFIG_CONFIG_H

#include "base/boot_info.h"
#include "drivers/master.h"

#define CONFIG_VMS           32
#define CONFIG_VFS_PER_VM    16
#define CONFIG_OVERRIDES     16
#define CONFIG_ERRORS        32
#define CONFIG_NAME_BYTES    32
#define CONFIG_CMDLINE_BYTES 512
#define CONFIG_VCPUS_PER_VM  16
/* 100 000 a second: more than any ITR setting of the 82576's drivers lets through, and a tenth of a
 * core on hardware. */
#define CONFIG_IRQ_BUDGET     1000
#define CONFIG_IRQ_BUDGET_MAX 100000

enum idle_action {
	IDLE_MONITOR,
	IDLE_POWEROFF
};
enum irq_mode {
	IRQ_FORWARD,
	IRQ_DIRECT
};

/* One vf= token: which VF, and the service wished for it. */
struct vf_request {
	enum {
		VF_BY_PF_NAME,
		VF_BY_PF_RID,
		VF_BY_CLASS
	} kind;
	char name[16];     /* "igb0", or the class "net" */
	struct rid pf_rid; /* VF_BY_PF_RID */
	u16 index;         /* not for VF_BY_CLASS */
	struct vf_policy policy;
	char token[96]; /* as written, for messages */
};

struct vm_config {
	char name[CONFIG_NAME_BYTES];
	char kernel[BOOT_NAME_BYTES], initrd[BOOT_NAME_BYTES]; /* initrd "" = none */
	char cmdline[CONFIG_CMDLINE_BYTES];
	u64 mem; /* bytes, whole pages */
	unsigned cpus;
	enum irq_mode irq;
	unsigned vf_count;
	struct vf_request vf[CONFIG_VFS_PER_VM];
	unsigned line; /* in the file, from 1 */
	bool broken;   /* an error on its line: must not be started */
};

struct config_error {
	unsigned line;
	char text[240]; /* "line 3: token 'mem=12Q': expected a size such as 32M or 1G" */
	char vm[CONFIG_NAME_BYTES]; /* "" if it concerns no VM */
};

struct config {
	enum idle_action idle;
	bool report_com1;
	u32 irq_budget; /* interrupts of one VF vector in a service tick of 10 ms */
	unsigned vm_count, override_count, error_count;
	unsigned unlisted_errors; /* more errors than fit; the last one in error[] says so */
	struct vm_config vm[CONFIG_VMS];
	struct rid unsafe_acs[CONFIG_OVERRIDES];
	struct config_error error[CONFIG_ERRORS];
};

/* Parse. Always leaves `out` usable: defaults plus all good lines. Returns OK, or ERR_INVALID if
 * there was any error. */
enum err config_parse(const char *text, size_t len, struct config *out);

#endif
