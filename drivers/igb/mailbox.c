/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mailbox between VF and PF: 16 words that both see, and who may write them (datasheet
 *sections 7.10.2, 8.14).
 *
 *	VF: sets VFU, writes, sets REQ (drops VFU)	PF: sets PFU, copies, sets ACK and keeps PFU
 *	VF: sees PFACK, waits				PF: writes the answer, sets STS (drops PFU)
 *	VF: sees PFSTS, sets VFU, reads, sets ACK
 *
 * The buffer is shared memory with somebody whom we do not trust: it is read once, into a copy.
 */
#include "base/string.h"
#include "drivers/igb/igb.h"

#define LOCK_TRIES 8

static enum igb_reg buffer_word(unsigned pool, unsigned word)
{
	return igb_word(igb_reg_n(IGB_VMBMEM0, pool, IGB_MAILBOX_STRIDE), word);
}

static enum igb_reg control(unsigned pool)
{
	return igb_word(IGB_P2VMAILBOX0, pool);
}

/* PFU is granted only while the VF does not hold the buffer. A VF that holds it for ever must not
 * hold us. */
static enum err lock_buffer(const struct igb *g, unsigned pool)
{
	for (unsigned i = 0; i < LOCK_TRIES; i++) {
		igb_write(g, control(pool), P2V_PFU);
		if (igb_read(g, control(pool)) & P2V_PFU)
			return OK;
	}
	return ERR_BUSY;
}

enum err igb_mailbox_read(struct igb *g, struct igb_vf *v, u32 words[IGB_MAILBOX_WORDS])
{
	unsigned pool = igb_index(g, v);
	enum err e = lock_buffer(g, pool);

	if (e)
		return e;
	for (unsigned i = 0; i < IGB_MAILBOX_WORDS; i++)
		words[i] = igb_read(g, buffer_word(pool, i));
	igb_trace_add(g, v, true, words[0], words[1]);
	/* The acknowledgement comes before the answer: the VF waits for one after the other. */
	igb_write(g, control(pool), P2V_ACK | P2V_PFU);
	return OK;
}

enum err igb_mailbox_write(struct igb *g, struct igb_vf *v, const u32 *words, unsigned count)
{
	unsigned pool = igb_index(g, v);
	enum err e = lock_buffer(g, pool);

	if (e)
		return e;
	for (unsigned i = 0; i < count; i++)
		igb_write(g, buffer_word(pool, i), words[i]);
	igb_trace_add(g, v, false, words[0], count > 1 ? words[1] : 0);
	igb_write(g, control(pool), P2V_STS);
	return OK;
}

void igb_mailbox_unlock(struct igb *g, const struct igb_vf *v)
{
	igb_write(g, control(igb_index(g, v)), 0);
}

void igb_mailbox_ping(struct igb *g, struct igb_vf *v)
{
	u32 word = MESSAGE_PF_CONTROL | (v->ready ? MESSAGE_CTS : 0);

	/* A VF that holds the buffer is about to send, and hears from us then. */
	if (igb_mailbox_write(g, v, &word, 1))
		log_debug(g->master->pf->name, "VF %u holds its mailbox, no ping", igb_index(g, v));
}

void igb_mailbox_wipe(struct igb *g, struct igb_vf *v)
{
	unsigned pool = igb_index(g, v);

	igb_write(g, control(pool), P2V_RVFU);
	for (unsigned i = 0; i < IGB_MAILBOX_WORDS; i++)
		igb_write(g, buffer_word(pool, i), 0);
	igb_write(g, control(pool), 0);
	igb_write(g, IGB_MBVFICR, MBVFICR_REQ(pool) | MBVFICR_ACK(pool));
	v->request_pending = false;
	v->stuck_since = 0;
	v->nack_at = 0;
}
