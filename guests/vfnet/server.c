/* SPDX-License-Identifier: GPL-2.0-only */
/* The server: answers the first client that asks for it by name, and sends back what comes in
 * order. */
#include "vfnet.h"

#define LINGER_TICKS 6 /* a FIN_ACK that got lost is asked for again within this time */

static void start(struct session *s)
{
	(void)s;
}

static bool on_hello(struct session *s, const struct frame *f)
{
	if (strncmp(f->body.hello.to_name, guest->name, NAME_BYTES))
		return true;
	if (s->peer_known && memcmp(f->from, s->peer, MAC_BYTES))
		return true;
	if (!s->peer_known) {
		memcpy(s->peer, f->from, MAC_BYTES);
		memcpy(s->peer_name, f->body.hello.from_name, NAME_BYTES - 1);
		s->peer_known = true;
		s->total = f->total;
		s->first_ns = now_ns();
		print("client %s found after %llu ms\n", s->peer_name,
		      (unsigned long long)(s->first_ns / NS_PER_MS));
	}
	return frame_send(s, FRAME_WELCOME, s->peer, 0);
}

static bool on_data(struct session *s, const struct frame *f, u32 bytes)
{
	/* Behind a frame that got lost: the client sends all from there again. */
	if (f->sequence > s->expected)
		return true;
	if (!frame_check(s, f, bytes))
		return true;
	if (!frame_echo(s, f))
		return false;
	if (f->sequence < s->expected) {
		s->resent++;
		return true;
	}
	s->expected++;
	s->received++;
	s->sent++;
	s->last_ns = now_ns();
	return true;
}

static bool on_fin(struct session *s)
{
	if (!s->finishing && s->expected != s->total) {
		print("FAILED: the client ends after %u of %u frames\n", s->expected, s->total);
		s->errors++;
	}
	s->finishing = true;
	s->idle_ticks = 0;
	return frame_send(s, FRAME_FIN_ACK, s->peer, 0);
}

static bool on_frame(struct session *s, const struct frame *f, u32 bytes)
{
	if (f->kind == FRAME_HELLO)
		return on_hello(s, f);
	if (f->kind == FRAME_DATA && s->peer_known && !s->finishing)
		return on_data(s, f, bytes);
	if (f->kind == FRAME_FIN && s->peer_known)
		return on_fin(s);
	return true;
}

static bool pump(struct session *s)
{
	(void)s;
	return false;
}

static void tick(struct session *s)
{
	if (s->finishing && ++s->idle_ticks >= LINGER_TICKS)
		s->done = true;
}

const struct role server_role = { "server", start, on_frame, pump, tick };
