/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Capability lists (PCIe 6.0 sections 7.5.1.1.11 and 7.6). They are linked lists that a device
 * wrote: every walk is bounded, and every pointer is checked before it is followed, so a list that
 * bites its own tail ends like any other.
 */
#include "base/log.h"
#include "pci/config.h"
#include "pci/internal.h"

#define FIRST_CAP 0x40u /* capabilities lie behind the 64-byte header */
#define CAP_LIMIT 0x100u
#define MAX_CAPS  ((CAP_LIMIT - FIRST_CAP) / 4) /* 48: dwords that a capability can start at */
#define CAP_POINTER_MASK                                                                           \
	0xfcu /* the low two bits are reserved and must be masked, section 7.5.1.1.11 */
#define FIRST_EXT_CAP  0x100u
#define CONFIG_BYTES   4096u
#define MAX_EXT_CAPS   ((CONFIG_BYTES - FIRST_EXT_CAP) / 8) /* none is shorter than 8 bytes */
#define CAP_TYPE_MASK  0x00f0u
#define CAP_TYPE_SHIFT 4

enum cap_list_state {
	CAPS_SOUND,
	CAPS_LOOP,
	CAPS_BAD_POINTER
};

/* A walk along one list; `at` is 0 at the end. `steps` is what is left of the bound. */
struct cap_cursor {
	struct rid rid;
	u16 at;
	u16 id;
	unsigned steps;
	enum cap_list_state state;
};

static void cap_load(struct cap_cursor *c, u16 at)
{
	c->at = 0;
	if (at == 0)
		return;
	if (at < FIRST_CAP) {
		c->state = CAPS_BAD_POINTER;
		return;
	}
	if (c->steps-- == 0) {
		c->state = CAPS_LOOP;
		return;
	}
	c->id = pci_read8(c->rid, at + PCI_CAP_LIST_ID);
	if (c->id == UINT8_MAX)
		c->state = CAPS_BAD_POINTER;
	else
		c->at = at;
}

static struct cap_cursor cap_first(struct rid rid)
{
	struct cap_cursor c = { .rid = rid, .steps = MAX_CAPS };
	u16 status = pci_read16(rid, PCI_STATUS);

	/* All ones is a function that does not answer, not one with a list. */
	if (status != UINT16_MAX && status & PCI_STATUS_CAP_LIST)
		cap_load(&c, pci_read8(rid, PCI_CAPABILITY_LIST) & CAP_POINTER_MASK);
	return c;
}

static void cap_next(struct cap_cursor *c)
{
	cap_load(c, pci_read8(c->rid, c->at + PCI_CAP_LIST_NEXT) & CAP_POINTER_MASK);
}

static void ext_load(struct cap_cursor *c, u16 at)
{
	c->at = 0;
	if (at == 0)
		return;
	/*
	 * Pointers below 0x100 lead back into the first list: a known way to make walkers run in
	 * circles.
	 */
	if (at < FIRST_EXT_CAP) {
		c->state = CAPS_BAD_POINTER;
		return;
	}
	if (c->steps-- == 0) {
		c->state = CAPS_LOOP;
		return;
	}
	u32 header = pci_read32(c->rid, at);

	if (header == CONFIG_NO_DEVICE) {
		/*
		 * At 0x100 that is a device without extended config space; later it is a bad
		 * pointer.
		 */
		if (at != FIRST_EXT_CAP)
			c->state = CAPS_BAD_POINTER;
		return;
	}
	if (header == 0)
		return;
	c->id = PCI_EXT_CAP_ID(header);
	c->at = at;
}

static struct cap_cursor ext_first(struct rid rid)
{
	struct cap_cursor c = { .rid = rid, .steps = MAX_EXT_CAPS };

	ext_load(&c, FIRST_EXT_CAP);
	return c;
}

static void ext_next(struct cap_cursor *c)
{
	ext_load(c, PCI_EXT_CAP_NEXT(pci_read32(c->rid, c->at)) & ~3u);
}

