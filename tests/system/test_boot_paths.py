# SPDX-License-Identifier: GPL-2.0-only
"""Three ways in, one hypervisor: the same scenario gives the same report but for the boot section."""
import pytest

import coppice_run

PATHS = {"bios": {}, "uefi-grub": {"firmware": "ovmf"}, "uefi-app": {"boot": "app"}}

SCENARIOS = ["pair", "no-acs", "nvme"]


def digest(report):
    """What must not depend on how we were booted: addresses and counts of exits do."""
    return {
        "functions": [(f["rid"], f["ids"]["vendor"], f["ids"]["device"]) for f in report["pci"]["functions"]
                      if int(f["class"], 16) >> 16 != 1],  # the boot disk or CD itself differs
        "bridges": [(b["rid"], b["kind"], b["buses"]["secondary"], b["ari"], b["acs"])
                    for b in report["pci"]["bridges"]],
        "units": [(u["base"], u["cap"], u["ecap"], u["translating"], u["remapping"])
                  for u in report["iommu"]["units"]],
        "features": [(f["name"], f["present"]) for f in report["boot"]["features"]],
        "cores": [(c["index"], c["apic_id"], c["online"], c["vmx"]) for c in report["boot"]["cores"]],
        "config": report["config"],
        "pfs": [(p["rid"], p["driver"], p["num_vfs"], p["offset"], p["stride"], p["system_page_size"])
                for p in report["pfs"]],
        "vfs": [(v["pf"], v["index"], v["rid"], v["mac"], v["state"], v["isolation"]["text"])
                for v in report["vfs"]],
        "vms": [(v["name"], v["state"], v["exit_status"]) for v in report["vms"]],
        "refusals": [(r["vm"], r["code"], r["rid"], tuple(r["missing"])) for r in report["refusals"]],
    }


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("path", list(PATHS))
def test_a_scenario_succeeds_by_each_way_in(boot, scenario, path):
    result = boot(scenario, smp=2, **PATHS[path])
    assert result.returncode == 0, result.explain()


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("path", ["uefi-grub", "uefi-app"])
def test_the_report_is_the_same_by_each_way_in(boot, scenario, path):
    bios = boot(scenario, smp=2, **PATHS["bios"]).report
    other = boot(scenario, smp=2, **PATHS[path]).report
    assert digest(other) == digest(bios)
    assert other["boot"]["firmware"] == "UEFI" and bios["boot"]["firmware"] == "BIOS"


def test_the_application_goes_on_without_a_kernel_that_is_not_there(boot, scenario_folder):
    folder = scenario_folder("app-bad-kernel", "option idle=poweroff\nvm name=a kernel=nothere.elf mem=16M\n",
                             expect='{ "vms": [ { "name": "a", "state": "refused" } ] }')
    result = boot(folder, smp=1, boot="app")
    assert result.returncode == 0, result.explain()
    assert "nothere.elf is not on this volume" in result.console


# The runner always puts coppice.cfg on the medium; people forget it.
FORGETFUL = """
import sys
sys.path.insert(0, "tools")
from runner import esp, iso, main
iso_config, esp_stage = iso.grub_config, esp.stage
def grub_config(*args):
    return iso_config(*args).replace("\\tmodule2 /coppice.cfg coppice.cfg\\n", "")
def stage(folder, *args):
    esp_stage(folder, *args)
    (folder / "coppice.cfg").unlink()
    return folder
iso.grub_config, esp.stage = grub_config, stage
sys.exit(main.main(sys.argv[1:]))
"""


def boot_without_config(folder, **options):
    """Until its time is over: neither the monitor nor the waiting application ends by itself."""
    return coppice_run.run(folder, folder.name, runner=[coppice_run.PYTHON, "-c", FORGETFUL], smp=1,
                           **options)


def test_grub_without_coppice_cfg_says_which_line_to_add_and_opens_the_monitor(scenario_folder):
    result = boot_without_config(scenario_folder("no-config", "vm name=a kernel=hello.elf\n"),
                                 reply=["coppice> =>poweroff\\r"], timeout=120)
    assert "no module named coppice.cfg among 1: no VM to start; add `module2 /coppice.cfg coppice.cfg`" \
        in result.console, result.explain()
    assert result.report["vms"] == [] and result.report["end"] == "power-off"


def test_the_application_without_coppice_cfg_says_so_and_waits_for_a_key(scenario_folder):
    result = boot_without_config(scenario_folder("app-no-config", "vm name=a kernel=hello.elf\n"),
                                 boot="app", timeout=40)
    assert "coppice.cfg is not on this volume" in result.console, result.explain()
    assert "there is no usable coppice.cfg: Not Found" in result.console
    assert "Press a key" in result.output and "not finished after 40 s" in result.output
