# SPDX-License-Identifier: GPL-2.0-only
"""docs/tutorial.md is tried as it stands: its guest is built, its scenario is run."""
import pathlib
import re
import shutil
import subprocess

import pytest

import coppice_run

ROOT = pathlib.Path(__file__).resolve().parents[2]
TREE = ["Makefile", "mk", "base", "guests", "tools"]  # what building a guest needs


def files_of_tutorial():
    """The fenced blocks behind '<!-- test: path -->'."""
    text = (ROOT / "docs" / "tutorial.md").read_text()
    blocks = re.findall(r"<!-- test: (\S+) -->\n```\w*\n(.*?)```", text, re.DOTALL)
    assert {path for path, _ in blocks} == {"guests/mine/mine.c", "mine/coppice.cfg",
                                            "mine/machine.args"}
    return dict(blocks)


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A copy of the tree with the tutorial's files in it, and its guest built."""
    place = tmp_path_factory.mktemp("tutorial")
    for name in TREE:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, place / name)
        else:
            shutil.copy(source, place / name)
    for path, text in files_of_tutorial().items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_text(text)
    subprocess.run(["make", "-C", str(place), "guests", f"BUILD={place}/build"], check=True,
                   stdout=subprocess.DEVNULL)
    return place


def run(place, label, change=lambda text: text):
    """Run the tutorial's scenario, perhaps broken on purpose."""
    folder = place / label
    shutil.copytree(place / "mine", folder, dirs_exist_ok=True)
    for name in ("coppice.cfg", "machine.args"):
        (folder / name).write_text(change((folder / name).read_text()))
    shutil.copy(place / "build" / "guests" / "mine.elf", folder)
    return coppice_run.run(folder, f"tutorial-{label}")


def test_the_guest_of_the_tutorial_meets_its_twin(workplace):
    result = run(workplace, "as-it-stands")
    assert result.returncode == 0, result.explain()
    for name in ("left", "right"):
        assert "I am not alone" in result.vm_log(name)


def test_without_acs_both_are_refused_and_the_bits_are_named(workplace):
    result = run(workplace, "no-acs", lambda t: t.replace("addr=3.0", "addr=3.0,disable-acs=on"))
    assert [vm["state"] for vm in result.report["vms"]] == ["refused", "refused"]
    assert "SV RR CR UF" in result.console


def test_without_an_iommu_both_are_refused(workplace):
    result = run(workplace, "no-iommu", lambda t: t.replace("-device intel-iommu,intremap=on", ""))
    assert [vm["state"] for vm in result.report["vms"]] == ["refused", "refused"]


def test_the_second_to_ask_for_a_vf_is_told_who_has_it(workplace):
    result = run(workplace, "twice",
                 lambda t: t.replace("vf=net,mac=02:00:00:00:00:22", "vf=igb0/0"))
    assert [vm["state"] for vm in result.report["vms"]][1] == "refused"
    assert "left" in result.vm("right")["end_text"], result.vm("right")
