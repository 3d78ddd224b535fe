/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A PCI Express machine made of registers: root ports, switches, endpoints, Physical Functions
 * whose VFs appear after VF Enable. Code under test reaches it through ECAM and BARs like a real
 * one: requests are routed by bus numbers, ARI forwarding and bridge windows, so what is programmed
 * wrongly does not answer.
 *
 *	fakes_reset();
 *	fake_pci_reset();
 *	struct fake_function *port = fake_pci_root_port(rid_make(0, 0, 3, 0), 1, 1, FAKE_ACS_ALL);
 *	struct fake_function *pf = fake_pci_igb(port);
 *	pf->faults.num_vfs_stuck = true;
 *	pci_config_init(fake_pci_mcfg(), &why);
 *
 * Faults are plain fields, to be set whenever a test likes.
 */
#ifndef FAKE_PCI_H
#define FAKE_PCI_H

#include <linux/pci_regs.h>

#include "base/acpi.h"
#include "fakes.h"

#define FAKE_ECAM_BASE    0xb0000000ull
#define FAKE_MMIO_BASE    0xc0000000ull
#define FAKE_MMIO_SIZE    (0xfec00000ull - FAKE_MMIO_BASE)
#define FAKE_MMIO64_BASE  0x800000000ull
#define FAKE_MMIO64_SIZE  (32 * GiB)
#define FAKE_CONFIG_BYTES 4096
#define FAKE_BARS         6
#define FAKE_MAX_VFS      256
#define FAKE_NEVER        (~0ull)

#define FAKE_ACS_NONE 0u
#define FAKE_ACS_ALL  0x5fu /* SV TB RR CR UF DT, what QEMU's pcie-root-port offers */

/* What may go wrong. Zero: nothing. */
struct fake_faults {
	bool num_vfs_stuck;   /* PF: writes of NumVFs are lost */
	bool vf_enable_stuck; /* PF: VF Enable stays 0 */
	bool vf_bar_stuck;    /* PF: writes of VF BARs are lost */
	bool window_stuck;    /* bridge: writes of its windows are lost */
	bool dead;            /* never answers */
	bool ghosts;          /* answers to every device number of its bus */
	u64 answers_after_ns; /* VF: silent for so long after VF Enable */
	u64 flr_ns;           /* silent for so long after Initiate FLR */
	u64 pending_ns;       /* Transactions Pending for so long after Command was written */
	bool flr_changes_id, flr_keeps_msix;
};

struct fake_sriov {
	u16 cap;
	u16 offset, stride;         /* without ARI Capable Hierarchy */
	u16 ari_offset, ari_stride; /* with */
	struct fake_function *vf;   /* FAKE_MAX_VFS of them */
	bool on;
};

struct fake_function {
	struct rid rid;
	bool used;
	struct fake_function *parent; /* the bridge above */
	u8 config[FAKE_CONFIG_BYTES], writable[FAKE_CONFIG_BYTES], initial[FAKE_CONFIG_BYTES];
	u64 bar_size[FAKE_BARS]; /* of a PF's VFs: in the VFs */
	u8 *bar_memory[FAKE_BARS];
	u8 cap_pcie, cap_msix;
	u16 ext_acs;
	struct fake_sriov *sriov; /* of a PF */
	struct fake_function *vf_of;
	unsigned vf_index;
	struct fake_faults faults;
	u64 silent_until;      /* after FLR or VF Enable: reads give all ones */
	u64 untouchable_until; /* until then each access counts as early */
	u64 pending_until;
	bool dma_open; /* QEMU: stays open across FLR until Command is written */
	unsigned flrs, early_accesses;
};

/* An empty machine: segment 0, buses 00 to ff at FAKE_ECAM_BASE. */
void fake_pci_reset(void);

/* An MCFG that describes it. */
const struct acpi_header *fake_pci_mcfg(void);

/*
 * VF BARs are decoded by the VF's own Memory Space Enable as on QEMU (true), or by VF MSE as on
 * hardware (false, default).
 */
void fake_pci_qemu_decode(bool on);

/*
 * Config requests are steps that may fail (fake_fail_step()): a read gives all ones, a write is
 * lost.
 */
void fake_pci_fail_reads(bool on);
void fake_pci_fail_writes(bool on);

/* Addresses that two functions claimed at once, since fake_pci_reset(). */
unsigned fake_pci_conflicts(void);

/* --- building blocks --- */

struct fake_function *fake_pci_add(struct rid rid, struct fake_function *parent, u32 ids,
				   u32 class_revision);
struct fake_function *fake_pci_find(struct rid rid);
void fake_put8(struct fake_function *f, unsigned at, u8 value);
void fake_put16(struct fake_function *f, unsigned at, u16 value);
void fake_put32(struct fake_function *f, unsigned at, u32 value);
u8 fake_get8(const struct fake_function *f, unsigned at);
u16 fake_get16(const struct fake_function *f, unsigned at);
u32 fake_get32(const struct fake_function *f, unsigned at);
void fake_allow(struct fake_function *f, unsigned at, u32 mask, unsigned width);

#define FAKE_BAR_64       PCI_BASE_ADDRESS_MEM_TYPE_64
#define FAKE_BAR_PREFETCH PCI_BASE_ADDRESS_MEM_PREFETCH
#define FAKE_BAR_IO       PCI_BASE_ADDRESS_SPACE_IO
void fake_bar(struct fake_function *f, unsigned bar, u64 base, u64 size, u32 attributes);

/* Add a capability to the end of the list. */
void fake_cap(struct fake_function *f, u8 id, u8 at);
void fake_ext_cap(struct fake_function *f, u16 id, u8 version, u16 at);
void fake_pcie_cap(struct fake_function *f, u8 at, u8 port_type, u32 device_cap);
void fake_msix_cap(struct fake_function *f, u8 at, u16 vectors, u32 table, u32 pba);
void fake_acs_cap(struct fake_function *f, u16 at, u16 bits);

/* An SR-IOV capability; VFs get `vf_bar_size` sized BARs with fake_vf_bar(). */
void fake_sriov_cap(struct fake_function *pf, u16 at, u16 total, u16 offset, u16 stride,
		    u16 vf_device);
void fake_vf_bar(struct fake_function *pf, unsigned bar, u64 base, u64 size, u32 attributes);

/* --- whole devices --- */

struct fake_function *fake_pci_bridge(struct rid rid, struct fake_function *parent, u8 port_type,
				      u8 secondary, u8 subordinate, u16 acs);
struct fake_function *fake_pci_root_port(struct rid rid, u8 secondary, u8 subordinate, u16 acs);
void fake_window(struct fake_function *bridge, bool prefetch, u64 base,
		 u64 size); /* size 0 closes it */

/*
 * Intel 82576 as QEMU's igb, function 0 below `port` (NULL: 00:02.0, integrated). BARs at the start
 * of the port's window.
 */
struct fake_function *fake_pci_igb(struct fake_function *port);

/*
 * An NVMe controller with SR-IOV as QEMU's: offset 1, stride 1, one non-prefetchable 64-bit VF BAR
 * of 16 KiB.
 */
struct fake_function *fake_pci_nvme(struct fake_function *port, u16 total_vfs);

/* VF `index` of a PF, whether it is enabled or not. */
struct fake_function *fake_vf(struct fake_function *pf, unsigned index);

#endif
