"""The page of promises: all of them, each with tests that exist, each with a figure, and none silently untried."""

from __future__ import annotations

import re

import pytest

from tests.structure.project import ROOT
from tests.structure.proofs import exists

PAGE = (ROOT / "docs" / "reference" / "promises.md").read_text(encoding="utf-8")
EVIDENCE = (ROOT / "docs" / "reference" / "clv-evidence.md").read_text(encoding="utf-8")
NAMES = [f"P{number}" for number in range(1, 26)]


def rows(page: str) -> dict[str, list[str]]:
    """Promise → its cells in the table: the promise, the figure, what is not tried."""
    found = re.findall(r"^\| (P[0-9]+) \| (.*?) \| (.*?) \|(.*?)\|$", page, flags=re.MULTILINE)
    return {name: [cell.strip() for cell in cells] for name, *cells in found}


def proofs(page: str) -> dict[str, list[str]]:
    """Promise → the tests that are named for it."""
    listed = page.partition("## Tests")[2]
    return {
        name: re.findall(r"`([^`]+)`", tests) for name, tests in re.findall(r"^- (P[0-9]+): (.*(?:\n  .*)*)", listed, flags=re.MULTILINE)
    }


def test_every_promise_is_told_with_its_figure():
    assert list(rows(PAGE)) == NAMES
    assert [name for name, (promise, figure, _) in rows(PAGE).items() if not promise or not figure] == []


def test_every_promise_has_its_tests():
    assert list(proofs(PAGE)) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_test_that_is_named_exists(name):
    assert proofs(PAGE)[name], "a promise that nothing tries"
    assert [proof for proof in proofs(PAGE)[name] if not exists(proof)] == []


def test_the_evidence_of_customer_value_names_tests_that_exist():
    lines = [line for line in EVIDENCE.splitlines() if line.startswith("| ") and not line.startswith("| what")]
    named = {line: re.findall(r"`(tests/[^`]+)`", line) for line in lines}
    assert len(lines) > 30
    assert [line for line, found in named.items() if not found and "not made" not in line] == []
    assert [proof for found in named.values() for proof in found if not exists(proof)] == []


def test_a_test_by_another_name_and_a_promise_left_out_are_found():
    page = PAGE.replace("test_tokens_only_ever_grow", "test_tokens_grow").replace("| P7 |", "| Pseven |")
    assert [proof for proof in proofs(page)["P9"] if not exists(proof)] == ["tests/unit/test_lock.py::test_tokens_grow"]
    assert "P7" not in rows(page)
