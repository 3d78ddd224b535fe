# SPDX-License-Identifier: GPL-2.0-only
"""The UEFI application's volume: a folder to copy to a stick, or a FAT image for a run."""
import pathlib
import shutil
import subprocess

APPLICATION = "esp/EFI/BOOT/BOOTX64.EFI"
SPARE_BYTES = 8 << 20  # FAT's own tables, and room so that mcopy never finds it full
SMALLEST = 48 << 20    # below this, FAT32 is not what mformat makes


class EspError(Exception):
    """The volume could not be made."""


def stage(folder, build, config, files):
    """EFI/BOOT/BOOTX64.EFI, coppice.cfg and what it names."""
    application = build / APPLICATION
    if not application.is_file():
        raise EspError(f"{application} is not there; build it with 'make uefi'")
    target = folder / "EFI" / "BOOT" / "BOOTX64.EFI"
    if target.resolve() != application.resolve():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(application, target)
    (folder / "coppice.cfg").write_text(config)
    for name, path in files:
        place = folder / "guests" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
    return folder


def image(output, folder):
    """A raw FAT image of the folder, with mtools: nothing is mounted."""
    size = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) + SPARE_BYTES
    with open(output, "wb") as raw:
        raw.truncate(max(size, SMALLEST))
    tops = [str(p) for p in sorted(pathlib.Path(folder).iterdir())]
    for command in (["mformat", "-i", str(output), "-F", "::"],
                    ["mcopy", "-i", str(output), "-s", *tops, "::/"]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise EspError(f"{command[0]} ended with status {done.returncode}: {done.stderr.strip()}")
    shutil.rmtree(folder, ignore_errors=True)
    return output
