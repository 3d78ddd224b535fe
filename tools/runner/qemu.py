# SPDX-License-Identifier: GPL-2.0-only
"""The command line of QEMU for a run."""
import pathlib
import shlex
import shutil

ACCELERATION = {
    "vtx": ["-machine", "q35", "-accel", "tcg", "-cpu", "max,vendor=GenuineIntel,+vmx,-svm"],
    # An emulated IOMMU that remaps interrupts needs KVM's interrupt controllers split.
    "kvm": ["-machine", "q35,kernel-irqchip=split", "-accel", "kvm", "-cpu", "host,+vmx"],
}
OVMF_CODE = "/usr/share/OVMF/OVMF_CODE_4M.fd"
OVMF_VARS = "/usr/share/OVMF/OVMF_VARS_4M.fd"
ICOUNT = "shift=0,sleep=off"


class QemuError(Exception):
    """The wished machine cannot be described."""


def firmware_args(firmware, run_dir):
    """SeaBIOS is QEMU's default; OVMF takes its code and a copy of its variables."""
    if firmware == "seabios":
        return []
    if firmware != "ovmf":
        raise QemuError(f"FIRMWARE={firmware}: expected seabios or ovmf")
    if not pathlib.Path(OVMF_CODE).is_file():
        raise QemuError(f"{OVMF_CODE} is not there; install the package ovmf")
    variables = run_dir / "ovmf-vars.fd"
    shutil.copyfile(OVMF_VARS, variables)
    return ["-drive", f"if=pflash,format=raw,readonly=on,file={OVMF_CODE}",
            "-drive", f"if=pflash,format=raw,file={variables}"]


def observation_args(options):
    """Tracing and counting, for those who want to look inside."""
    args = []
    for pattern in options.trace.split():
        args += ["-trace", pattern]
    if options.icount:
        args += ["-icount", ICOUNT if options.icount == "1" else options.icount]
    return args


def medium_args(medium):
    """An ISO is a CD, a raw image is a disk."""
    if medium.suffix == ".iso":
        return ["-cdrom", str(medium), "-boot", "d"]
    return ["-drive", f"if=virtio,format=raw,file={medium}"]


def command(kind, qemu, options, scenario, run_dir, medium, com1):
    """The whole command line. The scenario's words come late, so that it may override."""
    return [
        qemu, *ACCELERATION[kind], "-smp", str(options.smp), "-m", options.mem,
        "-nodefaults", "-display", "none", "-no-reboot",
        *firmware_args(options.firmware, run_dir),
        *com1,
        "-chardev", f"file,id=com2,path={run_dir}/report.raw", "-serial", "chardev:com2",
        *medium_args(medium),
        *observation_args(options),
        *scenario.machine_args(run_dir),
        *shlex.split(options.qemu_args),
    ]
