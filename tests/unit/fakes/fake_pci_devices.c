/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Capabilities and whole devices: the registers that QEMU's root port, 82576 and NVMe controller
 * have.
 */
#include <stdlib.h>
#include <string.h>

#include "fake_pci_internal.h"

#define BAR_STEP       4
#define EXP_VERSION    2
#define DEVCAP_RESET   0x00008020u /* role-based error reporting, extended tags: QEMU's endpoints */
#define WINDOW_SHIFT   16
#define WINDOW_MASK    0xfff0u
#define QEMU_SUBSYSTEM 0x11001af4u

/* Only address bits above the size can be written: what sizing relies on. */
static void bar_registers(struct fake_function *f, unsigned at, u64 base, u64 size, u32 attributes)
{
	u64 mask = size ? ~(size - 1) : 0;
	bool io = attributes & PCI_BASE_ADDRESS_SPACE_IO;

	fake_put32(f, at, (u32)base | attributes);
	fake_allow(f, at, (u32)mask & (io ? ~3u : ~0xfu), 4);
	if (attributes & PCI_BASE_ADDRESS_MEM_TYPE_64) {
		fake_put32(f, at + BAR_STEP, (u32)(base >> 32));
		fake_allow(f, at + BAR_STEP, (u32)(mask >> 32), 4);
	}
}

void fake_bar(struct fake_function *f, unsigned bar, u64 base, u64 size, u32 attributes)
{
	bar_registers(f, PCI_BASE_ADDRESS_0 + bar * BAR_STEP, base, size, attributes);
	f->bar_size[bar] = size;
}

void fake_vf_bar(struct fake_function *pf, unsigned bar, u64 base, u64 size, u32 attributes)
{
	bar_registers(pf, pf->sriov->cap + PCI_SRIOV_BAR + bar * BAR_STEP, base, size, attributes);
	for (unsigned i = 0; i < FAKE_MAX_VFS; i++)
		pf->sriov->vf[i].bar_size[bar] = size;
}

void fake_cap(struct fake_function *f, u8 id, u8 at)
{
	unsigned link = PCI_CAPABILITY_LIST;

	while (f->config[link])
		link = f->config[link] + PCI_CAP_LIST_NEXT;
	fake_put8(f, link, at);
	fake_put8(f, at, id);
	fake_put16(f, PCI_STATUS, fake_get16(f, PCI_STATUS) | PCI_STATUS_CAP_LIST);
}

void fake_ext_cap(struct fake_function *f, u16 id, u8 version, u16 at)
{
	u16 last = 0x100;

	if (at != last) {
		while (PCI_EXT_CAP_NEXT(fake_get32(f, last)))
			last = PCI_EXT_CAP_NEXT(fake_get32(f, last));
		fake_put32(f, last, fake_get32(f, last) | (u32)at << 20);
	}
	fake_put32(f, at, id | (u32)version << 16);
}

void fake_pcie_cap(struct fake_function *f, u8 at, u8 port_type, u32 device_cap)
{
	fake_cap(f, PCI_CAP_ID_EXP, at);
	f->cap_pcie = at;
	fake_put16(f, at + PCI_EXP_FLAGS, EXP_VERSION | port_type << 4);
	fake_put32(f, at + PCI_EXP_DEVCAP, device_cap);
	fake_allow(f, at + PCI_EXP_DEVCTL, 0x7fff, 2);
	fake_put16(f, at + PCI_EXP_DEVCTL, 0x2810);
	fake_put32(f, at + PCI_EXP_LNKCAP, 0x11);
	fake_put16(f, at + PCI_EXP_LNKSTA, 0x11);
	fake_allow(f, at + PCI_EXP_DEVCTL2, PCI_EXP_DEVCTL2_ARI, 2);
}

void fake_msix_cap(struct fake_function *f, u8 at, u16 vectors, u32 table, u32 pba)
{
	fake_cap(f, PCI_CAP_ID_MSIX, at);
	f->cap_msix = at;
	fake_put16(f, at + PCI_MSIX_FLAGS, vectors - 1);
	fake_allow(f, at + PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL, 2);
	fake_put32(f, at + PCI_MSIX_TABLE, table);
	fake_put32(f, at + PCI_MSIX_PBA, pba);
}

void fake_acs_cap(struct fake_function *f, u16 at, u16 bits)
{
	fake_ext_cap(f, PCI_EXT_CAP_ID_ACS, 1, at);
	f->ext_acs = at;
	fake_put16(f, at + PCI_ACS_CAP, bits);
	fake_allow(f, at + PCI_ACS_CTRL, bits, 2);
}

