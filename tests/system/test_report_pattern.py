# SPDX-License-Identifier: GPL-2.0-only
"""expect.json against report.json, and the report's frame on the serial line."""
import pytest

from runner.report import extract_reports, mismatches, vm_failures


def frame(body, length=None):
    return b"COPPICE-REPORT-BEGIN %d\n%s\nCOPPICE-REPORT-END\n" % (length or len(body), body)


@pytest.mark.parametrize("pattern, value", [
    ({}, {"a": 1}),
    ({"a": 1}, {"a": 1, "b": 2}),
    ({"a": {"b": [1]}}, {"a": {"b": [3, 1], "c": 0}}),
    ([2, 1], [1, 2, 3]),
    ([{"n": 1}, {}], [{"n": 1}, {"m": 1}]),
    ([{}, {"n": 1}], [{"n": 1}, {"m": 1}]),
    ("x", "x"),
    (None, None),
    (1, 1.0),
])
def test_a_pattern_matches_what_contains_it(pattern, value):
    assert mismatches(pattern, value) == []


@pytest.mark.parametrize("pattern, value", [
    ({"a": 1}, {}),
    ({"a": 1}, {"a": 2}),
    ({"a": 1}, [1]),
    ([1, 1], [1, 2]),
    ([{"n": 1}, {"n": 1}], [{"n": 1}]),
    ([1], {"0": 1}),
    (True, 1),
    (0, False),
    (None, 0),
    ("1", 1),
])
def test_a_pattern_does_not_match_what_lacks_it(pattern, value):
    assert mismatches(pattern, value) != []


def test_a_mismatch_names_the_place_and_both_values():
    text, = mismatches({"vms": [{"name": "a"}], "boot": {"cpus": 4}},
                       {"vms": [{"name": "a"}], "boot": {"cpus": 2}})
    assert text == "report.boot.cpus: expected 4, found 2"


def test_the_last_complete_report_wins_over_an_earlier_and_a_damaged_one():
    stream = frame(b'{"n":1}') + b"noise\n" + frame(b'{"n":2}') + frame(b'{"n":3}')[:-25]
    reports, damage = extract_reports(stream)
    assert [r["n"] for r in reports] == [1, 2]
    assert len(damage) == 1 and "report at byte" in damage[0]


def test_a_frame_with_a_wrong_length_or_no_json_is_named_not_taken():
    reports, damage = extract_reports(frame(b'{"n":1}', 5) + frame(b'{"n":'))
    assert reports == []
    assert "no COPPICE-REPORT-END" in damage[0] and "no JSON" in damage[1]


def test_a_frame_may_come_with_carriage_returns():
    reports, damage = extract_reports(
        b'COPPICE-REPORT-BEGIN 2\r\n{}\r\nCOPPICE-REPORT-END\r\n')
    assert reports == [{}] and damage == []


def test_without_a_pattern_every_vm_of_the_config_must_end_with_status_0():
    report = {"vms": [{"name": "a", "exit_status": 0, "state": "ended"},
                      {"name": "b", "exit_status": 3, "state": "ended"},
                      {"name": "c", "exit_status": None, "state": "running"}]}
    failures = vm_failures(["a", "b", "c", "d"], report)
    assert [f.split(":")[0] for f in failures] == ["VM b", "VM c", "VM d"]
