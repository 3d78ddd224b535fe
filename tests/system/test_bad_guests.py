# SPDX-License-Identifier: GPL-2.0-only
"""A guest that misbehaves is told so, or stopped by name; its neighbours finish as if alone."""
import pytest

NEIGHBOUR = "vm name=neighbour kernel=hello.elf mem=16M\n"
# What the guest itself survives: the CPU tells it by an exception, or the hypercall by its result.
TOLD = ["vmxon", "msr=1d9", "msr=c0011029", "msr=3a", "port=60", "port=cf9", "pagefault",
        "badhypercall", "divide", "storm", "corners"]


@pytest.fixture(scope="module")
def crowd(boot, scenario_folder):
    """All misbehaving guests at once, beside one that behaves."""
    lines = ["option idle=poweroff"]
    lines += [f'vm name=told{i} kernel=hello.elf mem=16M cmdline="do={what}"'
              for i, what in enumerate(TOLD)]
    lines += ['vm name=real kernel=hello.elf mem=16M cpus=2 cmdline="do=realmode"',
              'vm name=init kernel=hello.elf mem=16M cmdline="do=init"']
    lines += ['vm name=tf kernel=hello.elf mem=16M cmdline="do=triplefault"',
              'vm name=noidt kernel=hello.elf mem=16M cmdline="do=triplefault=7f0000000000"',
              'vm name=unmapped kernel=hello.elf mem=16M cmdline="do=unmapped"',
              'vm name=missing kernel=nothere.elf mem=16M',
              'vm name=noelf kernel=coppice.cfg mem=16M',
              'vm name=huge kernel=hello.elf mem=2900M']
    folder = scenario_folder("bad-guests", "\n".join(lines) + "\n" + NEIGHBOUR,
                             expect='{ "vms": [ { "name": "neighbour", "exit_status": 0 } ] }')
    return boot(folder, smp=2, mem="1G")


def test_the_neighbour_of_bad_guests_finishes(crowd):
    assert crowd.returncode == 0, crowd.explain()
    assert crowd.vm("neighbour")["exit_status"] == 0


@pytest.mark.parametrize("number", range(len(TOLD)), ids=TOLD)
def test_a_forbidden_thing_is_told_to_the_guest_that_did_it(crowd, number):
    vm = crowd.vm(f"told{number}")
    assert (vm["state"], vm["exit_status"]) == ("ended", 0), crowd.vm_log(f"told{number}")


def test_a_triple_fault_ends_its_vm_with_the_place_of_the_fault(crowd):
    vm = crowd.vm("tf")
    assert vm["exit_status"] == -2
    assert "triple fault at RIP 0x" in crowd.console


@pytest.mark.parametrize("name, words", [
    ("tf", "the IDT ends before the exceptions do (limit 0x0)"),
    ("noidt", "the IDT (0x7f0000000000) is not mapped to RAM"),
])
def test_a_triple_fault_is_explained_by_what_the_guest_lacks(crowd, name, words):
    assert words in crowd.vm(name)["end_text"]
    assert f"VM {name}: vCPU 0 at its triple fault: CR0 0x" in crowd.console


def test_an_exception_in_real_mode_is_one_of_real_mode(crowd):
    assert crowd.vm("real")["exit_status"] == 0, crowd.vm_log("real")


def test_a_vm_without_a_vcpu_that_could_run_again_ends(crowd):
    assert crowd.vm("init")["exit_status"] == -1, crowd.vm_log("init")
    assert "nothing can wake it" in crowd.vm("init")["end_text"]


def test_unmapped_memory_ends_its_vm_and_says_what_is_where(crowd):
    assert crowd.vm("unmapped")["exit_status"] == -1
    assert "guest-physical 0xf0000000" in crowd.console and "RAM ends at 0x1000000" in crowd.console


@pytest.mark.parametrize("name, words", [
    ("missing", ["nothere.elf", "no such module", "hello.elf"]),
    ("noelf", ["expected an ELF file"]),
    ("huge", ["mem=2900M", "MiB are free"]),
])
def test_a_vm_that_cannot_be_built_is_refused_with_its_reason(crowd, name, words):
    assert crowd.vm(name)["state"] == "refused"
    line = next(ln for ln in crowd.console.splitlines() if f"VM {name} is not started" in ln)
    assert all(word in line for word in words), line


def test_what_was_denied_is_logged_with_the_vm_and_the_register(crowd):
    assert "MSR 0x1d9" in crowd.console and "not on the allow list" in crowd.console
    vm = f"told{TOLD.index('port=60')}"
    assert f"{vm}: 1-byte read at I/O port 0x60: nothing is there" in crowd.console


def test_memory_of_ended_and_refused_vms_is_given_back(crowd):
    """All but each VM's console ring (8 KiB), which can still be read, and the cores' VMX pages."""
    used = crowd.report["memory"]["used_pages"]
    kept = 2 * len(crowd.report["vms"]) + 3
    assert used["guest"] == 0 and used["vm"] <= kept, (used, kept)


def test_a_coppice_cfg_without_a_vm_is_told(boot, scenario_folder):
    folder = scenario_folder("empty", "option idle=poweroff\n", expect='{ "vms": [] }')
    result = boot(folder, smp=1)
    assert result.returncode == 0, result.explain()
    assert "coppice.cfg has no line that begins with vm: no VM to start" in result.console
