# SPDX-License-Identifier: GPL-2.0-only
"""Invalidations by count: what we say we sent, what QEMU's IOMMU says it got, and what was needed."""
import pytest

import bench
from machines import IGB, IOMMU

@pytest.fixture(scope="module", params=["off", "on"], ids=["plain", "caching-mode"])
def traced(request, boot, scenario_folder):
    """(report, trace) of two guests with a VF each."""
    folder = scenario_folder(f"traced-{request.param}", """
option idle=poweroff
vm name=a kernel=vfnet.elf mem=16M vf=igb0/0 cmdline="role=client peer=b frames=500"
vm name=b kernel=vfnet.elf mem=16M vf=igb0/1 cmdline="role=server"
""", f"{IOMMU},caching-mode={request.param}{IGB}")
    result = boot(folder, smp=2, trace="vtd_inv_desc*")
    assert result.returncode == 0, result.explain()
    return result.report, result.qemu_log


def test_our_counters_equal_the_trace_of_the_emulated_unit(traced):
    ours, log = traced[0]["iommu"]["invalidations"], traced[1]
    for kind, event in bench.INVALIDATIONS.items():
        assert ours[kind] == bench.count_traces(log, event), kind
    assert ours["iec_global"] + ours["iec_index"] == bench.count_traces(log, "vtd_inv_desc_iec")


def test_nothing_is_flushed_globally_once_the_first_function_was_parked(traced):
    assert bench.globals_after_init(lambda *_, **__: traced) == 0


def test_a_changed_context_costs_one_context_one_domain_and_one_wait(traced):
    report, log = traced
    batches = [batch for batch in log.split("vtd_inv_desc_wait_sw") if "vtd_inv_desc_cc" in batch]
    ours = report["iommu"]["invalidations"]
    assert len(batches) == ours["context_device"] + ours["context_global"] >= 4
    for batch in batches:
        count = [bench.count_traces(batch, f"vtd_inv_desc_{kind}")
                 for kind in ("cc_devices", "iotlb_domain", "iotlb_pages")]
        assert count == [1, 1, 0] or "global" in batch, batch
    # Two VFs come and go; with caching mode even a first entry may be remembered as absent.
    caching = report["iommu"]["units"][0]["caching_mode"]
    assert ours["context_device"] > 4 if caching else ours["context_device"] == 4
