/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The nouns of vmm/: a core, a virtual machine, its vCPUs and the VFs it has been given.
 */
#ifndef VMM_VM_H
#define VMM_VM_H

#include "base/guest_abi.h"
#include "base/spinlock.h"
#include "drivers/master.h"
#include "iommu/iommu.h"
#include "pci/reset.h"
#include "pci/vfmodel.h"
#include "vmm/config/config.h"
#include "vmm/emulate/vlapic.h"

#define EXIT_REASONS                                                                               \
	80 /* basic exit reasons that have a counter (SDM Vol. 3D appendix C ends at 75) */

struct cpu;
struct vm;
struct vcpu;

/* General registers in encoding order, so that a ModRM register number is the index. RSP lives in
 * the VMCS. */
enum gpr {
	RAX,
	RCX,
	RDX,
	RBX,
	RSP_UNUSED,
	RBP,
	RSI,
	RDI,
	R8,
	R9,
	R10,
	R11,
	R12,
	R13,
	R14,
	R15,
	GPRS
};

/* Register state of a vCPU's first entry: 64-bit mode with these values; everything else as
 * base/guest_abi.h says. */
struct vcpu_start {
	u64 rip, rsp, cr3, gdt_base;
	u16 gdt_limit, cs, ds;
	u64 rdi, rsi;
};

/* ready: on a core's queue; halted: HLT, woken by an interrupt; wait_sipi: parked until a start-up
 * IPI; ended: never again. */
enum vcpu_state {
	VCPU_WAIT_SIPI,
	VCPU_READY,
	VCPU_HALTED,
	VCPU_ENDED
};

#define ATTENTION_INJECT 1u /* look at pending events */
#define ATTENTION_LEAVE                                                                            \
	2u /* back to the run loop: another vCPU's turn, a request of another core, the service    \
	      tick */
struct vcpu {
	u64 gpr[GPRS]; /* first: vmm/vmx/exit.asm addresses it by fixed offsets */
	u64 launched;  /* 1 after the first successful entry: VMRESUME instead of VMLAUNCH */
	struct vm *vm;
	unsigned index;
	struct cpu *core; /* the core it runs on; never changes while it lives */
	volatile enum vcpu_state state;
	void *vmcs;
	struct vlapic lapic;
	/* An exception that the last exit's verdict asked for; injected at the next entry. */
	bool inject_exception, inject_has_error;
	u8 inject_type, inject_vector; /* enum intr_type */
	u32 inject_error;
	bool inject_nmi;
	volatile u32 attention; /* ATTENTION_* bits: something to do before the next entry */
	bool window_open;       /* interrupt-window exiting is on */
	u64 xcr0;
	u64 dr[4], dr6; /* DR0..3 and DR6 as the guest wrote them; no breakpoint is ever armed */
	bool os_xsave;  /* guest CR4.OSXSAVE, for CPUID without a VMREAD */
	u64 timer_seen; /* timer expiry that the core timer was last armed for */
	bool halted_for_good; /* HLT with interrupts off */
	u64 served_ns;        /* of the core's time, exits included: less of it, sooner its turn */
	u8 sipi_vector;
	volatile bool sipi, init; /* requests from other cores, served by the vCPU's own core */
	struct vcpu_start start;  /* registers of the first entry */
	bool has_start;
	bool fresh; /* VMCS not written yet */
	/* MSRs that stay in the core while this vCPU runs, swapped when another vCPU is scheduled.
	 */
	u64 kernel_gs_base, star, lstar, cstar, sfmask, tsc_aux;
	u64 cr2;   /* not in the VMCS either: the address of a page fault not yet handled */
	void *fpu; /* XSAVE area, one page */
	u64 exits[EXIT_REASONS];
	u64 vmreads, vmwrites; /* counted in COUNTERS builds only */
	u64 injected;          /* interrupts injected */
};

/* Set ATTENTION_* bits; any core. The exit path looks only at lapic.pending, so that one goes with
 * them, after them. */
static inline void vcpu_attention(struct vcpu *v, u32 bits)
{
	__atomic_or_fetch(&v->attention, bits, __ATOMIC_RELEASE);
	__atomic_store_n(&v->lapic.pending, 1, __ATOMIC_RELEASE);
}

/* A VF that a VM has, with everything the guest sees of it: one allocation each
 * (vmm/assign/storage.c). */
