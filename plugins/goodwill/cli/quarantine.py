"""`goodwill quarantine`: what was rejected and why, and how corrected rows come back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from goodwill.audit import enter_correction
from goodwill.cli.options import ByOption, HomeOption, WhyOption, console
from goodwill.errors import GoodwillError
from goodwill.extract.chains import chains, read_rows, together
from goodwill.extract.correction_files import Readmitted, export, readmit
from goodwill.extract.corrections import Signed, corrections, withdraw
from goodwill.extract.quarantine import Rejected, read_rejected
from goodwill.home import Home
from goodwill.privacy.showing import safe_problem
from goodwill.reasons import REASONS
from goodwill.settings import load_business
from goodwill.sources import Source, load_sources

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Rejected rows: what and why, corrected by hand, taken back.")

RunOption = Annotated[str | None, typer.Option("--run", metavar="RUN", help="A run; without it the newest that got as far.")]
SourceOption = Annotated[str | None, typer.Option("--source", help="Only this source.")]
ShowOption = Annotated[bool, typer.Option("--show-values", help="Show personal values too (e-mail addresses, names, telephones).")]


def _shown(value: str, column: str, show: bool, reason: str = "") -> str:
    """A value for the screen: personal ones hidden unless asked for, control characters never acted on."""
    text = value if show else safe_problem(reason, value, column or None)
    return escape("".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text or ""))


def _personal_name(source: Source, column: str) -> str:
    """The name of a source's column with those of the entity columns that read it: any of them may say that it is personal."""
    reads = [name for entity in source.entities.values() for name, how in entity.columns.items() if column in how.source_columns()]
    return " ".join([column, *reads])


def _source(home: Home, name: str) -> Source:
    sources = load_sources(home.sources_file).sources
    found = next((source for source in sources if source.name == name), None)
    if found is None:
        raise GoodwillError(f"there is no source {name!r}", f"sources.yml names: {', '.join(source.name for source in sources)}")
    return found


def _example(each: Rejected, show: bool) -> str:
    value = _shown(each.value, each.column, show, each.reason)
    return f"{escape(each.file)}, row {each.row_no}" + (f": {value}" if value else "")


@app.command("list")
def list_(
    home: HomeOption = None,
    run: RunOption = None,
    source: SourceOption = None,
    reason: Annotated[str | None, typer.Option(help="Only this reason.")] = None,
    show_values: ShowOption = False,
) -> None:
    """Count what a run rejected, by source, entity, column and reason, each with an example."""
    where = Home.at(home)
    name, rejected = read_rejected(where, run)
    chosen = [each for each in rejected if source in (None, each.source) and reason in (None, each.reason)]
    out = console()
    if not chosen:
        out.print(f"run {name} rejected nothing" + (" of that kind" if rejected else ""))
    counts: dict[tuple[str, str, str, str], list[Rejected]] = {}
    for each in chosen:
        counts.setdefault((each.source, each.entity, each.column, each.reason), []).append(each)
    if counts:
        out.print(f"run {name}")
        table = Table("source", "entity", "column", "reason", "rows", "for example", box=None, pad_edge=False)
        for key, found in sorted(counts.items(), key=lambda item: (-len(item[1]), item[0])):
            table.add_row(*(escape(part or "-") for part in key), str(len(found)), _example(found[0], show_values))
        out.print(table)
        out.print("what a reason means: goodwill quarantine explain REASON; a row: goodwill quarantine explain SOURCE ROW")
    _say_pending(where, chosen)


def _say_pending(home: Home, rejected: list[Rejected]) -> None:
    """Rows of the list that were corrected or sent again since, and corrections that no longer hold."""
    out = console()
    rows = {(each.batch_id, each.row_no) for each in rejected}
    held = {source.name: chains(home, source) for source in load_sources(home.sources_file).sources}
    corrected = {key for found in held.values() for chain in found for key in chain.corrected} & rows
    if corrected:
        out.print(f"{len(corrected)} of these rows were corrected since: the next night reads the corrections")
    read = {batch.batch_id for found in held.values() for chain in found for batch in chain.batches}
    gone = {key for key in rows if key[0] not in read}
    if gone:
        out.print(f"{len(gone)} of these rows are of files that were sent again since: the next night reads what came")
    for source in load_sources(home.sources_file).sources:
        for each in corrections(home, source):
            if each.fallen:
                out.print(escape(each.fell))


