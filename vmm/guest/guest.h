/* SPDX-License-Identifier: GPL-2.0-only */
/* What a guest sees: memory, virtual PCI bus 0, ports, hypercalls, console; and how kernels are
 * loaded. */
#ifndef VMM_GUEST_GUEST_H
#define VMM_GUEST_GUEST_H

#include "vmm/vm.h"

/* Load the VM's kernel (ELF64) from its boot module: checks everything, then copies, builds boot
 * page tables, GDT and struct coppice_start. Fills `start`. The VM's RAM is zeroed before. */
enum err guest_load(struct vm *vm, struct vcpu_start *start, struct why *why);

/* IN/OUT of `width` bytes (1, 2, 4), not string. Unlisted ports read all ones, writes are dropped.
 */
u32 ioport_read(struct vcpu *v, u16 port, unsigned width);
void ioport_write(struct vcpu *v, u16 port, unsigned width, u32 value);

/*
 * An EPT violation at `at` (RAM and mapped BARs never come here): config space (ECAM), MSI-X table
 * pages, BARs of a VF whose memory decode is off (all ones / dropped). Fetches and decodes the
 * instruction, performs it, sets *length to its length. OK; ERR_NOT_FOUND if nothing is at that
 * address (caller ends the VM with a clear message); ERR_UNSUPPORTED with *why if the instruction
 * is not one of those that decode.h knows (caller injects #GP).
 */
enum err mmio_access(struct vcpu *v, gpa_t at, bool write, bool fetch, unsigned *length,
		     struct why *why);

/* Translate a guest-linear address with the guest's own page tables (4-level, 5-level, PAE, 32-bit,
 * off). */
bool guest_linear_to_physical(struct vcpu *v, u64 linear, gpa_t *out);

/* Console text of a VM: assembled into lines, shown as "[name] line", kept in the log. */
void vm_console_write(struct vm *vm, const char *text, size_t len);
void vm_console_flush(struct vm *vm);
/* A byte typed for this VM, into its serial port. False: no room now, try again later. Boot core:
 * it is the one that tears VMs down. */
bool vm_console_input(struct vm *vm, u8 byte);

/* Config space of guest bus 0: device 0 = host bridge, device 1..n = the VM's VFs in order. devfn,
 * offset < 4096. vm->lock held. */
u32 vpci_read(struct vm *vm, u8 devfn, u16 offset, unsigned width);
void vpci_write(struct vm *vm, u8 devfn, u16 offset, unsigned width, u32 value);

#endif
