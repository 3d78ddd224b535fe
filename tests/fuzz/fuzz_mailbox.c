/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest that says anything to the master driver of an 82576, at any time. Input: the first byte
 * chooses VF 0's policy; then operations: what (1), and for a message its length (1) and words. VF
 * 1 does nothing after its handshake and keeps all that it has; no VF gets an address of another;
 * each call of service() is bounded.
 */
#include <stdlib.h>
#include <string.h>

#include "drivers/igb/igb.h"
#include "fakes/fake_igb.h"
#include "fakes/fakes.h"

#define BAR_BASE     0xc0000000ull
#define VF_COUNT     2
#define ACCESSES_MAX 8000
#define TIME_STEP_NS 300000000ull

enum operation {
	OP_SEND,
	OP_KNOCK,
	OP_TAKE,
	OP_RELEASE,
	OP_RECEIVE,
	OP_RESET,
	OP_WAIT,
	OP_SERVE,
	OPERATIONS
};

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static const u8 pf_mac[6] = { 0x00, 0x1b, 0x21, 0x11, 0x22, 0x33 };
static struct fake_igb card;
static struct pci_function function;
static struct vf vfs[VF_COUNT];
static struct sriov_pf pf;
static struct master master;
static u8 bystander_mac[6];
static u32 bystander_vmolr;

static const char *vm_name_of(const struct vf *vf)
{
	return vf->index ? "bystander" : "fuzzer";
}

static void serve(void)
{
	u64 before = card.accesses;

	master.driver->service(&master);
	if (card.accesses - before > ACCESSES_MAX)
		abort();
}

static void start(u8 policy)
{
	const struct vf_policy policies[VF_COUNT] = {
		{ .trust = policy & 1,
		  .vlan = policy & 2 ? 42 : 0,
		  .trunk = { 7, 8 },
		  .trunk_count = policy & 2 ? 0 : 2,
		  .link = policy & 4 ? VF_LINK_DOWN : VF_LINK_AUTO },
		{ 0 },
	};

	fakes_reset();
	fake_time_set_step(TIME_STEP_NS / 10); /* the link comes after some looks at the clock */
	fake_igb_reset(&card, hpa(BAR_BASE), pf_mac);
	function = (struct pci_function){ .rid = RID_NONE };
	function.bars[0] = (struct pci_bar){ .base = BAR_BASE, .size = FAKE_IGB_BYTES };
	pf = (struct sriov_pf){
		.function = &function, .name = "igb0", .vfs = vfs, .num_vfs = VF_COUNT
	};
	memset(&master, 0, sizeof(master));
	master.driver = &igb_master_driver;
	master.pf = &pf;
	master.vm_name_of = vm_name_of;
	for (u16 n = 0; n < VF_COUNT; n++)
		vfs[n] = (struct vf){ .pf = &pf, .index = n };
	if (master.driver->start(&master, NULL) || master.driver->vfs_enabled(&master, NULL))
		abort();
	for (unsigned n = 0; n < VF_COUNT; n++) {
		if (master.driver->check_policy(&master, &vfs[n], &policies[n], NULL))
			abort();
		master.driver->prepare_vf(&master, &vfs[n], &policies[n], NULL);
	}
	fake_time_set_step(1000);
	fake_igb_vf_send(&card, 1, (const u32[]){ MESSAGE_VF_RESET }, 1);
	serve();
	memcpy(bystander_mac, igb_of(&master)->vf[1].mac, sizeof(bystander_mac));
	bystander_vmolr = fake_igb_reg(&card, IGB_VMOLR0 + 4);
}

static void check_address_filters(void)
{
	unsigned bystanders = 0;

	for (u32 i = 0; i < IGB_RAR_ENTRIES; i++) {
		u32 offset = i < 16 ? IGB_RAL0 + 8 * i : IGB_RAL16 + 8 * (i - 16);
		u32 words[2] = { fake_igb_reg(&card, offset), fake_igb_reg(&card, offset + 4) };
		bool is_pf = !memcmp(words, pf_mac, 6);

		if (!(words[1] & RAH_VALID))
			continue;
		if (!igb_mac_usable((const u8 *)words))
			abort();
		if (!memcmp(words, bystander_mac, 6)) {
			if (words[1] & RAH_POOL(0))
				abort();
			bystanders++;
		}
		if (is_pf && !(words[1] & RAH_POOL(VF_COUNT)))
			abort();
	}
	if (bystanders != 1)
		abort();
}

static void check(void)
{
	const u32 gates = fake_igb_reg(&card, IGB_VFRE) & fake_igb_reg(&card, IGB_VFTE);

	check_address_filters();
	if (!(gates & BIT(1)) || gates & ~3u)
		abort();
	if (fake_igb_reg(&card, IGB_VMOLR0 + 4) != bystander_vmolr)
		abort();
	if (fake_igb_reg(&card, IGB_MRQC) != MRQC_VMDQ_BY_MAC ||
	    !(fake_igb_reg(&card, IGB_VT_CTL) & VT_CTL_NO_DEFAULT_POOL))
		abort();
	/* VLANs of VF 0: its access VLAN, its trunk, or any if it is trusted; never the
	 * bystander's. */
	for (u32 i = 0; i < IGB_VLVF_ENTRIES; i++)
		if (fake_igb_reg(&card, IGB_VLVF0 + 4 * i) & VLVF_POOLS(BIT(1)))
			abort();
}

static size_t send(const u8 *data, size_t size)
{
	u32 words[IGB_MAILBOX_WORDS] = { 0 };
	size_t bytes = size ? MIN((size_t)(data[0] % (sizeof(words) + 1)), size - 1) : 0;

	if (bytes)
		memcpy(words, data + 1, bytes);
	/* Most words of a random file are no message: make some of them one. */
	if (size && data[0] & 0x80)
		words[0] = (words[0] & 0xff0000) | (words[0] % 8);
	fake_igb_vf_send(&card, 0, words, IGB_MAILBOX_WORDS);
	return MIN(size, bytes + 1);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	u32 word;

	if (size < 1)
		return 0;
	start(data[0]);
	for (size_t i = 1; i < size;) {
		switch ((enum operation)(data[i++] % OPERATIONS)) {
		case OP_SEND: i += send(data + i, size - i); break;
		case OP_KNOCK: fake_igb_vf_knock(&card, 0); break;
		case OP_TAKE: fake_igb_vf_take(&card, 0); break;
		case OP_RELEASE: fake_igb_vf_release(&card, 0); break;
		case OP_RECEIVE: fake_igb_vf_receive(&card, 0, &word, 1); break;
		case OP_RESET: fake_igb_vf_reset(&card, 0); break;
		case OP_WAIT: fake_time_advance(TIME_STEP_NS); break;
		default: break;
		}
		serve();
		check();
	}
	/* And whatever it did, the next owner finds nothing of it. */
	fake_igb_vf_reset(&card, 0);
	master.driver->vf_reset_done(&master, &vfs[0], false, NULL);
	check();
	if (fake_igb_reg(&card, IGB_VMOLR0) || fake_igb_reg(&card, IGB_VFRE) & 1)
		abort();
	return 0;
}
