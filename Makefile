# SPDX-License-Identifier: GPL-2.0-only
# Coppice. 'make help' lists what there is; the parts are in mk/.
BUILD ?= build

# Use all cores unless the caller has said otherwise; a make below takes part in that.
ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(shell nproc)
endif
MAKEFLAGS += --no-builtin-rules --no-print-directory
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

# Debian's own Python: pytest and jsonschema are installed for it, whatever else is in PATH.
PYTHON := /usr/bin/python3
SETUP := tools/setup-packages.sh

include mk/hypervisor.mk
include mk/guests.mk
include mk/uefi.mk
include mk/run.mk
include mk/unit.mk
include mk/fuzz.mk
include mk/system.mk
include mk/check.mk

.PHONY: all help clean
all: hypervisor guests

help:
	@echo "make                    build the hypervisor and the guests with the tools at hand"
	@echo "make run                set up, build and boot a scenario; exits 0 only if it goes as expected"
	@echo "    [SCENARIO=pair] [TARGET=auto|vtx|kvm|bochs] [SMP=n] [MEM=2G] [FIRMWARE=seabios|ovmf] [BOOT=grub|app]"
	@echo "    [TRACE='vtd_inv_*'] [ICOUNT=1] [TIMEOUT=s] [QEMU_ARGS='...'] [HVARGS='...'] [RUN_DIR=folder]"
	@echo "make console            the same, interactive: Ctrl-] cycles the consoles, Ctrl-a x leaves"
	@echo "make test               set up, then all unit and system tests"
	@echo "make test-unit          unit tests on the host           [T=substring]"
	@echo "make test-system        boots real images                [K=pytest expression]"
	@echo "make fuzz               libFuzzer programs               [SECONDS=60] [T=substring]"
	@echo "make chaos              a guest that does everything wrong, from a seed  [SEED=1] [OPS=1000000] [SEEDS=1] [SMP=n] [CPUS=2]"
	@echo "make bench              exits, instructions, invalidations, memory, code: counted, each beside its goal"
	@echo "make check              formatting, static analysis, headers, layering, sizes"
	@echo "make iso                $(BUILD)/coppice.iso: boots a real machine through GRUB, BIOS and UEFI"
	@echo "make esp                $(BUILD)/esp/: boots a real machine through UEFI without GRUB"
	@echo "make target             the QEMU with VT-x, built once into ~/.cache/coppice   [QEMU_TARBALL=file]"
	@echo "make clean              remove $(BUILD)/ (the target in the cache stays)"
	@echo
	@echo "all of them: [BUILD=build] where things are built; [COPPICE_NO_SETUP=1] name missing packages, install none"
	@echo "SCENARIO is a folder with a coppice.cfg, or one of: $(notdir $(patsubst %/,%,$(sort $(dir $(wildcard scenarios/*/coppice.cfg)))))"

clean:
	rm -rf $(BUILD)
