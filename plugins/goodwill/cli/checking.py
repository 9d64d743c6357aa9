"""`goodwill check`: read the sources as the night would, land nothing, say what would come in and what would be rejected."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
from rich.console import Console
from rich.markup import escape

from goodwill.errors import GoodwillError
from goodwill.extract.batches import Manifest, active_batches
from goodwill.extract.contents import whole_columns
from goodwill.extract.structure import check_columns, mappers
from goodwill.home import Home
from goodwill.settings import load_business
from goodwill.sources import Source, load_sources
from goodwill.sources.connectors import CONNECTORS
from goodwill.sources.connectors.protocol import ROWS, Approach, Labels, Part
from goodwill.sources.credentials import resolve
from goodwill.sql import column_key, literal

__all__ = ["Finding", "check_home", "show"]

#: Rows of a table or a resource that a look reads; files are read whole.
_LOOK = 10_000


@dataclass
class Finding:
    """What one part of one source would give; `error` says why it cannot be read."""

    source: str
    file: str
    rows: int = 0
    entities: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    counts: dict[str, tuple[int, int]] = field(default_factory=dict)
    error: str = ""


def _mapped(column: str, sources: set[str]) -> str:
    """`order_id`, where the source calls it the same; `order_id ← Order number`; `channel ← a constant`."""
    return column if sources == {column} else f"{column} ← {', '.join(sorted(sources)) or 'a constant'}"


def _check_part(source: Source, part: Part, zone: str, landed: list[Manifest]) -> Finding:
    finding = Finding(source.name, part.name)
    columns = part.columns()
    if not columns:
        return finding
    mapped = mappers(source, columns, zone, whole_columns(each.profile for each in landed))
    check_columns(source, part.name, mapped, columns, {name for each in landed for name in each.columns})
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        finding.rows = part.write(Path(folder), columns, Labels("", part.name, "2000-01-01")).rows
        relation = f"read_parquet({literal(str(Path(folder) / ROWS))})"
        for entity, mapper in mapped.items():
            name = f"entity_{entity}"
            connection.execute(f"create temp table {name} as select _row_no, _problems from ({mapper.select(relation)})")
            rows, bad = connection.execute(f"select count(*), count(*) filter (where len(_problems) > 0) from {name}").fetchone() or (0, 0)
            how = ", ".join(
                _mapped(column, {name for name in mapping.source_columns() if column_key(name) in mapper.types})
                for column, mapping in mapper.mapping.columns.items()
                if not mapping.missing(mapper.types)
            )
            finding.entities.append(f"{entity}: {rows:,} rows, {bad:,} with an error; {how}")
            finding.counts[entity] = (rows, bad)
            for number, column, reason, value in connection.execute(
                f"select _row_no, p.column_name, p.reason, p.value from (select _row_no, unnest(_problems) as p from {name}) order by 1, 2 limit 5"
            ).fetchall():
                shown = "" if value is None else f", value {value!r}"
                finding.problems.append(f"{part.name}, row {number}, column {column or '-'}: {reason}{shown}")
    return finding


def check_home(home: Home) -> list[Finding]:
    """Every part of every source, as the night would read it; of a table or a resource, its first rows.

    Raises
    ------
    ConfigurationError : the configuration itself is not valid.
    """
    business = load_business(home.business_file)
    zone, allowed = business.company.business_time_zone, business.quality.quarantine_share
    sources = load_sources(home.sources_file).sources
    findings: list[Finding] = []
    for source in sources:
        read: list[Finding] = []
        landed = active_batches(home, source)
        with tempfile.TemporaryDirectory() as unfinished:
            approach = Approach(home.root, zone, Path(unfinished) / "unfinished", resolve, limit=_LOOK, quarantine_share=allowed)
            parts = iter(CONNECTORS[source.connector].parts(source, approach))
            while True:
                name = getattr(source, "path", source.name)
                try:
                    part = next(parts, None)
                    if part is None:
                        break
                    name = part.name
                    read.append(_check_part(source, part, zone, landed))
                except GoodwillError as error:
                    read.append(Finding(source.name, name, error=str(error)))
        limit = allowed if source.quarantine_share is None else source.quarantine_share
        findings += [*read, *_would_block(source, read, limit)]
    orders = [finding for finding in findings if finding.counts.get("orders")]
    if not any(finding.counts["orders"][0] for finding in orders) and not any(finding.error for finding in findings):
        named = ", ".join(source.name for source in sources if "orders" in source.entities)
        findings.append(Finding(named, "orders", error="no rows in any source: the night would be blocked"))
    return findings


def _would_block(source: Source, read: list[Finding], limit: float) -> list[Finding]:
    """What the night would stop at, counted as it counts: over all files of a source."""
    found = []
    for entity in source.entities:
        rows, bad = (sum(finding.counts.get(entity, (0, 0))[place] for finding in read) for place in (0, 1))
        if rows and bad / rows > limit:
            share = f"{bad:,} of {rows:,} rows ({bad / rows:.1%}) have an error, more than {limit:.1%}"
            found.append(f"{entity}: {share}: the night would be blocked")
    return [Finding(source.name, getattr(source, "path", source.name), sum(finding.rows for finding in read), error=text) for text in found]


def show(console: Console, finding: Finding) -> None:
    """Print one finding."""
    console.print(f"[bold]{escape(finding.source)}[/bold]  {escape(finding.file)}  {finding.rows:,} rows")
    for line in finding.entities:
        console.print(f"  {escape(line)}")
    for line in finding.problems:
        console.print(f"  [yellow]would be quarantined:[/yellow] {escape(line)}")
    if finding.error:
        console.print(f"  [red]error:[/red] {escape(finding.error)}")