u8 pci_find_capability(struct rid rid, u8 id)
{
	struct cap_cursor c = cap_first(rid);
	u16 found = 0;

	/*
	 * The whole list is walked even after a hit: what comes from a broken list is not trusted.
	 */
	for (; c.at; cap_next(&c))
		if (c.id == id && !found)
			found = c.at;
	return c.state == CAPS_SOUND ? (u8)found : 0;
}

u16 pci_find_ext_capability(struct rid rid, u16 id)
{
	struct cap_cursor c = ext_first(rid);
	u16 found = 0;

	for (; c.at; ext_next(&c))
		if (c.id == id && !found)
			found = c.at;
	return c.state == CAPS_SOUND ? found : 0;
}

static void complain(struct rid rid, const char *list, const struct cap_cursor *c)
{
	log_warn("pci", RID_FMT ": its %s %s; none of them is used", RID_ARG(rid), list,
		 c->state == CAPS_LOOP ? "loop" : "have a pointer to where none can be");
}

static void scan_list(struct pci_function *f)
{
	u8 pm = 0, msi = 0, msix = 0, pcie = 0;
	struct cap_cursor c = cap_first(f->rid);

	for (; c.at; cap_next(&c)) {
		u8 *slot = c.id == PCI_CAP_ID_PM     ? &pm
			   : c.id == PCI_CAP_ID_MSI  ? &msi
			   : c.id == PCI_CAP_ID_MSIX ? &msix
			   : c.id == PCI_CAP_ID_EXP  ? &pcie
						     : NULL;

		if (slot && !*slot)
			*slot = (u8)c.at;
	}
	if (c.state != CAPS_SOUND) {
		complain(f->rid, "capabilities", &c);
		return;
	}
	f->cap_pm = pm;
	f->cap_msi = msi;
	f->cap_msix = msix;
	f->cap_pcie = pcie;
}

static u16 *ext_slot(struct pci_function *f, u16 id)
{
	switch (id) {
	case PCI_EXT_CAP_ID_ERR: return &f->ext_aer;
	case PCI_EXT_CAP_ID_ACS: return &f->ext_acs;
	case PCI_EXT_CAP_ID_ARI: return &f->ext_ari;
	case PCI_EXT_CAP_ID_SRIOV: return &f->ext_sriov;
	case PCI_EXT_CAP_ID_ATS: return &f->ext_ats;
	case PCI_EXT_CAP_ID_PRI: return &f->ext_pri;
	case PCI_EXT_CAP_ID_PASID: return &f->ext_pasid;
	default: return NULL;
	}
}

static void scan_ext_list(struct pci_function *f)
{
	struct pci_function found = { 0 };
	struct cap_cursor c = ext_first(f->rid);

	for (; c.at; ext_next(&c)) {
		u16 *slot = ext_slot(&found, c.id);

		if (slot && !*slot)
			*slot = c.at;
	}
	if (c.state != CAPS_SOUND) {
		complain(f->rid, "extended capabilities", &c);
		return;
	}
	f->ext_aer = found.ext_aer;
	f->ext_acs = found.ext_acs;
	f->ext_ari = found.ext_ari;
	f->ext_sriov = found.ext_sriov;
	f->ext_ats = found.ext_ats;
	f->ext_pri = found.ext_pri;
	f->ext_pasid = found.ext_pasid;
}

void caps_scan(struct pci_function *f)
{
	f->port_type = PORT_TYPE_NONE;
	scan_list(f);
	if (!f->cap_pcie)
		return;
	u16 flags = pci_read16(f->rid, f->cap_pcie + PCI_EXP_FLAGS);

	f->port_type = (flags & CAP_TYPE_MASK) >> CAP_TYPE_SHIFT;
	f->flr = pci_read32(f->rid, f->cap_pcie + PCI_EXP_DEVCAP) & PCI_EXP_DEVCAP_FLR;
	scan_ext_list(f);
}
