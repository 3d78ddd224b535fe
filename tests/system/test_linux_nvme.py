# SPDX-License-Identifier: GPL-2.0-only
"""Stock Debian kernels with their own nvme driver on VFs, and with VFs of several cards."""
import hashlib
import re
import subprocess

import linux_guest
import pytest

MIB = 1 << 20
IMAGE_BYTES = 16 * MIB
NAMES = ["a", "b"]
READS = {"few": 64, "many": 1064}


@pytest.fixture(scope="module")
def nvme(boot):
    """The one run that most of these tests look at."""
    return boot("linux-nvme")


@pytest.fixture(scope="module")
def both(boot):
    """One guest with VFs of three cards."""
    return boot("linux-both")


def sum_of_file(image, path):
    """SHA-256 of a file inside the image of a file system, read by the host's own tools."""
    data = subprocess.run(["/usr/sbin/debugfs", "-R", f"cat {path}", str(image)], check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    return hashlib.sha256(data).hexdigest()


def check_image(result, vm):
    """The host finds a whole file system in the guest's image, and in it what the guest says."""
    image = result.folder / f"{vm}.img"
    found = subprocess.run(["/usr/sbin/e2fsck", "-fn", str(image)], check=False, text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert found.returncode == 0, found.stdout
    said = re.findall(r"bulk has SHA-256 ([0-9a-f]{64})", result.vm_log(vm))
    assert said == [sum_of_file(image, "bulk")]


def check_plain_function(dump, folder):
    """What lspci would show has PCIe and MSI-X, and nothing of SR-IOV, ATS or ARI."""
    text = linux_guest.lspci(dump, folder)
    assert set(linux_guest.capabilities(text)) <= {"Express", "MSI-X", "Power"}, text
    assert "MSI-X" in text and "Interrupt: pin" not in text, text
    assert dump[0x0e] == 0, "header type: one function, no bridge"
    assert not any(dump[0x100:]), "no extended capabilities"


def untouched(result, name, text):
    """The image has only the text that it began with."""
    image = (result.folder / f"{name}.img").read_bytes()
    return len(image) == IMAGE_BYTES and image.rstrip(b"\0") == text


@pytest.mark.parametrize("name", NAMES)
def test_every_check_inside_the_guests_passed(nvme, name):
    passed, failed = linux_guest.verdicts(nvme.vm_log(name))
    assert failed == [] and len(passed) >= 12, nvme.explain()
    assert "the files are whole after that" in passed
    assert nvme.vm(name)["exit_status"] == 0


@pytest.mark.parametrize("name", NAMES)
def test_the_kernel_complains_of_nothing_that_is_not_explained(nvme, name):
    assert linux_guest.complaints(nvme.vm_log(name)) == []


@pytest.mark.parametrize("name", NAMES)
def test_the_host_finds_in_the_image_what_the_guest_wrote(nvme, name):
    check_image(nvme, name)


def test_what_a_guest_wrote_before_its_reboot_is_there_after_it(nvme):
    log = nvme.vm_log("b")
    assert "start 2, test nvme" in log
    assert "PASS the files are whole after a reboot" in log


@pytest.mark.parametrize("name, text", [("pf", b"the PF keeps this"), ("spare", b"nobody has this")])
def test_the_disks_that_nobody_was_given_are_untouched(nvme, name, text):
    assert untouched(nvme, name, text)


def test_a_guest_with_two_vcpus_has_a_disk_queue_for_each(nvme):
    assert "2/0/0 default/read/poll queues" in nvme.vm_log("a")
    assert re.search(r"PCI-MSI\S* .*nvme0q2", nvme.vm_log("a"))


@pytest.mark.parametrize("name", NAMES)
def test_stock_drivers_send_no_admin_command_that_is_denied(nvme, name):
    counts = nvme.report["vfs"][NAMES.index(name)]["mailbox"]
    assert counts["messages"] >= 10 and counts["denied"] == 0
    assert "denied" not in nvme.console


@pytest.mark.parametrize("name", NAMES)
def test_lspci_in_the_guest_would_show_a_plain_function_with_pcie_and_msix_only(nvme, name,
                                                                                tmp_path):
    dumps = linux_guest.config_dumps(nvme.vm_log(name))
    assert sorted(dumps) == ["0000:00:00.0", "0000:00:01.0"]
    assert "0108:" in linux_guest.lspci(dumps["0000:00:01.0"], tmp_path), "class: NVM Express"
    check_plain_function(dumps["0000:00:01.0"], tmp_path)


def test_no_vf_is_quarantined_and_no_fault_recorded(nvme):
    assert {v["state"] for v in nvme.report["vfs"]} == {"parked"}
    assert nvme.report["faults"] == []


def test_one_guest_drives_vfs_of_three_cards(both):
    passed, failed = linux_guest.verdicts(both.vm_log("linux"))
    assert failed == [] and len(passed) >= 10, both.explain()
    assert both.returncode == 0, both.explain()
    assert linux_guest.complaints(both.vm_log("linux")) == []


def test_what_came_over_the_wire_is_on_the_disk(both):
    check_image(both, "linux")
    image = both.folder / "linux.img"
    assert sum_of_file(image, "copy") == sum_of_file(image, "bulk")
    assert untouched(both, "pf", b"the PF keeps this")


def test_in_that_guest_every_device_is_a_plain_function_of_bus_0(both, tmp_path):
    dumps = linux_guest.config_dumps(both.vm_log("linux"))
    assert sorted(dumps) == [f"0000:00:{device:02x}.0" for device in range(4)]
    for device in sorted(dumps)[1:]:
        check_plain_function(dumps[device], tmp_path)


def test_each_driver_in_that_guest_gets_its_interrupts(both):
    counts = re.findall(r"^ *\d+:([ \d]+?) +PCI-MSI\S* .*?(eth[01]-[tr]x-0|nvme0q\d)",
                        both.vm_log("linux"), re.MULTILINE)
    fired = {who for per_cpu, who in counts if sum(map(int, per_cpu.split()))}
    assert {"eth0-rx-0", "eth0-tx-0", "eth1-rx-0", "eth1-tx-0"} <= fired, counts
    assert any(who.startswith("nvme0q") for who in fired), counts


@pytest.fixture
def readers(boot, scenario_folder):
    """Two guests that differ in one number: how often they read from their disk."""
    scenario = linux_guest.ROOT / "scenarios" / "linux-nvme"
    config = "option idle=poweroff\n" + "".join(
        f"vm name={name} kernel=vmlinuz-6.1 initrd=initrd-6.1.img mem=256M vf=nvme0/{i},ns={i + 2} "
        f'cmdline="console=ttyS0 tsc=reliable panic=-1 test=nvme ns={i + 2} reads={READS[name]}"\n'
        for i, name in enumerate(READS))
    folder = scenario_folder("linux-nvme-reads", config, (scenario / "machine.args").read_text(),
                             '{ "run": { "timeout": 400 } }')
    setup = folder / "machine.setup"
    setup.write_text(f'#!/bin/sh\nexec {scenario}/machine.setup\n')
    setup.chmod(0o755)
    return boot(folder)


def test_a_disk_command_costs_two_doorbells_and_an_interrupt(readers, record_property):
    assert readers.returncode == 0, readers.explain()
    few, many = (readers.vm(name)["counters"]["exits"] for name in READS)
    commands = READS["many"] - READS["few"]
    each = {reason: round((many[reason] - few.get(reason, 0)) / commands, 2) for reason in many}
    for reason, count in each.items():
        record_property(f"{reason} per disk command", count)
    assert 1.9 <= each["EPT_VIOLATION"] <= 2.3, each    # both doorbells lie in the admin queue's page
    assert each["EXTERNAL_INTERRUPT"] <= 3, each
    assert each["IO_INSTRUCTION"] < 1, each             # only the console has ports
