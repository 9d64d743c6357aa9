"""The documentation says what the code does."""

from __future__ import annotations

from pathlib import Path

from goodwill.entities import ENTITIES

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
