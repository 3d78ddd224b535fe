// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which VMX controls we use: a table of what each is for, checked against the capability MSRs (SDM
 * Vol. 3D appendix A.3-A.5). A required control that the CPU lacks is named; all of them at once.
 */
#include "base/format.h"
#include "base/hw/insn.h"
#include "base/log.h"
#include "base/string.h"
#include "vmm/vmx/msr.h"
#include "vmm/vmx/vmx.h"

struct vmx_controls vmx_controls;

enum control_word {
	PIN,
	PRIMARY,
	SECONDARY,
	EXIT,
	ENTRY,
	CONTROL_WORDS
};

struct control_row {
	enum control_word word;
	u32 bit;
	bool required;
	const char *name;
};

static const struct control_row control_table[] = {
	{ PIN, PIN_EXTERNAL_INTERRUPT, true, "external-interrupt exiting" },
	{ PIN, PIN_NMI, true, "NMI exiting" },
	{ PIN, PIN_VIRTUAL_NMI, true, "virtual NMIs" },
	{ PIN, PIN_PREEMPTION_TIMER, false, "VMX-preemption timer (needed to share a core)" },
	{ PRIMARY, PRIMARY_TSC_OFFSET, true, "TSC offsetting" },
	{ PRIMARY, PRIMARY_HLT, true, "HLT exiting" },
	{ PRIMARY, PRIMARY_MWAIT, true, "MWAIT exiting" },
	{ PRIMARY, PRIMARY_MONITOR, true, "MONITOR exiting" },
	{ PRIMARY, PRIMARY_RDPMC, true, "RDPMC exiting" },
	{ PRIMARY, PRIMARY_MOV_DR, true, "MOV-DR exiting" },
	{ PRIMARY, PRIMARY_CR8_LOAD, true, "CR8-load exiting" },
	{ PRIMARY, PRIMARY_CR8_STORE, true, "CR8-store exiting" },
	{ PRIMARY, PRIMARY_UNCONDITIONAL_IO, true, "unconditional I/O exiting" },
	{ PRIMARY, PRIMARY_MSR_BITMAPS, true, "MSR bitmaps" },
	{ PRIMARY, PRIMARY_SECONDARY, true, "secondary controls" },
	{ SECONDARY, SECONDARY_EPT, true, "EPT" },
	{ SECONDARY, SECONDARY_UNRESTRICTED, true, "unrestricted guest" },
	{ SECONDARY, SECONDARY_WBINVD, true, "WBINVD exiting" },
	{ SECONDARY, SECONDARY_VPID, false, "VPID" },
	{ SECONDARY, SECONDARY_RDTSCP, false, "RDTSCP" },
	{ EXIT, EXIT_SAVE_DEBUG, true, "save debug controls" },
	{ EXIT, EXIT_HOST_64BIT, true, "host address-space size" },
	{ EXIT, EXIT_ACK_INTERRUPT, true, "acknowledge interrupt on exit" },
	{ EXIT, EXIT_SAVE_PAT, true, "save IA32_PAT" },
	{ EXIT, EXIT_LOAD_PAT, true, "load IA32_PAT on exit" },
	{ EXIT, EXIT_SAVE_EFER, true, "save IA32_EFER" },
	{ EXIT, EXIT_LOAD_EFER, true, "load IA32_EFER on exit" },
	{ EXIT, EXIT_SAVE_PREEMPTION_TIMER, false, "save VMX-preemption timer" },
	{ ENTRY, ENTRY_LOAD_DEBUG, true, "load debug controls" },
	{ ENTRY, ENTRY_LOAD_PAT, true, "load IA32_PAT on entry" },
	{ ENTRY, ENTRY_LOAD_EFER, true, "load IA32_EFER on entry" },
};

/* Capability MSR of each word: the TRUE variants where they exist, because they let default-1 bits
 * be cleared (A.2). */
static u64 control_capability(enum control_word word)
{
	static const u32 plain[CONTROL_WORDS] = { MSR_VMX_PIN, MSR_VMX_PRIMARY, MSR_VMX_SECONDARY,
						  MSR_VMX_EXIT, MSR_VMX_ENTRY };
	static const u32 exact[CONTROL_WORDS] = { MSR_VMX_TRUE_PIN, MSR_VMX_TRUE_PRIMARY,
						  MSR_VMX_SECONDARY, MSR_VMX_TRUE_EXIT,
						  MSR_VMX_TRUE_ENTRY };
	bool has_true = rdmsr(MSR_VMX_BASIC) & VMX_BASIC_TRUE_CONTROLS;

	return rdmsr(has_true ? exact[word] : plain[word]);
}

