# SPDX-License-Identifier: GPL-2.0-only
"""The monitor, driven over the serial line as a person would."""
import re

import machines
import pytest
import transcripts

PROMPT = "coppice> "
# A server without a client waits, so there is time to look at it, however long the typing takes.
CONFIG = """
option idle=monitor
vm name=b kernel=vfnet.elf mem=32M vf=igb0/1 cmdline="role=server timeout=100000"
vm name=h kernel=hello.elf mem=16M
"""
COMMANDS = ["help", "topology", "acs", "groups", "pf", "vf", "vf igb0/1", "vf igb0/1 cfg", "dmar igb0/1 1000",
            "dmar igb0/1 fee00000", "dmar igb0/0 0", "dmar walk igb0/1 1000", "dmar walk igb0/1 40000000",
            "dmar walk 00:03.0 0", "dmar run igb0/1 0", "dmar walk igb0/1", "dmar igb0/1 zz",
            "mbx trace", "mbx trace igb0/0", "mbx stop",
            "irq", "stats", "memory", "faults", "log",
            "report", "vf igb0/9", "vm start nobody", "stast", "acs please", "top\\t", "pf\\x7f\\x7facs",
            "console", "vm stop b", "vm", "vm start b", "vm list", "poweroff"]
# A person, too, waits until a VM is gone before starting it again, and until it runs before asking.
WAITS = {"vm": "stopped from the monitor", "vm list": "VM b has VF igb0/1", "poweroff": "VF 0: device 1"}


@pytest.fixture(scope="module")
def talk(boot, scenario_folder):
    """What the console said to each command, in order."""
    folder = scenario_folder("monitor", CONFIG, machines.IGB_MACHINE, '{ "end": "power-off" }')
    # From then on no VM speaks: its lines would have the prompt drawn anew, which looks like the next one.
    replies = ["[b] vfnet server on b && VM h ended with status 0=>\\r"]
    replies += [f"{WAITS.get(c, PROMPT)}=>{c}\\r" for c in COMMANDS]
    result = boot(folder, smp=2, timeout=240, reply=tuple(replies))
    assert result.returncode == 0, result.explain()
    answers, current = [], None
    for line in result.shown.split("\n"):
        line = line.rstrip("\r").rsplit("\r", 1)[-1]
        if line.startswith(PROMPT):
            current = [line[len(PROMPT):].lstrip("\b")]
            answers.append(current)
        elif current is not None:
            current.append(line)
    return result, {a[0]: "\n".join(a[1:]) for a in answers}, answers


def test_every_command_of_help_is_there_and_each_was_tried(talk):
    listed = re.findall(r"^  ([a-z]+) ", talk[1]["help"], re.MULTILINE)
    assert len(listed) >= 14
    tried = {c.split()[0] for c in COMMANDS} | {"features", "crash"}   # crash: test_crash.py
    assert set(listed) <= tried


def test_the_tree_names_the_owner_of_a_vf(talk):
    assert re.search(r"igb0/1, assigned to b, 52:5", talk[1]["topology"])


def test_acs_and_groups_show_what_isolates(talk):
    assert re.search(r"0000:00:03\.0 +root port +on: SV RR CR UF.*missing: -", talk[1]["acs"])
    groups = dict(re.findall(r"group (\d+) +(0000:01:\S+)", talk[1]["groups"]))
    assert len(groups) == 8, "each function of the card is alone in its group"


def test_the_config_lens_shows_device_guest_and_source(talk):
    assert re.search(r"0x00  ffffffff 10ca8086  PF \*", talk[1]["vf igb0/1 cfg"])


def test_the_dma_walk_tells_where_an_address_goes_and_what_is_blocked(talk):
    assert re.search(r"0000:01:10\.2 -> domain \d+ of VM b -> 0x[0-9a-f]+000, read write", talk[1]["dmar igb0/1 1000"])
    assert "0xfee00000 is not mapped: blocked" in talk[1]["dmar igb0/1 fee00000"]
    assert "parking domain, which maps nothing: blocked" in talk[1]["dmar igb0/0 0"]


