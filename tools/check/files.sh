# SPDX-License-Identifier: GPL-2.0-only
# Sourced by the checks: which files are whose. The prototype under tests/target/smoke is QEMU's kin.
houses="base boot pci iommu drivers vmm guests"

# c_files FOLDER...: C sources and headers below the folders that exist.
c_files() {
	for folder in "$@"; do
		[ ! -d "$folder" ] || find "$folder" -name '*.[ch]'
	done | sort
}

clang_flags="-std=gnu17 -ffreestanding -mcmodel=kernel -mno-red-zone -mgeneral-regs-only \
-fno-strict-aliasing -fno-common -Wall -Wextra -DCOPPICE_COUNTERS=0 -I. -Iguests/lib -Itests/unit"
jobs=$(nproc)
