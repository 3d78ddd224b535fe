/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * State and parts of the 82576 master driver. Each part is a file:
 *
 *	igb.c		the table of drivers/master.h; start-up; service
 *	hw.c		reset, PHY, link
 *	sorter.c	who gets which frame: MAC, VLAN and multicast filters of the L2 switch
 *	vf.c		a VF from policy to wipe
 *	mailbox.c	how words get from VF to PF and back
 *	messages.c	what the words ask for, and whether policy grants it
 *	trace.c		the last messages, for people
 *	rate.c		transmit rate limits
 */
#ifndef DRIVERS_IGB_IGB_H
#define DRIVERS_IGB_IGB_H

#include "base/log.h"
#include "base/mmio.h"
#include "base/spinlock.h"
#include "drivers/igb/regs.h"
#include "drivers/master.h"

#define IGB_MAX_VFS           7 /* the 8th pool stays the PF's: see igb_vf_limit() */
#define IGB_MAC_BYTES         6
#define IGB_MULTICAST_MAX     30          /* hashes in one message of 16 words */
#define IGB_EXTRA_MACS        2           /* of one trusted VF */
#define IGB_ACCESS_VLANS      IGB_MAX_VFS /* filters that no guest gets by asking */
#define IGB_ETHERNET_OVERHEAD 18          /* header and CRC */
#define IGB_VLAN_TAG_BYTES    4
#define IGB_MTU_MAX           9000
#define IGB_FRAME_MAX         (IGB_MTU_MAX + IGB_ETHERNET_OVERHEAD + IGB_VLAN_TAG_BYTES)
#define IGB_FRAME_STANDARD    1518
#define IGB_FRAME_MIN         64

struct igb_vf {
	struct vf *vf; /* of the fabric; NULL above num_vfs */
	struct vf_policy policy;
	bool prepared;                  /* a policy is applied: the VF may get through */
	bool ready;                     /* "clear to send": it sent VF_RESET since its last reset */
	u8 mac[IGB_MAC_BYTES];          /* what it has now */
	u8 assigned_mac[IGB_MAC_BYTES]; /* what it comes back to after a reset (R44) */
	u16 frame_max; /* bytes with CRC, without tag; IGB_FRAME_STANDARD or what SET_LPE got */
	bool all_multicast;
	u8 multicast_count;
	u16 multicast[IGB_MULTICAST_MAX];
	u32 rate_set; /* Mbit/s as the device read it back; 0 = none */
	u64 messages, denied;
	u64 nack_at;          /* when the last NACK for "not ready" went out; 0 = never */
	u64 stuck_since;      /* the VF keeps the mailbox; 0 = it does not */
	bool request_pending; /* MBVFICR was cleared, the message not read yet */
	struct rate_limit log;
};

struct igb_vlan {
	u16 vid; /* 0 = free */
	u8 pools;
};

#define IGB_TRACE 32u
struct igb_trace {
	u64 time_ns;
	u32 word[2];
	u8 vf;
	bool from_vf;
};

struct igb {
	struct master *master;
	struct mmio regs;
	struct spinlock
		lock; /* every entry of the table takes it: service() comes from the interrupt */
	struct rid rid;
	u8 mac[IGB_MAC_BYTES];
	u8 vfs;     /* enabled */
	u8 changed; /* VFs whose page needs a refresh, told after the lock is off */
	bool link_up;
	u32 link_mbps;                 /* of the last link; 1000 before there was one */
	u64 link_deadline;             /* until when start-up waits for a link */
	u32 wrong_behaviour;           /* WVBR events seen */
	u8 rar_owner[IGB_RAR_ENTRIES]; /* pool + 1, 0 = free */
	struct igb_vlan vlan[IGB_VLVF_ENTRIES];
	struct igb_vf vf[IGB_MAX_VFS];
	struct igb_trace trace[IGB_TRACE];
	u64 traced; /* messages ever */
};
_Static_assert(sizeof(struct igb) <= MASTER_PRIVATE_BYTES, "drivers/master.h: the private bytes");

static inline struct igb *igb_of(struct master *m)
{
	return (struct igb *)m->private;
}
static inline u32 igb_read(const struct igb *g, enum igb_reg reg)
{
	return mmio_read32(&g->regs, reg);
}
static inline void igb_write(const struct igb *g, enum igb_reg reg, u32 value)
{
	mmio_write32(&g->regs, reg, value);
}
static inline unsigned igb_index(const struct igb *g, const struct igb_vf *v)
{
	return (unsigned)(v - g->vf);
}

