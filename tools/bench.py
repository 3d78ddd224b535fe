#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Measure Coppice's figures by counting, each beside its goal ('make bench').

A measurement takes the runs that it needs from Runs and returns a number, or None where the run did
not yield one; the table says so instead of leaving it out.
"""
import argparse
import dataclasses
import functools
import json
import os
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
        """(report, text of qemu.log) of a run; an empty report if there came none.

        The scenario is a name or a folder; `build` may be another than the one to be measured.
        """
        build = options.pop("build", self.build)
        key = (scenario, build, tuple(sorted(options.items())))
        if key not in self.done:
            words = [f"--{k.replace('_', '-')}={v}" for k, v in sorted(options.items())]
            name = "-".join([pathlib.Path(scenario).name, *options.values()]).replace("*", "")
            folder = build / "bench" / name
            print(f"bench: running {scenario} {' '.join(words)}", file=sys.stderr, flush=True)
            subprocess.run([*RUNNER, "run", f"--build={build}", f"--scenario={scenario}",
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
    """A row of the table. The goal is an upper bound, if there is one; to miss a demanded one is a
    failure."""
    name: str
    unit: str
    goal: float | None
    measure: object
    how: str
    demanded: bool = False


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


# hello measures what one more exit takes, of which these instructions are its own: one that sets a
# register, and the one that exits (guests/hello/measure.c).
OWN_INSTRUCTIONS = 2
# QEMU leaves the instruction that exits with cpu_restore_state(), which takes back what it counted
# from there on, that instruction included: it stays uncounted, since the hypervisor skips it.
# VMRESUME ends as any instruction and counts. On Bochs both count. A trace of every instruction
# between vmx_exit_entry and VMRESUME (-d exec) has as many as either of them says.
TAKEN_BACK_BY_QEMU = 1

ON_BOCHS = {"target": "bochs", "smp": "1"}          # its TSC counts instructions
BY_ICOUNT = {"target": "vtx", "smp": "1", "icount": "1"}  # TSC: nanoseconds, one per instruction


def exit_on_bochs(kind):
    """Instructions of the hypervisor for one exit of a guest."""
    def measure(runs):
        ticks = look_up(runs("hello", **ON_BOCHS)[0], f"vms.0.figures.{kind}_ticks")
        return ticks and ticks - OWN_INSTRUCTIONS
    return measure


def exit_by_icount(kind):
    """The same by the other machine."""
    def measure(runs):
        ticks = look_up(runs("hello", **BY_ICOUNT)[0], f"vms.0.figures.{kind}_ticks")
        return ticks and ticks - (OWN_INSTRUCTIONS - TAKEN_BACK_BY_QEMU)
    return measure


MANY_CPUIDS = 10000


@functools.cache
def counting_build(build):
    """A hypervisor that counts its VMCS accesses, in a folder of its own."""
    folder = build / "counters"
    # Its own master, although 'make bench' has called us.
    own = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    done = subprocess.run(["make", "-C", str(ROOT), f"BUILD={folder}", "COUNTERS=1", "hypervisor",
                           "guests"], stdout=subprocess.DEVNULL, check=False, env=own)
    return folder if done.returncode == 0 else None


def cpuid_scenario(build, count):
    """A folder with a guest that does so many CPUIDs."""
    folder = build / f"{count}-cpuids"
    folder.mkdir(exist_ok=True)
    (folder / "coppice.cfg").write_text(
        f'option idle=poweroff\nvm name=a kernel=hello.elf mem=16M cmdline="do=cpuid={count:x}"\n')
    return str(folder)


def vmcs_accesses(machine):
    """VMREADs and VMWRITEs per CPUID exit: what many CPUIDs add to a run."""
    def measure(runs):
        build = counting_build(runs.build)
        if build is None:
            return None
        accesses, exits = [], []
        for count in (0, MANY_CPUIDS):
            report, _ = runs(cpuid_scenario(build, count), build=build, **machine)
            found = look_up(report, "vmcs_accesses")
            if not found:
                return None
            accesses.append(found["reads"] + found["writes"])
            exits.append(look_up(report, "vms.0.counters.exits.CPUID"))
        # One digit: the longer run may see some timer interrupts more.
        return round((accesses[1] - accesses[0]) / (exits[1] - exits[0]), 1)
    return measure


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


def waits_per_attachment(runs):
    """Waits of an attach or a detach: descriptors between two waits are one batch."""
    batches = traced_pair(runs)[1].split("vtd_inv_desc_wait_sw")[:-1]
    kinds = ("vtd_inv_desc_cc_devices", "vtd_inv_desc_iotlb_domain")
    waits = sum(1 for batch in batches if any(kind in batch for kind in kinds))
    return waits / (2 * PAIR_VFS) if waits else None


def page_invalidations(runs):
    """Page-selective invalidations: the pair maps the RAM of its VMs, and unmaps nothing alone."""
    return look_up(traced_pair(runs)[0], "iommu.invalidations.iotlb_page")


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
    parts = ("machine", "ept", "domain", "vcpus", "vfs")
    return memory and sum(memory[part] for part in parts)


def vf_bytes(runs):
    """What of it is the VF's."""
    return look_up(traced_pair(runs)[0], "vms.0.memory.vfs")


BOOT_PHASES = ("memory", "host", "fabric", "iommu", "cores", "masters", "vms", "report", "entry")


def boot_timing(runs):
    """What the report says of the way from our entry to the first instruction of a guest."""
    return look_up(runs("pair", target="vtx", icount="1", smp="1")[0], "timing") or {}


