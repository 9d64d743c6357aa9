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
