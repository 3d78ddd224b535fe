/* SPDX-License-Identifier: GPL-2.0-only */
/* Commands about VMs, interrupts, faults and the machine. */
#include "base/format.h"
#include "base/hw/cpu.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/string.h"
#include "vmm/assign/assign.h"
#include "vmm/config/parser.h"
#include "vmm/life.h"
#include "vmm/ui/console.h"
#include "vmm/ui/faults.h"
#include "vmm/ui/monitor.h"

#define LOG_SHOWN_BYTES (16 * KiB)

static u64 all_exits(const struct vm *vm)
{
	u64 sum = 0;

	for (unsigned reason = 0; reason < EXIT_REASONS; reason++)
		sum += vm_exits(vm, reason);
	return sum;
}

static void list_vms(void)
{
	log_text("name                             state    status   MiB  vCPUs  VFs      exits  "
		 "kernel\n");
	for (unsigned i = 0; i < vm_count; i++) {
		const struct vm *vm = &vms[i];
		char status[24] = "-";

		if (vm->destroyed)
			continue;
		if (vm->state == VM_ENDED || vm->state == VM_REFUSED)
			format(status, sizeof(status), "%lld", (long long)vm->exit_status);
		log_text("%-32s %-8s %6s %5llu %6u %4u %10llu  %s\n", vm->name,
			 vm_state_name(vm->state), status,
			 (unsigned long long)(vm->config->mem / MiB), vm->cpus,
			 vm->config->vf_count, (unsigned long long)all_exits(vm),
			 vm->config->kernel);
	}
}

static void stop_vm(struct vm *vm)
{
	bool ends = vm->state == VM_READY || vm->state == VM_RUNNING;

	vm_stop(vm);
	if (ends)
		return;
	if (!vm->torn_down)
		log_text(
			"VM %s is still being taken down: its VFs are reset, its memory is wiped\n",
			vm->name);
	else
		log_text("VM %s is %s\n", vm->name, vm_state_name(vm->state));
}

static void start_vm(struct vm *vm)
{
	struct why why;

	if (vm_start_again(vm, &why) != OK)
		monitor_refuse("%s", vm->state == VM_REFUSED ? "why it is refused stands above"
							     : why.text);
}

static void restart_vm(struct vm *vm)
{
	if (vm->state == VM_READY || vm->state == VM_RUNNING)
		vm_restart(vm, "the monitor");
	else
		start_vm(vm);
}

static const struct {
	const char *name;
	void (*run)(struct vm *vm);
} vm_actions[] = { { "start", start_vm },
		   { "stop", stop_vm },
		   { "restart", restart_vm },
		   { "destroy", vm_destroy },
		   { "console", console_focus } };

static struct vm *find_vm(const char *name)
{
	for (unsigned i = 0; i < vm_count; i++)
		if (!vms[i].destroyed && strcmp(vms[i].name, name) == 0)
			return &vms[i];
	monitor_refuse("no VM '%s'; 'vm' lists them", name);
	return NULL;
}

void command_vm(unsigned words, char *const word[MONITOR_WORDS])
{
	struct vm *vm = words == 2 ? find_vm(word[1]) : NULL;

	if (!words || (words == 1 && strcmp(word[0], "list") == 0)) {
		list_vms();
		return;
	}
	if (words == 3 && strcmp(word[0], "cycle") == 0) {
		vm = find_vm(word[1]);
		if (vm)
			cycle_begin(vm, word[2]);
		return;
	}
	if (words == 2 && !vm)
		return;
	for (unsigned i = 0; vm && i < ARRAY_LEN(vm_actions); i++) {
		if (strcmp(vm_actions[i].name, word[0]) == 0) {
			vm_actions[i].run(vm);
			return;
		}
	}
	monitor_refuse("expected: vm list, or vm start|stop|restart|destroy|console <name>, or vm "
		       "cycle <name> <rounds>");
}

void command_console(unsigned words, char *const word[MONITOR_WORDS])
{
	static const struct choice modes[] = { { "all", CONSOLE_ALL },
					       { "focused", CONSOLE_FOCUSED } };
	int mode;

	if (words == 2 && strcmp(word[0], "mode") == 0 &&
	    parse_choice(word[1], modes, ARRAY_LEN(modes), &mode))
		console_set_mode((enum console_mode)mode);
	else if (words)
		monitor_refuse("expected: console mode all, or console mode focused");
	log_text("console mode %s: lines of VMs that are not in focus are %s\n",
		 modes[console_mode()].name,
		 console_mode() == CONSOLE_ALL ? "shown behind their names"
					       : "kept until Ctrl-] or 'vm console' shows them");
}

