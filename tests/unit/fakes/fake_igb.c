/* SPDX-License-Identifier: GPL-2.0-only */
/* The fake 82576: registers with a will of their own, and the VFs' mailboxes. */
#include "fake_igb.h"

#include <string.h>

#define ALL_ONES 0xffffffffu
#define NEVER_NS (~0ull)

#define CTRL                     0x00000
#define CTRL_RST                 BIT(26)
#define CTRL_GIO_MASTER_DISABLE  BIT(2)
#define STATUS                   0x00008
#define STATUS_LU                BIT(1)
#define STATUS_100               (1u << 6)
#define STATUS_1000              (2u << 6)
#define STATUS_GIO_MASTER_ENABLE BIT(19)
#define CTRL_EXT                 0x00018
#define CTRL_EXT_PFRSTD          BIT(14)
#define MDIC                     0x00020
#define MDIC_READY               BIT(28)
#define MDIC_ERROR               BIT(30)
#define PHY_AUTONEG_RESTART      BIT(9)
#define VMBMEM                   0x00800
#define VMBMEM_END               0x00a00
#define P2VMAILBOX               0x00c00
#define P2VMAILBOX_END           0x00c20
#define P2V_STS                  BIT(0)
#define P2V_ACK                  BIT(1)
#define P2V_VFU                  BIT(2)
#define P2V_PFU                  BIT(3)
#define P2V_RVFU                 BIT(4)
#define VF_RESET                 1u /* the message */
#define MBVFICR                  0x00c80
#define VFLRE                    0x00c88
#define VFRE                     0x00c8c
#define VFTE                     0x00c90
#define ICR                      0x01500
#define ICR_LSC                  BIT(2)
#define ICR_VMMB                 BIT(8)
#define RTTDQSEL                 0x03604
#define RTTBCNRC                 0x036b0
#define VMOLR                    0x05ad0
#define RAL0                     0x05400
#define RAH0                     0x05404
#define RAH_VALID                BIT(31)
#define RXDCTL                   0x0c028
#define TXDCTL                   0x0e028
#define QUEUE_STRIDE             0x40
#define XDCTL_ENABLE             BIT(25)
#define VMOLR_AFTER_RESET        0x80002600u

static u32 *at(struct fake_igb *f, u64 offset)
{
	return &f->reg[offset / sizeof(u32)];
}

u32 fake_igb_reg(const struct fake_igb *f, u32 offset)
{
	return f->reg[offset / sizeof(u32)];
}

void fake_igb_set(struct fake_igb *f, u32 offset, u32 value)
{
	*at(f, offset) = value;
}

static void software_reset(struct fake_igb *f)
{
	memset(f->reg, 0, sizeof(f->reg));
	memset(f->rate, 0, sizeof(f->rate));
	*at(f, VFRE) = *at(f, VFTE) = 0xff;
	for (unsigned n = 0; n < FAKE_IGB_VFS; n++) {
		*at(f, VMOLR + 4 * n) = VMOLR_AFTER_RESET;
		f->vf[n] = (struct fake_igb_vf){ .rsti = true };
	}
	if (!f->faults.no_mac) {
		memcpy(at(f, RAL0), f->mac, sizeof(f->mac));
		*at(f, RAH0) |= RAH_VALID;
	}
	f->link_at = NEVER_NS;
	f->resets++;
}

static u32 read_status(const struct fake_igb *f)
{
	u32 status = f->faults.slow_link ? STATUS_100 : STATUS_1000;

	if (!f->faults.no_link && fake_time_now() >= f->link_at)
		status |= STATUS_LU;
	if (f->faults.dma_never_stops || !(fake_igb_reg(f, CTRL) & CTRL_GIO_MASTER_DISABLE))
		status |= STATUS_GIO_MASTER_ENABLE;
	return status;
}

static u32 read_p2v(const struct fake_igb_vf *vf)
{
	return (vf->vfu ? P2V_VFU : 0) | (vf->pfu ? P2V_PFU : 0);
}

static u32 read_rate(const struct fake_igb *f, u32 queue)
{
	bool missing =
		f->faults.no_rate_limiters || (f->faults.one_rate_limiter && queue >= FAKE_IGB_VFS);

	return missing ? 0 : f->rate[queue];
}

static u64 read_reg(void *ctx, u64 offset, unsigned width)
{
	struct fake_igb *f = ctx;
	u32 value = *at(f, offset);

	f->accesses++;
	if (f->faults.gone || width != sizeof(u32))
		return ALL_ONES;
	if (offset == STATUS)
		return read_status(f);
	if (offset == ICR)
		*at(f, ICR) = 0;
	if (offset == VFLRE && f->faults.quick_vf) {
		f->faults.quick_vf = false;
		fake_igb_vf_reset(f, 0);
		fake_igb_vf_send(f, 0, &(u32){ VF_RESET }, 1);
	}
	if (offset == RTTBCNRC)
		return read_rate(f, *at(f, RTTDQSEL) % FAKE_IGB_QUEUES);
	if (offset >= P2VMAILBOX && offset < P2VMAILBOX_END)
		return read_p2v(&f->vf[(offset - P2VMAILBOX) / 4]);
	if (offset >= VMBMEM && offset < VMBMEM_END && !((offset - VMBMEM) % 64))
		f->mailbox_reads[(offset - VMBMEM) / 64]++;
	return value;
}

static void write_mdic(struct fake_igb *f, u32 value)
{
	*at(f, MDIC) = value | MDIC_READY | (f->faults.no_phy ? MDIC_ERROR : 0);
	if (!f->faults.no_phy && value & PHY_AUTONEG_RESTART)
		f->link_at = fake_time_now() + FAKE_IGB_LINK_NS;
}