struct assigned_vf {
	struct vf *vf;
	unsigned slot;         /* in vm->vf[], as vf= stands in coppice.cfg */
	u32 generation;        /* the VF's when it was assigned: it is ours while it has this one */
	struct vf_reset reset; /* the last one, or the one under way */
	struct master *master;
	struct vf_policy policy;
	struct vf_model model;
	struct msix msix;          /* the device's real table */
	struct msix_shadow shadow; /* what the guest wrote */
	struct irq_route **route;  /* one per vector, NULL = not routed */
	struct pci_bar
		host_bar[PCI_BARS];   /* where this VF's BARs are in host memory; size of one VF */
	struct coppice_vf_page *page; /* shared with the master driver; NULL until the guest asks */
	u64 gpa_mapped[PCI_BARS];     /* guest-physical base that EPT maps now, 0 = none */
	bool live;                    /* context entry points at the VM's domain */
	struct vf_guest guest;        /* for the VF's mediator; all zero if it has none */
};

enum vm_state {
	VM_NONE,
	VM_REFUSED,
	VM_READY,
	VM_RUNNING,
	VM_ENDED
};
const char *vm_state_name(enum vm_state s);

#define VM_END_TEXT_BYTES 320
struct vm {
	char name[CONFIG_NAME_BYTES];
	unsigned id; /* 0.. ; VPID = id * CONFIG_VCPUS_PER_VM + vCPU + 1 */
	volatile enum vm_state state;
	const struct vm_config *config;
	struct why refusal; /* VM_REFUSED: why */
	s64 exit_status;    /* 0 = success; VM_STATUS_* below when the guest did not say */
	char end_text[VM_END_TEXT_BYTES]; /* why it ended, for people */
	struct spinlock lock;             /* virtual devices */
	struct spinlock end_lock;         /* the one transition to VM_ENDED */
	bool ram_leaked; /* set by release_all(): a flush failed, a device may still reach the RAM:
			    it is never reused */
	u64 past_exits[EXIT_REASONS],
		past_injected; /* of vCPUs that are gone; read through vm_exits(), vm_injected() */
	u8 *ram;               /* hypervisor's address of guest-physical 0; contiguous */
	u64 ram_bytes;
	u64 *ept_root;                 /* PML4 page */
	u64 ept_pages, past_ept_pages; /* now; at the end of the last life */
	volatile u64 ept_generation;   /* grows with each unmap; cores flush when they lag behind */
	struct iommu_domain *domain;   /* NULL if it has no VFs */
	unsigned cpus;
	struct vcpu *vcpu[CONFIG_VCPUS_PER_VM];
	unsigned vf_count;
	struct assigned_vf *vf[CONFIG_VFS_PER_VM]; /* vf_count of them */
	u32 cf8;                                   /* PCI CONFIG_ADDRESS */
	void *devices; /* other virtual devices: vmm/guest/'s own (16550, ...), one page, zeroed */
	u64 start_ns;
	u64 tsc_offset; /* guest TSC = host TSC + this */
	u64 figure[COPPICE_FIGURES];
	bool figure_set[COPPICE_FIGURES];
	u64 forwarded_irqs;
	u64 throttled;  /* service ticks in which a vector of its VFs was masked for its storm */
	char line[256]; /* console line being assembled */
	unsigned line_len;
	volatile u32 live_vcpus; /* vCPUs that a core still holds */
	volatile bool restart;   /* asked for: it is built again after teardown, and then runs */
	unsigned starts;         /* how often it was started */
	bool complete;           /* ready, and its VFs are its own */
	bool torn_down;          /* refused or ended, VFs returned, memory freed */
	bool forget;             /* to be destroyed once it is torn down */
	bool destroyed;          /* forgotten: shown in reports, but nothing can be done with it */
};

/* exit_status values that the hypervisor sets itself (a guest's own status is 0..255). */
#define VM_STATUS_STOPPED      (-1) /* stopped by a verdict (end_text says which) */
#define VM_STATUS_TRIPLE_FAULT (-2)
#define VM_STATUS_NOT_STARTED  (-3)

/* Turns get long with more. */
#define VCPUS_PER_CORE 64

/* One core. */
struct cpu {
	unsigned index;
	u32 apic_id;
	volatile bool online, vmx;
	void *vmxon;
	struct vcpu *current; /* whose VMCS is loaded */
	struct vcpu *queue[VCPUS_PER_CORE];
	unsigned vcpus; /* that have this core for life, running or not yet; <= VCPUS_PER_CORE */
	unsigned queue_len;
	u64 served_ns;        /* what the least served of those that want to run has had */
	struct spinlock lock; /* queue and routes */
	volatile bool kicked;
	u64 ept_generation[CONFIG_VMS]; /* last flush of each VM's EPT on this core */
	u64 slice_end_ns;   /* when the current vCPU's turn is over, 0 = it has the core alone */
	u64 timer_armed_ns; /* what the LAPIC timer is set for, 0 = stopped */
	struct irq_route *route[256]; /* by host vector */
	u64 host_interrupts;
};