/* Low half: bits that must be 1. High half: bits that may be 1. */
static enum err choose_controls(u32 chosen[CONTROL_WORDS], struct why *why)
{
	char missing[200] = "";
	u64 capability[CONTROL_WORDS] = { 0 };

	for (unsigned w = 0; w < CONTROL_WORDS; w++) {
		bool readable = w != SECONDARY || (capability[PRIMARY] >> 32 & PRIMARY_SECONDARY);

		capability[w] = readable ? control_capability(w) : 0;
		chosen[w] = (u32)capability[w];
	}
	for (unsigned i = 0; i < ARRAY_LEN(control_table); i++) {
		const struct control_row *row = &control_table[i];

		if (capability[row->word] >> 32 & row->bit)
			chosen[row->word] |= row->bit;
		else if (row->required)
			format(missing + strlen(missing), sizeof(missing) - strlen(missing), "%s%s",
			       missing[0] ? ", " : "", row->name);
	}
	if (missing[0])
		return fail(why, ERR_UNSUPPORTED, RID_NONE, "this CPU's VT-x lacks: %s", missing);
	return OK;
}

static enum err check_ept(struct why *why)
{
	u64 cap = rdmsr(MSR_VMX_EPT_VPID);
	u64 needed = EPT_CAP_WALK_4 | EPT_CAP_WB | EPT_CAP_UC | EPT_CAP_INVEPT;

	if ((cap & needed) != needed)
		return fail(why, ERR_UNSUPPORTED, RID_NONE,
			    "EPT capability 0x%llx: need 4-level walks, write-back and uncached "
			    "types, INVEPT (0x%llx)",
			    (unsigned long long)cap, (unsigned long long)needed);
	vmx_controls.ept_2m = cap & EPT_CAP_2M;
	vmx_controls.ept_1g = cap & EPT_CAP_1G;
	vmx_controls.invept_single = cap & EPT_CAP_INVEPT_SINGLE;
	vmx_controls.invvpid_single = (cap & EPT_CAP_INVVPID) && (cap & EPT_CAP_INVVPID_SINGLE);
	return OK;
}

enum err vmx_not_locked_off(struct why *why)
{
	u64 control = rdmsr(MSR_FEATURE_CONTROL);

	if ((control & FEATURE_CONTROL_LOCK) && !(control & FEATURE_CONTROL_VMX))
		return fail(why, ERR_UNSUPPORTED, RID_NONE,
			    "IA32_FEATURE_CONTROL is 0x%llx: the firmware has locked VT-x off; "
			    "enable \"Intel Virtualization "
			    "Technology\" (VMX) in the firmware setup and power-cycle",
			    (unsigned long long)control);
	return OK;
}

enum err vmx_probe(struct why *why)
{
	u32 chosen[CONTROL_WORDS];
	struct vmx_controls *c = &vmx_controls;
	enum err e;

	if (!(cpuid(1, 0).ecx & BIT(5)))
		return fail(why, ERR_UNSUPPORTED, RID_NONE,
			    "CPUID.1:ECX bit 5 (VMX) is 0: this CPU, or the machine "
			    "below us, offers no VT-x");
	e = vmx_not_locked_off(why);
	if (e == OK)
		e = choose_controls(chosen, why);
	if (e == OK)
		e = check_ept(why);
	if (e != OK)
		return e;
	c->pin = chosen[PIN] & ~PIN_PREEMPTION_TIMER; /* turned on only while a core is shared */
	c->primary = chosen[PRIMARY];
	c->secondary = chosen[SECONDARY];
	c->exit = chosen[EXIT];
	c->entry = chosen[ENTRY] & ~ENTRY_IA32E;
	c->vpid = chosen[SECONDARY] & SECONDARY_VPID;
	c->rdtscp = chosen[SECONDARY] & SECONDARY_RDTSCP;
	c->preemption_timer =
		(chosen[PIN] & PIN_PREEMPTION_TIMER) && (chosen[EXIT] & EXIT_SAVE_PREEMPTION_TIMER);
	c->exit &= ~EXIT_SAVE_PREEMPTION_TIMER;
	c->preemption_shift = rdmsr(MSR_VMX_MISC) & 0x1f; /* A.6 bits 4:0 */
	c->cr0_fixed0 = rdmsr(MSR_VMX_CR0_FIXED0) &
			~(CR0_PE | CR0_PG); /* unrestricted guest lifts these two (A.7) */
	c->cr0_fixed1 = rdmsr(MSR_VMX_CR0_FIXED1);
	c->cr4_fixed0 = rdmsr(MSR_VMX_CR4_FIXED0);
	c->cr4_fixed1 = rdmsr(MSR_VMX_CR4_FIXED1);
	c->revision = (u32)rdmsr(MSR_VMX_BASIC) & 0x7fffffffu; /* A.1 bits 30:0 */
	return OK;
}
