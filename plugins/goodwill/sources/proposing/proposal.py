"""What is proposed: plain data between choosing and writing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["EntityProposal", "Line", "SourceProposal", "Sure"]

Sure = Literal["high", "medium", "low"]


@dataclass(frozen=True)
class Line:
    """How one column of an entity would come from the file, how sure that is, and why; `open`: for a person to fill in."""

    column: str
    how: Any
    sure: Sure
    why: str
    open: bool = False


@dataclass
class EntityProposal:
    """One entity a file would feed."""

    name: str
    lines: list[Line]
    where: list[dict[str, Any]] = field(default_factory=list)
    group_by: str | None = None


@dataclass
class SourceProposal:
    """One source: its settings, what it feeds, and what is left to a person.

    Parameters
    ----------
    files, rows : how many files it names, and how many rows of them were looked at.
    preset : the preset it follows, then `entities` only says what the file lacks for it.
    lacking : entity of the preset → the columns the file lacks for it.
    unplaced : columns that feed nothing, with what is known of them.
    questions : settings only a person knows: the YAML line to write, and the question.
    problem : why the file feeds nothing at all.
    """

    name: str
    path: str
    files: int = 1
    rows: int = 0
    settings: dict[str, Any] = field(default_factory=dict)
    preset: str | None = None
    title: str = ""
    entities: list[EntityProposal] = field(default_factory=list)
    lacking: dict[str, list[str]] = field(default_factory=dict)
    unplaced: list[tuple[str, str]] = field(default_factory=list)
    questions: list[tuple[str, str]] = field(default_factory=list)
    problem: str = ""

    @property
    def to_fill(self) -> list[tuple[str, Line]]:
        """(entity, line) for every line a person has to fill in."""
        return [(entity.name, line) for entity in self.entities for line in entity.lines if line.open]
