; SPDX-License-Identifier: GPL-2.0-only
; Where other vCPUs begin: copied to AP_PAGE, entered in real mode at AP_PAGE >> 4 : 0 by a start-up
; IPI (SDM volume 3A section 9.4.4). Who sends it fills in the fields at the end (ap.c).
AP_PAGE equ 0x20000
%define AT(label) (label - ap_begin)

section .rodata
global ap_begin, ap_end, ap_gdtr, ap_cr3, ap_stacks, ap_entry, ap_selector, ap_number
bits 16
ap_begin:
	cli
	mov	ax, cs
	mov	ds, ax
	o32 lgdt [AT(ap_gdtr)]
	mov	eax, cr4
	or	eax, 1 << 5		; PAE
	mov	cr4, eax
	mov	eax, [AT(ap_cr3)]
	mov	cr3, eax
	mov	ecx, 0xc0000080		; EFER
	rdmsr
	or	eax, 1 << 8		; LME
	wrmsr
	mov	eax, cr0
	and	eax, ~(1 << 30 | 1 << 29) ; CD, NW: set after INIT
	or	eax, 1 << 31 | 1 << 16 | 1 ; PG, WP, PE: from real mode straight to long mode
	mov	cr0, eax
	jmp	far dword [AT(ap_target)]
bits 64
ap_long:
	xor	eax, eax
	mov	ss, eax
	mov	ds, eax
	mov	es, eax
	mov	eax, 1
	lock xadd [rel ap_number], eax	; eax = our number: 1 for the first
	mov	edi, eax
	shl	rax, 14			; 16 KiB of stack each
	add	rax, [rel ap_stacks]
	mov	rsp, rax
	xor	ebp, ebp
	call	[rel ap_entry]		; void entry(u32 number), does not return
	ud2

align 8
ap_target: dd AP_PAGE + AT(ap_long)
ap_selector: dw 0
ap_gdtr: dw 0
	dd 0
align 8
ap_number: dd 1
ap_cr3:	dd 0
ap_stacks: dq 0
ap_entry: dq 0
ap_end:

section .note.GNU-stack noalloc noexec nowrite progbits