@app.command()
def explain(
    what: Annotated[str, typer.Argument(metavar="REASON | SOURCE", help="A reason, or the source of a row.")],
    row: Annotated[int | None, typer.Argument(metavar="[ROW]", help="The number of the row: 1 is the first after the header.")] = None,
    home: HomeOption = None,
    run: RunOption = None,
    file: Annotated[str | None, typer.Option("--file", help="The file of the row, where the source has several.")] = None,
    show_values: ShowOption = False,
) -> None:
    """Say what a reason means and what to do about it; or show a rejected row whole, its bad cells marked."""
    if row is None:
        code = what.upper()
        if code not in REASONS:
            raise GoodwillError(
                f"no reason is called {what!r}", f"they are: {', '.join(REASONS)}; for a row, give its source and its number"
            )
        _say_reason(code)
        return
    where = Home.at(home)
    source = _source(where, what)
    name, rejected = read_rejected(where, run)
    found = [each for each in rejected if (each.source, each.row_no) == (what, row) and (file is None or each.file.endswith(file))]
    files = sorted({each.file for each in found})
    if not found:
        said = f"run {name} did not reject row {row} of {what!r}"
        if beside := _rejected_beside(where, source, row, [each for each in rejected if file is None or each.file.endswith(file)]):
            raise GoodwillError(
                f"{said} by itself: it is read together with row {beside}, which it did", f"goodwill quarantine explain {what} {beside}"
            )
        raise GoodwillError(said, f"goodwill quarantine list --source {what} shows what it did")
    if len(files) > 1:
        raise GoodwillError(f"{len(files)} files have a rejected row {row}: {', '.join(files[:5])}", "say which with --file")
    _say_row(where, source, found, show_values)


def _say_reason(code: str) -> None:
    reason = REASONS[code]
    out = console()
    out.print(f"[bold]{code}[/bold]  {escape(reason.meaning)}")
    out.print(f"  usually   {escape(reason.cause)}")
    out.print(f"  remedy    {escape(reason.remedy)}")


def _rejected_beside(home: Home, source: Source, row: int, rejected: list[Rejected]) -> int | None:
    """The first rejected row that a row is read together with: another line of its order."""
    for chain in chains(home, source):
        batches = {batch.batch_id for batch in chain.batches}
        bad = {each.row_no for each in rejected if each.batch_id in batches}
        if bad:
            with chain.rows() as connection:
                if near := together(connection, source, "select * from rows", {row}) & bad:
                    return min(near)
    return None


def _bad_columns(source: Source, found: list[Rejected]) -> set[str]:
    """The source's own columns behind the problems of a row."""
    bad: set[str] = set()
    for each in found:
        how = source.entities[each.entity].columns.get(each.column) if each.entity in source.entities else None
        bad |= {name.strip().lower() for name in how.source_columns()} if how else set()
    return bad


def _say_row(home: Home, source: Source, found: list[Rejected], show: bool) -> None:
    out = console()
    first = found[0]
    out.print(f"[bold]{escape(first.file)}, row {first.row_no}[/bold]  (source {first.source}, batch {first.batch_id})")
    chain = next((each for each in chains(home, source) if first.batch_id in {batch.batch_id for batch in each.batches}), None)
    if chain is None:
        out.print("its file was sent again since: the next night reads what came")
    else:
        with chain.rows() as connection:
            (row,) = read_rows(connection, chain, f"__row_no = {first.row_no}")
        if row.batch_id != first.batch_id:
            out.print(f"it was corrected since, by the batch {row.batch_id}; as it stands now:")
        bad = _bad_columns(source, found)
        if row.line is not None:
            out.print(f"  [red]►[/red] {_shown(row.line, '', show)}")
        else:
            width = max(map(len, row.values))
            for name, value in row.values.items():
                mark = "[red]►[/red]" if name.lower() in bad else " "
                out.print(f"  {mark} {escape(name.ljust(width))}  {_shown(value, _personal_name(source, name), show)}")
    for entity, column, code, value in dict.fromkeys((each.entity, each.column, each.reason, each.value) for each in found):
        shown = _shown(value, column, show, code)
        out.print(f"\n{entity}.{column or '(whole row)'}" + (f": {shown}" if shown else ""))
        _say_reason(code)


