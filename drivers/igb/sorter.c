/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The L2 switch of the 82576: which pool gets which frame (datasheet section 7.10.3).
 *
 *	frame --> RCTL.VFE + VFTA: is its VLAN known at all?
 *	      --> RAL/RAH: pools with this MAC       broadcast: VMOLR.BAM     multicast: MTA, then
 *VMOLR.ROMPE
 *	      --> VLVF: pools in this VLAN           untagged: VMOLR.AUPE
 *	      --> VFRE: pools that may receive --> VMOLR: not too long --> ring
 *
 * VF n is pool n. Everything here is written from what struct igb says, never read back and
 *changed.
 */
#include "base/string.h"
#include "drivers/igb/igb.h"

#define PF_RAR         0
#define LAST_RAR       (IGB_RAR_ENTRIES - 1)
#define RAR_BYTES      8
#define RAR_FIRST_BANK 16
#define HASH_BITS      12
#define BITS_PER_WORD  32
#define UTA_WORDS      128

/* The filter that holds the VF's own address; the others are for more addresses of trusted VFs. */
static unsigned own_rar(unsigned pool)
{
	return LAST_RAR - pool;
}

static void write_rar(struct igb *g, unsigned entry, const u8 *mac, unsigned pool)
{
	enum igb_reg low = entry < RAR_FIRST_BANK
				   ? igb_reg_n(IGB_RAL0, entry, RAR_BYTES)
				   : igb_reg_n(IGB_RAL16, entry - RAR_FIRST_BANK, RAR_BYTES);
	enum igb_reg high = igb_word(low, 1);

	/* Invalid first: no frame may match an address that is half old and half new. */
	igb_write(g, high, 0);
	g->rar_owner[entry] = 0;
	if (!mac)
		return;
	igb_write(g, low, mac[0] | (u32)mac[1] << 8 | (u32)mac[2] << 16 | (u32)mac[3] << 24);
	igb_write(g, high, mac[4] | (u32)mac[5] << 8 | RAH_POOL(pool) | RAH_VALID);
	g->rar_owner[entry] = (u8)(pool + 1);
}

void igb_sorter_init(struct igb *g)
{
	unsigned pf_pool = g->vfs;

	for (unsigned i = 0; i < IGB_RAR_ENTRIES; i++)
		write_rar(g, i, NULL, 0);
	/* The PF has no rings. Its address stays known, so that no VF can have it. */
	write_rar(g, PF_RAR, g->mac, pf_pool);
	for (unsigned i = 0; i < IGB_MTA_WORDS; i++)
		igb_write(g, igb_word(IGB_MTA0, i), 0);
	for (unsigned i = 0; i < IGB_VFTA_WORDS; i++)
		igb_write(g, igb_word(IGB_VFTA0, i), 0);
	for (unsigned i = 0; i < UTA_WORDS; i++)
		igb_write(g, igb_word(IGB_UTA0, i), 0);
	for (unsigned i = 0; i < IGB_VLVF_ENTRIES; i++)
		igb_write(g, igb_word(IGB_VLVF0, i), 0);
	for (unsigned i = 0; i < IGB_POOLS; i++) {
		igb_write(g, igb_word(IGB_VMOLR0, i), 0);
		igb_write(g, igb_word(IGB_VMVIR0, i), 0);
	}
	igb_write(g, IGB_RLPML, IGB_FRAME_MAX);
	igb_write(g, IGB_MRQC, MRQC_VMDQ_BY_MAC);
	/* A frame that nobody asked for belongs to nobody: no default pool. */
	igb_write(g, IGB_VT_CTL,
		  VT_CTL_DEFAULT_POOL(pf_pool) | VT_CTL_NO_DEFAULT_POOL | VT_CTL_REPLICATION);
	igb_write(g, IGB_RPLOLR, RPLOLR_STRIP_VLAN | RPLOLR_STRIP_CRC);
	igb_write(g, IGB_DTXCTL, igb_read(g, IGB_DTXCTL) | DTXCTL_VLAN_ADDED);
	/* One VM that does not empty its ring must not stop the port for the others. */
	igb_write(g, IGB_QDE, QDE_ALL_QUEUES);
}

