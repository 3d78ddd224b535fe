# SPDX-License-Identifier: GPL-2.0-only
"""Which machine runs it: our QEMU with VT-x, stock QEMU with KVM, or Bochs."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
STOCK_QEMU = "qemu-system-x86_64"
OLDEST_KVM_QEMU = (8, 0)
PROBE_SECONDS = 10
# Exit statuses of the probe: isa-debug-exit turns the value v into (v << 1) | 1.
PROBE_HAS_VMX = (0x10 << 1) | 1
PROBE_NO_VMX = (0x11 << 1) | 1


class TargetError(Exception):
    """The wished target cannot be had here."""


def probe_firmware():
    """A 64 KiB ROM that runs from the reset vector and reports CPUID.1:ECX.VMX to port 0xF4."""
    code = bytes.fromhex(
        "66b801000000"      # mov eax, 1
        "0fa2"              # cpuid
        "66c1e905"          # shr ecx, 5      VMX is bit 5
        "80e101"            # and cl, 1
        "b011" "28c8"       # mov al, 0x11; sub al, cl
        "e6f4"              # out 0xf4, al
        "f4" "ebfd")        # hlt; jmp back
    jump = bytes.fromhex("e9") + ((0xFF00 - 0xFFF3) & 0xFFFF).to_bytes(2, "little")
    rom = bytearray(b"\xf4" * 0x10000)
    rom[0xFF00:0xFF00 + len(code)] = code
    rom[0xFFF0:0xFFF0 + len(jump)] = jump
    return bytes(rom)


def qemu_version(qemu):
    """(major, minor) of a QEMU, or None if it does not run."""
    try:
        text = subprocess.run([qemu, "--version"], capture_output=True, text=True, check=False,
                              timeout=PROBE_SECONDS).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"version (\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2])) if match else None


def kvm_refusal(device="/dev/kvm", qemu=STOCK_QEMU):
    """None if stock QEMU with KVM gives a guest VT-x here, else why not.

    Neither /dev/kvm nor the host's CPU flags say so: KVM may run on AMD, nested without VT-x, or
    without hardware at all. So a guest is asked: a ROM of a few instructions that reads CPUID.
    """
    if not os.path.exists(device):
        return f"there is no {device}"
    if not os.access(device, os.R_OK | os.W_OK):
        return f"{device} is not accessible (is the user in the group kvm?)"
    if shutil.which(qemu) is None:
        return f"{qemu} is not installed (TARGET=kvm installs it)"
    version = qemu_version(qemu)
    if version is None or version < OLDEST_KVM_QEMU:
        found = "no version" if version is None else ".".join(map(str, version))
        return f"{qemu} is {found}; expected 8.0 or later"
    return _ask_guest(qemu)


def _ask_guest(qemu):
    with tempfile.TemporaryDirectory(prefix="coppice-probe-") as folder:
        rom = pathlib.Path(folder) / "probe.rom"
        rom.write_bytes(probe_firmware())
        command = [qemu, "-machine", "q35,accel=kvm", "-cpu", "host", "-m", "64M", "-nodefaults",
                   "-display", "none", "-no-reboot", "-bios", str(rom),
                   "-device", "isa-debug-exit,iobase=0xf4,iosize=4"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False,
                                  stdin=subprocess.DEVNULL, timeout=PROBE_SECONDS)
        except subprocess.TimeoutExpired:
            return f"a KVM guest gave no answer in {PROBE_SECONDS} s"
        except OSError as error:
            return f"{qemu} does not start: {error}"
    if done.returncode == PROBE_HAS_VMX:
        return None
    if done.returncode == PROBE_NO_VMX:
        return "a KVM guest sees a CPU without VMX (no Intel host, or nesting is off)"
    reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
    return f"a KVM guest does not run (status {done.returncode}: {reason})"


def installed_vtx():
    """The path of our QEMU if it has been built, else None."""
    script = ROOT / "tests" / "target" / "build-target.sh"
    done = subprocess.run([str(script), "--print"], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


def _set_up(*purposes):
    script = ROOT / "tools" / "setup-packages.sh"
    if subprocess.run([str(script), *purposes], check=False).returncode != 0:
        raise TargetError(f"the packages for {', '.join(purposes)} are not there")


def _prepare_vtx():
    path = installed_vtx()
    if path is None:
        script = ROOT / "tests" / "target" / "build-target.sh"
        if subprocess.run([str(script)], check=False).returncode != 0:
            raise TargetError("the QEMU with VT-x could not be built ('make target')")
        path = installed_vtx()
    return path


def prepare(wished, say):
    """(kind, path of the emulator), installing or building what the wished target needs."""
    if wished == "auto":
        refusal = kvm_refusal()
        wished = "vtx" if refusal else "kvm"
        say(f"TARGET=auto takes {wished}" + (f": {refusal}" if refusal else ""))
        if wished == "kvm":
            return "kvm", STOCK_QEMU
    if wished == "vtx":
        return "vtx", _prepare_vtx()
    if wished == "kvm":
        _set_up("kvm")
        refusal = kvm_refusal()
        if refusal:
            raise TargetError(f"TARGET=kvm: {refusal}; TARGET=vtx needs no hardware")
        return "kvm", STOCK_QEMU
    if wished == "bochs":
        _set_up("bochs")
        return "bochs", "bochs"
    raise TargetError(f"TARGET={wished}: expected auto, vtx, kvm or bochs")
