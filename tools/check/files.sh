# SPDX-License-Identifier: GPL-2.0-only
# Sourced by the checks: which files are whose. The prototype under tests/target/smoke is QEMU's kin.
houses="base boot pci iommu drivers vmm guests"

# c_files FOLDER...: C sources and headers below the folders that exist.
c_files() {
	for folder in "$@"; do
		[ ! -d "$folder" ] || find "$folder" -name '*.[ch]'
	done | sort
}

# GNU-EFI for boot/uefi; nobody else includes it, which layering.py sees to.
uefi_flags="-fshort-wchar -DGNU_EFI_USE_MS_ABI=0 -DEFI_FUNCTION_WRAPPER -isystem /usr/include/efi -isystem /usr/include/efi/x86_64"
clang_flags="-std=gnu17 -ffreestanding -mcmodel=kernel -mno-red-zone -mgeneral-regs-only \
-fno-strict-aliasing -fno-common -Wall -Wextra -DCOPPICE_COUNTERS=0 -I. -Iguests/lib -Itests/unit $uefi_flags"
jobs=$(nproc)
