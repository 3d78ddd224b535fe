#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Run scenarios/chaos with other seeds and lengths ('make chaos SEED=1 OPS=1000000 SEEDS=10').

Exit status: 0 all runs succeeded, 1 one did not; it says how to repeat that one alone.
"""
import argparse
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
ORIGINAL = ROOT / "scenarios" / "chaos"
# The target does some thousand operations a second; the machine below may be busy.
OPS_PER_SECOND = 500
START_SECONDS = 60


def make_scenario(folder, seed, ops, cpus):
    """The scenario with this seed, length and number of vCPUs in `folder`; the victim watches as long as that takes."""
    folder.mkdir(parents=True, exist_ok=True)
    config = (ORIGINAL / "coppice.cfg").read_text()
    config, changed = re.subn(r"seed=\d+ ops=\d+", f"seed={seed} ops={ops}", config)
    config, sized = re.subn(r"cpus=\d+", f"cpus={cpus}", config)
    config, watched = re.subn(r"secs=\d+", f"secs={5 + ops // 4000}", config)
    assert changed == sized == watched == 1, "scenarios/chaos/coppice.cfg must say seed=, ops=, cpus= and secs= once"
    (folder / "coppice.cfg").write_text(config)
    shutil.copy(ORIGINAL / "machine.args", folder)
    return folder


def timeout(ops):
    """Seconds after which such a run hangs."""
    return START_SECONDS + ops // OPS_PER_SECOND


def repeat(seed, ops, smp, cpus):
    """The command that runs just this one."""
    return f"make chaos SEED={seed} OPS={ops} SMP={smp} CPUS={cpus}"


def main(argv):
    """All seeds, one after the other; stops at the first that fails."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build", type=pathlib.Path)
    for name, default in (("seed", 1), ("ops", 1000000), ("seeds", 1), ("smp", 2), ("cpus", 2)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--target", default="auto")
    options = parser.parse_args(argv)
    for seed in range(options.seed, options.seed + options.seeds):
        name = f"chaos-{seed}-{options.ops}-{options.smp}-{options.cpus}"
        folder = make_scenario((options.build / "chaos" / name).resolve(), seed, options.ops, options.cpus)
        done = subprocess.run([sys.executable, str(ROOT / "tools" / "runner" / "main.py"), "run",
                               "--build", str(options.build), "--scenario", str(folder),
                               "--smp", str(options.smp), "--target", options.target,
                               "--timeout", str(timeout(options.ops))], check=False)
        if done.returncode:
            print(f"chaos: seed {seed} FAILED; again with: {repeat(seed, options.ops, options.smp, options.cpus)}")
            return 1
    print(f"chaos: {options.seeds} seeds from {options.seed}, {options.ops} operations each: success")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
