# SPDX-License-Identifier: GPL-2.0-only
"""Fixtures of the system tests. boot("pair", smp=2) runs a scenario, once per set of options."""
import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools"), str(pathlib.Path(__file__).resolve().parent)]

import coppice_run  # noqa: E402


@pytest.fixture(scope="session")
def boot():
    """Boot a scenario by name or folder; see coppice_run.Result for what comes back."""
    return coppice_run.Boots()


@pytest.fixture(scope="session")
def scenario_folder(tmp_path_factory):
    """Make a scenario on the spot: scenario_folder(name, config, machine_args='', expect=None)."""
    def make(name, config, machine_args="", expect=None):
        folder = tmp_path_factory.mktemp("scenarios") / name
        folder.mkdir()
        (folder / "coppice.cfg").write_text(config)
        (folder / "machine.args").write_text(machine_args)
        if expect is not None:
            (folder / "expect.json").write_text(expect)
        return folder
    return make
