# SPDX-License-Identifier: GPL-2.0-only
"""docs/transcripts/*.txt: what the console really shows. Each comes from a test's run; a later run
must show the same but for times, addresses and counts. UPDATE_TRANSCRIPTS=1 writes them anew."""
import os
import pathlib
import re

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "docs" / "transcripts"
MASKS = [
    (re.compile(r"\d+\.\d+ ms"), "<time>"),
    (re.compile(r"\b0x[0-9a-f]{3,}\b"), "<address>"),
    (re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{8,16}\b"), "<word>"),
    (re.compile(r"\b\d+(?= (?:forwarded|dropped|messages))|\b\d{2,}\b(?![:.])"), "<count>"),
    (re.compile(r" +"), " "),
]


def masked(text):
    """What has to stay the same from run to run."""
    for pattern, name in MASKS:
        text = pattern.sub(name, text)
    return [line.strip() for line in text.strip().split("\n")]


def check(name, text):
    """Compare with docs/transcripts/NAME.txt."""
    path = FOLDER / f"{name}.txt"
    if os.environ.get("UPDATE_TRANSCRIPTS"):
        path.write_text(text.strip() + "\n")
    assert masked(text) == masked(path.read_text()), \
        f"{path} is out of date: UPDATE_TRANSCRIPTS=1 make test-system K=transcript"
