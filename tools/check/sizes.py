#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Bars on length: a function fits a screen, a file is about one thing, nothing is left for later."""
import pathlib
import re
import sys

HOUSES = ("base", "boot", "pci", "iommu", "drivers", "vmm", "guests")
FUNCTION_MAX = 60
FUNCTION_P90 = 30
FILE_MAX = 400
LINE_MAX = 100
LATER = re.compile(r"\b(TODO|FIXME|HACK|XXX)\b")


def functions(lines):
    """(name, first line number, length) of each function; clang-format puts its '{' and '}' in
    column 0."""
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line.startswith("}") and start:
            head = " ".join(lines[max(0, start - 4):start - 1])
            names = re.findall(r"(\w+)\s*\(", head)
            if names and line == "}":
                yield names[-1] if len(names) == 1 else first_name(lines, start), start, \
                    number - start - 1
            start = None


def first_name(lines, start):
    """The name in the function's head, which may go over several lines."""
    for line in reversed(lines[max(0, start - 8):start - 1]):
        match = re.match(r"[A-Za-z_].*?(\w+)\s*\(", line)
        if match:
            return match[1]
    return "?"


def width(line):
    """Columns with tabs of 8."""
    return len(line.expandtabs(8))


def check_file(path, lengths):
    """What is over a bar in one file."""
    lines = path.read_text().splitlines()
    if len(lines) > FILE_MAX:
        yield f"{path}: {len(lines)} lines; at most {FILE_MAX}: is it about one thing?"
    for number, line in enumerate(lines, 1):
        if path.suffix == ".asm" and width(line) > LINE_MAX:    # clang-format sees to C
            yield f"{path}:{number}: {width(line)} columns; at most {LINE_MAX}"
        if LATER.search(line):
            yield f"{path}:{number}: '{LATER.search(line)[1]}': do it, or open an issue"
    if path.suffix == ".c":
        for name, number, length in functions(lines):
            lengths.append(length)
            if length > FUNCTION_MAX:
                yield f"{path}:{number}: {name}() has {length} lines; at most {FUNCTION_MAX}"


def main():
    """Print what is over a bar, and the 90th percentile."""
    lengths, count = [], 0
    for house in HOUSES:
        for path in sorted(pathlib.Path(house).rglob("*")):
            if path.suffix in (".c", ".h", ".asm"):
                for text in check_file(path, lengths):
                    print(text)
                    count += 1
    if lengths:
        p90 = sorted(lengths)[int(len(lengths) * 0.9)]
        if p90 > FUNCTION_P90:
            print(f"9 of 10 functions have up to {p90} lines; at most {FUNCTION_P90}")
            count += 1
        if "-v" in sys.argv:
            print(f"{len(lengths)} functions, median {sorted(lengths)[len(lengths) // 2]}, "
                  f"p90 {p90}, max {max(lengths)}")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
