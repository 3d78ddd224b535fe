# SPDX-License-Identifier: GPL-2.0-only
"""What stays of a crash of the hypervisor: the console's dump, the record in physical memory."""
import re
import subprocess

import coppice_run
import pytest

from runner import crash

# One core, so that the VM is what ran where the monitor is served.
CONFIG = 'option idle=monitor\nvm name=victim kernel=hello.elf mem=16M cmdline="do=forever"\n'
PAGE_FAULT = 14
WRITE_TO_PRESENT_PAGE = 0b11
IMAGE = 0xffffffff80000000


def crashed(boot, folder, how):
    """A run that ended in `crash <how>`, and the record."""
    # The first key only opens the monitor.
    result = boot(folder, smp=1, timeout=240, reply=("[victim] hello from=>\\r",
                                                    f"coppice> =>crash {how}\\r"))
    path = result.folder / "crash.bin"
    assert path.is_file(), result.explain()
    return result, crash.decode(path.read_bytes())


@pytest.fixture(scope="module")
def folder(scenario_folder):
    """A VM that runs, and the monitor."""
    return scenario_folder("crash", CONFIG)


def bounds(name):
    """Where a function of the image begins and ends."""
    done = subprocess.run(["nm", "-S", coppice_run.BUILD / "coppice.elf"], capture_output=True,
                          text=True, check=True)
    start, size = re.search(rf"^(\w+) (\w+) \w {name}$", done.stdout, re.MULTILINE).groups()
    return int(start, 16), int(start, 16) + int(size, 16)


def test_a_page_fault_of_ours_is_recorded_with_place_address_and_vm(boot, folder):
    _, record = crashed(boot, folder, "fault")
    begin, end = bounds("command_crash")
    assert (record["version"], record["cpu"], record["vector"]) == (1, 0, PAGE_FAULT)
    assert record["error_code"] == WRITE_TO_PRESENT_PAGE
    assert record["cr2"] == begin
    assert begin <= record["rip"] < end
    assert record["vm"] == "victim"
    assert record["exit_reason"] < 80 and 0 < record["guest_rip"] < IMAGE
    assert record["text"].startswith("page fault (vector 14, error 0x3)")


def test_a_bug_of_ours_is_recorded_with_file_and_line(boot, folder):
    _, record = crashed(boot, folder, "bug")
    assert record["vector"] == 2**64 - 1
    assert re.match(r"bug at vmm/ui/monitor_crash\.c:\d+: asked for", record["text"])
    assert record["vm"] == "victim"


def test_the_run_ends_at_once_and_says_what_crashed(boot, folder):
    result, _ = crashed(boot, folder, "fault")
    assert result.returncode == 1
    assert re.search(r"FAILED: coppice crashed on CPU 0: page fault .*VM victim ran there", result.output)
    assert "not finished after" not in result.output


def test_the_console_shows_registers_and_what_ran_last(boot, folder):
    result, record = crashed(boot, folder, "fault")
    assert f"rip {record['rip']:016x}" in result.console
    assert re.search(r"vm 'victim' ran here last: exit reason \d+", result.console)
    assert "on the stack: ffffffff8" in result.console
