# SPDX-License-Identifier: GPL-2.0-only
"""A stock kernel and a small one of ours share a card: the drivers are two, the mailbox is one."""
import linux_guest


def test_a_stock_kernel_pings_a_small_one_and_no_echo_is_lost(boot):
    result = boot("linux-mixed")
    assert result.returncode == 0, result.explain()
    passed, failed = linux_guest.verdicts(result.vm_log("linux"))
    assert failed == [] and "every long ping comes back" in passed, result.explain()
    assert "41 echoes answered, 41 wanted" in result.vm_log("small")
