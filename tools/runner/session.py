# SPDX-License-Identifier: GPL-2.0-only
"""One emulator process, watched until it ends by itself, says that it is done, or is too late."""
import os
import selectors
import subprocess
import time

POWER_OFF = "coppice: power-off"


class Session:
    """Runs a command, feeds its console, and answers it where the caller wants to.

    replies: (text, answer) pairs; when the text shows up on the console the answer is typed, each
    once and in this order.
    """

    def __init__(self, command, run_dir, console, replies=(), stop_at=None):
        self.command = command
        self.run_dir = run_dir
        self.console = console
        self.replies = list(replies)
        self.stop_at = stop_at      # a line that ends the run, for machines that cannot power off
        self.seen = ""

    def run(self, timeout, source=None):
        """'ended' with the exit status, or 'timeout', 'stopped'. source: a file to follow
        instead of the process's standard output."""
        with open(self.run_dir / "qemu.log", "wb") as log:
            process = subprocess.Popen(self.command, stdin=subprocess.PIPE,
                                       stdout=log if source else subprocess.PIPE, stderr=log)
            try:
                how = self._watch(process, time.monotonic() + timeout, source)
            finally:
                self._end(process)
        return how, process.returncode

    def _watch(self, process, deadline, source):
        read = self._follow(source) if source else self._pipe(process)
        while time.monotonic() < deadline:
            data = read(min(0.2, max(0.0, deadline - time.monotonic())))
            if data:
                self._take(process, data)
                if self.stop_at and self._said_stop():
                    return "stopped"
            elif data is None or (source and process.poll() is not None):
                return "ended"
        return "timeout"

    def _said_stop(self):
        return any(line.startswith(self.stop_at) for line in self.console.lines[-50:])

    def _take(self, process, data):
        self.console.feed(data)
        self.seen += data.decode("utf-8", "replace")
        while self.replies and self.replies[0][0] in self.seen:
            text, answer = self.replies.pop(0)
            self.seen = self.seen.split(text, 1)[1]
            process.stdin.write(answer.encode())
            process.stdin.flush()

    @staticmethod
    def _pipe(process):
        """A reader of the process's output: bytes, b'' if nothing came in time, None at its end."""
        selector = selectors.DefaultSelector()
        selector.register(process.stdout, selectors.EVENT_READ)

        def read(wait):
            if not selector.select(wait):
                return b""
            return os.read(process.stdout.fileno(), 65536) or None
        return read

    @staticmethod
    def _follow(path):
        """A reader of a file that somebody else appends to."""
        state = {"offset": 0}

        def read(wait):
            try:
                with open(path, "rb") as file:
                    file.seek(state["offset"])
                    data = file.read()
            except FileNotFoundError:
                data = b""
            state["offset"] += len(data)
            if not data:
                time.sleep(wait)
            return data
        return read

    @staticmethod
    def _end(process):
        """Leave no process behind, whatever happened."""
        try:
            process.stdin.close()
        except OSError:
            pass
        try:
            process.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            process.terminate()
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
