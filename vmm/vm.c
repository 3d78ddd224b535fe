// SPDX-License-Identifier: GPL-2.0-only
/* A VM's life: created whole or not at all, ended by anybody, torn down by the boot core. */
#include "vmm/vm.h"

#include "base/format.h"
#include "base/hw/cpu.h"
#include "base/hw/insn.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/string.h"
#include "base/time.h"
#include "vmm/assign/assign.h"
#include "vmm/guest/guest.h"
#include "vmm/life.h"
#include "vmm/ui/console.h"
#include "vmm/vmx/vmx.h"

struct cpu cpus[MAX_CPUS];
unsigned cpu_count;
struct vm vms[CONFIG_VMS];
unsigned vm_count;
struct config config;

#define RAM_ALIGN (2 * MiB) /* so that EPT and second-level tables can use 2 MiB leaves */

struct cpu *this_cpu(void)
{
	return &cpus[cpu_index()];
}

const char *vm_state_name(enum vm_state s)
{
	static const char *const names[] = { "none", "refused", "ready", "running", "ended" };

	return s < ARRAY_LEN(names) ? names[s] : "?";
}

static enum err create_memory(struct vm *vm, struct why *why)
{
	u64 pages = vm->config->mem / PAGE_SIZE;

	vm->ram = pool_alloc(POOL_GUEST, pages,
			     pages >= RAM_ALIGN / PAGE_SIZE ? RAM_ALIGN : PAGE_SIZE);
	if (!vm->ram)
		return fail(why, ERR_NO_MEMORY, RID_NONE,
			    "VM %s: mem=%lluM does not fit: %llu MiB are free in all, and it must "
			    "be in one piece; give the VM less or the machine more",
			    vm->name, (unsigned long long)(vm->config->mem / MiB),
			    (unsigned long long)(pool_available() * PAGE_SIZE / MiB));
	vm->ram_bytes = vm->config->mem;
	if (ept_create(vm, why) != OK)
		return ERR_NO_MEMORY;
	return ept_map(vm, gpa(0), pool_hpa(vm->ram), vm->ram_bytes,
		       EPT_READ | EPT_WRITE | EPT_EXEC, false, why);
}

/* vCPU n of VM m goes to core (m + n): VMs spread first, so that as many as possible have a core of
 * their own. */
static enum err create_vcpus(struct vm *vm, const struct vcpu_start *start, struct why *why)
{
	for (unsigned i = 0; i < vm->cpus; i++) {
		enum err e =
			vcpu_create(vm, i, &cpus[(cpu_count - 1 + vm->id + i) % cpu_count], why);

		if (e != OK)
			return e;
	}
	vcpu_set_start(vm->vcpu[0], start);
	return OK;
}

/* Memory goes back only when no vCPU and no VF can reach it any more. The pool wipes it. */
static void free_all(struct vm *vm)
{
	for (unsigned i = 0; i < vm->cpus; i++)
		if (vm->vcpu[i])
			vcpu_destroy(vm->vcpu[i]);
	ept_destroy(vm);
	if (vm->devices)
		pool_free(POOL_VM, vm->devices, 1);
	vm->devices = NULL;
	if (vm->ram && !vm->ram_leaked)
		pool_free(POOL_GUEST, vm->ram, vm->ram_bytes / PAGE_SIZE);
	vm->ram = NULL;
}

static enum err create_steps(struct vm *vm, struct why *why)
{
	struct vcpu_start start = { 0 };
	enum err e = create_memory(vm, why);

	if (e != OK)
		return e;
	vm->devices = pool_alloc(POOL_VM, 1, PAGE_SIZE);
	if (!vm->devices)
		return fail(why, ERR_NO_MEMORY, RID_NONE, "VM %s: no page for its virtual devices",
			    vm->name);
	e = guest_load(vm, &start, why);
	if (e == OK)
		e = create_vcpus(vm, &start, why);
	if (e == OK)
		e = assign_start(vm, why);
	return e;
}

/* What may stop a VM before anything is built for it. */
static enum err check_startable(const struct vm *vm, struct why *why)
{
	if (vm->config->broken)
		return fail(why, ERR_INVALID, RID_NONE, "line %u of coppice.cfg has an error",
			    vm->config->line);
	if (vm->config->irq == IRQ_DIRECT)
		return fail(why, ERR_UNSUPPORTED, RID_NONE,
			    "irq=direct is not built yet (docs/CAVEATS.md): use irq=forward");
	if (!cpu_count || !cpus[0].vmx)
		return fail(why, ERR_UNSUPPORTED, RID_NONE,
			    "VT-x is not there: see the features above");
	return OK;
}

/* Forget the last life. Exit counters go on over all lives; a guest's own figures do not. */
static void reset_life(struct vm *vm)
{
	vm->state = VM_READY;
	vm->refusal = (struct why){ 0 };
	vm->exit_status = 0;
	vm->end_text[0] = '\0';
	vm->cf8 = 0;
	vm->line_len = 0;
	vm->torn_down = false;
	vm->complete = false;
	vm->ram_leaked = false; /* that of the last life stays lost; this one gets its own */
	memset(vm->figure, 0, sizeof(vm->figure));
	memset(vm->figure_set, 0, sizeof(vm->figure_set));
}

static void forget(struct vm *vm)
{
	vm->destroyed = true;
	console_vm_destroy(vm);
	log_info("vm", "VM %s is destroyed: its VFs and its memory are free", vm->name);
}

/* All or nothing: what there is goes back, as at the end of a life. `told`: who refused a VF has
 * said why. */
