/* SPDX-License-Identifier: GPL-2.0-only */
/* Commands about the fabric. */
#include <linux/pci_regs.h>

#include "base/format.h"
#include "base/log.h"
#include "base/string.h"
#include "pci/config.h"
#include "vmm/assign/assign.h"
#include "vmm/config/parser.h"
#include "vmm/ui/monitor.h"

#define DWORD                   4u
#define HEADER_AND_CAPABILITIES 256u

void command_topology(unsigned words, char *const word[MONITOR_WORDS])
{
	(void)words, (void)word;
	ui_topology();
}

void command_features(unsigned words, char *const word[MONITOR_WORDS])
{
	(void)words, (void)word;
	ui_features();
}

void command_acs(unsigned words, char *const word[MONITOR_WORDS])
{
	char on[32], missing[32];

	(void)words, (void)word;
	for (unsigned i = 0; i < pci_function_count(); i++) {
		const struct pci_function *f = pci_function(i);
		bool asked = f->port_type == PCI_EXP_TYPE_ROOT_PORT ||
			     f->port_type == PCI_EXP_TYPE_DOWNSTREAM;
		u16 lacks = asked ? ACS_REQUIRED & (u16)~f->acs_enabled : 0;

		if (f->header_type != PCI_HEADER_TYPE_BRIDGE)
			continue;
		acs_bits_text(f->acs_enabled, on, sizeof(on));
		acs_bits_text(lacks, missing, sizeof(missing));
		log_text(RID_FMT "  %-22s on: %-20s missing: %s%s\n", RID_ARG(f->rid),
			 function_kind(f), on[0] ? on : "-", missing[0] ? missing : "-",
			 is_unsafe_acs(f->rid) ? "  OVERRIDDEN by unsafe_acs=" : "");
	}
}

void command_groups(unsigned words, char *const word[MONITOR_WORDS])
{
	(void)words, (void)word;
	for (unsigned group = 0; group < pci_group_count(); group++)
		for (unsigned i = 0; i < pci_function_count(); i++)
			if (pci_group_of(pci_function(i)) == group)
				log_text("group %-3u " RID_FMT "  %s\n", group,
					 RID_ARG(pci_function(i)->rid),
					 function_kind(pci_function(i)));
}

void command_pf(unsigned words, char *const word[MONITOR_WORDS])
{
	(void)words, (void)word;
	for (unsigned i = 0; i < sriov_pf_count(); i++) {
		const struct sriov_pf *pf = sriov_pf(i);
		const struct master *m = pf->master;

		log_text("%s  " RID_FMT
			 "  driver %s, %u of %u VFs, offset %u, stride %u, pages of %llu, ARI %s\n",
			 pf->name, RID_ARG(pf->function->rid), m ? m->driver->name : "none",
			 pf->num_vfs, pf->total_vfs, pf->offset, pf->stride,
			 (unsigned long long)pf->system_page_size << PAGE_SHIFT,
			 pf->ari ? "on" : "off");
		for (unsigned bar = 0; bar < PCI_BARS; bar++)
			if (pf->vf_bars[bar].size)
				log_text("      VF BAR %u: VF 0 at 0x%llx, 0x%llx bytes each\n",
					 bar, (unsigned long long)pf->vf_bars[bar].base,
					 (unsigned long long)pf->vf_bars[bar].size);
	}
}

static void show_vf(const struct vf *vf)
{
	const struct vm *owner = vf_owner(vf);
	struct master *m = vf->pf->master;
	char label[VF_NAME_BYTES];
	struct vf_service s;
	char identity[sizeof(s.text)];

	memset(&s, 0, sizeof(s));
	if (m && !m->failed)
		m->driver->describe_vf(m, vf, &s);
	log_text("%-9s " RID_FMT "  %-11s %-10s %s  link %s, %llu messages, %llu denied\n",
		 vf_name(vf, label, sizeof(label)), RID_ARG(vf->rid), vf_state_name(vf->state),
		 owner ? owner->name : "-", vf_identity(&s, identity, sizeof(identity)),
		 s.link_up ? "up" : "down", (unsigned long long)s.mailbox_messages,
		 (unsigned long long)s.mailbox_denied);
}

const struct vf *find_vf(char *text)
{
	char *number = cut(text, '/');
	u64 index;

	for (unsigned i = 0; i < sriov_pf_count(); i++) {
		const struct sriov_pf *pf = sriov_pf(i);

		if (strcmp(pf->name, text) != 0)
			continue;
		if (number && pf->vfs && parse_number(number, pf->num_vfs - 1u, &index))
			return &pf->vfs[index];
		monitor_refuse("%s has VFs %s/0 to %s/%u", pf->name, pf->name, pf->name,
			       pf->num_vfs ? pf->num_vfs - 1u : 0);
		return NULL;
	}
	monitor_refuse("no Physical Function '%s'; expected a VF such as igb0/2: 'vf' lists them",
		       text);
	return NULL;
}

static const struct assigned_vf *find_assigned(const struct vf *vf)
{
	const struct vm *vm = vf_owner(vf);

	for (unsigned i = 0; vm && i < vm->vf_count; i++)
		if (vm->vf[i]->vf == vf)
			return vm->vf[i];
	monitor_refuse("no VM has this VF now");
	return NULL;
}

/* The config-space lens: what the device says, what the guest sees, and why. */
static void show_config(const struct vf *vf)
{
	const struct assigned_vf *a = find_assigned(vf);

	if (!a)
		return;
	if (vf->state == VF_RESETTING) {
		monitor_refuse("it is being reset and must not be touched: try again in a moment");
		return;
	}
	log_text("offset    device    guest  from\n");
	for (unsigned offset = 0; offset < HEADER_AND_CAPABILITIES; offset += DWORD) {
		u32 device = pci_read32(vf->rid, (u16)offset),
		    guest = vf_model_read(&a->model, (u16)offset, DWORD);

		if (device || guest)
			log_text("  0x%02x  %08x %08x  %s%s\n", offset, device, guest,
				 vf_model_source(&a->model, (u16)offset),
				 device == guest ? "" : " *");
	}
}

void command_vf(unsigned words, char *const word[MONITOR_WORDS])
{
	const struct vf *vf;

	if (!words) {
		for (unsigned i = 0; i < sriov_pf_count(); i++)
			for (unsigned v = 0; sriov_pf(i)->vfs && v < sriov_pf(i)->num_vfs; v++)
				show_vf(&sriov_pf(i)->vfs[v]);
		return;
	}
	vf = find_vf(word[0]);
	if (!vf)
		return;
	if (words == 1)
		show_vf(vf);
	else if (strcmp(word[1], "cfg") == 0)
		show_config(vf);
	else
		monitor_refuse("expected: vf %s/%u cfg", vf->pf->name, vf->index);
}
