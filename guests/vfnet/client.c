/* SPDX-License-Identifier: GPL-2.0-only */
/* The client: finds its peer, sends, and wants everything back. */
#include "vfnet.h"

#define FRAMES         10000
#define WINDOW         32
#define PATIENCE_TICKS 6 /* without an echo, then what is not echoed is sent again */

static void start(struct session *s)
{
	char peer[CMDLINE_VALUE_BYTES];

	if (!cmdline_get("peer", peer) || !peer[0])
		guest_die(STATUS_USAGE, "cmdline: role=client needs peer=<name of a VM>");
	memcpy(s->peer_name, peer, NAME_BYTES - 1);
	s->total = (u32)cmdline_number("frames", FRAMES);
	s->window = (u32)cmdline_number("window", WINDOW);
	s->patience = (u32)cmdline_number("patience", PATIENCE_TICKS);
	if (!s->total || !s->window || s->window >= RING_SIZE)
		guest_die(STATUS_USAGE, "cmdline: frames= needs 1 or more, window= 1..%u",
			  RING_SIZE - 1);
	frame_send(s, FRAME_HELLO, BROADCAST_MAC, 0);
}

static void on_welcome(struct session *s, const struct frame *f)
{
	if (s->peer_known || strncmp(f->body.hello.from_name, s->peer_name, NAME_BYTES))
		return;
	memcpy(s->peer, f->from, MAC_BYTES);
	s->peer_known = true;
	s->first_ns = now_ns();
	print("peer %s found after %llu ms\n", s->peer_name,
	      (unsigned long long)(s->first_ns / NS_PER_MS));
}

static void on_echo(struct session *s, const struct frame *f, u32 bytes)
{
	/* Older ones are answers to frames that we sent twice. Later ones: one is missing, and will
	 * be sent again. */
	if (f->sequence != s->expected)
		return;
	if (!frame_check(s, f, bytes))
		return;
	s->expected++;
	s->received++;
	s->idle_ticks = 0;
	if (s->next < s->expected) {
		/* Taken for lost, but only late: it need not be sent again. */
		s->next = s->expected;
		s->sent++;
		s->resent--;
	}
	if (s->expected < s->total)
		return;
	s->last_ns = now_ns();
	s->finishing = true;
	frame_send(s, FRAME_FIN, s->peer, 0);
}

static bool on_frame(struct session *s, const struct frame *f, u32 bytes)
{
	if (f->kind == FRAME_WELCOME)
		on_welcome(s, f);
	else if (f->kind == FRAME_ECHO && s->peer_known && !s->finishing)
		on_echo(s, f, bytes);
	else if (f->kind == FRAME_FIN_ACK && s->finishing)
		s->done = true;
	return true;
}

static bool pump(struct session *s)
{
	bool sent = false;

	if (!s->peer_known || s->finishing)
		return false;
	while (s->next < s->total && s->next - s->expected < s->window &&
	       frame_send(s, FRAME_DATA, s->peer, s->next)) {
		s->next++;
		s->sent++;
		sent = true;
	}
	return sent;
}

static void tick(struct session *s)
{
	if (!s->peer_known) {
		frame_send(s, FRAME_HELLO, BROADCAST_MAC, 0);
	} else if (s->finishing) {
		frame_send(s, FRAME_FIN, s->peer, 0);
	} else if (++s->idle_ticks >= s->patience) {
		s->resent += s->next - s->expected;
		s->sent -= s->next - s->expected;
		s->next = s->expected;
		s->idle_ticks = 0;
	}
}

const struct role client_role = { "client", start, on_frame, pump, tick };
