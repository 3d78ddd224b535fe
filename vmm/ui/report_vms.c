/* SPDX-License-Identifier: GPL-2.0-only */
/* report.json: VFs, VMs, refusals and faults. */
#include "base/string.h"
#include "vmm/assign/assign.h"
#include "vmm/ui/console.h"
#include "vmm/ui/faults.h"
#include "vmm/ui/report.h"
#include "vmm/ui/summary.h"

#define MAC_FMT    "%02x:%02x:%02x:%02x:%02x:%02x"
#define MAC_ARG(m) (m)[0], (m)[1], (m)[2], (m)[3], (m)[4], (m)[5]

/* NULL and "" are null: there is no such thing. */
static void text_or_null(struct json *j, const char *key, const char *text)
{
	if (text && text[0])
		json_text(j, key, text);
	else
		json_null(j, key);
}

static void report_isolation(struct json *j, const struct vf *vf)
{
	struct acs_verdict verdict;
	struct why why;

	memset(&verdict, 0, sizeof(verdict));
	memset(&why, 0, sizeof(why));
	acs_check(vf->function, is_unsafe_acs, &verdict, &why);
	json_object(j, "isolation");
	json_bool(j, "isolated", verdict.isolated);
	json_bool(j, "by_quirk", verdict.by_quirk);
	json_bool(j, "by_override", verdict.by_override);
	json_rid(j, "at", verdict.at ? verdict.at->rid : RID_NONE);
	report_acs_bits(j, "missing", verdict.missing);
	json_text(j, "text", verdict.isolated ? verdict.text : why.text);
	json_close(j);
}

static void report_service(struct json *j, const struct vf *vf)
{
	struct master *m = vf->pf->master;
	struct vf_service s;

	memset(&s, 0, sizeof(s));
	if (m && !m->failed)
		m->driver->describe_vf(m, vf, &s);
	json_format(j, "mac", MAC_FMT, MAC_ARG(s.mac));
	json_number(j, "vlan", s.vlan);
	json_object(j, "rate");
	json_number(j, "wished", s.rate_wished);
	json_number(j, "set", s.rate_set);
	json_bool(j, "honoured", s.rate_honoured);
	json_close(j);
	json_bool(j, "link_up", s.link_up);
	json_number(j, "link_mbps", s.link_mbps);
	json_number(j, "mtu", s.mtu);
	json_object(j, "mailbox");
	json_number(j, "messages", s.mailbox_messages);
	json_number(j, "denied", s.mailbox_denied);
	json_close(j);
	json_text(j, "text", s.text);
}

static void report_vf(struct json *j, const struct vf *vf)
{
	const struct vm *owner = vf_owner(vf);
	char name[VF_NAME_BYTES];

	json_object(j, NULL);
	json_text(j, "name", vf_name(vf, name, sizeof(name)));
	json_rid(j, "pf", vf->pf->function->rid);
	json_number(j, "index", vf->index);
	json_rid(j, "rid", vf->rid);
	json_text(j, "state", vf_state_name(vf->state));
	text_or_null(j, "vm", owner ? owner->name : NULL);
	json_number(j, "generation", vf->generation);
	report_service(j, vf);
	report_isolation(j, vf);
	json_close(j);
}

void report_vfs(struct json *j)
{
	json_array(j, "vfs");
	for (unsigned i = 0; i < sriov_pf_count(); i++)
		for (unsigned v = 0; v < sriov_pf(i)->num_vfs && sriov_pf(i)->vfs; v++)
			report_vf(j, &sriov_pf(i)->vfs[v]);
	json_close(j);
}

/* What a VM had while it lived: VFs and memory are given back when it ends, and the last report
 * must still tell. */
static struct holdings {
	unsigned vf_count;
	struct rid vf[CONFIG_VFS_PER_VM];
	u64 ram, machine, ept, domain, vcpus, vfs;
} held[CONFIG_VMS];

