/* SPDX-License-Identifier: GPL-2.0-only */
#include "harness.h"

#include <string.h>

#include "pci/config.h"

struct fake_igb card;
struct master master;
struct sriov_pf pf;
struct vf vfs[8];
const u8 pf_mac[6] = { 0x00, 0x1b, 0x21, 0x11, 0x22, 0x33 };
unsigned changed_calls[8];
static struct pci_function function;

static const char *vm_name_of(const struct vf *vf)
{
	return vf->index == 0 ? "web" : "db";
}

static void on_changed(struct master *m, struct vf *vf)
{
	struct coppice_vf_page page;

	/* As vmm/ does it: fill the page from within the callback. */
	m->driver->fill_page(m, vf, &page);
	changed_calls[vf->index]++;
}

int setup_cold(void **state)
{
	(void)state;
	fakes_reset();
	fake_pci_reset();
	struct fake_function *port = fake_pci_root_port(rid_make(0, 0, 3, 0), 1, 1, FAKE_ACS_ALL);
	struct fake_function *card_function = fake_pci_igb(port);

	assert_int_equal(pci_config_init(fake_pci_mcfg(), NULL), OK);
	fake_igb_reset(&card, hpa(BAR_BASE), pf_mac);
	function = (struct pci_function){ .rid = card_function->rid,
					  .vendor = 0x8086,
					  .device = 0x10c9 };
	function.bars[0] = (struct pci_bar){ .base = BAR_BASE, .size = FAKE_IGB_BYTES };
	pf = (struct sriov_pf){ .function = &function, .name = "igb0", .total_vfs = 8, .vfs = vfs };
	function.pf = &pf;
	for (unsigned n = 0; n < 8; n++)
		vfs[n] = (struct vf){ .pf = &pf,
				      .index = (u16)n,
				      .rid = rid_make(0, 1, 16 + n / 4, n % 4 * 2),
				      .state = VF_PARKED };
	memset(&master, 0, sizeof(master));
	memset(changed_calls, 0, sizeof(changed_calls));
	master.driver = &igb_master_driver;
	master.pf = &pf;
	master.msix.vectors = 10;
	master.vm_name_of = vm_name_of;
	master.changed = on_changed;
	return 0;
}

void start_card(unsigned vf_count)
{
	struct why why = { 0 };

	assert_int_equal(master.driver->start(&master, &why), OK);
	pf.num_vfs = (u16)vf_count;
	fake_igb_vf_enable(&card, vf_count);
	assert_int_equal(master.driver->vfs_enabled(&master, &why), OK);
	assert_int_equal(master.driver->enable_interrupt(&master, 0, &why), OK);
}

int setup_started(void **state)
{
	setup_cold(state);
	start_card(VF_COUNT);
	return 0;
}

int setup_running(void **state)
{
	u32 answer[3];

	setup_started(state);
	for (unsigned n = 0; n < 2; n++) {
		prepare(n, &(struct vf_policy){ 0 });
		ask_reset(n, answer);
	}
	return 0;
}

void prepare(unsigned n, const struct vf_policy *policy)
{
	struct why why = { 0 };

	if (master.driver->check_policy(&master, &vfs[n], policy, &why))
		fail_msg("policy refused: %s", why.text);
	master.driver->prepare_vf(&master, &vfs[n], policy, NULL);
}

const u8 *mac_of(unsigned n)
{
	static struct vf_service service;

	master.driver->describe_vf(&master, &vfs[n], &service);
	return service.mac;
}

static void exchange(unsigned n, const u32 *words, unsigned count, u32 *answer, unsigned want)
{
	u32 mailbox;

	fake_igb_vf_mailbox(&card, n); /* old bits */
	assert_true(fake_igb_vf_send(&card, n, words, count));
	master.driver->service(&master);
	mailbox = fake_igb_vf_mailbox(&card, n);
	assert_int_equal(mailbox & (FAKE_V2P_PFACK | FAKE_V2P_PFSTS),
			 FAKE_V2P_PFACK | FAKE_V2P_PFSTS);
	assert_true(fake_igb_vf_receive(&card, n, answer, want));
}

u32 ask(unsigned n, const u32 *words, unsigned count)
{
	u32 answer;

	exchange(n, words, count, &answer, 1);
	return answer;
}

void ask_reset(unsigned n, u32 answer[3])
{
	exchange(n, (const u32[]){ MESSAGE_VF_RESET }, 1, answer, 3);
}

void ask_in_vain(unsigned n, const u32 *words, unsigned count)
{
	fake_igb_vf_mailbox(&card, n);
	assert_true(fake_igb_vf_send(&card, n, words, count));
	master.driver->service(&master);
	assert_false(fake_igb_vf_mailbox(&card, n) & FAKE_V2P_PFSTS);
	assert_false(card.vf[n].pfu);
}

u32 vmolr(unsigned n)
{
	return fake_igb_reg(&card, IGB_VMOLR0 + 4 * n);
}

bool gate_open(unsigned n)
{
	bool receive = fake_igb_reg(&card, IGB_VFRE) & BIT(n);
	bool transmit = fake_igb_reg(&card, IGB_VFTE) & BIT(n);

	assert_int_equal(receive, transmit);
	return receive;
}

int rar_of(const u8 *mac, unsigned pool)
{
	for (int i = 0; i < IGB_RAR_ENTRIES; i++) {
		u32 offset = i < 16 ? IGB_RAL0 + 8 * (u32)i : IGB_RAL16 + 8 * ((u32)i - 16);
		u32 words[2] = { fake_igb_reg(&card, offset), fake_igb_reg(&card, offset + 4) };

		if (words[1] & RAH_VALID && words[1] & RAH_POOL(pool) && !memcmp(words, mac, 6))
			return i;
	}
	return -1;
}

u32 vlan_pools(u16 vid)
{
	u32 pools = 0;
	bool known = fake_igb_reg(&card, IGB_VFTA0 + 4 * (vid / 32u)) >> vid % 32 & 1;

	for (u32 i = 0; i < IGB_VLVF_ENTRIES; i++) {
		u32 entry = fake_igb_reg(&card, IGB_VLVF0 + 4 * i);

		if (entry & VLVF_VALID && (entry & 0xfff) == vid)
			pools |= entry >> 12 & 0xff;
	}
	assert_int_equal(known, pools != 0);
	return pools;
}

bool hash_is_set(u16 hash)
{
	return fake_igb_reg(&card, IGB_MTA0 + 4 * (hash / 32u)) >> hash % 32 & 1;
}
