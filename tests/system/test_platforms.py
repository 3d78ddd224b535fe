# SPDX-License-Identifier: GPL-2.0-only
"""What a platform may lack or have: each machine gives all that it can, and says what it cannot."""
import pytest

from machines import IGB, IOMMU

PAIR = """
option idle=poweroff
vm name=a kernel=vfnet.elf mem=16M vf=igb0/0 cmdline="role=client peer=b frames=1000"
vm name=b kernel=vfnet.elf mem=16M vf=igb0/1 cmdline="role=server"
"""
ONE_WITH_ONE_WITHOUT = """
option idle=poweroff
vm name=a kernel=vfnet.elf mem=16M vf=igb0/0 cmdline="role=server"
vm name=hello kernel=hello.elf mem=16M
"""
REFUSED = '{ "vms": [ { "name": "hello", "exit_status": 0 }, { "name": "a", "state": "refused" } ] }'


@pytest.mark.parametrize("machine", [
    IOMMU + ",caching-mode=on",
    IOMMU + ",aw-bits=39",
    IOMMU + ",aw-bits=48",
    IOMMU + ",eim=off",
    IOMMU + "\n-cpu max,vendor=GenuineIntel,+vmx,-svm,-x2apic",
], ids=["caching-mode", "39-bits", "48-bits", "no-eim", "xapic"])
def test_two_guests_talk_on_any_sound_platform(boot, scenario_folder, machine):
    result = boot(scenario_folder("sound", PAIR, machine + IGB), smp=2)
    assert result.returncode == 0, result.explain()
    assert not result.report["faults"]
    unit, = result.report["iommu"]["units"]
    assert unit["translating"] and unit["remapping"]
    assert unit["caching_mode"] == ("caching-mode=on" in machine)
    for vm in ("a", "b"):
        assert result.vm(vm)["figures"]["frames_received"] == 1000


def test_without_interrupt_remapping_a_vf_is_refused_and_its_dma_blocked_all_the_same(boot, scenario_folder):
    folder = scenario_folder("no-ir", ONE_WITH_ONE_WITHOUT, "-device intel-iommu,intremap=off" + IGB, REFUSED)
    result = boot(folder, smp=1)
    assert result.returncode == 0, result.explain()
    assert "interrupt remapping is missing" in result.refusal(vm="a")["text"]
    unit, = result.report["iommu"]["units"]
    assert unit["translating"] and not unit["remapping"]
    features = {f["name"]: f for f in result.report["boot"]["features"]}
    assert features["DMA remapping (VT-d)"]["present"]
    missing = features["interrupt remapping (VT-d)"]
    assert not missing["present"] and missing["loss"] == "VMs run, but no VF is assigned"


def test_a_machine_without_pci_express_runs_guests_and_says_what_to_use(boot, scenario_folder):
    folder = scenario_folder("no-mcfg", ONE_WITH_ONE_WITHOUT, "-machine pc", REFUSED)
    result = boot(folder, smp=2)
    assert result.returncode == 0, result.explain()
    assert "no ACPI table MCFG" in result.console and "-machine q35" in result.console
    assert "vf=igb0/0 names no Physical Function; there is no PF at all" in result.refusal(vm="a")["text"]
    assert result.report["pci"]["functions"] == []
