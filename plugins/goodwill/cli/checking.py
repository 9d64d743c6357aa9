"""`goodwill check`: read the sources as the night would, land nothing, say what would come in and what would be rejected."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from goodwill.cli.looking import Finding, Look
from goodwill.errors import GoodwillError
from goodwill.extract.batches import active_batches
from goodwill.home import Home
from goodwill.settings import load_business
from goodwill.sources import Source, load_sources
from goodwill.sources.connectors import CONNECTORS
from goodwill.sources.connectors.protocol import Approach
from goodwill.sources.credentials import resolve

__all__ = ["LOOK", "check_home", "show"]

#: Rows of a table or a resource that a look reads; files are read whole.
LOOK = 10_000
#: Warnings of a source that are shown.
_SHOWN = 5


def _look_at(home: Home, source: Source, zone: str, allowed: float) -> Iterator[Finding]:
    """What a source would give, then each part of it that cannot be read, then what the night would stop at."""
    errors: list[Finding] = []
    with tempfile.TemporaryDirectory() as scratch:
        look = Look(source, zone, active_batches(home, source), Path(scratch), LOOK)
        approach = Approach(home.root, zone, Path(scratch) / "unfinished", resolve, limit=LOOK, quarantine_share=allowed)
        parts = iter(CONNECTORS[source.connector].parts(source, approach))
        while True:
            name = look.finding.file
            try:
                part = next(parts, None)
                if part is None:
                    break
                name = part.name
                look.add(part)
            except GoodwillError as error:
                errors.append(Finding(source.name, name, error=str(error)))
        look.map_waiting()
    if look.finding.parts:
        yield look.finding
    yield from errors
    limit = allowed if source.quarantine_share is None else source.quarantine_share
    for entity, (rows, bad) in look.finding.counts.items():
        if rows and bad / rows > limit:
            share = f"{bad:,} of {rows:,} rows ({bad / rows:.1%}) have an error, more than {limit:.1%}"
            yield Finding(source.name, look.finding.file, rows=look.finding.rows, error=f"{entity}: {share}: the night would be blocked")


def check_home(home: Home, say: Callable[[str], None] = lambda _: None) -> list[Finding]:
    """Every source, as the night would read it; of a table or a resource, its first rows. `say` hears which source is read.

    Raises
    ------
    ConfigurationError : the configuration itself is not valid.
    """
    business = load_business(home.business_file)
    zone, allowed = business.company.business_time_zone, business.quality.quarantine_share
    sources = load_sources(home.sources_file).sources
    findings: list[Finding] = []
    for source in sources:
        say(source.name)
        findings += _look_at(home, source, zone, allowed)
    # who sells by contract alone has no orders
    paid = "orders" if any("orders" in source.entities for source in sources) else "subscriptions"
    if not any(finding.error or finding.counts.get(paid, (0, 0))[0] for finding in findings):
        named = ", ".join(source.name for source in sources if paid in source.entities)
        findings.append(Finding(named, paid, error="no rows in any source: the night would be blocked"))
    return findings


def show(console: Console, finding: Finding) -> None:
    """Print one finding."""
    files = f"  {finding.parts:,} files" if finding.parts > 1 else ""
    rows_read = f"the first {finding.rows:,} rows" if finding.is_cut else f"{finding.rows:,} rows"
    console.print(f"[bold]{escape(finding.source)}[/bold]  {escape(finding.file)}{files}  {rows_read}")
    for entity, how in finding.entities.items():
        rows, bad = finding.counts[entity]
        console.print(f"  {entity}: {rows:,} rows, {bad:,} with an error; {escape(how)}")
    for (entity, _, _), (times, first) in finding.problems.items():
        more = f" (and {times - 1:,} more like it)" if times > 1 else ""
        console.print(f"  [yellow]would be quarantined:[/yellow] {entity}: {escape(first)}{more}")
    for noticed in finding.noticed[:_SHOWN]:
        console.print(f"  [yellow]noticed:[/yellow] {escape(noticed)}")
    if len(finding.noticed) > _SHOWN:
        console.print(f"  [yellow]noticed:[/yellow] {len(finding.noticed) - _SHOWN:,} more like these")
    if finding.error:
        console.print(f"  [red]error:[/red] {escape(finding.error)}")
