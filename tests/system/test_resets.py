# SPDX-License-Identifier: GPL-2.0-only
"""Function Level Resets take 100 ms each, all those of a VM together take them once, and what is asked
of a VM meanwhile is done.

All by counts: under -icount virtual time is instructions.
"""
import re

import pytest

import machines

ICOUNT = "shift=4,sleep=off"
POWEROFF = "option idle=poweroff\n"
SECOND_CARD = """
-device pcie-root-port,id=rp2,chassis=2,slot=2,bus=pcie.0,addr=4.0
-netdev hubport,id=n2,hubid=2
-device igb,id=pf1,bus=rp2,netdev=n2,mac=52:54:00:00:02:00
"""
MACHINE = machines.IGB_MACHINE + SECOND_CARD
ESCAPES = re.compile(r"\x1b\[[0-9]*[A-Za-z]")


def four_vfs(pf):
    return " ".join(f"vf={pf}/{n}" for n in range(4))


# --- one wait for all ---

def waits(boot, scenario_folder, name, vf_of_a, vf_of_b):
    """Ticks that the boot core waited before the first guest was entered."""
    folder = scenario_folder(name, POWEROFF + f"vm name=a kernel=hello.elf mem=8M {vf_of_a}\n"
                                   f"vm name=b kernel=hello.elf mem=8M {vf_of_b}\n", MACHINE)
    result = boot(folder, smp=1, icount=ICOUNT, timeout=240)
    assert result.returncode == 0, result.explain()
    return result.report["timing"]["of_it_waits"]


def test_the_boot_waits_once_for_all_vfs_of_a_vm(boot, scenario_folder):
    none = waits(boot, scenario_folder, "no-vf", "", "")
    one = waits(boot, scenario_folder, "one-vf", "vf=igb0/0", "") - none
    eight = waits(boot, scenario_folder, "eight-vfs", four_vfs("igb0"), four_vfs("igb1")) - none
    assert one > 0 and eight < 2.5 * one, f"8 VFs of 2 VMs wait {eight} ticks, one VF {one}"


ROUNDS = 10
LIFE_MS, RESET_MS, SERVICE_MS = 200, 100, 10


def test_a_vm_with_four_vfs_comes_and_goes_as_fast_as_with_one(boot, scenario_folder):
    folder = scenario_folder("come-and-go", f"""
option idle=monitor
vm name=four kernel=hello.elf mem=4M {four_vfs("igb0")} cmdline="do=forever"
vm name=one kernel=hello.elf mem=4M vf=igb1/0 cmdline="do=forever"
""", MACHINE, '{ "end": "power-off" }')
    result = boot(folder, smp=1, icount=ICOUNT, timeout=120,
                  reply=("spinning for ever=>\\r", "coppice> =>vm stop one\\r", f"VM one ended=>vm cycle four {ROUNDS}\\r",
                         f"rounds of start=>vm cycle one {ROUNDS}\\r", "rounds of start=>poweroff\\r"))
    assert result.returncode == 0, result.explain()
    took = {m[1]: int(m[2]) for m in re.finditer(r"VM (\w+): \d+ rounds of start and stop in (\d+) ms, .*as before", result.console)}
    assert took["four"] < 1.2 * took["one"], took
    assert took["four"] / ROUNDS < LIFE_MS + 3 * RESET_MS, "one reset before each life and one after it, of all VFs at once"


# --- the guest's own ---

def test_a_guest_that_does_not_wait_finds_nothing_until_its_vf_is_back(boot, scenario_folder):
    folder = scenario_folder("impatient", POWEROFF + 'vm name=a kernel=hello.elf mem=8M vf=igb0/0 cmdline="do=flr=5"\n', MACHINE)
    result = boot(folder, smp=1, icount=ICOUNT, timeout=240)
    assert result.returncode == 0, result.explain()
    said = re.search(r"5 resets, the VF came back after (\d+) to (\d+) ms", result.vm_log("a"))
    assert said and int(said[1]) >= RESET_MS and int(said[2]) <= RESET_MS + SERVICE_MS, result.vm_log("a")


