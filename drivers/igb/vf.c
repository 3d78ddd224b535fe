/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One VF as its owner changes: policy in, queues closed, traces wiped.
 *
 * What an FLR leaves on the device can be more than nothing: ring addresses, interrupt causes,
 * mailbox words. The next owner must not inherit it, so the PF writes over all it can reach (R36).
 */
#include "base/string.h"
#include "drivers/igb/igb.h"

#define LOCALLY_ADMINISTERED 0x02u
#define GROUP_ADDRESS        0x01u
#define VLAN_MAX             4094
#define PORT_MBPS            1000
#define LOG_BURST            5
#define LOG_WINDOW_NS        10000000000ull
#define VF_VECTOR_MASK       (BIT(IGB_VF_VECTORS) - 1)

bool igb_mac_usable(const u8 mac[IGB_MAC_BYTES])
{
	static const u8 zero[IGB_MAC_BYTES];

	return !(mac[0] & GROUP_ADDRESS) && memcmp(mac, zero, IGB_MAC_BYTES);
}

bool igb_mac_taken(const struct igb *g, const u8 mac[IGB_MAC_BYTES], const struct igb_vf *except)
{
	if (!memcmp(mac, g->mac, IGB_MAC_BYTES))
		return true;
	for (const struct igb_vf *v = g->vf; v < g->vf + g->vfs; v++)
		if (v != except && v->prepared &&
		    (!memcmp(mac, v->mac, IGB_MAC_BYTES) ||
		     !memcmp(mac, v->assigned_mac, IGB_MAC_BYTES)))
			return true;
	return false;
}

bool igb_vf_link(const struct igb *g, const struct igb_vf *v)
{
	return g->link_up && v->policy.link != VF_LINK_DOWN;
}

/*
 * The PF's address with the index mixed into its second byte: the same at every boot (R43). The low
 * bytes stay the PF's, because neighbouring PFs have neighbouring addresses: counting up from one
 * would run into the next.
 */
void igb_derive_mac(const struct igb *g, unsigned index, u8 mac[IGB_MAC_BYTES])
{
	memcpy(mac, g->mac, IGB_MAC_BYTES);
	mac[0] = (u8)((mac[0] | LOCALLY_ADMINISTERED) & ~GROUP_ADDRESS);
	mac[1] ^= (u8)(index + 1);
}

static enum err check_vlans(const struct vf *vf, const struct vf_policy *p, struct why *why)
{
	if (p->vlan && p->trunk_count)
		return fail(why, ERR_INVALID, vf->rid, "vlan= and trunk= exclude each other");
	if (p->vlan > VLAN_MAX)
		return fail(why, ERR_INVALID, vf->rid, "vlan=%u: expected 1..%u", p->vlan,
			    VLAN_MAX);
	for (unsigned i = 0; i < p->trunk_count; i++)
		if (!p->trunk[i] || p->trunk[i] > VLAN_MAX)
			return fail(why, ERR_INVALID, vf->rid, "trunk=%u: expected 1..%u",
				    p->trunk[i], VLAN_MAX);
	return OK;
}

enum err igb_check_policy(struct master *m, const struct vf *vf, const struct vf_policy *p,
			  struct why *why)
{
	struct igb *g = igb_of(m);
	u8 mac[IGB_MAC_BYTES];

	if (m->failed)
		return fail(why, ERR_DEVICE, g->rid, "%s does not work any more", m->pf->name);
	if (vf->index >= g->vfs)
		return fail(why, ERR_INVALID, g->rid, "%s has %u VFs, no VF %u", m->pf->name,
			    g->vfs, vf->index);
	igb_derive_mac(g, vf->index, mac);
	if (memcmp(p->mac, (const u8[IGB_MAC_BYTES]){ 0 }, IGB_MAC_BYTES)) {
		memcpy(mac, p->mac, IGB_MAC_BYTES);
		if (!igb_mac_usable(mac))
			return fail(why, ERR_INVALID, vf->rid, "mac=: a group address is no VF's");
	}
	if (igb_mac_taken(g, mac, &g->vf[vf->index]))
		return fail(why, ERR_INVALID, vf->rid,
			    "mac=%02x:%02x:%02x:%02x:%02x:%02x: %s or another VF of it has this "
			    "address",
			    mac[0], mac[1], mac[2], mac[3], mac[4], mac[5], m->pf->name);
	if (p->rate_mbps > PORT_MBPS)
		return fail(why, ERR_INVALID, vf->rid, "rate=%uM: the port has %u Mbit/s",
			    p->rate_mbps, PORT_MBPS);
	if (p->nsid)
		return fail(why, ERR_INVALID, vf->rid, "ns=%u: an 82576 has no namespaces",
			    p->nsid);
	return check_vlans(vf, p, why);
}

void igb_vf_to_policy(struct igb *g, struct igb_vf *v)
{
	v->ready = false;
	memcpy(v->mac, v->assigned_mac, IGB_MAC_BYTES);
	v->frame_max = IGB_FRAME_STANDARD;
	v->all_multicast = false;
	v->multicast_count = 0;
	igb_sorter_close(g, v);
	if (!v->prepared)
		return;
	igb_sorter_set_mac(g, v);
	if (v->policy.vlan)
		(void)igb_sorter_add_vlan(g, v, v->policy.vlan); /* one is kept for each VF */
	igb_sorter_apply(g, v);
	igb_rate_apply(g, v);
}

