"""What was found of one quantity of one source, and the file of a run that keeps it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from goodwill.files import replace_text

__all__ = ["MOVED", "VERDICTS", "Drift", "Finding", "Share", "drift_file", "read_drift", "write_drift"]

MOVED = "moved"
#: `first`: nothing came before; `none`: nothing came tonight; `too_few`: too little of either to say.
VERDICTS = (MOVED, "watch", "steady", "too_few", "first", "none")


@dataclass(frozen=True)
class Share:
    """One class of a quantity: how many rows of tonight and of the nights before are in it."""

    label: str
    rows_now: int
    rows_before: int


@dataclass(frozen=True)
class Finding:
    """One quantity of what a source brought.

    `kind` is volume (`value`: rows tonight as a multiple of the usual night's; `limit`: the nearest end of what is usual), freshness (`value`:
    days from the newest event to the night's day; `limit`: the most of the nights before), mix or distribution (`value`: PSI; `limit`: the least
    PSI that is told). `rows_before` of a volume is the median of the nights before.
    """

    source: str
    entity: str
    measure: str
    kind: str
    verdict: str
    value: float | None
    limit: float | None
    rows_now: int
    rows_before: int
    nights_before: int
    shares: tuple[Share, ...] = ()

    @property
    def sentence(self) -> str:
        """What has moved, in a line."""
        what = f"{self.source} ({self.entity}): {self.measure.replace('_', ' ')}"
        last = f"the last {self.nights_before} good nights"
        if self.kind == "volume":
            return f"{what}: {self.rows_now:,} rows, where {last} brought {self.rows_before:,} in the median."
        if self.kind == "freshness":
            return f"{what}: the newest event is {self.value:g} days old, where {last} had at most {self.limit:g}."
        most = max(self.shares, key=lambda share: abs(self._change(share)))
        return (
            f"{what}: PSI {self.value:.2f} against {last} ({self.rows_now:,} rows now, {self.rows_before:,} before); "
            f"most at '{most.label}', {_share(most.rows_before, self.rows_before)} before and {_share(most.rows_now, self.rows_now)} now."
        )

    def _change(self, share: Share) -> float:
        return share.rows_now / max(1, self.rows_now) - share.rows_before / max(1, self.rows_before)


def _share(part: int, whole: int) -> str:
    return f"{part / max(1, whole):.1%}".replace("%", " %")


@dataclass(frozen=True)
class Drift:
    """All findings of a night. `nights` are the good nights it was held against, newest first."""

    nights: tuple[str, ...]
    findings: tuple[Finding, ...]

    def with_verdict(self, *verdicts: str) -> list[Finding]:
        return [finding for finding in self.findings if finding.verdict in verdicts]


def drift_file(run: Path) -> Path:
    """Where a run's folder keeps its drift."""
    return run / "drift.json"


def write_drift(run: Path, drift: Drift) -> Path:
    """Keep the drift of a run, whole or not at all."""
    replace_text(drift_file(run), json.dumps(asdict(drift), ensure_ascii=False, indent=1))
    return drift_file(run)


def read_drift(run: Path) -> Drift | None:
    """The drift of a run; none where it stopped before, or an older version made it."""
    try:
        kept = json.loads(drift_file(run).read_text(encoding="utf-8"))
        return Drift(tuple(kept["nights"]), tuple(_findings(kept["findings"])))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _findings(kept: Iterable[dict[str, Any]]) -> Iterable[Finding]:
    for each in kept:
        yield Finding(**{**each, "shares": tuple(Share(**share) for share in each["shares"])})
