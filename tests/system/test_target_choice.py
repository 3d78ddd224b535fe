# SPDX-License-Identifier: GPL-2.0-only
"""TARGET=auto takes KVM only where a guest sees VT-x."""
import subprocess

import pytest

from runner import target


@pytest.fixture
def fake(tmp_path):
    """A device file and a QEMU that says a version and then runs the given shell lines."""
    device = tmp_path / "kvm"
    device.touch()

    def make(version="8.2.1", body="exit 33"):
        path = tmp_path / "fake-qemu"
        path.write_text(f'#!/bin/sh\n[ "$1" = --version ] && {{ echo "QEMU emulator version '
                        f'{version}"; exit 0; }}\n{body}\n')
        path.chmod(0o755)
        return {"device": str(device), "qemu": str(path)}
    return make


def test_kvm_is_taken_where_a_guest_sees_vmx(fake):
    assert target.kvm_refusal(**fake(body=f"exit {target.PROBE_HAS_VMX}")) is None


def test_kvm_is_refused_where_a_guest_sees_no_vmx(fake):
    refusal = target.kvm_refusal(**fake(body=f"exit {target.PROBE_NO_VMX}"))
    assert "sees a CPU without VMX" in refusal


def test_kvm_is_refused_where_no_guest_runs_and_the_reason_is_told(fake):
    refusal = target.kvm_refusal(**fake(body="echo 'failed to initialize kvm' >&2; exit 1"))
    assert "failed to initialize kvm" in refusal


def test_kvm_is_refused_where_a_guest_hangs(fake, monkeypatch):
    monkeypatch.setattr(target, "PROBE_SECONDS", 0.5)
    assert "no answer" in target.kvm_refusal(**fake(body="exec sleep 30"))


def test_an_old_qemu_is_refused_by_its_version(fake):
    assert "is 7.2; expected 8.0" in target.kvm_refusal(**fake(version="7.2.19"))


def test_without_a_kvm_device_nothing_is_started(tmp_path):
    assert "there is no" in target.kvm_refusal(device=str(tmp_path / "none"), qemu="/bin/false")


def test_without_stock_qemu_the_message_says_how_to_get_it(fake):
    arguments = {**fake(), "qemu": "no-such-qemu"}
    assert "TARGET=kvm installs it" in target.kvm_refusal(**arguments)


def test_auto_falls_back_to_vtx_and_says_why(monkeypatch):
    monkeypatch.setattr(target, "kvm_refusal", lambda: "this is a test")
    monkeypatch.setattr(target, "_prepare_vtx", lambda: "/ours")
    said = []
    assert target.prepare("auto", said.append) == ("vtx", "/ours")
    assert said == ["TARGET=auto takes vtx: this is a test"]


def test_an_unknown_target_is_refused_with_the_known_ones():
    with pytest.raises(target.TargetError, match="expected auto, vtx, kvm or bochs"):
        target.prepare("xen", print)


@pytest.mark.parametrize("cpu, answer", [
    ("max,vendor=GenuineIntel,+vmx,-svm", target.PROBE_HAS_VMX),
    ("max,vendor=GenuineIntel,-vmx", target.PROBE_NO_VMX),
])
def test_the_probe_guest_reads_the_bit_of_its_cpu(tmp_path, cpu, answer):
    rom = tmp_path / "probe.rom"
    rom.write_bytes(target.probe_firmware())
    done = subprocess.run([target.installed_vtx(), "-machine", "q35", "-accel", "tcg", "-cpu", cpu,
                           "-nodefaults", "-display", "none", "-bios", str(rom),
                           "-device", "isa-debug-exit,iobase=0xf4,iosize=4"],
                          timeout=60, check=False, stderr=subprocess.DEVNULL)
    assert done.returncode == answer