void igb_serve_resets(struct igb *g)
{
	u32 resets = igb_read(g, IGB_VFLRE);

	igb_write(g, IGB_VFLRE, resets);
	for (unsigned n = 0; n < g->vfs; n++)
		if (resets & BIT(n))
			igb_vf_to_policy(g, &g->vf[n]);
}

enum err igb_prepare_vf(struct master *m, struct vf *vf, const struct vf_policy *policy,
			struct why *why)
{
	struct igb *g = igb_of(m);
	struct igb_vf *v = &g->vf[vf->index];

	(void)why; /* registers of the PF: nothing that could fail */
	spin_lock(&g->lock);
	v->policy = *policy;
	if (igb_mac_usable(policy->mac))
		memcpy(v->assigned_mac, policy->mac, IGB_MAC_BYTES);
	else
		igb_derive_mac(g, vf->index, v->assigned_mac);
	v->prepared = true;
	v->messages = v->denied = 0;
	v->log = RATE_LIMIT(LOG_BURST, LOG_WINDOW_NS);
	igb_vf_to_policy(g, v);
	spin_unlock(&g->lock);
	return OK;
}

static void stop_queues(struct igb *g, unsigned pool)
{
	for (unsigned q = pool; q < IGB_QUEUES; q += IGB_POOLS) {
		igb_write(g, igb_queue(IGB_TXDCTL0, q), 0);
		igb_write(g, igb_queue(IGB_RXDCTL0, q), RXDCTL_DEFAULT);
	}
}

/* Where rings and head write-back were: addresses of the last owner's memory. */
static void wipe_queues(struct igb *g, unsigned pool)
{
	static const enum igb_reg zeroed[] = {
		IGB_RDBAL0, IGB_RDBAH0,  IGB_RDLEN0,  IGB_SRRCTL0, IGB_RDH0,
		IGB_RDT0,   IGB_TDBAL0,  IGB_TDBAH0,  IGB_TDLEN0,  IGB_TDH0,
		IGB_TDT0,   IGB_TDWBAL0, IGB_TDWBAH0,
	};

	stop_queues(g, pool);
	for (unsigned q = pool; q < IGB_QUEUES; q += IGB_POOLS) {
		for (unsigned i = 0; i < ARRAY_LEN(zeroed); i++)
			igb_write(g, igb_queue(zeroed[i], q), 0);
		igb_write(g, igb_queue(IGB_RXCTL0, q), RXCTL_DEFAULT);
		igb_write(g, igb_queue(IGB_TXCTL0, q), TXCTL_DEFAULT);
	}
}

static void wipe_interrupts(struct igb *g, unsigned pool)
{
	unsigned first = IGB_MSIX_CAUSES - IGB_VF_VECTORS * (pool + 1);

	igb_write(g, igb_reg_n(IGB_PVTEIMC0, pool, IGB_PVT_STRIDE), VF_VECTOR_MASK);
	igb_write(g, igb_reg_n(IGB_PVTEIAC0, pool, IGB_PVT_STRIDE), 0);
	igb_write(g, igb_reg_n(IGB_PVTEIAM0, pool, IGB_PVT_STRIDE), 0);
	igb_write(g, igb_word(IGB_VTIVAR0, pool), 0);
	igb_write(g, igb_word(IGB_VTIVAR_MISC0, pool), 0);
	/* One IVAR register holds exactly the causes of queues n and n + 8 (section 8.8). */
	igb_write(g, igb_word(IGB_IVAR0, pool), 0);
	for (unsigned i = 0; i < IGB_VF_VECTORS; i++)
		igb_write(g, igb_word(IGB_EITR0, first + i), 0);
	igb_write(g, igb_reg_n(IGB_PVTEICR0, pool, IGB_PVT_STRIDE), VF_VECTOR_MASK);
}

enum err igb_vf_reset_done(struct master *m, struct vf *vf, bool keep_policy, struct why *why)
{
	struct igb *g = igb_of(m);
	unsigned pool = vf->index;
	struct igb_vf *v = &g->vf[pool];

	(void)why;
	spin_lock(&g->lock);
	if (!keep_policy) {
		v->prepared = false;
		v->policy = (struct vf_policy){ 0 };
		igb_derive_mac(g, pool, v->assigned_mac);
		memset(v->multicast, 0, sizeof(v->multicast));
		igb_rate_apply(g, v);
	}
	igb_vf_to_policy(g, v);
	wipe_queues(g, pool);
	wipe_interrupts(g, pool);
	igb_mailbox_wipe(g, v);
	/* The FLR of the last owner must not look like one of the next (R40). */
	igb_write(g, IGB_VFLRE, BIT(pool));
	spin_unlock(&g->lock);
	return OK;
}

void igb_quiesce_vf(struct master *m, struct vf *vf)
{
	struct igb *g = igb_of(m);
	struct igb_vf *v = &g->vf[vf->index];

	spin_lock(&g->lock);
	/* Without "clear to send": the driver stops by itself before its device goes (R41). */
	v->ready = false;
	igb_mailbox_ping(g, v);
	igb_sorter_gate(g, v, false);
	stop_queues(g, vf->index);
	spin_unlock(&g->lock);
}
