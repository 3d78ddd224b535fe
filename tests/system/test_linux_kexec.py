# SPDX-License-Identifier: GPL-2.0-only
"""A second kernel, started by kexec in a guest whose VF is busy, stays inside its VM."""
import linux_guest


def test_a_second_kernel_starts_in_its_vm_and_the_neighbours_lose_nothing(boot):
    result = boot("linux-kexec")
    assert result.returncode == 0, result.explain()
    log = result.vm_log("linux")
    _, failed = linux_guest.verdicts(log)
    assert failed == [], result.explain()
    # The first kernel, the second that it started, and the first again after the second's panic.
    assert log.count("] Linux version ") == 3
    assert "Command line: console=ttyS0 tsc=reliable panic=-1 second-kernel" in log
    assert "PASS the VM was restarted by its second kernel" in log
    for name in ("a", "b"):
        assert "20000 frames sent, 20000 received, 0 errors" in result.vm_log(name)
    assert {v["state"] for v in result.report["vfs"]} == {"parked"}