# --- what a person asks for while resets go on ---

# The guest of VM a resets its first VF all the time, so each end finds a reset under way. The commands of a
# line are carried out before the boot core looks after resets again, however late the keys come. VM s runs
# on, so that there is no closing table whenever a has ended.
LIVES = f"""
option idle=monitor
vm name=s kernel=hello.elf mem=4M cmdline="do=forever"
vm name=a kernel=hello.elf mem=4M {four_vfs("igb0")} cmdline="do=flr=ffffffff"
"""
TALK = [
    ("[a] RAM is wiped", ""),
    ("coppice> ", "vm stop a; vm start a"),
    ("VM a ended", "memory"),
    ("free  ", "vm start a; vm stop a"),
    ("VM a ended", "vm start a; vm restart a; vf igb0/0; vf igb0/0 cfg"),
    ("VM a runs again", "vm restart a; vm stop a"),
    ("VM a ended", "memory"),
    ("free  ", "vf; vm list"),
    ("hello.elf", "vm start a; vm destroy a"),
    ("VM a is destroyed", "memory"),
    ("free  ", "vf; vm list; poweroff"),
]


@pytest.fixture(scope="module")
def talk(boot, tmp_path_factory):
    """[what the terminal showed after each of TALK]."""
    folder = tmp_path_factory.mktemp("scenarios") / "asked-meanwhile"
    folder.mkdir()
    (folder / "coppice.cfg").write_text(LIVES)
    (folder / "machine.args").write_text(MACHINE)
    (folder / "expect.json").write_text('{ "end": "power-off" }')
    result = boot(folder, smp=1, icount=ICOUNT, timeout=240, reply=tuple(f"{text}=>{line}\\r" for text, line in TALK))
    assert result.returncode == 0, result.explain()
    rest, parts = ESCAPES.sub("", result.console), []
    for text, _ in TALK:
        part, rest = rest.split(text, 1)
        parts.append(part)
    return [*parts[1:], rest]


def test_a_vf_that_is_being_reset_is_shown_so_and_not_touched(talk):
    assert re.search(r"igb0/0 +\S+ +resetting +a ", talk[4]), talk[4]
    assert "must not be touched" in talk[4] and "0x00  " not in talk[4]


def test_a_vm_that_is_stopped_cannot_start_until_its_vfs_are_back(talk):
    assert "VM a is still being taken down" in talk[1] and "has VF" not in talk[1]


def test_a_vm_that_starts_can_be_stopped_before_it_runs(talk):
    assert "stopped from the monitor" in talk[4] and "RAM is wiped" not in talk[3] and "has VF" not in talk[3]


def test_a_vm_that_starts_can_be_restarted_and_then_runs(talk):
    assert talk[4].count("restarted by the monitor") == 1 and talk[4].count("has VF igb0/") == 4


def test_a_restart_can_be_called_off_while_its_vfs_are_reset(talk):
    assert "still being taken down" in talk[5]
    assert not any("has VF" in part or "RAM is wiped" in part for part in talk[6:])
    assert re.search(r"^a +ended ", talk[7] + "hello.elf" + talk[8], re.MULTILINE)


def test_a_vm_that_starts_can_be_destroyed(talk):
    assert not re.search(r"^a +(running|ready|ended) ", talk[-1], re.MULTILINE)


def test_each_time_vfs_and_memory_came_back(talk):
    assert len(re.findall(r"^igb0/\d +\S+ +parked ", talk[-1], re.MULTILINE)) == 7, talk[-1]
    pages = [re.findall(r"^(\w[\w ]*\w) +(\d+) pages$", part, re.MULTILINE) for part in (talk[2], talk[6], talk[9])]
    assert len(pages[0]) == 6 and pages[0] == pages[1], pages
    first, last = dict(pages[0]), dict(pages[2])
    assert int(first.pop("vm")) > int(last.pop("vm")) and first == last, "but its console's ring: it is forgotten"
