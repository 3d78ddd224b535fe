; SPDX-License-Identifier: GPL-2.0-only
; Every exception and interrupt comes through here.
%include "base/hw/registers.inc"
extern trap
global trap_stubs, load_tables

section .text
bits 64

TRAP_ENTRIES trap_stubs, trap

; void load_tables(const void *gdtr, const void *idtr, u16 cs, u16 ds, u16 tss)
load_tables:
	lgdt [rdi]
	lidt [rsi]
	mov ds, ecx
	mov es, ecx
	mov ss, ecx
	xor eax, eax
	mov fs, eax
	mov gs, eax			; the caller sets GS base afterwards
	ltr r8w
	pop rax				; return into the new code segment
	movzx edx, dx
	push rdx
	push rax
	retfq

section .note.GNU-stack noalloc noexec nowrite progbits
