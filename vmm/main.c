// SPDX-License-Identifier: GPL-2.0-only
/*
 * The story of a boot, top to bottom:
 *
 *   host memory and cores -> ACPI -> fabric -> paths and ACS -> DMA and interrupt remapping ->
 * Physical Functions and their VFs
 *   -> features -> coppice.cfg -> each VM: decode, then commit -> report -> run
 *
 * What is missing refuses only what depends on it.
 */
#include "vmm/main.h"

#include "base/acpi.h"
#include "base/crash.h"
#include "base/hw/cpu.h"
#include "base/hw/insn.h"
#include "base/log.h"
#include "base/madt.h"
#include "base/memory_map.h"
#include "base/panic.h"
#include "base/pool.h"
#include "base/string.h"
#include "base/time.h"
#include "pci/config.h"
#include "pci/path.h"
#include "pci/space.h"
#include "vmm/assign/assign.h"
#include "vmm/guest/guest.h"
#include "vmm/life.h"
#include "vmm/ui/console.h"
#include "vmm/ui/ui.h"
#include "vmm/vmx/insn.h"
#include "vmm/vmx/vmx.h"

const struct boot_info *boot;

/* A step that failed is told and leaves only what depends on it undone. */
static bool step(enum err e, const char *what, const struct why *why)
{
	if (e != OK)
		log_warn(what, "%s", why->text[0] ? why->text : err_name(e));
	return e == OK;
}

static void describe_for_crash(struct crash_record *r)
{
	struct vcpu *v = this_cpu()->current;

	if (!v)
		return;
	memcpy(r->vm, v->vm->name, sizeof(r->vm));
	/* `current` is the vCPU whose VMCS is loaded: these are of its last exit. */
	r->exit_reason = vmcs_read(VMCS_EXIT_REASON);
	r->guest_rip = vmcs_read(VMCS_GUEST_RIP);
}

static void start_host(void)
{
	struct why why = { 0 };

	if (cpu_tables_init(0) != OK)
		HV_BUG("no memory for the boot core's tables");
	crash_set_describe(describe_for_crash);
	if (acpi_init(boot->rsdp_len ? boot->rsdp : NULL, boot->rsdp_len, &why) != OK)
		log_warn("acpi", "%s", why.text);
	if (lapic_init(&why) != OK || time_init(&why) != OK)
		HV_BUG("%s", why.text);
	core_handlers_init();
}

static void secondary_core(void *arg)
{
	struct cpu *c = arg;
	struct why why = { 0 };

	if (cpu_tables_init(c->index) != OK || lapic_init(&why) != OK) {
		log_error("cores", "core %u: %s", c->index, why.text);
		halt_forever();
	}
	c->apic_id = lapic_id();
	/* No vCPU could run here, so the boot core goes on without it. */
	if (features[0].present && vmx_core_enable(c, &why) != OK) {
		log_error("cores", "core %u: %s", c->index, why.text);
		halt_forever();
	}
	__atomic_store_n(&c->online, true, __ATOMIC_RELEASE);
	core_loop(NULL);
}

static bool is_online(void *c)
{
	return __atomic_load_n(&((struct cpu *)c)->online, __ATOMIC_ACQUIRE);
}

/* As patient as Linux: below a busy emulator a core may not run for seconds. */
#define CORE_START_NS (10 * NS_PER_S)

/* Start one core; it is counted only once it has said that it is ready. */
static void start_core(u32 apic_id)
{
	struct cpu *c = &cpus[cpu_count];
	void *stack = cpu_stack_alloc();

	c->index = cpu_count;
	if (!stack || boot->start_cpu(apic_id, stack, secondary_core, c) != OK ||
	    wait_until(is_online, c, CORE_START_NS) != OK) {
		log_warn("cores",
			 "the core with APIC id %u did not start after INIT and two SIPIs: going "
			 "on without it",
			 apic_id);
		return;
	}
	cpu_count++;
}

static void start_cores(bool vtx)
{
	u32 apic_ids[MAX_CPUS];
	unsigned found = madt_cpus(apic_ids, MAX_CPUS);
	struct why why = { 0 };

	cpus[0].apic_id = lapic_id();
	cpus[0].online = true;
	cpu_count = 1;
	if (vtx && vmx_core_enable(&cpus[0], &why) != OK)
		log_error("cores", "%s", why.text);
	for (unsigned i = 0; i < found; i++)
		if (apic_ids[i] != cpus[0].apic_id)
			start_core(apic_ids[i]);
	log_info("cores", "%u of %u cores are up%s", cpu_count, found ? found : 1,
		 vtx ? ", in VMX operation" : "");
}

/* The chipset's own registers: I/O APIC, HPET, IOMMUs, local APICs, flash. */
#define CHIPSET_BASE 0xfec00000ull

/*
 * Where the host bridge leads to PCI. UEFI says it; a BIOS says it only in AML, so there it is the
 * largest hole of the memory map, which is what Linux takes without _CRS.
 */
static void tell_apertures(void)
{
	u64 base, size;

	for (unsigned i = 0; i < boot->apertures; i++)
		pci_add_aperture(boot->aperture[i].base, boot->aperture[i].size);
	if (boot->apertures)
		return;
	memory_map_largest_gap(boot, CHIPSET_BASE, &base, &size);
	if (size)
		pci_add_aperture(base, size);
}

static void discover_fabric(void)
{
	struct why why = { 0 };

	if (!step(pci_config_init(acpi_find("MCFG", 0), &why), "pci", &why) ||
	    !step(pci_walk(&why), "pci", &why))
		return;
	tell_apertures();
	/* RAM, and what firmware keeps for itself, is no place for a VF's BAR. */
	for (unsigned i = 0; i < boot->memory_ranges; i++)
		pci_reserve_range(boot->memory[i].base.v, boot->memory[i].size);
	acs_enable_all();
	sriov_probe_all();
	log_info("pci", "%u functions, %u of them Physical Functions with SR-IOV",
		 pci_function_count(), sriov_pf_count());
}

