; SPDX-License-Identifier: GPL-2.0-only
; The smallest thing that behaves like the hypervisor towards the runner: a Multiboot2 kernel that
; talks on COM1, reports on COM2 and powers off (QEMU q35 and Bochs). It shows that the boot medium,
; the machine and the runner work, whatever state the hypervisor is in.
bits 32
COM1	equ 0x3f8
COM2	equ 0x2f8

section .multiboot
header:
	dd 0xe85250d6, 0, header_end - header, -(0xe85250d6 + header_end - header)
	dw 0, 0
	dd 8
header_end:

section .text
global _start
_start:
	mov esp, stack_top
	mov [information], ebx
	mov edx, COM1
	call init_port
	mov edx, COM2
	call init_port
	mov edx, COM1
	mov esi, greeting
	call put_text
	call tell_vmx
	call tell_modules
	mov edx, COM2
	mov esi, report
	call put_text
	mov edx, COM1
	mov esi, goodbye
	call put_text
	mov dx, 0x604		; QEMU's q35: PM1a control, S5
	mov ax, 0x2000
	out dx, ax
	mov dx, 0xb004		; Bochs
	out dx, ax
halt:	hlt
	jmp halt

init_port:			; edx: port; 8 bits, no parity
	push edx
	add edx, 3
	mov al, 3
	out dx, al
	pop edx
	ret

tell_vmx:
	mov eax, 1
	cpuid
	mov esi, with_vmx
	test ecx, 1 << 5
	jnz .say
	mov esi, without_vmx
.say:	mov edx, COM1
	jmp put_text

tell_modules:			; each module tag of the boot information: its string, a line each
	mov ebp, [information]
	add ebp, 8
.next:	mov eax, [ebp]
	test eax, eax
	jz .done
	cmp eax, 3
	jne .skip
	mov edx, COM1
	mov esi, module
	call put_text
	lea esi, [ebp + 16]
	call put_text
	mov esi, newline
	call put_text
.skip:	mov eax, [ebp + 4]
	add eax, 7
	and eax, ~7
	add ebp, eax
	jmp .next
.done:	ret

put_text:			; esi: zero-ended, edx: port; waits until all of it has left
	lodsb
	test al, al
	jz .wait
	out dx, al
	call .wait
	jmp put_text
.wait:	push edx
	add edx, 5
.poll:	in al, dx
	test al, 1 << 6
	jz .poll
	pop edx
	ret

section .data
information:	dd 0
greeting:	db 10, "[a] hello from a", 10, "[b] hello from b", 10, 0
with_vmx:	db "VMX yes", 10, 0
without_vmx:	db "VMX no", 10, 0
module:		db "module ", 0
newline:	db 10, 0
goodbye:	db "coppice: power-off", 10, 0
report:		db "COPPICE-REPORT-BEGIN ", '0' + LENGTH / 10, '0' + LENGTH % 10, 10
body:		db '{"vms":[{"name":"a","exit_status":0},{"name":"b","exit_status":7}]}'
LENGTH		equ $ - body
		db 10, "COPPICE-REPORT-END", 10, 0

section .bss
	resb 4096
stack_top:
