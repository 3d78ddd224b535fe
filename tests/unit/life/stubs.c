/* SPDX-License-Identifier: GPL-2.0-only */
/* What is around a VM's life: cores, consoles, kernels, VFs. */
#include <string.h>

#include "base/hw/cpu.h"
#include "base/pool.h"
#include "life/life.h"
#include "vmm/assign/assign.h"
#include "vmm/guest/guest.h"
#include "vmm/ui/console.h"

struct life life;
struct vmx_controls vmx_controls;
char vmx_exit_entry[1];

int life_setup(void **state)
{
	(void)state;
	memset(&life, 0, sizeof(life));
	memset(vms, 0, sizeof(vms));
	memset(cpus, 0, sizeof(struct cpu) * LIFE_CORES);
	fakes_reset();
	fake_pool_reset(LIFE_POOL_PAGES);
	vm_count = 0;
	cpu_count = LIFE_CORES;
	for (unsigned i = 0; i < LIFE_CORES; i++)
		cpus[i] = (struct cpu){ .index = i, .apic_id = i, .online = true, .vmx = true };
	vmx_controls.ept_2m = vmx_controls.ept_1g = true;
	strcpy(life.wish.name, "a");
	strcpy(life.wish.kernel, "hello.elf");
	life.wish.mem = 4 * MiB;
	life.wish.cpus = 2;
	return 0;
}

int life_note(enum life_note kind)
{
	for (unsigned i = 0; i < fake_event_count(); i++)
		if (fake_event(i)->kind == FAKE_NOTE && fake_event(i)->address == kind)
			return (int)i;
	return -1;
}

u64 life_pages(void)
{
	return pool_used(POOL_VM) + pool_used(POOL_GUEST);
}

/* --- cores --- */

unsigned cpu_index(void)
{
	return LIFE_CORES;
}

/* The kicked core leaves guest mode and flushes what it has been asked to. */
void lapic_ipi(u32 apic_id, u8 vector)
{
	struct cpu *c = &cpus[apic_id];

	assert_int_equal(vector, VECTOR_KICK);
	fake_event_add(FAKE_NOTE, NOTE_KICK, 0, apic_id);
	if (life.deaf)
		return;
	for (unsigned i = 0; i < vm_count; i++)
		c->ept_generation[i] = vms[i].ept_generation;
	fake_event_add(FAKE_NOTE, NOTE_FLUSH, 0, c->index);
}

void core_add_vcpu(struct cpu *c, struct vcpu *v)
{
	assert_ptr_equal(v->core, c);
}

u64 time_tsc_khz(void)
{
	return 2000000;
}

u64 cpu_gdt_base(void)
{
	return 0;
}

u64 cpu_tss_base(void)
{
	return 0;
}

u64 cpu_idt_base(void)
{
	return 0;
}

u64 xcr0_allowed(void)
{
	return 1;
}

hpa_t msr_bitmap(void)
{
	return hpa(0);
}

/* --- consoles --- */

enum err console_vm_create(struct vm *vm, struct why *why)
{
	return fake_step_fails() ? fail(why, ERR_NO_MEMORY, RID_NONE, "VM %s: no console", vm->name)
				 : OK;
}

void console_vm_destroy(struct vm *vm)
{
	fake_event_add(FAKE_NOTE, NOTE_FORGET, 0, vm->id);
}

void vm_console_flush(struct vm *vm)
{
	(void)vm;
}

/* --- kernel and VFs --- */

enum err guest_load(struct vm *vm, struct vcpu_start *start, struct why *why)
{
	fake_event_add(FAKE_NOTE, NOTE_LOAD, 0, vm->id);
	start->rip = MiB;
	return fake_step_fails() ? fail(why, ERR_INVALID, RID_NONE, "it is no kernel") : OK;
}

static enum err vf_step(enum err code, const char *text, struct why *why)
{
	if (!fake_step_fails())
		return OK;
	life.refusals++;
	return fail(why, code, RID_NONE, "%s", text);
}

enum err assign_start(struct vm *vm, struct why *why)
{
	fake_event_add(FAKE_NOTE, NOTE_ASSIGN, 0, vm->id);
	life.assigned++;
	return vf_step(ERR_BUSY, "its VF is another VM's", why);
}

unsigned refusal_count(void)
{
	return life.refusals;
}

bool assign_resets_over(struct vm *vm)
{
	(void)vm;
	return !life.resetting;
}

enum err assign_finish(struct vm *vm, struct why *why)
{
	assert_false(life.resetting);
	fake_event_add(FAKE_NOTE, NOTE_FINISH, 0, vm->id);
	return vf_step(ERR_DEVICE, "its VF does not answer", why);
}

bool release_all(struct vm *vm)
{
	life.resetting |= life.resets_at_release;
	life.resets_at_release = false;
	if (life.resetting)
		return false;
	if (!life.assigned)
		return true; /* refused before it had any */
	/* Its VFs reach the RAM until now. */
	assert_int_not_equal(pool_used(POOL_GUEST), 0);
	fake_event_add(FAKE_NOTE, NOTE_RELEASE, 0, vm->id);
	life.assigned--;
	vm->ram_leaked |= life.leaks;
	return true;
}
