/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a VF says to its PF, and in which order (82576 section 7.10.2; the messages are those of
 *Intel's drivers).
 *
 *	CTRL.RST, wait for "PF reset done"
 *	VF_RESET --> answer with our MAC: from here on we are "clear to send"
 *	SET_MAC with that MAC, SET_LPE with the longest frame
 */
#include "guest.h"
#include "igbvf.h"

#define CTRL_RST                   BIT(26)
#define V2P_REQ                    BIT(0)
#define V2P_ACK                    BIT(1)
#define V2P_VFU                    BIT(2)
#define V2P_PFSTS                  BIT(4)
#define V2P_PFACK                  BIT(5)
#define V2P_RSTI                   BIT(6)
#define V2P_RSTD                   BIT(7)
#define V2P_CLEAR_ON_READ          (V2P_PFSTS | V2P_PFACK | V2P_RSTD)
#define MESSAGE_ACK                BIT(31)
#define MESSAGE_NACK               BIT(30)
#define MESSAGE_CTS                BIT(29)
#define MESSAGE_VF_RESET           1u
#define MESSAGE_SET_MAC            2u
#define MESSAGE_SET_LPE            5u
#define FRAME_MAX_WITH_TAG_AND_CRC (FRAME_MAX + 4 + 4)
/* As igbvf waits: 200 times 5 us for the reset, 2000 times 500 us for an answer. */
#define RESET_TIMEOUT  (1 * NS_PER_MS)
#define ANSWER_TIMEOUT (1 * NS_PER_S)

static volatile u32 *memory(const struct igbvf *v)
{
	return (volatile u32 *)(v->regs + VF_MAILBOX_MEMORY);
}

/* Some bits are gone when they have been read: keep them until somebody asks for them. */
static bool saw(struct igbvf *v, u32 bits)
{
	u32 now = igbvf_read(v, VF_MAILBOX) | v->mailbox_seen;

	v->mailbox_seen = now & V2P_CLEAR_ON_READ & ~bits;
	return now & bits;
}

static bool wait_to_see(struct igbvf *v, u32 bits, u64 timeout)
{
	u64 end = now_ns() + timeout;

	while (!saw(v, bits))
		if (now_ns() > end)
			return saw(v, bits);
	return true;
}

static bool take_buffer(struct igbvf *v)
{
	u64 end = now_ns() + ANSWER_TIMEOUT;

	do {
		igbvf_write(v, VF_MAILBOX, V2P_VFU);
		if (saw(v, V2P_VFU))
			return true;
	} while (now_ns() < end);
	return false;
}

static bool send(struct igbvf *v, const u32 *words, unsigned count)
{
	if (!take_buffer(v))
		return false;
	/* What the PF said before is overwritten now. */
	saw(v, V2P_PFSTS | V2P_PFACK);
	for (unsigned i = 0; i < count; i++)
		memory(v)[i] = words[i];
	igbvf_write(v, VF_MAILBOX, V2P_REQ);
	return wait_to_see(v, V2P_PFACK, ANSWER_TIMEOUT);
}

static bool receive(struct igbvf *v, u32 *words, unsigned count)
{
	if (!take_buffer(v))
		return false;
	for (unsigned i = 0; i < count; i++)
		words[i] = memory(v)[i];
	igbvf_write(v, VF_MAILBOX, V2P_ACK);
	return true;
}

static bool exchange(struct igbvf *v, const u32 *words, unsigned count, u32 *answer, unsigned want)
{
	return send(v, words, count) && wait_to_see(v, V2P_PFSTS, ANSWER_TIMEOUT) &&
	       receive(v, answer, want);
}

bool igbvf_request(struct igbvf *v, const u32 *words, unsigned count, u32 *answer)
{
	return exchange(v, words, count, answer, 1);
}

static bool pf_is_ready(struct igbvf *v)
{
	u64 end = now_ns() + RESET_TIMEOUT;

	/* "Done" is shown once and is gone when read: ready means that neither is seen any more. */
	do {
		if (!saw(v, V2P_RSTI | V2P_RSTD))
			return true;
	} while (now_ns() < end);
	return !saw(v, V2P_RSTI | V2P_RSTD);
}

/* SET_MAC and SET_LPE: the PF may say no to either, but it has to answer. */
static bool configure(struct igbvf *v)
{
	u32 mac[3] = { MESSAGE_SET_MAC }, lpe[2] = { MESSAGE_SET_LPE, FRAME_MAX_WITH_TAG_AND_CRC };
	u32 answer;

	memcpy(mac + 1, v->mac, MAC_BYTES);
	if (!igbvf_request(v, mac, ARRAY_LEN(mac), &answer))
		return false;
	if (!(answer & MESSAGE_ACK))
		print("VF: the PF refuses SET_MAC (%x)\n", answer);
	if (!igbvf_request(v, lpe, ARRAY_LEN(lpe), &answer))
		return false;
	if (!(answer & MESSAGE_ACK))
		print("VF: the PF refuses SET_LPE (%x)\n", answer);
	return true;
}

bool igbvf_reset(struct igbvf *v)
{
	u32 request = MESSAGE_VF_RESET, answer[3];

	v->ready = false;
	igbvf_write(v, VF_CTRL, CTRL_RST);
	if (!pf_is_ready(v)) {
		print("VF: the PF is still in reset\n");
		return false;
	}
	if (!exchange(v, &request, 1, answer, ARRAY_LEN(answer)))
		return false;
	if (answer[0] != (MESSAGE_VF_RESET | MESSAGE_ACK)) {
		print("VF: the PF refuses VF_RESET (%x)\n", answer[0]);
		return false;
	}
	memcpy(v->mac, answer + 1, MAC_BYTES);
	v->ready = configure(v);
	return v->ready;
}

bool igbvf_mailbox_event(struct igbvf *v)
{
	u32 word;

	/* Late answers and acknowledgements also raise this vector. */
	if (!saw(v, V2P_PFSTS) || !receive(v, &word, 1))
		return true;
	return word & MESSAGE_CTS;
}