void igb_sorter_set_mac(struct igb *g, const struct igb_vf *v)
{
	write_rar(g, own_rar(igb_index(g, v)), v->mac, igb_index(g, v));
}

enum err igb_sorter_add_mac(struct igb *g, const struct igb_vf *v, const u8 mac[IGB_MAC_BYTES])
{
	unsigned pool = igb_index(g, v), have = 0, free_entry = 0;

	for (unsigned i = PF_RAR + 1; i <= own_rar(IGB_MAX_VFS); i++) {
		have += g->rar_owner[i] == pool + 1;
		if (!g->rar_owner[i] && !free_entry)
			free_entry = i;
	}
	if (have >= IGB_EXTRA_MACS || !free_entry)
		return ERR_NO_SPACE;
	write_rar(g, free_entry, mac, pool);
	return OK;
}

void igb_sorter_drop_extra_macs(struct igb *g, const struct igb_vf *v)
{
	for (unsigned i = PF_RAR + 1; i <= own_rar(IGB_MAX_VFS); i++)
		if (g->rar_owner[i] == igb_index(g, v) + 1)
			write_rar(g, i, NULL, 0);
}

static void write_vlan(struct igb *g, unsigned slot)
{
	const struct igb_vlan *l = &g->vlan[slot];

	igb_write(g, igb_word(IGB_VLVF0, slot),
		  l->vid ? VLVF_VALID | VLVF_POOLS(l->pools) | l->vid : 0);
}

/* VFTA has one bit per VLAN: set if any slot holds it. */
static void write_vfta(struct igb *g, u16 vid)
{
	u32 word = 0;

	for (unsigned i = 0; i < IGB_VLVF_ENTRIES; i++)
		if (g->vlan[i].vid && g->vlan[i].vid / BITS_PER_WORD == vid / BITS_PER_WORD)
			word |= BIT(g->vlan[i].vid % BITS_PER_WORD);
	igb_write(g, igb_word(IGB_VFTA0, vid / BITS_PER_WORD), word);
}

/* The filter that holds this VLAN, or the first free one. */
static unsigned find_vlan(const struct igb *g, u16 vid)
{
	unsigned slot = IGB_VLVF_ENTRIES;

	for (unsigned i = IGB_VLVF_ENTRIES; i-- > 0;) {
		if (g->vlan[i].vid == vid)
			return i;
		if (!g->vlan[i].vid)
			slot = i;
	}
	return slot;
}

/* Filters that hold what guests asked for, without that of `slot`. VFs with an access VLAN do not
 * get more. */
static unsigned asked_for(const struct igb *g, unsigned slot)
{
	unsigned count = 0;
	u8 asking = 0;

	for (unsigned n = 0; n < g->vfs; n++)
		asking |= (u8)(g->vf[n].policy.vlan ? 0 : BIT(n));
	for (unsigned i = 0; i < IGB_VLVF_ENTRIES; i++)
		count += i != slot && g->vlan[i].pools & asking;
	return count;
}

enum err igb_sorter_add_vlan(struct igb *g, const struct igb_vf *v, u16 vid)
{
	unsigned slot = find_vlan(g, vid);

	/* One guest's wishes must not keep another VM from its access VLAN. */
	if (slot == IGB_VLVF_ENTRIES ||
	    (!v->policy.vlan && asked_for(g, slot) >= IGB_VLVF_ENTRIES - IGB_ACCESS_VLANS))
		return ERR_NO_SPACE;
	g->vlan[slot].vid = vid;
	g->vlan[slot].pools |= (u8)BIT(igb_index(g, v));
	write_vlan(g, slot);
	write_vfta(g, vid);
	return OK;
}

void igb_sorter_drop_vlan(struct igb *g, const struct igb_vf *v, u16 vid)
{
	for (unsigned i = 0; i < IGB_VLVF_ENTRIES; i++) {
		struct igb_vlan *l = &g->vlan[i];

		if (l->vid != vid || !(l->pools & BIT(igb_index(g, v))))
			continue;
		l->pools &= (u8)~BIT(igb_index(g, v));
		if (!l->pools)
			l->vid = 0;
		write_vlan(g, i);
		write_vfta(g, vid);
	}
}

