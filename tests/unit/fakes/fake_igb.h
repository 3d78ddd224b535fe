/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An Intel 82576 made of registers: the PF's BAR 0 on the MMIO seam, and the VF's end of the
 *mailboxes as functions that a test calls in the place of a guest's driver.
 *
 *	fakes_reset();
 *	fake_igb_reset(&igb, hpa(0xfe000000), pf_mac);
 *	igb.faults.no_link = true;
 *
 * Registers that only hold what was written do so; the others behave as the datasheet says (82576EB
 *rev. 2.63, chapter 8).
 */
#ifndef FAKE_IGB_H
#define FAKE_IGB_H

#include "base/types.h"
#include "fakes.h"

#define FAKE_IGB_BYTES         0x20000
#define FAKE_IGB_VFS           8
#define FAKE_IGB_QUEUES        16
#define FAKE_IGB_MAILBOX_WORDS 16
#define FAKE_IGB_LINK_NS       500000000ull /* autonegotiation takes this long */

/* What may go wrong. Zero: nothing. */
struct fake_igb_faults {
	bool no_link;          /* nothing at the other end of the cable */
	bool no_phy;           /* MDIC answers with an error */
	bool dma_never_stops;  /* GIO Master Enable stays 1 */
	bool reset_never_ends; /* CTRL.RST stays 1 */
	bool no_mac;           /* an empty EEPROM */
	bool gone;             /* all ones, as a device that fell off the bus */
	bool no_rate_limiters; /* RTT registers read 0 */
	bool one_rate_limiter; /* only queues 0..7 have one */
	bool slow_link;        /* 100 Mbit/s */
	bool rvfu_ignored;     /* the PF cannot take the buffer from a VF */
	bool quick_vf; /* once: VF 0 resets itself and sends VF_RESET right after VFLRE is read */
};

/* The VF's view of its mailbox control register. */
struct fake_igb_vf {
	bool vfu, pfu, pfsts, pfack, rsti, rstd;
};

struct fake_igb {
	hpa_t base;
	u8 mac[6];
	struct fake_igb_faults faults;
	u32 reg[FAKE_IGB_BYTES / 4];
	u32 rate[FAKE_IGB_QUEUES]; /* RTTBCNRC behind RTTDQSEL */
	struct fake_igb_vf vf[FAKE_IGB_VFS];
	u64 link_at;                     /* FAKE_NEVER_NS: not negotiating */
	u64 accesses;                    /* of the PF, reads and writes */
	u32 mailbox_reads[FAKE_IGB_VFS]; /* reads of word 0 */
	unsigned resets;
};

void fake_igb_reset(struct fake_igb *f, hpa_t base, const u8 mac[6]);
u32 fake_igb_reg(const struct fake_igb *f, u32 offset);
void fake_igb_set(struct fake_igb *f, u32 offset, u32 value);

/* What VF Enable does to the VFs: reset, VFRE and VFTE closed, VFLRE set. */
void fake_igb_vf_enable(struct fake_igb *f, unsigned count);
/* The VF resets itself, or is reset by an FLR. */
void fake_igb_vf_reset(struct fake_igb *f, unsigned n);

/* --- the VF's driver --- */

/* V2PMAILBOX as the VF reads it: PFSTS, PFACK and RSTD clear. Bits as in the datasheet. */
#define FAKE_V2P_VFU   0x04u
#define FAKE_V2P_PFU   0x08u
#define FAKE_V2P_PFSTS 0x10u
#define FAKE_V2P_PFACK 0x20u
#define FAKE_V2P_RSTI  0x40u
#define FAKE_V2P_RSTD  0x80u
u32 fake_igb_vf_mailbox(struct fake_igb *f, unsigned n);
/* Take the buffer; false while the PF has it. */
bool fake_igb_vf_take(struct fake_igb *f, unsigned n);
void fake_igb_vf_release(struct fake_igb *f, unsigned n);
/* Take, write, REQ. False: the PF has the buffer. */
bool fake_igb_vf_send(struct fake_igb *f, unsigned n, const u32 *words, unsigned count);
/* REQ without writing anything. */
void fake_igb_vf_knock(struct fake_igb *f, unsigned n);
/* Take, read, ACK. False: the PF has the buffer. */
bool fake_igb_vf_receive(struct fake_igb *f, unsigned n, u32 *words, unsigned count);

#endif
