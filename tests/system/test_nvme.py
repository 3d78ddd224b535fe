# SPDX-License-Identifier: GPL-2.0-only
"""VFs of an NVMe controller: each VM reaches its own namespace, and nothing else on any disk."""
import re

import pytest

PAGE = 4096
PAGES = 1000
PF_TEXT = b"the PF keeps this"
COMMON = """
-device intel-iommu,intremap=on
-device pcie-root-port,id=rp1,chassis=1,slot=1,bus=pcie.0,addr=3.0
-device nvme-subsys,id=subsys0
-device nvme,id=nvme0,bus=rp1,serial=coppice,subsys=subsys0,sriov_max_vfs=4,max_ioqpairs=12,msix_qsize=9,\
sriov_vq_flexible=8,sriov_vi_flexible=4
"""
DETACHED = """
-drive if=none,id=disk2,file=$RUN/2.img,format=raw
-device nvme-ns,drive=disk2,bus=nvme0,nsid=2,detached=on
"""
OF_THE_PF = """
-drive if=none,id=disk1,file=$RUN/1.img,format=raw
-device nvme-ns,drive=disk1,bus=nvme0,nsid=1,shared=off
"""
SETUP = "#!/bin/sh\nset -e\ncd \"$RUN\"\nfor n in 1 2; do rm -f $n.img; truncate -s 16M $n.img; done\n"


@pytest.fixture(scope="module")
def run(boot):
    result = boot("nvme", smp=2)
    assert result.returncode == 0, result.explain()
    return result


@pytest.fixture
def own_machine(boot, scenario_folder, tmp_path):
    """Boots a scenario made of these texts."""
    def build(machine, config, expect='{ "end": "all VMs ended" }', setup=SETUP, **options):
        idle = "" if "option idle" in config else "option idle=poweroff\n"
        folder = scenario_folder(tmp_path.name, idle + config, machine, expect)
        (folder / "machine.setup").write_text(setup)
        (folder / "machine.setup").chmod(0o755)
        return boot(folder, smp=2, **options)
    return build


def disk(result, name):
    """What QEMU left in the image file."""
    return (result.folder / f"{name}.img").read_bytes()


@pytest.mark.parametrize("name", ["a", "b", "evil"])
def test_each_page_is_on_the_disk_of_the_vm_that_wrote_it(run, name):
    content = disk(run, name)
    for page in range(PAGES):
        text = f"vfnvme {name} page {page}\0".encode()
        assert content[page * PAGE:page * PAGE + len(text)] == text


@pytest.mark.parametrize("name", ["pf", "a", "b", "evil"])
def test_no_disk_holds_a_page_of_another_vm(run, name):
    writers = set(re.findall(rb"vfnvme (\w+) page", disk(run, name)))
    assert writers == ({name.encode()} if name != "pf" else set())


def test_the_pfs_own_disk_is_as_it_was(run):
    content = disk(run, "pf")
    assert content.startswith(PF_TEXT)
    assert not content[len(PF_TEXT):].strip(b"\0")


def test_behind_what_the_well_behaved_wrote_there_is_nothing(run):
    for name in ("a", "b"):
        assert not disk(run, name)[PAGES * PAGE:].strip(b"\0")


def test_each_denied_command_is_told_with_opcode_and_vm(run):
    for opcode in ("15h", "0dh", "80h", "1ch", "7ch", "10h", "11h", "81h", "84h", "c0h"):
        assert re.search(rf'VF 2 \(VM "evil"\): admin command {opcode} \(.*\) denied', run.console)
    assert 'VM "a"): admin command' not in run.console


def test_what_was_denied_is_in_the_report_and_the_attacker_counts_the_same(run):
    evil = next(v for v in run.report["vfs"] if v["name"] == "nvme0/2")
    others = [v for v in run.report["vfs"] if v["name"] != "nvme0/2"]
    assert evil["mailbox"]["denied"] == 22
    assert [v["mailbox"]["denied"] for v in others] == [0, 0, 0]
    assert "NOT DENIED" not in run.vm_log("evil")
    assert "29 attempts denied, 0 got through" in run.vm_log("evil")


def test_the_attacker_sees_one_namespace_its_own(run):
    assert "active namespaces afterwards: 4, 0" in run.vm_log("evil")


def test_a_command_costs_less_than_two_exits(run):
    """Two doorbells per command at most, one of them shared by a batch; and interrupts."""
    for name in ("a", "b"):
        assert run.vm(name)["quotients"]["exits_per_command"] < 2.0


def test_vfs_come_back_without_a_namespace(run):
    for vf in run.report["vfs"]:
        assert vf["state"] == "parked"
        assert vf["text"].endswith("VQ 2, VI 1, online, no namespace")


def test_what_a_vf_cannot_have_is_refused_by_name(own_machine):
    config = """
        vm name=thief kernel=vfnvme.elf mem=16M vf=nvme0/0,ns=1
        vm name=wrong kernel=vfnvme.elf mem=16M vf=nvme0/0,ns=7
        vm name=net kernel=vfnvme.elf mem=16M vf=nvme0/0,vlan=7
        vm name=twice kernel=vfnvme.elf mem=16M vf=nvme0/0,ns=2 vf=nvme0/1,ns=2
        vm name=good kernel=vfnvme.elf mem=16M vf=nvme,ns=2 cmdline="ns=2 pages=16"
        """
    result = own_machine(COMMON + OF_THE_PF + DETACHED, config)
    assert "controller 0 (the PF) has this namespace" in result.refusal(vm="thief")["text"]
    assert "ns=7: nvme0 has no such namespace" in result.refusal(vm="wrong")["text"]
    assert "vlan=: an NVMe VF has no network" in result.refusal(vm="net")["text"]
    assert "controller 1 (another VF) has this namespace" in result.refusal(vm="twice")["text"]
    assert result.vm("good")["exit_status"] == 0, result.explain()


def test_a_namespace_that_comes_by_itself_is_taken_away(own_machine):
    """shared=on: QEMU attaches it to each controller that is enabled."""
    config = 'vm name=a kernel=vfnvme.elf mem=16M vf=nvme0/0,ns=2 cmdline="ns=2 pages=16 attack=3"\n'
    result = own_machine(COMMON + OF_THE_PF.replace("shared=off", "shared=on") + DETACHED, config)
    assert "foreign namespaces came with CC.EN; detached" in result.console
    assert result.vm("a")["exit_status"] == 0, result.vm_log("a")
    assert not disk(result, "1").strip(b"\0")


def test_without_an_iommu_the_pf_is_not_started(own_machine):
    machine = COMMON.replace("-device intel-iommu,intremap=on\n", "") + DETACHED
    result = own_machine(machine, "vm name=a kernel=vfnvme.elf mem=16M vf=nvme0/0\n")
    assert re.search(r"PF nvme0 \(0000:01:00.0\) gives no VFs: .*IOMMU", result.console)
    assert result.vm("a")["state"] == "refused"


def test_a_vm_that_starts_again_gets_its_namespace_again(own_machine):
    config = """
        option idle=monitor
        vm name=a kernel=vfnvme.elf mem=16M vf=nvme0/0,ns=2 cmdline="ns=2 pages=16 attack=3"
        """
    replies = ["VM a ended with status 0=>\\r"]
    replies += ["coppice> =>vm start a\\r", "VM a ended with status 0=>\\r"] * 3
    result = own_machine(COMMON + DETACHED, config, '{ "end": "power-off" }', timeout=60,
                         reply=(*replies, "coppice> =>poweroff\\r"))
    assert result.returncode == 0, result.explain()
    assert result.console.count("16 pages written and read back, 32 commands, 0 errors") == 4