static const struct holdings *holdings_of(const struct vm *vm)
{
	struct holdings *h = &held[vm->id];

	if (!vm->ram) {
		/* They have grown with the windows of its VFs since a report last looked. */
		h->ept = vm->past_ept_pages * PAGE_SIZE;
		return h;
	}
	memset(h, 0, sizeof(*h));
	h->ram = vm->ram_bytes;
	/* Its virtual devices have a page. */
	h->machine = sizeof(*vm) + PAGE_SIZE + CONSOLE_VM_BYTES;
	h->ept = vm->ept_pages * PAGE_SIZE;
	h->domain = vm->domain ? iommu_domain_pages(vm->domain) * PAGE_SIZE : 0;
	/* Beside struct vcpu: the VMCS and the XSAVE area, a page each. */
	h->vcpus = vm->cpus * (ALIGN_UP(sizeof(struct vcpu), PAGE_SIZE) + 2 * PAGE_SIZE);
	for (unsigned i = 0; i < vm->vf_count; i++) {
		h->vf[h->vf_count++] = vm->vf[i]->vf->rid;
		h->vfs += assigned_vf_bytes(vm->vf[i]);
	}
	return h;
}

static void report_holdings(struct json *j, const struct vm *vm)
{
	const struct holdings *h = holdings_of(vm);
	char name[VF_NAME_BYTES];

	json_object(j, "memory");
	json_number(j, "wished", vm->config->mem);
	json_number(j, "ram", h->ram);
	json_number(j, "machine", h->machine);
	json_number(j, "ept", h->ept);
	json_number(j, "domain", h->domain);
	json_number(j, "vcpus", h->vcpus);
	json_number(j, "vfs", h->vfs);
	json_close(j);
	json_array(j, "vfs");
	for (unsigned i = 0; i < h->vf_count; i++) {
		json_object(j, NULL);
		json_text(j, "name", vf_name(vf_by_rid(h->vf[i]), name, sizeof(name)));
		json_rid(j, "rid", h->vf[i]);
		json_close(j);
	}
	json_close(j);
}

static void report_counters(struct json *j, const struct vm_summary *s)
{
	json_object(j, "counters");
	json_object(j, "exits");
	for (unsigned i = 0; i < EXIT_REASONS; i++) {
		char key[EXIT_KEY_BYTES];

		if (s->exits[i])
			json_number(j, exit_reason_key(i, key, sizeof(key)), s->exits[i]);
	}
	json_close(j);
	json_number(j, "exits_total", s->exits_total);
	json_number(j, "interrupt_exits", interrupt_exits(s));
	json_number(j, "injected", s->injected);
	json_number(j, "forwarded_irqs", s->forwarded);
	json_number(j, "throttled", s->throttled);
	json_close(j);
	json_object(j, "quotients");
	json_quotient(j, "exits_per_frame", s->exits_total, s->sent + s->received);
	json_quotient(j, "exits_per_command", s->exits_total, s->commands);
	json_quotient(j, "exits_per_interrupt", interrupt_exits(s), interrupts_to_divide_by(s));
	json_close(j);
}

static void report_figures(struct json *j, const struct vm *vm)
{
	static const char *const names[COPPICE_FIGURES] = {
		[FIGURE_FRAMES_SENT] = "frames_sent", [FIGURE_FRAMES_RECEIVED] = "frames_received",
		[FIGURE_INTERRUPTS] = "interrupts",   [FIGURE_ERRORS] = "errors",
		[FIGURE_CPUID_TICKS] = "cpuid_ticks", [FIGURE_COMMANDS] = "commands",
		[FIGURE_DENIED] = "denied",           [FIGURE_RDMSR_TICKS] = "rdmsr_ticks",
		[FIGURE_WRMSR_TICKS] = "wrmsr_ticks", [FIGURE_VMCALL_TICKS] = "vmcall_ticks",
	};

	json_object(j, "figures");
	for (unsigned i = 0; i < COPPICE_FIGURES; i++) {
		if (vm->figure_set[i])
			json_number(j, names[i], vm->figure[i]);
		else
			json_null(j, names[i]);
	}
	json_close(j);
}

