/* SPDX-License-Identifier: GPL-2.0-only */
/* The 82576 itself: reset, MAC address, PHY and link (datasheet sections 4.2, 4.5, 8.2). */
#include "base/time.h"
#include "drivers/igb/igb.h"

#define MASTER_DISABLE_TIMEOUT (100 * NS_PER_MS)
/* No access for 1 ms after CTRL.RST (section 4.2.1). */
#define RESET_SETTLE  (1 * NS_PER_MS)
#define RESET_TIMEOUT (100 * NS_PER_MS)
#define MDIC_TIMEOUT  (10 * NS_PER_MS)
/* Of start-up; a link that comes later is noticed by service(). */
#define LINK_TIMEOUT     (1 * NS_PER_S)
#define ALL_BITS         0xffffffffu
#define LINK_SPEED_FIRST 1000u

static bool master_stopped(void *ctx)
{
	return !(igb_read(ctx, IGB_STATUS) & STATUS_GIO_MASTER_ENABLE);
}

/* RST clears itself; then the EEPROM is read again, and the MAC address is the last that we need of
 * it. */
static bool reset_finished(void *ctx)
{
	return !(igb_read(ctx, IGB_CTRL) & CTRL_RST) && igb_hw_read_mac(ctx, NULL) == OK;
}

static void mask_everything(struct igb *g)
{
	igb_write(g, IGB_EIMC, ALL_BITS);
	igb_write(g, IGB_IMC, ALL_BITS);
	igb_read(g, IGB_ICR); /* clears it */
}

enum err igb_hw_reset(struct igb *g, struct why *why)
{
	u32 ctrl = igb_read(g, IGB_CTRL);

	if (ctrl == ALL_BITS)
		return fail(why, ERR_DEVICE, g->rid, "82576: its registers read as all ones");
	mask_everything(g);
	igb_write(g, IGB_RCTL, 0);
	igb_write(g, IGB_TCTL, 0);
	/*
	 * Firmware may have left rings running. A reset in the middle of a DMA transaction can hang
	 * the link, so the device is told to start no more of them, and has finished those under
	 * way first (section 5.2).
	 */
	igb_write(g, IGB_CTRL, ctrl | CTRL_GIO_MASTER_DISABLE);
	if (wait_until(master_stopped, g, MASTER_DISABLE_TIMEOUT))
		return fail(why, ERR_TIMEOUT, g->rid,
			    "82576: DMA does not stop (STATUS 0x%x); power the machine off and on",
			    igb_read(g, IGB_STATUS));
	igb_write(g, IGB_CTRL, ctrl | CTRL_GIO_MASTER_DISABLE | CTRL_RST);
	time_delay_ns(RESET_SETTLE);
	if (wait_until(reset_finished, g, RESET_TIMEOUT)) {
		enum err e = igb_hw_read_mac(g, why);

		return e ? e : fail(why, ERR_TIMEOUT, g->rid, "82576: reset does not finish");
	}
	mask_everything(g);
	return OK;
}

enum err igb_hw_read_mac(struct igb *g, struct why *why)
{
	u32 low = igb_read(g, IGB_RAL0), high = igb_read(g, igb_word(IGB_RAL0, 1));

	for (unsigned i = 0; i < IGB_MAC_BYTES; i++)
		g->mac[i] = (u8)(i < sizeof(low) ? low >> 8 * i : high >> 8 * (i - sizeof(low)));
	if (!(high & RAH_VALID) || !igb_mac_usable(g->mac))
		return fail(why, ERR_DEVICE, g->rid,
			    "82576: no MAC address in its EEPROM (RAL 0x%x, RAH 0x%x)", low, high);
	return OK;
}

static bool mdic_finished(void *ctx)
{
	return igb_read(ctx, IGB_MDIC) & (MDIC_READY | MDIC_ERROR);
}

/*
 * After a reset the PHY waits to be told to negotiate. On boards with fibre there is no PHY at this
 * address; then the MAC finds the link by itself, so an error here is no failure.
 */
void igb_hw_start_link(struct igb *g)
{
	u32 ctrl = igb_read(g, IGB_CTRL);

	ctrl &= ~(CTRL_FRCSPD | CTRL_FRCDPX | CTRL_RFCE | CTRL_TFCE);
	igb_write(g, IGB_CTRL, ctrl | CTRL_SLU | CTRL_FD);
	igb_write(g, IGB_MDIC,
		  MDIC_WRITE | MDIC_PHY(PHY_ADDRESS) | MDIC_REG(PHY_CONTROL) |
			  PHY_CONTROL_AUTONEG_ENABLE | PHY_CONTROL_AUTONEG_RESTART |
			  PHY_CONTROL_FULL_DUPLEX | PHY_CONTROL_1000);
	if (wait_until(mdic_finished, g, MDIC_TIMEOUT) || igb_read(g, IGB_MDIC) & MDIC_ERROR)
		log_warn(g->master->pf->name, "no PHY answers; the link is left to the MAC");
	g->link_mbps = LINK_SPEED_FIRST;
	g->link_deadline = time_now_ns() + LINK_TIMEOUT;
}

static bool link_came(void *ctx)
{
	struct igb *g = ctx;

	return igb_hw_poll_link(g) && g->link_up;
}

void igb_hw_wait_link(struct igb *g)
{
	u64 now = time_now_ns();

	if (g->link_up || now >= g->link_deadline ||
	    !wait_until(link_came, g, g->link_deadline - now))
		return;
	log_warn(g->master->pf->name, "no link after %llu ms; VFs get it when it comes",
		 LINK_TIMEOUT / NS_PER_MS);
}

bool igb_hw_poll_link(struct igb *g)
{
	static const u32 speeds[] = { 10, 100, 1000, 1000 };
	u32 status = igb_read(g, IGB_STATUS);
	bool up = status & STATUS_LU;

	if (status == ALL_BITS) {
		if (!g->master->failed)
			log_error(g->master->pf->name,
				  "the device is gone: STATUS reads as all ones");
		g->master->failed = true;
		up = false;
	}
	if (up == g->link_up && (!up || speeds[STATUS_SPEED(status)] == g->link_mbps))
		return false;
	g->link_up = up;
	if (up)
		g->link_mbps = speeds[STATUS_SPEED(status)];
	log_info(g->master->pf->name, up ? "link up, %u Mbit/s" : "link down", g->link_mbps);
	return true;
}

/* Frames flow from here on, between whom the sorter lets them. */
void igb_hw_enable_switch(struct igb *g)
{
	igb_write(g, IGB_RCTL, RCTL_EN | RCTL_LPE | RCTL_BAM | RCTL_VFE | RCTL_SECRC);
	igb_write(g, IGB_TCTL, igb_read(g, IGB_TCTL) | TCTL_EN);
}
