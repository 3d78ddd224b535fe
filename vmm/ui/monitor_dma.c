/* SPDX-License-Identifier: GPL-2.0-only */
/* What VFs do beside their BARs: where their DMA goes, and what they say to their PF. */
#include "base/format.h"
#include "base/log.h"
#include "base/string.h"
#include "vmm/assign/assign.h"
#include "vmm/config/parser.h"
#include "vmm/ui/monitor.h"

#define TRACE_SHOWN 32u
#define TRACE_BYTES 160
#define NS_PER_MS   1000000ull

/* --- dmar --- */

static void show_step(const struct iommu_walk_step *s)
{
	char what[48];

	if (s->table == IOMMU_TABLE_ROOT)
		format(what, sizeof(what), "root table, bus %02x", s->index);
	else if (s->table == IOMMU_TABLE_CONTEXT)
		format(what, sizeof(what), "context table, %02x.%x", s->index >> 3, s->index & 7);
	else
		format(what, sizeof(what), "level %u, entry %u", s->level, s->index);
	if (s->table == IOMMU_TABLE_PAGES)
		log_text("  %-22s at 0x%09llx: %016llx\n", what, (unsigned long long)s->at.v,
			 (unsigned long long)s->lo);
	else
		log_text("  %-22s at 0x%09llx: %016llx %016llx\n", what,
			 (unsigned long long)s->at.v, (unsigned long long)s->lo,
			 (unsigned long long)s->hi);
}

static void show_verdict(const struct iommu_walk *w)
{
	if (w->leaf_bytes)
		log_text("  = 0x%llx, %s%s, in a page of 0x%llx bytes\n",
			 (unsigned long long)w->to.v, w->read_fault ? "" : "read ",
			 w->write_fault ? "" : "write", (unsigned long long)w->leaf_bytes);
	if (w->read_fault)
		log_text("  a read would be blocked: %s (fault 0x%02x)\n", w->read_text,
			 w->read_fault);
	if (w->write_fault)
		log_text("  a write would be blocked: %s (fault 0x%02x)\n", w->write_text,
			 w->write_fault);
}

static void walk(struct rid rid, u64 address)
{
	struct iommu_walk w;
	struct why why = { 0 };

	if (iommu_walk(rid, iova(address), &w, &why) != OK) {
		monitor_refuse("%s", why.text);
		return;
	}
	log_text(RID_FMT " asks the unit at 0x%llx for 0x%llx", RID_ARG(rid),
		 (unsigned long long)w.unit.v, (unsigned long long)address);
	if (w.domain_id)
		log_text("; its domain is %u, %s", w.domain_id, w.domain ? w.domain : "unknown");
	log_text("\n");
	for (unsigned i = 0; i < w.steps; i++)
		show_step(&w.step[i]);
	show_verdict(&w);
}

static void where(const struct vf *vf, u64 address)
{
	const struct vm *vm = vf_owner(vf);
	u64 leaf = 0;
	unsigned prot = 0;
	hpa_t to;

	if (!vm || !vm->domain)
		log_text(RID_FMT " -> parking domain, which maps nothing: blocked\n",
			 RID_ARG(vf->rid));
	else if (!iommu_translate(vm->domain, iova(address), &to, &prot, &leaf))
		log_text(RID_FMT " -> domain %u of VM %s -> 0x%llx is not mapped: blocked\n",
			 RID_ARG(vf->rid), iommu_domain_id(vm->domain), vm->name,
			 (unsigned long long)address);
	else
		log_text(RID_FMT " -> domain %u of VM %s -> 0x%llx, %s%s, leaf of 0x%llx bytes\n",
			 RID_ARG(vf->rid), iommu_domain_id(vm->domain), vm->name,
			 (unsigned long long)to.v, prot & IOMMU_READ ? "read" : "",
			 prot & IOMMU_WRITE ? " write" : "", (unsigned long long)leaf);
}

void command_dmar(unsigned words, char *const word[MONITOR_WORDS])
{
	bool walking = strcmp(word[0], "walk") == 0;
	char *who = word[words - 2];
	const struct vf *vf = NULL;
	struct rid rid;
	u64 address;

	if (words != (walking ? 3 : 2)) {
		monitor_refuse(
			"expected: dmar [walk] <vf> <address>, such as dmar igb0/2 1000; walk "
			"takes any Requester ID, too");
		return;
	}
	/* A Requester ID need not be a VF's: everything on the fabric has an entry. */
	if (!walking || !parse_rid(who, &rid)) {
		vf = find_vf(who);
		if (!vf)
			return;
		rid = vf->rid;
	}
	if (!parse_address(word[words - 1], &address))
		monitor_refuse("expected a hexadecimal address such as 1000, not '%s'",
			       word[words - 1]);
	else if (walking)
		walk(rid, address);
	else
		where(vf, address);
}

/* --- mbx --- */

static void trace_of(struct master *m, const struct vf *only)
{
	char text[TRACE_BYTES];
	struct mailbox_event e;
	unsigned shown = 0;

	if (!m->driver->trace)
		return;
	/* Oldest first, as one reads. */
	for (unsigned age = TRACE_SHOWN; age-- > 0;) {
		if (!m->driver->trace(m, age, &e, text, sizeof(text)) || (only && e.vf != only))
			continue;
		log_text("%8llu.%03llu ms  %s/%u %s  %s\n",
			 (unsigned long long)(e.time_ns / NS_PER_MS),
			 (unsigned long long)(e.time_ns % NS_PER_MS / 1000), m->pf->name,
			 e.vf->index, e.from_vf ? "-> PF" : "<- PF", text);
		shown++;
	}
	if (!shown)
		log_text("%s: no message was kept\n", m->pf->name);
}

void command_mbx(unsigned words, char *const word[MONITOR_WORDS])
{
	const struct vf *only = NULL;

	if (strcmp(word[0], "trace") != 0) {
		monitor_refuse("expected: mbx trace, or mbx trace <pf>/<index>");
		return;
	}
	if (words == 2) {
		only = find_vf(word[1]);
		if (!only)
			return;
	}
	for (unsigned i = 0; i < master_count(); i++)
		if (!only || only->pf == master(i)->pf)
			trace_of(master(i), only);
}
