# SPDX-License-Identifier: GPL-2.0-only
"""Every scenario of the tree does what it says, whatever the machine's size and firmware."""
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


def test_the_pair_succeeds_on_uefi(boot):
    result = boot("pair", firmware="ovmf")
    assert result.returncode == 0, result.explain()


def test_two_guests_run_side_by_side_on_bochs(boot):
    result = boot("hello", target="bochs")
    assert result.returncode == 0, result.explain()
