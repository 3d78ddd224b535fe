// SPDX-License-Identifier: GPL-2.0-only
/*
 * VM exits: the table of all basic exit reasons (Intel SDM Vol. 3D appendix C), the dispatcher, and
 * the short handlers. Adding a reason means adding a row; a reason without a row stops the VM with
 * a named verdict, never the machine.
 */
#include <asm/vmx.h>

#include "base/hw/cpu.h"
#include "base/hw/insn.h"
#include "base/log.h"
#include "vmm/guest/guest.h"
#include "vmm/ui/ui.h"
#include "vmm/vmx/insn.h"
#include "vmm/vmx/msr.h"
#include "vmm/vmx/vmx.h"

/* Kept out of the dispatcher, so that the common exits do not pay for its registers. */
#define SLOW_PATH __attribute__((noinline, cold))

/* clang-format off */
static exit_handler *const exit_table[EXIT_REASONS] = {
	[EXIT_REASON_EXCEPTION_NMI]	 = on_exception,
	[EXIT_REASON_EXTERNAL_INTERRUPT] = on_external_interrupt,
	[EXIT_REASON_TRIPLE_FAULT]	 = on_triple_fault,
	[EXIT_REASON_INIT_SIGNAL]	 = on_unexpected,	/* nobody sends INIT to a running core */
	[EXIT_REASON_SIPI_SIGNAL]	 = on_unexpected,	/* never in wait-for-SIPI: vCPUs wait outside VMX */
	[5]				 = on_unexpected,	/* I/O SMI: dual-monitor SMM only */
	[6]				 = on_unexpected,	/* other SMI: the same */
	[EXIT_REASON_INTERRUPT_WINDOW]	 = on_interrupt_window,
	[EXIT_REASON_NMI_WINDOW]	 = on_nothing,
	[EXIT_REASON_TASK_SWITCH]	 = on_forbidden, /* hardware task switching is not offered */
	[EXIT_REASON_CPUID]		 = on_cpuid,
	[11]				 = on_undefined,	/* GETSEC: no SMX */
	[EXIT_REASON_HLT]		 = on_hlt,
	[EXIT_REASON_INVD]		 = on_wbinvd,	/* INVD would lose other VMs' data: treated as WBINVD */
	[EXIT_REASON_INVLPG]		 = on_unexpected,	/* not intercepted */
	[EXIT_REASON_RDPMC]		 = on_forbidden,	/* no performance counters */
	[EXIT_REASON_RDTSC]		 = on_unexpected,	/* not intercepted: TSC offset */
	[17]				 = on_undefined,	/* RSM outside SMM */
	[EXIT_REASON_VMCALL]		 = on_vmcall,
	[EXIT_REASON_VMCLEAR]		 = on_undefined,	/* no nesting offered: CPUID hides VMX, #UD (XSA-278) */
	[EXIT_REASON_VMLAUNCH]		 = on_undefined,
	[EXIT_REASON_VMPTRLD]		 = on_undefined,
	[EXIT_REASON_VMPTRST]		 = on_undefined,
	[EXIT_REASON_VMREAD]		 = on_undefined,
	[EXIT_REASON_VMRESUME]		 = on_undefined,
	[EXIT_REASON_VMWRITE]		 = on_undefined,
	[EXIT_REASON_VMOFF]		 = on_undefined,
	[EXIT_REASON_VMON]		 = on_undefined,
	[EXIT_REASON_CR_ACCESS]		 = on_cr_access,
	[EXIT_REASON_DR_ACCESS]		 = on_dr_access,
	[EXIT_REASON_IO_INSTRUCTION]	 = on_io,
	[EXIT_REASON_MSR_READ]		 = on_rdmsr,
	[EXIT_REASON_MSR_WRITE]		 = on_wrmsr,
	[EXIT_REASON_INVALID_STATE]	 = on_unexpected,	/* comes with bit 31, see entry_failed() */
	[EXIT_REASON_MSR_LOAD_FAIL]	 = on_unexpected,
	[35]				 = on_unexpected,	/* not defined */
	[EXIT_REASON_MWAIT_INSTRUCTION]	 = on_undefined,	/* CPUID hides MONITOR */
	[EXIT_REASON_MONITOR_TRAP_FLAG]	 = on_unexpected,
	[38]				 = on_unexpected,	/* not defined */
	[EXIT_REASON_MONITOR_INSTRUCTION] = on_undefined,
	[EXIT_REASON_PAUSE_INSTRUCTION]	 = on_unexpected,	/* not intercepted */
	[EXIT_REASON_MCE_DURING_VMENTRY] = on_unexpected,
	[42]				 = on_unexpected,	/* not defined */
	[EXIT_REASON_TPR_BELOW_THRESHOLD] = on_unexpected,
	[EXIT_REASON_APIC_ACCESS]	 = on_unexpected,
	[EXIT_REASON_EOI_INDUCED]	 = on_unexpected,
	[EXIT_REASON_GDTR_IDTR]		 = on_unexpected,
	[EXIT_REASON_LDTR_TR]		 = on_unexpected,
	[EXIT_REASON_EPT_VIOLATION]	 = on_ept_violation,
	[EXIT_REASON_EPT_MISCONFIG]	 = on_ept_misconfig,
	[EXIT_REASON_INVEPT]		 = on_undefined,
	[EXIT_REASON_RDTSCP]		 = on_unexpected,
	[EXIT_REASON_PREEMPTION_TIMER]	 = on_preemption,
	[EXIT_REASON_INVVPID]		 = on_undefined,
	[EXIT_REASON_WBINVD]		 = on_wbinvd,
	[EXIT_REASON_XSETBV]		 = on_xsetbv,
	[EXIT_REASON_APIC_WRITE]	 = on_unexpected,
	[EXIT_REASON_RDRAND]		 = on_unexpected,
	[EXIT_REASON_INVPCID]		 = on_undefined,
	[EXIT_REASON_VMFUNC]		 = on_undefined,
	[EXIT_REASON_ENCLS]		 = on_undefined,
	[EXIT_REASON_RDSEED]		 = on_unexpected,
	[EXIT_REASON_PML_FULL]		 = on_unexpected,
	[EXIT_REASON_XSAVES]		 = on_undefined,
	[EXIT_REASON_XRSTORS]		 = on_undefined,
	[65]				 = on_undefined,	/* PCONFIG */
	[66]				 = on_unexpected,	/* SPP */
	[EXIT_REASON_UMWAIT]		 = on_undefined,
	[EXIT_REASON_TPAUSE]		 = on_undefined,
	[69]				 = on_undefined,	/* LOADIWKEY */
	[70]				 = on_undefined,	/* ENCLV */
	[71]				 = on_unexpected,
	[72]				 = on_unexpected,	/* ENQCMD PASID */
	[73]				 = on_unexpected,	/* ENQCMDS PASID */
	[EXIT_REASON_BUS_LOCK]		 = on_nothing,
	[EXIT_REASON_NOTIFY]		 = on_unexpected,
	[76] = on_unexpected, [77] = on_unexpected, [78] = on_unexpected, [79] = on_unexpected,
};
/* clang-format on */
_Static_assert(EXIT_REASON_NOTIFY < EXIT_REASONS,
	       "SDM Vol. 3D appendix C: every basic reason has a row");

