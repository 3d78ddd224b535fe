/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a VF may ask of its PF, as Intel's igbvf asks it. Every request is granted by a rule below
 * or denied with a line that names the VM and the reason (R48). Answers to a VF that has sent
 * VF_RESET carry "clear to send".
 */
#include "base/string.h"
#include "base/time.h"
#include "drivers/igb/igb.h"

#define NACK_PERIOD   (2 * NS_PER_S)
#define STUCK_TIMEOUT (1 * NS_PER_S)
#define VLAN_ID_MASK  0xfffu
#define ANSWER_MASK   0x00ffffffu /* type and info go back as they came */

/* OK: granted. Anything else: denied, and deny() has said why. */
typedef enum err handler(struct igb *g, struct igb_vf *v, const u32 words[IGB_MAILBOX_WORDS]);

#define deny(g, v, code, fmt, ...)                                                                 \
	({                                                                                         \
		(v)->denied++;                                                                     \
		log_limited(&(v)->log, LOG_WARN, (g)->master->pf->name, "VF %u (VM \"%s\"): " fmt, \
			    igb_index(g, v), (g)->master->vm_name_of((v)->vf), __VA_ARGS__);       \
		(code);                                                                            \
	})

static void mac_from_words(const u32 *words, u8 mac[IGB_MAC_BYTES])
{
	memcpy(mac, words, IGB_MAC_BYTES);
}

static enum err add_filter(struct igb *g, struct igb_vf *v, const u8 *mac)
{
	if (igb_sorter_add_mac(g, v, mac))
		return deny(g, v, ERR_NO_SPACE, "one more MAC address denied: %u are the limit",
			    IGB_EXTRA_MACS);
	return OK;
}

static enum err set_mac(struct igb *g, struct igb_vf *v, const u32 words[IGB_MAILBOX_WORDS])
{
	u32 info = MESSAGE_INFO(words[0]);
	u8 mac[IGB_MAC_BYTES];

	if (info == MAC_CLEAR_FILTERS) {
		igb_sorter_drop_extra_macs(g, v);
		return OK;
	}
	mac_from_words(words + 1, mac);
	if (info == MAC_SET && !memcmp(mac, v->mac, IGB_MAC_BYTES))
		return OK;
	if (info != MAC_SET && info != MAC_ADD_FILTER)
		return deny(g, v, ERR_UNSUPPORTED, "SET_MAC with unknown info %u denied", info);
	if (!igb_mac_usable(mac))
		return deny(g, v, ERR_INVALID, "MAC %02x:%02x:%02x:%02x:%02x:%02x denied: %s",
			    mac[0], mac[1], mac[2], mac[3], mac[4], mac[5],
			    "a group address, or zero");
	if (!v->policy.trust)
		return deny(g, v, ERR_REFUSED, "MAC %02x:%02x:%02x:%02x:%02x:%02x denied: %s",
			    mac[0], mac[1], mac[2], mac[3], mac[4], mac[5],
			    "its address is fixed (trust=on would allow it)");
	if (igb_mac_taken(g, mac, v))
		return deny(g, v, ERR_REFUSED, "MAC %02x:%02x:%02x:%02x:%02x:%02x denied: %s",
			    mac[0], mac[1], mac[2], mac[3], mac[4], mac[5],
			    "the PF or another VF has it");
	if (info == MAC_ADD_FILTER)
		return add_filter(g, v, mac);
	memcpy(v->mac, mac, IGB_MAC_BYTES);
	igb_sorter_set_mac(g, v);
	g->changed |= (u8)BIT(igb_index(g, v));
	return OK;
}

static enum err set_multicast(struct igb *g, struct igb_vf *v, const u32 words[IGB_MAILBOX_WORDS])
{
	u32 count = MESSAGE_INFO(words[0]);