void command_stats(unsigned words, char *const word[MONITOR_WORDS])
{
	struct iommu_counters c;

	(void)words, (void)word;
	ui_closing_table();
	iommu_counters(&c);
	log_text("invalidations: context %llu global %llu device, IOTLB %llu global %llu domain "
		 "%llu page, "
		 "IEC %llu global %llu index, waits %llu\n",
		 (unsigned long long)c.context_global, (unsigned long long)c.context_device,
		 (unsigned long long)c.iotlb_global, (unsigned long long)c.iotlb_domain,
		 (unsigned long long)c.iotlb_page, (unsigned long long)c.iec_global,
		 (unsigned long long)c.iec_index, (unsigned long long)c.wait);
}

static void show_routes(const struct vm *vm, const struct assigned_vf *a)
{
	char label[VF_NAME_BYTES];

	for (unsigned i = 0; a->route && i < a->shadow.vectors; i++) {
		const struct irq_route *r = a->route[i];

		if (r)
			log_text("%-9s vector %u -> IRTE %u -> core %u vector 0x%02x -> %s vCPU %u "
				 "vector 0x%02x  "
				 "%llu forwarded, %llu dropped\n",
				 vf_name(a->vf, label, sizeof(label)), i, r->irte, r->core->index,
				 r->host_vector, vm->name, r->vcpu->index, r->guest_vector,
				 (unsigned long long)r->forwarded, (unsigned long long)r->dropped);
	}
}

void command_irq(unsigned words, char *const word[MONITOR_WORDS])
{
	(void)words, (void)word;
	log_text("%u routes, %u IRTEs in use\n", irq_route_count(), irte_used());
	for (unsigned i = 0; i < vm_count; i++)
		for (unsigned v = 0; v < vms[i].vf_count; v++)
			show_routes(&vms[i], vms[i].vf[v]);
}

const char *pool_tag_name(enum pool_tag tag)
{
	static const char *const names[POOL_TAGS] = {
		[POOL_HOST] = "host",     [POOL_PCI] = "pci", [POOL_IOMMU] = "iommu",
		[POOL_DRIVER] = "driver", [POOL_VM] = "vm",   [POOL_GUEST] = "guest RAM",
	};

	return names[tag];
}

void command_memory(unsigned words, char *const word[MONITOR_WORDS])
{
	(void)words, (void)word;
	for (unsigned i = 0; i < POOL_TAGS; i++)
		log_text("%-10s %8llu pages\n", pool_tag_name((enum pool_tag)i),
			 (unsigned long long)pool_used((enum pool_tag)i));
	log_text("%-10s %8llu pages\n", "free", (unsigned long long)pool_available());
}

void command_faults(unsigned words, char *const word[MONITOR_WORDS])
{
	(void)words, (void)word;
	if (!fault_count())
		log_text("nothing was blocked\n");
	for (unsigned i = 0; i < fault_count(); i++) {
		const struct fault_entry *f = fault(i);

		log_text(RID_FMT "  %-9s %-10s %llu times, first at 0x%llx, last at 0x%llx: %s "
				 "(reason 0x%02x)%s\n",
			 RID_ARG(f->first.rid), f->vf[0] ? f->vf : "-", f->vm[0] ? f->vm : "-",
			 (unsigned long long)f->count, (unsigned long long)f->first.address,
			 (unsigned long long)f->last_address, f->first.reason_text, f->first.reason,
			 f->cut ? ", bus master cut" : "");
	}
}

void command_log(unsigned words, char *const word[MONITOR_WORDS])
{
	static char text[LOG_SHOWN_BYTES]; /* a copy: what is shown must not grow the log that it
					      comes from */
	size_t len = log_ring_copy(text, sizeof(text)), from = 0;

	(void)words, (void)word;
	for (size_t i = 0; i < len; i++) {
		if (text[i] != '\n')
			continue;
		console_show(text + from, i + 1 - from);
		from = i + 1;
	}
}

void command_report(unsigned words, char *const word[MONITOR_WORDS])
{
	(void)words, (void)word;
	report_write_because("monitor");
	log_text("report.json is written\n");
}

void command_poweroff(unsigned words, char *const word[MONITOR_WORDS])
{
	(void)words, (void)word;
	ui_closing_table();
	report_write_because("power-off");
	console_flush();
	power_off();
}
