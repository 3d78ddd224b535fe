# SPDX-License-Identifier: GPL-2.0-only
# The small guest kernels: guests/<name>/ and guests/lib/ become $(BUILD)/guests/<name>.elf.
GUEST_NAMES := $(filter-out lib,$(notdir $(patsubst %/,%,$(sort $(dir $(wildcard guests/*/*.c))))))
GUEST_ELFS := $(GUEST_NAMES:%=$(BUILD)/guests/%.elf)
GUEST_LIB := $(wildcard guests/lib/*.c guests/lib/*.asm)
GUEST_LIB_OBJECTS := $(GUEST_LIB:%=$(BUILD)/%.o)
GUEST_FLAGS := -O2 $(BARE_FLAGS) -mcmodel=small -I. -Iguests/lib

guest_objects = $(patsubst %,$(BUILD)/%.o,$(wildcard guests/$(1)/*.c guests/$(1)/*.asm))

.PHONY: guests
guests: $(GUEST_ELFS)
	@:

.SECONDEXPANSION:
$(GUEST_ELFS): $(BUILD)/guests/%.elf: $$(call guest_objects,$$*) $(GUEST_LIB_OBJECTS) guests/lib/guest.ld
	@echo "  LD      $@"
	@$(LD) -n -z noexecstack -static -nostdlib -T guests/lib/guest.ld --gc-sections -o $@ $(filter %.o,$^)

$(BUILD)/guests/%.c.o: guests/%.c mk/guests.mk mk/hypervisor.mk
	@mkdir -p $(@D)
	@echo "  CC      $<"
	@$(CC) $(GUEST_FLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/guests/%.asm.o: guests/%.asm mk/guests.mk
	@mkdir -p $(@D)
	@echo "  NASM    $<"
	@$(NASM) -f elf64 -g -F dwarf -I./ -MD $(@:.o=.d) -MT $@ -MP -o $@ $<

-include $(patsubst %.o,%.d,$(GUEST_LIB_OBJECTS) $(foreach g,$(GUEST_NAMES),$(call guest_objects,$(g))))