def test_the_table_walk_shows_each_entry_and_the_fault_it_would_give(talk):
    walk = talk[1]["dmar walk igb0/1 1000"]
    assert re.search(r"its domain is \d+, b$", walk, re.MULTILINE)
    tables = re.findall(r"^  (root table, bus 01|context table, 10\.2|level \d, entry \d+) +at 0x\w+: \w{16}", walk,
                        re.MULTILINE)
    assert tables[:3] == ["root table, bus 01", "context table, 10.2", "level 4, entry 0"]
    to = talk[1]["dmar igb0/1 1000"].split("-> ")[-1].split(",")[0]
    assert f"= {to}, read write, in a page of 0x200000 bytes" in walk, "both ways of asking say the same"
    beyond = talk[1]["dmar walk igb0/1 40000000"]
    assert "a write would be blocked: no write permission: the page is not mapped" in beyond
    assert "(fault 0x05)" in beyond and "(fault 0x06)" in beyond
    assert "level 4" in talk[1]["dmar walk 00:03.0 0"], "any Requester ID, not only VFs"
    assert "expected: dmar [walk]" in talk[1]["dmar run igb0/1 0"]
    assert "expected: dmar [walk]" in talk[1]["dmar walk igb0/1"]
    assert "address such as 1000, not 'zz'" in talk[1]["dmar igb0/1 zz"]


def test_the_mailbox_trace_tells_the_handshake_in_words(talk):
    trace = talk[1]["mbx trace"]
    asked = re.search(r"igb0/1 -> PF  00000001 VF_RESET$", trace, re.MULTILINE)
    answered = re.search(r"igb0/1 <- PF  80000001 VF_RESET, ACK$", trace, re.MULTILINE)
    assert asked and answered and asked.start() < answered.start(), trace
    assert "no message was kept" in talk[1]["mbx trace igb0/0"]
    assert "expected: mbx trace" in talk[1]["mbx stop"]


def test_routes_lead_from_the_vf_to_the_vcpu(talk):
    assert re.search(r"igb0/1 +vector 0 -> IRTE \d+ -> core \d+ vector 0x\w\w -> b vCPU 0", talk[1]["irq"])


def test_mistakes_are_answered_with_what_is_expected(talk):
    assert "igb0 has VFs igb0/0 to igb0/6" in talk[1]["vf igb0/9"]
    assert "no VM 'nobody'" in talk[1]["vm start nobody"]
    assert "did you mean stats?" in talk[1]["stast"]
    assert "expected: acs" in talk[1]["acs please"]


def test_tab_and_backspace_work(talk):
    commands = [a[0] for a in talk[2]]
    assert commands.count("topology") == 2, commands
    assert commands.count("acs") == 2, commands


def test_a_vm_is_stopped_and_started_again_with_its_vf(talk):
    console = talk[0].console
    assert "VM b ended with status -1: stopped from the monitor" in console
    assert console.split("vm stop b")[1].count("[b] vfnet server on b") == 1
    assert re.search(r"^b +running", talk[1]["vm list"], re.MULTILINE)
    assert console.split("vm stop b")[1].count("VM b has VF igb0/1") == 1


def test_reports_say_why_they_were_written(talk):
    raw = (talk[0].folder / "report.raw").read_bytes()
    assert [e for e in (b"boot", b"monitor", b"power-off") if b'"end":"' + e + b'"' in raw] == \
        [b"boot", b"monitor", b"power-off"]


def test_the_transcript_of_the_monitor_is_what_it_shows(talk):
    commands = ["topology", "acs", "groups", "pf", "vf", "vf igb0/1 cfg", "dmar igb0/1 1000", "dmar igb0/1 fee00000",
                "dmar walk igb0/1 1000", "dmar walk igb0/1 40000000", "mbx trace", "irq", "vf igb0/9", "stast"]
    first = {}
    for command, *lines in talk[2]:
        first.setdefault(command, "\n".join(lines).strip("\n"))
    transcripts.check("monitor", "\n".join(f"{PROMPT}{c}\n{first[c]}" for c in commands))