static void refuse(struct vm *vm, const struct why *why, bool told)
{
	vm->state = VM_REFUSED;
	vm->restart = false;
	vm->exit_status = VM_STATUS_NOT_STARTED;
	vm->refusal = *why;
	format(vm->end_text, sizeof(vm->end_text), "%s", why->text);
	log_error("vm", "VM %s is not started: %s", vm->name,
		  told ? "VF refused, see above" : why->text);
	vm_service(vm);
}

/* Everything of the VM, but for its VFs: their resets have been started. */
static enum err build(struct vm *vm)
{
	struct why why = { 0 };
	unsigned told = refusal_count();
	enum err e;

	reset_life(vm);
	e = check_startable(vm, &why);
	if (e == OK)
		e = create_steps(vm, &why);
	if (e != OK)
		refuse(vm, &why, refusal_count() > told);
	return e;
}

enum err vm_create(const struct vm_config *c)
{
	struct vm *vm = &vms[vm_count];
	struct why why;

	memset(vm, 0, sizeof(*vm));
	vm->id = vm_count++;
	vm->config = c;
	vm->cpus = c->cpus;
	memcpy(vm->name, c->name, sizeof(vm->name));
	if (console_vm_create(vm, &why) != OK)
		log_warn("vm", "%s: its output is not kept", why.text);
	return build(vm);
}

enum err vm_start_again(struct vm *vm, struct why *why)
{
	if (vm->state == VM_READY || vm->state == VM_RUNNING)
		return fail(why, ERR_BUSY, RID_NONE, "VM %s is %s: stop it first", vm->name,
			    vm_state_name(vm->state));
	if (!vm->torn_down)
		return fail(why, ERR_BUSY, RID_NONE,
			    "VM %s is still being taken down (its VFs are reset, its memory is "
			    "wiped): try again in a moment",
			    vm->name);
	if (build(vm) == OK)
		vm_service(vm); /* without VFs there is nothing to wait for */
	if (vm->state == VM_REFUSED)
		return fail(why, vm->refusal.code, RID_NONE, "%s", vm->refusal.text);
	return OK;
}

void vm_stop(struct vm *vm)
{
	vm_end(vm, VM_STATUS_STOPPED, "stopped from the monitor");
	vm->restart = false;
}

void vm_destroy(struct vm *vm)
{
	vm->forget = true;
	vm_end(vm, VM_STATUS_STOPPED, "destroyed from the monitor");
	if (vm->torn_down)
		forget(vm);
}

static void start(struct vm *vm)
{
	vm->start_ns = time_now_ns();
	vm->starts++;
	vm->tsc_offset = 0 - rdtsc(); /* its clock starts at 0: it learns nothing of ours */
	vm->live_vcpus = vm->cpus;
	if (vm->restart)
		log_info("vm", "VM %s runs again (start %u)", vm->name, vm->starts);
	vm->restart = false; /* before its guest may ask for the next one */
	vm->state = VM_RUNNING;
	for (unsigned i = 0; i < vm->cpus; i++)
		core_add_vcpu(vm->vcpu[i]->core, vm->vcpu[i]);
}

/* The one transition out of VM_RUNNING: who comes later changes nothing, or a guest that resets
 * itself would undo a person's stop. */
static void end(struct vm *vm, s64 status, bool restart, const char text[VM_END_TEXT_BYTES])
{
	spin_lock(&vm->end_lock);
	if (vm->state == VM_READY || vm->state == VM_RUNNING) {
		vm->exit_status = status;
		vm->restart = restart;
		memcpy(vm->end_text, text, sizeof(vm->end_text));
		vm->state = VM_ENDED;
	}
	spin_unlock(&vm->end_lock);
	for (unsigned i = 0; i < vm->cpus; i++) {
		if (!vm->vcpu[i])
			continue;
		vcpu_attention(vm->vcpu[i], ATTENTION_LEAVE);
		if (vm->vcpu[i]->core != this_cpu())
			lapic_ipi(vm->vcpu[i]->core->apic_id, VECTOR_KICK);
	}
}

void vm_end(struct vm *vm, s64 status, const char *fmt, ...)
{
	char text[VM_END_TEXT_BYTES];
	va_list args;

	va_start(args, fmt);
	format_v(text, sizeof(text), fmt, args);
	va_end(args);
	end(vm, status, false, text);
}

void vm_restart(struct vm *vm, const char *who)
{
	char text[VM_END_TEXT_BYTES];

	format(text, sizeof(text), "restarted by %s", who);
	end(vm, 0, true, text);
}

static void tear_down(struct vm *vm)
{
	vm_console_flush(vm);
	if (vm->state == VM_ENDED)
		log_line(vm->exit_status == 0 ? LOG_INFO : LOG_WARN, "vm",
			 "VM %s ended with status %lld: %s", vm->name, (long long)vm->exit_status,
			 vm->end_text);
	vm_keep_figures(vm);
	free_all(vm);
	vm->torn_down = true;
	if (vm->forget)
		forget(vm);
	else if (vm->restart)
		(void)vm_start_again(vm, NULL);
}

bool vm_complete(struct vm *vm)
{
	struct why why = { 0 };

	if (vm->complete || vm->state != VM_READY || !assign_resets_over(vm))
		return vm->complete;
	vm->complete = assign_finish(vm, &why) == OK;
	if (!vm->complete)
		refuse(vm, &why, true);
	return vm->complete;
}

void vm_service(struct vm *vm)
{
	if (vm->state == VM_READY && vm_complete(vm))
		start(vm);
	else if ((vm->state == VM_ENDED || vm->state == VM_REFUSED) && !vm->torn_down &&
		 vm->live_vcpus == 0 && release_all(vm))
		tear_down(vm);
}
