"""The stages between the opening of a night and its end, one function each."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

from goodwill import audit, extract, publish, warehouse
from goodwill.home import Home
from goodwill.sources.credentials import Resolver, from_environment
from goodwill.sql import literal
from goodwill.stages.reporting import write_audit_report
from goodwill.stages.ticket import CUT_SHORT, Figures, Ticket, day_of, night_of, night_warehouse, staged_night
from goodwill.warehouse import Night

if TYPE_CHECKING:
    from goodwill import segments

__all__ = [
    "assign_segments",
    "build",
    "extract_source",
    "fit_clv",
    "prepare",
    "publish_night",
    "resolve_identities",
    "source_names",
    "validate",
    "write_documents",
]


def source_names(ticket: Ticket) -> list[str]:
    """The sources of the night, one extract task each."""
    return [source.name for source in night_of(ticket).sources.sources]


def extract_source(ticket: Ticket, source: str, connections: Resolver = from_environment) -> Figures:
    """Land what is new in one source, each part as an immutable batch; `connections` knows the secrets, by name."""
    with staged_night(ticket, f"extract {source}") as (night, figures):
        declared, zone = night.sources.by_name(source), night.business.company.business_time_zone
        figures |= extract.land_source(night.home, declared, zone, connections, night.business.quality.quarantine_share)
        extract.carry_over(night.home, declared, zone)
        if night.home.forgotten_file.exists() or night.home.expired_file.exists():
            from goodwill import forgetting

            landed = figures.get("forgotten_rows", 0)
            figures["forgotten_rows"] = landed + forgetting.reapply(night.home, declared, zone)
        audit.enter_batches(night.home, source, night.run_id, str(audit.RunRecord.of(night.home, night.run_id).read()["started_at"]))
        return figures


def prepare(ticket: Ticket) -> Figures:
    """Fix the night's day and its batch set, and lay out a warehouse over them: a fresh one, or a copy of the accepted one to go on from."""
    with staged_night(ticket, "prepare") as (night, figures):
        audit.check_batches(night.home, night.sources)
        audit.check_models_ledger(night.home)
        if night.home.forgotten_file.exists():
            from goodwill import forgetting

            figures["files_cleared"] = forgetting.clear_what_came_back(night.home)
        record = audit.RunRecord.of(night.home, night.run_id)
        doubt = _doubt(night.home, night.run_id) or audit.changed_warehouse(night.home)
        plan = warehouse.plan_night(night, full=bool(record.read().get("full") or doubt))
        plan = replace(plan, reason=doubt) if doubt else plan
        as_of = warehouse.prepare_warehouse(night, plan)
        with night_warehouse(night) as connection:
            _accepted_places(night, as_of).open(connection)
        batches = sorted(batch.batch_id for batch in plan.state.batches)
        record.update(as_of=as_of, batches=batches, built=plan.describe())
        figures |= {"as_of": str(as_of), "batches": len(batches), "built": plan.describe()}
        return figures


def _doubt(home: Home, run_id: str) -> str | None:
    """Why the accepted warehouse is not gone on from: the night before failed on its copy, and it may be the file itself that is damaged."""
    for last in [run for run in audit.read_runs(home) if run["run_id"] != run_id and run.get("verdict") != "refused"][-1:]:
        where = str(last.get("blocked_at") or "open")
        if last.get("verdict") == "failed" and last.get("message") != CUT_SHORT and not where.startswith(("open", "extract")):
            return f"run {last['run_id']} failed at '{where}', and the accepted warehouse may be why"
    return None


def build(ticket: Ticket, layer: str) -> Figures:
    """Build one dbt layer: `staging`, `before_clv` or `after_clv`."""
    with staged_night(ticket, f"build {layer}") as (night, figures):
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
    with night_warehouse(night, read_only=True) as connection:
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

    with staged_night(ticket, f"validate {boundary}") as (night, figures):
        run = night.home.run(night.run_id)
        summary = quality.validate(night.home.working_copy, boundary, run_id=night.run_id, as_of=day_of(night), out_dir=run)
        figures |= {
            "checks": summary.checks,
            "failed": len(summary.failed_critical) + len(summary.failed_warnings),
            "notices": list(summary.notices),
        }
        audit.enter_checks(night.home, night.run_id, boundary, summary.rows)
        if boundary == "staged":
            figures["notices"] += _drifted(night)
        quality.gate(summary)
        return figures


