#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Measure the figures of the README by counting, each beside its goal ('make bench').

A measurement takes the runs that it needs from Runs and returns a number, or None where the run did
not yield one; the table says so instead of leaving it out.
"""
import argparse
import dataclasses
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
RUNNER = ["/usr/bin/python3", str(ROOT / "tools" / "runner" / "main.py")]


class Runs:
    """Boots scenarios for the measurements, each set of options once."""

    def __init__(self, build):
        self.build = build
        self.done = {}

    def __call__(self, scenario, **options):
        """(report, text of qemu.log) of a run; an empty report if there came none."""
        key = (scenario, tuple(sorted(options.items())))
        if key not in self.done:
            words = [f"--{k.replace('_', '-')}={v}" for k, v in sorted(options.items())]
            folder = self.build / "bench" / "-".join([scenario, *options.values()]).replace("*", "")
            print(f"bench: running {scenario} {' '.join(words)}", file=sys.stderr, flush=True)
            subprocess.run([*RUNNER, "run", f"--build={self.build}", f"--scenario={scenario}",
                            f"--run-dir={folder}", *words], check=False, cwd=ROOT,
                           stdout=subprocess.DEVNULL)
            report, log = folder / "report.json", folder / "qemu.log"
            self.done[key] = (json.loads(report.read_text()) if report.is_file() else {},
                              log.read_text(errors="replace") if log.is_file() else "")
        return self.done[key]


def look_up(value, path):
    """A value in a report by 'vms.0.figures.cpuid_ticks', or None."""
    for key in path.split("."):
        try:
            value = value[int(key)] if isinstance(value, list) else value[key]
        except (KeyError, IndexError, TypeError, ValueError):
            return None
    return value


def count_traces(log, event):
    """How often a trace event of that name stands in a log."""
    return len(re.findall(rf"^(?:\S+:)?{event}\b", log, re.MULTILINE))


@dataclasses.dataclass
class Figure:
    """A row of the table. The goal is an upper bound."""
    name: str
    unit: str
    goal: float
    measure: object
    how: str


# --- the measurements -----------------------------------------------------------------------------

PAIR_VFS = 2
# Our counter -> the trace event of QEMU that counts the same.
INVALIDATIONS = {
    "context_global": "vtd_inv_desc_cc_global", "context_domain": "vtd_inv_desc_cc_domain",
    "context_device": "vtd_inv_desc_cc_devices", "iotlb_global": "vtd_inv_desc_iotlb_global",
    "iotlb_domain": "vtd_inv_desc_iotlb_domain", "iotlb_page": "vtd_inv_desc_iotlb_pages",
    "wait": "vtd_inv_desc_wait_sw",
}


def traced_pair(runs):
    """The pair on our QEMU, with its own account of invalidations."""
    return runs("pair", target="vtx", trace="vtd_inv_desc*")


def guests_own_instructions(runs):
    """Of the TSC difference around CPUID in hello: what the guest itself executes, CPUID included.

    Counted from the second TSC reading back to the first, in the compiled guest.
    """
    done = subprocess.run(["objdump", "-d", "--no-show-raw-insn",
                           str(runs.build / "guests" / "hello.elf")],
                          capture_output=True, text=True, check=False)
    names = re.findall(r"^\s+[0-9a-f]+:\s+(\w+)", done.stdout, re.MULTILINE)
    best = None
    for at, name in enumerate(names):
        if name == "cpuid" and "rdtsc" in names[max(0, at - 20):at] and "rdtsc" in names[at:at + 5]:
            first = max(i for i in range(at) if names[i] == "rdtsc")
            distance = names.index("rdtsc", at) - first
            best = distance if best is None else min(best, distance)
    return best


def cpuid_exit(runs, **options):
    """Instructions of the hypervisor for one CPUID of a guest."""
    report, _ = runs("hello", smp="1", **options)
    ticks, own = look_up(report, "vms.0.figures.cpuid_ticks"), guests_own_instructions(runs)
    return None if ticks is None or own is None else ticks - own


def cpuid_on_bochs(runs):
    """Bochs's TSC counts instructions."""
    return cpuid_exit(runs, target="bochs")


def cpuid_by_icount(runs):
    """Under -icount shift=0 the TSC counts nanoseconds, one per instruction."""
    return cpuid_exit(runs, target="vtx", icount="1")


def counter_disagreement(runs):
    """By how many descriptors our counters differ from QEMU's traces, all kinds together."""
    report, log = traced_pair(runs)
    ours = look_up(report, "iommu.invalidations")
    if not ours:
        return None
    kinds = sum(abs(ours[kind] - count_traces(log, event)) for kind, event in INVALIDATIONS.items())
    entries = ours["iec_global"] + ours["iec_index"] - count_traces(log, "vtd_inv_desc_iec")
    return kinds + abs(entries)


def globals_after_init(runs):
    """Global invalidations after the first one that was for a single device."""
    _, log = traced_pair(runs)
    before, found, after = log.partition("vtd_inv_desc_cc_devices")
    if not before or not found:
        return None
    return (count_traces(after, "vtd_inv_desc_cc_global")
            + count_traces(after, "vtd_inv_desc_iotlb_global")
            + len(re.findall(r"vtd_inv_desc_iec granularity 0x0", after)))


