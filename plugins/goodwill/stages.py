"""The stages of the night, one function each: what the tasks of the DAG call, and what a test calls.

Every function takes the night's ticket (`{"home": …, "run_id": …, "token": …}`, made by `open_night`) and returns a small dict of figures.
"""

from __future__ import annotations

import datetime as dt
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb

from goodwill import audit, extract, publish, warehouse
from goodwill.audit.version import code_version
from goodwill.clock import now
from goodwill.errors import GoodwillError
from goodwill.faults import fault
from goodwill.files import private_folder
from goodwill.home import Home
from goodwill.settings import configuration_digest, load_business
from goodwill.sources import load_sources
from goodwill.sources.credentials import Resolver, from_environment
from goodwill.sql import literal
from goodwill.warehouse import Night, open_warehouse

__all__ = [
    "assign_segments",
    "build",
    "close_night",
    "end_cut_short",
    "erase_person",
    "extract_source",
    "fit_clv",
    "open_night",
    "prepare",
    "publish_night",
    "resolve_identities",
    "review",
    "source_names",
    "tell_failure",
    "tidy",
    "validate",
    "write_documents",
]

_CUT_SHORT = "the night was cut short: its process ended without a word\n  remedy: run the night again; nothing has to be cleaned up"

Ticket = dict[str, str]
Figures = dict[str, Any]


def _night(ticket: Ticket) -> Night:
    home = Home.at(ticket["home"])
    record = audit.RunRecord.of(home, ticket["run_id"]).read()
    as_of = dt.date.fromisoformat(record["as_of"]) if record.get("as_of") else None
    return Night(home, ticket["run_id"], load_business(home.business_file), load_sources(home.sources_file), as_of)


@contextmanager
def _stage(ticket: Ticket, name: str) -> Iterator[tuple[Night, Figures]]:
    """A stage: the lock still ours and kept, its start and end on record."""
    home, run_id = Home.at(ticket["home"]), ticket["run_id"]
    lock, token = audit.Lock.of(home), int(ticket["token"])
    with audit.staged(home, run_id, name) as figures:
        lock.check(run_id, token)
        with lock.kept_alive(run_id, token):
            yield _night(ticket), figures