def _drifted(night: Night) -> list[str]:
    """Hold what came in against what the last good nights brought; what has moved is said, and never blocks."""
    from goodwill import drift

    quality = night.business.quality
    runs, batches = audit.read_runs(night.home), audit.RunRecord.of(night.home, night.run_id).read()["batches"]
    tonight, before = drift.arrivals(runs, night.run_id, day_of(night), batches, quality.drift_nights)
    with night_warehouse(night) as connection:
        found = drift.measure(connection, tonight, before, (quality.drift_watch, quality.drift_moved))
        drift.record(connection, night.run_id, found)
    file = drift.write_drift(night.home.run(night.run_id), found)
    moved = found.with_verdict(drift.MOVED)
    audit.enter_drift(
        night.home, night.run_id, len(found.findings), [f"{each.source} {each.entity} {each.measure}" for each in moved], file
    )
    return [f"drift: {each.sentence}" for each in moved]


def resolve_identities(ticket: Ticket) -> Figures:
    """Read the phone numbers of the contacts, and find probable matches if the settings want them: what people are then made of."""
    from goodwill import identity

    with staged_night(ticket, "identity") as (night, figures), night_warehouse(night) as connection:
        figures |= identity.resolve(connection, night.business.identity, night.home.accepted)
        return figures


def fit_clv(ticket: Ticket) -> Figures:
    """Fit the customer-lifetime-value models, settle whose parameters score, and score every customer."""
    from goodwill import clv

    with staged_night(ticket, "fit clv") as (night, figures), night_warehouse(night) as connection:
        published = publish.current_run(night.home)
        if published:  # should the night before have died between its publication and its last line
            clv.confirm(night.home, published)
        ledger = clv.Ledger.read(night.home, day_of(night))
        audit.RunRecord.of(night.home, night.run_id).update(clv_ledger_lines=clv.ledger_lines(night.home))
        figures |= clv.fit(connection, night.business, night.run_id, day_of(night), ledger)
        figures |= clv.score(connection, night.business, night.run_id, day_of(night))
        ledger.write(night.home.run(night.run_id))
        return figures


def assign_segments(ticket: Ticket) -> Figures:
    """Give everybody a stage, a distance, a value class and an RFM group, each with its reason, in the light of the accepted nights."""
    from goodwill import clv, segments

    with staged_night(ticket, "segments") as (night, figures), night_warehouse(night) as connection:
        life_cycle = night.business.life_cycle
        clv.write_silences(connection, night.run_id, life_cycle.at_risk_p_alive, life_cycle.warning_days)
        ledger = _accepted_places(night, day_of(night))
        figures |= segments.assign(connection, night.business, night.run_id, day_of(night), ledger)
        return figures


def _accepted_places(night: Night, as_of: dt.date) -> segments.Ledger:
    """Where people stood on the accepted nights before `as_of`."""
    from goodwill import segments

    published = publish.current_run(night.home)
    if published:  # as for the CLV ledger: the night before may have died right after its publication
        segments.confirm(night.home, published)
    return segments.Ledger.read(night.home, as_of)


def write_documents(ticket: Ticket) -> Figures:
    """Write the audit tables, the report, the data docs and the model docs of the night."""
    from goodwill import quality, report

    with staged_night(ticket, "documents") as (night, figures):
        run = night.home.run(night.run_id)
        with night_warehouse(night) as connection:
            audit.write_audit_tables(night.home, night.sources, night.run_id, connection)
        quality.build_data_docs(run, run / "data_docs")
        warehouse.document(night.home, run / "model_docs")
        audit.write_lineage(warehouse.dbt_manifest(night.home), run / "lineage")
        page = report.build_report(night.home.working_copy, run, run / "report" / "index.html", verdict="published")
        write_audit_report(night.home, night.run_id, night.home.working_copy, "published")
        figures |= {"report_bytes": page.stat().st_size}
        return figures


def publish_night(ticket: Ticket) -> Figures:
    """Publish: build the whole publication apart, then swap it in; an earlier day is published beside, never over, the present one."""
    from goodwill import clv, segments

    with staged_night(ticket, "publish") as (night, figures):
        record = audit.RunRecord.of(night.home, night.run_id)
        with night_warehouse(night, read_only=True) as connection:
            segments.record(night.home, night.run_id, day_of(night), connection)
        documents = {name: record.folder / name for name in ("report", "audit_report", "data_docs", "model_docs", "lineage")}
        is_current = publish.release(night, record.read(), documents, int(ticket["token"]))
        clv.confirm(night.home, night.run_id)
        if is_current:  # what an earlier day decides now is no part of the present's past
            segments.confirm(night.home, night.run_id)
        removed = publish.prune(night.home, night.business.retention.publications_kept)
        figures |= {"is_current": is_current, "removed": len(removed)}
        return figures
