#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Arrows only go down: which house may include which, and what portable code must not contain."""
import pathlib
import re
import sys

# Every house may include itself. What a house may reach below it:
BELOW = {
    "base": set(),
    "pci": {"base"},
    "iommu": {"base", "pci"},
    "drivers": {"base", "pci"},
    "vmm": {"base", "pci", "iommu", "drivers"},
    "boot": {"base", "vmm"},
    "guests": {"base"},
}
# Headers of the compiler, which need no library.
FREESTANDING = {"stdint.h", "stddef.h", "stdbool.h", "stdarg.h", "limits.h", "stdalign.h",
                "stdnoreturn.h", "cpuid.h"}
# Layouts and numbers that Linux publishes for user space: no code, so nothing to link.
PUBLISHED = {"linux/pci_regs.h", "linux/serial_reg.h", "linux/elf.h", "asm/vmx.h",
             "asm/bootparam.h"}
# GNU-EFI, for the UEFI application alone.
UEFI = {"efi.h", "efilib.h"}
GUEST_LIB = pathlib.Path("guests/lib")
HERE = "tools/check/layering.py"


def is_portable(path):
    """Compiles for the host as it is: no instructions of the machine in it."""
    house = path.parts[0]
    return (house in ("pci", "iommu", "drivers") or path.parts[:2] == ("vmm", "config")
            or house == "base" and path.parts[1] != "hw" and path.suffix == ".c")


def judge_include(path, name, system):
    """Why this include is wrong, or None."""
    house = path.parts[0]
    if system:
        known = FREESTANDING | PUBLISHED
        if path.parts[:2] == ("boot", "uefi"):
            known = known | UEFI
        return None if name in known else f"<{name}> is none of {' '.join(sorted(known))}"
    if house == "guests" and any((d / name).is_file() for d in (path.parent, GUEST_LIB)):
        return None
    if not pathlib.Path(name).is_file():
        return f'"{name}" is no path from the root of the repository'
    target = name.split("/")[0]
    if target != house and target not in BELOW[house]:
        return f'"{name}": {house}/ may include {house}/ {" ".join(sorted(BELOW[house]))}'
    return None


def problems_of(path):
    """All that is wrong with a file: (line number, text)."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*([<"])([^">]+)', line)
        if match:
            text = judge_include(path, match[2], match[1] == "<")
            if text:
                yield number, text
        if is_portable(path) and re.search(r"\b(__asm__|asm)\b\s*(volatile|\()", line):
            yield number, "inline assembly; portable code reaches hardware through base/"


def main():
    """Print every violation."""
    count = 0
    for house in BELOW:
        for path in sorted(pathlib.Path(house).rglob("*.[ch]")):
            for number, text in problems_of(path):
                print(f"{path}:{number}: {text}")
                count += 1
    if count:
        print(f"the rules are at the top of {HERE}")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
