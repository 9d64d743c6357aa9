"""Files held against each other: whether those who ordered are the contacts of the file beside, and by which column they are known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from goodwill.sources.proposing.entities import LESS
from goodwill.sources.proposing.proposal import EntityProposal, Line, SourceProposal
from goodwill.sources.proposing.sample import Sample

__all__ = ["hold_together"]

_WAYS = ("column", "first", "lowest", "highest")


def hold_together(proposed: Sequence[tuple[SourceProposal, Sample]]) -> None:
    """Choose the column that says who ordered by whom the contacts' file knows, where one is proposed beside; say how many are known by it."""
    known: dict[str, set[str]] = {}
    for proposal, sample in proposed:
        for entity in proposal.entities:
            if entity.name == "contacts":
                known[proposal.name] = {
                    value.strip().lower()
                    for line in entity.lines
                    if line.column in ("contact_id", "email") and not line.open and (name := _column(line.how)) in sample.columns
                    for value in sample.columns[name]
                    if value.strip()
                }
    for proposal, sample in proposed:
        for entity in proposal.entities:
            for place, line in enumerate(entity.lines):
                if line.column == "contact_ref" and _column(line.how) in sample.columns:
                    entity.lines[place] = _met(line, proposal, sample, known) if known else _alone(line, proposal, sample)
                    _placed(proposal, entity, line, entity.lines[place])


def _column(how: Any) -> str:
    """The one column that is read; empty where it is made of others."""
    return how if isinstance(how, str) else next((how[way] for way in _WAYS if isinstance(how.get(way), str)), "")


def _other(how: Any, column: str) -> Any:
    """The same way of reading, of another column."""
    return column if isinstance(how, str) else {way: column if way in _WAYS else value for way, value in how.items() if way != "translate"}


def _share(values: Iterable[str], people: set[str]) -> tuple[int, int]:
    """(how many of the distinct values are people of the contacts' file, how many there are)."""
    distinct = {value.strip().lower() for value in values if value.strip()}
    return len(distinct & people), len(distinct)


def _met(line: Line, proposal: SourceProposal, sample: Sample, known: Mapping[str, set[str]]) -> Line:
    everybody, names = set().union(*known.values()), " and ".join(known)
    met, of = _share(sample.columns[_column(line.how)], everybody)
    if met:
        return replace(line, why=f"{line.why}; {met} of {of} are contacts of {names}")
    # a small number is in every file
    telling = {each for each in everybody if not (each.isdigit() and len(each) < 5)}
    shares = {name: _share(values, telling) for name, values in sample.columns.items()}
    best = max(shares, key=lambda name: shares[name][0])
    if 2 * shares[best][0] > shares[best][1]:
        said = f"{shares[best][0]} of {shares[best][1]} are contacts of {names}, of {_column(line.how)} none is"
        return Line(line.column, _other(line.how, best), "medium", said)
    return replace(line, sure=LESS[line.sure], why=f"{line.why}; none of the sample is a contact of {names}")


def _alone(line: Line, proposal: SourceProposal, sample: Sample) -> Line:
    """Without contacts beside: an address that nothing reads may say better who ordered."""
    if any("@" in value for value in sample.columns[_column(line.how)]):
        return line
    spare = next((column for column, _ in proposal.unplaced if any("@" in value for value in sample.columns.get(column, ()))), None)
    if spare is None:
        return line
    return replace(
        line,
        sure=LESS[line.sure],
        why=f"{line.why}; {spare} has e-mail addresses and feeds nothing: which of the two do the contacts have?",
    )


def _placed(proposal: SourceProposal, entity: EntityProposal, before: Line, now: Line) -> None:
    """Keep the list of what feeds nothing right where another column is read."""
    old, new = _column(before.how), _column(now.how)
    if old != new:
        proposal.unplaced = [(column, why) for column, why in proposal.unplaced if column != new]
        if not any(_column(line.how) == old for each in proposal.entities for line in each.lines):
            proposal.unplaced.append((old, f"called like {entity.name}.contact_ref, but none of its values is a contact's"))