static void drop_all_vlans(struct igb *g, const struct igb_vf *v)
{
	for (unsigned i = 0; i < IGB_VLVF_ENTRIES; i++)
		if (g->vlan[i].pools & BIT(igb_index(g, v)))
			igb_sorter_drop_vlan(g, v, g->vlan[i].vid);
}

/* One hash table for all pools: what nobody wants any more can only be found by looking at all of
 * them. */
static void write_multicast_table(struct igb *g)
{
	u32 table[IGB_MTA_WORDS] = { 0 };

	for (unsigned n = 0; n < g->vfs; n++)
		for (unsigned i = 0; i < g->vf[n].multicast_count; i++) {
			unsigned hash = g->vf[n].multicast[i] & (BIT(HASH_BITS) - 1);

			table[hash / BITS_PER_WORD] |= BIT(hash % BITS_PER_WORD);
		}
	for (unsigned i = 0; i < IGB_MTA_WORDS; i++)
		igb_write(g, igb_word(IGB_MTA0, i), table[i]);
}

static void write_anti_spoofing(struct igb *g)
{
	u32 dtxswc = DTXSWC_LOOPBACK;

	for (unsigned n = 0; n < g->vfs; n++)
		if (!g->vf[n].policy.spoofcheck_off)
			dtxswc |= DTXSWC_MAC_SPOOF(n) | DTXSWC_VLAN_SPOOF(n);
	igb_write(g, IGB_DTXSWC, dtxswc);
}

static u32 vmolr_of(const struct igb_vf *v)
{
	u32 vmolr = VMOLR_STRIP_CRC | VMOLR_STRIP_VLAN | VMOLR_BROADCAST;
	/* The tag of an access VLAN is on the frame when its length is checked, but the guest never
	 * sees it. */
	u32 length = v->frame_max + (v->policy.vlan ? IGB_VLAN_TAG_BYTES : 0);

	vmolr |= length & VMOLR_RLPML_MASK;
	if (v->frame_max > IGB_FRAME_STANDARD)
		vmolr |= VMOLR_LPE;
	if (!v->policy.vlan)
		vmolr |= VMOLR_UNTAGGED;
	if (v->multicast_count)
		vmolr |= VMOLR_MULTICAST;
	if (v->all_multicast)
		vmolr |= VMOLR_PROMISCUOUS;
	return vmolr;
}

void igb_sorter_apply(struct igb *g, const struct igb_vf *v)
{
	unsigned pool = igb_index(g, v);

	write_multicast_table(g);
	write_anti_spoofing(g);
	igb_write(g, igb_word(IGB_VMVIR0, pool),
		  v->policy.vlan ? VMVIR_ALWAYS | v->policy.vlan : 0);
	igb_write(g, igb_word(IGB_VMOLR0, pool), vmolr_of(v));
}

void igb_sorter_close(struct igb *g, const struct igb_vf *v)
{
	unsigned pool = igb_index(g, v);

	igb_sorter_gate(g, v, false);
	igb_write(g, igb_word(IGB_VMOLR0, pool), 0);
	write_rar(g, own_rar(pool), NULL, 0);
	igb_sorter_drop_extra_macs(g, v);
	drop_all_vlans(g, v);
	igb_write(g, igb_word(IGB_VMVIR0, pool), 0);
	write_multicast_table(g);
	write_anti_spoofing(g);
}

void igb_sorter_gate(struct igb *g, const struct igb_vf *v, bool open)
{
	u32 bit = BIT(igb_index(g, v));
	u32 receive = igb_read(g, IGB_VFRE) & ~bit, transmit = igb_read(g, IGB_VFTE) & ~bit;

	/* Read from the device: a VF's own reset clears its bits there (section 7.10.2). */
	igb_write(g, IGB_VFTE, open ? transmit | bit : transmit);
	igb_write(g, IGB_VFRE, open ? receive | bit : receive);
}
