# SPDX-License-Identifier: GPL-2.0-only
"""A crash of the hypervisor: its record (base/crash.h), read from the memory of the machine."""
import json
import re
import socket
import struct

STOPPED = "coppice: stopped; the crash record is at physical 0x"
RECORD_BYTES = 4096
LAYOUT = struct.Struct("<QIIQ6Q16QQQ32s256s")
NAMES = ("magic", "version", "cpu", "vector", "error_code", "rip", "rsp", "rflags", "cr2", "cr3",
         *(f"gpr{i}" for i in range(16)), "exit_reason", "guest_rip", "vm", "text")
MAGIC = int.from_bytes(b"COPCRASH", "little")
ANSWER_SECONDS = 10


def decode(data):
    """The record's fields by name, or None if there is no record in the bytes."""
    if len(data) < LAYOUT.size:
        return None
    fields = dict(zip(NAMES, LAYOUT.unpack_from(data)))
    for name in ("vm", "text"):
        fields[name] = fields[name].split(b"\0")[0].decode("utf-8", "replace")
    return fields if fields["magic"] == MAGIC else None


class Control:
    """QEMU's own monitor (QMP) over a pair of sockets: no name that could be too long or in use."""

    def __init__(self):
        self.ours, self.theirs = socket.socketpair()
        self.ours.settimeout(ANSWER_SECONDS)
        self.fd = self.theirs.fileno()
        self.arguments = ["-chardev", f"socket,id=control,fd={self.fd}",
                          "-mon", "chardev=control,mode=control"]

    def save_memory(self, address, size, path):
        """Write physical memory to a file; false if the machine does not answer."""
        self.theirs.close()
        try:
            stream = self.ours.makefile("rw", encoding="utf-8")
            for command, arguments in (
                    ("qmp_capabilities", {}),
                    ("pmemsave", {"val": address, "size": size, "filename": str(path)})):
                stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
                stream.flush()
                if not self._succeeded(stream):
                    return False
        except OSError:
            return False
        return True

    @staticmethod
    def _succeeded(stream):
        """The answer to a command; greeting and events come between."""
        for line in stream:
            answer = json.loads(line)
            if "return" in answer or "error" in answer:
                return "return" in answer
        return False

    def close(self):
        """Nobody will ask any more."""
        self.ours.close()
        self.theirs.close()


def save_record(control, lines, run_dir):
    """Keep the record that the console told of as crash.bin, where the machine can be asked."""
    told = next((line for line in reversed(lines) if line.startswith(STOPPED)), None)
    if control and told:
        address = int(re.match(r"[0-9a-f]+", told[len(STOPPED):])[0], 16)
        control.save_memory(address, RECORD_BYTES, run_dir / "crash.bin")


def describe(lines, run_dir):
    """What a person wants to know first: the words of the record, else those of the console."""
    path = run_dir / "crash.bin"
    record = decode(path.read_bytes()) if path.is_file() else None
    if record is None:
        said = (line for line in reversed(lines) if line.startswith("coppice: crash on cpu"))
        return next(said, "coppice: crash") + " (console.log has all of it)"
    vm = f", VM {record['vm']} ran there" if record["vm"] else ""
    return f"coppice crashed on CPU {record['cpu']}: {record['text']}{vm}; its record: {path}"
