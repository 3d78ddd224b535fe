/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A machine for vmm/guest/ and vmm/assign/ without VT-x: four cores, two VMs, one PF with two VFs
 * whose config space and BARs are memory. pci/'s config access, MSI-X and config model are the real
 * ones; what is below them is fake, and what has an order is in the event log (fakes/fakes.h):
 * config and MMIO writes as such, the rest as notes.
 */
#ifndef TESTS_UNIT_VMM_WORLD_H
#define TESTS_UNIT_VMM_WORLD_H

#include "fakes/fakes.h"
#include "vmm/assign/assign.h"
#include "vmm/guest/devices.h"
#include "vmm/guest/guest.h"

#define WORLD_CORES     4
#define WORLD_VFS       2
#define WORLD_VECTORS   3
#define WORLD_RAM       (2 * MiB)
#define WORLD_BAR0      0xe0000000ull /* of VF 0; 16 KiB each */
#define WORLD_BAR3      0xe0100000ull /* MSI-X table in the second page, pending bits in the third */
#define WORLD_TABLE     0x1000u
#define WORLD_PF_BAR3   0xe0200000ull /* the PF's MSI-X table */
#define WORLD_BAR_BYTES 0x4000ull
#define WORLD_FLR_NS    (100 * NS_PER_MS) /* what PCI Express gives a function for its reset */
#define WORLD_TICK_NS   (10 * NS_PER_MS)  /* how often the boot core looks */
#define WORLD_NEVER     (~0ull / 2)

/* FAKE_NOTE events: `address` says what happened, `value` to what. */
enum note {
	NOTE_FLR = 1,        /* value = RID */
	NOTE_ATTACH,         /* value = RID; width = domain number, 0 = parking */
	NOTE_DOMAIN_DESTROY, /* value = domain number */
	NOTE_IRTE_SET,       /* value = handle */
	NOTE_IRTE_FREE,      /* value = handle */
	NOTE_EPT_UNMAP,      /* value = gpa */
	NOTE_PREPARE,        /* master driver; value = VF index */
	NOTE_WIPE,           /* vf_reset_done(keep_policy = false) */
	NOTE_REOPEN,         /* vf_reset_done(keep_policy = true) */
	NOTE_QUIESCE,
	NOTE_SETTLE, /* faults attributed; value = state of VF 0 then */
};

struct world_irte {
	bool used, live;
	struct rid rid;
	u32 apic_id;
	u8 vector;
	/* Where its interrupts may arrive: a flush that failed leaves the old place, too. */
	bool reaches[WORLD_CORES][256];
};

struct world_mapping {
	u64 gpa, hpa, size;
	unsigned prot;
	bool uncached;
};

#define WORLD_MAPPINGS 32
#define WORLD_IRTES    16
extern struct world {
	unsigned core; /* where we run */
	/* Registers of the vCPU that exits. */
	u64 rip, rsp, cr0, cr3, cr4, efer, cs_base;
	unsigned privilege;
	bool long_mode, default_32;
	/* What fails. */
	enum err iommu, acs, policy, attach_back, attach, domain, map, irte_free, irte_alloc, ept,
		start, irte_set, prepare, reset_done;
	u64 flr_ns[WORLD_VFS]; /* how long an FLR takes; 100 ms at least */
	/* What was seen. */
	u64 silent_until[WORLD_VFS], untouchable_until[WORLD_VFS];
	unsigned early; /* config accesses to a VF within 100 ms of its FLR */
	struct world_irte irte[WORLD_IRTES];
	struct world_mapping mapping[WORLD_MAPPINGS];
	/* What devices reach beside a VM's RAM. */
	struct world_mapping extra[WORLD_MAPPINGS];
	unsigned extras;
	bool reaches_ram[WORLD_VFS]; /* the VF's DMA: a flush that failed leaves it so */
	unsigned domain_bits;        /* of the last domain */
	unsigned mappings, kicks, kicked_index, domains, fills, flushes, services;
	s64 end_status;
	char end_text[200];
	bool ended;
	u8 config_space[2 * MiB];
	u8 bar0[WORLD_VFS * WORLD_BAR_BYTES], bar3[WORLD_VFS * WORLD_BAR_BYTES],
		pf_bar3[WORLD_BAR_BYTES];
	struct pci_function pf_function, vf_function[WORLD_VFS];
	struct sriov_pf pf;
	struct vf vf[WORLD_VFS];
	struct vm_config vm_config[2];
	struct boot_info boot;
} world;

/* For cmocka_unit_test_setup(): everything new. */
int world_setup(void **state);

/* VM n with its config wishing for igb0/<first>..: not assigned yet. */
struct vm *world_vm(unsigned n);
void world_wish(unsigned vm, const char *pf, unsigned index);
void world_assign(unsigned vm); /* must succeed */
/* Refused: what there was is given back. */
enum err world_try_assign(unsigned vm, struct why *why);
void world_release(unsigned vm);

/* Raise an interrupt on a core as the LAPIC would. */
void world_interrupt(unsigned core, u8 vector);

/* Where a guest-physical address leads in EPT; NULL if nowhere. */
const struct world_mapping *world_ept(u64 at);

/* Vectors of a core at which an interrupt of a VF may still arrive. */
unsigned world_reachable(unsigned core);

/* Index of the first note of this kind from event `from` on, or -1. */
int world_note(unsigned from, enum note kind);
/* Index of the first write of this value to a VF's Command register from event `from` on, or -1. */
int world_command_write(unsigned from, unsigned vf, u16 value);
/* The device's MSI-X table entry, as the VF would use it. */
u32 world_table(unsigned vf, unsigned entry, unsigned dword);
u16 world_config16(unsigned vf, unsigned offset);

#endif
