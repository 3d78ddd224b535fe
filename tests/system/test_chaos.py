# SPDX-License-Identifier: GPL-2.0-only
"""A guest that does everything it should not, 200 000 times: it harms nobody, and lives (S31).

What it does comes from the seed alone. Longer: make chaos SEED=1 OPS=1000000 SEEDS=10.
"""
import re

import chaos
import pytest

OPS = 51000         # any number of vCPUs shares them out
RUNS = [(1, 1, 2), (2, 2, 2), (3, 2, 3), (4, 1, 1)]     # seed, cores, vCPUs
LOG_BYTES = 4096                            # per million errors (S30)


@pytest.fixture(scope="module")
def run(boot, tmp_path_factory):
    folders = tmp_path_factory.mktemp("chaos")

    def at(seed, smp, cpus):
        folder = chaos.make_scenario(folders / f"chaos-{seed}", seed, OPS, cpus)
        return boot(folder, smp=smp, timeout=chaos.timeout(OPS))
    return at


@pytest.mark.parametrize("seed, smp, cpus", RUNS)
def test_chaos_harms_nobody_and_lives(run, seed, smp, cpus):
    result = run(seed, smp, cpus)
    again = f"again with: {chaos.repeat(seed, OPS, smp, cpus)}\n"
    assert result.returncode == 0, again + result.explain()
    assert f"{OPS} operations" in result.vm_log("chaos"), again + result.explain()
    assert ", 0 words changed" in result.vm_log("watch"), again + result.explain()
    for name in "ab":
        assert result.vm(name)["figures"]["errors"] == 0, again + result.explain()


@pytest.mark.parametrize("seed, smp, cpus", RUNS[:1])
def test_the_log_of_its_errors_stays_short(run, seed, smp, cpus):
    result = run(seed, smp, cpus)
    exceptions = int(re.search(r"(\d+) exceptions", result.vm_log("chaos"))[1])
    said = sum(len(line) for line in result.console.splitlines() if "VM chaos" in line)
    assert exceptions > OPS / 4
    assert said <= LOG_BYTES, f"{said} bytes for {exceptions} errors"


def test_every_reason_to_exit_that_a_guest_has_was_tried(run):
    exits = run(*RUNS[0]).vm("chaos")["counters"]["exits"]
    wanted = {"CPUID", "HLT", "RDPMC", "VMCALL", "VMCLEAR", "VMLAUNCH", "VMPTRLD", "VMREAD", "VMRESUME",
              "VMWRITE", "VMOFF", "VMON", "CR_ACCESS", "DR_ACCESS", "IO_INSTRUCTION", "MSR_READ",
              "MSR_WRITE", "MWAIT_INSTRUCTION", "MONITOR_INSTRUCTION", "EPT_VIOLATION", "INVEPT",
              "INVVPID", "WBINVD", "INVD", "XSETBV", "EXCEPTION_NMI"}
    assert wanted <= set(exits), wanted - set(exits)
