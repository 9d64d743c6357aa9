"""Nights of one October, small and real: two that were published, of which one failed a check and drifted, and one that stopped."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from goodwill import audit, stages
from goodwill.audit_report import Period
from goodwill.drift import Drift, Finding, Share, write_drift
from goodwill.errors import GoodwillError
from goodwill.home import Home

from tests.small_night import lay_out, night

__all__ = ["HOSTILE", "OCTOBER", "october"]

OCTOBER = Period(month=dt.date(2026, 10, 1))
HOSTILE = '<script>alert("1")</script>'


def results(home, run_id: str, held: bool) -> None:
    """The checks of a boundary: one that always holds, one that is told."""
    folder = home.run(run_id) / "validation_results"
    folder.mkdir(parents=True)
    rows = [
        {
            "run_id": run_id,
            "boundary": "staged",
            "table_name": "staging.stg_orders",
            "rule_id": rule,
            "severity": severity,
            "description": says,
        }
        | {"success": success, "unexpected_count": 0 if success else 7, "checked_at": dt.datetime(2026, 10, 1, 3)}
        for rule, severity, says, success in [
            ("STG-ORD-2", "critical", "Each order is there once, and has an identifier.", True),
            ("STG-ORD-8", "warning", "In each source at most half of the orders have an amount of zero.", held),
        ]
    ]
    pq.write_table(pa.Table.from_pylist(rows), folder / "staged.parquet")
    audit.enter_checks(home, run_id, "staged", rows)


class Clock:
    """One that shows a moment of October, and goes on from it as long as it is looked at."""

    def __init__(self) -> None:
        self.moment = dt.datetime(2026, 10, 1, 3)

    def __call__(self) -> dt.datetime:
        self.moment += dt.timedelta(seconds=1)
        return self.moment


def october(make_home: Callable[..., Home], monkeypatch: pytest.MonkeyPatch) -> Home:
    """Two good nights, of which the second failed a check and drifted, and one that stopped."""
    clock = Clock()
    for module in ("audit.ledger", "audit.record", "publish.publication", "stages.closing", "stages.opening"):
        monkeypatch.setattr(f"goodwill.{module}.now", clock)
    made = make_home(goodwill=f"company: {{name: '{HOSTILE}', currency: EUR, business_time_zone: Europe/Paris}}")
    night(made, "20261001T030000-aaaa", "2026-09-30")
    results(made, "20261001T030000-aaaa", held=True)
    (made.business_file).write_text(made.business_file.read_text() + "\nquality: {quarantine_share: 0.2}\n")
    night(made, "20261002T030000-bbbb", "2026-10-01")
    results(made, "20261002T030000-bbbb", held=False)
    shares = (Share("web", 30, 800), Share(HOSTILE, 170, 200))
    moved = Finding("shop", "orders", "channel", "mix", "moved", 1.8, 0.1, 200, 1000, 9, shares)
    steady = Finding("shop", "orders", "rows", "volume", "steady", 1.0, 1.5, 200, 200, 9)
    write_drift(made.run("20261002T030000-bbbb"), Drift(("20261001T030000-aaaa",), (steady, moved)))
    audit.enter_drift(made, "20261002T030000-bbbb", 2, ["shop orders channel"], made.run("20261002T030000-bbbb") / "drift.json")
    stopped = lay_out(made, "20261003T030000-cccc", "2026-10-02")
    with pytest.raises(ValueError, match="boom"), audit.staged(made, stopped["run_id"], "build marts"):
        raise ValueError(f"boom {HOSTILE}")
    with pytest.raises(GoodwillError, match="failed at 'build marts'"):
        stages.close_night(stopped)
    return made
