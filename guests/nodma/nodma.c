/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A hostile guest: it owns a VF, speaks to the PF as it should, and then points the VF's rings and
 * buffers everywhere but into its own RAM. Each attempt makes the device read or write there, by
 * frames that it sends to itself. Nothing may come of it: the IOMMU drops the access and the
 * hypervisor reports it; the victims are other VMs' business (vfnet, hello do=watch).
 *
 * Addresses on the bus are guest-physical for this guest. So 2 MiB, where the hypervisor's image is
 * in the host, must be our own memory at 2 MiB.
 */
#include "guard.h"
#include "guest.h"
#include "igbvf.h"
#include "interrupt.h"
#include "memory.h"

#define STEP_MIB              256
#define PACE                  (120 * NS_PER_MS)
#define STORM_ROUNDS          64
#define SWEEP_END             (4 * GiB)
#define HIGH_ADDRESS_FIRST    (4 * GiB)
#define HIGH_ADDRESS_LAST     (512 * GiB)
#define HYPERVISOR_IMAGE      (2 * MiB)
#define HOME_END              (4 * MiB)
#define INTERRUPT_RANGE       0xfee00000ull
#define INTERRUPT_RANGE_BYTES (1 * MiB)
#define STRAY_VECTOR          0xf0 /* what the write to the interrupt range would raise */
#define FRAMES_PER_ATTEMPT    2    /* QEMU drops the frame after one that faulted */
#define SETTLE                (200 * NS_PER_US)
#define NS_PER_US             1000ull
#define FILL_BYTE             0x5a
#define ETHERTYPE_BIG_ENDIAN  0xb688 /* 0x88b6: IEEE 802 local experimental 2 */
#define ETHERNET_HEADER       14
#define WRITE_BACK_ENABLE     1u

static struct igbvf vf;
static u64 attempts, leaks;

/* A frame to ourselves: the switch in the card sends it back. */
static void send_to_self(void)
{
	for (unsigned i = 0; i < FRAMES_PER_ATTEMPT; i++) {
		u8 *frame = igbvf_tx_buffer(&vf);

		memcpy(frame, vf.mac, MAC_BYTES);
		memcpy(frame + MAC_BYTES, vf.mac, MAC_BYTES);
		*(u16 *)(frame + 2 * MAC_BYTES) = ETHERTYPE_BIG_ENDIAN;
		memset(frame + ETHERNET_HEADER, FILL_BYTE, FRAME_MIN - ETHERNET_HEADER);
		igbvf_queue(&vf, FRAME_MIN);
		igbvf_flush(&vf);
	}
	delay_ns(SETTLE);
}

static void set_address(enum igbvf_reg low, enum igbvf_reg high, u64 address)
{
	igbvf_write(&vf, low, (u32)address);
	igbvf_write(&vf, high, (u32)(address >> 32));
}

static void begin(void)
{
	igbvf_stop_rings(&vf);
	igbvf_start_rings(&vf);
	attempts++;
}

/* The device writes frames to `address`. */
static void write_frame(u64 address)
{
	begin();
	for (unsigned i = 0; i < RING_SIZE; i++)
		vf.rx[i].address = address;
	send_to_self();
}

/* The device reads receive descriptors at `address`, writes where they say, and then writes them
 * back. */
static void receive_ring(u64 address)
{
	begin();
	set_address(VF_RDBAL, VF_RDBAH, address);
	send_to_self();
}

/* The device reads transmit descriptors at `address` and sends what they say. */
static void transmit_ring(u64 address)
{
	begin();
	set_address(VF_TDBAL, VF_TDBAH, address);
	send_to_self();
}

/* Others send broadcasts: only what we sent ourselves says something about us. */
static bool is_own(const u8 *frame)
{
	return !memcmp(frame, vf.mac, MAC_BYTES) && !memcmp(frame + MAC_BYTES, vf.mac, MAC_BYTES) &&
	       *(const u16 *)(frame + 2 * MAC_BYTES) == ETHERTYPE_BIG_ENDIAN;
}

/* The next frame of our own that came back, or NULL. The one before is done with. */
static const u8 *next_own(u32 *bytes)
{
	static bool holding;
	const u8 *frame;

	if (holding)
		igbvf_rx_done(&vf);
	holding = false;
	while ((frame = igbvf_rx(&vf, bytes))) {
		if (*bytes >= FRAME_MIN && is_own(frame)) {
			holding = true;
			return frame;
		}
		igbvf_rx_done(&vf);
	}
	igbvf_rx_post(&vf);
	return NULL;
}

/*
 * The device reads a frame's bytes at `address`. Its header is ours and brings it back to us: what
 * follows would be somebody's memory.
 */
