# SPDX-License-Identifier: GPL-2.0-only
"""Every scenario of the tree does what it says, whatever the machine's size and firmware."""
import machines
import pytest

SCENARIOS = ["hello", "pair", "pair-shared-core", "hostile-dma", "no-iommu", "no-acs", "no-vtx",
             "smp", "nvme"]


@pytest.mark.parametrize("smp", [1, 2, 4])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_scenario_succeeds_with_any_number_of_cores(boot, scenario, smp):
    result = boot(scenario, smp=smp)
    assert result.returncode == 0, result.explain()


@pytest.mark.parametrize("mem", ["512M", "4G"])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_scenario_succeeds_with_little_and_much_memory(boot, scenario, mem):
    result = boot(scenario, mem=mem)
    assert result.returncode == 0, result.explain()


@pytest.mark.parametrize("smp", [1, 2])
def test_frames_that_are_sent_again_though_they_were_only_late_are_counted_once(boot, scenario_folder, smp):
    folder = scenario_folder("impatient", "option idle=poweroff\n"
                             'vm name=a kernel=vfnet.elf mem=16M vf=igb0/0 cmdline="role=client peer=b patience=0 '
                             'frames=30000"\n'
                             'vm name=b kernel=vfnet.elf mem=16M vf=igb0/1 cmdline="role=server"\n',
                             machines.IGB_MACHINE)
    result = boot(folder, smp=smp, timeout=240)
    assert result.returncode == 0, result.explain()
    assert "30000 frames sent, 30000 received, 0 errors" in result.vm_log("a")


def test_the_pair_succeeds_on_uefi(boot):
    result = boot("pair", firmware="ovmf")
    assert result.returncode == 0, result.explain()


def test_two_guests_run_side_by_side_on_bochs(boot):
    result = boot("hello", target="bochs")
    assert result.returncode == 0, result.explain()


def test_on_bochs_the_report_says_that_there_is_no_iommu_and_no_vf(boot):
    report = boot("hello", target="bochs").report
    features = {f["name"]: f for f in report["boot"]["features"]}
    assert features["VT-x with EPT and unrestricted guest"]["present"]
    assert not features["DMA remapping (VT-d)"]["present"]
    assert features["DMA remapping (VT-d)"]["loss"] == "VMs run, but no VF is assigned"
    assert report["pfs"] == report["vfs"] == report["iommu"]["units"] == []
    assert all(vm["exit_status"] == 0 for vm in report["vms"])


def test_without_acs_the_refusal_names_the_port_and_the_bits(boot):
    result = boot("no-acs", smp=2)
    refusal = result.refusal(vm="a")
    assert (refusal["vf"], refusal["rid"]) == ("igb0/0", "0000:00:03.0")
    assert "00:03.0" in refusal["text"] and "SV RR CR UF" in refusal["text"]
    assert refusal["text"] in result.console


def test_without_an_iommu_the_vf_is_refused_by_name_and_says_what_to_do(boot):
    refusal = boot("no-iommu", smp=2).refusal(vm="a")
    assert (refusal["vf"], refusal["vf_rid"]) == ("igb0/0", "0000:01:10.0")
    assert "enable VT-d in the firmware setup" in refusal["text"]


def test_without_vtx_the_fabric_is_walked_vfs_are_enabled_and_the_reason_is_said(boot):
    result = boot("no-vtx", smp=2)
    assert len(result.report["vfs"]) == 7
    assert {vf["state"] for vf in result.report["vfs"]} == {"parked"}
    assert result.report["pci"]["bridges"] and result.report["iommu"]["units"][0]["translating"]
    assert "CPUID.1:ECX bit 5 (VMX) is 0" in result.console
    assert "VT-x is not there" in result.refusal(vm="hello")["text"]
