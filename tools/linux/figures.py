#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""VM exits of stock Linux guests: per second of idleness, packet and disk command, by reason.

Two runs that differ in one number, so that booting cancels out: a guest that sleeps 5 or 35
seconds; two guests that send each other 1 or 9 MiB; two that read their disk 64 or 1064 times.

usage: figures.py [--build build] [--target vtx]
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
MIB = 1 << 20
IDLE_SECONDS = (5, 35)
BULK_BYTES = (1 * MIB, 9 * MIB)
DISK_READS = (64, 1064)


def boot(options, scenario, name, old, new):
    """Run a scenario of the tree with one word of its coppice.cfg replaced: (report, logs)."""
    source = ROOT / "scenarios" / scenario
    with tempfile.TemporaryDirectory() as work:
        folder = pathlib.Path(work) / name
        folder.mkdir()
        config = (source / "coppice.cfg").read_text()
        if old not in config:
            sys.exit(f"figures: {source}/coppice.cfg has no '{old}'")
        (folder / "coppice.cfg").write_text(config.replace(old, new))
        (folder / "expect.json").write_text('{ "run": { "timeout": 400 } }')
        if (source / "machine.args").is_file():
            (folder / "machine.args").write_text((source / "machine.args").read_text())
        setup = folder / "machine.setup"
        setup.write_text(f'#!/bin/sh\nexec {source}/machine.setup\n')
        setup.chmod(0o755)
        run = options.build / "run" / name
        done = subprocess.run(
            [sys.executable, str(ROOT / "tools/runner/main.py"), "run", "--build",
             str(options.build), "--scenario", str(folder), "--run-dir", str(run), "--target",
             options.target], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            check=False)
        if done.returncode != 0:
            sys.exit(f"figures: {name} failed:\n{done.stdout[-2000:]}")
    return json.loads((run / "report.json").read_text()), run


def difference(less, more, name):
    """Exits by reason that the second run has more, and the interrupts that were injected."""
    before, after = (next(v for v in r["vms"] if v["name"] == name)["counters"]
                     for r in (less, more))
    reasons = {k: after["exits"].get(k, 0) - before["exits"].get(k, 0)
               for k in {**before["exits"], **after["exits"]}}
    return reasons, after["injected"] - before["injected"]


def show(title, reasons, injected, divisor):
    """A table of quotients, the big ones first."""
    print(title)
    for reason, count in sorted(reasons.items(), key=lambda r: -r[1]):
        if abs(count) / divisor >= 0.001:
            print(f"  {reason:24} {count / divisor:9.3f}")
    print(f"  {'all exits':24} {sum(reasons.values()) / divisor:9.3f}")
    print(f"  {'interrupts injected':24} {injected / divisor:9.3f}", flush=True)


def packets(run, name):
    """What the guest said about its VF after the bulk data."""
    match = re.search(r"packets: (\d+) received, (\d+) sent", (run / f"vm-{name}.log").read_text())
    return int(match[1]) + int(match[2])


def idle(options):
    """A guest that does nothing."""
    runs = [boot(options, "linux-hello", f"idle-{s}", "test=hello", f"test=hello rest={s}")[0]
            for s in IDLE_SECONDS]
    seconds = IDLE_SECONDS[1] - IDLE_SECONDS[0]
    show("Per second of an idle Linux 6.1:", *difference(*runs, "linux"), seconds)


def bulk(options):
    """Two guests that send each other data."""
    runs = [boot(options, "linux-net", f"bulk-{b}", "test=net", f"test=net bytes={b}")
            for b in BULK_BYTES]
    for name in ("a", "b"):
        count = packets(runs[1][1], name) - packets(runs[0][1], name)
        show(f"Per packet sent or received by {name} ({count} packets):",
             *difference(runs[0][0], runs[1][0], name), count)


def disk(options):
    """Two guests that read their disk, one command after the other."""
    runs = [boot(options, "linux-nvme", f"disk-{n}", "test=nvme", f"test=nvme reads={n}")[0]
            for n in DISK_READS]
    for name in ("a", "b"):
        show(f"Per disk command of {name}:", *difference(*runs, name),
             DISK_READS[1] - DISK_READS[0])


def main():
    """All tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=ROOT / "build", type=pathlib.Path)
    parser.add_argument("--target", default="vtx")
    options = parser.parse_args()
    options.build = options.build.resolve()
    idle(options)
    bulk(options)
    disk(options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
