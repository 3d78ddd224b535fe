/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A master driver owns one Physical Function: what the SR-IOV primer calls the Master Driver. One
 * const table per kind of device; igb and NVMe differ only behind it. Drivers know nothing of VMX.
 */
#ifndef DRIVERS_MASTER_H
#define DRIVERS_MASTER_H

#include "base/guest_abi.h"
#include "pci/msix.h"
#include "pci/sriov.h"

/* Tristates of coppice.cfg. */
enum vf_link {
	VF_LINK_AUTO,
	VF_LINK_UP,
	VF_LINK_DOWN
};

/* What coppice.cfg wishes for one VF. Zero-initialised = defaults. */
struct vf_policy {
	u8 mac[6];     /* all zero: the driver derives a stable one from the PF's MAC and the index
			  (R43) */
	u16 vlan;      /* access VLAN 1..4094, 0 = none */
	u16 trunk[16]; /* allowed VLANs if trunk_count > 0 */
	u8 trunk_count;
	u32 rate_mbps;       /* Tx limit, 0 = none */
	bool spoofcheck_off; /* default: checked */
	bool trust;
	enum vf_link link;
	u32 nsid; /* NVMe: namespace, 0 = none */
};

/* What a VF has, for report and console. */
struct vf_service {
	u8 mac[6];
	u16 vlan;
	u32 rate_wished, rate_set; /* Mbit/s */
	bool rate_honoured;        /* read back from the device */
	bool link_up;
	u32 link_mbps, mtu;
	/* Words of a mailbox, or commands that a mediator looked at. */
	u64 mailbox_messages, mailbox_denied;
	char text[128];
};

/* A message between a VF and its PF. */
struct mailbox_event {
	const struct vf *vf;
	bool from_vf;
	u64 time_ns;
};

struct master;

/*
 * What a mediator may use of the VM that has the VF. The two pages are the hypervisor's; the VF
 * reaches them at the named addresses, above the VM's RAM, as the only pages that are not the VM's
 * (docs/ARCHITECTURE.md, P2). The guest cannot map them, but its VF can be told to write to the
 * second: nothing that is read there may be trusted.
 */
struct vf_guest {
	void *vm; /* first argument of the calls; NULL = there is no guest */
	/* Guest RAM; false, and nothing done, unless all of the range is RAM of the VM. */
	bool (*read)(void *vm, gpa_t from, void *to, u64 len);
	bool (*write)(void *vm, gpa_t to, const void *from, u64 len);
	void *to_device,
		*from_device; /* one page each: the VF reads the first, writes the second */
	iova_t to_device_at, from_device_at;
};

/*
 * For VFs that would let a guest do more than its own share: the driver stands between guest and
 * VF for some pages of its BARs. Its entries may be called on any core; they take the driver's own
 * lock, and call nothing of the VM but `read` and `write`.
 */
struct vf_mediator {
	/* The VF is prepared and gets this guest. It ends with quiesce_vf or vf_reset_done(false).
	 */
	enum err (*attach)(struct master *m, struct vf *vf, const struct vf_guest *guest,
			   struct why *why);
	/* Which pages: `page` is an offset in the BAR, a multiple of 4096. */
	bool (*traps)(struct master *m, const struct vf *vf, unsigned bar, u64 page);
	/* The guest's accesses there; naturally aligned, 1, 2, 4 or 8 bytes. */
	u64 (*read)(struct master *m, struct vf *vf, u64 offset, unsigned width);
	void (*write)(struct master *m, struct vf *vf, u64 offset, unsigned width, u64 value);
	/* Hand over what the device has finished. `entry`: the guest is about to get the VF's
	 * interrupt of this MSI-X entry; -1 = none. */
	void (*poll)(struct master *m, struct vf *vf, int entry);
	/* Is the guest owed an interrupt that its VF will not send? Of this MSI-X entry. */
	bool (*interrupt_owed)(struct master *m, struct vf *vf, u16 *msix_index);
	void (*interrupt_given)(struct master *m, struct vf *vf);
};

