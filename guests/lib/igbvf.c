/* SPDX-License-Identifier: GPL-2.0-only */
/* The 82576 VF: start-up, rings, interrupts. Its talk with the PF is in igbvf_mailbox.c. */
#include "igbvf.h"

#include "guest.h"
#include "interrupt.h"
#include "memory.h"

#define VENDOR_INTEL    0x8086
#define DEVICE_82576_VF 0x10ca
#define REGISTER_BAR    0
#define STATUS_LINK_UP  BIT(1)
#define XDCTL_ENABLE    BIT(25)
/* Prefetch, host and write-back thresholds of igbvf: 16, 8, 1 */
#define XDCTL_THRESHOLDS (16u | 8u << 8 | 1u << 16)
#define ENABLE_TIMEOUT   (10 * NS_PER_MS)
#define SRRCTL_BUFFER    (BUFFER_BYTES / 1024)
#define SRRCTL_ADVANCED  BIT(25)
#define SRRCTL_DROP      BIT(31)
#define IVAR_VALID       0x80u
#define IVAR_TX_SHIFT    8
#define ALL_VECTORS      (BIT(IGBVF_VECTORS) - 1)
/* Receive write-back, dword 2; length is in bits 15:0 of dword 3 */
#define RX_DONE          BIT(0)
#define RX_END_OF_PACKET BIT(1)
#define RX_LENGTH_MASK   0xffffu
/* Transmit: advanced data descriptor */
#define TX_DATA          (3u << 20)
#define TX_END_OF_PACKET BIT(24)
#define TX_INSERT_CRC    BIT(25)
#define TX_REPORT_STATUS BIT(27)
#define TX_ADVANCED      BIT(29)
#define TX_PAYLOAD_SHIFT 14
#define TX_DONE          BIT(0)
/* Every 16th frame reports that it is out, and the last of each doorbell. */
#define TX_REPORT_EVERY 16

static void on_interrupt(struct igbvf *v, enum igbvf_vector n)
{
	igbvf_write(v, VF_EIMC, BIT(n));
	v->interrupts[n]++;
	v->events |= BIT(n);
}

static void on_tx(void *ctx)
{
	on_interrupt(ctx, IGBVF_TX);
}

static void on_rx(void *ctx)
{
	on_interrupt(ctx, IGBVF_RX);
}

static void on_mailbox(void *ctx)
{
	on_interrupt(ctx, IGBVF_MAILBOX);
}

static void post_rx_descriptor(struct igbvf *v, u32 i)
{
	v->rx[i].address = (u64)(v->rx_buffers + i * BUFFER_BYTES);
	v->rx[i].low = 0;
	v->rx[i].high = 0;
}

static bool wait_for(const struct igbvf *v, enum igbvf_reg reg, u32 mask, u32 value)
{
	u64 end = now_ns() + ENABLE_TIMEOUT;

	while ((igbvf_read(v, reg) & mask) != value)
		if (now_ns() > end)
			return false;
	return true;
}

void igbvf_stop_rings(struct igbvf *v)
{
	igbvf_write(v, VF_TXDCTL, 0);
	igbvf_write(v, VF_RXDCTL, 0);
	if (!wait_for(v, VF_RXDCTL, XDCTL_ENABLE, 0) || !wait_for(v, VF_TXDCTL, XDCTL_ENABLE, 0))
		guest_die(STATUS_TIMEOUT, "VF: rings do not stop");
}

static void start_rx(struct igbvf *v)
{
	for (u32 i = 0; i < RING_SIZE; i++)
		post_rx_descriptor(v, i);
	v->rx_next = v->rx_unposted = 0;
	igbvf_write(v, VF_RDBAL, (u32)(u64)v->rx);
	igbvf_write(v, VF_RDBAH, (u32)((u64)v->rx >> 32));
	igbvf_write(v, VF_RDLEN, RING_SIZE * sizeof(struct igbvf_descriptor));
	igbvf_write(v, VF_SRRCTL, SRRCTL_BUFFER | SRRCTL_ADVANCED | SRRCTL_DROP);
	igbvf_write(v, VF_RDH, 0);
	igbvf_write(v, VF_RDT, 0);
	igbvf_write(v, VF_RXDCTL, XDCTL_THRESHOLDS | XDCTL_ENABLE);
}

