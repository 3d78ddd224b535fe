# SPDX-License-Identifier: GPL-2.0-only
"""'make console' on a terminal of its own, with somebody at the keys."""
import json
import os
import pty
import select
import subprocess
import time

import coppice_run
import pytest

CONFIG = """
option idle=monitor
vm name=a kernel=hello.elf mem=16M cmdline="do=echo"
"""
PATIENCE = 120


class Terminal:
    """A command on a pseudo terminal."""

    def __init__(self, command):
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave,
                                        cwd=coppice_run.ROOT, start_new_session=True)
        os.close(slave)
        self.shown = ""

    def wait_for(self, text):
        """Read until the text shows up; what came until then is used up."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.shown:
            assert time.monotonic() < deadline, f"no '{text}' in: {self.shown[-2000:]}"
            if select.select([self.master], [], [], 0.2)[0]:
                try:
                    self.shown += os.read(self.master, 65536).decode(errors="replace")
                except OSError:     # the other side has been closed
                    assert text in self.shown, self.shown[-2000:]
        before, self.shown = self.shown.split(text, 1)
        return before

    def type(self, keys):
        """One key after the other, as hands do."""
        for key in keys:
            os.write(self.master, key.encode())
            time.sleep(0.01)

    def exit_status(self):
        """When the command has ended by itself."""
        return self.process.wait(PATIENCE)

    def close(self):
        """However the test went, neither the command nor its emulator stays behind."""
        self.process.kill()
        self.process.wait()
        os.close(self.master)


@pytest.fixture
def terminal(scenario_folder, tmp_path):
    opened = Terminal([*coppice_run.RUNNER, "console", "--build", str(coppice_run.BUILD), "--target", "vtx",
                       "--smp", "1", "--scenario", str(scenario_folder("console", CONFIG)),
                       "--run-dir", str(tmp_path / "run")])
    yield opened
    opened.close()


def test_ctrl_bracket_leads_to_a_vm_and_back_and_poweroff_ends_it(terminal, tmp_path):
    terminal.wait_for("Ctrl-a x leaves")
    terminal.wait_for("[a] RAM is wiped")
    terminal.type("\x1d")
    terminal.wait_for("console of VM a")
    terminal.wait_for("say: ")      # said before; a line without an end waits for its reader
    terminal.type("hey\r")
    terminal.wait_for("you said hey")
    terminal.type("\x1d")
    terminal.wait_for("coppice> ")
    terminal.type("topo\t\r")
    terminal.wait_for("host bridge")
    terminal.type("vm list\r")
    terminal.wait_for("running")
    terminal.type("\x03poweroff\r")     # Ctrl-C is the guest's and the monitor's, not the runner's
    terminal.wait_for("logs in ")
    assert terminal.exit_status() == 0
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    assert report["end"] == "power-off"
    assert "you said hey" in (tmp_path / "run" / "console.log").read_text()


def test_ctrl_a_x_leaves_at_any_time(terminal):
    terminal.wait_for("[a] RAM is wiped")
    terminal.type("\x01x")
    terminal.wait_for("logs in ")
    assert terminal.exit_status() == 0