struct master_driver {
	const char *name;     /* "igb": PFs are called igb0, igb1, ... in Requester ID order */
	const char *vf_class; /* "net", "nvme": what `vf=<class>` matches */

	/* Is this PF mine? Looks at IDs only. */
	bool (*probe)(const struct pci_function *pf);
	/* How many VFs can be used when the PF keeps what it needs (82576: 7). */
	unsigned (*vf_limit)(const struct sriov_pf *pf);
	/* Reset and set up the PF, before VF Enable. Memory decode and bus mastering are turned on
	 * here. */
	enum err (*start)(struct master *m, struct why *why);
	/* After VF Enable: everything that VF Enable clears (VFRE/VFTE on the 82576), PFRSTD. */
	enum err (*vfs_enabled)(struct master *m, struct why *why);
	/* Which MSI-X vector of the PF wants which events, once `m->msix` is programmed by the
	 * caller. */
	enum err (*enable_interrupt)(struct master *m, u16 msix_index, struct why *why);
	/* Check (decode): can this policy be met? Changes nothing. */
	enum err (*check_policy)(struct master *m, const struct vf *vf,
				 const struct vf_policy *policy, struct why *why);
	/* Apply a checked policy to a VF before its VM sees it. On error the VM does not get it. */
	enum err (*prepare_vf)(struct master *m, struct vf *vf, const struct vf_policy *policy,
			       struct why *why);
	/* The VF's FLR has been verified: wipe every trace of the last owner on the PF side (R36).
	 * Filters closed, VF disabled until prepare_vf (or, for a reset by its own guest, reopened
	 * with the policy it had: `keep_policy`). On error the VF is not usable: quarantine. */
	enum err (*vf_reset_done)(struct master *m, struct vf *vf, bool keep_policy,
				  struct why *why);
	/* Before its VM goes: a message without CTS (R41), then stop its queues. */
	void (*quiesce_vf)(struct master *m, struct vf *vf);
	/* Mailboxes, VF resets, link: called on the PF's interrupt and at least every 10 ms.
	 * Bounded work. */
	void (*service)(struct master *m);
	/* For reports. */
	void (*describe_vf)(struct master *m, const struct vf *vf, struct vf_service *out);
	/* The message that is `age` messages old (0: the last one), in words. False: none is kept.
	 * NULL: the device has no mailbox. */
	bool (*trace)(struct master *m, unsigned age, struct mailbox_event *out, char *buf,
		      size_t size);
	/* Fill the shared page's contents (all but sequence and request). */
	void (*fill_page)(struct master *m, const struct vf *vf, struct coppice_vf_page *page);
	/* NULL: a guest has all of its VF but the MSI-X table. */
	const struct vf_mediator *mediator;
};

#define MASTER_PRIVATE_BYTES 4096

struct master {
	const struct master_driver *driver;
	struct sriov_pf *pf;
	struct msix msix; /* of the PF; initialised by the caller after start() */
	bool failed;
	/* Says whose VF it is, for log lines that name the VM: set by vmm/. Returns "" if nobody's.
	 * Never NULL. */
	const char *(*vm_name_of)(const struct vf *vf);
	/* Called by the driver when a VF's link, MTU or MAC changed: vmm/ refreshes the shared
	 * page. May be NULL. */
	void (*changed)(struct master *m, struct vf *vf);
	/* Zeroed pages that the PF reaches by DMA at `*at`, in an IOMMU domain of its own: its DMA
	 * can go nowhere else. NULL, with the reason, if there are none or nothing confines the PF.
	 * They are never given back. Set by vmm/. */
	void *(*dma_alloc)(struct master *m, u64 pages, iova_t *at, struct why *why);
	u8 private[MASTER_PRIVATE_BYTES]
		__attribute__((aligned(64))); /* the driver's own state; _Static_assert its size */
};

/* All drivers in this build; NULL-terminated. */
extern const struct master_driver *const master_drivers[];

/* The driver for a PF, or NULL. */
const struct master_driver *master_driver_for(const struct pci_function *pf);

#endif
