; SPDX-License-Identifier: GPL-2.0-only
; Running code that may raise any exception. Each vCPU has a stack of STACK_BYTES, aligned to its
; size; its lowest word is where to go back to, 0 while nothing is expected.
%include "base/hw/registers.inc"
bits 64
default rel

STACK_BYTES equ 16 * 1024
%macro FIND_RETURN 1
	mov	%1, rsp
	and	%1, -STACK_BYTES
%endmacro

extern chaos_unexpected

section .text
; int chaos_attempt(const u8 *code, u64 *reg): registers in encoding order
global chaos_attempt
chaos_attempt:
	PUSH_CALLEE_SAVED
	push	rsi
	FIND_RETURN rax
	mov	[rax], rsp
	push	rdi
	mov	rax, [rsi + 0 * 8]
	mov	rcx, [rsi + 1 * 8]
	mov	rdx, [rsi + 2 * 8]
	mov	rbx, [rsi + 3 * 8]
	mov	rbp, [rsi + 5 * 8]
	mov	rdi, [rsi + 7 * 8]
	mov	r8, [rsi + 8 * 8]
	mov	r9, [rsi + 9 * 8]
	mov	r10, [rsi + 10 * 8]
	mov	r11, [rsi + 11 * 8]
	mov	r12, [rsi + 12 * 8]
	mov	r13, [rsi + 13 * 8]
	mov	r14, [rsi + 14 * 8]
	mov	r15, [rsi + 15 * 8]
	mov	rsi, [rsi + 6 * 8]
	call	[rsp]
	push	rax
	mov	rax, [rsp + 16]
	pop	qword [rax + 0 * 8]
	mov	[rax + 1 * 8], rcx
	mov	[rax + 2 * 8], rdx
	mov	[rax + 3 * 8], rbx
	mov	eax, -1
back:
	push	qword 2			; no flag but the fixed one
	popfq
	FIND_RETURN rcx
	mov	rsp, [rcx]
	mov	qword [rcx], 0
	pop	rsi
	POP_CALLEE_SAVED
	ret

; Exceptions, with or without an error code: nobody looks at the frame. An IRET, because it also
; ends the blocking of NMIs.
fault:
	FIND_RETURN rcx
	mov	rdx, [rcx]
	test	rdx, rdx
	jz	.unexpected
	mov	esi, ss
	push	rsi
	push	rdx
	push	qword 2
	mov	esi, cs
	push	rsi
	lea	rsi, [back]
	push	rsi
	iretq
.unexpected:
	mov	edi, eax
	mov	rsi, rsp
	and	rsp, -16
	call	chaos_unexpected

; An NMI may come at any time and changes nothing.
nmi:
	iretq

ENTRY_BYTES equ 16
VECTOR_NMI equ 2
global chaos_fault_entries
align ENTRY_BYTES
chaos_fault_entries:
%assign v 0
%rep 32
	align	ENTRY_BYTES
%if v == VECTOR_NMI
	jmp	near nmi
%else
	mov	eax, v
	jmp	near fault
%endif
%assign v v + 1
%endrep

; void chaos_switch_stack(void *top, void (*entry)(u32), u32 number)
global chaos_switch_stack
chaos_switch_stack:
	mov	rsp, rdi
	mov	edi, edx
	call	rsi
	ud2

section .note.GNU-stack noalloc noexec nowrite progbits
