# SPDX-License-Identifier: GPL-2.0-only
"""What report.json says is consistent in itself and with what the guests saw."""
import pytest

ANY = ["pair", "hello", "no-acs", "no-iommu", "no-vtx"]


@pytest.fixture(scope="module")
def pair(boot):
    result = boot("pair", smp=2)
    assert result.returncode == 0, result.explain()
    return result


def test_the_exits_of_a_vm_add_up(pair):
    for vm in pair.report["vms"]:
        counters = vm["counters"]
        assert sum(counters["exits"].values()) == counters["exits_total"]
        assert 0 < counters["interrupt_exits"] <= counters["exits_total"]


def test_doorbells_and_dma_cost_no_exits(pair):
    for vm in pair.report["vms"]:
        frames = vm["figures"]["frames_sent"] + vm["figures"]["frames_received"]
        exits = vm["counters"]["exits"]
        assert frames >= 20000
        # Config space and the MSI-X table while the driver starts, then nothing: each frame rings
        # a doorbell, so one exit per 100 frames would be hundreds.
        assert exits.get("EPT_VIOLATION", 0) < 100, exits
        assert exits.get("IO_INSTRUCTION", 0) == 0, exits


def test_an_interrupt_costs_at_most_two_exits(pair):
    for vm in pair.report["vms"]:
        assert vm["quotients"]["exits_per_interrupt"] <= 2.0, vm


def test_every_interrupt_that_the_guest_saw_was_forwarded(pair):
    for vm in pair.report["vms"]:
        forwarded, seen = vm["counters"]["forwarded_irqs"], vm["figures"]["interrupts"]
        assert forwarded >= seen > 0, vm
        assert vm["counters"]["injected"] >= seen, vm


def test_frames_arrive_whole(pair):
    a, b = pair.vm("a")["figures"], pair.vm("b")["figures"]
    assert a["errors"] == b["errors"] == 0
    assert a["frames_sent"] == b["frames_received"] and b["frames_sent"] == a["frames_received"]


def test_the_report_tells_which_vf_a_vm_had_after_it_has_given_it_back(pair):
    assert [v["name"] for v in pair.vm("a")["vfs"]] == ["igb0/0"]
    assert [v["name"] for v in pair.vm("b")["vfs"]] == ["igb0/1"]
    states = {v["name"]: v["state"] for v in pair.report["vfs"]}
    assert states["igb0/0"] == states["igb0/1"] == "parked"


def test_a_vm_that_has_ended_holds_no_memory_of_guests(pair):
    assert pair.report["memory"]["used_pages"]["guest"] == 0
    assert pair.vm("a")["memory"]["ram"] == pair.vm("a")["memory"]["wished"] == 32 << 20


def test_the_tables_of_a_vm_are_told_as_they_were_when_it_ended(pair):
    """Those for the registers of its VF too: PML4, PDPT and, for RAM, a PD; then a PD and a PT."""
    assert [vm["memory"]["ept"] for vm in pair.report["vms"]] == [5 * 4096] * 2


@pytest.mark.parametrize("scenario", ANY)
def test_groups_part_the_fabric_and_parents_are_bridges(boot, scenario):
    pci = boot(scenario, smp=2).report["pci"]
    rids = [f["rid"] for f in pci["functions"]]
    assert sorted(r for g in pci["groups"] for r in g["functions"]) == sorted(rids)
    number = {r: g["id"] for g in pci["groups"] for r in g["functions"]}
    bridges = {b["rid"] for b in pci["bridges"]}
    for function in pci["functions"]:
        assert function["group"] == number[function["rid"]]
        assert function["parent"] is None or function["parent"] in bridges


@pytest.mark.parametrize("scenario", ["no-acs", "no-iommu", "no-vtx"])
def test_every_vm_that_is_not_started_has_its_cause_in_refusals(boot, scenario):
    report = boot(scenario, smp=2).report
    refused = [vm["name"] for vm in report["vms"] if vm["state"] == "refused"]
    assert refused and set(refused) == {r["vm"] for r in report["refusals"]}
    for refusal in report["refusals"]:
        assert refusal["code"] != "ok" and len(refusal["text"]) > 20


def test_mistakes_in_coppice_cfg_are_in_the_report_and_cost_only_their_vm(boot, scenario_folder):
    folder = scenario_folder("mistakes", "option idle=poweroff\n"
                                         "vm name=bad kernel=hello.elf mem=12Q\n"
                                         "vm name=good kernel=hello.elf mem=16M\n",
                             expect='{ "vms": [ { "name": "good", "exit_status": 0 } ] }')
    result = boot(folder, smp=1)
    assert result.returncode == 0, result.explain()
    errors = result.report["config"]["errors"]
    assert [(e["line"], e["vm"]) for e in errors] == [(2, "bad")]
    assert "token 'mem=12Q': expected a size such as 32M or 1G" in errors[0]["text"]
    assert errors[0]["text"] in result.console
    assert result.vm("bad")["state"] == "refused"


def test_the_report_comes_out_of_the_console_when_asked(boot, scenario_folder):
    folder = scenario_folder("com1", "option idle=poweroff report=com1\n"
                                     "vm name=a kernel=hello.elf mem=16M\n")
    result = boot(folder, smp=1)
    assert "COPPICE-REPORT-BEGIN" in result.console
    assert '"schema":"coppice-report/1"' in result.console
    assert not (result.folder / "report.raw").read_bytes()
    assert result.returncode == 0, result.explain()
    assert result.report["end"] == "all VMs ended" and result.vm("a")["exit_status"] == 0
    assert "COPPICE-REPORT" not in result.output


def test_a_bus_taken_after_a_storm_of_faults_stays_taken(boot):
    # A storm is so many faults in a second: virtual time is instructions, whatever the machine does.
    result = boot("hostile-dma", smp=2, icount="shift=4,sleep=off")
    assert "a storm: its bus master is off now" in result.console
    assert "it cannot take it back" in result.vm_log("evil"), result.vm_log("evil")