void fake_sriov_cap(struct fake_function *pf, u16 at, u16 total, u16 offset, u16 stride,
		    u16 vf_device)
{
	fake_ext_cap(pf, PCI_EXT_CAP_ID_SRIOV, 1, at);
	pf->sriov = calloc(1, sizeof(*pf->sriov));
	struct fake_sriov *s = pf->sriov;

	if (!s || !(s->vf = calloc(FAKE_MAX_VFS, sizeof(*s->vf))))
		abort();
	s->cap = at;
	s->offset = s->ari_offset = offset;
	s->stride = s->ari_stride = stride;
	fake_allow(pf, at + PCI_SRIOV_CTRL,
		   PCI_SRIOV_CTRL_VFE | PCI_SRIOV_CTRL_MSE | PCI_SRIOV_CTRL_ARI, 2);
	fake_put16(pf, at + PCI_SRIOV_INITIAL_VF, total);
	fake_put16(pf, at + PCI_SRIOV_TOTAL_VF, total);
	fake_allow(pf, at + PCI_SRIOV_NUM_VF, 0xffff, 2);
	fake_put16(pf, at + PCI_SRIOV_VF_OFFSET, offset);
	fake_put16(pf, at + PCI_SRIOV_VF_STRIDE, stride);
	fake_put16(pf, at + PCI_SRIOV_VF_DID, vf_device);
	fake_put32(pf, at + PCI_SRIOV_SUP_PGSIZE, 0x553);
	fake_put32(pf, at + PCI_SRIOV_SYS_PGSIZE, 1);
	fake_allow(pf, at + PCI_SRIOV_SYS_PGSIZE, 0x553, 4);
	for (unsigned i = 0; i < FAKE_MAX_VFS; i++) {
		struct fake_function *vf = &s->vf[i];

		fake_function_init(vf, RID_NONE, pf->parent);
		vf->vf_of = pf;
		vf->vf_index = i;
		fake_put32(vf, PCI_VENDOR_ID, 0xffffffff);
		fake_put32(vf, PCI_CLASS_REVISION, fake_get32(pf, PCI_CLASS_REVISION));
		fake_put32(vf, PCI_SUBSYSTEM_VENDOR_ID, fake_get32(pf, PCI_SUBSYSTEM_VENDOR_ID));
	}
}

static u16 window_word(u64 address)
{
	return (u16)(address >> WINDOW_SHIFT) & WINDOW_MASK;
}

void fake_window(struct fake_function *bridge, bool prefetch, u64 base, u64 size)
{
	unsigned at = prefetch ? PCI_PREF_MEMORY_BASE : PCI_MEMORY_BASE;
	u16 type = prefetch ? PCI_PREF_RANGE_TYPE_64 : 0;
	u64 limit = size ? base + size - 1 : 0;

	if (!size)
		base = 0xfff00000;
	fake_put16(bridge, at, window_word(base) | type);
	fake_put16(bridge, at + 2, window_word(limit) | type);
	if (prefetch) {
		fake_put32(bridge, PCI_PREF_BASE_UPPER32, (u32)(base >> 32));
		fake_put32(bridge, PCI_PREF_LIMIT_UPPER32, (u32)(limit >> 32));
	}
}

struct fake_function *fake_pci_bridge(struct rid rid, struct fake_function *parent, u8 port_type,
				      u8 secondary, u8 subordinate, u16 acs)
{
	struct fake_function *f = fake_pci_add(rid, parent, 0x000c1b36, 0x06040000);

	fake_put8(f, PCI_HEADER_TYPE, PCI_HEADER_TYPE_BRIDGE);
	fake_put8(f, PCI_PRIMARY_BUS, (u8)rid_bus(rid));
	fake_put8(f, PCI_SECONDARY_BUS, secondary);
	fake_put8(f, PCI_SUBORDINATE_BUS, subordinate);
	fake_allow(f, PCI_PRIMARY_BUS, 0xffffff, 4);
	fake_allow(f, PCI_MEMORY_BASE, 0xfff0fff0, 4);
	fake_allow(f, PCI_PREF_MEMORY_BASE, 0xfff0fff0, 4);
	fake_allow(f, PCI_PREF_BASE_UPPER32, ~0u, 4);
	fake_allow(f, PCI_PREF_LIMIT_UPPER32, ~0u, 4);
	fake_window(f, false, 0, 0);
	fake_window(f, true, 0, 0);
	fake_pcie_cap(f, 0x54, port_type, 0x8000);
	fake_put16(f, f->cap_pcie + PCI_EXP_DEVCAP2, PCI_EXP_DEVCAP2_ARI);
	fake_ext_cap(f, PCI_EXT_CAP_ID_ERR, 2, 0x100);
	if (acs)
		fake_acs_cap(f, 0x148, acs);
	return f;
}

struct fake_function *fake_pci_root_port(struct rid rid, u8 secondary, u8 subordinate, u16 acs)
{
	return fake_pci_bridge(rid, NULL, PCI_EXP_TYPE_ROOT_PORT, secondary, subordinate, acs);
}

static struct rid below(const struct fake_function *port)
{
	return port ? rid_make(port->rid.segment, port->config[PCI_SECONDARY_BUS], 0, 0)
		    : rid_make(0, 0, 2, 0);
}