static void start_tx(struct igbvf *v)
{
	memset(v->tx, 0, RING_SIZE * sizeof(struct igbvf_descriptor));
	v->tx_next = v->tx_done = v->tx_posted = 0;
	igbvf_write(v, VF_TDBAL, (u32)(u64)v->tx);
	igbvf_write(v, VF_TDBAH, (u32)((u64)v->tx >> 32));
	igbvf_write(v, VF_TDLEN, RING_SIZE * sizeof(struct igbvf_descriptor));
	igbvf_write(v, VF_TDWBAL, 0);
	igbvf_write(v, VF_TDWBAH, 0);
	igbvf_write(v, VF_TDH, 0);
	igbvf_write(v, VF_TDT, 0);
	igbvf_write(v, VF_TXDCTL, XDCTL_THRESHOLDS | XDCTL_ENABLE);
}

void igbvf_start_rings(struct igbvf *v)
{
	start_rx(v);
	start_tx(v);
	if (!wait_for(v, VF_RXDCTL, XDCTL_ENABLE, XDCTL_ENABLE) ||
	    !wait_for(v, VF_TXDCTL, XDCTL_ENABLE, XDCTL_ENABLE))
		guest_die(STATUS_TIMEOUT, "VF: rings do not start");
	/* All but one: a tail that has caught up with the head means an empty ring. */
	igbvf_write(v, VF_RDT, RING_SIZE - 1);
}

static void connect_vectors(struct igbvf *v, u8 vector)
{
	interrupt_set(vector + IGBVF_TX, on_tx, v);
	interrupt_set(vector + IGBVF_RX, on_rx, v);
	interrupt_set(vector + IGBVF_MAILBOX, on_mailbox, v);
	if (!pci_msix_enable(&v->pci, vector, IGBVF_VECTORS))
		guest_die(STATUS_NO_DEVICE, "VF: no MSI-X with %u vectors", IGBVF_VECTORS);
}

static void start_interrupts(struct igbvf *v)
{
	for (unsigned i = 0; i < IGBVF_VECTORS; i++)
		igbvf_write(v, (enum igbvf_reg)(VF_EITR0 + i * sizeof(u32)), 0);
	igbvf_write(v, VF_IVAR, (IVAR_VALID | IGBVF_RX) | (IVAR_VALID | IGBVF_TX) << IVAR_TX_SHIFT);
	igbvf_write(v, VF_IVAR_MISC, IVAR_VALID | IGBVF_MAILBOX);
	/* Causes clear when their message goes out; the handlers mask by hand. */
	igbvf_write(v, VF_EIAC, ALL_VECTORS);
	igbvf_write(v, VF_EIAM, 0);
	igbvf_write(v, VF_EIMS, ALL_VECTORS);
}

bool igbvf_restart(struct igbvf *v)
{
	if (!igbvf_reset(v))
		return false;
	start_interrupts(v);
	igbvf_start_rings(v);
	return true;
}

void igbvf_open(struct igbvf *v, unsigned n)
{
	memset(v, 0, sizeof(*v));
	if (!pci_find_device(VENDOR_INTEL, DEVICE_82576_VF, n, &v->pci))
		guest_die(STATUS_NO_DEVICE, "no 82576 VF number %u on the bus", n);
	pci_enable(&v->pci);
	v->regs = pci_bar(&v->pci, REGISTER_BAR);
	if (!igbvf_reset(v))
		guest_die(STATUS_TIMEOUT, "VF: the PF does not answer VF_RESET");
	v->rx = memory_take(RING_SIZE * sizeof(struct igbvf_descriptor));
	v->tx = memory_take(RING_SIZE * sizeof(struct igbvf_descriptor));
	v->rx_buffers = memory_take(RING_SIZE * BUFFER_BYTES);
	v->tx_buffers = memory_take(RING_SIZE * BUFFER_BYTES);
	connect_vectors(v, (u8)(VECTOR_DEVICES + n * IGBVF_VECTORS));
	start_interrupts(v);
	igbvf_start_rings(v);
	print("VF %u: device %u, MAC %02x:%02x:%02x:%02x:%02x:%02x, link %s\n", n, v->pci.number,
	      v->mac[0], v->mac[1], v->mac[2], v->mac[3], v->mac[4], v->mac[5],
	      igbvf_link(v) ? "up" : "down");
}

