# SPDX-License-Identifier: GPL-2.0-only
"""1000 lives of a VM with a VF take nothing from the machine that they do not give back.

Under -icount with sleep=off virtual time does not wait for the clock on the wall, so the 100 ms of each
Function Level Reset, in which the machine sleeps, pass at once.
"""
import re

import machines
import pytest

ROUNDS_WITH_VF = 1000
ROUNDS_WITHOUT = 100
CONFIG = """
option idle=monitor
vm name=b kernel=vfnet.elf mem=4M vf=igb0/1 cmdline="role=server timeout=100000"
vm name=h kernel=hello.elf mem=4M
"""
TALK = [
    ("hello is done", "\\r"),
    ("coppice> ", f"vm cycle b {ROUNDS_WITH_VF}; vm cycle b 5\\r"),
    ("is being cycled", "vm cycle b many\\r"),
    ("rounds of start", f"vm cycle h {ROUNDS_WITHOUT}\\r"),
    ("rounds of start", "vm start b\\r"),
    ("VM b has VF igb0/1", "poweroff\\r"),
]


@pytest.fixture(scope="module")
def shown(boot, scenario_folder):
    """What the terminal showed."""
    folder = scenario_folder("life-cycle", CONFIG, machines.IGB_MACHINE, '{ "end": "power-off" }')
    replies = tuple(f"{text}=>{keys}" for text, keys in TALK)
    result = boot(folder, smp=1, icount="shift=7,sleep=off", timeout=300, reply=replies)
    assert result.returncode == 0, result.explain()
    return result.shown.replace("coppice> ", "")


def inventory(shown, name):
    """{what: (before, after)} of the cycled VM."""
    table = shown.split(f"VM {name}: ")[0].rsplit("before      after", 1)[1]
    return {m[1].strip(): (int(m[2]), int(m[3]))
            for m in re.finditer(r"^\s*(\D+?) +(\d+) +(\d+)", table, re.MULTILINE)}


@pytest.mark.parametrize("name, rounds", [("b", ROUNDS_WITH_VF), ("h", ROUNDS_WITHOUT)])
def test_a_vm_started_and_stopped_again_and_again_leaves_everything_as_it_was(shown, name, rounds):
    assert re.search(rf"VM {name}: {rounds} rounds of start and stop in \d+ ms, .*everything is as before", shown)
    rows = inventory(shown, name)
    assert len(rows) >= 16 and rows["VFs parked"] == (7, 7) and rows["VFs quarantined"] == (0, 0), rows
    assert all(before == after for before, after in rows.values()), rows


def test_each_life_was_a_real_one(shown):
    assert shown.count("VM b has VF igb0/1") >= ROUNDS_WITH_VF
    assert shown.count("stopped by 'vm cycle'") >= ROUNDS_WITH_VF + ROUNDS_WITHOUT
    assert re.search(r"VM b: .*up to 3 interrupt routes", shown), "its three vectors were in use"


def test_the_vm_can_be_started_as_ever_afterwards(shown):
    last = shown.rsplit("rounds of start", 1)[1]
    assert "VM b has VF igb0/1" in last and "not started" not in last


def test_the_command_says_what_is_wrong_with_what_was_typed(shown):
    assert "VM b is being cycled: " in shown and "('vm cycle b 0' ends it)" in shown
    assert "expected a number of rounds, not 'many'" in shown