static void read_frame(u64 address)
{
	const u8 *frame;
	u32 bytes;

	begin();
	send_to_self();
	while (next_own(&bytes))
		;
	for (unsigned i = 0; i < FRAMES_PER_ATTEMPT; i++) {
		igbvf_queue_piece(&vf, (u64)vf.tx_buffers, ETHERNET_HEADER, FRAME_MIN, false);
		igbvf_queue_piece(&vf, address, FRAME_MIN - ETHERNET_HEADER, FRAME_MIN, true);
		igbvf_flush(&vf);
	}
	delay_ns(SETTLE);
	while ((frame = next_own(&bytes)))
		for (u32 i = ETHERNET_HEADER; i < bytes; i++)
			if (frame[i]) {
				print("FAILED: read %x at %llx\n", frame[i],
				      (unsigned long long)address + i - ETHERNET_HEADER);
				leaks++;
				break;
			}
}

/* The device writes the number of the next descriptor, here `value`, to `address`: exactly 32 bits.
 */
static void write_head(u64 address, u32 value)
{
	begin();
	set_address(VF_TDWBAL, VF_TDWBAH, address | WRITE_BACK_ENABLE);
	igbvf_write(&vf, VF_TDH, value - FRAMES_PER_ATTEMPT);
	igbvf_write(&vf, VF_TDT, value - FRAMES_PER_ATTEMPT);
	vf.tx_next = vf.tx_done = vf.tx_posted = value - FRAMES_PER_ATTEMPT;
	send_to_self();
}

static void attack(u64 address)
{
	/*
	 * Whole frames over the interrupt range would be dozens of interrupt messages made of
	 * Ethernet addresses. One message of 32 bits that says what it wants is the better attack.
	 */
	if (address - INTERRUPT_RANGE < INTERRUPT_RANGE_BYTES)
		return;
	write_frame(address);
	receive_ring(address);
	transmit_ring(address);
	read_frame(address);
	write_head(address, RING_SIZE / 2);
}

/* Does DMA to 2 MiB arrive at our 2 MiB? Then it did not arrive at the host's. */
static bool came_home(void)
{
	const u8 *target = (const u8 *)HYPERVISOR_IMAGE;

	begin();
	for (unsigned i = 0; i < RING_SIZE; i++)
		vf.rx[i].address = HYPERVISOR_IMAGE + i * BUFFER_BYTES;
	send_to_self();
	for (unsigned i = 0; i < RING_SIZE; i++)
		if (is_own(target + i * BUFFER_BYTES)) {
			print("DMA to %llx, the hypervisor's place in the host, came to our own "
			      "RAM\n",
			      HYPERVISOR_IMAGE);
			return true;
		}
	print("FAILED: DMA to %llx wrote nothing to our RAM there\n", HYPERVISOR_IMAGE);
	return false;
}

static bool still_works(void)
{
	bool works = false;
	u32 bytes;

	igbvf_stop_rings(&vf);
	igbvf_start_rings(&vf);
	send_to_self();
	while (next_own(&bytes))
		works = true;
	return works;
}

/* Slowly: the hypervisor may take the bus from a VF that faults in a storm. False if it has. */
static bool probe(u64 address)
{
	attack(address);
	apic_sleep(PACE);
	return still_works();
}

static bool sweep(void)
{
	u64 step = cmdline_number("step", STEP_MIB) * MiB;

	if (!step)
		guest_die(STATUS_USAGE, "cmdline: step= needs 1 or more MiB");
	write_head(INTERRUPT_RANGE, STRAY_VECTOR);
	if (!probe(guest->scratch_gpa))
		return false;
	for (u64 a = guest->ram_bytes; a < SWEEP_END; a += step)
		if (!probe(a))
			return false;
	for (u64 a = HIGH_ADDRESS_FIRST; a <= HIGH_ADDRESS_LAST; a *= 2)
		if (!probe(a))
			return false;
	return true;
}

/* Then as fast as it goes, until the bus is taken from us; and then we try to take it back. */
static void storm(void)
{
	for (unsigned i = 0; i < STORM_ROUNDS; i++) {
		attack(guest->ram_bytes + i * PAGE_SIZE);
		if (still_works())
			continue;
		pci_config_write16(&vf.pci, PCI_COMMAND, 0);
		pci_enable(&vf.pci);
		print("after %llu attempts the bus was taken from the VF; it %s\n",
		      (unsigned long long)attempts,
		      still_works() ? "took it back through Command" : "cannot take it back");
		return;
	}
}

int guest_main(void)
{
	u64 damage;
	bool at_home;

	if (memory_end() > HYPERVISOR_IMAGE)
		guest_die(STATUS_USAGE, "this image must end below 2 MiB");
	memory_take(HOME_END - memory_end());
	apic_init();
	igbvf_open(&vf, 0);
	guard_fill();
	at_home = came_home();
	if (sweep())
		print("%llu attempts all over the address space, and the VF still works\n",
		      (unsigned long long)attempts);
	storm();
	damage = guard_count_damage();
	hc_figure(FIGURE_FRAMES_SENT, attempts);
	hc_figure(FIGURE_ERRORS, damage + leaks);
	print("%llu attempts, %llu words of our RAM changed, %llu foreign bytes read\n",
	      (unsigned long long)attempts, (unsigned long long)damage, (unsigned long long)leaks);
	return damage || leaks || !at_home ? STATUS_FAILED : STATUS_OK;
}