static void write_p2v(struct fake_igb *f, unsigned n, u32 value)
{
	struct fake_igb_vf *vf = &f->vf[n];

	vf->pfsts |= (value & P2V_STS) != 0;
	vf->pfack |= (value & P2V_ACK) != 0;
	if (value & P2V_RVFU && !f->faults.rvfu_ignored) {
		vf->vfu = false;
		*at(f, MBVFICR) &= ~(BIT(n) | BIT(16 + n));
	}
	/* The buffer is the PF's if it asks while the VF does not hold it; not asking gives it
	 * back. */
	vf->pfu = value & P2V_PFU && (vf->pfu || !vf->vfu);
}

static void write_ctrl(struct fake_igb *f, u32 value)
{
	*at(f, CTRL) = value;
	if (!(value & CTRL_RST))
		return;
	software_reset(f);
	if (f->faults.reset_never_ends)
		*at(f, CTRL) = CTRL_RST;
}

static void write_ctrl_ext(struct fake_igb *f, u32 value)
{
	*at(f, CTRL_EXT) = value;
	for (unsigned n = 0; value & CTRL_EXT_PFRSTD && n < FAKE_IGB_VFS; n++) {
		f->vf[n].rsti = false;
		f->vf[n].rstd = true;
	}
}

static void write_reg(void *ctx, u64 offset, unsigned width, u64 value)
{
	struct fake_igb *f = ctx;

	f->accesses++;
	if (f->faults.gone || width != sizeof(u32))
		return;
	switch (offset) {
	case CTRL: write_ctrl(f, (u32)value); return;
	case CTRL_EXT: write_ctrl_ext(f, (u32)value); return;
	case MDIC: write_mdic(f, (u32)value); return;
	case MBVFICR:
	case VFLRE: *at(f, offset) &= ~(u32)value; return;
	case RTTBCNRC: f->rate[*at(f, RTTDQSEL) % FAKE_IGB_QUEUES] = (u32)value; return;
	case STATUS:
	case ICR: return;
	default: break;
	}
	if (offset >= P2VMAILBOX && offset < P2VMAILBOX_END)
		write_p2v(f, (unsigned)(offset - P2VMAILBOX) / 4, (u32)value);
	else
		*at(f, offset) = (u32)value;
}

void fake_igb_reset(struct fake_igb *f, hpa_t base, const u8 mac[6])
{
	memset(f, 0, sizeof(*f));
	f->base = base;
	memcpy(f->mac, mac, sizeof(f->mac));
	software_reset(f);
	f->resets = 0;
	fake_mmio_add(base, FAKE_IGB_BYTES, read_reg, write_reg, f);
}

void fake_igb_vf_reset(struct fake_igb *f, unsigned n)
{
	for (unsigned q = n; q < FAKE_IGB_QUEUES; q += FAKE_IGB_VFS) {
		*at(f, RXDCTL + q * QUEUE_STRIDE) &= ~XDCTL_ENABLE;
		*at(f, TXDCTL + q * QUEUE_STRIDE) &= ~XDCTL_ENABLE;
	}
	*at(f, VFRE) &= ~BIT(n);
	*at(f, VFTE) &= ~BIT(n);
	*at(f, VFLRE) |= BIT(n);
	*at(f, ICR) |= ICR_VMMB;
}

void fake_igb_vf_enable(struct fake_igb *f, unsigned count)
{
	for (unsigned n = 0; n < count; n++)
		fake_igb_vf_reset(f, n);
}

u32 fake_igb_vf_mailbox(struct fake_igb *f, unsigned n)
{
	struct fake_igb_vf *vf = &f->vf[n];
	u32 value = (vf->vfu ? FAKE_V2P_VFU : 0) | (vf->pfu ? FAKE_V2P_PFU : 0) |
		    (vf->pfsts ? FAKE_V2P_PFSTS : 0) | (vf->pfack ? FAKE_V2P_PFACK : 0) |
		    (vf->rsti ? FAKE_V2P_RSTI : 0) | (vf->rstd ? FAKE_V2P_RSTD : 0);

	vf->pfsts = vf->pfack = vf->rstd = false;
	return value;
}

bool fake_igb_vf_take(struct fake_igb *f, unsigned n)
{
	if (!f->vf[n].pfu)
		f->vf[n].vfu = true;
	return f->vf[n].vfu;
}

void fake_igb_vf_release(struct fake_igb *f, unsigned n)
{
	f->vf[n].vfu = false;
}

void fake_igb_vf_knock(struct fake_igb *f, unsigned n)
{
	*at(f, MBVFICR) |= BIT(n);
	*at(f, ICR) |= ICR_VMMB;
}

bool fake_igb_vf_send(struct fake_igb *f, unsigned n, const u32 *words, unsigned count)
{
	if (!fake_igb_vf_take(f, n))
		return false;
	for (unsigned i = 0; i < count; i++)
		*at(f, VMBMEM + n * 64 + i * 4) = words[i];
	fake_igb_vf_knock(f, n);
	fake_igb_vf_release(f, n);
	return true;
}

bool fake_igb_vf_receive(struct fake_igb *f, unsigned n, u32 *words, unsigned count)
{
	if (!fake_igb_vf_take(f, n))
		return false;
	for (unsigned i = 0; i < count; i++)
		words[i] = *at(f, VMBMEM + n * 64 + i * 4);
	*at(f, MBVFICR) |= BIT(16 + n);
	*at(f, ICR) |= ICR_VMMB;
	fake_igb_vf_release(f, n);
	return true;
}
