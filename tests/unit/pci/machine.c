/* SPDX-License-Identifier: GPL-2.0-only */
/* The machines that the tests of pci/ start from. */
#include "machine.h"

#define POOL_PAGES 64

struct fake_function *port, *other_port, *igb;

int begin_machine(void **state)
{
	(void)state;
	fakes_reset();
	fake_pool_reset(POOL_PAGES);
	fake_pci_reset();
	pci_space_clear();
	fake_pci_add(HOST_BRIDGE, NULL, 0x29c08086, 0x06000000);
	port = fake_pci_root_port(PORT, 1, 1, FAKE_ACS_ALL);
	fake_window(port, false, PORT_MEM, WINDOW);
	fake_window(port, true, PORT_PREFETCH, WINDOW);
	other_port = fake_pci_root_port(OTHER_PORT, 2, 2, FAKE_ACS_ALL);
	fake_window(other_port, false, OTHER_MEM, WINDOW);
	fake_window(other_port, true, OTHER_PREFETCH, WINDOW);
	fake_pci_add(ISA_BRIDGE, NULL, 0x29188086, 0x06010002);
	return 0;
}

int begin_igb(void **state)
{
	begin_machine(state);
	igb = fake_pci_igb(port);
	return 0;
}

void discover(void)
{
	assert_int_equal(pci_config_init(fake_pci_mcfg(), NULL), OK);
	assert_int_equal(pci_walk(NULL), OK);
	acs_enable_all();
	sriov_probe_all();
}

struct sriov_pf *enable_all(void)
{
	struct why why = { .text = "" };

	discover();
	assert_int_equal(sriov_pf_count(), 1);
	if (sriov_enable(sriov_pf(0), 0, 0, &why) != OK)
		fail_msg("sriov_enable: %s", why.text);
	return sriov_pf(0);
}

void take_snapshot(struct snapshot *s)
{
	s->functions = MIN(pci_function_count(), ARRAY_LEN(s->bytes));
	for (unsigned i = 0; i < s->functions; i++)
		memcpy(s->bytes[i], fake_pci_find(pci_function(i)->rid)->config, FAKE_CONFIG_BYTES);
}

void assert_unchanged_since(const struct snapshot *s)
{
	assert_int_equal(s->functions, MIN(pci_function_count(), ARRAY_LEN(s->bytes)));
	for (unsigned i = 0; i < s->functions; i++)
		for (unsigned at = 0; at < FAKE_CONFIG_BYTES; at++) {
			struct rid rid = pci_function(i)->rid;
			u8 now = fake_pci_find(rid)->config[at];

			if (now != s->bytes[i][at])
				fail_msg(RID_FMT " offset %x: %02x before, %02x now", RID_ARG(rid),
					 at, s->bytes[i][at], now);
		}
}
