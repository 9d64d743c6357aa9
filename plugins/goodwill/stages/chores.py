"""What Airflow runs beside the night: forgetting a person, the review, housekeeping, and telling of a failure."""

from __future__ import annotations

from contextlib import suppress

from goodwill import audit, publish
from goodwill.errors import GoodwillError
from goodwill.home import Home
from goodwill.room import FULL, free_bytes
from goodwill.settings import load_business
from goodwill.sources import load_sources
from goodwill.stages.ticket import Figures

__all__ = ["erase_person", "review", "tell_failure", "tell_refused", "tidy"]


def erase_person(home: str | None, person: str, by: str, reason: str) -> Figures:
    """Erase the person with an id or a publication's key, everywhere; returns counts.

    Raises
    ------
    GoodwillError : an address or a number is given: whatever starts a task keeps what it was started with.
    """
    from goodwill import forgetting

    if "@" in person or (person.lstrip("+").replace(" ", "").isdigit() and person.startswith(("+", "0"))):
        raise GoodwillError(
            "an address or a number would stay in Airflow's own database",
            "give the person's key (person_id in the published marts), or use the command: goodwill erase --email -",
        )
    done = forgetting.erase(Home.at(home), forgetting.Asked(person=person), forgetting.Request(by, reason))
    if done.left:
        raise GoodwillError(
            f"{done.erasure}: {len(done.left)} files still hold a word of theirs: {', '.join(done.left)}", "look at them by hand"
        )
    return {"erasure": done.erasure, "batches": done.batches, "rows": done.rows, "files": done.files}


def review(home: str | None) -> Figures:
    """Judge the models on what readers see, for the coming nights to follow."""
    from goodwill import reviewing

    done = reviewing.review(Home.at(home))
    return {"review_id": done.review_id, "as_of": str(done.as_of), "gate": done.gate, "model": done.model, "recorded": done.recorded}


def tidy(home: str | None) -> Figures:
    """Remove what is old, as the settings of retention say."""
    where = Home.at(home)
    old = publish.tidy(where, load_sources(where.sources_file), load_business(where.business_file).retention)
    return {kind: sum(each.kind == kind for each in old) for kind in sorted({each.kind for each in old})}


def tell_refused(home: str | None) -> Figures:
    """Tell whoever watches that a night did not begin, as another run has the warehouse: nothing failed, and nobody need do anything."""
    from goodwill import alerts

    where = Home.at(home)
    holder = audit.Lock.of(where).holder_run()
    text = f"Goodwill: a night of {where.root.name} did not begin, as {holder or 'another run'} has the warehouse; that one goes on."
    return {"sent": alerts.send("refused", text, {"home": where.root.name, "holder": holder})}


def tell_failure(home: str | None, what: str) -> Figures:
    """Alert whoever watches that a night, or something else that Airflow runs, has failed."""
    from goodwill import alerts

    facts: Figures = {"what": what}
    with suppress(GoodwillError, OSError, ValueError):  # no home, or one that cannot be read: the alert goes out all the same
        where = Home.at(home)
        facts |= {"home": where.root.name, "published": publish.current_run(where)}
        if what == "night":
            last = [run for run in audit.read_runs(where) if run.get("verdict") != "refused"][-1:]
            # of a night that could not even begin its record, the last one on record is another
            facts |= {
                name: each.get(name)
                for each in last
                if each.get("verdict") != "published"
                for name in ("run_id", "as_of", "verdict", "blocked_at")
            }
        facts |= _machine(where)
    said = f"was {facts['verdict']} at '{facts['blocked_at']}' (run {facts['run_id']})" if facts.get("blocked_at") else "failed"
    why = f" {facts['machine']}" if "machine" in facts else ""
    text = f"Goodwill: the {what} of {facts.get('home', 'an unknown home')} {said}; readers see what they saw.{why}"
    return {"sent": alerts.send("failure", text, facts)}


def _machine(home: Home) -> Figures:
    """What is wrong with the disk of a home, looked at now: a full one keeps a night from writing down why it failed."""
    if home.unwritable():
        return {"machine": "The home cannot be written to."}
    free = free_bytes(home)
    return {"machine": f"The disk is full: {free / 1e6:,.0f} MB are free."} if free < FULL else {}
