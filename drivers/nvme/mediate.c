/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The controller that a guest sees. Page 0 of its BAR and the page with the admin doorbells exit;
 * CC, CSTS and the like reach the device, the addresses of the admin queue never do. I/O queues
 * are the guest's and the VF's alone, but for those doorbells that share a page with the admin
 * queue's.
 */
#include "drivers/nvme/nvme.h"

#include "base/string.h"
#include "base/time.h"

/* What the guest may choose in CC; pages are 4 KiB, so that our own queues need one each. */
#define CC_FORWARDED                                                                               \
	(CC_EN | CC_CSS_MASK | CC_AMS_MASK | CC_SHN_MASK | CC_IOSQES_MASK | CC_IOCQES_MASK)
/* Not offered: other page sizes, memory of the controller, boot partitions, reset of the whole
 * subsystem, ready modes. */
#define CAP_HIDDEN         (CAP_MPSMAX_MASK | CAP_PMRS | CAP_CMBS | CAP_BPS | CAP_NSSRS | CAP_CRMS_MASK)
#define QUEUE_ADDRESS_MASK BITS64(63, 12)
#define HIGH_HALF          4
/* A guest that tries everything shows itself, one that storms does not fill the console. */
#define LOG_BURST     24
#define LOG_WINDOW_NS (10 * NS_PER_S)

static struct nvme_vf *vf_state(struct master *m, const struct vf *vf)
{
	return &nvme_of(m)->vf[vf->index];
}

/* The last offset that must exit: the admin queue's second doorbell. */
static u64 admin_end(const struct nvme_mediation *d)
{
	return nvme_doorbell(d->cap, 0, true) + NVME_DOORBELL_BYTES;
}

static bool nvme_traps(struct master *m, const struct vf *vf, unsigned bar, u64 page)
{
	return bar == NVME_REGISTER_BAR && page < admin_end(&vf_state(m, vf)->mediation);
}

static enum err nvme_attach(struct master *m, struct vf *vf, const struct vf_guest *guest,
			    struct why *why)
{
	struct nvme_mediation *d = &vf_state(m, vf)->mediation;
	struct pci_bar bar = vf_bar(vf, NVME_REGISTER_BAR);
	struct mmio regs;
	u64 cap;

	if (bar.size < NVME_BAR_BYTES_MIN || mmio_map(hpa(bar.base), bar.size, &regs))
		return fail(why, ERR_DEVICE, vf->rid,
			    "NVMe: the VF's registers (0x%llx bytes at 0x%llx) cannot be mapped",
			    (unsigned long long)bar.size, (unsigned long long)bar.base);
	cap = mmio_read64(&regs, NVME_CAP);
	if (!(cap & CAP_CSS_NVM) || CAP_MPSMIN(cap) || cap == ~0ull)
		return fail(why, ERR_DEVICE, vf->rid,
			    "NVMe: the VF's capabilities read 0x%llx; expected the NVM command set "
			    "and 4 KiB pages",
			    (unsigned long long)cap);
	spin_lock(&d->lock);
	d->regs = regs;
	d->cap = cap & ~CAP_HIDDEN;
	d->commands = d->denied = d->doorbells = d->strange = 0;
	d->log = RATE_LIMIT(LOG_BURST, LOG_WINDOW_NS);
	d->guest = *guest;
	spin_unlock(&d->lock);
	nvme_mediation_reset(vf_state(m, vf));
	return OK;
}

void nvme_mediation_reset(struct nvme_vf *v)
{
	struct nvme_mediation *d = &v->mediation;

	spin_lock(&d->lock);
	d->cc = d->aqa = 0;
	d->asq = d->acq = 0;
	nvme_queues_stop(d);
	spin_unlock(&d->lock);
}

void nvme_mediation_end(struct nvme_vf *v)
{
	struct nvme_mediation *d = &v->mediation;

	spin_lock(&d->lock);
	d->guest = (struct vf_guest){ 0 };
	spin_unlock(&d->lock);
	nvme_mediation_reset(v);
}

/* --- registers */

static u64 read_register(struct nvme_mediation *d, u64 offset)
{
	switch (offset) {
	case NVME_CAP: return (u32)d->cap;
	case NVME_CAP + HIGH_HALF: return d->cap >> 32;
	case NVME_CC: return d->cc;
	case NVME_CSTS: return mmio_read32(&d->regs, NVME_CSTS) | (d->fatal ? CSTS_CFS : 0);
	case NVME_AQA: return d->aqa;
	case NVME_ASQ: return (u32)d->asq;
	case NVME_ASQ + HIGH_HALF: return d->asq >> 32;
	case NVME_ACQ: return (u32)d->acq;
	case NVME_ACQ + HIGH_HALF: return d->acq >> 32;
	case NVME_VS:
	case NVME_CRTO: return mmio_read32(&d->regs, offset);
	default: return 0;
	}
}

static u64 nvme_read(struct master *m, struct vf *vf, u64 offset, unsigned width)
{
	struct nvme_mediation *d = &vf_state(m, vf)->mediation;
	u64 dword = ALIGN_DOWN(offset, sizeof(u32)), value;

	spin_lock(&d->lock);
	value = read_register(d, dword);
	if (width > sizeof(u32))
		value |= read_register(d, dword + HIGH_HALF) << 32;
	spin_unlock(&d->lock);
	return value >> 8 * (offset - dword);
}

