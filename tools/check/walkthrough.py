#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The docs stay true: every `file:name` in them is defined there, every path in them exists.

usage: walkthrough.py [FILE...]      default: README.md and docs/**/*.md
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CODE = re.compile(r"`([^`\n]+)`")
# A file of the tree, as the docs write it; behind it, perhaps, a name that it defines.
PLACE = re.compile(r"^((?:[\w.-]+/)*[\w.-]+\.(?:c|h|asm|ld|py|sh|json|md|cfg|args|mk))(?::(\w+)(?:\(\))?)?$")
FOLDER = re.compile(r"^(?:base|boot|pci|iommu|drivers|vmm|guests|scenarios|tests|tools|docs|mk)(?:/[\w.-]+)*/$")


# A file that the document has the reader write; a test writes and tries it.
MADE = re.compile(r"<!-- test: (\S+) -->")


def defines(path, name):
    """Whether the file defines a function, a variable, a type, a macro or a label of that name."""
    word = re.escape(name)
    patterns = {
        ".asm": [rf"^{word}:"],
        ".py": [rf"^\s*(?:def|class) {word}\b", rf"^{word} ="],
    }.get(path.suffix, [
        rf"^[A-Za-z_][^;=#]*?\b{word}\([^;]*$",         # a function's head, which ends no statement
        rf"^static inline [^;]*\b{word}\(",
        rf"^[A-Za-z_][^(;=]*\b{word}(?:\[[^\]]*\])* =",  # a table
        rf"^[A-Za-z_][^(;=]*\b{word}(?:\[[^\]]*\])*;",   # a variable
        rf"^}} {word}(?:\[[^\]]*\])* =",                 # a table of an unnamed type
        rf"^(?:struct|enum) {word} {{",
        rf"^\s*#\s*define {word}\b",
    ])
    text = path.read_text(errors="replace")
    return any(re.search(p, text, re.MULTILINE) for p in patterns)


def problems_of(text):
    """All that a document says and the tree does not hold: (line number, text)."""
    made = set(MADE.findall(text))
    for number, line in enumerate(text.splitlines(), 1):
        for code in CODE.findall(line):
            place = PLACE.match(code)
            if place and place[1] in made:
                continue
            if place and "/" in place[1]:
                path = ROOT / place[1]
                if not path.is_file():
                    yield number, f"`{code}`: there is no file {place[1]}"
                elif place[2] and not defines(path, place[2]):
                    yield number, f"`{code}`: {place[1]} defines no {place[2]}"
            elif FOLDER.match(code) and not (ROOT / code).is_dir():
                yield number, f"`{code}`: there is no such folder"


def main():
    """Print what is not true."""
    names = sys.argv[1:] or ["README.md", *sorted(str(p.relative_to(ROOT)) for p in ROOT.glob("docs/**/*.md"))]
    count = places = 0
    for name in names:
        path = pathlib.Path(ROOT, name)
        if not path.is_file():
            continue
        text = path.read_text()
        places += len(CODE.findall(text))
        for number, problem in problems_of(text):
            print(f"{name}:{number}: {problem}")
            count += 1
    print(f"walkthrough: {len(names)} documents, {places} code words, {count} untrue")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
