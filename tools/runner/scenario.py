# SPDX-License-Identifier: GPL-2.0-only
"""A scenario folder: what it names, what machine it wants, what it expects."""
import dataclasses
import json
import os
import pathlib
import re
import shlex
import subprocess

DEFAULT_TIMEOUT = 240
DEFAULT_SMP = 2
DEFAULT_MEMORY = "2G"


class ScenarioError(Exception):
    """A scenario that cannot be run as it is; the text says what was expected and where."""


def parse_machine_args(text, run_dir):
    """QEMU arguments: shell words over many lines, '#' comments, $RUN for the run's folder."""
    try:
        words = shlex.split(text, comments=True)
    except ValueError as error:
        raise ScenarioError(f"machine.args: {error}: expected shell words, a '#' starts a comment")
    return [w.replace("${RUN}", str(run_dir)).replace("$RUN", str(run_dir)) for w in words]


def config_words(text):
    """The words of each line of coppice.cfg; a '#' where a word would begin starts a comment."""
    for line in text.splitlines():
        words = []
        for match in re.finditer(r'(?:"[^"]*"?|[^\s"])+', line):
            if match[0].startswith("#"):
                break
            words.append(match[0].replace('"', ""))
        yield words


def named_files(config_text):
    """Kernels and initrds that coppice.cfg names, each once. The hypervisor judges the rest."""
    found = []
    for words in config_words(config_text):
        for word in words:
            key, _, name = word.partition("=")
            if key in ("kernel", "initrd") and name and name not in found:
                found.append(name)
    return found


def vm_names(config_text):
    """Names of the VMs in coppice.cfg, in their order."""
    return [word[len("name="):] for words in config_words(config_text) if words[:1] == ["vm"]
            for word in words if word.startswith("name=")]


@dataclasses.dataclass
class Scenario:
    """What a scenario folder says."""
    name: str
    folder: pathlib.Path
    config: str
    expect: object          # the pattern for report.json, or None
    run_options: dict       # "run" of expect.json
    prepared: object = None  # the folder where machine.setup has left files, once it ran

    @property
    def vm_names(self):
        return vm_names(self.config)

    @property
    def timeout(self):
        return float(self.run_options.get("timeout", DEFAULT_TIMEOUT))

    def machine_args(self, run_dir):
        path = self.folder / "machine.args"
        return parse_machine_args(path.read_text(), run_dir) if path.is_file() else []

    def find_files(self, build):
        """(name, path) of all that coppice.cfg names, and the names that were not found."""
        found, missing = [], []
        for name in named_files(self.config):
            places = [self.folder / name, build / "guests" / name]
            if self.prepared:
                places.insert(0, self.prepared / name)
            path = next((p for p in places if p.is_file()), None)
            if path:
                found.append((name, path))
            else:
                missing.append((name, places))
        return found, missing

    @property
    def has_setup(self):
        script = self.folder / "machine.setup"
        return script.is_file() and os.access(script, os.X_OK)

    def run_setup(self, run_dir):
        """machine.setup prepares disk images, kernels and the like in the run's folder."""
        script = self.folder / "machine.setup"
        if not self.has_setup:
            return
        log = run_dir / "setup.log"
        with open(log, "wb") as out:
            status = subprocess.run([str(script.resolve())], cwd=run_dir, stdout=out,
                                    stderr=subprocess.STDOUT, check=False,
                                    env={**os.environ, "RUN": str(run_dir)}).returncode
        if status != 0:
            raise ScenarioError(f"{script} ended with status {status}; its output is in {log}")
        self.prepared = run_dir


def load_expectation(path):
    """expect.json as (pattern or None, run options). 'run' is for the runner, not the pattern."""
    if not path.is_file():
        return None, {}
    try:
        expect = json.loads(path.read_text())
    except json.JSONDecodeError as error:
        raise ScenarioError(f"{path}:{error.lineno}:{error.colno}: {error.msg}: expected JSON")
    if not isinstance(expect, dict):
        raise ScenarioError(f"{path}: expected a JSON object, found {type(expect).__name__}")
    options = expect.pop("run", {})
    return (expect or None), options


def load(name, root):
    """The scenario of that name below scenarios/, or in the folder of that path."""
    places = [root / "scenarios" / name, pathlib.Path(name)]
    if "/" in name:
        places.reverse()
    folder = next((p for p in places if (p / "coppice.cfg").is_file()), None)
    if folder is None:
        known = sorted(p.parent.name for p in (root / "scenarios").glob("*/coppice.cfg"))
        raise ScenarioError(f"SCENARIO={name}: no coppice.cfg in {places[0]} or {places[1]}; "
                            f"there are: {', '.join(known) or 'none'}")
    expect, options = load_expectation(folder / "expect.json")
    config = (folder / "coppice.cfg").read_text(errors="replace")
    return Scenario(folder.resolve().name, folder, config, expect, options)
