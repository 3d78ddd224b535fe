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


def cpuid_on_bochs(runs):
    """Bochs's TSC counts instructions."""
    report, _ = runs("hello", target="bochs", smp="1")
    return look_up(report, "vms.0.figures.cpuid_ticks")


def cpuid_by_icount(runs):
    """Under -icount shift=0 the TSC counts nanoseconds, one per instruction."""
    report, _ = runs("hello", target="vtx", icount="1", smp="1")
    return look_up(report, "vms.0.figures.cpuid_ticks")


FIGURES = [
    Figure("CPUID exit", "instructions", 96, cpuid_on_bochs, "TSC in a guest on Bochs"),
    Figure("CPUID exit", "instructions", 96, cpuid_by_icount, "TSC in a guest under -icount"),
]


def row(figure, measured):
    """A line of the table."""
    if measured is None:
        verdict, shown = "not measured", "-"
    else:
        verdict = "ok" if measured <= figure.goal else f"missed by {measured - figure.goal:g}"
        shown = f"{measured:g}"
    return (f"{figure.name:<34} {shown:>10} {'<= ' + format(figure.goal, 'g'):>10} "
            f"{figure.unit:<14} {verdict:<16} {figure.how}")


def main():
    """Print the table; exit status 1 if a figure could not be measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build", type=pathlib.Path)
    options = parser.parse_args()
    runs = Runs(options.build.resolve())
    measured = [(figure, figure.measure(runs)) for figure in FIGURES]
    print(f"{'figure':<34} {'measured':>10} {'goal':>10} {'unit':<14} {'verdict':<16} how")
    for figure, value in measured:
        print(row(figure, value))
    return 1 if any(value is None for _, value in measured) else 0


if __name__ == "__main__":
    sys.exit(main())