/* The length comes from the VMCS: prefixes make any constant wrong. */
static void skip_instruction(void)
{
	vmcs_write(VMCS_GUEST_RIP,
		   vmcs_read(VMCS_GUEST_RIP) + vmcs_read(VMCS_EXIT_INSTRUCTION_LENGTH));
}

#define SIGN_EXTEND_48(address) ((u64)((s64)((address) << 16) >> 16))

/*
 * What the CPU does at the end of an instruction, and skip_instruction() leaves out because it
 * would cost each exit more VMCS accesses than all else: the shadow of STI or MOV SS ends, RIP
 * wraps at 4 GiB outside 64-bit code, and inside it a RIP that is not canonical is #GP (XSA-170).
 * An entry is refused for it only while the guest single-steps, or at the very end of its address
 * space (SDM Vol. 3C 27.3.1.4, 27.3.1.5).
 */
bool finish_instruction(struct vcpu *v)
{
	u64 shadow = BLOCKING_STI | BLOCKING_MOV_SS;
	u64 blocking = vmcs_read(VMCS_GUEST_INTERRUPTIBILITY), rip = vmcs_read(VMCS_GUEST_RIP);
	bool long_code = (vmcs_read(VMCS_GUEST_EFER) & EFER_LMA) &&
			 (vmcs_read(VMCS_GUEST_CS_ACCESS) & SEGMENT_CODE_LONG);
	u64 legal = long_code ? SIGN_EXTEND_48(rip) : (u32)rip;
	bool steps = (blocking & shadow) && (vmcs_read(VMCS_GUEST_RFLAGS) & RFLAGS_TF);

	if (rip != legal)
		vmcs_write(VMCS_GUEST_RIP, legal);
	if (rip != legal && long_code)
		inject_exception(v, EXC_GP, true, 0);
	if (steps)
		vmcs_write(VMCS_GUEST_INTERRUPTIBILITY, blocking & ~shadow);
	return rip != legal || steps;
}

