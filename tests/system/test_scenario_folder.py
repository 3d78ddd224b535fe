# SPDX-License-Identifier: GPL-2.0-only
"""What the runner reads from a scenario's folder."""
import pathlib

import pytest

from runner import scenario
from runner.main import join_values

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_machine_args_are_shell_words_with_comments_over_many_lines():
    text = '# the IOMMU\n-device intel-iommu # first\n\n-drive "file=a b.img,if=none"\n'
    assert scenario.parse_machine_args(text, "/r") == [
        "-device", "intel-iommu", "-drive", "file=a b.img,if=none"]


def test_machine_args_know_the_run_folder():
    assert scenario.parse_machine_args("-drive file=$RUN/d.img -x ${RUN}", "/r/x") == [
        "-drive", "file=/r/x/d.img", "-x", "/r/x"]


def test_an_open_quote_in_machine_args_is_named():
    with pytest.raises(scenario.ScenarioError, match="machine.args.*quotation"):
        scenario.parse_machine_args('-device "igb', "/r")


def test_kernels_and_initrds_are_found_once_each_and_not_in_comments():
    config = ("# vm name=x kernel=no.elf\noption idle=poweroff\n"
              "vm name=a kernel=k.elf initrd=i.img cmdline=\"kernel-like #1\" # kernel=no.elf\n"
              "vm name=b kernel=k.elf initrd=\"a b#c\"\n")
    assert scenario.named_files(config) == ["k.elf", "i.img", "a b#c"]
    assert scenario.vm_names(config) == ["a", "b"]


def test_the_scenario_folder_comes_before_the_built_guests(scenario_folder, tmp_path):
    build = tmp_path / "build"
    (build / "guests").mkdir(parents=True)
    folder = scenario_folder("s", "vm name=a kernel=k.elf initrd=i mem=1M\n")
    (folder / "k.elf").write_text("mine")
    for name in ("k.elf", "i"):
        (build / "guests" / name).write_text("built")
    found, missing = scenario.load(str(folder), ROOT).find_files(build)
    assert [(n, p.read_text()) for n, p in found] == [("k.elf", "mine"), ("i", "built")]
    assert missing == []


def test_a_file_that_is_nowhere_is_listed_with_the_places_looked_at(scenario_folder, tmp_path):
    folder = scenario_folder("s", "vm name=a kernel=k.elf\n")
    _, missing = scenario.load(str(folder), ROOT).find_files(tmp_path / "build")
    assert missing == [("k.elf", [folder / "k.elf", tmp_path / "build" / "guests" / "k.elf"])]


def test_what_the_setup_script_has_made_comes_before_everything_else(scenario_folder, tmp_path):
    folder = scenario_folder("s", "vm name=a kernel=vmlinuz initrd=i\n")
    (folder / "i").write_text("the folder's")
    script = folder / "machine.setup"
    script.write_text("#!/bin/sh\necho prepared >vmlinuz\n")
    script.chmod(0o755)
    run_dir = tmp_path / "run"
    run_dir.mkdir()
    loaded = scenario.load(str(folder), ROOT)
    loaded.run_setup(run_dir)
    found, missing = loaded.find_files(tmp_path / "build")
    assert [(n, p.read_text()) for n, p in found] == [("vmlinuz", "prepared\n"),
                                                     ("i", "the folder's")]
    assert missing == []


def test_run_options_are_not_part_of_the_pattern(scenario_folder):
    only_options = scenario_folder("s", "", expect='{"run": {"timeout": 7, "smp": 1}}')
    loaded = scenario.load(str(only_options), ROOT)
    assert loaded.expect is None and loaded.timeout == 7
    both = scenario_folder("t", "", expect='{"run": {"timeout": 7}, "vms": []}')
    assert scenario.load(str(both), ROOT).expect == {"vms": []}


def test_a_broken_expectation_is_named_with_its_line(scenario_folder):
    folder = scenario_folder("s", "", expect='{\n "vms": [,]\n}')
    with pytest.raises(scenario.ScenarioError, match=r"expect\.json:2:10"):
        scenario.load(str(folder), ROOT)


def test_an_unknown_scenario_says_which_there_are():
    with pytest.raises(scenario.ScenarioError, match="there are: .*hello"):
        scenario.load("no-such-scenario", ROOT)


def test_a_failing_setup_script_stops_the_run_and_names_its_log(scenario_folder, tmp_path):
    folder = scenario_folder("s", "")
    script = folder / "machine.setup"
    script.write_text("#!/bin/sh\necho $RUN; pwd; exit 3\n")
    script.chmod(0o755)
    run_dir = tmp_path / "run"
    run_dir.mkdir()
    with pytest.raises(scenario.ScenarioError, match="status 3.*setup.log"):
        scenario.load(str(folder), ROOT).run_setup(run_dir)
    assert (run_dir / "setup.log").read_text() == f"{run_dir}\n{run_dir}\n"


def test_option_values_may_begin_with_a_dash():
    assert join_values(["run", "--qemu-args", "-S -s", "--smp", ""]) == [
        "run", "--qemu-args=-S -s", "--smp="]


@pytest.mark.parametrize("folder", sorted(p.parent.name for p in ROOT.glob("scenarios/*/coppice.cfg")))
def test_every_scenario_of_the_tree_can_be_loaded(folder):
    loaded = scenario.load(folder, ROOT)
    assert loaded.vm_names
    loaded.machine_args("/run")
