/* SPDX-License-Identifier: GPL-2.0-only */
/* Frames of vfnet: how they look, and whether one that came looks as it must. */
#include "vfnet.h"

#define ETHERTYPE_BIG_ENDIAN 0xb588 /* 0x88b5: IEEE 802 local experimental */
#define PROTOCOL_VERSION     1
#define ERRORS_SHOWN         8
#define SIZES                (FRAME_MAX - FRAME_MIN + 1)
#define SIZE_STEP            677 /* has no factor in common with SIZES: every size comes up */

/* Shortest and longest first, then all over the range. */
static u32 length_of(u32 sequence)
{
	if (sequence < 2)
		return sequence ? FRAME_MAX : FRAME_MIN;
	return FRAME_MIN + sequence * SIZE_STEP % SIZES;
}

static u8 pattern_byte(u32 sequence, u32 i)
{
	return (u8)(sequence * 31 + (sequence >> 8) * 17 + i * 7 + (i >> 8));
}

bool frame_is_ours(const struct session *s, const struct frame *f, u32 bytes)
{
	/* Broadcasts come back to their sender on some devices. */
	return bytes >= FRAME_MIN && f->ethertype == ETHERTYPE_BIG_ENDIAN &&
	       f->version == PROTOCOL_VERSION && memcmp(f->from, s->vf.mac, MAC_BYTES) &&
	       (!s->peer_known || f->kind == FRAME_HELLO || !memcmp(f->from, s->peer, MAC_BYTES));
}

static void complain(struct session *s, const char *what, u32 sequence, u32 is, u32 should)
{
	if (s->errors++ < ERRORS_SHOWN)
		print("FAILED: frame %u: %s is %u, expected %u\n", sequence, what, is, should);
}

bool frame_check(struct session *s, const struct frame *f, u32 bytes)
{
	u32 length = length_of(f->sequence), i = 0;

	if (bytes != length || f->length != length) {
		complain(s, "length", f->sequence, bytes, length);
		return false;
	}
	for (; i < length - offsetof(struct frame, body); i++)
		if (f->body.pattern[i] != pattern_byte(f->sequence, i)) {
			complain(s, "a byte", f->sequence, f->body.pattern[i],
				 pattern_byte(f->sequence, i));
			return false;
		}
	return true;
}

bool frame_send(struct session *s, enum frame_kind kind, const u8 *to, u32 sequence)
{
	struct frame *f = (struct frame *)igbvf_tx_buffer(&s->vf);
	u32 length = kind == FRAME_DATA ? length_of(sequence) : FRAME_MIN;

	if (!f)
		return false;
	memcpy(f->to, to, MAC_BYTES);
	memcpy(f->from, s->vf.mac, MAC_BYTES);
	f->ethertype = ETHERTYPE_BIG_ENDIAN;
	f->version = PROTOCOL_VERSION;
	f->kind = (u8)kind;
	f->sequence = sequence;
	f->total = s->total;
	f->length = (u16)length;
	memset(&f->body, 0, FRAME_MIN - offsetof(struct frame, body));
	if (kind == FRAME_DATA) {
		for (u32 i = 0; i < length - offsetof(struct frame, body); i++)
			f->body.pattern[i] = pattern_byte(sequence, i);
	} else {
		memcpy(f->body.hello.from_name, guest->name, NAME_BYTES);
		memcpy(f->body.hello.to_name, s->peer_name, NAME_BYTES);
	}
	igbvf_queue(&s->vf, length);
	return true;
}

bool frame_echo(struct session *s, const struct frame *f)
{
	struct frame *echo = (struct frame *)igbvf_tx_buffer(&s->vf);

	if (!echo)
		return false;
	/* What came goes back: the client then checks what went through two rings and the switch
	 * twice. */
	memcpy(echo, f, f->length);
	memcpy(echo->to, f->from, MAC_BYTES);
	memcpy(echo->from, s->vf.mac, MAC_BYTES);
	echo->kind = FRAME_ECHO;
	igbvf_queue(&s->vf, f->length);
	return true;
}
