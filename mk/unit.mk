# SPDX-License-Identifier: GPL-2.0-only
# Unit tests: each tests/unit/<area>/test_*.c is one cmocka program on the host, under ASan and
# UBSan. It is linked with the area's other .c files, the portable houses (libhv.a) and the
# register-level fakes that stand in for base/hw (libfakes.a). An area that tests further sources
# names them, one a line, in tests/unit/<area>/sources.txt.
UNIT_TESTS := $(wildcard tests/unit/*/test_*.c)
UNIT_PROGRAMS := $(UNIT_TESTS:tests/unit/%.c=$(BUILD)/unit/%)
UNIT_FAKES := $(wildcard tests/unit/fakes/*.c)
SANITIZERS := -fsanitize=address,undefined -fno-sanitize-recover=all
UNIT_FLAGS := -std=gnu17 -g -O1 -fno-omit-frame-pointer $(SANITIZERS) -Wall -Wextra -Werror \
	      -Wenum-conversion -Wvla -Wundef -fno-strict-aliasing -DCOPPICE_COUNTERS=0 -I. -Itests/unit

unit_area = $(patsubst %/,%,$(dir $(1)))
unit_helpers = $(filter-out tests/unit/$(1)/test_%,$(wildcard tests/unit/$(1)/*.c))
unit_extra = $(shell sed 's/\#.*//' tests/unit/$(1)/sources.txt 2>/dev/null)
unit_objects = $(patsubst %,$(BUILD)/unit/obj/%.o,$(call unit_helpers,$(1)) $(call unit_extra,$(1)))

.PHONY: test-unit unit-programs
test-unit:
	@$(SETUP) build test
	@+$(MAKE) unit-programs
	@tools/run-unit-tests.sh $(BUILD)/unit "$(T)"

unit-programs: $(if $(T),$(foreach p,$(UNIT_PROGRAMS),$(if $(findstring $(T),$(p)),$(p))),$(UNIT_PROGRAMS))

$(BUILD)/unit/libhv.a: $(PORTABLE_SOURCES:%=$(BUILD)/unit/obj/%.o)
	@rm -f $@ && ar rcs $@ $^

$(BUILD)/unit/libfakes.a: $(UNIT_FAKES:%=$(BUILD)/unit/obj/%.o)
	@rm -f $@ && ar rcs $@ $^

$(BUILD)/unit/obj/%.c.o: %.c mk/unit.mk
	@mkdir -p $(@D)
	@echo "  HOSTCC  $<"
	@$(CC) $(UNIT_FLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/unit/obj/tests/unit/%.c.o: tests/unit/%.c mk/unit.mk
	@mkdir -p $(@D)
	@echo "  HOSTCC  $<"
	@$(CC) $(UNIT_FLAGS) -include tests/unit/cmocka_prelude.h -MMD -MP -c -o $@ $<

.SECONDEXPANSION:
$(UNIT_PROGRAMS): $(BUILD)/unit/%: $(BUILD)/unit/obj/tests/unit/%.c.o \
		$$(call unit_objects,$$(call unit_area,$$*)) $(BUILD)/unit/libhv.a $(BUILD)/unit/libfakes.a
	@mkdir -p $(@D)
	@$(CC) $(SANITIZERS) -Wl,--wrap=pool_alloc -o $@ $(filter %.o,$^) \
		-Wl,--start-group $(filter %.a,$^) -Wl,--end-group -lcmocka

-include $(shell find $(BUILD)/unit/obj -name '*.d' 2>/dev/null)
