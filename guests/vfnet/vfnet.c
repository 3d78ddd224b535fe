/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The main loop: sleep until an interrupt, work until nothing is left, sleep. Interrupts are on
 * while it works, so that none has to wait for a window; they only set a flag.
 */
#include "vfnet.h"

#include "base/hw/insn.h"
#include "interrupt.h"

#define TIMEOUT_SECONDS 180
#define US_PER_S        1000000ull
#define NS_PER_US       1000ull

static struct session session;
static volatile u32 ticks;

static void on_timer(void *ctx)
{
	(void)ctx;
	ticks++;
}

static bool poll(struct session *s)
{
	bool worked = false;
	const u8 *frame;
	u32 bytes;

	while ((frame = igbvf_rx(&s->vf, &bytes))) {
		const struct frame *f = (const struct frame *)frame;

		if (frame_is_ours(s, f, bytes) && !s->role->on_frame(s, f, bytes))
			break; /* no room for the answer: the Tx interrupt brings us back */
		igbvf_rx_done(&s->vf);
		worked = true;
	}
	worked |= s->role->pump(s);
	igbvf_rx_post(&s->vf);
	igbvf_flush(&s->vf);
	return worked;
}

static void on_mailbox(struct session *s)
{
	if (igbvf_mailbox_event(&s->vf))
		return;
	print("the PF took \"clear to send\" back: starting the VF over\n");
	if (!igbvf_restart(&s->vf))
		guest_die(STATUS_FAILED, "the VF does not come back");
}

static void sleep(struct session *s)
{
	interrupts_off();
	/* With interrupts off nothing can come between this look and HLT; the STI before HLT lets
	 * it in after. */
	if (!s->vf.events && !ticks)
		halt_until_interrupt();
	interrupts_on();
}

static void run(struct session *s)
{
	u64 timeout = cmdline_number("timeout", TIMEOUT_SECONDS) * NS_PER_S;

	while (!s->done) {
		/* Also with each tick: QEMU raises the Rx vector for a message of the PF. */
		if (igbvf_take_events(&s->vf) & BIT(IGBVF_MAILBOX) || ticks)
			on_mailbox(s);
		if (ticks) {
			ticks = 0;
			s->role->tick(s);
			if (now_ns() > timeout)
				return;
		}
		do
			igbvf_clear_causes(&s->vf);
		while (poll(s) && !s->done);
		igbvf_rearm(&s->vf);
		if (!s->done)
			sleep(s);
	}
}

static int report(const struct session *s)
{
	u64 us = (s->last_ns - s->first_ns) / NS_PER_US;

	hc_figure(FIGURE_FRAMES_SENT, s->sent);
	hc_figure(FIGURE_FRAMES_RECEIVED, s->received);
	hc_figure(FIGURE_INTERRUPTS, igbvf_interrupts(&s->vf));
	hc_figure(FIGURE_ERRORS, s->errors);
	print("%s: %llu frames sent, %llu received, %llu errors, %llu sent again\n", s->role->name,
	      (unsigned long long)s->sent, (unsigned long long)s->received,
	      (unsigned long long)s->errors, (unsigned long long)s->resent);
	print("%s: %llu interrupts (%llu Rx, %llu Tx, %llu mailbox), %llu frames/s\n",
	      s->role->name, (unsigned long long)igbvf_interrupts(&s->vf),
	      (unsigned long long)s->vf.interrupts[IGBVF_RX],
	      (unsigned long long)s->vf.interrupts[IGBVF_TX],
	      (unsigned long long)s->vf.interrupts[IGBVF_MAILBOX],
	      (unsigned long long)(us ? s->received * US_PER_S / us : 0));
	if (!s->done) {
		print("FAILED: timeout, %s\n", !igbvf_link(&s->vf) ? "the VF has no link"
					       : !s->peer_known    ? "no peer answered"
					       : s->finishing ? "the peer does not confirm the end"
							      : "frames are missing");
		return STATUS_TIMEOUT;
	}
	return s->errors || s->received != s->total ? STATUS_FAILED : STATUS_OK;
}

int guest_main(void)
{
	struct session *s = &session;
	char role[CMDLINE_VALUE_BYTES];

	cmdline_get("role", role);
	if (!strcmp(role, client_role.name))
		s->role = &client_role;
	else if (!strcmp(role, server_role.name))
		s->role = &server_role;
	else
		guest_die(STATUS_USAGE, "cmdline: role=%s, expected client or server", role);
	print("vfnet %s on %s\n", role, guest->name);
	apic_init();
	igbvf_open(&s->vf, 0);
	interrupt_set(VECTOR_TIMER, on_timer, NULL);
	s->role->start(s);
	interrupts_on();
	apic_timer_every(TICK_NS);
	run(s);
	apic_timer_every(0);
	return report(s);
}
