/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a small guest kernel and the hypervisor agree on; documented for people in
 * docs/guest-abi.md. Stock Linux needs none of it.
 */
#ifndef BASE_GUEST_ABI_H
#define BASE_GUEST_ABI_H

#include "base/types.h"

#define COPPICE_CPUID_BASE 0x40000000u /* EBX, ECX, EDX = "CoppiceHV\0\0\0", EAX = highest leaf */
#define COPPICE_CPUID_ABI  0x40000001u /* EAX = COPPICE_ABI_VERSION, EBX = vCPU index */
#define COPPICE_CPUID_TIME                                                                         \
	0x40000010u /* EAX = TSC frequency in kHz, EBX = local APIC timer input in kHz */
#define COPPICE_CPUID_KVM   0x40000100u /* "KVMKVMKVM", no features: for stock Linux */
#define COPPICE_ABI_VERSION 1

/*
 * Hypercalls: VMCALL, number in RAX, arguments in RDI, RSI, RDX, result in RAX (>= 0, or a
 * HC_E_... value).
 */
enum coppice_hypercall {
	HC_CONSOLE_WRITE =
		1, /* RDI = guest-physical address of text, RSI = length (<= 4096): bytes written */
	HC_EXIT = 2,   /* RDI = status; the VM (all its vCPUs) ends; does not return */
	HC_TIME = 3,   /* nanoseconds since the VM started */
	HC_FIGURE = 4, /* RDI = enum coppice_figure, RSI = value: shown in the closing table and in
			  the report */
	HC_SHARED_PAGE = 5, /* RDI = VF slot (order of vf= in coppice.cfg): guest-physical address
			       of the page that this VM and the VF's master driver share */
	HC_DOORBELL = 6,    /* RDI = VF slot: the master driver looks at the shared page */
};

#define HC_E_UNKNOWN  (-1ll) /* no such hypercall */
#define HC_E_ARGUMENT (-2ll) /* an argument out of range, or an address outside the VM's RAM */
#define HC_E_NONE     (-3ll) /* there is no such VF or page */

/* What a guest may report about itself with HC_FIGURE. Each call replaces the value. */
enum coppice_figure {
	FIGURE_FRAMES_SENT,
	FIGURE_FRAMES_RECEIVED,
	FIGURE_INTERRUPTS,  /* VF interrupts that the guest's handlers saw */
	FIGURE_ERRORS,      /* wrong content, order or length */
	FIGURE_CPUID_TICKS, /* what one exit takes, in TSC ticks, for `make bench` */
	FIGURE_COMMANDS,    /* I/O commands to a disk that ended well */
	FIGURE_DENIED,      /* attempts at what is not its own that were denied, as they must be */
	FIGURE_RDMSR_TICKS,
	FIGURE_WRMSR_TICKS,
	FIGURE_VMCALL_TICKS,
	COPPICE_FIGURES,
};

/*
 * Entry state of an ELF64 guest: 64-bit mode, RIP = e_entry, RDI = guest-physical address of struct
 * coppice_start (also identity-mapped), flat CS/DS/SS, interrupts off, paging on with the first 4
 * GiB identity-mapped (RAM and device windows), no stack. Segments are loaded at p_paddr. The page
 * tables, the GDT and struct coppice_start lie in the first 64 KiB of guest RAM, which a kernel
 * must not be linked into (link at 1 MiB or above).
 */
#define COPPICE_START_MAGIC 0x3130656369707043ull /* "Cppice01" */
struct coppice_start {
	u64 magic;
	u32 abi_version;
	u32 cpus;      /* number of vCPUs; only vCPU 0 runs, the others wait for INIT/SIPI */
	u64 ram_bytes; /* guest RAM from 0; below 3 GiB */
	u64 ecam_base; /* guest-physical, one bus (1 MiB) */
	u64 mmio_base; /* 32-bit window for BARs */
	u64 mmio_size;
	u64 tsc_khz;
	u64 apic_timer_khz; /* input clock of the local APIC timer before its divider */
	u64 scratch_gpa;   /* a guest-physical address with nothing behind it, for tests of unmapped
			      memory */
	char name[32];     /* the VM's name */
	char cmdline[512]; /* cmdline= of coppice.cfg, NUL-terminated */
};

/*
 * The page that a VF's master driver and the VM share (HC_SHARED_PAGE): what the 82576 mailbox
 * cannot say. The master driver writes all but `request*`; `sequence` is odd while it writes and
 * grows by two per change.
 */
#define COPPICE_VF_PAGE_MAGIC 0x65676170u /* "page" */
struct coppice_vf_page {
	u32 magic;
	u32 sequence;
	u32 link_up; /* 0 or 1 */
	u32 link_mbps;
	u32 mtu;  /* largest payload of an untagged frame the VF may use, bytes */
	u16 vlan; /* access VLAN, 0 = none */
	u8 mac[6];
	u32 tx_rate_mbps;     /* honoured limit, 0 = none */
	u32 request;          /* guest: 1 = please read again now (then HC_DOORBELL) */
	u32 request_answered; /* counts doorbells that were served */
};

/*
 * Input clock of the virtual local APIC's timer, before its divider, as CPUID and coppice_start
 * tell it.
 */
#define GUEST_APIC_TIMER_KHZ 1000000u

/* Where a small guest finds things. Fixed, so that a VF's BAR can never overlap guest RAM (R5). */
#define GUEST_ECAM_BASE   0xe0000000u
#define GUEST_ECAM_SIZE   0x00100000u /* one bus */
#define GUEST_MMIO_BASE   0xc0000000u
#define GUEST_MMIO_SIZE   0x20000000u
#define GUEST_RAM_LIMIT   0xc0000000u /* RAM below 3 GiB; above it devices */
#define GUEST_SCRATCH_GPA 0xf0000000u
#define GUEST_IOAPIC_BASE 0xfec00000u
#define GUEST_IOAPIC_SIZE 0x1000u
#define GUEST_COM1_PIN    4u /* of the I/O APIC, as on every PC */

/*
 * I/O ports of the guest's machine beside COM1 and PCI. Linux finds the power registers through
 * ACPI; vmm/guest/dsdt.asl repeats the numbers.
 */
#define GUEST_PORT_EXIT_STATUS   0xf4 /* write: status of power-off; read: restarts so far */
#define GUEST_PORT_SLEEP_CONTROL 0x600
#define GUEST_PORT_SLEEP_STATUS  0x601
#define GUEST_PORT_RESET         0x602
#define GUEST_RESET_VALUE        1

#endif
