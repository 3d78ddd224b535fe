/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fabric as a tree:
 *
 *   0000:00:03.0  root port 1b36:000c, buses 01-01, ACS SV RR CR UF, ARI on
 *   `- 0000:01:00.0  igb0, network 8086:10c9, driver igb, 7 of 8 VFs, offset 128, stride 2
 *      |- 0000:01:10.0  igb0/0, assigned to a, 02:00:00:00:00:0a
 *      `- 0000:01:10.2 .. 0000:01:11.4  igb0/1-6, parked
 */
#include <linux/pci_regs.h>

#include "base/format.h"
#include "base/log.h"
#include "base/string.h"
#include "vmm/assign/assign.h"
#include "vmm/ui/report.h"

#define INDENT_BYTES (3 * PCI_PATH_MAX + 1)
#define LINE_BYTES   200

static bool is_child(const struct pci_function *f, const struct pci_function *parent)
{
	return f->parent == parent && !f->vf_of;
}

static bool has_more_children(unsigned after, const struct pci_function *parent)
{
	for (unsigned i = after + 1; i < pci_function_count(); i++)
		if (is_child(pci_function(i), parent))
			return true;
	return false;
}

static bool same_owner_and_state(const struct vf *a, const struct vf *b)
{
	return a->state == b->state && a->owner == b->owner;
}

/* "assigned to a, 02:...": what is worth knowing about a VF in use. */
static void put_vf_use(char *buf, size_t size, const struct vf *vf)
{
	const struct master *m = vf->pf->master;
	const struct vm *owner = vf_owner(vf);
	struct vf_service s;
	char identity[sizeof(s.text)];

	format(buf, size, "%s", vf_state_name(vf->state));
	if (!owner)
		return;
	memset(&s, 0, sizeof(s));
	if (m && !m->failed)
		m->driver->describe_vf((struct master *)m, vf, &s);
	format(buf, size, "%s %s %s, %s%s", vf_state_name(vf->state),
	       vf->state == VF_RESETTING ? "for" : "to", owner->name,
	       vf_identity(&s, identity, sizeof(identity)),
	       s.rate_wished && !s.rate_honoured ? ", rate NOT honoured" : "");
}

/* VFs in a row that are alike and nobody's take one line. */
static void show_vfs(const struct sriov_pf *pf, const char *indent)
{
	static const char *const branch[] = { [false] = "|- ", [true] = "`- " };

	for (unsigned first = 0, last; first < pf->num_vfs; first = last + 1) {
		const struct vf *vf = &pf->vfs[first];
		char use[LINE_BYTES];

		last = first;
		while (!vf->owner && last + 1 < pf->num_vfs &&
		       same_owner_and_state(vf, &pf->vfs[last + 1]))
			last++;
		put_vf_use(use, sizeof(use), vf);
		/* One call per line: guests on other cores may be talking already. */
		if (first == last)
			log_text("%s%s" RID_FMT "  %s/%u, %s\n", indent,
				 branch[last + 1 == pf->num_vfs], RID_ARG(vf->rid), pf->name, first,
				 use);
		else
			log_text("%s%s" RID_FMT " .. " RID_FMT "  %s/%u-%u, %s\n", indent,
				 branch[last + 1 == pf->num_vfs], RID_ARG(vf->rid),
				 RID_ARG(pf->vfs[last].rid), pf->name, first, last, use);
	}
}

static void put_bridge(char *buf, size_t size, const struct pci_function *f)
{
	bool asked =
		f->port_type == PCI_EXP_TYPE_ROOT_PORT || f->port_type == PCI_EXP_TYPE_DOWNSTREAM;
	u16 missing = ACS_REQUIRED & (u16)~f->acs_enabled;
	char bits[32];
	const char *acs = "";

	if (asked)
		acs = missing ? ", ACS LACKS " : ", ACS ";
	format(buf, size, ", buses %02x-%02x%s%s%s%s", f->secondary, f->subordinate, acs,
	       asked ? acs_bits_text(missing ? missing : f->acs_enabled & ACS_REQUIRED, bits,
				     sizeof(bits))
		     : "",
	       f->ari_forwarding ? ", ARI on" : "",
	       asked && missing && is_unsafe_acs(f->rid) ? ", OVERRIDDEN by unsafe_acs=" : "");
}

static void put_pf(char *buf, size_t size, const struct sriov_pf *pf)
{
	const struct master *m = pf->master;

	format(buf, size, ", %s%s, %u of %u VFs, offset %u, stride %u", m ? "driver " : "no driver",
	       m ? m->driver->name : "", pf->num_vfs, pf->total_vfs, pf->offset, pf->stride);
}

static void show_function(const struct pci_function *f, const char *indent, const char *branch)
{
	char more[LINE_BYTES] = "";

	if (f->header_type == PCI_HEADER_TYPE_BRIDGE)
		put_bridge(more, sizeof(more), f);
	else if (f->pf)
		put_pf(more, sizeof(more), f->pf);
	log_text("%s%s" RID_FMT "  %s%s%s %04x:%04x%s\n", indent, branch, RID_ARG(f->rid),
		 f->pf ? f->pf->name : "", f->pf ? ", " : "", function_kind(f), f->vendor,
		 f->device, more);
}

/* Depth is bounded by the walk, which refuses paths longer than PCI_PATH_MAX. */
static void show_below(const struct pci_function *parent, const char *indent, unsigned depth)
{
	char deeper[INDENT_BYTES];

	for (unsigned i = 0; i < pci_function_count() && depth < PCI_PATH_MAX; i++) {
		const struct pci_function *f = pci_function(i);
		bool more;

		if (!is_child(f, parent))
			continue;
		more = has_more_children(i, parent);
		show_function(f, indent, !parent ? "" : more ? "|- " : "`- ");
		format(deeper, sizeof(deeper), "%s%s", indent, !parent ? "" : more ? "|  " : "   ");
		if (f->pf && f->pf->vfs)
			show_vfs(f->pf, deeper);
		show_below(f, deeper, depth + 1);
	}
}

void ui_topology(void)
{
	log_text("\nTopology (Requester ID, what it is, what guards it)\n");
	if (!pci_function_count())
		log_text("  nothing: without ECAM no PCI function can be seen\n");
	show_below(NULL, "", 0);
	log_text("\n");
}
