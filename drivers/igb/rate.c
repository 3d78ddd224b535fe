/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Transmit rate limits: one limiter per queue, set as "link speed divided by rate" in 14.14 bit
 * fixed point (datasheet section 8.12, RTTBCNRC). The device says what it took; we believe only
 * that.
 */
#include "drivers/igb/igb.h"

/* Write one queue's limiter and say if it stuck. */
static bool set_queue(struct igb *g, unsigned queue, u32 value)
{
	igb_write(g, IGB_RTTDQSEL, queue);
	igb_write(g, IGB_RTTBCNRM, RTTBCNRM_WINDOW);
	igb_write(g, IGB_RTTBCNRC, value);
	igb_write(g, IGB_RTTDQSEL, queue);
	return igb_read(g, IGB_RTTBCNRC) == value;
}

static u32 divider(u32 link, u32 rate)
{
	u32 whole = link / rate;
	u32 fraction = ((link % rate) << RTTBCNRC_INT_SHIFT) / rate;

	return RTTBCNRC_ENABLE | MIN(whole, RTTBCNRC_INT_MAX) << RTTBCNRC_INT_SHIFT |
	       (fraction & RTTBCNRC_FRACTION_MASK);
}

void igb_rate_apply(struct igb *g, struct igb_vf *v)
{
	unsigned pool = igb_index(g, v);
	u32 rate = MIN(v->policy.rate_mbps, g->link_mbps);
	bool set;

	v->rate_set = 0;
	if (!rate) {
		set_queue(g, pool, 0);
		set_queue(g, pool + IGB_POOLS, 0);
		return;
	}
	set = set_queue(g, pool, divider(g->link_mbps, rate));
	/*
	 * Each queue has its own limiter. The VF's second queue, which igbvf does not use, gets the
	 * slowest there is, or two queues would be a way to twice the rate.
	 */
	set &= set_queue(g, pool + IGB_POOLS,
			 RTTBCNRC_ENABLE | RTTBCNRC_INT_MAX << RTTBCNRC_INT_SHIFT);
	if (set)
		v->rate_set = rate;
}
