# SPDX-License-Identifier: GPL-2.0-only
"""The consoles of VMs on the one serial line, used as a person would: Ctrl-] and typing."""
import re

import pytest
import transcripts

NEXT = "\x1d"
CONFIG = """
option idle=monitor
vm name=b kernel=hello.elf mem=16M cmdline="do=echo"
vm name=c kernel=hello.elf mem=4M cmdline="do=watch=3"
"""
# What shows up => what is then typed. VM c lives for 3 s, however long the typing takes: so its first life is
# over before, and its second one begins where it has to.
TALK = [
    ("[b] RAM is wiped && VM c ended", "\r"),
    ("coppice> ", "vm" + NEXT),                     # half a command stays where it is
    ("say: ", "hey"),
    ("hey", "\r"),
    ("you said hey", NEXT),
    ("console of VM c", NEXT),
    ("coppice> vm", " list\r"),
    ("coppice> ", "console mode focused; vm start c; vm console b\r"),
    ("say: ", "bye\r"),
    ("VM b ended && VM c ended", NEXT),
    ("0 words changed", NEXT),
    ("coppice> ", "vm destroy b\r"),
    ("coppice> ", "vm start b\r"),
    ("coppice> ", "vm\r"),
    ("coppice> ", "poweroff\r"),
]


@pytest.fixture(scope="module")
def run(boot, scenario_folder):
    """The run, and what the terminal showed without its control sequences."""
    folder = scenario_folder("consoles", CONFIG, expect='{ "end": "power-off" }')
    replies = [f"{text}=>{keys}".encode("unicode_escape").decode() for text, keys in TALK]
    result = boot(folder, smp=2, timeout=240, reply=tuple(replies))
    assert result.returncode == 0, result.explain()
    return result, result.shown


def part(shown, start, end):
    """What lies between two texts."""
    assert start in shown, shown
    return shown.split(start, 1)[1].split(end, 1)[0]


def test_a_vm_in_focus_shows_what_it_said_before_and_echoes_each_key(run):
    first = part(run[1], "--- console of VM b", "--- console of VM c")
    assert "hello from b" in first, "its recent output"
    assert "say: hey\nyou said hey\n" in first, "byte for byte, without a name before it"


def test_the_names_stand_before_the_lines_of_those_who_are_not_in_focus(run):
    before = run[1].split("The monitor listens")[0]
    assert "[b] hello from b" in before and "[c] hello from c" in before


def test_ctrl_bracket_goes_round_and_keeps_a_half_typed_command(run):
    order = re.findall(r"--- (?:console of VM (\w)|the (monitor))", run[1])
    assert [a or b for a, b in order] == ["b", "c", "monitor", "b", "c", "monitor"]
    assert re.search(r"^coppice> vm list$", run[1], re.MULTILINE)


def test_mode_focused_keeps_the_lines_of_others_until_they_are_in_focus(run):
    before, after = run[1].split("console mode focused: ")[1].split("--- console of VM c")
    assert "[c]" not in before + after
    assert "0 words changed" in after


def test_the_log_has_what_the_guest_said_whoever_was_in_focus(run):
    assert "say: bye" not in run[0].vm_log("b"), "shown raw, so not once more with its name"
    assert run[0].report["end"] == "power-off"


def test_a_destroyed_vm_is_gone_for_good_but_its_figures_stay(run):
    after = run[1].split("vm destroy b")[1]
    assert "no VM 'b'" in after
    listed = after.split("coppice> vm\n")[1]
    assert re.search(r"^c +ended", listed, re.MULTILINE)
    assert not re.search(r"^b .*hello\.elf", listed, re.MULTILINE)
    assert run[0].vm("b")["exit_status"] == 0


def test_the_transcript_of_the_consoles_is_what_they_show(run):
    shown = "The monitor listens" + part(run[1], "The monitor listens", "console mode focused: ")
    transcripts.check("consoles", re.sub(r"\n+\n", "\n", shown).rsplit("\n", 1)[0])


def test_a_shell_of_a_stock_kernel_is_used_through_its_console(boot):
    result = boot("linux-shell", smp=2, timeout=240, reply=(
        "a shell=>\\x1d", "# =>echo $((6*7)) is the answer\\r", "42 is=>grep ttyS0 /proc/interrupts\\r",
        "4-edge=>sleep 60\\r", "sleep 60=>\\x03", "# =>exit\\r"))
    assert result.returncode == 0, result.explain()
    shown = result.shown
    assert "\n42 is the answer\n" in shown, "raw, as the guest wrote it"
    interrupts = re.search(r"^ +\d+: +(\d+) .*ttyS0", shown, re.MULTILINE)
    assert interrupts and int(interrupts[1]) >= len("echo $((6*7)) is the answer\r")
    assert "PASS the shell was left" in shown, "Ctrl-C ended 'sleep', 'exit' the shell"
