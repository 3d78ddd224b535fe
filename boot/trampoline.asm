; SPDX-License-Identifier: GPL-2.0-only
; The first instructions of another core. SIPI starts it in real mode at a page below 1 MiB (Intel
; SDM 3A section 10.4.4). boot/start_cpu.c copies [trampoline, trampoline_end) to such a page, and
; fills in the fields at its end.
global trampoline, trampoline_end, trampoline_gdtr, trampoline_jump, trampoline_long
global trampoline_cr3, trampoline_root, trampoline_stack, trampoline_entry, trampoline_arg
extern start_cpu_arrived
%define AT(symbol) symbol - trampoline

section .rodata.trampoline progbits alloc noexec align=16
bits 16
trampoline:				; CS:0, CS = page / 16
	cli
	cld
	mov ax, cs
	mov ds, ax
	; Straight to long mode (SDM 3A section 10.8.5): one write enables protection and paging.
	mov eax, 1 << 5			; CR4.PAE
	mov cr4, eax
	mov eax, [AT(trampoline_cr3)]
	mov cr3, eax
	mov ecx, 0xc0000080		; IA32_EFER
	rdmsr
	or eax, 1 << 8 | 1 << 11	; LME; NXE, since the tables have NX bits
	wrmsr
	lgdt [AT(trampoline_gdtr)]
	mov eax, 0x80010033		; PG, WP, NE, ET, MP, PE; not CD, NW, which INIT sets
	mov cr0, eax
	jmp far dword [AT(trampoline_jump)]
bits 64
trampoline_long:			; identity-mapped
	mov eax, 0x10
	mov ds, eax
	mov es, eax
	mov ss, eax
	mov rbx, [rel trampoline_root]
	mov rsp, [rel trampoline_stack]
	mov rdi, [rel trampoline_arg]
	mov rsi, [rel trampoline_entry]
	mov rax, core_in_image
	jmp rax
align 8
; Null, 64-bit code, data: accessed already, since the CPU could not note it in this read-only page.
gdt:	dq 0, 0x00af9b000000ffff, 0x00cf93000000ffff
trampoline_gdtr:
	dw $ - gdt - 1
	dd 0				; gdt
trampoline_jump:
	dd 0				; trampoline_long
	dw 0x08
trampoline_cr3:
	dd 0				; tables that also have this page at its physical address
align 8
trampoline_root: dq 0			; CR3 of the hypervisor
trampoline_stack: dq 0
trampoline_entry: dq 0
trampoline_arg: dq 0
trampoline_end:

section .text
core_in_image:				; from here on the page below 1 MiB is not needed
	mov cr3, rbx
	mov dword [rel start_cpu_arrived], 1
	xor ebp, ebp
	call rsi
	ud2

section .note.GNU-stack noalloc noexec nowrite progbits