static void set_half(u64 *value, bool high, u32 half)
{
	*value = high ? (*value & 0xffffffffull) | (u64)half << 32
		      : (*value & ~0xffffffffull) | half;
	*value &= QUEUE_ADDRESS_MASK;
}

/*
 * CC.EN may change only when CSTS.RDY has come to say the same [3.1.3.5]: else a "ready" could be
 * that of the last start, and namespaces that come with this one be overlooked. A controller that
 * has failed may be turned off. And no page size that CAP does not offer.
 */
static bool may_write_cc(const struct nvme_mediation *d, u32 value)
{
	u32 csts = mmio_read32(&d->regs, NVME_CSTS);

	if ((d->cc & CC_EN) == (value & CC_EN))
		return true;
	if (value & CC_EN)
		return !(csts & CSTS_RDY) && !(value & CC_MPS_MASK);
	return csts & (CSTS_RDY | CSTS_CFS);
}

static void write_cc(struct nvme_mediation *d, u32 value)
{
	bool starts = value & CC_EN & ~d->cc;

	if (!may_write_cc(d, value)) {
		d->fatal = true;
		return;
	}
	d->cc = value;
	if (starts)
		nvme_queues_start(d);
	mmio_write32(&d->regs, NVME_CC, value & CC_FORWARDED);
	if (!(value & CC_EN))
		nvme_queues_stop(d);
}

static void write_register(struct nvme_mediation *d, u64 offset, u32 value)
{
	bool enabled = d->cc & CC_EN;

	switch (offset) {
	case NVME_CC: write_cc(d, value); break;
	case NVME_AQA: d->aqa = enabled ? d->aqa : value; break;
	case NVME_ASQ:
	case NVME_ASQ + HIGH_HALF:
		if (!enabled)
			set_half(&d->asq, offset != NVME_ASQ, value);
		break;
	case NVME_ACQ:
	case NVME_ACQ + HIGH_HALF:
		if (!enabled)
			set_half(&d->acq, offset != NVME_ACQ, value);
		break;
	default: break;
	}
}

/* --- doorbells */

static void ring(struct nvme *g, struct nvme_vf *v, u64 offset, u32 value)
{
	struct nvme_mediation *d = &v->mediation;

	if (offset == nvme_doorbell(d->cap, 0, false)) {
		if (value < d->guest_sq.entries)
			d->guest_sq.tail = value;
	} else if (offset == nvme_doorbell(d->cap, 0, true)) {
		if (value < d->guest_cq.entries)
			d->guest_cq.head = value;
	} else {
		d->doorbells++;
		if (offset + sizeof(u32) <= d->regs.size)
			mmio_write32(&d->regs, offset, value);
		return;
	}
	d->interrupt_owed |= nvme_queues_complete(d);
	nvme_queues_submit(g, v);
}

static void nvme_write(struct master *m, struct vf *vf, u64 offset, unsigned width, u64 value)
{
	struct nvme_vf *v = vf_state(m, vf);
	struct nvme_mediation *d = &v->mediation;

	/* Registers are written in dwords, or in pairs of them [3.1.2]. */
	if (width < sizeof(u32))
		return;
	if (offset >= NVME_DOORBELLS)
		nvme_check_attachments(nvme_of(m), v);
	spin_lock(&d->lock);
	if (!d->guest.vm) {
		spin_unlock(&d->lock);
		return;
	}
	if (offset >= NVME_DOORBELLS && width == sizeof(u32)) {
		ring(nvme_of(m), v, offset, (u32)value);
	} else if (offset < NVME_DOORBELLS) {
		write_register(d, offset, (u32)value);
		if (width > sizeof(u32))
			write_register(d, offset + HIGH_HALF, (u32)(value >> 32));
	}
	spin_unlock(&d->lock);
}

/* --- completions */

static void nvme_poll(struct master *m, struct vf *vf, int entry)
{
	struct nvme_vf *v = vf_state(m, vf);
	struct nvme_mediation *d = &v->mediation;
	bool any;

	spin_lock(&d->lock);
	any = d->guest.vm && nvme_queues_complete(d);
	/* An entry of the guest's queue without an interrupt would be seen late or never. */
	if (any && entry != 0)
		d->interrupt_owed = true;
	if (d->guest.vm)
		nvme_queues_submit(nvme_of(m), v);
	spin_unlock(&d->lock);
}

static bool nvme_interrupt_owed(struct master *m, struct vf *vf, u16 *msix_index)
{
	*msix_index = 0;
	return vf_state(m, vf)->mediation.interrupt_owed;
}

static void nvme_interrupt_given(struct master *m, struct vf *vf)
{
	struct nvme_mediation *d = &vf_state(m, vf)->mediation;

	spin_lock(&d->lock);
	d->interrupt_owed = false;
	spin_unlock(&d->lock);
}

const struct vf_mediator nvme_mediator = {
	.attach = nvme_attach,
	.traps = nvme_traps,
	.read = nvme_read,
	.write = nvme_write,
	.poll = nvme_poll,
	.interrupt_owed = nvme_interrupt_owed,
	.interrupt_given = nvme_interrupt_given,
};
