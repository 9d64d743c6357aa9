"""Erase a person: found in clear, put on the list under keyed hashes, taken out of every place, proved without a word about them.

The order makes a crash harmless. What the person is known by is written down first (for the owner alone), then the list, then every place is
cleared; each step can be done again. The note goes last: as long as there is one, the next erasure or night goes on with it.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from goodwill.audit import Lock, bring_up, check_lists, ledger
from goodwill.audit.seals import seal_grown
from goodwill.errors import GoodwillError
from goodwill.extract.forgetting import NO_WORDS, word_pattern
from goodwill.faults import fault
from goodwill.files import sync
from goodwill.forgetting.changes import Changes
from goodwill.forgetting.elsewhere import clear, left
from goodwill.forgetting.finding import Asked, find
from goodwill.forgetting.known import Known, phone_keys
from goodwill.forgetting.landing import drop_unfinished, hold_against_list
from goodwill.forgetting.proof import prove, sealed
from goodwill.forgetting.sought import Sought
from goodwill.forgetting.tables import Traces
from goodwill.home import Home
from goodwill.privacy.forgotten import Forgotten, contact_key, email_key, email_of
from goodwill.privacy.hashing import hash_keys
from goodwill.settings import load_business
from goodwill.sources import load_sources

__all__ = ["Erased", "Request", "erase", "erase_known", "finish_pending", "held", "lift", "renamed"]


_BEGUN = re.compile(r"\..+\.\d+(\.wal)?")


@dataclass(frozen=True)
class Request:
    """Who asked for an erasure and why, as the ledger keeps it; `erasure` names it."""

    by: str
    reason: str
    erasure: str = field(default_factory=lambda: f"erase-{secrets.token_hex(6)}")

    def __post_init__(self) -> None:
        if not self.by.strip() or not self.reason.strip():
            raise GoodwillError("an erasure needs a name and a reason", "say who answers for it with --by, and why with --reason")


@dataclass(frozen=True)
class Erased:
    """What was done: counts only. `left` are files that still hold a word of theirs, to be looked at by hand."""

    erasure: str
    people: int
    identifiers: int
    batches: int
    rows: int
    files: int
    left: tuple[str, ...]


@contextmanager
def held(home: Home, name: str) -> Iterator[None]:
    """The home's lock for as long as this takes: no night reads what is being rewritten.

    Raises
    ------
    GoodwillError : a folder of the home cannot be written to; a night is running; or a list of who is forgotten lost something.
    """
    home.require_writable()  # before the first file is changed: what was taken out of some and not of others proves nothing
    lock = Lock.of(home)
    lock.refuse_if_held()
    lock.acquire(name, os.getpid())
    try:
        bring_up(home)
        check_lists(home)
        yield
    finally:
        lock.release(name)


def erase(home: Home, asked: Asked, request: Request) -> Erased:
    """Erase the person asked for, everywhere, and keep them from coming back.

    An erasure that was cut off is finished first. Asked for again, it is that one which is returned: nobody is known by it any more.

    Raises
    ------
    GoodwillError : nobody, or several people, are known by that; a night is running; no name or no reason is given.
    """
    business, sources = load_business(home.business_file), load_sources(home.sources_file)
    with held(home, request.erasure):
        finished = _finish(home)
        found = find(home, sources, business, asked)
        if found is None:
            forgotten = bool(_forgotten_keys(home, asked, business.identity.default_region))
            if forgotten and finished:
                return finished[-1]
            raise GoodwillError(
                "nobody is known by that" + (" any more: they were forgotten" if forgotten else ""),
                "an id is written as the marts have it; an address or a number as a source has it, or with its country's code (+33 …)",
            )
        _refuse_named(found, request)
        return erase_known(home, [found], request)


def _refuse_named(found: Known, request: Request) -> None:
    """Who asked and why stands in the ledger for ever, where nothing can be taken out: it may not say who was erased."""
    pattern = word_pattern(found.words().anywhere)
    for option, text in (("--by", request.by), ("--reason", request.reason)):
        if pattern and re.search(pattern, text):
            raise GoodwillError(
                f"{option} names the person who is to be forgotten, and would keep that for ever",
                "give the number of a letter or of a case instead; nothing was erased",
            )


def lift(home: Home, asked: Asked, request: Request) -> int:
    """Take an identifier off the list: its person came back. What lands from now on is read as it is; nothing that was erased returns.

    Returns how many entries were taken off.
    """
    region = load_business(home.business_file).identity.default_region
    with held(home, request.erasure):
        found = _forgotten_keys(home, asked, region)
        if found:
            Forgotten.of(home).without_keys(home, found)
            ledger.append(home, "override", {"lifted": len(found), "by": request.by, "reason": request.reason, **seal_grown(home)})
    return len(found)


def finish_pending(home: Home) -> list[Erased]:
    """Go on with the erasures that were cut off; the caller holds the home's lock."""
    return _finish(home)


