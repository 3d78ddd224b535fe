# SPDX-License-Identifier: GPL-2.0-only
"""Boots scenarios for the tests, each (scenario, options) once, and keeps what came of it."""
import dataclasses
import json
import os
import pathlib
import re
import subprocess
import zlib

import jsonschema

from runner.report import extract_reports

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = (ROOT / os.environ.get("BUILD", "build")).resolve()
PYTHON = "/usr/bin/python3"
RUNNER = [PYTHON, str(ROOT / "tools" / "runner" / "main.py")]
SCHEMA = ROOT / "docs" / "report.schema.json"


@dataclasses.dataclass
class Result:
    """A finished run."""
    returncode: int
    output: str             # what the runner showed
    folder: pathlib.Path    # its logs
    console: str            # COM1, VMs' lines as '[name] text'
    report: dict            # the last complete report; empty if none came

    def vm_log(self, name):
        """What the VM printed."""
        return (self.folder / f"vm-{name}.log").read_text()

    def vm(self, name):
        """The VM's entry in the report."""
        return one(self.report["vms"], name=name)

    def refusal(self, **wanted):
        """The one refusal with these values."""
        return one(self.report["refusals"], **wanted)

    @property
    def shown(self):
        """What the terminal showed, without its control sequences."""
        return re.sub(r"\x1b\[[0-9]*[A-Za-z]", "", self.console)

    @property
    def qemu_log(self):
        """Standard error of the emulator, and its traces."""
        return (self.folder / "qemu.log").read_text(errors="replace")

    @property
    def reports(self):
        """All reports of the run: the first was written before the VMs ran."""
        return extract_reports((self.folder / "report.raw").read_bytes())[0]

    def explain(self):
        """The text for a failing assertion."""
        return f"{self.folder}:\n{self.output[-3000:]}"


def one(entries, **wanted):
    """The one entry with these values; a failure shows what there is."""
    found = [e for e in entries if all(e.get(k) == v for k, v in wanted.items())]
    assert len(found) == 1, f"expected one entry with {wanted}, found {len(found)} in {entries}"
    return found[0]


def run(scenario, label, kernel=None, build=BUILD, runner=RUNNER, **options):
    """Run the runner. Options are its own: smp, mem, target, firmware, trace, icount, hvargs,
    qemu_args, timeout, and reply (a list)."""
    folder = BUILD / "system" / label
    command = [*runner, "run", "--build", str(build), "--scenario", str(scenario),
               "--run-dir", str(folder)]
    if kernel:
        command += ["--kernel", str(kernel)]
    for reply in options.pop("reply", ()):
        command += ["--reply", reply]
    options.setdefault("target", os.environ.get("TARGET", "vtx"))
    for name, value in options.items():
        command += [f"--{name.replace('_', '-')}", str(value)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", check=False)
    console = folder / "console.log"
    report = folder / "report.json"
    return Result(done.returncode, done.stdout, folder,
                  console.read_text(errors="replace") if console.is_file() else "",
                  json.loads(report.read_text()) if report.is_file() else {})


def folder_name(text):
    """Short, and another one for each text: a run must not write over the logs of another."""
    name = "".join(c if c.isalnum() or c in "=.-" else "_" for c in text)
    return name if len(name) <= 100 else f"{name[:90]}-{zlib.crc32(text.encode()):08x}"


class Boots:
    """The cache: many tests assert on one run."""

    def __init__(self):
        self.results = {}

    def __call__(self, scenario, **options):
        key = (str(scenario), tuple(sorted((k, str(v)) for k, v in options.items())))
        if key not in self.results:
            words = [pathlib.Path(scenario).name] + [f"{k}={v}" for k, v in key[1]]
            result = run(scenario, folder_name("-".join(words)), **options)
            self.results[key] = result
            if result.report:
                validate(result.report, result.folder)
        return self.results[key]


def validate(report, where):
    """Every report that a test sees must follow the schema."""
    if not SCHEMA.is_file():
        return
    validator = jsonschema.Draft7Validator(json.loads(SCHEMA.read_text()))
    errors = [f"{'/'.join(map(str, e.path))}: {e.message}" for e in validator.iter_errors(report)]
    assert not errors, f"{where}/report.json breaks docs/report.schema.json: {errors[:5]}"
