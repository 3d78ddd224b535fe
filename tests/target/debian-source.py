#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Print an apt source (deb822) for another Debian suite, derived from the user's own apt sources.

The mirror, the keyring and the trust options stay the user's; only the suite changes. Nothing is
written: the caller puts the result into a private source list.

usage: debian-source.py SUITE TYPE...      e.g.  debian-source.py trixie deb deb-src
"""
import argparse
import pathlib
import re
import shlex
import sys

KEPT_OPTIONS = ("signed-by", "trusted", "check-valid-until", "allow-insecure")
DEBIAN_SUITES = ("bookworm", "trixie", "forky", "sid", "oldstable", "stable", "testing", "unstable")


def parse_one_line(text):
    """Entries of a sources.list: 'deb [option=value ...] URI SUITE COMPONENT...'."""
    for line in text.splitlines():
        match = re.match(r"\s*(deb|deb-src)\s+(?:\[([^]]*)\]\s+)?(\S+)\s+(\S+)\s+([^#]+)", line)
        if not match:
            continue
        options = dict(o.split("=", 1) for o in shlex.split(match[2] or "") if "=" in o)
        yield {"uris": [match[3]], "suites": [match[4]], "components": match[5].split(),
               "options": {k.lower(): v for k, v in options.items()}}


def parse_deb822(text):
    """Entries of a *.sources file: stanzas of 'Field: value', continued by indented lines."""
    text = "\n".join(l for l in text.splitlines() if not l.startswith("#"))
    for stanza in re.split(r"\n[ \t]*\n", text):
        fields, name = {}, None
        for line in stanza.splitlines():
            if line[:1] in (" ", "\t") and name:
                fields[name] += "\n" + line
            elif ":" in line:
                name, value = line.split(":", 1)
                name = name.strip().lower()
                fields[name] = value.strip()
        if fields.get("enabled", "yes").lower() in ("no", "false", "0", "off"):
            continue
        if fields.get("uris"):
            yield {"uris": fields["uris"].split(), "suites": fields.get("suites", "").split(),
                   "components": fields.get("components", "").split(),
                   "options": {k: v for k, v in fields.items() if k in KEPT_OPTIONS}}


def read_sources(etc):
    """All entries of the user's apt configuration, in the order in which apt reads the files."""
    files = [etc / "sources.list"] + sorted((etc / "sources.list.d").glob("*"))
    for path in files:
        if path.suffix not in (".list", ".sources") or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        yield from parse_deb822(text) if path.suffix == ".sources" else parse_one_line(text)


def find_mirror(entries):
    """The first entry that serves the main archive of a Debian release, and its usable URI."""
    for entry in entries:
        if "main" not in entry["components"]:
            continue
        if not any(s.split("/")[0] in DEBIAN_SUITES for s in entry["suites"]):
            continue
        for uri in entry["uris"]:
            if not uri.startswith("cdrom:") and "security" not in uri:
                return entry, uri
    return None, None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("suite")
    parser.add_argument("types", nargs="+", choices=("deb", "deb-src"))
    parser.add_argument("--etc", default="/etc/apt", type=pathlib.Path)
    args = parser.parse_args()
    entry, uri = find_mirror(read_sources(args.etc))
    if not entry:
        sys.exit(f"debian-source: no Debian mirror in {args.etc}/sources.list or "
                 f"{args.etc}/sources.list.d/ (looked for an entry with component 'main' of "
                 "bookworm, trixie, stable, ...). Add one, or give an upstream tarball: "
                 "make target QEMU_TARBALL=qemu-10.0.x.tar.xz")
    print(f"Types: {' '.join(args.types)}\nURIs: {uri}\nSuites: {args.suite}\nComponents: main")
    for name, value in entry["options"].items():
        if name in KEPT_OPTIONS:
            print(f"{name.title()}: {value}")


if __name__ == "__main__":
    main()