def _forgotten_keys(home: Home, asked: Asked, region: str | None) -> list[str]:
    """The keys of what was asked for that are on the list of forgotten people."""
    listed = Forgotten.of(home)
    keys = {email_key(asked.email or asked.person or "") or contact_key(asked.person or ""), *phone_keys(asked.phone or "", region)}
    return [key for key in keys if listed.person(key)]


def _note(home: Home, erasure: str) -> Path:
    return home.privacy / f"pending-{erasure}.json"


def erase_known(home: Home, people: list[Known], request: Request) -> Erased:
    """Erase people of whom all is known; the caller holds the home's lock."""
    home.privacy.mkdir(mode=0o700, exist_ok=True)
    note = _note(home, request.erasure)
    handle = os.open(note.with_suffix(".new"), os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        json.dump({"request": asdict(request), "people": [asdict(each) for each in people]}, stream)
    sync(note.with_suffix(".new"))
    os.replace(note.with_suffix(".new"), note)
    sync(home.privacy)
    fault("forgetting: after the note")
    return _carry_out(home, people, request)


def _finish(home: Home) -> list[Erased]:
    for begun in home.privacy.glob("*.new"):  # a note that was killed while it was written: nothing was done of what it says
        begun.unlink()
    done = []
    for note in sorted(home.privacy.glob("pending-*.json")):
        content: dict[str, Any] = json.loads(note.read_text(encoding="utf-8"))
        people = [Known.of_json(each) for each in content["people"]]
        done.append(_carry_out(home, people, Request(**content["request"])))
    return done


def _drop_begun(home: Home) -> None:
    """Remove what an erasure that was killed had begun to write beside a file, named after its process."""
    for folder in (home.published, home.root / "runs", home.warehouse, home.audit, home.privacy):
        for path in folder.rglob(".*"):
            if _BEGUN.fullmatch(path.name) and path.is_file():
                path.unlink()


def _carry_out(home: Home, people: list[Known], request: Request) -> Erased:
    _drop_begun(home)
    keys = {key: person for each in people for key, person in each.keys().items()}
    listed = Forgotten.of(home).with_keys(home, keys)
    # who is forgotten already is not to be forgotten again each night
    done_with = {f"erased:{new}": each.person for each in people for new in renamed(home, listed, [each]).values()}
    listed = listed.with_keys(
        home, done_with | {f"erased:guest:{order}": each.person for each in people for order in each.orders if not each.contacts}
    )
    fault("forgetting: after the list")
    # one erasure of a person looks for their words; of thousands at once, only for what the list recognises
    words = people[0].words() if len(people) == 1 else NO_WORDS
    zone = load_business(home.business_file).company.business_time_zone
    changes = Changes(_note(home, request.erasure).with_suffix(".changed"))
    sources = load_sources(home.sources_file).sources
    rewritten = [each for source in sources for each in hold_against_list(home, source, zone, words, changes)]
    fault("forgetting: after landing")
    drop_unfinished(home)
    rows = changes.rows()
    traces = Traces(renamed(home, listed, people), Sought(words.anywhere), rows)
    files = clear(home, traces, changes.about_to)
    fault("forgetting: after the files")
    batches = {batch for batch, _ in rows} | {each.batch_id for each in rewritten}  # those of before it was cut off, too
    done = Erased(request.erasure, len(people), len(keys), len(batches), len(rows), files, tuple(left(home, traces)))
    prove(home, {**asdict(done), "by": request.by, "reason": request.reason, **sealed(home, {*changes.files(), home.forgotten_file})})
    fault("forgetting: after the proof")
    _note(home, request.erasure).unlink()
    changes.path.unlink(missing_ok=True)
    sync(home.privacy)
    return done


def renamed(home: Home, listed: Forgotten, people: list[Known]) -> dict[str, str]:
    """Every id of these people in the tables, in clear and hashed, → what stands for it since; the same as the next night makes of the rows."""
    hashed, found = hash_keys(home), {}
    for each in people:
        nobody = email_of(each.person)
        for contact in (*each.contacts, *each.codes):  # whoever was brought by them may name them by their code
            space = contact.partition(":")[0] if ":" in contact else None
            found[contact] = nobody if "@" in contact else listed.contact(contact, space)
        for email in each.emails:
            found[email] = nobody
        for person in each.people:
            found[person] = f"email:{hashed.hash(nobody)}"
    return found | {f"p_{hashed.hash(old)}": f"p_{hashed.hash(new)}" for old, new in found.items()}
