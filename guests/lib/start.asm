; SPDX-License-Identifier: GPL-2.0-only
; Entry of a small guest (base/guest_abi.h): 64-bit mode, RDI = struct coppice_start, no stack yet.
; Then the 256 interrupt entries, and the way back out of a fault that was expected.
bits 64
default rel

extern guest_start
extern interrupt_common
extern catch_stack

STACK_BYTES equ 32 * 1024

section .text.start progbits alloc exec nowrite align=16
global _start
_start:
	cld
	lea	rsp, [stack_top]
	xor	ebp, ebp
	call	guest_start	; does not return
.stay:
	hlt
	jmp	.stay

section .text
; Every entry leaves the same frame (struct trap_frame of base/hw/cpu.h): the vector and an error
; code, which some exceptions push themselves (SDM volume 3A table 6-1: 8, 10..14, 17, 21, 29, 30).
PUSHES_ERROR equ 0x60227d00	; bit n: exception n pushes one
ENTRY_BYTES equ 16

global interrupt_entries
align ENTRY_BYTES
interrupt_entries:
%assign v 0
%rep 256
	align	ENTRY_BYTES
%if v > 31 || !(PUSHES_ERROR >> v & 1)
	push	qword 0
%endif
	push	qword v
	jmp	near interrupt_save
%assign v v + 1
%endrep

interrupt_save:
	push	rax
	push	rcx
	push	rdx
	push	rbx
	push	rsi
	push	rdi
	push	rbp
	push	r8
	push	r9
	push	r10
	push	r11
	push	r12
	push	r13
	push	r14
	push	r15
	cld
	mov	rdi, rsp
	mov	rbp, rsp
	and	rsp, -16	; the CPU aligned the stack, but for its own pushes and ours
	call	interrupt_common
	mov	rsp, rbp
	pop	r15
	pop	r14
	pop	r13
	pop	r12
	pop	r11
	pop	r10
	pop	r9
	pop	r8
	pop	rbp
	pop	rdi
	pop	rsi
	pop	rbx
	pop	rdx
	pop	rcx
	pop	rax
	add	rsp, 16		; vector and error code
	iretq

; bool catch_call(void (*action)(void *), void *arg): run action(arg); false if it came back, true
; if it faulted. interrupt_common() turns a fault into a jump to catch_resume while catch_stack is
; set.
global catch_call, catch_resume
catch_call:
	push	rbx
	push	rbp
	push	r12
	push	r13
	push	r14
	push	r15
	sub	rsp, 8
	mov	[catch_stack], rsp
	mov	rax, rdi
	mov	rdi, rsi
	call	rax
	xor	eax, eax
.out:
	mov	qword [catch_stack], 0
	add	rsp, 8
	pop	r15
	pop	r14
	pop	r13
	pop	r12
	pop	rbp
	pop	rbx
	ret
catch_resume:
	mov	eax, 1
	jmp	catch_call.out

section .bss
align 16
	resb	STACK_BYTES
stack_top:

section .note.GNU-stack noalloc noexec nowrite progbits
