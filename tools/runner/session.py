# SPDX-License-Identifier: GPL-2.0-only
"""One emulator process, watched until it ends by itself, says that it is done, or is too late."""
import ctypes
import os
import selectors
import signal
import subprocess
import time

POWER_OFF = "coppice: power-off"
BOTH = " && "
LINGER_SECONDS = 0.5
PR_SET_PDEATHSIG = 1


def die_with_parent():
    """However the runner ends, its emulator does not stay behind."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Session:
    """Runs a command, feeds its console, and answers it where the caller wants to.

    replies: (text, answer) pairs; when the text shows up on the console the answer is typed, each
    once and in this order. "A && B" waits for both texts, in whatever order they come. stop_at:
    beginnings of lines that end the run; before_end is called then, while the machine is still
    there.
    """

    def __init__(self, command, run_dir, console, replies=(), stop_at=(), before_end=None, fds=()):
        self.command = command
        self.run_dir = run_dir
        self.console = console
        self.replies = list(replies)
        self.stop_at = tuple(stop_at)
        self.before_end = before_end
        self.fds = fds              # what the command inherits
        self.seen = ""

    def run(self, timeout, terminal=None):
        """How it ended ('ended', 'timeout', 'stopped') and the exit status.

        The console is the process's standard input and output, or the given pseudo terminal's
        file descriptor.
        """
        with open(self.run_dir / "qemu.log", "wb") as log:
            process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stderr=log,
                                       preexec_fn=die_with_parent, pass_fds=self.fds,
                                       stdout=log if terminal else subprocess.PIPE)
            reader = terminal or process.stdout.fileno()
            writer = terminal or process.stdin.fileno()
            try:
                how = self._watch(process, time.monotonic() + timeout, reader, writer)
                if how == "stopped" and self.before_end:
                    self._linger(reader, writer)
                    self.before_end()
            finally:
                self._end(process)
        return how, process.returncode

    def _watch(self, process, deadline, reader, writer):
        selector = selectors.DefaultSelector()
        selector.register(reader, selectors.EVENT_READ)
        while time.monotonic() < deadline:
            over = process.poll() is not None   # asked before reading: what it said last counts
            data = None
            if selector.select(0 if over else min(0.2, max(0.0, deadline - time.monotonic()))):
                data = self._read(reader)
            if data:
                self._take(data, writer)
            if self._said_stop():
                return "stopped"
            if over and not data or data == b"":
                return "ended"
        return "timeout"

    @staticmethod
    def _read(reader):
        try:
            return os.read(reader, 65536)
        except OSError:     # a pseudo terminal whose other side has been closed
            return b""

    def _said_stop(self):
        return any(l.startswith(self.stop_at) for l in self.console.lines[-50:])

    def _linger(self, reader, writer):
        """Take what is said behind the line that ends the run."""
        selector = selectors.DefaultSelector()
        selector.register(reader, selectors.EVENT_READ)
        until = time.monotonic() + LINGER_SECONDS
        while time.monotonic() < until:
            if selector.select(LINGER_SECONDS / 5):
                data = self._read(reader)
                if not data:
                    return
                self._take(data, writer)

    def _take(self, data, writer):
        self.console.feed(data)
        self.seen += data.decode("utf-8", "replace")
        while self.replies:
            ends = [self.seen.find(t) + len(t) if t in self.seen else None
                    for t in self.replies[0][0].split(BOTH)]
            if None in ends:
                return
            self.seen = self.seen[max(ends):]
            os.write(writer, self.replies.pop(0)[1].encode())

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
