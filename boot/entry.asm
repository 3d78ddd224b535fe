; SPDX-License-Identifier: GPL-2.0-only
; From a Multiboot2 loader (GRUB on BIOS or on UEFI) to C. We arrive in 32-bit protected mode,
; paging off, flat segments, interrupts off, EAX = magic, EBX = information block, ESP undefined
; (Multiboot2 2.0 section 3.3). The loader may have moved the image to any 2 MiB boundary below
; 4 GiB, so EBP holds its base and every address is computed from that.
extern boot_main, boot_stack_top
IMAGE_VA equ 0xffffffff80000000		; where linker.ld puts the image
%define AT(symbol) ebp + symbol - IMAGE_VA
PRESENT_WRITE equ 3			; Intel SDM 3A table 4-15: P, R/W
LARGE_PAGE equ 0x83			; and PS: 2 MiB
HIGH_PAGES equ 16			; 2 MiB pages mapped at IMAGE_VA: 32 MiB

; FILL table, count, step: entries EAX, EAX + step, ...
%macro FILL 3
	xor ecx, ecx
%%next:	mov [AT(%1) + ecx * 8], eax
	add eax, %3
	inc ecx
	cmp ecx, %2
	jb %%next
%endmacro

section .boot progbits alloc exec
bits 32
global boot_entry
boot_entry:
	cld
	mov esi, eax			; ESI = magic
	rdtsc				; EDX:EAX = our first moment, for boot_info.entry_tsc
	; Where are we? CALL needs a stack and there is none yet: borrow the first 4 bytes of the
	; information block.
	mov ecx, [ebx]
	lea esp, [ebx + 4]
	call .here
.here:	pop ebp
	mov [ebx], ecx
	sub ebp, .here - IMAGE_VA	; EBP = image base
	lea esp, [AT(boot_stack_top)]
	push edx			; [ESP+4] = TSC high, [ESP] = TSC low
	push eax
	push ebx			; CPUID destroys EBX
	mov eax, 0x80000001
	cpuid
	pop ebx
	bt edx, 29			; long mode, SDM 2A CPUID
	jnc no_long_mode

	; Boot page tables: the first 4 GiB at 0, the image at IMAGE_VA. Writable and executable
	; until paging_init().
	lea eax, [AT(pdpt_low) + PRESENT_WRITE]
	mov [AT(pml4)], eax
	lea eax, [AT(pdpt_high) + PRESENT_WRITE]
	mov [AT(pml4) + 511 * 8], eax
	lea eax, [AT(pd_high) + PRESENT_WRITE]
	mov [AT(pdpt_high) + 510 * 8], eax
	lea eax, [AT(pd_low) + PRESENT_WRITE]
	FILL pdpt_low, 4, 4096
	mov eax, LARGE_PAGE
	FILL pd_low, 4 * 512, 0x200000
	lea eax, [ebp + LARGE_PAGE]
	FILL pd_high, HIGH_PAGES, 0x200000

	; SDM 3A section 10.8.5: CR4.PAE, CR3, EFER.LME, CR0.PG, a far jump into a 64-bit segment.
	mov eax, cr4
	or eax, 1 << 5
	mov cr4, eax
	lea eax, [AT(pml4)]
	mov cr3, eax
	mov ecx, 0xc0000080		; IA32_EFER
	rdmsr
	or eax, 1 << 8			; LME
	wrmsr
	mov eax, cr0
	or eax, 1 << 31 | 1 << 16	; PG, WP
	mov cr0, eax
	pop edi				; EDI = TSC low
	pop edx				; EDX = TSC high
	lea eax, [AT(gdt)]
	push eax
	push dword (gdt_end - gdt - 1) << 16
	lgdt [esp + 2]
	push dword 0x08
	lea eax, [AT(long_mode)]
	push eax
	retf

no_long_mode:
	lea esi, [AT(message)]
	mov ecx, message_end - message
	mov dx, 0x3f8			; COM1 as the firmware left it
	rep outsb
.stop:	hlt
	jmp .stop
message: db "coppice: this CPU has no 64-bit mode", 13, 10
message_end:

bits 64
long_mode:				; still at the low address
	mov eax, 0x10
	mov ds, eax
	mov es, eax
	mov ss, eax
	mov rax, .high
	jmp rax
.high:	mov rsp, boot_stack_top
	mov ecx, ebp			; 4th argument: image base
	shl rdx, 32
	mov edi, edi
	or rdx, rdi			; 3rd: TSC
	mov edi, esi			; 1st: magic
	mov esi, ebx			; 2nd: information block
	xor ebp, ebp
	call boot_main
	ud2

align 8					; null, 64-bit code, data; until cpu_tables_init()
gdt:	dq 0, 0x00af9b000000ffff, 0x00cf93000000ffff
gdt_end:

global pml4, pdpt_low, pdpt_high, pd_high, pd_low
section .bss.boot nobits alloc write align=4096
pml4:	resb 4096
pdpt_low: resb 4096
pdpt_high: resb 4096
pd_high: resb 4096
pd_low:	resb 4 * 4096

section .note.GNU-stack noalloc noexec nowrite progbits
