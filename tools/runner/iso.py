# SPDX-License-Identifier: GPL-2.0-only
"""The boot medium: one ISO that boots through GRUB on BIOS and UEFI machines."""
import os
import pathlib
import shutil
import subprocess

# GRUB for UEFI loads every partition module at its start and complains about each missing one.
MODULES = "part_acorn part_amiga part_apple part_bsd part_dfly part_dvh part_gpt part_msdos " \
          "part_plan part_sun part_sunpc fat iso9660 normal multiboot2 serial terminal boot " \
          "search search_fs_file echo test configfile"


class IsoError(Exception):
    """The ISO could not be made."""


def quoted(text):
    """A word for grub.cfg."""
    return "'" + text.replace("'", "'\\''") + "'"


def grub_config(hvargs, files):
    """grub.cfg: no menu, everything on the serial line, each file a module named by its path."""
    lines = [
        "set timeout=0",
        "set default=0",
        "serial --unit=0 --speed=115200",
        "terminal_input serial",
        "terminal_output serial",
        "menuentry Coppice {",
        f"\tmultiboot2 /boot/coppice.elf {hvargs}".rstrip(),
        "\tmodule2 /coppice.cfg coppice.cfg",
    ]
    lines += [f"\tmodule2 {quoted('/guests/' + name)} {quoted(name)}" for name, _ in files]
    return "\n".join(lines + ["\tboot", "}", ""])


def stage(folder, kernel, config, files, hvargs):
    """Lay out the content of the ISO."""
    shutil.rmtree(folder, ignore_errors=True)
    grub = folder / "boot" / "grub"
    grub.mkdir(parents=True)
    shutil.copyfile(kernel, folder / "boot" / "coppice.elf")
    (folder / "coppice.cfg").write_text(config)
    for name, path in files:
        target = folder / "guests" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    (grub / "grub.cfg").write_text(grub_config(hvargs, files))


def make(output, work, kernel, config, files, hvargs):
    """Write the ISO with 'grub-mkrescue'. It holds only the GRUB modules that it needs."""
    if not pathlib.Path(kernel).is_file():
        raise IsoError(f"{kernel} is not there; build it with 'make'")
    stage(work, kernel, config, files, hvargs)
    log = output.with_suffix(".iso.log")
    # Names relative to the folder: xorriso takes a '=' in a path for one of its own.
    command = ["grub-mkrescue", f"--install-modules={MODULES}", "--fonts=", "--locales=",
               "--themes=", "-o", output.name, os.path.relpath(work, output.parent)]
    with open(log, "wb") as out:
        status = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, check=False,
                                cwd=output.parent,
                                env={**os.environ, "MTOOLS_SKIP_CHECK": "1"}).returncode
    if status != 0:
        raise IsoError(f"grub-mkrescue ended with status {status}; see {log}")
    shutil.rmtree(work, ignore_errors=True)
    return output