/* The parts of a boot, in this order; each ends where the next begins. */
enum boot_phase {
	PHASE_MEMORY,  /* loader's tables, page tables, pool */
	PHASE_HOST,    /* this core, ACPI, time, console */
	PHASE_FABRIC,  /* pci/: walk, ACS, SR-IOV capabilities */
	PHASE_IOMMU,   /* iommu/ */
	PHASE_CORES,   /* features, policies, the other cores */
	PHASE_MASTERS, /* drivers/, and their VFs */
	PHASE_VMS,     /* coppice.cfg, each VM with its VFs */
	PHASE_REPORT,  /* topology, report.json */
	PHASE_ENTRY,   /* up to the first VM entry */
	BOOT_PHASES
};

/* What the way to the end of a phase has cost: all, and what is told apart. */
struct boot_timing {
	u64 ticks;       /* TSC from our first instruction; 0: the phase has not ended */
	u64 waited_ns;   /* of it: waits for hardware, nearly all as specifications ask */
	u64 pages_wiped; /* of it: memory cleared, 512 stores a page */
};
extern struct boot_timing boot_timing[BOOT_PHASES];

/* Note the end of a phase. Any core; nothing is noted after the first VM entry. */
void boot_phase_ends(enum boot_phase phase);

extern struct cpu cpus[];
extern unsigned cpu_count; /* cores online */
struct cpu *this_cpu(void);

/* All VMs of the configuration, started or refused. */
extern struct vm vms[CONFIG_VMS];
extern unsigned vm_count;
extern struct config config;
extern const struct boot_info *boot;

/* --- guest memory (vmm/guest/memory.c)
 * ------------------------------------------------------------------------------ */

/* Copy from or to guest-physical RAM; false (and nothing copied) unless the whole range is inside
 * the VM's RAM. */
bool guest_read(const struct vm *vm, gpa_t from, void *to, u64 len);
bool guest_write(struct vm *vm, gpa_t to, const void *from, u64 len);
/* Pointer into guest RAM, NULL unless [at, at+len) is inside. */
void *guest_ptr(const struct vm *vm, gpa_t at, u64 len);

/* --- vCPU control (vmm/vmx/)
 * ------------------------------------------------------------------------------------------ */

/* Guest register state that lives in the VMCS; only on the vCPU's own core, inside its exit
 * handling. */
u64 vcpu_rip(struct vcpu *v);
u64 vcpu_cr0(struct vcpu *v);
u64 vcpu_cr3(struct vcpu *v);
u64 vcpu_cr4(struct vcpu *v);
u64 vcpu_efer(struct vcpu *v);
u64 vcpu_rflags(struct vcpu *v);
u64 vcpu_rsp(struct vcpu *v);
void vcpu_set_rsp(struct vcpu *v, u64 value);
/* A general register by its number in an instruction or an exit qualification: RSP too. */
static inline u64 vcpu_gpr(struct vcpu *v, unsigned reg)
{
	return reg == RSP_UNUSED ? vcpu_rsp(v) : v->gpr[reg];
}
static inline void vcpu_set_gpr(struct vcpu *v, unsigned reg, u64 value)
{
	if (reg == RSP_UNUSED)
		vcpu_set_rsp(v, value);
	else
		v->gpr[reg] = value;
}
bool vcpu_cs_long(struct vcpu *v);
bool vcpu_cs_default_32(struct vcpu *v);
unsigned vcpu_privilege(struct vcpu *v); /* 0 = kernel, 3 = user (CPL) */
u64 vcpu_cs_base(struct vcpu *v);        /* 0 in 64-bit mode */
u64 vcpu_ds_base(struct vcpu *v);

/* Wake a vCPU or make its core leave guest mode soon, so that it sees vlapic_post(). Any core. */
void vcpu_kick(struct vcpu *v);

/* End the whole VM: each vCPU stops at its next exit. Any core. The first caller's status and text
 * stay. */
void vm_end(struct vm *vm, s64 status, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* --- EPT (vmm/vmx/ept.c)
 * ---------------------------------------------------------------------------------------------- */

#define EPT_READ  1u
#define EPT_WRITE 2u
#define EPT_EXEC  4u

enum err ept_create(struct vm *vm, struct why *why);
/* Map whole pages; `uncached` for device BARs. Nothing mapped on error. */
enum err ept_map(struct vm *vm, gpa_t at, hpa_t to, u64 size, unsigned prot, bool uncached,
		 struct why *why);
/* Unmap and flush on every core that runs the VM before returning. */
void ept_unmap(struct vm *vm, gpa_t at, u64 size);
bool ept_translate(const struct vm *vm, gpa_t at, hpa_t *to, unsigned *prot);
void ept_destroy(struct vm *vm);

#endif