bool igbvf_link(const struct igbvf *v)
{
	return igbvf_read(v, VF_STATUS) & STATUS_LINK_UP;
}

static u32 ring_next(u32 i)
{
	return (i + 1) % RING_SIZE;
}

u8 *igbvf_tx_buffer(struct igbvf *v)
{
	/* Only descriptors with "report status" say DONE, and all before them are done, too. */
	for (u32 i = v->tx_done; i != v->tx_posted; i = ring_next(i))
		if (v->tx[i].high & TX_DONE)
			v->tx_done = ring_next(i);
	if (ring_next(v->tx_next) == v->tx_done)
		return NULL;
	return v->tx_buffers + v->tx_next * BUFFER_BYTES;
}

void igbvf_queue_piece(struct igbvf *v, u64 address, u32 bytes, u32 frame_bytes, bool last)
{
	struct igbvf_descriptor *d = &v->tx[v->tx_next];

	d->address = address;
	d->low = bytes | TX_DATA | TX_INSERT_CRC | TX_ADVANCED;
	if (last)
		d->low |= TX_END_OF_PACKET;
	if (last && v->tx_next % TX_REPORT_EVERY == 0)
		d->low |= TX_REPORT_STATUS;
	d->high = frame_bytes << TX_PAYLOAD_SHIFT;
	v->tx_next = ring_next(v->tx_next);
}

void igbvf_queue(struct igbvf *v, u32 bytes)
{
	igbvf_queue_piece(v, (u64)(v->tx_buffers + v->tx_next * BUFFER_BYTES), bytes, bytes, true);
}

void igbvf_flush(struct igbvf *v)
{
	if (v->tx_posted == v->tx_next)
		return;
	v->tx[(v->tx_next + RING_SIZE - 1) % RING_SIZE].low |= TX_REPORT_STATUS;
	v->tx_posted = v->tx_next;
	/* x86 keeps the order of these stores; volatile makes the compiler do so. */
	igbvf_write(v, VF_TDT, v->tx_posted);
}

const u8 *igbvf_rx(struct igbvf *v, u32 *bytes)
{
	const struct igbvf_descriptor *d = &v->rx[v->rx_next];

	if (!(d->low & RX_DONE))
		return NULL;
	/* Buffers hold the largest frame, so a frame in pieces is longer than what we asked for:
	 * nothing of ours. */
	*bytes = d->low & RX_END_OF_PACKET ? d->high & RX_LENGTH_MASK : 0;
	return v->rx_buffers + v->rx_next * BUFFER_BYTES;
}

void igbvf_rx_done(struct igbvf *v)
{
	post_rx_descriptor(v, v->rx_next);
	v->rx_next = ring_next(v->rx_next);
	v->rx_unposted++;
}

void igbvf_rx_post(struct igbvf *v)
{
	if (!v->rx_unposted)
		return;
	v->rx_unposted = 0;
	igbvf_write(v, VF_RDT, (v->rx_next + RING_SIZE - 1) % RING_SIZE);
}

u32 igbvf_take_events(struct igbvf *v)
{
	return __atomic_exchange_n(&v->events, 0, __ATOMIC_SEQ_CST);
}

void igbvf_clear_causes(struct igbvf *v)
{
	igbvf_write(v, VF_EICR, ALL_VECTORS);
}

void igbvf_rearm(struct igbvf *v)
{
	igbvf_write(v, VF_EIMS, ALL_VECTORS);
}

u64 igbvf_interrupts(const struct igbvf *v)
{
	return v->interrupts[IGBVF_TX] + v->interrupts[IGBVF_RX] + v->interrupts[IGBVF_MAILBOX];
}