/* VM entry was refused after the guest state had been loaded, or the reason has no row. Never the
 * machine's fault alone: stop the VM. */
SLOW_PATH static bool entry_failed(struct vcpu *v)
{
	u32 reason = (u32)vmcs_read(VMCS_EXIT_REASON);

	if ((reason & EXIT_REASON_BASIC) == EXIT_REASON_INVALID_STATE && finish_instruction(v)) {
		inject_before_entry(v);
		return true;
	}
	vm_end(v->vm, VM_STATUS_STOPPED,
	       "vCPU %u: VM entry failed, exit reason 0x%x (%s), qualification 0x%llx: guest state "
	       "rejected by the CPU (CR0 0x%llx CR4 0x%llx "
	       "EFER 0x%llx RIP 0x%llx RFLAGS 0x%llx interruptibility 0x%llx pending debug 0x%llx "
	       "event 0x%llx)",
	       v->index, reason, exit_reason_name(reason & EXIT_REASON_BASIC),
	       (unsigned long long)vmcs_read(VMCS_EXIT_QUALIFICATION),
	       (unsigned long long)vmcs_read(VMCS_GUEST_CR0),
	       (unsigned long long)vmcs_read(VMCS_GUEST_CR4),
	       (unsigned long long)vmcs_read(VMCS_GUEST_EFER),
	       (unsigned long long)vmcs_read(VMCS_GUEST_RIP),
	       (unsigned long long)vmcs_read(VMCS_GUEST_RFLAGS),
	       (unsigned long long)vmcs_read(VMCS_GUEST_INTERRUPTIBILITY),
	       (unsigned long long)vmcs_read(VMCS_GUEST_PENDING_DEBUG),
	       (unsigned long long)vmcs_read(VMCS_ENTRY_INTERRUPTION_INFO));
	return false;
}

/* Everything but the two resuming verdicts. True: enter again. */
SLOW_PATH static bool carry_out(struct vcpu *v, enum verdict verdict)
{
	switch (verdict) {
	case INJECT_GP: inject_exception(v, EXC_GP, true, 0); break;
	case INJECT_UD: inject_exception(v, EXC_UD, false, 0); break;
	case LEAVE_NEXT: skip_instruction(); return false;
	case LEAVE:
	case STOP_VM:
	default: return false;
	}
	inject_before_entry(v);
	return true;
}

/* Something is left to do before the next entry. True: enter again. */
SLOW_PATH static bool attend(struct vcpu *v)
{
	if (__atomic_exchange_n(&v->attention, 0, __ATOMIC_ACQUIRE) & ATTENTION_LEAVE)
		return false;
	inject_before_entry(v);
	return true;
}

/*
 * Every instruction here is paid by every exit: one counter, one call through the table, one look
 * at what other cores or this exit may have left to do (lapic.pending is set together with every
 * attention bit).
 */
bool vmx_handle_exit(struct vcpu *v)
{
	u64 reason = vmcs_read(VMCS_EXIT_REASON);
	enum verdict verdict;

	if (reason >= EXIT_REASONS)
		return entry_failed(v);
	v->exits[reason]++;
	verdict = exit_table[reason](v);
	if (verdict == RESUME_NEXT)
		skip_instruction();
	else if (verdict != RESUME_SAME)
		return carry_out(v, verdict);
	if (v->lapic.pending)
		return attend(v);
	return true;
}

enum verdict on_nothing(struct vcpu *v)
{
	(void)v;
	return RESUME_SAME;
}

enum verdict on_undefined(struct vcpu *v)
{
	(void)v;
	return INJECT_UD;
}

enum verdict on_forbidden(struct vcpu *v)
{
	(void)v;
	return INJECT_GP;
}

