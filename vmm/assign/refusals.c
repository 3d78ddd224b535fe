/* SPDX-License-Identifier: GPL-2.0-only */
/* Every refusal is said once, aloud, and kept for the report. */
#include "base/format.h"
#include "base/log.h"
#include "base/string.h"
#include "vmm/assign/internal.h"

#define REFUSALS_MAX (CONFIG_VMS * 4)

static struct refusal refusals[REFUSALS_MAX];
static unsigned refusals_kept;

unsigned refusal_count(void)
{
	return refusals_kept;
}

const struct refusal *refusal(unsigned n)
{
	return n < refusals_kept ? &refusals[n] : NULL;
}

void refusal_add(const struct vm *vm, const struct vf *vf, const struct why *why, u16 missing_acs)
{
	log_error("assign", "REFUSED: %s", why->text);
	if (refusals_kept == REFUSALS_MAX) {
		log_warn("assign", "the report holds %u refusals; this one is only in the log",
			 REFUSALS_MAX);
		return;
	}
	struct refusal *r = &refusals[refusals_kept++];
	*r = (struct refusal){ .vf = vf ? vf->rid : RID_NONE,
			       .code = why->code,
			       .at = why->rid,
			       .missing_acs = missing_acs };
	memcpy(r->vm, vm->name, sizeof(r->vm));
	format(r->text, sizeof(r->text), "%s", why->text);
}
