/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Faults of the IOMMUs, attributed: Requester ID -> VF -> VM. A device that faults in a storm has
 * its bus master switched off, so that it cannot keep the fault log, a core and the console busy
 * for its neighbours (R32).
 */
#include <linux/pci_regs.h>

#include "base/log.h"
#include "base/spinlock.h"
#include "base/string.h"
#include "base/time.h"
#include "pci/config.h"
#include "vmm/ui/faults.h"

#define FAULT_ENTRIES   64u
#define FAULTS_PER_CALL 64u /* bounds the work of one call; the rest waits in the units */
#define SETTLE_CALLS    16u /* four units' worth of records, 256 each (CAP.NFR) */
#define SHOWN_PER_RID   3u
#define STORM_FAULTS    64u /* as many of one kind in one window are a storm */
#define STORM_WINDOW_NS NS_PER_S

struct kept_fault {
	struct fault_entry entry;
	u64 window_start, in_window;
};

static struct kept_fault kept[FAULT_ENTRIES];
static unsigned kept_count;
static u64 unlisted;
static struct spinlock lock;
static struct rate_limit cut_lines = { .burst = 4, .window_ns = NS_PER_S };
static struct rate_limit full_lines = { .burst = 1, .window_ns = 60 * NS_PER_S };

unsigned fault_count(void)
{
	return kept_count;
}

const struct fault_entry *fault(unsigned n)
{
	return &kept[n].entry;
}

u64 faults_unlisted(void)
{
	return unlisted;
}

static bool is_of(const struct fault_entry *e, struct rid rid, const char *vm)
{
	return rid_equal(e->first.rid, rid) && !strcmp(e->vm, vm);
}

/* Of its function while the same VM had it, for whatever reason. */
static u64 faults_like(const struct fault_entry *e)
{
	u64 sum = 0;

	for (unsigned i = 0; i < kept_count; i++)
		if (is_of(&kept[i].entry, e->first.rid, e->vm))
			sum += kept[i].entry.count;
	return sum;
}

static struct kept_fault *find_or_add(const struct iommu_fault *f)
{
	const struct vf *vf = vf_by_rid(f->rid);
	const struct vm *vm = vf_owner(vf);
	struct kept_fault *k;

	for (unsigned i = 0; i < kept_count; i++) {
		k = &kept[i];
		if (k->entry.first.reason == f->reason &&
		    is_of(&k->entry, f->rid, vm ? vm->name : ""))
			return k;
	}
	if (kept_count == FAULT_ENTRIES)
		return NULL;
	k = &kept[kept_count++];
	k->entry.first = *f;
	k->window_start = time_now_ns();
	vf_name(vf, k->entry.vf, sizeof(k->entry.vf));
	/* The name, not the VM: it may be gone when the report is written. */
	if (vm)
		memcpy(k->entry.vm, vm->name, sizeof(k->entry.vm));
	return k;
}

static void show(const struct fault_entry *e, const struct iommu_fault *f)
{
	const char *what = f->interrupt ? "interrupt request" : f->read ? "DMA read" : "DMA write";

	log_warn("fault", RID_FMT " (%s%s%s): %s %s 0x%llx blocked: %s (reason 0x%02x)%s",
		 RID_ARG(f->rid), e->vf[0] ? e->vf : "no VF", e->vm[0] ? " of VM " : "", e->vm,
		 what, f->interrupt ? "for entry" : "at", (unsigned long long)f->address,
		 f->reason_text, f->reason,
		 faults_like(e) == SHOWN_PER_RID ? "; further ones are only counted" : "");
}

/* Has it a bus to be cut off from? A VF that is being reset will have again, and is not asked. */
static bool has_bus(struct rid rid, const struct vf *vf)
{
	if (vf && vf->state == VF_RESETTING)
		return !vf->bus_cut;
	return pci_read16(rid, PCI_COMMAND) & PCI_COMMAND_MASTER;
}

/* Memory requests and interrupts both need Bus Master Enable (PCIe 6.0 section 7.5.1.1.3). */
static void cut_bus_master(struct fault_entry *e)
{
	struct vf *vf = vf_by_rid(e->first.rid);

	if (!has_bus(e->first.rid, vf))
		return;
	if (vf)
		vf_cut_bus(vf);
	else
		pci_write16(e->first.rid, PCI_COMMAND,
			    pci_read16(e->first.rid, PCI_COMMAND) & (u16)~PCI_COMMAND_MASTER);
	e->cut = true;
	log_limited(&cut_lines, LOG_ERROR, "fault",
		    RID_FMT " (%s%s%s): %llu faults, a storm: its bus master is off now; others "
			    "are not affected",
		    RID_ARG(e->first.rid), e->vf[0] ? e->vf : "no VF", e->vm[0] ? " of VM " : "",
		    e->vm, (unsigned long long)e->count);
}

static void watch_for_storm(struct kept_fault *k)
{
	u64 now = time_now_ns();

	if (now - k->window_start > STORM_WINDOW_NS) {
		k->window_start = now;
		k->in_window = 0;
	}
	if (++k->in_window % STORM_FAULTS == 0)
		cut_bus_master(&k->entry);
}

static void take(const struct iommu_fault *f, void *ctx)
{
	struct kept_fault *k = find_or_add(f);

	(void)ctx;
	if (!k) {
		unlisted++;
		log_limited(&full_lines, LOG_WARN, "fault",
			    RID_FMT ": the table of %u faults is full; it is only counted",
			    RID_ARG(f->rid), FAULT_ENTRIES);
		return;
	}
	k->entry.count++;
	k->entry.last_address = f->address;
	if (faults_like(&k->entry) <= SHOWN_PER_RID)
		show(&k->entry, f);
	watch_for_storm(k);
}

static unsigned take_some(void)
{
	spin_lock(&lock);
	unsigned taken = iommu_drain_faults(take, NULL, FAULTS_PER_CALL);
	spin_unlock(&lock);
	return taken;
}

void faults_service(void)
{
	take_some();
}

/* The bound is for the faults of others, which may come as fast as they are taken. */
void faults_settle(void)
{
	for (unsigned i = 0; i < SETTLE_CALLS && take_some() == FAULTS_PER_CALL; i++)
		;
}