enum verdict on_unexpected(struct vcpu *v)
{
	u32 reason = (u32)vmcs_read(VMCS_EXIT_REASON);

	vm_end(v->vm, VM_STATUS_STOPPED,
	       "vCPU %u: exit reason %u (%s) was never asked for (qualification 0x%llx, RIP "
	       "0x%llx)",
	       v->index, reason, exit_reason_name(reason),
	       (unsigned long long)vmcs_read(VMCS_EXIT_QUALIFICATION),
	       (unsigned long long)vmcs_read(VMCS_GUEST_RIP));
	return STOP_VM;
}

enum verdict on_external_interrupt(struct vcpu *v)
{
	u32 info = (u32)vmcs_read(VMCS_EXIT_INTERRUPTION_INFO);

	(void)v;
	/* "Acknowledge interrupt on exit" took it from the APIC: the dispatcher runs the handler
	 * and sends the EOI. */
	if (info & INTR_INFO_VALID)
		interrupt_dispatch((u8)(info & INTR_INFO_VECTOR));
	return RESUME_SAME;
}

enum verdict on_interrupt_window(struct vcpu *v)
{
	vcpu_attention(v, ATTENTION_INJECT);
	return RESUME_SAME;
}

int delivery_cut_short(void)
{
	u32 info = (u32)vmcs_read(VMCS_IDT_VECTORING_INFO);

	return info & INTR_INFO_VALID ? (int)(info & INTR_INFO_VECTOR) : -1;
}

/* NMIs belong to the host; #DB and #AC go back to the guest where they came from; #MC is the
 * platform's. */
enum verdict on_exception(struct vcpu *v)
{
	u32 info = (u32)vmcs_read(VMCS_EXIT_INTERRUPTION_INFO);
	u8 vector = info & INTR_INFO_VECTOR;

	if (vector == EXC_NMI || vector == EXC_MC) {
		log_warn("vmx", "core %u: %s while VM %s ran", v->core->index,
			 vector == EXC_NMI ? "NMI" : "machine check", v->vm->name);
		return RESUME_SAME;
	}
	if (delivery_cut_short() == vector) {
		vm_end(v->vm, VM_STATUS_STOPPED,
		       "vCPU %u: exception %u raised again while it was being delivered (RIP "
		       "0x%llx): endless",
		       v->index, vector, (unsigned long long)vmcs_read(VMCS_GUEST_RIP));
		return STOP_VM;
	}
	if (vector == EXC_DB)
		v->dr6 = vmcs_read(VMCS_EXIT_QUALIFICATION) | DR6_FIXED;
	inject_exception(v, vector, info & INTR_INFO_ERROR_CODE,
			 (u32)vmcs_read(VMCS_EXIT_INTERRUPTION_ERROR));
	/* INT1 goes on behind itself; as a fault it would come again and again. */
	if ((info & INTR_TYPE_MASK) >> INTR_TYPE_SHIFT == INTR_PRIVILEGED_SOFT)
		v->inject_type = INTR_PRIVILEGED_SOFT;
	vcpu_attention(v, ATTENTION_INJECT);
	return RESUME_SAME;
}

enum verdict on_hlt(struct vcpu *v)
{
	v->halted_for_good = !(vmcs_read(VMCS_GUEST_RFLAGS) & RFLAGS_IF);
	/* HLT ends the one-instruction shadow of STI; an interrupt may be injected at once. */
	vmcs_write(VMCS_GUEST_INTERRUPTIBILITY,
		   vmcs_read(VMCS_GUEST_INTERRUPTIBILITY) & ~(u64)(BLOCKING_STI | BLOCKING_MOV_SS));
	if (!v->halted_for_good && vlapic_deliverable(&v->lapic) >= 0) {
		v->lapic.pending = 1;
		return RESUME_NEXT;
	}
	v->state = VCPU_HALTED;
	return LEAVE_NEXT;
}

/* Guests' caches are coherent with everything they can reach; a real WBINVD would stall every VM
 * (XSA-60). */
enum verdict on_wbinvd(struct vcpu *v)
{
	(void)v;
	return RESUME_NEXT;
}

enum verdict on_preemption(struct vcpu *v)
{
	vcpu_attention(v, ATTENTION_LEAVE);
	return RESUME_SAME;
}
