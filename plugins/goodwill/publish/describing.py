"""What the tables of `audit` and their columns hold, in words; the marts bring theirs from dbt."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

from goodwill.settings.business import BusinessSettings

__all__ = ["audit_comments"]

_FILE = Path(__file__).with_name("audit_tables.yml")
_TABLE = "about"


def audit_comments(table: str, columns: list[str]) -> dict[str, str]:
    """Column → its description, and the table's own under no name, as far as `audit_tables.yml` describes them."""
    said = _described().get(table, {})
    found = {"": said[_TABLE]} if said else {}
    for column in columns:
        text = said.get(column) or (_of_setting(column) if table == "settings" else None)
        if text:
            found[column] = text
    return found


@cache
def _described() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return found


def _of_setting(column: str) -> str | None:
    """A setting is named by its section and its own name."""
    for section in BusinessSettings.model_fields:
        if column.startswith(f"{section}_"):
            return f"The setting `{section}.{column.removeprefix(f'{section}_')}` of goodwill.yml."
    return None