	if (count > IGB_MULTICAST_MAX)
		return deny(g, v, ERR_INVALID, "%u multicast hashes denied: a message holds %u",
			    count, IGB_MULTICAST_MAX);
	memcpy(v->multicast, words + 1, count * sizeof(v->multicast[0]));
	v->multicast_count = (u8)count;
	igb_sorter_apply(g, v);
	return OK;
}

static bool vlan_allowed(const struct vf_policy *p, u16 vid)
{
	if (p->trust)
		return true;
	for (unsigned i = 0; i < p->trunk_count; i++)
		if (p->trunk[i] == vid)
			return true;
	return false;
}

static enum err set_vlan(struct igb *g, struct igb_vf *v, const u32 words[IGB_MAILBOX_WORDS])
{
	u16 vid = (u16)(words[1] & VLAN_ID_MASK);
	bool add = MESSAGE_INFO(words[0]) & VLAN_ADD;

	if (v->policy.vlan)
		return deny(g, v, ERR_REFUSED, "VLAN %u denied: access VLAN %u is set for it", vid,
			    v->policy.vlan);
	/* VLAN 0 is "untagged with a priority": always there. Linux asks for it all the same. */
	if (!vid)
		return OK;
	if (!add) {
		igb_sorter_drop_vlan(g, v, vid);
		return OK;
	}
	if (vid > VLAN_ID_MASK - 1 || !vlan_allowed(&v->policy, vid))
		return deny(g, v, ERR_REFUSED, "VLAN %u denied: not in its trunk= list", vid);
	if (igb_sorter_add_vlan(g, v, vid))
		return deny(g, v, ERR_NO_SPACE, "VLAN %u denied: all %u filters are in use", vid,
			    IGB_VLVF_ENTRIES - IGB_ACCESS_VLANS);
	return OK;
}

static enum err set_lpe(struct igb *g, struct igb_vf *v, const u32 words[IGB_MAILBOX_WORDS])
{
	if (words[1] < IGB_FRAME_MIN || words[1] > IGB_FRAME_MAX)
		return deny(g, v, ERR_INVALID, "frames of %u bytes denied: %u..%u are possible",
			    words[1], IGB_FRAME_MIN, IGB_FRAME_MAX);
	v->frame_max = (u16)words[1];
	igb_sorter_apply(g, v);
	return OK;
}

static enum err set_promisc(struct igb *g, struct igb_vf *v, const u32 words[IGB_MAILBOX_WORDS])
{
	u32 info = MESSAGE_INFO(words[0]);

	if (info & ~PROMISC_MULTICAST)
		return deny(g, v, ERR_REFUSED, "promiscuous mode 0x%x denied: %s", info,
			    "a VF sees its own frames only");
	if (info && !v->policy.trust)
		return deny(g, v, ERR_REFUSED, "promiscuous mode 0x%x denied: %s", info,
			    "all multicast needs trust=on");
	v->all_multicast = info;
	igb_sorter_apply(g, v);
	return OK;
}

static const struct {
	enum igb_message type;
	handler *handle;
} handlers[] = {
	{ MESSAGE_SET_MAC, set_mac },         { MESSAGE_SET_MULTICAST, set_multicast },
	{ MESSAGE_SET_VLAN, set_vlan },       { MESSAGE_SET_LPE, set_lpe },
	{ MESSAGE_SET_PROMISC, set_promisc },
};

static enum err handle(struct igb *g, struct igb_vf *v, const u32 words[IGB_MAILBOX_WORDS])
{
	for (unsigned i = 0; i < ARRAY_LEN(handlers); i++)
		if (handlers[i].type == MESSAGE_TYPE(words[0]))
			return handlers[i].handle(g, v, words);
	return deny(g, v, ERR_UNSUPPORTED, "unknown message 0x%x denied", words[0]);
}

static void answer(struct igb *g, struct igb_vf *v, const u32 *words, unsigned count)
{
	/* We hold the buffer since the read; if the device took it away, the VF times out and
	 * resets. */
	if (igb_mailbox_write(g, v, words, count))
		deny(g, v, ERR_BUSY, "no answer to message 0x%x: the mailbox is taken",
		     words[0] & ANSWER_MASK);
}

