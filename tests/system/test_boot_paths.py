# SPDX-License-Identifier: GPL-2.0-only
"""Three ways in, one hypervisor: the same scenario gives the same report but for the boot section."""
import pytest

PATHS = {"bios": {}, "uefi-grub": {"firmware": "ovmf"}, "uefi-app": {"boot": "app"}}


def digest(report):
    """What must not depend on how we were booted: addresses and counts of exits do."""
    return {
        "functions": [(f["rid"], f["ids"]["vendor"], f["ids"]["device"]) for f in report["pci"]["functions"]
                      if int(f["class"], 16) >> 16 != 1],  # the boot disk or CD itself differs
        "pfs": [(p["rid"], p["driver"], p["num_vfs"], p["offset"], p["stride"], p["system_page_size"])
                for p in report["pfs"]],
        "vfs": [(v["pf"], v["index"], v["rid"], v["mac"]) for v in report["vfs"]],
        "vms": [(v["name"], v["state"], v["exit_status"]) for v in report["vms"]],
        "refusals": [(r["vm"], r["code"], r["rid"], tuple(r["missing"])) for r in report["refusals"]],
    }


@pytest.mark.parametrize("scenario", ["pair", "no-acs"])
@pytest.mark.parametrize("path", list(PATHS))
def test_a_scenario_succeeds_by_each_way_in(boot, scenario, path):
    result = boot(scenario, smp=2, **PATHS[path])
    assert result.returncode == 0, result.explain()


@pytest.mark.parametrize("scenario", ["pair", "no-acs"])
@pytest.mark.parametrize("path", ["uefi-grub", "uefi-app"])
def test_the_report_is_the_same_by_each_way_in(boot, scenario, path):
    bios = boot(scenario, smp=2, **PATHS["bios"]).report
    other = boot(scenario, smp=2, **PATHS[path]).report
    assert digest(other) == digest(bios)
    assert other["boot"]["firmware"] == "UEFI" and bios["boot"]["firmware"] == "BIOS"


def test_the_application_says_what_a_missing_config_is(boot, scenario_folder):
    """The application waits for a key, so the run times out; its console must say why."""
    folder = scenario_folder("app-bad-kernel", "option idle=poweroff\nvm name=a kernel=nothere.elf mem=16M\n",
                             expect='{ "vms": [ { "name": "a", "state": "refused" } ] }')
    result = boot(folder, smp=1, boot="app")
    assert result.returncode == 0, result.explain()
    assert "nothere.elf is not on this volume" in result.console