@contextmanager
def _for_the_owner_alone(file: Path) -> Iterator[None]:
    """What is written to `file` meanwhile nobody else can read, whether it was there before or not."""
    if file.is_file():
        file.chmod(0o600)
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


@app.command("export")
def export_(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="The file to write.")],
    source: Annotated[str, typer.Option("--source", help="Whose rows.")],
    home: HomeOption = None,
    run: RunOption = None,
) -> None:
    """Write the rejected rows of a source to a file, as the source wrote them, with the rows they are read together with."""
    where = Home.at(home)
    name, rejected = read_rejected(where, run)
    try:
        with _for_the_owner_alone(file):
            done = export(where, _source(where, source), rejected, file)
    except OSError as error:
        raise GoodwillError(
            f"{file} cannot be written ({error.strerror})", "name a file in a folder that is there and can be written"
        ) from None
    out = console()
    out.print(
        f"wrote {escape(str(file))}: {done.rejected} rows that run {name} rejected"
        + (f", and {done.beside} read together with them" if done.beside else "")
    )
    if done.gone:
        out.print(f"left out {done.gone} that were corrected or sent again since")
    out.print("it holds personal data as the source does, for its owner alone to read; delete it when done")
    out.print(f"correct it, then: goodwill quarantine readmit {escape(str(file))} --by NAME --reason TEXT")


@app.command("readmit")
def readmit_(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="What export wrote, corrected.")],
    by: ByOption,
    reason: WhyOption,
    home: HomeOption = None,
    show_values: ShowOption = False,
) -> None:
    """Land corrected rows in place of the rejected ones: the next night reads them. What landed before stays as it is."""
    where = Home.at(home)
    sources = load_sources(where.sources_file)
    zone = load_business(where.business_file).company.business_time_zone
    done = readmit(where, sources, zone, file, Signed(by, reason))
    enter_correction(where, "corrected", done.batches, by, reason)
    _say_readmitted(done, show_values)


def _say_readmitted(done: Readmitted, show: bool) -> None:
    out = console()
    for change in done.changes[:50]:
        was, now = (_shown(value, change.column, show) or "(empty)" for value in (change.was, change.now))
        out.print(f"  {escape(change.file)}, row {change.row_no}, {escape(change.column)}: {was} → {now}")
    if len(done.changes) > 50:
        out.print(f"  and {len(done.changes) - 50} more cells")
    for batch in done.batches:
        out.print(f"landed {batch.batch_id}: {batch.rows} rows in place of those of {escape(batch.file)}")
    for old in sorted(done.replaces):
        out.print(f"rows of the correction {old} were corrected again")
    if done.unchanged:
        out.print(f"{done.unchanged} rows of the file were as they had been: no correction")
    out.print("the next night reads them; to take one back: goodwill quarantine withdraw BATCH --by NAME --reason TEXT")


@app.command("corrections")
def corrections_(home: HomeOption = None) -> None:
    """List the corrections made by hand: who, why, how many rows, and whether they hold."""
    where = Home.at(home)
    table = Table("batch", "source", "file", "rows", "made (UTC)", "by", "reason", "state", box=None, pad_edge=False)
    for source in load_sources(where.sources_file).sources:
        for each in corrections(where, source):
            batch = each.manifest
            said = f"{each.state}: {each.said}" if each.said else each.state
            cells = (
                batch.batch_id,
                source.name,
                batch.file,
                str(batch.rows),
                batch.extracted_at[:16],
                batch.corrected_by or "",
                batch.reason or "",
                said,
            )
            table.add_row(*map(escape, cells))
    console().print(table if table.row_count else "no row was ever corrected by hand")


@app.command("withdraw")
def withdraw_(
    batch: Annotated[str, typer.Argument(help="The batch of the correction.")], by: ByOption, reason: WhyOption, home: HomeOption = None
) -> None:
    """Take a correction back: what it replaced counts again from the next night on."""
    where = Home.at(home)
    first, *others = withdraw(where, load_sources(where.sources_file), batch, Signed(by, reason))
    enter_correction(where, "withdrawn", [first], by, reason)
    console().print(f"withdrawn: {first.batch_id} ({first.rows} rows of {escape(first.file)}); the rows count as they were")
    for other in others:
        console().print(f"it falls with it: {other.batch_id}, which corrected it or was carried on from it")
