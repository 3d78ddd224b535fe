# SPDX-License-Identifier: GPL-2.0-only
"""Reads what a stock Linux guest has printed: its verdicts, its complaints, its config space."""
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Words by which a kernel complains.
COMPLAINT = re.compile(r"error|warn|fail|unable|unstable|\bbug\b|invalid|not supported|"
                       r"call trace|oops|panic|lockup|\bstall", re.IGNORECASE)

# Lines that match and are no complaint, or one about what a guest of ours does not have. Each with
# its reason; whatever else matches fails a test.
ALLOWED = [
    (r"mce: Unable to init MCE device", "no machine-check banks: CPUID hides MCE and MCA"),
    (r"intel_pstate: CPU model not supported", "frequencies are the host's business"),
    (r'use "pci=nocrs" and report a bug', "advice that every PC gets"),
    (r"DMI not present or invalid", "no SMBIOS: nothing there a guest needs"),
    (r"DMA domain TLB invalidation policy", "'invalidation' is no 'invalid'"),
    (r"This is not a bug\.", "the kernel says so itself"),
    (r"PAT not supported by the CPU", "Linux turns PAT off for the emulator's CPU model (6/6/3)"),
    (r"Correctable Errors collector initialized", "it collects none"),
    (r"Command line:|command line", "the kernel's own parameters, panic= among them"),
    (r"guest: finished with 0 failures", "ours"),
    (r"calibrate_delay_direct\(\) failed", "a busy emulator; only a start value for busy-waiting"),
    (r"ACPI: Early table checksum verification disabled", "what every PC says"),
    (r"MTRRs disabled, skipping PAT initialization too", "no MTRRs: EPT has the memory types"),
    (r"Long readout interval, skipping watchdog check", "a busy emulator"),
]


def complaints(log):
    """Lines of a kernel's log that no entry of ALLOWED explains."""
    return [line for line in log.splitlines() if COMPLAINT.search(line)
            and not any(re.search(pattern, line) for pattern, _ in ALLOWED)]


def verdicts(log):
    """(what passed, what failed), in the order in which the guest said it."""
    return (re.findall(r"^PASS (.*)$", log, re.MULTILINE),
            re.findall(r"^FAIL (.*)$", log, re.MULTILINE))


def config_dumps(log):
    """{'0000:00:01.0': 4096 bytes} of what the guest dumped; lines of zeros were left out."""
    dumps, device = {}, None
    for line in log.splitlines():
        head = re.match(r"CONFIG (\S+) dump$", line)
        row = re.match(r"CONFIG ([0-9a-f]{3}):((?: [0-9a-f]{2}){16})$", line)
        if head:
            device = dumps.setdefault(head[1], bytearray(4096))
        elif row and device is not None:
            at = int(row[1], 16)
            device[at:at + 16] = bytes.fromhex(row[2])
    return dumps


def lspci(dump, folder):
    """What lspci -vvv reads in one dump."""
    text = "00:01.0 dump\n" + "".join(
        f"{at:02x}: {dump[at:at + 16].hex(' ')}\n" for at in range(0, len(dump), 16))
    path = folder / "lspci.dump"
    path.write_text(text)
    return subprocess.run(["lspci", "-F", str(path), "-nvvv"], check=True, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout


def capabilities(text):
    """Names of the capabilities in lspci's output."""
    return [re.sub(r"[ :(].*", "", c) for c in
            re.findall(r"Capabilities: \[\w+(?: v\d+)?\] (.*)", text)]
