# SPDX-License-Identifier: GPL-2.0-only
"""The runner, its boot medium and its machines, seen with a kernel of a few lines."""
import pathlib
import subprocess
import time

import coppice_run
import pytest

HERE = pathlib.Path(__file__).resolve().parent
CONFIG = "option idle=poweroff\nvm name=a kernel=k.elf mem=16M\nvm name=b kernel=k.elf mem=16M\n"
A_SUCCEEDS = '{"vms": [{"name": "a", "exit_status": 0}]}'


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """The tiny kernel as an ELF file."""
    folder = tmp_path_factory.mktemp("tiny")
    script = folder / "tiny.ld"
    script.write_text("ENTRY(_start) SECTIONS { . = 0x200000; .all : "
                      "{ *(.multiboot) *(.text) *(.data) *(.bss) } }")
    subprocess.run(["nasm", "-f", "elf32", "-o", folder / "tiny.o", HERE / "tiny_kernel.asm"],
                   check=True)
    subprocess.run(["ld", "-m", "elf_i386", "-n", "-T", script, "-o", folder / "tiny.elf",
                    folder / "tiny.o"], check=True, stderr=subprocess.DEVNULL)
    return folder / "tiny.elf"


@pytest.fixture
def run_tiny(tiny, scenario_folder, request):
    """Run the tiny kernel in a scenario made on the spot."""
    def run(config=CONFIG, machine_args="", expect=None, **options):
        folder = scenario_folder("tiny", config, machine_args, expect)
        (folder / "k.elf").write_bytes(b"a module")
        label = "".join(c if c.isalnum() else "_" for c in request.node.name)
        return coppice_run.run(folder, label, kernel=tiny, **options)
    return run


@pytest.mark.parametrize("target, firmware", [
    ("vtx", "seabios"), ("vtx", "ovmf"), ("bochs", "seabios")])
def test_the_medium_boots_with_vtx_and_hands_over_the_modules(run_tiny, target, firmware):
    result = run_tiny(expect=A_SUCCEEDS, target=target, firmware=firmware)
    assert result.returncode == 0, result.explain()
    assert "VMX yes" in result.console
    modules = [l for l in result.console.splitlines() if l.startswith("module ")]
    assert [m.strip() for m in modules] == ["module coppice.cfg", "module k.elf"]


def test_a_scenario_may_choose_another_cpu(run_tiny):
    result = run_tiny(machine_args="-cpu max,vendor=GenuineIntel,-vmx", expect=A_SUCCEEDS)
    assert "VMX no" in result.console, result.explain()


def test_the_console_is_shown_and_split_by_vm(run_tiny):
    result = run_tiny(expect=A_SUCCEEDS)
    assert result.vm_log("a") == "hello from a\n"
    assert result.vm_log("b") == "hello from b\n"
    assert "[a] hello from a" in result.output


def test_without_a_pattern_one_vm_that_failed_fails_the_run_by_name(run_tiny):
    result = run_tiny()
    assert result.returncode == 1
    assert "FAILED: VM b" in result.output and "exit status 7" in result.output
    assert "VM a" not in result.output


def test_a_run_that_does_not_end_is_ended_and_its_last_line_told(run_tiny):
    result = run_tiny(qemu_args="-S", timeout=2)
    assert result.returncode == 1
    assert "not finished after 2 s" in result.output


def test_a_machine_that_does_not_start_is_told_with_its_log(run_tiny):
    result = run_tiny(machine_args="-device no-such-device")
    assert result.returncode == 1
    assert "ended with status 1" in result.output and "qemu.log" in result.output
    assert "no-such-device" in result.qemu_log


def test_a_runner_that_is_told_to_go_takes_its_emulator_with_it(tiny, scenario_folder):
    folder = scenario_folder("tiny", CONFIG)
    run_dir = coppice_run.BUILD / "system" / "told_to_go"
    runner = subprocess.Popen(
        [*coppice_run.RUNNER, "run", "--build", coppice_run.BUILD, "--scenario", folder,
         "--kernel", tiny, "--run-dir", run_dir, "--target", "vtx", "--qemu-args=-S"],
        stdout=subprocess.PIPE, text=True)
    while "tiny on vtx" not in runner.stdout.readline():
        assert runner.poll() is None
    emulators = []
    while not emulators:
        emulators = children(runner.pid)
    runner.terminate()
    assert runner.wait(timeout=30) == 2
    deadline = time.monotonic() + 10
    while any(is_running(pid) for pid in emulators):
        assert time.monotonic() < deadline, "the emulator is still there"


def is_running(pid):
    """Whether a process exists and is no zombie."""
    status = pathlib.Path(f"/proc/{pid}/status")
    try:
        return "State:\tZ" not in status.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def children(pid):
    """The processes that a process has started."""
    path = pathlib.Path(f"/proc/{pid}/task/{pid}/children")
    return path.read_text().split() if path.exists() else []


def test_traces_end_up_in_the_log(run_tiny):
    result = run_tiny(machine_args="-device intel-iommu", trace="vtd_*", expect=A_SUCCEEDS)
    assert "vtd_" in result.qemu_log, result.explain()


def test_instructions_can_be_counted(run_tiny):
    assert run_tiny(icount=1, expect=A_SUCCEEDS).returncode == 0


def test_a_kernel_that_is_not_built_is_told_in_one_line(scenario_folder, tmp_path):
    result = coppice_run.run(scenario_folder("s", "option idle=poweroff\n"), "not_built",
                             kernel=tmp_path / "none.elf")
    assert result.returncode == 2
    assert "none.elf is not there; build it with 'make'" in result.output


@pytest.mark.parametrize("name, value, expected", [("smp", "0", "a number of CPUs, 1 or more"), ("smp", "abc", "a number of CPUs"),
                                                   ("mem", "xyz", "a size like 512M"), ("timeout", "zz", "seconds")])
def test_a_variable_that_means_nothing_is_told_by_its_name(scenario_folder, name, value, expected):
    result = coppice_run.run(scenario_folder("s", "option idle=poweroff\n"), "bad_variable", **{name: value})
    assert result.returncode == 2
    assert f"{name.upper()}={value}: expected {expected}" in result.output