/* igb.c */
extern const struct master_driver igb_master_driver;

/* hw.c */
enum err igb_hw_reset(struct igb *g, struct why *why);
enum err igb_hw_read_mac(struct igb *g, struct why *why);
void igb_hw_start_link(struct igb *g);
void igb_hw_wait_link(struct igb *g);
/* Look at the link; true if it changed. */
bool igb_hw_poll_link(struct igb *g);
void igb_hw_enable_switch(struct igb *g);

/* sorter.c */
void igb_sorter_init(struct igb *g);
void igb_sorter_set_mac(struct igb *g, const struct igb_vf *v);
enum err igb_sorter_add_mac(struct igb *g, const struct igb_vf *v, const u8 mac[IGB_MAC_BYTES]);
void igb_sorter_drop_extra_macs(struct igb *g, const struct igb_vf *v);
enum err igb_sorter_add_vlan(struct igb *g, const struct igb_vf *v, u16 vid);
void igb_sorter_drop_vlan(struct igb *g, const struct igb_vf *v, u16 vid);
/* VMOLR, VMVIR, anti-spoofing and the multicast table, from what `v` says. */
void igb_sorter_apply(struct igb *g, const struct igb_vf *v);
/* No filter lets anything to this VF, and none of its traces is left. */
void igb_sorter_close(struct igb *g, const struct igb_vf *v);
/* VFRE and VFTE. */
void igb_sorter_gate(struct igb *g, const struct igb_vf *v, bool open);

/* vf.c */
bool igb_mac_usable(const u8 mac[IGB_MAC_BYTES]);
bool igb_mac_taken(const struct igb *g, const u8 mac[IGB_MAC_BYTES], const struct igb_vf *except);
/* What VF `index` has if nobody says otherwise. */
void igb_derive_mac(const struct igb *g, unsigned index, u8 mac[IGB_MAC_BYTES]);
/* The link as this VF may see it. */
bool igb_vf_link(const struct igb *g, const struct igb_vf *v);
/* Back to the policy: what the guest asked for since its last reset is forgotten. */
void igb_vf_to_policy(struct igb *g, struct igb_vf *v);
/* The same for all VFs that reset themselves, or were reset by an FLR (VFLRE). */
void igb_serve_resets(struct igb *g);
enum err igb_check_policy(struct master *m, const struct vf *vf, const struct vf_policy *policy,
			  struct why *why);
enum err igb_prepare_vf(struct master *m, struct vf *vf, const struct vf_policy *policy,
			struct why *why);
enum err igb_vf_reset_done(struct master *m, struct vf *vf, bool keep_policy, struct why *why);
void igb_quiesce_vf(struct master *m, struct vf *vf);

/* mailbox.c */
/* Copy the VF's message; the VF stays locked out of the buffer until the answer. ERR_BUSY: it holds
 * the buffer. */
enum err igb_mailbox_read(struct igb *g, struct igb_vf *v, u32 words[IGB_MAILBOX_WORDS]);
/* Put `count` words in the buffer and tell the VF. ERR_BUSY as above. */
enum err igb_mailbox_write(struct igb *g, struct igb_vf *v, const u32 *words, unsigned count);
/* No answer: let the VF have its buffer back. */
void igb_mailbox_unlock(struct igb *g, const struct igb_vf *v);
/* PF_CONTROL, with "clear to send" if the VF has it. */
void igb_mailbox_ping(struct igb *g, struct igb_vf *v);
void igb_mailbox_wipe(struct igb *g, struct igb_vf *v);

/* messages.c */
/* Serve what is pending in MBVFICR: at most one message of each VF. */
void igb_messages_serve(struct igb *g);

/* trace.c */
/* Remember a message; `next` is its second word, 0 if it has one only. Lock held. */
void igb_trace_add(struct igb *g, const struct igb_vf *v, bool from_vf, u32 word, u32 next);
bool igb_trace(struct master *m, unsigned age, struct mailbox_event *out, char *buf, size_t size);

/* rate.c */
/* Program the VF's limit for the current link and read it back into v->rate_set. */
void igb_rate_apply(struct igb *g, struct igb_vf *v);

#endif
