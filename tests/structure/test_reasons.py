"""The catalogue of reasons: every code the reading or the SQL can give is in it, and the reference says what it says."""

from __future__ import annotations

import re

import pytest
from goodwill.entities import WORDS
from goodwill.reasons import NOTES, REASONS, reasons_table

from tests.structure.project import ROOT, files

#: In Python a code is a SQL literal in a string; in dbt it is the reason of a rule.
_IN_PYTHON = re.compile(r"'([A-Z]{2,}(?:_[A-Z]+)+)'")
#: A note is counted under `column:CODE`.
_NOTED = re.compile(r"[\":]([A-Z]{2,}(?:_[A-Z]+)*)\"")
_IN_DBT = re.compile(r"(?:'reason':|reason :=)\s*'([A-Z][A-Z_]+)'")


def codes(text: str, pattern: re.Pattern[str]) -> set[str]:
    return set(pattern.findall(text))


def used() -> dict[str, set[str]]:
    """File → codes."""
    python = {ROOT / f"plugins/goodwill/extract/{name}.py": _IN_PYTHON for name in ("casting", "selecting")}
    dbt = {path: _IN_DBT for folder in ("models/staging", "macros") for path in files(f"dbt_project/{folder}", "*.sql", at_least=3)}
    found = {str(path.relative_to(ROOT)): codes(path.read_text(encoding="utf-8"), pattern) for path, pattern in {**python, **dbt}.items()}
    return {path: some for path, some in found.items() if some}


def test_every_code_that_is_used_is_in_the_catalogue() -> None:
    unknown = {path: sorted(some - set(REASONS) - set(NOTES)) for path, some in used().items()}
    assert {path: some for path, some in unknown.items() if some} == {}
    assert {"plugins/goodwill/extract/casting.py", "plugins/goodwill/extract/selecting.py"} <= set(unknown)
    assert any(path.startswith("dbt_project/models/staging/base") for path in unknown)


def test_every_note_is_in_the_catalogue() -> None:
    folders = ("extract", "sources/databases", "sources/connectors")
    texts = [path.read_text(encoding="utf-8") for folder in folders for path in files(f"plugins/goodwill/{folder}", "**/*.py", at_least=1)]
    noted = {code for text in texts for code in codes(text, _NOTED)}
    assert set(NOTES) <= noted, "a note that nothing counts"
    assert {"NFC", "TRIMMED", "NO_CURSOR", "VANISHED", "DST_GAP"} <= set(NOTES)


@pytest.mark.parametrize("code", sorted(REASONS))
def test_a_reason_says_what_why_and_what_to_do(code: str) -> None:
    reason = REASONS[code]
    for text in (reason.meaning, reason.cause, reason.remedy):
        assert len(text) > 10
        assert not text.endswith(".")


def test_check_knows_the_words_that_staging_knows() -> None:
    macro = (ROOT / "dbt_project/macros/staging/contact_events.sql").read_text(encoding="utf-8")
    kinds = re.findall(r"'(\w+)'", macro[: macro.index("endmacro")])
    decisions = (ROOT / "dbt_project/models/staging/base/base_identity_decisions.sql").read_text(encoding="utf-8")
    told = re.findall(r"'reason': '(\w+)', 'when': \"lower\(trim\((\w+)\)\) not in \((.*)\)", decisions)
    assert {entity: words for entity, (_, words, _) in WORDS.items()} == {
        "contact_events": tuple(kinds),
        "identity_decisions": tuple(re.findall(r"'(\w+)'", told[0][2])),
    }
    assert [(reason, column) for _, (column, _, reason) in WORDS.items()] == [("UNKNOWN_KIND", "kind"), told[0][:2]]


def test_the_reference_is_the_catalogue() -> None:
    assert reasons_table() in (ROOT / "docs/reference/rejected-rows.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "pattern", "found"),
    [
        ("f\"then 'OUT_OF_RANGE' else 'BAD_NUMBER' end\"", _IN_PYTHON, {"OUT_OF_RANGE", "BAD_NUMBER"}),
        ('sql_type == "VARCHAR"', _IN_PYTHON, set()),
        ("{'column': 'x', 'reason': 'NEW_CODE', 'when': 'x < 0'}", _IN_DBT, {"NEW_CODE"}),
    ],
)
def test_rule_finds_codes(text: str, pattern: re.Pattern[str], found: set[str]) -> None:
    assert codes(text, pattern) == found
