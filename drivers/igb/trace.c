/* SPDX-License-Identifier: GPL-2.0-only */
/* The last mailbox messages, kept as they were and told in words. */
#include "base/format.h"
#include "base/time.h"
#include "drivers/igb/igb.h"

#define VLAN_ID_MASK 0xfffu

void igb_trace_add(struct igb *g, const struct igb_vf *v, bool from_vf, u32 word, u32 next)
{
	g->trace[g->traced++ % IGB_TRACE] = (struct igb_trace){
		.time_ns = time_now_ns(),
		.word = { word, next },
		.vf = (u8)igb_index(g, v),
		.from_vf = from_vf,
	};
}

static const char *name_of(u32 word)
{
	static const char *const names[] = {
		[MESSAGE_VF_RESET] = "VF_RESET",
		[MESSAGE_SET_MAC] = "SET_MAC",
		[MESSAGE_SET_MULTICAST] = "SET_MULTICAST",
		[MESSAGE_SET_VLAN] = "SET_VLAN",
		[MESSAGE_SET_LPE] = "SET_LPE",
		[MESSAGE_SET_PROMISC] = "SET_PROMISC",
	};
	u32 type = MESSAGE_TYPE(word);

	if (type == MESSAGE_PF_CONTROL)
		return "PF_CONTROL";
	return type < ARRAY_LEN(names) && names[type] ? names[type] : "unknown";
}

static void describe(const struct igb_trace *t, char *buf, size_t size)
{
	u32 word = t->word[0], next = t->word[1];
	char detail[48] = "";

	switch (MESSAGE_TYPE(word)) {
	case MESSAGE_SET_VLAN:
		format(detail, sizeof(detail), " VLAN %u %s", next & VLAN_ID_MASK,
		       MESSAGE_INFO(word) & VLAN_ADD ? "on" : "off");
		break;
	case MESSAGE_SET_LPE: format(detail, sizeof(detail), " frames to %u bytes", next); break;
	case MESSAGE_SET_MULTICAST:
		format(detail, sizeof(detail), " %u hashes", MESSAGE_INFO(word));
		break;
	case MESSAGE_SET_MAC:
	case MESSAGE_SET_PROMISC:
		format(detail, sizeof(detail), " info %u", MESSAGE_INFO(word));
		break;
	default: break;
	}
	/* An answer repeats the question's first word only. */
	format(buf, size, "%08x %s%s%s%s%s", word, name_of(word), t->from_vf ? detail : "",
	       word & MESSAGE_ACK ? ", ACK" : "", word & MESSAGE_NACK ? ", NACK" : "",
	       word & MESSAGE_CTS ? ", CTS" : "");
}

bool igb_trace(struct master *m, unsigned age, struct mailbox_event *out, char *buf, size_t size)
{
	struct igb *g = igb_of(m);
	struct igb_trace t;
	bool there;

	spin_lock(&g->lock);
	there = age < IGB_TRACE && age < g->traced;
	if (there)
		t = g->trace[(g->traced - 1 - age) % IGB_TRACE];
	spin_unlock(&g->lock);
	if (!there || !g->vf[t.vf].vf)
		return false;
	*out = (struct mailbox_event){ .vf = g->vf[t.vf].vf,
				       .from_vf = t.from_vf,
				       .time_ns = t.time_ns };
	describe(&t, buf, size);
	return true;
}
