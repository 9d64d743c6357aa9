"""Files by name, and files of one object a line."""

from __future__ import annotations

import random

import pytest
from goodwill.audit import RunRecord
from goodwill.files import append_json_line, json_lines, name_order
from goodwill.home import Home


@pytest.mark.parametrize(
    "names",
    [
        ["a_9.csv", "a_10.csv", "a_11.csv"],
        ["vv.csv", "vv-v2.csv", "vv-v10.csv"],
        ["re_2025-01.csv", "re_2025-01 (1).csv", "re_2025-01 (2).csv", "re_2025-02.csv"],
        ["a.csv.gz", "a_v2.csv.gz"],
        ["in/2025-01-02/x.csv", "in/2025-01-10/a.csv", "in/2025-01-10/b.csv"],
        ["a/b.csv", "a/b/x.csv"],
        ["2025-01-31.csv", "2025-02-01.csv"],
        ["01.csv", "1.csv"],
    ],
)
def test_files_are_heard_in_the_order_a_reader_would_expect(names):
    mixed = names[:]
    random.Random(1).shuffle(mixed)
    assert sorted(mixed, key=name_order) == names


@pytest.mark.parametrize("torn", ['{"stage": "two", "message": "dé', '{"stage": "two"', "\x00\x00\x00", "[1]"])
def test_a_line_left_half_written_stays_alone(tmp_path, torn):
    """A full disk, or a power cut: what was written before it is there, and what is written after it is not lost to it."""
    path = tmp_path / "lines.jsonl"
    assert json_lines(path) == []
    append_json_line(path, {"stage": "one"})
    with path.open("ab") as stream:
        stream.write(torn.encode()[:-1] if torn.endswith("é") else torn.encode())
    append_json_line(path, {"stage": "three", "who": "Zoé"})
    assert json_lines(path) == [{"stage": "one"}, {"stage": "three", "who": "Zoé"}]


def test_the_stages_of_a_run_that_ended_in_a_full_disk_can_be_read(tmp_path):
    record = RunRecord(Home(tmp_path).run("r1"))
    record.folder.mkdir(parents=True)
    record.say("prepare", "started")
    with record.stages_file.open("a") as stream:
        stream.write('{"stage": "prepare", "status": "fai')
    assert [line["status"] for line in record.stages()] == ["started"]
    record.say("close", "started")
    assert [line["stage"] for line in record.stages()] == ["prepare", "close"]
