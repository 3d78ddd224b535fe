#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Boot Coppice in a scenario and judge what came of it ('make run', 'make console', 'make iso').

Exit status: 0 the scenario succeeded, 1 it did not, 2 it could not be run.
"""
import argparse
import fcntl
import json
import os
import pathlib
import pty
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import tty

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from runner import bochs, crash, esp, iso, qemu, report, scenario, session, target  # noqa: E402
from runner.console import Console  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
KNOWN_ERRORS = (scenario.ScenarioError, target.TargetError, qemu.QemuError, iso.IsoError,
                esp.EspError)


def say(text):
    """A line of the runner itself, told apart from the console's."""
    print(f"run: {text}", flush=True)


def parse_options(argv):
    """Empty values mean the default, since make passes every variable."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=("run", "console", "iso", "esp"))
    parser.add_argument("--build", default="build", type=pathlib.Path)
    parser.add_argument("--run-dir", default="", help="default: BUILD/run/SCENARIO")
    parser.add_argument("--output", default="", help="where 'iso' and 'esp' write it")
    parser.add_argument("--timeout", default="", help="seconds, instead of the scenario's")
    parser.add_argument("--reply", action="append", default=[], metavar="TEXT=>ANSWER",
                        help="type ANSWER when the console shows TEXT (or A && B: both)")
    parser.add_argument("--kernel", default="", help="default: BUILD/coppice.elf")
    for name, default in (("scenario", "pair"), ("target", "auto"), ("smp", ""), ("mem", ""),
                          ("firmware", "seabios"), ("boot", "grub"), ("trace", ""), ("icount", ""),
                          ("qemu-args", ""), ("hvargs", "")):
        parser.add_argument(f"--{name}", default=default)
    # argparse takes a value that starts with '-' for an option unless it is joined by '='.
    options = parser.parse_args(join_values(argv))
    options.build = options.build.resolve()
    options.kernel = pathlib.Path(options.kernel or options.build / "coppice.elf")
    return options


def join_values(argv):
    """--name value becomes --name=value."""
    joined, words = [], iter(argv)
    for word in words:
        if word.startswith("--") and "=" not in word:
            word += "=" + next(words, "")
        joined.append(word)
    return joined


# What a variable must look like, so that a slip is told by its name and not by the emulator.
FORMS = [
    ("smp", r"[1-9]\d*", "a number of CPUs, 1 or more"),
    ("mem", r"[1-9]\d*[KMGTkmgt]?", "a size like 512M or 4G"),
    ("timeout", r"\d+(\.\d+)?", "seconds"),
]


def check_forms(options):
    """Raise for the first value that does not look like what its variable means."""
    for name, form, expected in FORMS:
        value = str(getattr(options, name))
        if not re.fullmatch(form, value):
            raise qemu.QemuError(f"{name.upper()}={value}: expected {expected}")


def settle(options, wanted):
    """Fill in what the command line leaves to the scenario and to the defaults."""
    options.smp = options.smp or str(wanted.run_options.get("smp", scenario.DEFAULT_SMP))
    options.mem = options.mem or wanted.run_options.get("mem", scenario.DEFAULT_MEMORY)
    options.timeout = options.timeout or wanted.timeout
    check_forms(options)
    options.timeout = float(options.timeout)
    options.boot = options.boot or "grub"
    if options.boot not in ("grub", "app"):
        raise qemu.QemuError(f"BOOT={options.boot}: expected grub, or app for the UEFI application")
    options.firmware = "ovmf" if options.boot == "app" else options.firmware or "seabios"
    run_dir = pathlib.Path(options.run_dir or options.build / "run" / wanted.name)
    return run_dir.resolve()


def fresh_folder(folder):
    """An empty folder of ours alone: an older run's output must not be taken for this one's.

    Returns the lock that keeps others out; it is held as long as the process lives.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = open(folder.with_name(folder.name + ".lock"), "w", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say(f"another run uses {folder}; waiting for its end (--run-dir takes another folder)")
        fcntl.flock(lock, fcntl.LOCK_EX)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return lock


def named_files(options, wanted):
    """What coppice.cfg names and is there."""
    found, missing = wanted.find_files(options.build)
    for name, places in missing:
        say(f"{name}: coppice.cfg names it; it is neither {' nor '.join(map(str, places))}; "
            "going on without it")
    return found


def set_up(wanted, folder):
    """machine.setup, said first: to fetch a kernel takes its time."""
    if wanted.has_setup:
        say(f"{wanted.folder.name}/machine.setup prepares kernels and disks; its output is in "
            f"{os.path.relpath(folder)}/setup.log")
    wanted.run_setup(folder)


def prepare(options, wanted):
    """What machine.setup makes, kernels above all, belongs on a medium that is not run here, too."""
    folder = (options.build / "medium" / wanted.name).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    set_up(wanted, folder)


def make_medium(options, wanted, folder):
    """The boot medium with all that coppice.cfg names: GRUB's ISO, or the application's volume."""
    found = named_files(options, wanted)
    if options.boot == "app":
        return esp.image(folder / "esp.img",
                         esp.stage(folder / "esp", options.build, wanted.config, found))
    output = folder / "coppice.iso"
    return iso.make(output, output.with_suffix(".dir"), options.kernel, wanted.config, found,
                    options.hvargs)


def watch(kind, emulator, options, wanted, run_dir, medium, console):
    """Start the machine and see it to its end: how it ended and its exit status."""
    terminal = control = None
    if kind == "bochs":
        terminal, slave = pty.openpty()
        tty.setraw(slave)
        command = bochs.command(options, run_dir, medium, os.ttyname(slave))
    else:
        com1 = ["-chardev", "stdio,id=com1,signal=off", "-serial", "chardev:com1"]
        control = crash.Control()
        command = qemu.command(kind, emulator, options, wanted, run_dir, medium,
                               com1 + control.arguments)
    (run_dir / "command").write_text(shlex.join(command) + "\n")
    replies = [tuple(r.encode().decode("unicode_escape").split("=>", 1)) for r in options.reply]
    # Bochs cannot power off, and a machine whose hypervisor has crashed stands still.
    stop_at = [crash.STOPPED] + [session.POWER_OFF] * (kind == "bochs")
    watched = session.Session(command, run_dir, console, replies, stop_at,
                              lambda: crash.save_record(control, console.lines, run_dir),
                              [control.fd] if control else [])
    how, status = watched.run(options.timeout, terminal)
    if control:
        control.close()
    if any(line.startswith(crash.STOPPED) for line in console.lines):
        how = "crashed"
    if kind == "bochs" and bochs.powered_off((run_dir / "qemu.log").read_bytes()):
        status = 0
    return how, status


def find_reports(run_dir):
    """Complete reports and damage: from COM2, or from the console with 'option report=com1'."""
    for name in ("report.raw", "console.log"):
        path = run_dir / name
        reports, damage = report.extract_reports(path.read_bytes() if path.is_file() else b"")
        if reports or damage:
            return reports, damage
    return [], []


def judge(wanted, run_dir, how, status, console, timeout):
    """All that went wrong, one text each; empty means success. Writes report.json."""
    reports, failures = find_reports(run_dir)
    if how == "timeout":
        failures.append(f"not finished after {timeout:.0f} s; the console's last line: "
                        f"{console.last_line()}")
        if "idle=poweroff" not in wanted.config:
            failures.append("coppice.cfg has no 'option idle=poweroff', so it waits in the monitor")
    elif how == "crashed":
        failures.append(crash.describe(console.lines, run_dir))
    elif how == "ended" and status != 0:
        failures.append(f"the emulator ended with status {status}; see {run_dir}/qemu.log")
    if not reports:
        failures.append("no complete report came on COM2 or COM1; the console's last line: "
                        f"{console.last_line()}")
        return failures
    (run_dir / "report.json").write_text(json.dumps(reports[-1], indent=1) + "\n")
    if wanted.expect is None:
        return failures + report.vm_failures(wanted.vm_names, reports[-1])
    return failures + report.mismatches(wanted.expect, reports[-1])


def action_run(options, wanted):
    """Boot, watch, judge."""
    run_dir = settle(options, wanted)
    kind, emulator = target.prepare(options.target or "auto", say)
    _lock = fresh_folder(run_dir)
    set_up(wanted, run_dir)
    medium = make_medium(options, wanted, run_dir)
    console = Console(run_dir, wanted.vm_names, lambda line: print(line, flush=True))
    say(f"{wanted.name} on {kind}, {options.smp} CPUs, {options.mem}, {options.firmware}"
        f"{', UEFI application' if options.boot == 'app' else ''}")
    started = time.monotonic()
    try:
        how, status = watch(kind, emulator, options, wanted, run_dir, medium, console)
    finally:
        console.close()
    failures = judge(wanted, run_dir, how, status, console, options.timeout)
    for failure in failures:
        say(f"FAILED: {failure}")
    say(f"{wanted.name}: {'failed' if failures else 'success'} after "
        f"{time.monotonic() - started:.1f} s; logs in {os.path.relpath(run_dir)}/")
    return 1 if failures else 0


def action_console(options, wanted):
    """The same machine with the terminal as its serial line."""
    run_dir = settle(options, wanted)
    kind, emulator = target.prepare(options.target or "auto", say)
    if kind == "bochs":
        raise target.TargetError("make console: TARGET=bochs has no interactive serial line")
    _lock = fresh_folder(run_dir)
    set_up(wanted, run_dir)
    medium = make_medium(options, wanted, run_dir)
    com1 = ["-chardev", f"stdio,id=com1,mux=on,signal=off,logfile={run_dir}/console.log",
            "-serial", "chardev:com1", "-mon", "chardev=com1"]
    command = qemu.command(kind, emulator, options, wanted, run_dir, medium, com1)
    say("the serial console is yours: Ctrl-] cycles the consoles, Ctrl-a x leaves")
    sys.stdout.flush()
    with open(run_dir / "qemu.log", "wb") as log:
        status = subprocess.run(command, stderr=log, check=False,
                                preexec_fn=session.die_with_parent).returncode
    reports, _ = find_reports(run_dir)
    if reports:
        (run_dir / "report.json").write_text(json.dumps(reports[-1], indent=1) + "\n")
    if status:
        say(f"FAILED: the emulator ended with status {status}; see {run_dir}/qemu.log")
    say(f"logs in {os.path.relpath(run_dir)}/")
    return 1 if status else 0


def action_iso(options, wanted):
    """Only the medium, for a stick or a server's virtual drive."""
    output = pathlib.Path(options.output or options.build / "coppice.iso").resolve()
    output.parent.mkdir(parents=True, exist_ok=True)
    prepare(options, wanted)
    iso.make(output, output.with_suffix(".dir"), options.kernel, wanted.config,
             named_files(options, wanted), options.hvargs)
    say(f"{os.path.relpath(output)}: boots {wanted.name} on BIOS and UEFI machines; "
        "copy it to a stick with dd")
    return 0


def action_esp(options, wanted):
    """Only the folder, to be copied to a FAT volume."""
    output = pathlib.Path(options.output or options.build / "esp").resolve()
    prepare(options, wanted)
    esp.stage(output, options.build, wanted.config, named_files(options, wanted))
    say(f"{os.path.relpath(output)}/: boots {wanted.name}; copy what is in it to the root of a FAT "
        "volume (a stick, an EFI system partition)")
    return 0


def main(argv):
    """Run the action; what is known to go wrong is told in one line."""
    # A runner that is told to go takes its emulator with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))
    options = parse_options(argv)
    actions = {"run": action_run, "console": action_console, "iso": action_iso,
               "esp": action_esp}
    try:
        wanted = scenario.load(options.scenario or "pair", ROOT)
        return actions[options.action](options, wanted)
    except KNOWN_ERRORS as error:
        print(f"run: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        say("interrupted")
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
