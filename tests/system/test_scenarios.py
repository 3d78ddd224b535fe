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
    result = boot(folder, smp=smp, timeout=60)
    assert result.returncode == 0, result.explain()
    assert "30000 frames sent, 30000 received, 0 errors" in result.vm_log("a")


def test_the_pair_succeeds_on_uefi(boot):
    result = boot("pair", firmware="ovmf")
    assert result.returncode == 0, result.explain()


def test_two_guests_run_side_by_side_on_bochs(boot):
    result = boot("hello", target="bochs")
    assert result.returncode == 0, result.explain()
