; SPDX-License-Identifier: GPL-2.0-only
; Real mode, at a page boundary: an MSR that nobody has, and where the stack is when #GP is handled.
section .rodata
global real_begin, real_end, real_sp
bits 16
VECTOR_GP equ 13
STACK equ 0xf000
real_begin:
	cli
	xor	ax, ax
	mov	ds, ax
	mov	ss, ax
	mov	sp, STACK
	mov	word [VECTOR_GP * 4], handler - real_begin
	mov	[VECTOR_GP * 4 + 2], cs
	mov	ecx, 0x1d9
	rdmsr
	hlt
handler:
	mov	[cs:real_sp - real_begin], sp
.stay:
	hlt
	jmp	.stay
real_sp: dw 0
real_end:

section .note.GNU-stack noalloc noexec nowrite progbits
