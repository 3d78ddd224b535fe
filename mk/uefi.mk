# SPDX-License-Identifier: GPL-2.0-only
# The UEFI application: GNU-EFI, the config parser that the hypervisor uses too, and the hypervisor's image inside.
UEFI_SOURCES := $(wildcard boot/uefi/*.c) base/format.c base/error.c base/hw/string.c $(wildcard vmm/config/*.c)
UEFI_OBJECTS := $(UEFI_SOURCES:%=$(BUILD)/uefi/%.o) $(BUILD)/uefi/boot/uefi/image.asm.o
UEFI_FLAGS := -std=gnu17 -O2 -ffreestanding -fpic -fshort-wchar -mno-red-zone -mgeneral-regs-only \
	      -fno-stack-protector -fno-strict-aliasing -DGNU_EFI_USE_MS_ABI=0 -DEFI_FUNCTION_WRAPPER \
	      -Wall -Wextra -Werror -Wno-unused-parameter -I. -isystem /usr/include/efi \
	      -isystem /usr/include/efi/x86_64
UEFI_APP := $(BUILD)/esp/EFI/BOOT/BOOTX64.EFI

.PHONY: uefi
uefi: $(UEFI_APP)
	@:

$(UEFI_APP): $(BUILD)/uefi/coppice.so
	@mkdir -p $(@D)
	@echo "  EFI     $@"
	@objcopy -j .text -j .sdata -j .data -j .dynamic -j .dynsym -j .rel -j .rela -j '.rel.*' -j '.rela.*' \
		-j .reloc -j .rodata --target efi-app-x86_64 --subsystem=10 $< $@

$(BUILD)/uefi/coppice.so: $(UEFI_OBJECTS)
	@# muldefs: GNU-EFI has a memcpy and a memset too, in an object that is needed for more.
	@$(LD) -nostdlib -z muldefs -znocombreloc -shared -Bsymbolic -T /usr/lib/elf_x86_64_efi.lds -z noexecstack \
		/usr/lib/crt0-efi-x86_64.o $(UEFI_OBJECTS) -o $@ -L/usr/lib -lefi -lgnuefi
	@! nm -u $@ | grep -v ' w ' | grep . || { echo "undefined symbols in $@" >&2; rm -f $@; exit 1; }

$(BUILD)/uefi/%.c.o: %.c mk/uefi.mk
	@mkdir -p $(@D)
	@echo "  CC      $< (UEFI)"
	@$(CC) $(UEFI_FLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/uefi/boot/uefi/image.asm.o: boot/uefi/image.asm $(BUILD)/coppice.elf
	@mkdir -p $(@D)
	@$(NASM) -f elf64 -DHYPERVISOR_ELF='"$(BUILD)/coppice.elf"' -o $@ $<

-include $(UEFI_OBJECTS:.o=.d)
