; SPDX-License-Identifier: GPL-2.0-only
; Every exception and interrupt comes through here. A stub per vector makes the stack look the same
; for all and goes to trap_entry, which stores the registers as struct trap_frame (base/hw/cpu.h)
; and calls trap(frame) in C.
extern trap
global trap_stubs, load_tables

section .text
bits 64

; 256 stubs of 16 bytes: the address for vector n is trap_stubs + 16 * n.
align 16
trap_stubs:
%assign vector 0
%rep 256
	align 16
	; The CPU pushes an error code for #DF #TS #NP #SS #GP #PF #AC #CP (Intel SDM 3A table 6-1).
	%if vector <> 8 && (vector < 10 || vector > 14) && vector <> 17 && vector <> 21
	push 0
	%endif
	push strict dword vector
	jmp strict near trap_entry
%assign vector vector + 1
%endrep

align 16
trap_entry:
	cld
	push rax
	push rbx
	push rcx
	push rdx
	push rsi
	push rdi
	push rbp
	push r8
	push r9
	push r10
	push r11
	push r12
	push r13
	push r14
	push r15
	mov rdi, rsp			; struct trap_frame *
	mov rbp, rsp
	and rsp, -16			; the ABI's alignment at a call
	call trap
	mov rsp, rbp
	pop r15
	pop r14
	pop r13
	pop r12
	pop r11
	pop r10
	pop r9
	pop r8
	pop rbp
	pop rdi
	pop rsi
	pop rdx
	pop rcx
	pop rbx
	pop rax
	add rsp, 16			; vector, error code
	iretq

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
