# SPDX-License-Identifier: GPL-2.0-only
"""The serial console of a run: kept raw, shown as it comes, split by VM."""
import re

ESCAPES = re.compile(rb"\x1b(?:\[[0-9;?]*[A-Za-z]|[()][A-Z0-9]|[=>c])")
# What GRUB prints last. Firmware and boot loader talk before it: that is logged but not shown.
BOOTING = "Booting `Coppice'"
VM_LINE = re.compile(r"^\[([A-Za-z0-9_.-]+)\] ?(.*)$")


class Console:
    """Takes the bytes of COM1. A VM's line is '[name] text' and goes to vm-<name>.log as well."""

    def __init__(self, run_dir, names, show):
        self.raw = open(run_dir / "console.log", "wb")
        self.logs = {n: open(run_dir / f"vm-{n}.log", "w", encoding="utf-8") for n in names}
        self.show = show
        self.partial = b""
        self.lines = []
        self.booting = False
        self.in_report = False

    def feed(self, data):
        """Take what came; whole lines are shown at once."""
        self.raw.write(data)
        self.raw.flush()
        *whole, self.partial = (self.partial + data).split(b"\n")
        for line in whole:
            self._take(line)

    def _take(self, line):
        text = ESCAPES.sub(b"", line).decode("utf-8", "replace").strip("\r")
        self.lines.append(text)
        if not self.booting:
            self.booting = BOOTING in text
            return
        if self._is_of_report(text):
            return
        match = VM_LINE.match(text)
        if match and match[1] in self.logs:
            self.logs[match[1]].write(match[2] + "\n")
        self.show(text)

    def _is_of_report(self, text):
        """A report among the lines ('option report=com1') is for report.json, not for the eye."""
        inside = self.in_report = self.in_report or text.startswith("COPPICE-REPORT-BEGIN")
        if text.startswith("COPPICE-REPORT-END"):
            self.in_report = False
        return inside

    def last_line(self):
        """The last thing said, for those who ask where it hangs."""
        if self.partial.strip():
            return ESCAPES.sub(b"", self.partial).decode("utf-8", "replace").strip()
        return next((l for l in reversed(self.lines) if l.strip()), "nothing at all")

    def close(self):
        """Write what is left."""
        if self.partial:
            self._take(self.partial)
            self.partial = b""
        for log in (self.raw, *self.logs.values()):
            log.close()
