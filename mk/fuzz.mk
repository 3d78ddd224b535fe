# SPDX-License-Identifier: GPL-2.0-only
# Fuzzing: each tests/fuzz/fuzz_*.c is one libFuzzer program against the portable houses; seeds in
# tests/fuzz/corpus/<name>/, what it finds in $(BUILD)/fuzz/<name>/.
SECONDS := $(if $(filter command%,$(origin SECONDS)),$(SECONDS),60)
FUZZ_SOURCES := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_PROGRAMS := $(FUZZ_SOURCES:tests/fuzz/%.c=$(BUILD)/fuzz/%)
FUZZ_FLAGS := -std=gnu17 -g -O1 -fsanitize=fuzzer-no-link,address,undefined \
	      -fno-sanitize-recover=all -Wall -Wno-unknown-warning-option -DCOPPICE_COUNTERS=0 -I. -Itests/unit
FUZZ_OBJECTS := $(patsubst %,$(BUILD)/fuzz/obj/%.o,$(PORTABLE_SOURCES) $(wildcard tests/unit/fakes/*.c))

.PHONY: fuzz fuzz-programs
fuzz:
	@$(SETUP) build fuzz
	@+$(MAKE) fuzz-programs
	@tools/run-fuzzers.sh $(BUILD)/fuzz $(SECONDS) "$(T)"

fuzz-programs: $(FUZZ_PROGRAMS)

$(BUILD)/fuzz/libhv.a: $(FUZZ_OBJECTS)
	@rm -f $@ && ar rcs $@ $^

$(BUILD)/fuzz/obj/%.c.o: %.c mk/fuzz.mk
	@mkdir -p $(@D)
	@echo "  FUZZCC  $<"
	@clang $(FUZZ_FLAGS) -MMD -MP -c -o $@ $<

$(FUZZ_PROGRAMS): $(BUILD)/fuzz/%: $(BUILD)/fuzz/obj/tests/fuzz/%.c.o $(BUILD)/fuzz/libhv.a
	@clang -fsanitize=fuzzer,address,undefined -Wl,--wrap=pool_alloc -o $@ $^

-include $(shell find $(BUILD)/fuzz/obj -name '*.d' 2>/dev/null)
