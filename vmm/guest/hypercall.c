/* SPDX-License-Identifier: GPL-2.0-only */
/* Hypercalls of the small guests; base/guest_abi.h says what each does. */
#include "base/time.h"
#include "vmm/assign/assign.h"
#include "vmm/guest/devices.h"
#include "vmm/guest/guest.h"
#include "vmm/vmx/vmx.h"

#define CONSOLE_WRITE_MAX 4096
#define EXIT_STATUS_MAX   255

static s64 call_console_write(struct vcpu *v)
{
	u64 len = v->gpr[RSI];
	if (len > CONSOLE_WRITE_MAX)
		return HC_E_ARGUMENT;
	/* Each byte is read once, so another vCPU that rewrites the text can only change what is
	 * printed. */
	const char *text = guest_ptr(v->vm, gpa(v->gpr[RDI]), len);
	if (!text)
		return HC_E_ARGUMENT;
	vm_console_write(v->vm, text, len);
	return (s64)len;
}

static s64 call_exit(struct vcpu *v)
{
	u64 status = v->gpr[RDI];
	vm_console_flush(v->vm);
	if (status > EXIT_STATUS_MAX)
		vm_end(v->vm, EXIT_STATUS_MAX, "the guest called exit(0x%llx); a status is 0..%u",
		       (unsigned long long)status, EXIT_STATUS_MAX);
	else
		vm_end(v->vm, (s64)status, "the guest called exit(%u)", (unsigned)status);
	return 0;
}

static s64 call_time(struct vcpu *v)
{
	return (s64)(time_now_ns() - v->vm->start_ns);
}

static s64 call_figure(struct vcpu *v)
{
	u64 figure = v->gpr[RDI];
	if (figure >= COPPICE_FIGURES)
		return HC_E_ARGUMENT;
	v->vm->figure[figure] = v->gpr[RSI];
	v->vm->figure_set[figure] = true;
	return 0;
}

static s64 call_shared_page(struct vcpu *v)
{
	gpa_t at;
	return shared_page_gpa(v->vm, v->gpr[RDI], &at) ? (s64)at.v : HC_E_NONE;
}

static s64 call_doorbell(struct vcpu *v)
{
	return shared_page_doorbell(v->vm, v->gpr[RDI]) ? 0 : HC_E_NONE;
}

#define FIRST_CALL 1u /* there is no hypercall 0 */

static s64 (*const calls[])(struct vcpu *) = {
	[HC_CONSOLE_WRITE - FIRST_CALL] = call_console_write,
	[HC_EXIT - FIRST_CALL] = call_exit,
	[HC_TIME - FIRST_CALL] = call_time,
	[HC_FIGURE - FIRST_CALL] = call_figure,
	[HC_SHARED_PAGE - FIRST_CALL] = call_shared_page,
	[HC_DOORBELL - FIRST_CALL] = call_doorbell,
};

/* Kept apart, so that what does nothing costs nothing. HC_EXIT ends the VM. */
static __attribute__((noinline)) enum verdict carry_out(struct vcpu *v, u64 call)
{
	/* A plain instruction in user mode, too; but ending the VM is the kernel's to do. */
	if (vcpu_privilege(v))
		return INJECT_UD;
	v->gpr[RAX] = (u64)calls[call](v);
	return v->vm->state == VM_RUNNING ? RESUME_NEXT : LEAVE_NEXT;
}

/* Arguments and result are in v->gpr. It never fails: an unknown number gets HC_E_UNKNOWN. */
enum verdict on_vmcall(struct vcpu *v)
{
	u64 call = v->gpr[RAX] - FIRST_CALL;

	if (call < ARRAY_LEN(calls) && calls[call])
		return carry_out(v, call);
	v->gpr[RAX] = (u64)HC_E_UNKNOWN;
	return RESUME_NEXT;
}
