# SPDX-License-Identifier: GPL-2.0-only
"""Stock Bochs: the second opinion on VT-x. It has no VT-d, so its VMs have no VFs."""
import re

CONFIG = """\
plugin_ctrl: unmapped=1, biosdev=1, speaker=0, extfpuirq=1, parallel=0, serial=1, gameport=0
config_interface: textconfig
display_library: {display}
cpu: model=corei7_haswell_4770, count={smp}, ips=50000000, reset_on_triple_fault=0
memory: guest={mem}, host={mem}
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
pci: enabled=1, chipset=i440fx
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path="{iso}", status=inserted
boot: cdrom
com1: enabled=1, mode=term, dev={terminal}
com2: enabled=1, mode=file, dev="{run_dir}/report.raw"
sound: waveoutdrv=dummy
mouse: enabled=0
clock: sync=none, time0=local
log: {run_dir}/bochs.log
panic: action=report
error: action=report
info: action=report
debug: action=ignore
"""


def megabytes(mem):
    """The size as Bochs wants it. Its BIOS places nothing above 4 GiB."""
    match = re.fullmatch(r"(\d+)([MG]?)", mem)
    size = int(match[1]) * (1024 if match[2] == "G" else 1) if match else 1024
    return min(size, 2048)


def powered_off(log):
    """Bochs ends with status 1 when its machine powers off; its log tells this from a failure."""
    return b"soft power off" in log


def command(options, run_dir, iso, terminal):
    """Write the configuration; -q starts without the menu, -rc answers the debugger's prompt.

    COM1 is a pseudo terminal, since a file would be written only at the end. Bochs wants a display:
    rfb (VNC) with timeout=0 waits for nobody.
    """
    (run_dir / "bochsrc").write_text(CONFIG.format(
        smp=options.smp, mem=megabytes(options.mem), iso=iso, run_dir=run_dir,
        terminal=terminal, display='rfb, options="timeout=0"'))
    (run_dir / "bochs.rc").write_text("continue\n")
    return ["bochs", "-q", "-f", str(run_dir / "bochsrc"), "-rc", str(run_dir / "bochs.rc")]