static void protect(void)
{
	struct why why = { 0 };

	/* Everything is parked in an empty domain before any device is touched further. */
	if (!pci_function_count() || !step(iommu_init(acpi_find("DMAR", 0), &why), "iommu", &why))
		return;
	/* One unit that fails is told; the others are on and their faults wanted. */
	step(iommu_enable(lapic_is_x2apic(), &why), "iommu", &why);
	iommu_set_fault_vector(lapic_id(), VECTOR_FAULT);
}

static void on_fault_vector(u8 vector)
{
	(void)vector;
	faults_service();
}

static const struct boot_module *find_config(void)
{
	for (unsigned i = 0; i < boot->modules; i++) {
		size_t len = strlen(boot->module[i].name);
		static const char name[] = "coppice.cfg";

		if (len >= sizeof(name) - 1 &&
		    !strcmp(boot->module[i].name + len - (sizeof(name) - 1), name))
			return &boot->module[i];
	}
	return NULL;
}

static void read_config(void)
{
	const struct boot_module *m = find_config();

	if (!m) {
		log_error("config",
			  "no module named coppice.cfg among %u: no VM to start; add `module2 "
			  "/coppice.cfg coppice.cfg` to grub.cfg",
			  boot->modules);
		config_parse("", 0, &config);
		return;
	}
	config_parse(phys_map(m->base, m->size), m->size, &config);
	for (unsigned i = 0; i < config.error_count; i++)
		log_error("config", "%s", config.error[i].text);
	if (!config.vm_count)
		log_warn("config", "coppice.cfg has no line that begins with vm: no VM to start");
}

static bool resets_over(void *vm)
{
	return assign_resets_over(vm);
}

/*
 * One after the other, so that each is checked against what those before it have. Nobody runs yet
 * whom a wait could hold up: once per VM for all its VFs, and if it is refused then, for the way
 * back of those that it had.
 */
static void create_vm(const struct vm_config *c)
{
	struct vm *vm = &vms[vm_count];

	vm_create(c);
	if (wait_until(resets_over, vm, VF_RESET_LONGEST_NS) == OK && !vm_complete(vm) &&
	    wait_until(resets_over, vm, VF_RESET_LONGEST_NS) == OK)
		vm_service(vm);
	if (!vm->complete && !vm->torn_down)
		log_warn("vm",
			 "VM %s: its VFs are still being reset, that goes on beside the others",
			 vm->name);
}

static void create_vms(void)
{
	pci_groups_compute();
	for (unsigned i = 0; i < config.vm_count; i++)
		create_vm(&config.vm[i]);
}

static void start_vms(void)
{
	for (unsigned i = 0; i < vm_count; i++)
		vm_service(&vms[i]);
}

static bool all_ended(void)
{
	for (unsigned i = 0; i < vm_count; i++)
		if (!vms[i].torn_down)
			return false;
	return true;
}

static void finish(void)
{
	ui_closing_table();
	report_write();
	console_flush();
	power_off();
}

#define SERVICE_NS (10 * NS_PER_MS)

/* Text for the serial port leaves as fast as the port takes it, without anybody waiting for it. */
static bool is_service_due(void)
{
	static u64 next_ns;

	if (console_service())
		core_service_in(CONSOLE_FIFO_NS);
	if (time_now_ns() < next_ns)
		return false;
	next_ns = time_now_ns() + SERVICE_NS;
	return true;
}

/* What the boot core does every 10 ms between guests. */
static void manage(void)
{
	static bool told;

	if (!is_service_due())
		return;
	masters_service();
	throttle_service();
	guest_resets_service();
	faults_service();
	monitor_poll();
	for (unsigned i = 0; i < vm_count; i++)
		vm_service(&vms[i]);
	if (!all_ended() || monitor_is_busy()) {
		told = false;
		return;
	}
	if (told)
		return;
	told = true;
	if (config.idle == IDLE_POWEROFF)
		finish();
	ui_closing_table();
	report_write();
	log_info("coppice",
		 "every VM has ended; the machine stays on (option idle=poweroff would end it)");
	monitor_open();
}

void vmm_main(const struct boot_info *info)
{
	struct why why = { 0 };
	bool vtx;

	boot = info;
	serial_init();
	log_text("Coppice: many stems from a single root. Booted by %s on %s.\n", boot->loader,
		 boot->firmware);
	if (paging_init(boot, &why) != OK)
		HV_BUG("%s", why.text);
	boot_phase_ends(PHASE_MEMORY);
	start_host();
	console_init();
	boot_phase_ends(PHASE_HOST);
	discover_fabric();
	boot_phase_ends(PHASE_FABRIC);
	protect();
	boot_phase_ends(PHASE_IOMMU);
	interrupt_set_handler(VECTOR_FAULT, on_fault_vector);
	vtx = features_gate();
	if (vtx) {
		cpuid_policy_init();
		vtx = step(msr_policy_init(&why), "vmx", &why);
	}
	start_cores(vtx);
	boot_phase_ends(PHASE_CORES);
	masters_start();
	boot_phase_ends(PHASE_MASTERS);
	ui_features();
	read_config();
	create_vms();
	boot_phase_ends(PHASE_VMS);
	ui_topology(); /* before a VM speaks: its lines would stand between the tree's */
	start_vms();
	report_write();
	boot_phase_ends(PHASE_REPORT);
	core_loop(manage);
}
