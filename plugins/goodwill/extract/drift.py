"""Schema drift: what changed in the structure of a source against its batch before, named."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path

from goodwill.errors import SourceError
from goodwill.extract.batches import Manifest
from goodwill.extract.contents import profile, retyped, unreadable
from goodwill.sources import Source

__all__ = ["Change", "changes", "judged", "refuse_changed", "sentence"]

Change = dict[str, "str | None"]


def changes(before: dict[str, str], after: dict[str, str]) -> tuple[Change, ...]:
    """The changes from columns `before` to columns `after` (name → SQL type, in order).

    Kinds: `recased` (capitals or spaces of a name), `renamed` (one gone, one come, names alike), `removed`, `added`, `retyped`,
    `reordered` (the columns that stayed stand in another order).
    """
    found: list[Change] = []
    old = {name.strip().lower(): name for name in before}
    new = {name.strip().lower(): name for name in after}
    gone = [key for key in old if key not in new]
    come = [key for key in new if key not in old]
    for key in gone.copy():
        close = difflib.get_close_matches(key, come, n=1, cutoff=0.75)
        if close:
            found.append(_change("renamed", old[key], old[key], new[close[0]]))
            gone.remove(key)
            come.remove(close[0])
    found += [_change("removed", old[key], before[old[key]], None) for key in gone]
    found += [_change("added", new[key], None, after[new[key]]) for key in come]
    stayed = [key for key in old if key in new]
    for key in stayed:
        if old[key] != new[key]:
            found.append(_change("recased", old[key], old[key], new[key]))
        if before[old[key]] != after[new[key]]:
            found.append(_change("retyped", new[key], before[old[key]], after[new[key]]))
    if stayed != [key for key in new if key in old]:
        found.append(_change("reordered", "", ", ".join(before), ", ".join(after)))
    return tuple(found)


def _change(kind: str, column: str, was: str | None, now: str | None) -> Change:
    return {"kind": kind, "column": column, "was": was, "now": now}


def sentence(change: Change) -> str:
    """A change in words."""
    kind, column, was, now = change["kind"], change["column"], change["was"], change["now"]
    if kind in ("renamed", "recased"):
        return f"column {was!r} is now called {now!r}"
    if kind == "retyped":
        return f"column {column!r} held {was}, and holds {now}"
    if kind == "reordered":
        return "the columns stand in another order (they are read by name)"
    return f"column {column!r} {'is gone' if kind == 'removed' else 'is new'}"


def judged(
    source: Source, part: str, near: list[Manifest], columns: dict[str, str], rows: Path, count: int, reading: str, sha256: str
) -> tuple[tuple[Change, ...], dict[str, str]]:
    """What changed against the batches before, and what the columns hold now, for the batches to come.

    Parameters
    ----------
    near : the batches before, the nearest first.
    rows, count : the rows of the new batch, and how many they are.

    Raises
    ------
    SourceError : the source's policy says `block`, or a column that the mapping reads holds what it can make nothing of.
    """
    holds = profile(rows, source, columns)
    before = next((each for each in near if each.columns), None)
    if before is None or before.file_sha256 == sha256:  # the same bytes, read in another way: nothing changed at the source
        return (), holds
    found = list(changes(before.columns, columns))
    alike = [each for each in near if each.reading == reading]
    rows_before = alike[0].rows if alike else 0
    found += [
        _change("retyped", name, was, now)
        for name, was, now in retyped(source, [each.profile for each in alike], holds, rows_before, count)
    ]
    _refuse_unreadable(source, part, found, holds)
    refuse_changed(source, part, found)
    return tuple(found), holds


def refuse_changed(source: Source, part: str, found: Sequence[Change]) -> None:
    """Where the source's policy says `block`, any change stops its part (`SourceError`)."""
    if found and source.drift == "block":
        raise SourceError(
            f"source {source.name!r}: {part}: the structure changed: {'; '.join(map(sentence, found))}",
            "mend it at the source, or set 'drift: warn' or 'drift: adopt'",
        )


def _refuse_unreadable(source: Source, part: str, found: list[Change], holds: dict[str, str]) -> None:
    """Whatever the policy: a column of the mapping that cannot be read any more stops its file, and the likeliest other column is named."""
    for change in found:
        name, now = change["column"] or "", change["now"] or ""
        if change["kind"] != "retyped":
            continue
        values = int(holds[name].partition(":")[2]) if now.islower() and name in holds else None
        reading = unreadable(source, name, now, values)
        if reading:
            new = [each["column"] or "" for each in found if each["kind"] == "added"]
            likely = [each for each in new if holds.get(each, "").startswith(f"{change['was']}:")] or new
            raise SourceError(
                f"source {source.name!r}: {part}: {sentence(change)}: {reading.entity}.{reading.column} cannot be read from it",
                (f"{likely[0]!r} is new and may be what it was: " if likely else "")
                + "mend it at the source, or its mapping, decimal, thousands or format in sources.yml",
            )
