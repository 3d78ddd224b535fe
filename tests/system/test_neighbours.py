# SPDX-License-Identifier: GPL-2.0-only
"""A guest that misbehaves on a shared core costs its neighbours no more than one that only computes.

The neighbours are two vfnet guests that exchange a fixed number of frames. What they are measured
against is the same pair beside a guest that spins and never exits: that one takes exactly its time
slices. Virtual time is instructions (-icount), so the figures do not depend on the machine below.

With two cores QEMU runs one after the other, each up to its half of the time to the next timer. That
is up to 5 ms, as long as all that the server has to do at a time, and what is left of a turn is
lost when the host has something to tell: neither would two cores be equally fast, nor two runs
alike. A filter that nothing goes through has a timer: with it turns are 25 us long.
"""
import re

import pytest

FRAMES = 2000
FAIR = 0.9      # of the progress beside a spinning guest
ICOUNT = "shift=4,sleep=off"
MACHINE = """
-device intel-iommu,intremap=on
-device pcie-root-port,id=rp1,chassis=1,slot=1,bus=pcie.0,addr=3.0
-netdev hubport,id=n1,hubid=1
-device igb,id=pf0,bus=rp1,netdev=n1,mac=52:54:00:00:01:00
-netdev hubport,id=none,hubid=2 -object filter-buffer,id=turns,netdev=none,interval=50
"""
CONFIG = f"""
option idle=monitor irq_budget=100
vm name=a kernel=vfnet.elf mem=8M vf=igb0/0 cmdline="role=client peer=b frames={FRAMES}"
vm name=b kernel=vfnet.elf mem=8M vf=igb0/1 cmdline="role=server"
vm name=n kernel=hello.elf mem=8M vf=igb0/2 cmdline="do=%s"
"""
BEHAVIOURS = {"spin": "forever", "storm": "storm secs=1000", "nap": "nap=ffffffff", "chatter": "chatter=10000000",
              "irqstorm": "irqstorm=ffffffff", "flr": "flr=ffffffff", "reboot": "reboot"}


@pytest.fixture(scope="module")
def beside(boot, tmp_path_factory):
    """beside(behaviour, smp): the run of the pair beside such a guest, which a person then stops."""
    folders = tmp_path_factory.mktemp("scenarios")

    def run(behaviour, smp):
        folder = folders / f"beside-{behaviour}"
        if not folder.is_dir():
            folder.mkdir()
            (folder / "coppice.cfg").write_text(CONFIG % BEHAVIOURS[behaviour])
            (folder / "machine.args").write_text(MACHINE)
            (folder / "expect.json").write_text('{ "end": "power-off" }')
        replies = ("VM b ended=>\\r", "coppice> =>vm list\\r", "coppice> =>vm stop n\\r",
                   "VM n ended=>poweroff\\r")
        result = boot(folder, smp=smp, icount=ICOUNT, timeout=120, reply=replies)
        assert result.returncode == 0, result.explain()
        return result
    return run


def progress(result):
    """Frames a second of virtual time, when all of them came back whole."""
    said = result.vm_log("a")
    assert f"{FRAMES} received, 0 errors" in said, result.explain()
    return int(re.search(r"(\d+) frames/s", said)[1])


@pytest.mark.parametrize("smp", [1, 2])
@pytest.mark.parametrize("behaviour", [b for b in BEHAVIOURS if b != "spin"])
def test_neighbours_keep_their_progress(beside, behaviour, smp):
    fair, now = progress(beside("spin", smp)), progress(beside(behaviour, smp))
    assert now >= FAIR * fair, f"{now} frames/s beside '{behaviour}', {fair} beside a guest that only computes"


def test_who_sleeps_is_woken_by_its_device_and_not_by_its_next_tick(beside):
    """Beside a guest that never exits, on the core without the hypervisor's own clock."""
    counters = beside("spin", 2).vm("a")["counters"]
    ticks = counters["injected"] - counters["forwarded_irqs"]
    assert ticks * 3 < counters["forwarded_irqs"], counters


def test_the_spinning_guest_itself_takes_its_share_and_no_more(beside):
    vms = {vm["name"]: vm["counters"]["exits"] for vm in beside("spin", 1).report["vms"]}
    assert vms["n"]["PREEMPTION_TIMER"] > 100, "it was interrupted, again and again"


def test_an_interrupt_storm_is_throttled_and_counted(beside):
    result = beside("irqstorm", 1)
    counters = result.vm("n")["counters"]
    assert counters["throttled"] >= 10, counters
    assert "more than 100 interrupts in 10 ms" in result.console
    assert [result.vm(name)["counters"]["throttled"] for name in "ab"] == [0, 0]


def test_a_driver_that_comes_to_its_senses_is_served_again(boot, scenario_folder):
    folder = scenario_folder("irqstorm-ends", CONFIG.split("vm name=a")[0].replace("monitor", "poweroff") +
                             'vm name=s kernel=hello.elf mem=8M vf=igb0/0 cmdline="do=irqstorm=1000"\n', MACHINE)
    result = boot(folder, smp=1, icount=ICOUNT, timeout=240)
    assert result.returncode == 0, result.explain()
    assert "the one after it came" in result.vm_log("s")
    assert result.vm("s")["counters"]["throttled"] > 0


@pytest.mark.parametrize("behaviour", [b for b in BEHAVIOURS if b != "reboot"])
def test_the_monitor_answers_meanwhile_and_ends_the_guest(beside, behaviour):
    result = beside(behaviour, 1)
    row = re.search(r"^n +running +- +8 +1 +1 +(\d+) +hello\.elf", result.console, re.MULTILINE)
    assert row and int(row[1]) > 0, "what it does is seen by its exits, whatever it prints"
    assert result.vm("n")["state"] == "ended" and result.vm("n")["exit_status"] == -1
    assert "stopped from the monitor" in result.vm("n")["end_text"]