/* The VF starts over: it gets its address, and from here on it is heard and its queues run. */
static void vf_reset(struct igb *g, struct igb_vf *v)
{
	u32 reply[3] = { MESSAGE_VF_RESET | MESSAGE_NACK };

	if (v->prepared) {
		igb_vf_to_policy(g, v);
		igb_sorter_gate(g, v, v->policy.link != VF_LINK_DOWN);
		v->ready = true;
		reply[0] = MESSAGE_VF_RESET | MESSAGE_ACK;
		memcpy(reply + 1, v->mac, IGB_MAC_BYTES);
		g->changed |= (u8)BIT(igb_index(g, v));
	}
	answer(g, v, reply, ARRAY_LEN(reply));
}

/* "You are not clear to send", so that a driver which lost its state starts over; seldom, or both
 * sides only reset. */
static bool may_nack(struct igb_vf *v)
{
	u64 now = time_now_ns();

	if (v->nack_at && now - v->nack_at < NACK_PERIOD)
		return false;
	v->nack_at = now;
	return true;
}

static void serve_message(struct igb *g, struct igb_vf *v, const u32 words[IGB_MAILBOX_WORDS])
{
	u32 reply = words[0] & ANSWER_MASK;

	v->messages++;
	if (words[0] & (MESSAGE_ACK | MESSAGE_NACK)) {
		/* Our own last answer: the VF knocked without writing anything. */
		igb_mailbox_unlock(g, v);
	} else if (words[0] == MESSAGE_VF_RESET) {
		vf_reset(g, v);
	} else if (v->ready) {
		reply |= MESSAGE_CTS | (handle(g, v, words) ? MESSAGE_NACK : MESSAGE_ACK);
		answer(g, v, &reply, 1);
	} else if (may_nack(v)) {
		reply |= MESSAGE_NACK;
		deny(g, v, ERR_REFUSED, "message 0x%x denied: no VF_RESET came before it",
		     words[0]);
		answer(g, v, &reply, 1);
	} else {
		igb_mailbox_unlock(g, v);
	}
}

/* The VF asked for us but keeps the buffer. Wait a while over many calls, then take it away once.
 */
static void serve_stuck(struct igb *g, struct igb_vf *v)
{
	u64 now = time_now_ns();

	if (!v->stuck_since)
		v->stuck_since = now;
	if (now - v->stuck_since < STUCK_TIMEOUT)
		return;
	deny(g, v, ERR_BUSY, "it keeps its mailbox for %llu ms: taken from it",
	     STUCK_TIMEOUT / NS_PER_MS);
	igb_mailbox_wipe(g, v);
}

static void serve_ack(struct igb *g, struct igb_vf *v)
{
	u32 word = MESSAGE_NACK;

	if (v->prepared && !v->ready && may_nack(v))
		answer(g, v, &word, 1);
}

void igb_messages_serve(struct igb *g)
{
	u32 causes = igb_read(g, IGB_MBVFICR);

	/* Cleared before it is served: what comes meanwhile sets it again, and nothing is lost. */
	igb_write(g, IGB_MBVFICR, causes);
	for (unsigned n = 0; n < g->vfs; n++) {
		struct igb_vf *v = &g->vf[n];
		u32 words[IGB_MAILBOX_WORDS];

		v->request_pending |= (causes & MBVFICR_REQ(n)) != 0;
		if (v->request_pending) {
			if (igb_mailbox_read(g, v, words)) {
				serve_stuck(g, v);
				continue;
			}
			v->request_pending = false;
			v->stuck_since = 0;
			/* A guest on another core may have reset its VF since the resets were
			 * looked at, and sent this behind it: found later, that reset would take
			 * away what this message is granted. */
			igb_serve_resets(g);
			serve_message(g, v, words);
		} else if (causes & MBVFICR_ACK(n)) {
			serve_ack(g, v);
		}
	}
}
