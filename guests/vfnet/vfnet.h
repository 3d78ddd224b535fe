/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vfnet: two guests that exchange numbered frames through their VFs.
 *
 *	client					server
 *	HELLO (broadcast, until answered) ----->
 *	       <----------------------------- WELCOME
 *	DATA 0, 1, 2, ... (a window of them) -->
 *	       <----------------------------- ECHO 0, 1, 2, ...
 *	FIN (until answered) ----------------->
 *	       <----------------------------- FIN_ACK, and ends a little later
 *
 * Both check every byte, every length and the order. A frame that is lost is sent again, from there
 *on.
 */
#ifndef GUESTS_VFNET_H
#define GUESTS_VFNET_H

#include "guest.h"
#include "igbvf.h"

#define NAME_BYTES 16 /* of a VM, as it stands in a frame */

enum frame_kind {
	FRAME_HELLO = 1,
	FRAME_WELCOME,
	FRAME_DATA,
	FRAME_ECHO,
	FRAME_FIN,
	FRAME_FIN_ACK,
};

struct frame {
	u8 to[MAC_BYTES], from[MAC_BYTES];
	u16 ethertype; /* big endian */
	u8 version, kind;
	u32 sequence;
	u32 total; /* how many DATA frames there will be */
	u16 length;
	union {
		struct {
			char from_name[NAME_BYTES], to_name[NAME_BYTES];
		} hello;
		u8 pattern[0]; /* DATA and ECHO */
	} body;
} __attribute__((packed));
_Static_assert(sizeof(struct frame) <= FRAME_MIN, "every kind fits the shortest frame");

struct session;
struct role {
	const char *name;
	void (*start)(struct session *s);
	/* False: no room to answer; offer the frame again. */
	bool (*on_frame)(struct session *s, const struct frame *f, u32 bytes);
	/* Send what can be sent now; true if something was. */
	bool (*pump)(struct session *s);
	/* Every TICK_NS. */
	void (*tick)(struct session *s);
};

struct session {
	struct igbvf vf;
	const struct role *role;
	char peer_name[NAME_BYTES];
	u8 peer[MAC_BYTES];
	bool peer_known, finishing, done;
	u32 total, window;
	u32 next;       /* client: to send next */
	u32 expected;   /* the number that must come now: of an ECHO (client), of DATA (server) */
	u32 idle_ticks; /* since the last one came */
	u32 patience;   /* ticks without an echo until the client sends again */
	u64 sent, received, resent, errors;
	u64 first_ns, last_ns; /* the data phase */
};

extern const struct role client_role, server_role;

#define TICK_NS (50 * NS_PER_MS)

/* frame.c */
/* A frame that is one of ours, for us, from somebody else. Lengths are checked; DATA and ECHO
 * patterns are not. */
bool frame_is_ours(const struct session *s, const struct frame *f, u32 bytes);
/* Number, length and every byte as they must be? Says what is wrong, and counts it. */
bool frame_check(struct session *s, const struct frame *f, u32 bytes);
/* False while the ring is full. */
bool frame_send(struct session *s, enum frame_kind kind, const u8 *to, u32 sequence);
bool frame_echo(struct session *s, const struct frame *f);

#endif
