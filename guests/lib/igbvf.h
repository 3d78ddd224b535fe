/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Driver of a Virtual Function of the Intel 82576, with the steps that the stock igbvf takes. One
 * Rx and one Tx ring, three MSI-X vectors. Intel 82576EB datasheet, revision 2.63,
 * sections 7.1, 7.2, 7.10, 8.26.
 */
#ifndef GUESTS_IGBVF_H
#define GUESTS_IGBVF_H

#include "base/types.h"
#include "pci.h"

#define MAC_BYTES     6
#define FRAME_MIN     60   /* without CRC; 64 on the wire */
#define FRAME_MAX     1514 /* without CRC; 1518 on the wire */
#define RING_SIZE     256
#define BUFFER_BYTES  2048
#define BROADCAST_MAC ((const u8[MAC_BYTES]){ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff })

enum igbvf_vector {
	IGBVF_TX,
	IGBVF_RX,
	IGBVF_MAILBOX,
	IGBVF_VECTORS
};

struct igbvf_descriptor {
	volatile u64 address; /* Rx write-back: packet type, RSS hash */
	volatile u32 low, high;
};
_Static_assert(sizeof(struct igbvf_descriptor) == 16,
	       "82576 sections 7.1.5, 7.2.2: advanced descriptors");

struct igbvf {
	struct pci_device pci;
	volatile u8 *regs;
	u8 mac[MAC_BYTES];
	bool ready;       /* "clear to send" */
	u32 mailbox_seen; /* bits of V2PMAILBOX that clear when read */
	struct igbvf_descriptor *rx, *tx;
	u8 *rx_buffers, *tx_buffers;
	u32 rx_next;     /* next descriptor that the device will fill */
	u32 rx_unposted; /* handled, not given back yet */
	u32 tx_next, tx_done;
	u32 tx_posted;       /* TDT */
	volatile u32 events; /* bits: vectors that fired since igbvf_take_events() */
	volatile u64 interrupts[IGBVF_VECTORS];
};

/*
 * Find the n-th VF, do the handshake with the PF's driver, set up rings and interrupts (vectors
 * VECTOR_DEVICES + 3n ..). Ends the guest with a message if one step fails.
 */
void igbvf_open(struct igbvf *v, unsigned n);

/* VF_RESET again: for a driver that lost "clear to send". */
bool igbvf_reset(struct igbvf *v);

bool igbvf_link(const struct igbvf *v);

/* A buffer for the next frame, or NULL while the ring is full; igbvf_queue() takes what was written
 * there. */
u8 *igbvf_tx_buffer(struct igbvf *v);
void igbvf_queue(struct igbvf *v, u32 bytes);
/* One descriptor of a frame of `frame_bytes` in several pieces; the caller knows that the ring has
 * room. */
void igbvf_queue_piece(struct igbvf *v, u64 address, u32 bytes, u32 frame_bytes, bool last);
/* Tell the device about everything queued: one doorbell. */
void igbvf_flush(struct igbvf *v);

/* The next received frame, or NULL; valid until igbvf_rx_done(). */
const u8 *igbvf_rx(struct igbvf *v, u32 *bytes);
void igbvf_rx_done(struct igbvf *v);
/* Give the buffers back: one doorbell. */
void igbvf_rx_post(struct igbvf *v);

/*
 * A vector that fired stays masked in the device, so that a busy guest polls. Before it sleeps it
 * clears the causes, looks into the rings once more, and unmasks: what came after the last look
 * fires at once.
 */
u32 igbvf_take_events(struct igbvf *v);
void igbvf_clear_causes(struct igbvf *v);
void igbvf_rearm(struct igbvf *v);

/* After IGBVF_MAILBOX: take the PF's message. False if the PF took "clear to send" back. */
bool igbvf_mailbox_event(struct igbvf *v);
/* Start over: handshake, interrupts, empty rings. */
bool igbvf_restart(struct igbvf *v);

/* One request, one answer (word 0 of both). False on time-out. */
bool igbvf_request(struct igbvf *v, const u32 *words, unsigned count, u32 *answer);

u64 igbvf_interrupts(const struct igbvf *v);

/* Registers, for guests that misuse them. */
enum igbvf_reg {
	VF_CTRL = 0x0000,
	VF_STATUS = 0x0008,
	VF_EICS = 0x1520,
	VF_EIMS = 0x1524,
	VF_EIMC = 0x1528,
	VF_EIAC = 0x152c,
	VF_EIAM = 0x1530,
	VF_EICR = 0x1580,
	VF_EITR0 = 0x1680,
	VF_IVAR = 0x1700,
	VF_IVAR_MISC = 0x1740,
	VF_MAILBOX = 0x0c40,
	VF_MAILBOX_MEMORY = 0x0800,
	VF_RDBAL = 0x2800,
	VF_RDBAH = 0x2804,
	VF_RDLEN = 0x2808,
	VF_SRRCTL = 0x280c,
	VF_RDH = 0x2810,
	VF_RDT = 0x2818,
	VF_RXDCTL = 0x2828,
	VF_TDBAL = 0x3800,
	VF_TDBAH = 0x3804,
	VF_TDLEN = 0x3808,
	VF_TDH = 0x3810,
	VF_TDT = 0x3818,
	VF_TXDCTL = 0x3828,
	VF_TDWBAL = 0x3838,
	VF_TDWBAH = 0x383c,
};
static inline u32 igbvf_read(const struct igbvf *v, enum igbvf_reg reg)
{
	return *(volatile u32 *)(v->regs + reg);
}
static inline void igbvf_write(const struct igbvf *v, enum igbvf_reg reg, u32 value)
{
	*(volatile u32 *)(v->regs + reg) = value;
}

/* Stop the rings, start them again from descriptor 0 with the buffers that open() gave them. */
void igbvf_stop_rings(struct igbvf *v);
void igbvf_start_rings(struct igbvf *v);

#endif
