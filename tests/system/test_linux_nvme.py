# SPDX-License-Identifier: GPL-2.0-only
"""Stock Debian kernels with their own nvme driver on VFs, and with VFs of several devices."""
import linux_guest
import pytest

MIB = 1 << 20


@pytest.fixture(scope="module")
def nvme(boot):
    """The one run that most of these tests look at."""
    return boot("linux-nvme")


@pytest.mark.parametrize("name", ["a", "b"])
def test_a_file_system_on_the_vfs_namespace_keeps_what_was_written(nvme, name):
    passed, failed = linux_guest.verdicts(nvme.vm_log(name))
    assert failed == [] and "the files are intact after that" in passed, nvme.explain()
    assert nvme.vm(name)["exit_status"] == 0


@pytest.mark.parametrize("name", ["a", "b"])
def test_the_kernel_complains_of_nothing_that_is_not_explained(nvme, name):
    assert linux_guest.complaints(nvme.vm_log(name)) == []


@pytest.mark.parametrize("name", ["a", "b"])
def test_each_guest_sees_its_own_namespace_and_no_other(nvme, name):
    assert f"disk of {16 * MIB // 512} sectors, namespaces: /dev/nvme0n1\n" in nvme.vm_log(name)


@pytest.mark.parametrize("name", ["a", "b"])
def test_what_the_guest_wrote_is_on_its_disk(nvme, name):
    image = (nvme.folder / f"{name}.img").read_bytes()
    assert image[1024 + 56:1024 + 58] == b"\x53\xef", "the magic of an ext2 superblock"


def test_the_disk_of_the_pf_is_untouched(nvme):
    image = (nvme.folder / "pf.img").read_bytes()
    assert image.rstrip(b"\0") == b"the PF keeps this"


@pytest.mark.parametrize("name", ["a", "b"])
def test_lspci_would_show_a_plain_function_with_pcie_and_msix_only(nvme, name, tmp_path):
    text = linux_guest.lspci(linux_guest.config_dumps(nvme.vm_log(name))["0000:00:01.0"], tmp_path)
    assert "0108:" in text, "class: NVM Express"
    assert set(linux_guest.capabilities(text)) <= {"Express", "MSI-X", "Power"}, text
    assert "Interrupt: pin" not in text


def test_one_guest_drives_vfs_of_two_devices(boot):
    result = boot("linux-both")
    assert linux_guest.verdicts(result.vm_log("linux"))[1] == []
    assert result.returncode == 0, result.explain()
    assert linux_guest.complaints(result.vm_log("linux")) == []


def test_in_that_guest_every_device_is_a_plain_function_of_bus_0(boot, tmp_path):
    dumps = linux_guest.config_dumps(boot("linux-both").vm_log("linux"))
    assert sorted(dumps) == [f"0000:00:{device:02x}.0" for device in range(4)]
    for device in sorted(dumps)[1:]:
        text = linux_guest.lspci(dumps[device], tmp_path)
        assert set(linux_guest.capabilities(text)) <= {"Express", "MSI-X", "Power"}, text
        assert dumps[device][0x0e] == 0, "header type: one function, no bridge"
