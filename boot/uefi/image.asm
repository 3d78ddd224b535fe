; SPDX-License-Identifier: GPL-2.0-only
; The hypervisor's ELF image, carried inside the UEFI application; and the jump into it.
bits 64
default rel
section .rodata align=4096
global hypervisor_elf, hypervisor_elf_end
hypervisor_elf:
	incbin HYPERVISOR_ELF
hypervisor_elf_end:

section .text
global efi_jump
; void efi_jump(u64 root rdi, u64 stack_top rsi, u64 entry rdx): onto the boot page tables, which
; also map this code one to one, and into the hypervisor. Does not return.
efi_jump:
	cli
	mov	rax, cr0
	or	rax, 1 << 16		; WP
	mov	cr0, rax
	mov	cr3, rdi
	mov	rsp, rsi
	xor	ebp, ebp
	call	rdx
	ud2

section .note.GNU-stack noalloc noexec nowrite progbits
