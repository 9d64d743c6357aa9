"""Files by name."""

from __future__ import annotations

import random

import pytest
from goodwill.files import name_order


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
