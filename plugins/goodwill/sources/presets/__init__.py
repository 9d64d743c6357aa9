"""Presets: how the exports people have feed the entities, one YAML file each, and their merging with what a source writes itself."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic_core import PydanticCustomError

__all__ = ["Preset", "expand", "preset_names", "read_preset", "read_synonyms"]

FOLDER = Path(__file__).parent
SYNONYMS = FOLDER / "synonyms.yml"


@dataclass(frozen=True)
class Preset:
    """One export.

    Parameters
    ----------
    title : what it is called where it comes from.
    known_by : columns that every file of it has and that together no other export has.
    settings : what a source that follows it need not write: settings and `entities`.
    """

    name: str
    title: str
    known_by: tuple[str, ...]
    settings: dict[str, Any]


@cache
def preset_names() -> tuple[str, ...]:
    """The presets there are."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yml") if path != SYNONYMS))


@cache
def read_preset(name: str) -> Preset:
    """The preset of this name, which must be one of `preset_names()`."""
    given = yaml.safe_load((FOLDER / f"{name}.yml").read_text(encoding="utf-8"))
    return Preset(name, given.pop("title"), tuple(given.pop("known_by")), given)


@cache
def read_synonyms() -> dict[str, Any]:
    """The bank of column names, in English and French."""
    bank: dict[str, Any] = yaml.safe_load(SYNONYMS.read_text(encoding="utf-8"))
    return bank


def _by_column(columns: Any) -> Any:
    return {name: name for name in columns} if isinstance(columns, (list, tuple)) else columns


def _merged_entity(preset: Any, given: Any) -> Any:
    """An entity's mapping: what the source writes, over what the preset says; a column set to nothing is not mapped."""
    if not isinstance(preset, dict) or not isinstance(given, dict):
        return given
    merged = {**preset, **given}
    columns = _by_column(given.get("columns", {}))
    if isinstance(columns, dict):
        both = {**_by_column(preset.get("columns", {})), **columns}
        merged["columns"] = {name: how for name, how in both.items() if how is not None}
    return merged


def expand(given: Any) -> Any:
    """A source as `sources.yml` has it, with its preset filled in; an entity set to nothing is not fed.

    Raises
    ------
    PydanticCustomError : there is no such preset (told where the source stands, with everything else that is wrong).
    """
    if not isinstance(given, dict) or given.get("preset") is None:
        return given
    name = given["preset"]
    if name not in preset_names():
        raise PydanticCustomError(
            "unknown_preset", "unknown preset {name}; known: {known}", {"name": repr(name), "known": ", ".join(preset_names())}
        )
    settings = read_preset(name).settings
    own = given.get("entities") or {}
    if not isinstance(own, dict):
        return given
    entities = {**settings["entities"], **{entity: _merged_entity(settings["entities"].get(entity), how) for entity, how in own.items()}}
    return {**settings, **given, "entities": {entity: how for entity, how in entities.items() if how is not None}}
