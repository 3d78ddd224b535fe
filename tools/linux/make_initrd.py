#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Make an initial RAM disk: BusyBox, some of a kernel's own modules, and the scripts of a folder.

The same input gives the same bytes: names sorted, no times, no owners.

usage: make_initrd.py --busybox FILE --modules LIB_MODULES_VERSION --scripts FOLDER
                      --output FILE NAME...      NAME: modules, what they depend on comes along
"""
import argparse
import gzip
import io
import lzma
import pathlib
import re
import sys

ROOT_FOLDERS = ("bin", "boot", "dev", "etc", "lib", "lib/modules", "proc", "sys", "tests", "tmp")
DIRECTORY, FILE = 0o040755, 0o100755


class InitrdError(Exception):
    """Something that was asked for is not there."""


def newc_entry(name, mode, data, inode):
    """One entry of the format that Documentation/driver-api/early-userspace/buffer-format.rst has.
    """
    links = 2 if mode == DIRECTORY else 1
    raw_name = name.encode() + b"\0"
    fields = (inode, mode, 0, 0, links, 0, len(data), 0, 0, 0, 0, len(raw_name), 0)
    out = b"070701" + b"".join(b"%08X" % f for f in fields) + raw_name
    out += b"\0" * (-len(out) % 4)
    return out + data + b"\0" * (-len(data) % 4)


def archive(files):
    """A cpio archive of {name: bytes}; folders first, all sorted."""
    out = io.BytesIO()
    entries = [(name, DIRECTORY, b"") for name in sorted(ROOT_FOLDERS)]
    entries += [(name, FILE, files[name]) for name in sorted(files)]
    for inode, (name, mode, data) in enumerate(entries, 1):
        out.write(newc_entry(name, mode, data, inode))
    out.write(newc_entry("TRAILER!!!", 0, b"", 0))
    return out.getvalue()


def read_module(path):
    """The module as insmod takes it: Debian 13 compresses them, the signature stays."""
    data = path.read_bytes()
    return lzma.decompress(data) if path.suffix == ".xz" else data


def module_name(path):
    """igbvf for .../igbvf.ko.xz; '-' and '_' are the same to the kernel."""
    return re.sub(r"\.ko(\.xz)?$", "", path.name).replace("-", "_")


def dependencies(data):
    """Names that 'depends=' in the module's .modinfo lists."""
    match = re.search(rb"\0depends=([^\0]*)\0", data)
    return [n.replace("-", "_") for n in match[1].decode().split(",") if n] if match else []


def collect_modules(folder, wanted):
    """{name: bytes} and the order in which they can be inserted. What is built in is passed over."""
    paths = {module_name(p): p for p in folder.rglob("*.ko*")}
    data, order = {}, []

    def visit(name):
        if name in data or name not in paths:
            return
        data[name] = read_module(paths[name])
        for other in dependencies(data[name]):
            if other not in paths:
                raise InitrdError(f"module {name} needs {other}, which is not in {folder}")
            visit(other)
        order.append(name)

    for name in wanted:
        visit(name.replace("-", "_"))
    return data, order


def needs_of(name, data):
    """All that must be inserted before `name`, in order, itself last."""
    seen = []

    def visit(one):
        for other in dependencies(data[one]):
            visit(other)
        if one not in seen:
            seen.append(one)

    visit(name)
    return seen


def main(argv):
    """Write the archive."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--busybox", required=True, type=pathlib.Path)
    parser.add_argument("--modules", required=True, type=pathlib.Path)
    parser.add_argument("--scripts", required=True, type=pathlib.Path)
    parser.add_argument("--output", required=True, type=pathlib.Path)
    parser.add_argument("--file", action="append", default=[], metavar="NAME=PATH",
                        help="one more file, with its name in the RAM disk")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args(argv)
    data, order = collect_modules(options.modules, options.names)
    files = {f"lib/modules/{name}.ko": data[name] for name in order}
    files.update({f"lib/modules/{name}.order": "".join(
        f"{n}\n" for n in needs_of(name, data)).encode() for name in order})
    files["bin/busybox"] = options.busybox.read_bytes()
    for path in sorted(options.scripts.glob("*.sh")):
        place = "init" if path.name == "init.sh" else f"tests/{path.name}"
        files[place] = path.read_bytes()
    for name, path in (word.split("=", 1) for word in options.file):
        files[name] = pathlib.Path(path).read_bytes()
    scratch = options.output.with_suffix(".new")
    scratch.write_bytes(gzip.compress(archive(files), compresslevel=6, mtime=0))
    scratch.replace(options.output)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except InitrdError as error:
        print(f"make_initrd: {error}", file=sys.stderr)
        sys.exit(1)
