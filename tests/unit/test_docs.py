"""The documentation says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from goodwill.entities import ENTITIES
from goodwill.segments.assigning import DIVISIONS

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"


def test_the_table_of_entities_is_the_table_of_the_code():
    written = {
        line.split("|")[1].strip(" `"): line
        for line in (REFERENCE / "sources.md").read_text().splitlines()
        if line.startswith("| `") and "|" in line
    }
    for entity in ENTITIES.values():
        columns = ", ".join(f"{'★' if column.required else ''}`{column.name}`" for column in entity.columns)
        assert written[entity.name].split("|")[3].strip() == columns


def test_every_mart_is_documented_and_no_other():
    project = REFERENCE.parents[1] / "dbt_project"
    built = {path.stem for path in (project / "models" / "marts").rglob("*.sql")} | {
        path.stem for path in (project / "seeds").glob("*.csv")
    }
    lines = (REFERENCE / "marts.md").read_text().splitlines()
    assert {line.split("`")[1] for line in lines if line.startswith("| `")} == built


def test_the_kinds_of_events_that_are_listed_are_those_that_are_known():
    macro = (REFERENCE.parents[1] / "dbt_project/macros/staging/contact_events.sql").read_text()
    known = re.findall(r"'(\w+)'", macro[: macro.index("endmacro")])
    (line,) = (line for line in (REFERENCE / "sources.md").read_text().splitlines() if line.startswith("| `kind` of contact events"))
    assert re.findall(r"`(\w+)`", line.split("|")[2].split(";")[0]) == known


def test_every_place_a_person_can_have_has_a_word_in_both_languages():
    labels = (REFERENCE.parents[1] / "dbt_project" / "seeds" / "labels.csv").read_text().splitlines()[1:]
    named = {(kind, code) for code, kind, english, french in (line.split(",") for line in labels) if english and french}
    wanted = {(division, rule.code) for division, _, rules in DIVISIONS for rule in rules if rule.code}
    assert wanted <= named
