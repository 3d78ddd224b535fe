/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a core needs to run C safely: its GDT, TSS with IST stacks, IDT, and interrupt handlers; and
 * the local APIC.
 */
#ifndef BASE_HW_CPU_H
#define BASE_HW_CPU_H

#include "base/types.h"

/* Segment selectors of the hypervisor; VMX host state uses them too. */
#define HOST_CS  0x08
#define HOST_DS  0x10
#define HOST_TSS 0x18

#define HOST_STACK_BYTES (16 * 1024)
#define MAX_CPUS         64

/* Registers as the common interrupt entry stores them (base/hw/interrupt.asm). */
struct trap_frame {
	u64 r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
	u64 vector, error_code;
	u64 rip, cs, rflags, rsp, ss;
};

/*
 * Set up this core: GDT, TSS, IST stacks with guard pages for #DF, NMI, #MC, #PF; IDT; CR0.WP, CR4
 * bits, EFER.NXE. `index` is the core's number (0 = boot core, < MAX_CPUS), reachable afterwards
 * through cpu_index(). The boot core can do it at any time, and does so before all else; the others
 * need paging_init(). Doing it again is harmless.
 */
enum err cpu_tables_init(unsigned index) MUST_CHECK;

/* This core's number. Fast: read from GS base. */
unsigned cpu_index(void);

/*
 * GDT and TSS base of this core, for the VMCS host state, and the IDT's. GS base holds struct
 * cpu_local.
 */
u64 cpu_gdt_base(void);
u64 cpu_tss_base(void);
u64 cpu_idt_base(void);

/*
 * A stack of HOST_STACK_BYTES with an unmapped guard page below; returns its top, NULL when memory
 * is out.
 */
void *cpu_stack_alloc(void);

/*
 * What to do on an external interrupt `vector` (0x20..0xff), on any core. The handler runs with
 * interrupts off and must not EOI: the dispatcher does. Unset vectors are counted and logged once.
 * Exceptions are the hypervisor's bugs: crash record, dump, stop.
 */
typedef void interrupt_handler(u8 vector);
void interrupt_set_handler(u8 vector, interrupt_handler *handler);

/*
 * Run the handler for `vector` and EOI, as if it had come through the IDT: for VM exits that
 * acknowledged an interrupt.
 */
void interrupt_dispatch(u8 vector);

/* Called on NMI (may be NULL). Takes no locks. */
void nmi_set_handler(void (*handler)(void));

/* Describe what ran here last, for the crash record: set by vmm/ around VM entries. May be NULL. */
struct crash_record;
void crash_set_describe(void (*fill)(struct crash_record *));

/* --- local APIC ------------------------------------------------------------------------------ */

/*
 * Enable this core's APIC in x2APIC mode if CPUID has it, else xAPIC; everything masked; spurious
 * vector 0xff.
 */
enum err lapic_init(struct why *why) MUST_CHECK;
bool lapic_is_x2apic(void);
u32 lapic_id(void);
void lapic_eoi(void);
void lapic_ipi(u32 apic_id, u8 vector); /* fixed delivery */
void lapic_nmi(u32 apic_id);

/*
 * One-shot timer on this core: `vector` after `ns` (0 stops it). Uses the APIC timer, calibrated
 * once on the boot core.
 */
void lapic_timer_oneshot(u8 vector, u64 ns);
u64 lapic_timer_khz(void); /* input clock before the divider */

/* --- time, memory ---------------------------------------------------------------------------- */

/*
 * TSC frequency: CPUID 15h or 40000010h where complete, else against HPET or PIT (bounded). After
 * acpi_init(). The APIC timer is calibrated by whichever of lapic_init() and time_init() comes
 * later on the boot core. Before time_init() the TSC is taken for 5 GHz: waits are too long then.
 */
enum err time_init(struct why *why) MUST_CHECK;
u64 time_tsc_khz(void);
/* Which source: "CPUID 15h", "CPUID 40000010h", "HPET", "PIT". */
const char *time_source(void);

struct boot_info;
/*
 * Build the hypervisor's own page tables and switch to them: the image W^X (text R-X, rodata R--,
 * data RW- NX), all RAM once in the direct map RW- NX, MMIO on demand. Gives usable RAM (without
 * the image, modules, the first MiB) to the page pool.
 */
enum err paging_init(const struct boot_info *boot, struct why *why) MUST_CHECK;
u64 paging_root(void); /* CR3 for other cores */

/*
 * Serial ports: COM1 is the console (log sink), COM2 the report stream. Absent ports are noticed
 * by a loop-back test or bounded waits.
 */
#define SERIAL_FIFO_BYTES 16
void serial_init(void);
void serial_write(unsigned port /* 1 or 2 */, const char *text, size_t len);
/* Without waiting: how much of it the port took, 0 while it is busy. */
size_t serial_write_some(unsigned port, const char *text, size_t len);
void serial_drain(
	void); /* wait (bounded) until all has left the FIFOs; power_off() and power_reboot() do */
int serial_read(unsigned port); /* a byte, or -1 */
bool serial_present(unsigned port);

/*
 * Power off through ACPI S5 (FADT PM1a/PM1b and the \_S5 package), else known emulator ports;
 * reboot through the reset register, 0xCF9, 8042.
 */
__attribute__((noreturn)) void power_off(void);
__attribute__((noreturn)) void power_reboot(void);

#endif
