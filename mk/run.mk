# SPDX-License-Identifier: GPL-2.0-only
# Booting: on the QEMU with VT-x, on stock QEMU with KVM, on Bochs, and on real machines.
SCENARIO ?= pair
TARGET ?= auto
SMP ?=
MEM ?=
FIRMWARE ?= seabios
# grub: the ISO; app: our UEFI application on an EFI system partition (then FIRMWARE is ovmf).
BOOT ?= grub
TRACE ?=
ICOUNT ?=
QEMU_ARGS ?=
HVARGS ?=
RUN_DIR ?=
TIMEOUT ?=
RUNNER := $(PYTHON) tools/runner/main.py --build "$(BUILD)"
RUN_OPTIONS = --scenario "$(SCENARIO)" --target "$(TARGET)" --smp "$(SMP)" --mem "$(MEM)" \
	      --firmware "$(FIRMWARE)" --boot "$(BOOT)" --trace "$(TRACE)" --icount "$(ICOUNT)" \
	      --qemu-args "$(QEMU_ARGS)" --hvargs "$(HVARGS)" \
	      --run-dir "$(RUN_DIR)" --timeout "$(TIMEOUT)"

.PHONY: run console iso esp bench chaos target run-ready
# What a boot needs; the runner sees to the machine itself.
run-ready:
	@$(SETUP) build run
	@+$(MAKE) hypervisor guests $(if $(filter app,$(BOOT)),uefi)

run: run-ready
	@$(RUNNER) run $(RUN_OPTIONS)

console: run-ready
	@$(RUNNER) console $(RUN_OPTIONS)

iso:
	@$(SETUP) build run
	@+$(MAKE) hypervisor guests
	@$(RUNNER) iso $(RUN_OPTIONS) --output "$(BUILD)/coppice.iso"

# Copy the folder to a FAT volume: a stick, or a machine's EFI system partition.
esp:
	@$(SETUP) build run
	@+$(MAKE) hypervisor guests uefi
	@$(RUNNER) esp $(RUN_OPTIONS) --output "$(BUILD)/esp"

bench: run-ready
	@$(PYTHON) tools/bench.py --build "$(BUILD)"

# The hostile guest with other seeds: one run per seed, each as long as OPS says.
SEED ?= 1
SEEDS ?= 1
OPS ?= 1000000
CPUS ?= 2
chaos: run-ready
	@$(PYTHON) tools/chaos.py --build "$(BUILD)" --target "$(TARGET)" --seed "$(SEED)" --seeds "$(SEEDS)" \
		--ops "$(OPS)" --smp "$(or $(SMP),2)" --cpus "$(CPUS)"

target:
	@tests/target/build-target.sh