@contextmanager
def _warehouse(night: Night, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """The night's warehouse, unless another run has laid out its own there: nobody else can open it meanwhile."""
    with open_warehouse(night.home.working_copy, read_only=read_only) as connection:
        (run_id,) = connection.execute("select run_id from control.night").fetchall()[0]
        if run_id != night.run_id:
            raise GoodwillError(f"the warehouse is that of run {run_id}, no longer of {night.run_id}", "start the night again")
        yield connection


def open_night(
    home: str | None,
    as_of: str | None = None,
    run_id: str | None = None,
    pid: int | None = None,
    make_current: bool = False,
    full: bool = False,
) -> Ticket:
    """Take the warehouse for a run and open its record.

    Parameters
    ----------
    as_of : ISO date the night stands at; without it the settings decide once the sources have landed.
    run_id : given by the command line, which wants to follow the run; made here otherwise.
    pid : the process that drives the whole night, where there is one.
    make_current : show readers the publication even if it is about an earlier day than the present one.
    full : build everything from landing, even where the night could go on from the accepted warehouse.

    Raises
    ------
    ConfigurationError : the configuration cannot be used. GoodwillError : another run holds the warehouse.
    """
    where = Home.at(home)
    load_business(where.business_file)
    load_sources(where.sources_file)
    for folder in (where.landing, where.warehouse, where.privacy):  # people are in them in clear
        private_folder(folder)
    wanted = dt.date.fromisoformat(as_of) if as_of else None
    ticket = {"home": str(where.root), "run_id": run_id or new_run_id()}
    record = audit.RunRecord.of(where, ticket["run_id"])
    facts = record.update(
        run_id=ticket["run_id"],
        as_of=wanted,
        started_at=now(),
        verdict="running",
        code_version=code_version(),
        home=where.root.name,
        configuration_sha256=configuration_digest(where.business_file, where.sources_file),
        make_current=make_current,
        full=full,
    )
    audit.keep_configuration(where, ticket["run_id"])
    dead = audit.Lock.of(where).dead_holder()
    if dead and where.run(dead).exists():  # an erasure that was cut off is no run: it is finished below
        end_cut_short({"home": str(where.root), "run_id": dead})
    fault("open: before the lock")
    try:
        token = audit.Lock.of(where).acquire(ticket["run_id"], pid)
        _end_unborn(where, ticket["run_id"])
        audit.bring_up(where)
        begun = {name: facts[name] for name in ("run_id", "as_of", "configuration_sha256", "make_current")}
        audit.append(where, "run", {"event": "begun", **begun, "token": token})
        _finish_erasures(where)
    except GoodwillError as error:
        record.update(verdict="failed", finished_at=now(), blocked_at="open", message=str(error))
        audit.Lock.of(where).release(ticket["run_id"])
        raise
    return ticket | {"token": str(token)}


def _end_unborn(home: Home, present: str) -> None:
    """Say of runs that are recorded as running that they are not: whoever holds the warehouse is the only one, and they died before they had it."""
    for run in audit.read_runs(home):
        if run.get("verdict") == "running" and run["run_id"] != present:
            audit.RunRecord.of(home, run["run_id"]).update(verdict="failed", finished_at=now(), blocked_at="open", message=_CUT_SHORT)


def _finish_erasures(home: Home) -> None:
    """Go on with erasures that were cut off, before anything reads what they had still to change."""
    if any(home.privacy.glob("pending-*.json")):
        from goodwill import forgetting

        forgetting.finish_pending(home)


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


def end_cut_short(ticket: Ticket) -> None:
    """End a run whose process died without a word: its record says so, its report too if one can be made, and the warehouse is free."""
    # what a killed process left behind may be unreadable in any way; that must not stop whoever found it
    with suppress(Exception):
        close_night(ticket)


def new_run_id() -> str:
    """A run's name: when it started, and a few letters, so that two can never be one."""
    return f"{now():%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"


def source_names(ticket: Ticket) -> list[str]:
    """The sources of the night, one extract task each."""
    return [source.name for source in _night(ticket).sources.sources]


def extract_source(ticket: Ticket, source: str, connections: Resolver = from_environment) -> Figures:
    """Land what is new in one source, each part as an immutable batch; `connections` knows the secrets, by name."""
    with _stage(ticket, f"extract {source}") as (night, figures):
        declared, zone = night.sources.by_name(source), night.business.company.business_time_zone
        figures |= extract.land_source(night.home, declared, zone, connections, night.business.quality.quarantine_share)
        extract.carry_over(night.home, declared, zone)
        if night.home.forgotten_file.exists():
            from goodwill import forgetting

            figures["forgotten_rows"] = forgetting.reapply(night.home, declared, zone)
        audit.enter_batches(night.home, source, night.run_id, str(audit.RunRecord.of(night.home, night.run_id).read()["started_at"]))
        return figures


def prepare(ticket: Ticket) -> Figures:
    """Fix the night's day and its batch set, and lay out a warehouse over them: a fresh one, or a copy of the accepted one to go on from."""
    with _stage(ticket, "prepare") as (night, figures):
        audit.check_batches(night.home, night.sources)
        record = audit.RunRecord.of(night.home, night.run_id)
        doubt = _doubt(night.home, night.run_id)
        plan = warehouse.plan_night(night, full=bool(record.read().get("full") or doubt))
        plan = replace(plan, reason=doubt) if doubt else plan
        as_of = warehouse.prepare_warehouse(night, plan)
        batches = sorted(batch.batch_id for batch in plan.state.batches)
        record.update(as_of=as_of, batches=batches, built=plan.describe())
        figures |= {"as_of": str(as_of), "batches": len(batches), "built": plan.describe()}
        return figures


def _doubt(home: Home, run_id: str) -> str | None:
    """Why the accepted warehouse is not gone on from: the night before failed on its copy, and it may be the file itself that is damaged."""
    for last in [run for run in audit.read_runs(home) if run["run_id"] != run_id][-1:]:
        where = str(last.get("blocked_at") or "open")
        if last.get("verdict") == "failed" and last.get("message") != _CUT_SHORT and not where.startswith(("open", "extract")):
            return f"run {last['run_id']} failed at '{where}', and the accepted warehouse may be why"
    return None


def build(ticket: Ticket, layer: str) -> Figures:
    """Build one dbt layer: `staging`, `before_clv` or `after_clv`."""
    with _stage(ticket, f"build {layer}") as (night, figures):
        figures |= warehouse.build_layer(night.home, layer)
        if layer == "staging":
            figures |= _list_rejected(night)
        return {name: figures[name] for name in ("models", "skipped", "tests")}


def _list_rejected(night: Night) -> Figures:
    """Write every rejected row to `runs/<run_id>/quarantine.csv`: a blocked night leaves no warehouse to ask.

    A value that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    target = night.home.run(night.run_id) / "quarantine.csv"
    inert = "case when regexp_matches({0}, '^[=+@\\t\\r-]') then chr(39) || {0} else {0} end as {0}"
    with _warehouse(night, read_only=True) as connection:
        connection.execute(
            f"copy (select entity, source, {inert.format('file')}, row_no, column_name, reason, {inert.format('value')}, batch_id from staging.quarantine "
            f"order by entity, source, file, row_no, column_name) to {literal(str(target))} (format csv, header)"
        )
        target.chmod(0o600)
        (rows,) = connection.execute("select count(distinct (entity, source, batch_id, row_no)) from staging.quarantine").fetchall()[0]
    return {"rejected": rows}


def validate(ticket: Ticket, boundary: str) -> Figures:
    """Hold the data at a boundary against its expectations; a critical failure blocks the night here."""
    from goodwill import quality

    with _stage(ticket, f"validate {boundary}") as (night, figures):
        run = night.home.run(night.run_id)
        summary = quality.validate(night.home.working_copy, boundary, run_id=night.run_id, as_of=_as_of(night), out_dir=run)
        figures |= {
            "checks": summary.checks,
            "failed": len(summary.failed_critical) + len(summary.failed_warnings),
            "notices": list(summary.notices),
        }
        audit.enter_checks(night.home, night.run_id, boundary, summary.rows)
        quality.gate(summary)
        return figures


def _as_of(night: Night) -> dt.date:
    if night.as_of is None:
        raise GoodwillError(f"run {night.run_id} has no day yet", "the stage 'prepare' must run first")
    return night.as_of


def resolve_identities(ticket: Ticket) -> Figures:
    """Read the phone numbers of the contacts, and find probable matches if the settings want them: what people are then made of."""
    from goodwill import identity

    with _stage(ticket, "identity") as (night, figures), _warehouse(night) as connection:
        figures |= identity.resolve(connection, night.business.identity, night.home.accepted)
        return figures


def fit_clv(ticket: Ticket) -> Figures:
    """Fit the customer-lifetime-value models, settle whose parameters score, and score every customer."""
    from goodwill import clv

    with _stage(ticket, "fit clv") as (night, figures), _warehouse(night) as connection:
        published = publish.current_run(night.home)
        if published:  # should the night before have died between its publication and its last line
            clv.confirm(night.home, published)
        ledger = clv.Ledger.read(night.home, _as_of(night))
        audit.RunRecord.of(night.home, night.run_id).update(clv_ledger_lines=clv.ledger_lines(night.home))
        figures |= clv.fit(connection, night.business, night.run_id, _as_of(night), ledger)
        figures |= clv.score(connection, night.business, night.run_id, _as_of(night))
        ledger.write(night.home.run(night.run_id))
        return figures


def assign_segments(ticket: Ticket) -> Figures:
    """Give everybody a stage, a distance, a value class and an RFM group, each with its reason, in the light of the accepted nights."""
    from goodwill import clv, segments

    with _stage(ticket, "segments") as (night, figures), _warehouse(night) as connection:
        published = publish.current_run(night.home)
        if published:  # as for the CLV ledger: the night before may have died right after its publication
            segments.confirm(night.home, published)
        life_cycle = night.business.life_cycle
        clv.write_silences(connection, night.run_id, life_cycle.at_risk_p_alive, life_cycle.warning_days)
        ledger = segments.Ledger.read(night.home, _as_of(night))
        figures |= segments.assign(connection, night.business, night.run_id, _as_of(night), ledger)
        return figures


def write_documents(ticket: Ticket) -> Figures:
    """Write the audit tables, the report, the data docs and the model docs of the night."""
    from goodwill import quality, report

    with _stage(ticket, "documents") as (night, figures):
        run = night.home.run(night.run_id)
        with _warehouse(night) as connection:
            audit.write_audit_tables(night.home, night.sources, night.run_id, connection)
        quality.build_data_docs(run, run / "data_docs")
        warehouse.document(night.home, run / "model_docs")
        audit.write_lineage(warehouse.dbt_manifest(night.home), run / "lineage")
        page = report.build_report(night.home.working_copy, run, run / "report" / "index.html", verdict="published")
        figures |= {"report_bytes": page.stat().st_size}
        return figures


def publish_night(ticket: Ticket) -> Figures:
    """Publish: build the whole publication apart, then swap it in; an earlier day is published beside, never over, the present one."""
    from goodwill import clv, segments

    with _stage(ticket, "publish") as (night, figures):
        record = audit.RunRecord.of(night.home, night.run_id)
        with _warehouse(night, read_only=True) as connection:
            segments.record(night.home, night.run_id, _as_of(night), connection)
        documents = {name: record.folder / name for name in ("report", "data_docs", "model_docs", "lineage")}
        is_current = publish.release(night, record.read(), documents, int(ticket["token"]))
        clv.confirm(night.home, night.run_id)
        if is_current:  # what an earlier day decides now is no part of the present's past
            segments.confirm(night.home, night.run_id)
        removed = publish.prune(night.home, night.business.retention.publications_kept)
        figures |= {"is_current": is_current, "removed": len(removed)}
        return figures


def review(home: str | None) -> Figures:
    """Judge the models on what readers see, for the coming nights to follow."""
    from goodwill import reviewing

    done = reviewing.review(Home.at(home))
    return {"review_id": done.review_id, "as_of": str(done.as_of), "gate": done.gate, "model": done.model, "recorded": done.recorded}


def tell_failure(home: str | None, what: str) -> Figures:
    """Alert whoever watches that a night, or something else that Airflow runs, has failed."""
    from goodwill import alerts

    facts: Figures = {"what": what}
    with suppress(GoodwillError, OSError, ValueError):  # no home, or one that cannot be read: the alert goes out all the same
        where = Home.at(home)
        facts |= {"home": where.root.name, "published": publish.current_run(where)}
        if what == "night":
            last = audit.read_runs(where)[-1:]
            facts |= {name: each.get(name) for each in last for name in ("run_id", "as_of", "verdict", "blocked_at")}
    said = f"was {facts['verdict']} at '{facts['blocked_at']}' (run {facts['run_id']})" if facts.get("blocked_at") else "failed"
    sent = alerts.send(
        "failure", f"Goodwill: the {what} of {facts.get('home', 'an unknown home')} {said}; readers see what they saw.", facts
    )
    return {"sent": sent}


def tidy(home: str | None) -> Figures:
    """Remove what is old, as the settings of retention say."""
    where = Home.at(home)
    old = publish.tidy(where, load_sources(where.sources_file), load_business(where.business_file).retention)
    return {kind: sum(each.kind == kind for each in old) for kind in sorted({each.kind for each in old})}


def _verdict(home: Home, run_id: str, lines: list[dict[str, Any]]) -> tuple[str, dict[str, Any]]:
    """How a run ended, from its stages and from what is published, and the line that says why."""
    if publish.current_run(home) == run_id:
        return "published", {}
    for status, verdict in (("blocked", "blocked"), ("failed", "failed")):
        bad = next((line for line in lines if line["status"] == status), None)
        if bad:
            return verdict, bad
    published = any(line["stage"] == "publish" and line["status"] == "done" for line in lines)
    if published:
        return "published", {}
    last = lines[-1]["stage"] if lines else "open"
    return "failed", {
        "stage": last,
        "message": _CUT_SHORT,
    }


def close_night(ticket: Ticket | None) -> Figures:
    """Say how the night ended, leave its report, and let the warehouse go; raises unless the night was published."""
    if not ticket:
        raise GoodwillError("the night could not be opened", "see the log of the task open_night")
    home = Home.at(ticket["home"])
    record = audit.RunRecord.of(home, ticket["run_id"])
    verdict, why = _verdict(home, ticket["run_id"], record.stages())
    facts = record.update(verdict=verdict, finished_at=now(), blocked_at=why.get("stage"), message=why.get("message"))
    lock = audit.Lock.of(home)
    if lock.holder_run() == ticket["run_id"]:  # else the warehouse is another run's by now: hands off
        try:
            if verdict != "published":
                record.update(is_current=False)
                publish.take_away(home, ticket["run_id"])
                _report_of_failure(home, record.folder, verdict)
            elif facts.get("is_current") and home.working_copy.exists():  # killed between its publication and this
                warehouse.promote(home)
        finally:
            with suppress(OSError, GoodwillError):  # a ledger that cannot be continued must not keep the warehouse
                entry = audit.enter_end(home, ticket["run_id"], record.read())
                record.update(ledger_head=str(entry.head))
            lock.release(ticket["run_id"])
    if verdict != "published":
        raise GoodwillError(f"the night was {verdict} at '{why.get('stage')}': {why.get('message')}")
    return {"verdict": verdict}


def _report_of_failure(home: Home, run: Path, verdict: str) -> None:
    """The report of a night that was not published, from whatever there is of it; then the working file goes."""
    from goodwill import quality, report

    if (run / "validation_documents").exists():
        quality.build_data_docs(run, run / "data_docs")
    report.build_report(home.working_copy, run, run / "report" / "index.html", verdict=verdict)
    shutil.rmtree(home.working_copy.parent, ignore_errors=True)
