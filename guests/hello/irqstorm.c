/* SPDX-License-Identifier: GPL-2.0-only */
/* A VF whose driver has lost its mind: it makes its own device interrupt without end. */
#include "hello.h"

#include "base/hw/insn.h"
#include "igbvf.h"
#include "interrupt.h"

#define STORM_INTERRUPTS 20000
#define LAST_ONE_TIME    NS_PER_S

static struct igbvf vf;

static void raise(void)
{
	igbvf_write(&vf, VF_EIMS, BIT(IGBVF_RX));
	igbvf_write(&vf, VF_EICS, BIT(IGBVF_RX));
}

int storm_of_vf(u64 argument)
{
	u64 wanted = argument ? argument : STORM_INTERRUPTS, before, end;

	igbvf_open(&vf, 0);
	interrupts_on();
	for (u64 i = 0; i < wanted; i++)
		raise();
	/* Whatever was held back must be over by now; a driver that is sane again is served. */
	apic_sleep(LAST_ONE_TIME / 10);
	before = vf.interrupts[IGBVF_RX];
	end = now_ns() + LAST_ONE_TIME;
	raise();
	while (vf.interrupts[IGBVF_RX] == before && now_ns() < end)
		apic_sleep(NS_PER_MS);
	print("storm of %llu: %llu interrupts taken, the one after it %s\n",
	      (unsigned long long)wanted, (unsigned long long)before,
	      vf.interrupts[IGBVF_RX] != before ? "came" : "is lost");
	hc_figure(FIGURE_INTERRUPTS, vf.interrupts[IGBVF_RX]);
	return vf.interrupts[IGBVF_RX] != before ? STATUS_OK : STATUS_FAILED;
}
