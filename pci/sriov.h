/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SR-IOV (PCIe 6.0 chapter 9.3.3): Physical Functions, their Virtual Functions and a VF's life.
 */
#ifndef PCI_SRIOV_H
#define PCI_SRIOV_H

#include "pci/fabric.h"

/*
 *	absent --VF Enable--> parked --assign--> assigned --FLR is started--> resetting
 *	  |                   |    ^                 ^                        |  |   |
 *	  | no answer         |    |                 +-- verified, same owner-+  |   |
 *	  |                   |    +------ verified, its VM is gone -------------+   |
 *	  v                   v unusable                                             | not
 *	quarantined <---------+------------------------------------------------------+ verified
 *
 * Resets of an assigned VF: when its VM is built, when its guest asks for one, when its VM ends.
 * Quarantine lasts until reboot or VF Enable off, which makes any parked or quarantined VF absent.
 */
enum vf_state {
	VF_ABSENT,
	VF_PARKED,
	VF_ASSIGNED,
	VF_RESETTING,
	VF_QUARANTINED
};
const char *vf_state_name(enum vf_state s);

/*
 * What a VF says about itself, read once while it is parked: the config model is built from this,
 * never from a second look at the device (XSA-337). Register values.
 */
struct vf_caps {
	u32 device_cap, device_cap2, link_cap, link_cap2;
	u16 link_status; /* the PF's: they share the link */
	u16 pm_cap;
	u16 msix_control;
	u32 msix_table, msix_pba;
};

struct vf {
	struct sriov_pf *pf;
	u16 index; /* 0-based; the specification's VF number minus one */
	struct rid rid;
	struct pci_function *function;
	struct vf_caps caps;
	enum vf_state state;
	u32 generation; /* grows with each assignment; what is older is dropped (R40) */
	void *owner;    /* struct vm, opaque here; NULL unless assigned or resetting */
	bool bus_cut;   /* Bus Master was taken after a storm of faults, until the VF is parked */
};

struct sriov_pf {
	struct pci_function *function;
	char name[16]; /* "igb0", "nvme0"; set by the master driver's binding, else "pf<n>" */
	u16 cap;       /* offset of the capability */
	u16 initial_vfs, total_vfs, num_vfs;
	u16 vf_device_id;
	u16 offset, stride; /* as read back with the final NumVFs and ARI setting */
	u32 supported_page_sizes, system_page_size; /* register values: bit n = 4096 << n bytes */
	bool ari;                                   /* ARI Capable Hierarchy is on */
	bool firmware_reserved; /* firmware had placed the VF BARs inside the bridge windows */
	bool bad_bars; /* a VF BAR is no BAR: VFs cannot be enabled, they would decode it anyway */
	struct pci_bar vf_bars[PCI_BARS]; /* size = of ONE VF; base = of VF 0 */
	struct vf *vfs;                   /* num_vfs of them */
	void *master;                     /* struct master, opaque here */
};

/* Read the SR-IOV capability of each PF of the walk; sizes the VF BARs. Never enables anything. */
void sriov_probe_all(void);
unsigned sriov_pf_count(void);
struct sriov_pf *sriov_pf(unsigned n);

/*
 * Enable up to `wanted` VFs (0 = all; never more than `limit` if limit is not 0).
 * Decode: ARI along the path, System Page Size 4 KiB, NumVFs written and read back, offset and
 * stride read, bus numbers against the bridge's range, VF BARs kept if firmware placed them well,
 * else placed in the bridge windows (grown when possible). If fewer fit, fewer are enabled and that
 * is said with numbers (R1). Commit: VF Enable + VF MSE, 100 ms, every VF must answer (by its
 * Subsystem Vendor ID, Revision or Class, never by Vendor ID: R9); those that do not are
 * quarantined. Each VF is added to the fabric, Command = 0, state parked. On error the capability
 * is as before.
 */
enum err sriov_enable(struct sriov_pf *pf, unsigned wanted, unsigned limit, struct why *why);

/*
 * VF Enable off again; ERR_BUSY unless every VF is parked or quarantined (R15). Waits 1 s as the
 * specification asks.
 */
enum err sriov_disable(struct sriov_pf *pf, struct why *why);

/*
 * The Requester ID of VF `index` (PCIe 6.0 section 9.3.3.9-10): PF + First VF Offset + index * VF
 * Stride. ERR_INVALID past bus 255.
 */
enum err sriov_vf_rid(const struct sriov_pf *pf, unsigned index, struct rid *out);

/* Host-physical range of one BAR of one VF; size 0 if the BAR is not implemented. */
struct pci_bar vf_bar(const struct vf *vf, unsigned bar);
/* Entries of its MSI-X table; 1 if it has none. */
u16 vf_msix_vectors(const struct vf *vf);

/*
 * The only way to change a VF's state; ERR_BUSY for an edge the picture above does not have.
 * Assigning a parked VF raises the generation.
 */
enum err vf_change_state(struct vf *vf, enum vf_state to, void *owner, struct why *why);

/*
 * Read what the VF says about itself (identity, capabilities, `caps`). Done when VFs are enabled;
 * again by a master driver whose device changes it (NVMe: the MSI-X table size follows the assigned
 * resources). ERR_BUSY unless the VF is absent or parked.
 */
enum err vf_discover(struct vf *vf, struct why *why);

/*
 * The VF's Command register: memory decode and bus mastering, nothing else. On hardware VF MSE in
 * the PF decides about decode and this bit is hardwired to 0; on QEMU this bit decides. Hence
 * always both. The write happens even if nothing changes. Bus mastering stays off while the bus is
 * cut.
 */
void vf_set_command(const struct vf *vf, bool memory, bool bus_master);

/* Take the bus from a VF for as long as its VM has it: no write to Command gives it back (R32). */
void vf_cut_bus(struct vf *vf);

/*
 * Is the VF there? Seen in Class, Revision and Subsystem, never in the Vendor ID, which reads all
 * ones (R9).
 */
bool vf_answers(const struct vf *vf);

/*
 * "igb0/3", as coppice.cfg spells it: the PF's name and the index (R7); "" for NULL. Writes at most
 * `size` bytes, VF_NAME_BYTES are always enough; returns buf.
 */
#define VF_NAME_BYTES 24
const char *vf_name(const struct vf *vf, char *buf, size_t size);

/* VF by number over all PFs, and by Requester ID. NULL if there is none. */
struct vf *vf_by_rid(struct rid rid);

#endif
