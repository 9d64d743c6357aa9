"""Schema drift: what changed in the structure of a source against its batch before, named."""

from __future__ import annotations

import difflib

__all__ = ["changes"]

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
