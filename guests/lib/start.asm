; SPDX-License-Identifier: GPL-2.0-only
; Entry of a small guest (base/guest_abi.h): 64-bit mode, RDI = struct coppice_start, no stack yet.
; Then the 256 interrupt entries, and the way back out of a fault that was expected.
%include "base/hw/registers.inc"
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
global interrupt_entries
TRAP_ENTRIES interrupt_entries, interrupt_common

; bool catch_call(void (*action)(void *), void *arg): run action(arg); false if it came back, true
; if it faulted. interrupt_common() turns a fault into a jump to catch_resume while catch_stack is
; set.
global catch_call, catch_resume
catch_call:
	PUSH_CALLEE_SAVED
	sub	rsp, 8
	mov	[catch_stack], rsp
	mov	rax, rdi
	mov	rdi, rsi
	call	rax
	xor	eax, eax
.out:
	mov	qword [catch_stack], 0
	add	rsp, 8
	POP_CALLEE_SAVED
	ret
catch_resume:
	mov	eax, 1
	jmp	catch_call.out

section .bss
align 16
	resb	STACK_BYTES
stack_top:

section .note.GNU-stack noalloc noexec nowrite progbits
