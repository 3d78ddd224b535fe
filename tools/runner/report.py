# SPDX-License-Identifier: GPL-2.0-only
"""The report of the hypervisor: taken out of its frame, compared with what was expected."""
import json
import re

BEGIN = re.compile(rb"COPPICE-REPORT-BEGIN (\d+)\r?\n")
END = b"COPPICE-REPORT-END"


def extract_reports(stream):
    """All complete reports in the bytes of COM2 and a list of what was wrong with others.

    A frame is a line 'COPPICE-REPORT-BEGIN <length>', that many bytes of JSON, and
    'COPPICE-REPORT-END'.
    """
    reports, damage = [], []
    for match in BEGIN.finditer(stream):
        length = int(match[1])
        body = stream[match.end():match.end() + length]
        tail = stream[match.end() + length:match.end() + length + len(END) + 2]
        where = f"report at byte {match.start()}"
        if len(body) < length:
            damage.append(f"{where}: {length} bytes were announced, {len(body)} came")
        elif not tail.lstrip(b"\r\n").startswith(END):
            damage.append(f"{where}: no {END.decode()} after the announced {length} bytes")
        else:
            try:
                reports.append(json.loads(body))
            except ValueError as error:
                damage.append(f"{where}: no JSON: {error}")
    return reports, damage


def mismatches(pattern, value, path="report"):
    """What of the pattern the value lacks, one text each; empty if it matches.

    Objects need these keys, arrays these elements in any order, all else is equal.
    """
    if isinstance(pattern, dict):
        return _object_mismatches(pattern, value, path)
    if isinstance(pattern, list):
        return _array_mismatches(pattern, value, path)
    same = type(pattern) is type(value) or not isinstance(pattern, bool) and not isinstance(value, bool)
    if same and pattern == value:
        return []
    return [f"{path}: expected {json.dumps(pattern)}, found {_short(value)}"]


def _object_mismatches(pattern, value, path):
    if not isinstance(value, dict):
        return [f"{path}: expected an object, found {_short(value)}"]
    found = []
    for key, wanted in pattern.items():
        if key in value:
            found += mismatches(wanted, value[key], f"{path}.{key}")
        else:
            found.append(f"{path}.{key}: expected {_short(wanted)}, found nothing")
    return found


def _array_mismatches(pattern, value, path):
    if not isinstance(value, list):
        return [f"{path}: expected an array, found {_short(value)}"]
    fits = [[i for i, v in enumerate(value) if not mismatches(p, v)] for p in pattern]
    for index, places in enumerate(fits):
        if not places:
            return [f"{path}: no element matches {_short(pattern[index])}; "
                    f"there are {len(value)}: {_short(value)}"]
    if not _all_placed(fits):
        return [f"{path}: {len(pattern)} different elements were expected to match "
                f"{_short(pattern)}, some match the same one"]
    return []


def _all_placed(fits):
    """Whether every pattern element gets an element of its own (augmenting paths)."""
    owner = {}

    def place(index, seen):
        for spot in fits[index]:
            if spot not in seen:
                seen.add(spot)
                if spot not in owner or place(owner[spot], seen):
                    owner[spot] = index
                    return True
        return False

    return all(place(index, set()) for index in range(len(fits)))


def _short(value):
    text = json.dumps(value)
    return text if len(text) <= 200 else text[:200] + "..."


def vm_failures(names, report):
    """The VMs of coppice.cfg that did not end with status 0, one text each."""
    vms = {vm.get("name"): vm for vm in report.get("vms", [])}
    failures = []
    for name in names:
        vm = vms.get(name)
        if vm is None:
            failures.append(f"VM {name}: coppice.cfg has it, the report has not")
        elif vm.get("exit_status") != 0:
            failures.append(f"VM {name}: state {vm.get('state')}, exit status "
                            f"{vm.get('exit_status')}; expected 0")
    return failures
