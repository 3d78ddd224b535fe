# SPDX-License-Identifier: GPL-2.0-only
"""What a person reads on the screen: each thing once, and nothing in the middle of another."""
import os
import subprocess

import coppice_run


def test_no_line_of_a_vm_stands_within_the_tree(boot):
    console = boot("pair", smp=2).console
    before, tree = console.replace("\r", "").split("\nTopology", 1)
    assert "\n[" not in before
    assert "[" not in tree.split("\n\n", 1)[0]


def test_a_refusal_is_told_when_it_happens_and_at_the_end(boot):
    console = boot("no-acs", smp=2).console
    told = [ln for ln in console.splitlines() if "has no ACS capability; need SV RR CR UF" in ln]
    assert [ln.split(":")[0] for ln in told] == ["assign", "a refused"]
    assert all(ln.count("REFUSED") + ln.count("refused") == 1 for ln in told)
    assert "vm: VM a is not started: VF refused, see above" in console


def test_make_says_nothing_where_nothing_is_to_be_done():
    own = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    command = ["make", "--no-print-directory", "-C", str(coppice_run.ROOT), f"BUILD={coppice_run.BUILD}", "hypervisor",
               "guests", "uefi"]
    subprocess.run(command, env=own, check=True, capture_output=True)
    again = subprocess.run(command, env=own, check=True, capture_output=True, text=True)
    assert again.stdout + again.stderr == ""
