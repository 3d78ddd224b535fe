# SPDX-License-Identifier: GPL-2.0-only
"""Unmodified Debian kernels as guests: they boot, restart, run on several CPUs, and complain of
nothing that is not explained."""
import linux_guest
import pytest

KERNELS = ["6.1", "6.12"]


def succeeded(result, *names):
    """The run and every VM in it; what each VM said against itself is shown first."""
    for name in names:
        assert linux_guest.verdicts(result.vm_log(name))[1] == [], result.explain()
    assert result.returncode == 0, result.explain()


@pytest.fixture
def linux_folder(scenario_folder):
    """A scenario with stock kernels: linux_folder(name, config)."""
    def make(name, config):
        folder = scenario_folder(name, config, expect='{ "run": { "timeout": 240 } }')
        prepare = linux_guest.ROOT / "tools" / "linux" / "prepare.sh"
        setup = folder / "machine.setup"
        setup.write_text(f'#!/bin/sh\nexec {prepare} "$RUN" {" ".join(KERNELS)}\n')
        setup.chmod(0o755)
        return folder
    return make


def test_a_stock_kernel_boots_to_user_space_and_powers_off(boot):
    result = boot("linux-hello")
    succeeded(result, "linux")
    assert "time is kept by the TSC" in linux_guest.verdicts(result.vm_log("linux"))[0]


def test_a_stock_kernel_keeps_its_apic_in_x2apic_mode(boot):
    log = boot("linux-hello").vm_log("linux")
    assert "x2apic: enabled by BIOS, switching to x2apic ops" in log
    assert "x2apic disabled" not in log
    assert "physical x2apic" in log     # a message's 8 bits of destination hold no logical id


def test_a_stock_kernel_calibrates_nothing(boot):
    log = boot("linux-hello").vm_log("linux")
    assert "TSC deadline timer available" in log
    assert "PIT calibration" not in log and "tsc: Unable to calibrate" not in log


def test_the_serial_port_of_a_stock_kernel_has_an_interrupt(boot):
    log = boot("linux-hello").vm_log("linux")
    assert "ttyS0 at I/O 0x3f8" in log and "(irq = 0," not in log
    assert "IO-APIC   4-edge      ttyS0" in log


def test_a_stock_kernel_reads_config_space_by_ecam(boot):
    log = boot("linux-hello").vm_log("linux")
    assert "[mem 0xe0000000-0xe00fffff] reserved" in log
    assert "not reserved in ACPI motherboard resources" not in log


@pytest.mark.parametrize("scenario, name", [("linux-hello", "linux"), ("linux-net", "a"),
                                            ("linux-net", "b"), ("linux-smp", "linux")])
def test_a_stock_kernel_complains_of_nothing_that_is_not_explained(boot, scenario, name):
    assert linux_guest.complaints(boot(scenario).vm_log(name)) == []


def test_the_exit_status_of_a_linux_guest_reaches_the_report(boot, linux_folder):
    folder = linux_folder("linux-failing", "option idle=poweroff\n"
                          "vm name=linux kernel=vmlinuz-6.1 initrd=initrd-6.1.img mem=256M "
                          'cmdline="console=ttyS0 quiet test=nosuchtest"\n')
    result = boot(folder)
    assert result.returncode != 0
    assert result.vm("linux")["exit_status"] == 1
    assert "FAIL test=nosuchtest: no such test" in result.vm_log("linux")


def test_a_guest_that_restarts_comes_back_and_its_neighbour_does_not_notice(boot):
    result = boot("linux-reboot")
    succeeded(result, "restless", "calm")
    assert "PASS it was started 3 times" in result.vm_log("restless")
    assert result.vm_log("calm").count("start 1, test hello") == 1


@pytest.mark.parametrize("smp", [1, 2])
def test_a_guest_with_two_cpus_starts_both_on_own_cores_and_on_a_shared_one(boot, smp):
    result = boot("linux-smp", smp=smp)
    succeeded(result, "linux")
    assert "PASS a CPU can be taken out and brought back" in result.vm_log("linux")


@pytest.mark.parametrize("mem, what", [("16M", "use mem="), ("80M", "raise mem=")])
def test_memory_that_does_not_suffice_is_said_in_one_message(boot, linux_folder, mem, what):
    folder = linux_folder(f"linux-{mem}", "option idle=poweroff\n"
                          f"vm name=linux kernel=vmlinuz-6.1 initrd=initrd-6.1.img mem={mem}\n"
                          "vm name=hello kernel=hello.elf mem=16M\n")
    result = boot(folder)
    assert result.vm("linux")["state"] == "refused"
    assert what in result.output
    assert result.vm("hello")["exit_status"] == 0


def test_four_cpus_of_debian_13s_kernel_share_two_cores(boot, linux_folder):
    folder = linux_folder("linux-four", "option idle=poweroff\n"
                          "vm name=linux kernel=vmlinuz-6.12 initrd=initrd-6.12.img mem=256M "
                          'cpus=4 cmdline="console=ttyS0 tsc=reliable test=smp cpus=4"\n')
    succeeded(boot(folder, smp=2), "linux")