def per_assignment(kind):
    """Descriptors of a kind per attach or detach of a VF: both VFs come and go once."""
    def measure(runs):
        count = look_up(traced_pair(runs)[0], f"iommu.invalidations.{kind}")
        return None if count is None else count / (2 * PAIR_VFS)
    return measure


def quotient(name):
    """The worse of the two VMs of the pair."""
    def measure(runs):
        report, _ = traced_pair(runs)
        found = [look_up(report, f"vms.{i}.quotients.{name}") for i in range(PAIR_VFS)]
        return None if None in found else max(found)
    return measure


def vm_bytes(runs):
    """What a VM with one vCPU and one VF takes besides its RAM."""
    memory = look_up(traced_pair(runs)[0], "vms.0.memory")
    return memory and memory["ept"] + memory["domain"] + memory["vcpus"] + memory["vfs"]


def vf_bytes(runs):
    """What of it is the VF's."""
    return look_up(traced_pair(runs)[0], "vms.0.memory.vfs")


def boot_instructions(runs):
    """From our entry to the first instruction of a guest; waits and memory clears apart."""
    report, _ = runs("pair", target="vtx", icount="1", smp="1")
    timing = look_up(report, "timing") or {}
    total = timing.get("instructions_to_first_guest")
    return total and total - timing["of_it_waits"] - timing["of_it_wipes"]


def text_bytes(runs):
    """Code of the image."""
    done = subprocess.run(["size", "-A", str(runs.build / "coppice.elf")], capture_output=True,
                          text=True, check=False)
    found = re.search(r"^\.text\s+(\d+)", done.stdout, re.MULTILINE)
    return int(found[1]) if found else None


def code_lines(_runs):
    """Lines of the houses without comments and blank lines."""
    count = 0
    for house in ("base", "boot", "pci", "iommu", "drivers", "vmm"):
        for path in (ROOT / house).rglob("*"):
            if path.suffix in (".c", ".h", ".asm"):
                text = re.sub(r"/\*.*?\*/|//[^\n]*|;[^\n]*(?=\n)" if path.suffix == ".asm"
                              else r"/\*.*?\*/|//[^\n]*", "", path.read_text(), flags=re.DOTALL)
                count += sum(1 for line in text.splitlines() if line.strip())
    return count


FIGURES = [
    Figure("CPUID exit", "instructions", 96, cpuid_on_bochs, "TSC on Bochs"),
    Figure("CPUID exit", "instructions", 96, cpuid_by_icount, "TSC under -icount"),
    Figure("exits per VF interrupt", "exits", 2, quotient("exits_per_interrupt"), "report, pair"),
    Figure("exits per frame", "exits", 1, quotient("exits_per_frame"), "report, pair"),
    Figure("our counters against QEMU's", "descriptors", 0, counter_disagreement,
           "report and vtd_inv_desc traces, pair"),
    Figure("global invalidations after init", "descriptors", 0, globals_after_init, "trace, pair"),
    Figure("context invalidations per attach", "descriptors", 1, per_assignment("context_device"),
           "report, pair; or detach"),
    Figure("IOTLB invalidations per attach", "descriptors", 1, per_assignment("iotlb_domain"),
           "report, pair; or detach"),
    Figure("VM of one vCPU and one VF", "bytes", 65536, vm_bytes, "report, pair; besides its RAM"),
    Figure("  of it for the VF", "bytes", 192 + 3 * 16 + 4096, vf_bytes, "report, pair"),
    Figure("entry to first guest instruction", "instructions", 1500000, boot_instructions,
           "-icount, pair; without waits and memory clears"),
    Figure("code of the image", "bytes", 56 * 1024, text_bytes, "size"),
    Figure("lines of code", "lines", 6500, code_lines, "base to vmm, no comments"),
]


# --- the table ------------------------------------------------------------------------------------

def number(value):
    """Whole numbers as they are, others with two digits."""
    return str(value) if value == int(value) and isinstance(value, int) else f"{value:.2f}"


def row(figure, measured):
    """A line of the table."""
    if measured is None:
        verdict, shown = "not measured", "-"
    else:
        over = measured - figure.goal
        verdict = "ok" if over <= 0 else f"missed by {number(over)}"
        shown = number(measured)
    return (f"{figure.name:<34} {shown:>12} {'<= ' + number(figure.goal):>12} "
            f"{figure.unit:<14} {verdict:<20} {figure.how}")


def main():
    """Print the table; exit status 1 if a figure could not be measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build", type=pathlib.Path)
    options = parser.parse_args()
    runs = Runs(options.build.resolve())
    measured = [(figure, figure.measure(runs)) for figure in FIGURES]
    print(f"{'figure':<34} {'measured':>12} {'goal':>12} {'unit':<14} {'verdict':<20} how")
    for figure, value in measured:
        print(row(figure, value))
    return 1 if any(value is None for _, value in measured) else 0


if __name__ == "__main__":
    sys.exit(main())
