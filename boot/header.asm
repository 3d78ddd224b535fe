; SPDX-License-Identifier: GPL-2.0-only
; The Multiboot2 header (Multiboot2 2.0 section 3.1), which linker.ld puts first.
section .multiboot2 progbits alloc align=8
header:	dd 0xe85250d6, 0, header_end - header, -(0xe85250d6 + header_end - header)
	dw 10, 0			; relocatable, section 3.1.13: min, max, alignment, lowest
	dd 24, 0x200000, 0xffffffff, 0x200000, 1
	dw 6, 0				; modules on page boundaries, section 3.1.8
	dd 8
	dw 0, 0				; end of tags
	dd 8
header_end:

section .note.GNU-stack noalloc noexec nowrite progbits
