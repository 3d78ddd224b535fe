# SPDX-License-Identifier: GPL-2.0-only
"""Every way to name a VF and every option of it does what docs/coppice.cfg.md says."""
import pytest

import machines

NO_ACS = machines.IGB_MACHINE.replace("addr=3.0", "addr=3.0,disable-acs=on")
# Each client has a server of its own, which answers nobody else: 'other' is in another VLAN than its
# server, 'down' has no link.
CONFIG = """
option idle=poweroff
vm name=a kernel=vfnet.elf mem=16M vf=net,mac=02:00:00:00:00:0a,vlan=7,rate=100M cmdline="role=client peer=b frames=500"
vm name=b kernel=vfnet.elf mem=16M vf=0000:01:00.0/1,vlan=7 cmdline="role=server"
vm name=other kernel=vfnet.elf mem=16M vf=01:00.0/2,vlan=8,spoofcheck=off cmdline="role=client peer=c timeout=4"
vm name=c kernel=vfnet.elf mem=16M vf=igb0/3,vlan=7 cmdline="role=server timeout=4"
vm name=down kernel=vfnet.elf mem=16M vf=igb0/4,vlan=7,link=down cmdline="role=client peer=d timeout=4"
vm name=d kernel=vfnet.elf mem=16M vf=igb0/5,vlan=7 cmdline="role=server timeout=4"
vm name=direct kernel=hello.elf mem=16M irq=direct
vm name=disk kernel=hello.elf mem=16M vf=nvme
vm name=fast kernel=hello.elf mem=16M vf=net,rate=2G
vm name=twin kernel=hello.elf mem=16M vf=igb0/6,mac=02:00:00:00:00:0a
vm name=ns kernel=hello.elf mem=16M vf=igb0/6,ns=2
vm name=far kernel=hello.elf mem=16M vf=0000:02:00.0/0
vm name=up kernel=hello.elf mem=16M vf=net,link=up,trunk=1-3+9,trust=on
vm name=late kernel=hello.elf mem=16M vf=net
"""


@pytest.fixture(scope="module")
def run(boot, scenario_folder):
    return boot(scenario_folder("vf-options", CONFIG, machines.IGB_MACHINE, '{ "end": "all VMs ended" }'), smp=2)


def while_it_ran(run, vm):
    """The VM's VF in the report that was written before the VMs ran."""
    return next(v for v in run.reports[0]["vfs"] if v["vm"] == vm)


@pytest.mark.parametrize("vm, name", [("a", "igb0/0"), ("b", "igb0/1"), ("other", "igb0/2"),
                                      ("down", "igb0/4"), ("up", "igb0/6")])
def test_a_vf_is_found_by_name_by_address_and_by_class(run, vm, name):
    assert run.returncode == 0, run.explain()
    assert while_it_ran(run, vm)["name"] == name


def test_guests_of_one_access_vlan_reach_each_other(run):
    for name in ("a", "b"):
        assert run.vm(name)["exit_status"] == 0, run.vm_log(name)
        assert run.vm(name)["figures"]["frames_received"] == 500


def test_a_guest_of_another_vlan_hears_nothing(run):
    for name in ("other", "c"):
        assert "FAILED: timeout" in run.vm_log(name)
        assert run.vm(name)["figures"]["frames_received"] == 0
    assert "found" not in run.vm_log("c")


def test_link_down_keeps_a_vf_from_the_switch(run):
    for name in ("down", "d"):
        assert "FAILED: timeout" in run.vm_log(name)
    assert "found" not in run.vm_log("d")
    assert while_it_ran(run, "down")["link_up"] is False
    assert while_it_ran(run, "b")["link_up"] is True


def test_the_report_tells_each_option_and_what_the_device_made_of_it(run):
    a, other, up = (while_it_ran(run, name) for name in ("a", "other", "up"))
    assert (a["mac"], a["vlan"], other["vlan"]) == ("02:00:00:00:00:0a", 7, 8)
    # QEMU's 82576 has no limiters; what it does not take back is not claimed.
    assert a["rate"] == {"wished": 100, "set": 0, "honoured": False}
    assert other["rate"] == {"wished": 0, "set": 0, "honoured": True}
    assert "rate NOT honoured" in run.console
    assert "no spoof check" in other["text"] and "no spoof check" not in a["text"]
    assert "link=up not possible" in up["text"]


@pytest.mark.parametrize("vm, words", [
    ("direct", "irq=direct is not built yet"),
    ("disk", "vf=nvme: no free VF of class nvme"),
    ("fast", "vf=net,rate=2G: no free VF of class net can give this: rate=2000M: the port has 1000"),
    ("twin", "mac=02:00:00:00:00:0a: igb0 or another VF of it has this address"),
    ("ns", "ns=2: an 82576 has no namespaces"),
    ("late", "no free VF of class net can give this: none is free"),
    ("far", "vf=0000:02:00.0/0 names no Physical Function; there is igb0 at 0000:01:00.0"),
])
def test_what_cannot_be_had_is_refused_by_name(run, vm, words):
    assert run.vm(vm)["state"] == "refused"
    assert words in run.refusal(vm=vm)["text"]


def test_the_policy_of_a_vf_goes_with_its_vm(run):
    for vf in run.report["vfs"]:
        assert (vf["state"], vf["vm"], vf["vlan"], vf["rate"]["wished"]) == ("parked", None, 0, 0)


def test_unsafe_acs_counts_for_the_bridge_that_it_names_and_stands_in_the_report(boot, scenario_folder):
    folder = scenario_folder("unsafe", "option idle=poweroff\nunsafe_acs=0000:00:03.0\n"
                                       "vm name=a kernel=hello.elf mem=16M vf=igb0/0\n",
                             NO_ACS)
    result = boot(folder, smp=1)
    assert result.returncode == 0, result.explain()
    isolation = while_it_ran(result, "a")["isolation"]
    assert isolation["by_override"] and isolation["text"]
    assert result.report["config"]["unsafe_acs"] == ["0000:00:03.0"]
    bridge, = (b for b in result.report["pci"]["bridges"] if b["rid"] == "0000:00:03.0")
    assert bridge["acs"]["overridden"] and bridge["acs"]["missing"] == ["SV", "RR", "CR", "UF"]
    assert "UNSAFE: VM a gets VF igb0/0" in result.console


def test_unsafe_acs_of_another_bridge_changes_nothing(boot, scenario_folder):
    folder = scenario_folder("unsafe-elsewhere", "option idle=poweroff unsafe_acs=0000:00:1f.0\n"
                                                 "vm name=a kernel=hello.elf mem=16M vf=igb0/0\n",
                             NO_ACS,
                             '{ "refusals": [ { "vm": "a", "missing": [ "SV", "RR", "CR", "UF" ] } ] }')
    assert boot(folder, smp=1).returncode == 0
