; SPDX-License-Identifier: GPL-2.0-only
; VM entry and VM exit. struct vcpu (vmm/vm.h) starts with the 16 general registers in encoding
; order, then `launched`. One stack frame serves all exits of a vmx_run(): [rsp] = struct vcpu.

%include "base/hw/registers.inc"
default rel
section .text

VCPU_LAUNCHED	equ 16 * 8
VMCS_HOST_RSP	equ 0x6c14

extern vmx_handle_exit
%macro LOAD_GUEST_REGISTERS 0			; from the vcpu in rdi, rdi last
	mov	rax, [rdi + 0 * 8]
	mov	rcx, [rdi + 1 * 8]
	mov	rdx, [rdi + 2 * 8]
	mov	rbx, [rdi + 3 * 8]
	mov	rbp, [rdi + 5 * 8]
	mov	rsi, [rdi + 6 * 8]
	mov	r8, [rdi + 8 * 8]
	mov	r9, [rdi + 9 * 8]
	mov	r10, [rdi + 10 * 8]
	mov	r11, [rdi + 11 * 8]
	mov	r12, [rdi + 12 * 8]
	mov	r13, [rdi + 13 * 8]
	mov	r14, [rdi + 14 * 8]
	mov	r15, [rdi + 15 * 8]
	mov	rdi, [rdi + 7 * 8]
%endmacro

global vmx_run
global vmx_exit_entry

; u32 vmx_run(struct vcpu *rdi): in and out of the guest until a handler says leave.
; 0 = left, 1 = VM entry failed (VMfail).
vmx_run:
	PUSH_CALLEE_SAVED
	push	rdi				; aligns rsp to 16; exits find it at [rsp]
	mov	eax, VMCS_HOST_RSP
	vmwrite	rax, rsp
	cmp	qword [rdi + VCPU_LAUNCHED], 0	; 0: VMCLEARed since, must VMLAUNCH
	jne	resume
	LOAD_GUEST_REGISTERS
	vmlaunch
	jmp	failed
resume:						; rdi = vcpu; after an exit always this way
	LOAD_GUEST_REGISTERS
	vmresume
failed:	mov	eax, 1				; only VMfail falls through
	jmp	leave_guest

; HOST_RIP: every general register still holds the guest's value; rsp is HOST_RSP.
vmx_exit_entry:
	push	rdi
	mov	rdi, [rsp + 8]			; vcpu
	mov	[rdi + 0 * 8], rax
	mov	[rdi + 1 * 8], rcx
	mov	[rdi + 2 * 8], rdx
	mov	[rdi + 3 * 8], rbx
	mov	[rdi + 5 * 8], rbp
	mov	[rdi + 6 * 8], rsi
	mov	[rdi + 8 * 8], r8
	mov	[rdi + 9 * 8], r9
	mov	[rdi + 10 * 8], r10
	mov	[rdi + 11 * 8], r11
	mov	[rdi + 12 * 8], r12
	mov	[rdi + 13 * 8], r13
	mov	[rdi + 14 * 8], r14
	mov	[rdi + 15 * 8], r15
	pop	qword [rdi + 7 * 8]
	; No guest value survives into the hypervisor: a stray use, or speculation on one, would
	; be the guest's to steer.
	xor	eax, eax
	xor	ecx, ecx
	xor	edx, edx
	xor	ebx, ebx
	xor	ebp, ebp
	xor	esi, esi
	xor	r8d, r8d
	xor	r9d, r9d
	xor	r10d, r10d
	xor	r11d, r11d
	xor	r12d, r12d
	xor	r13d, r13d
	xor	r14d, r14d
	xor	r15d, r15d
	call	vmx_handle_exit			; bool in al: true = enter again
	mov	rdi, [rsp]
	test	al, al
	jnz	resume
	xor	eax, eax
leave_guest:
	pop	rdi
	POP_CALLEE_SAVED
	ret
