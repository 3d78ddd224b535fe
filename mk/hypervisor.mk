# SPDX-License-Identifier: GPL-2.0-only
# The hypervisor image: $(BUILD)/coppice.elf from every source of the houses.
CC := gcc
LD := ld
NASM := nasm

# Portable: decides things, reaches hardware only through base/; compiles for the host as well.
PORTABLE_SOURCES := $(wildcard base/*.c pci/*.c iommu/*.c drivers/*.c drivers/*/*.c vmm/config/*.c)
HV_SOURCES := $(sort $(PORTABLE_SOURCES) $(wildcard boot/*.c base/hw/*.c vmm/*.c vmm/*/*.c))
HV_ASM := $(wildcard boot/*.asm base/hw/*.asm vmm/*.asm vmm/*/*.asm)
HV_OBJECTS := $(HV_SOURCES:%=$(BUILD)/hv/%.o) $(HV_ASM:%=$(BUILD)/hv/%.o) $(BUILD)/hv/dsdt.o

WARNINGS := -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes -Wenum-conversion \
	    -Wvla -Wundef
# What hypervisor and guests have in common: freestanding, integer registers only, no red zone
# (interrupts use the same stack).
BARE_FLAGS := -std=gnu17 -g -ffreestanding -fno-pic -fno-pie -mno-red-zone \
	      -mgeneral-regs-only -fno-stack-protector -fno-strict-aliasing -fno-common \
	      -fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections $(WARNINGS)
# COUNTERS=1 counts VMCS accesses, for 'make bench'; in a BUILD folder of its own, since objects
# do not depend on it.
COUNTERS ?= 0
# Speed for what runs at each exit, interrupt and access to a device, size for all else: a sixth
# less code, and not an instruction more per exit ('make bench').
FAST := base/format.c base/hw/%.c pci/config.c pci/fabric.c pci/walk.c vmm/assign/irq_route.c vmm/emulate/%.c \
	vmm/guest/hypercall.c vmm/ui/json.c vmm/vmx/%.c
HV_FLAGS = $(if $(filter $(FAST),$<),-O2,-Os) $(BARE_FLAGS) -mcmodel=kernel -DCOPPICE_COUNTERS=$(COUNTERS) -I.

.PHONY: hypervisor
# "@:" here and below: where nothing is to be done, make need not say so.
hypervisor: $(BUILD)/coppice.elf
	@:

$(BUILD)/coppice.elf: $(HV_OBJECTS) boot/linker.ld
	@echo "  LD      $@"
	@$(LD) -n -z noexecstack -static -nostdlib -T boot/linker.ld --gc-sections -Map=$(@:.elf=.map) \
		-o $@ $(HV_OBJECTS)

$(BUILD)/hv/%.c.o: %.c mk/hypervisor.mk
	@mkdir -p $(@D)
	@echo "  CC      $<"
	@$(CC) $(HV_FLAGS) -MMD -MP -c -o $@ $<

# The guests' DSDT: ASL -> AML -> a C array.
$(BUILD)/hv/dsdt.aml: vmm/guest/dsdt.asl
	@mkdir -p $(@D)
	@echo "  IASL    $<"
	@iasl -ve -p $(basename $@) $< >$@.log 2>&1 || { cat $@.log >&2; exit 1; }

$(BUILD)/hv/dsdt.c: $(BUILD)/hv/dsdt.aml mk/hypervisor.mk
	@{ echo '#include "vmm/guest/acpi_tables.h"'; \
	   echo 'const u8 guest_dsdt[] = {'; od -An -v -tu1 $< | sed 's/[0-9][0-9]*/&,/g'; \
	   echo '}; const u32 guest_dsdt_bytes = sizeof(guest_dsdt);'; } >$@

$(BUILD)/hv/dsdt.o: $(BUILD)/hv/dsdt.c
	@$(CC) $(HV_FLAGS) -c -o $@ $<

$(BUILD)/hv/%.asm.o: %.asm mk/hypervisor.mk
	@mkdir -p $(@D)
	@echo "  NASM    $<"
	@$(NASM) -f elf64 -g -F dwarf -I./ -MD $(@:.o=.d) -MT $@ -MP -o $@ $<

-include $(HV_OBJECTS:.o=.d)
