/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small kernel that a stock Linux can talk to: it answers ARP (RFC 826) and ICMP echo (RFC 792)
 * for the address of `ip=` on its VF, and ends well when it has answered `count=` echoes.
 */
#include "base/hw/insn.h"
#include "guest.h"
#include "igbvf.h"
#include "interrupt.h"

#define ETHERTYPE_IPV4  0x0800
#define ETHERTYPE_ARP   0x0806
#define ARP_REQUEST     1
#define ARP_REPLY       2
#define IP_BYTES        4
#define IP_VERSION_5    0x45 /* version 4, five words of header: without options */
#define IP_ICMP         1
#define ICMP_ECHO       8
#define ICMP_ECHO_REPLY 0
#define TICK_NS         (50 * NS_PER_MS)
#define LINGER_NS       (500 * NS_PER_MS) /* so that the last answer has left */
#define TIMEOUT_SECONDS 120

struct ethernet {
	u8 to[MAC_BYTES], from[MAC_BYTES];
	u8 type[2];
} __attribute__((packed));

struct arp {
	struct ethernet ethernet;
	u8 hardware[2], protocol[2], hardware_bytes, protocol_bytes, operation[2];
	u8 sender_mac[MAC_BYTES], sender[IP_BYTES], target_mac[MAC_BYTES], target[IP_BYTES];
} __attribute__((packed));
_Static_assert(sizeof(struct arp) == 42, "RFC 826 on Ethernet");

struct echo {
	struct ethernet ethernet;
	u8 version_words, service, length[2], id[2], fragment[2], ttl, protocol, ip_sum[2];
	u8 source[IP_BYTES], destination[IP_BYTES];
	u8 type, code, sum[2];
} __attribute__((packed));
_Static_assert(sizeof(struct echo) == 14 + 20 + 4, "RFC 791, RFC 792");

static struct igbvf vf;
static u8 my_ip[IP_BYTES];
static u64 answered;
static volatile u32 ticks;

static u16 big_endian(const u8 bytes[2])
{
	return (u16)(bytes[0] << 8 | bytes[1]);
}

static void read_address(void)
{
	char text[CMDLINE_VALUE_BYTES] = "";
	const char *at = text;

	cmdline_get("ip", text);
	for (unsigned i = 0; i < IP_BYTES; i++) {
		u64 byte = parse_number(at, 10, &at);

		if (byte > 255 || *at != (i + 1 < IP_BYTES ? '.' : '\0'))
			guest_die(STATUS_USAGE, "cmdline: ip=%s, expected something like 10.7.0.9",
				  text);
		my_ip[i] = (u8)byte;
		at++;
	}
}

static void send_back(const void *frame, u32 bytes)
{
	u8 *buffer = igbvf_tx_buffer(&vf);
	struct ethernet *e = (struct ethernet *)buffer;

	if (!buffer)
		return; /* the ring is full: who asked asks again */
	memcpy(buffer, frame, bytes);
	memcpy(e->to, e->from, MAC_BYTES);
	memcpy(e->from, vf.mac, MAC_BYTES);
	igbvf_queue(&vf, MAX(bytes, (u32)FRAME_MIN));
}

static void on_arp(const struct arp *request, u32 bytes)
{
	struct arp reply = *request;

	if (bytes < sizeof(reply) || big_endian(request->operation) != ARP_REQUEST ||
	    memcmp(request->target, my_ip, IP_BYTES) != 0)
		return;
	reply.operation[1] = ARP_REPLY;
	memcpy(reply.target_mac, request->sender_mac, MAC_BYTES);
	memcpy(reply.target, request->sender, IP_BYTES);
	memcpy(reply.sender_mac, vf.mac, MAC_BYTES);
	memcpy(reply.sender, my_ip, IP_BYTES);
	send_back(&reply, sizeof(reply));
}

/* Type 8 becomes 0: the one's complement sum grows by 0x0800, with end-around carry (RFC 1624). */
static void fix_sum(u8 sum[2])
{
	u32 value = big_endian(sum) + ((u32)ICMP_ECHO << 8);

	value = (value & 0xffff) + (value >> 16);
	sum[0] = (u8)(value >> 8);
	sum[1] = (u8)value;
}

static void on_echo(const struct echo *request, u32 bytes)
{
	static u8 copy[BUFFER_BYTES];
	struct echo *reply = (struct echo *)copy;

	if (bytes < sizeof(*request) || bytes > sizeof(copy) ||
	    request->version_words != IP_VERSION_5 || request->protocol != IP_ICMP ||
	    request->type != ICMP_ECHO || memcmp(request->destination, my_ip, IP_BYTES) != 0)
		return;
	memcpy(copy, request, bytes);
	reply->type = ICMP_ECHO_REPLY;
	fix_sum(reply->sum);
	memcpy(reply->destination, request->source,
	       IP_BYTES); /* a swap leaves the header's sum as it is */
	memcpy(reply->source, my_ip, IP_BYTES);
	send_back(copy, bytes);
	answered++;
}

static bool work(void)
{
	const u8 *frame;
	u32 bytes;
	bool worked = false;

	while ((frame = igbvf_rx(&vf, &bytes))) {
		u16 type = bytes >= sizeof(struct ethernet)
				   ? big_endian(((const struct ethernet *)frame)->type)
				   : 0;

		if (type == ETHERTYPE_ARP)
			on_arp((const struct arp *)frame, bytes);
		else if (type == ETHERTYPE_IPV4)
			on_echo((const struct echo *)frame, bytes);
		igbvf_rx_done(&vf);
		worked = true;
	}
	igbvf_rx_post(&vf);
	igbvf_flush(&vf);
	return worked;
}

static void on_tick(void *ctx)
{
	(void)ctx;
	ticks++;
}

static void sleep(void)
{
	interrupts_off();
	/* Nothing can come between this look and HLT. */
	if (!vf.events && !ticks)
		halt_until_interrupt();
	interrupts_on();
}

int guest_main(void)
{
	u64 wanted = cmdline_number("count", 10), end = TIMEOUT_SECONDS * NS_PER_S;
	bool done = false;

	read_address();
	apic_init();
	igbvf_open(&vf, 0);
	interrupt_set(VECTOR_TIMER, on_tick, NULL);
	interrupts_on();
	apic_timer_every(TICK_NS);
	while (now_ns() < end) {
		ticks = 0;
		if ((igbvf_take_events(&vf) & BIT(IGBVF_MAILBOX)) && !igbvf_mailbox_event(&vf))
			igbvf_restart(&vf);
		do
			igbvf_clear_causes(&vf);
		while (work());
		igbvf_rearm(&vf);
		if (answered >= wanted && !done) {
			done = true;
			end = now_ns() + LINGER_NS;
		}
		sleep();
	}
	hc_figure(FIGURE_INTERRUPTS, igbvf_interrupts(&vf));
	print("%llu echoes answered, %llu wanted\n", (unsigned long long)answered,
	      (unsigned long long)wanted);
	return done ? STATUS_OK : STATUS_TIMEOUT;
}
