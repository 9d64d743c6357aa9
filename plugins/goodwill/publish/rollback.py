"""Show readers an earlier publication again: the same one step as a night's own, on record with who and why."""

from __future__ import annotations

from goodwill import audit
from goodwill.audit.seals import last_seals
from goodwill.errors import GoodwillError
from goodwill.files import digest
from goodwill.home import Home
from goodwill.privacy.forgotten import unfinished_erasures
from goodwill.publish.swap import Publication, current_run, publications, swap

__all__ = ["roll_back"]


def _target(home: Home, present: str, to: str | None) -> Publication:
    """The publication to go to: the one named, else the last that readers saw before the present one."""
    kept = publications(home)
    if to:
        found = [each for each in kept if each.run_id == to]
        if not found:
            raise GoodwillError(
                f"there is no publication {to!r}", f"kept are: {', '.join(each.run_id for each in kept) or 'none'}; see goodwill status"
            )
        return found[0]
    place = next((number for number, each in enumerate(kept) if each.run_id == present), len(kept))
    seen = [each for each in kept[:place] if audit.RunRecord(home.run(each.run_id)).read().get("is_current", True)]
    if not seen:
        raise GoodwillError(
            f"no earlier publication than {present} is kept",
            "name one of those that goodwill status shows with --to; retention.publications_kept says how many are kept",
        )
    return seen[-1]


def roll_back(home: Home, to: str | None, by: str, reason: str) -> tuple[str | None, Publication]:
    """Make an earlier publication (or a later one again) the present one.

    It stays so until the next night is accepted. Nothing but the link changes: not the warehouse, not what was learnt from the later nights.

    Returns
    -------
    The run that was shown until now (`None` where the link was gone), and the publication that is shown from now on.

    Raises
    ------
    GoodwillError : there is none to go to, it is shown already, its manifest was changed, an erasure is unfinished, or name and reason are missing.
    """
    if not by.strip() or not reason.strip():
        raise GoodwillError("a rollback needs a name and a reason", "goodwill rollback --by NAME --reason TEXT")
    if unfinished_erasures(home):
        raise GoodwillError(
            "an erasure was begun and cut off: an earlier publication may still show who is forgotten",
            "goodwill erase, asked for the same again, finishes it; or else the next night does",
        )
    with audit.Lock.of(home).exclusively():
        present = current_run(home)
        if present is None and not (to and publications(home)):  # where the link is gone, the publication to show is named
            kept = ", ".join(each.run_id for each in publications(home))
            said = f"readers see none of the publications that are kept: {kept}" if kept else "nothing is published yet"
            raise GoodwillError(said, "name one with --to" if kept else f"goodwill run --home {home.root}")
        target = _target(home, present or "", to)
        if target.run_id == present:
            raise GoodwillError(f"{present} is what readers see already", "goodwill status shows what else is kept")
        sealed = last_seals(home).get(target.manifest.relative_to(home.root).as_posix())
        if sealed and sealed.sha256 != digest(target.manifest):
            raise GoodwillError(
                f"the manifest of {target.run_id} was changed since it was published", "goodwill audit verify; choose another with --to"
            )
        audit.append(home, "rollback", {"from": present, "to": target.run_id, "as_of": target.as_of, "by": by, "reason": reason})
        swap(home, target.run_id)
    return present, target