def boot_instructions(runs):
    """All of it; waits and memory clears apart."""
    timing = boot_timing(runs)
    total = timing.get("instructions_to_first_guest")
    return total and total - timing["of_it_waits"] - timing["of_it_wipes"]


def boot_part(part):
    """The waits, or the memory clears."""
    return lambda runs: boot_timing(runs).get(part)


def boot_phase(name):
    """A phase, waits and memory clears apart."""
    def measure(runs):
        for phase in boot_timing(runs).get("phases", ()):
            if phase["name"] == name:
                return phase["instructions"] - phase["of_it_waits"] - phase["of_it_wipes"]
        return None
    return measure


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
            if path.suffix in (".c", ".h", ".asm", ".inc"):
                text = re.sub(r"/\*.*?\*/|//[^\n]*|;[^\n]*(?=\n)" if path.suffix in (".asm", ".inc")
                              else r"/\*.*?\*/|//[^\n]*", "", path.read_text(), flags=re.DOTALL)
                count += sum(1 for line in text.splitlines() if line.strip())
    return count


FIGURES = [
    Figure("CPUID exit", "instructions", 96, exit_on_bochs("cpuid"), "TSC on Bochs", True),
    Figure("CPUID exit", "instructions", 96, exit_by_icount("cpuid"), "TSC under -icount", True),
    Figure("VMCS accesses per CPUID exit", "accesses", 4, vmcs_accesses(ON_BOCHS),
           "COUNTERS=1, Bochs", True),
    Figure("VMCS accesses per CPUID exit", "accesses", 4, vmcs_accesses(BY_ICOUNT),
           "COUNTERS=1, -icount", True),
    Figure("RDMSR exit, emulated", "instructions", 110, exit_on_bochs("rdmsr"),
           "TSC on Bochs; IA32_TSC_ADJUST"),
    Figure("RDMSR exit, emulated", "instructions", 110, exit_by_icount("rdmsr"),
           "TSC under -icount"),
    Figure("WRMSR exit, emulated", "instructions", 120, exit_on_bochs("wrmsr"),
           "TSC on Bochs; IA32_TSC_ADJUST"),
    Figure("WRMSR exit, emulated", "instructions", 120, exit_by_icount("wrmsr"),
           "TSC under -icount"),
    Figure("hypercall that does nothing", "instructions", 80, exit_on_bochs("vmcall"),
           "TSC on Bochs"),
    Figure("hypercall that does nothing", "instructions", 80, exit_by_icount("vmcall"),
           "TSC under -icount"),
    Figure("exits per VF interrupt", "exits", 2, quotient("exits_per_interrupt"), "report, pair"),
    Figure("exits per frame", "exits", 1, quotient("exits_per_frame"), "report, pair"),
    Figure("our counters against QEMU's", "descriptors", 0, counter_disagreement,
           "report and vtd_inv_desc traces, pair", True),
    Figure("global invalidations after init", "descriptors", 0, globals_after_init, "trace, pair",
           True),
    Figure("context invalidations per attach", "descriptors", 1, per_assignment("context_device"),
           "report, pair; or detach", True),
    Figure("IOTLB invalidations per attach", "descriptors", 1, per_assignment("iotlb_domain"),
           "report, pair; or detach", True),
    Figure("waits per attach", "descriptors", 1, waits_per_attachment, "trace, pair; or detach",
           True),
    Figure("page invalidations by mapping", "descriptors", 0, page_invalidations,
           "report, pair; unmapping: tests/unit/iommu", True),
    Figure("VM of one vCPU and one VF", "bytes", 65536, vm_bytes, "report, pair; besides its RAM"),
    Figure("  of it for the VF", "bytes", 192 + 3 * 16 + 4096, vf_bytes, "report, pair"),
    Figure("entry to first guest instruction", "instructions", 1500000, boot_instructions,
           "-icount, pair; without waits and memory clears"),
    *(Figure(f"  of it for {name}", "instructions", None, boot_phase(name), "report, pair; vmm/vm.h")
      for name in BOOT_PHASES),
    Figure("  waits beside it", "instructions", None, boot_part("of_it_waits"), "report, pair"),
    Figure("  memory clears beside it", "instructions", None, boot_part("of_it_wipes"),
           "report, pair"),
    Figure("code of the image", "bytes", 56 * 1024, text_bytes, "size"),
    Figure("lines of code", "lines", 6500, code_lines, "base to vmm, no comments"),
]


# --- the table ------------------------------------------------------------------------------------

def number(value):
    """Whole numbers as they are, others with two digits."""
    return str(value) if value == int(value) and isinstance(value, int) else f"{value:.2f}"


def row(figure, measured):
    """A line of the table."""
    shown, goal, verdict = "-", "", ""
    if measured is not None:
        shown = number(measured)
    else:
        verdict = "not measured"
    if figure.goal is not None:
        goal = "<= " + number(figure.goal)
        if measured is not None:
            over = measured - figure.goal
            verdict = "ok" if over <= 0 else f"missed by {number(over)}"
    return (f"{figure.name:<34} {shown:>12} {goal:>12} "
            f"{figure.unit:<14} {verdict:<20} {figure.how}")


def main():
    """Print the table; exit status 1 if a figure could not be measured, or misses a demanded goal."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build", type=pathlib.Path)
    options = parser.parse_args()
    runs = Runs(options.build.resolve())
    measured = [(figure, figure.measure(runs)) for figure in FIGURES]
    print(f"{'figure':<34} {'measured':>12} {'goal':>12} {'unit':<14} {'verdict':<20} how")
    for figure, value in measured:
        print(row(figure, value))
    return 1 if any(value is None or figure.demanded and value > figure.goal
                    for figure, value in measured) else 0


if __name__ == "__main__":
    sys.exit(main())
