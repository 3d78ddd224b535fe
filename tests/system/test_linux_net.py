# SPDX-License-Identifier: GPL-2.0-only
"""Two stock Debian kernels, a VF of one 82576 each, with their own igbvf."""
import re

import linux_guest
import pytest


@pytest.fixture(scope="module")
def net(boot):
    """The one run that all these tests look at."""
    return boot("linux-net")


@pytest.mark.parametrize("name", ["a", "b"])
def test_every_check_inside_the_guests_passed(net, name):
    passed, failed = linux_guest.verdicts(net.vm_log(name))
    assert failed == [] and len(passed) >= 12, net.explain()
    assert net.vm(name)["exit_status"] == 0


@pytest.mark.parametrize("name", ["a", "b"])
def test_no_ping_was_lost(net, name):
    sent = re.findall(r"(\d+) packets transmitted, (\d+) packets received", net.vm_log(name))
    assert len(sent) >= 3 and all(s == r for s, r in sent), sent


@pytest.mark.parametrize("name", ["a", "b"])
def test_bulk_data_arrived_unchanged(net, name):
    sums = re.findall(r"SHA-256 ([0-9a-f]{64}), the peer received ([0-9a-f]{64})",
                      net.vm_log(name))
    assert len(sums) == 1 and sums[0][0] == sums[0][1]


def test_the_guests_run_different_kernels_of_debian(net):
    versions = {re.search(r"guest: Linux (\d+\.\d+)", net.vm_log(n))[1] for n in ("a", "b")}
    assert versions == {"6.1", "6.12"}


@pytest.mark.parametrize("name", ["a", "b"])
def test_the_mac_address_is_the_one_that_the_report_says(net, name):
    mac = coppice_vf(net, name)["mac"]
    assert f"MAC {mac} before, {mac} after" in net.vm_log(name)


def coppice_vf(net, name):
    """The VF that was the VM's; parked again by now, found by its index."""
    index = {"a": 0, "b": 1}[name]
    return next(v for v in net.report["vfs"] if v["index"] == index)


@pytest.mark.parametrize("name", ["a", "b"])
def test_lspci_in_the_guest_would_show_plain_functions_with_pcie_and_msix_only(net, name, tmp_path):
    dumps = linux_guest.config_dumps(net.vm_log(name))
    assert sorted(dumps) == ["0000:00:00.0", "0000:00:01.0"]
    text = linux_guest.lspci(dumps["0000:00:01.0"], tmp_path)
    assert "8086:10ca" in text
    assert set(linux_guest.capabilities(text)) <= {"Express", "MSI-X", "Power"}, text
    assert "MSI-X" in text and "Interrupt: pin" not in text, text
    assert dumps["0000:00:01.0"][0x0e] == 0, "header type: one function, no bridge"
    assert not any(dumps["0000:00:01.0"][0x100:]), "no extended capabilities"


@pytest.mark.parametrize("name", ["a", "b"])
def test_the_vf_interrupts_through_msix(net, name):
    # One column per CPU: the kernel may have moved a vector.
    rows = re.findall(r"^\s*\d+:((?: +\d+)+) +PCI-MSI\S* .*eth0-([tr]x)-0", net.vm_log(name),
                      re.MULTILINE)
    assert {kind for counts, kind in rows if sum(map(int, counts.split()))} == {"tx", "rx"}, rows


def test_the_interrupt_goes_to_the_cpu_that_the_guest_chose(net):
    assert "PASS the interrupt follows its affinity" in net.vm_log("a")


def test_a_reboot_gives_the_vf_back_and_takes_it_again(net):
    assert "start 2, test net" in net.vm_log("b")
    assert net.vm("b")["exit_status"] == 0
    assert net.report["faults"] == []