static u64 window_base(const struct fake_function *port)
{
	return port ? (u64)(fake_get16(port, PCI_MEMORY_BASE) & WINDOW_MASK) << WINDOW_SHIFT
		    : 0xfe000000;
}

static u8 endpoint_type(const struct fake_function *port)
{
	return port ? PCI_EXP_TYPE_ENDPOINT : PCI_EXP_TYPE_RC_END;
}

struct fake_function *fake_pci_igb(struct fake_function *port)
{
	struct fake_function *pf = fake_pci_add(below(port), port, 0x10c98086, 0x02000001);
	u64 base = window_base(port);

	fake_put8(pf, PCI_HEADER_TYPE, 0x80);
	fake_put32(pf, PCI_SUBSYSTEM_VENDOR_ID, 0xa03c8086);
	fake_bar(pf, 0, base, 128 * KiB, 0);
	fake_bar(pf, 1, base + 128 * KiB, 128 * KiB, 0);
	fake_bar(pf, 2, 0xc000, 32, FAKE_BAR_IO);
	fake_bar(pf, 3, base + 256 * KiB, 16 * KiB, FAKE_BAR_64);
	fake_cap(pf, PCI_CAP_ID_PM, 0x40);
	fake_put16(pf, 0x40 + PCI_PM_PMC, 0xc823);
	fake_cap(pf, PCI_CAP_ID_MSI, 0x50);
	fake_msix_cap(pf, 0x70, 10, 3, 0x2000 | 3);
	fake_pcie_cap(pf, 0xa0, endpoint_type(port), DEVCAP_RESET | PCI_EXP_DEVCAP_FLR);
	fake_ext_cap(pf, PCI_EXT_CAP_ID_ERR, 2, 0x100);
	fake_ext_cap(pf, PCI_EXT_CAP_ID_ARI, 1, 0x150);
	fake_sriov_cap(pf, 0x160, 8, 0x180, 2, 0x10ca);
	pf->sriov->ari_offset =
		0x80; /* the real part: without ARI on the next bus, with it on its own */
	fake_vf_bar(pf, 0, 0, 16 * KiB, FAKE_BAR_64 | FAKE_BAR_PREFETCH);
	fake_vf_bar(pf, 3, 0, 16 * KiB, FAKE_BAR_64 | FAKE_BAR_PREFETCH);
	for (unsigned i = 0; i < FAKE_MAX_VFS; i++) {
		struct fake_function *vf = fake_vf(pf, i);

		fake_put32(vf, PCI_SUBSYSTEM_VENDOR_ID, QEMU_SUBSYSTEM);
		fake_msix_cap(vf, 0x70, 3, 3, 0x2000 | 3);
		fake_pcie_cap(vf, 0xa0, endpoint_type(port), DEVCAP_RESET | PCI_EXP_DEVCAP_FLR);
		fake_ext_cap(vf, PCI_EXT_CAP_ID_ERR, 2, 0x100);
		fake_ext_cap(vf, PCI_EXT_CAP_ID_ARI, 1, 0x150);
	}
	return pf;
}

struct fake_function *fake_pci_nvme(struct fake_function *port, u16 total_vfs)
{
	struct fake_function *pf = fake_pci_add(below(port), port, 0x00101b36, 0x01080202);

	fake_put8(pf, PCI_HEADER_TYPE, 0x80);
	fake_put32(pf, PCI_SUBSYSTEM_VENDOR_ID, QEMU_SUBSYSTEM);
	fake_bar(pf, 0, window_base(port), 16 * KiB, FAKE_BAR_64);
	fake_msix_cap(pf, 0x40, 65, 0x2000, 0x3000);
	fake_cap(pf, PCI_CAP_ID_PM, 0x60);
	fake_put16(pf, 0x60 + PCI_PM_PMC, 3);
	fake_pcie_cap(pf, 0x80, endpoint_type(port), DEVCAP_RESET | PCI_EXP_DEVCAP_FLR);
	fake_ext_cap(pf, PCI_EXT_CAP_ID_ARI, 1, 0x100);
	fake_sriov_cap(pf, 0x120, total_vfs, 1, 1, 0x0010);
	fake_vf_bar(pf, 0, 0, 16 * KiB, FAKE_BAR_64);
	for (unsigned i = 0; i < FAKE_MAX_VFS; i++) {
		struct fake_function *vf = fake_vf(pf, i);

		fake_msix_cap(vf, 0x40, 2, 0x2000, 0x3000);
		fake_cap(vf, PCI_CAP_ID_PM, 0x60);
		fake_put16(vf, 0x60 + PCI_PM_PMC, 3);
		fake_pcie_cap(vf, 0x80, endpoint_type(port), DEVCAP_RESET | PCI_EXP_DEVCAP_FLR);
		fake_ext_cap(vf, PCI_EXT_CAP_ID_ARI, 1, 0x100);
	}
	return pf;
}