static void report_refusal_of(struct json *j, const struct vm *vm)
{
	if (vm->state != VM_REFUSED) {
		json_null(j, "refusal");
		return;
	}
	json_object(j, "refusal");
	json_text(j, "code", err_name(vm->refusal.code));
	json_rid(j, "rid", vm->refusal.rid);
	json_text(j, "text", vm->refusal.text);
	json_close(j);
}

static void report_vm(struct json *j, const struct vm *vm)
{
	struct vm_summary s;

	vm_summarise(vm, &s);
	json_object(j, NULL);
	json_text(j, "name", vm->name);
	json_text(j, "state", vm_state_name(vm->state));
	if (vm->state == VM_ENDED || vm->state == VM_REFUSED)
		json_signed(j, "exit_status", vm->exit_status);
	else
		json_null(j, "exit_status");
	json_text(j, "end_text", s.text);
	json_number(j, "line", vm->config->line);
	json_text(j, "kernel", vm->config->kernel);
	json_number(j, "cpus", vm->cpus);
	json_text(j, "irq", vm->config->irq == IRQ_DIRECT ? "direct" : "forward");
	report_holdings(j, vm);
	report_counters(j, &s);
	report_figures(j, vm);
	report_refusal_of(j, vm);
	json_close(j);
}

void report_vms(struct json *j)
{
	json_array(j, "vms");
	for (unsigned i = 0; i < vm_count; i++)
		report_vm(j, &vms[i]);
	json_close(j);
}

static void report_refusal(struct json *j, struct rid vf, const char *vm, enum err code,
			   struct rid at, u16 missing, const char *text)
{
	char name[VF_NAME_BYTES];

	json_object(j, NULL);
	text_or_null(j, "vf", vf_name(vf_by_rid(vf), name, sizeof(name)));
	json_rid(j, "vf_rid", vf);
	json_text(j, "vm", vm);
	json_text(j, "code", err_name(code));
	json_rid(j, "rid", at);
	report_acs_bits(j, "missing", missing);
	json_text(j, "text", text);
	json_close(j);
}

static bool has_refusal(const char *vm)
{
	for (unsigned i = 0; i < refusal_count(); i++)
		if (strcmp(refusal(i)->vm, vm) == 0)
			return true;
	return false;
}

/* Refusals of VFs, then those of VMs for any other reason: each VM that is not started has its line
 * here. */
void report_refusals(struct json *j)
{
	json_array(j, "refusals");
	for (unsigned i = 0; i < refusal_count(); i++) {
		const struct refusal *r = refusal(i);

		report_refusal(j, r->vf, r->vm, r->code, r->at, r->missing_acs, r->text);
	}
	for (unsigned i = 0; i < vm_count; i++)
		if (vms[i].state == VM_REFUSED && !has_refusal(vms[i].name))
			report_refusal(j, RID_NONE, vms[i].name, vms[i].refusal.code,
				       vms[i].refusal.rid, 0, vms[i].refusal.text);
	json_close(j);
}

void report_faults(struct json *j)
{
	json_array(j, "faults");
	for (unsigned i = 0; i < fault_count(); i++) {
		const struct fault_entry *f = fault(i);

		json_object(j, NULL);
		json_rid(j, "rid", f->first.rid);
		text_or_null(j, "vf", f->vf);
		text_or_null(j, "vm", f->vm);
		json_hex(j, "address", f->first.address);
		json_hex(j, "last_address", f->last_address);
		json_number(j, "reason", f->first.reason);
		json_text(j, "reason_text", f->first.reason_text);
		json_text(j, "kind",
			  f->first.interrupt ? "interrupt"
			  : f->first.read    ? "read"
					     : "write");
		json_number(j, "count", f->count);
		json_bool(j, "bus_master_cut", f->cut);
		json_close(j);
	}
	json_close(j);
	json_number(j, "faults_unlisted", faults_unlisted());
}
