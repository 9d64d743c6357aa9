"""`goodwill audit`: prove that nothing was changed, and trace a figure to the files it comes from."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from goodwill.audit.behind import Behind
from goodwill.audit.exporting import export
from goodwill.audit.heads import Head, kept_heads
from goodwill.audit.ledger import head as ledger_head
from goodwill.audit.ledger import read_entries
from goodwill.audit.proving import prove
from goodwill.audit.restarting import restart
from goodwill.audit.tracing import Trace, trace
from goodwill.cli.audit_reporting import report, sign
from goodwill.cli.options import ByOption, HomeOption, WhyOption, console
from goodwill.cli.rebuilding import rebuild
from goodwill.errors import GoodwillError
from goodwill.home import Home
from goodwill.privacy.forgotten import unfinished_erasures
from goodwill.publish import current_run

__all__ = ["app"]

CHANGED = 3

app = typer.Typer(no_args_is_help=True, help="Prove that nothing was changed; trace a figure to its files.")
app.command()(report)
app.command()(sign)


@app.command("verify")
def verify_(
    home: HomeOption = None,
    head: Annotated[str | None, typer.Option(metavar="N:HASH", help="A head of the ledger that you kept elsewhere.")] = None,
    contents: Annotated[bool, typer.Option("--contents/--manifests", help="Read all files, or only their manifests.")] = True,
) -> None:
    """Hold the ledger, the landed batches and the publications against what was signed; name the first thing that was changed.

    Exit codes: 0 all is as it was signed, 3 something was changed, 1 it could not be verified.
    """
    where = Home.at(home)
    if not read_entries(where) and not head and not any(kept_heads(where)):
        raise GoodwillError("this home has no ledger yet", "the next night begins one; if there was one, give its last head with --head")
    proof = prove(where, Head.parse(head) if head else None, contents)
    out = console()
    for problem in proof.problems:
        out.print(f"[red]✗[/red] {escape(problem)}")
    for note in proof.notes:
        out.print(f"[yellow]note:[/yellow] {escape(note)}")
    out.print(f"{len(proof.chain.entries):,} rows of the ledger, {proof.files:,} files, {proof.bytes / 1e6:,.1f} MB")
    if proof.problems:
        todo = (
            "finish the erasure first (goodwill erase for the same again, or a night), then verify again: what it had changed is not to be restored"
            if unfinished_erasures(where)
            else "restore what is named from a backup, and find out who and why"
        )
        out.print(f"[red]changed[/red]: {len(proof.problems)} found; what to do: {todo}")
        raise typer.Exit(CHANGED)
    out.print("[green]all is as it was signed[/green]")
    out.print(f"head      {proof.chain.head}")
    out.print("keep the head away from this machine: with it, a cut-off end is found too (goodwill audit verify --head …)")


@app.command("head")
def head_(home: HomeOption = None) -> None:
    """Print the head of the ledger: the number and the hash of its last row."""
    found = ledger_head(Home.at(home))
    if not found:
        raise GoodwillError("this home has no ledger yet", "the next night begins one")
    console().print(str(found))


@app.command("restart")
def restart_(by: ByOption, reason: WhyOption, home: HomeOption = None) -> None:
    """Begin a new ledger after one that cannot be continued; the old one is kept and sealed as it is."""
    old = restart(Home.at(home), by, reason)
    console().print(f"a new ledger begins; the old one is {old or 'gone, and that is on record'}")


@app.command("explain")
def explain_(
    mart: Annotated[str, typer.Argument(help="A mart: fct_orders, dim_customers, cohort_retention …")],
    keys: Annotated[list[str] | None, typer.Argument(metavar="[KEY]...", help="A row of it: values of its key, or column=value.")] = None,
    home: HomeOption = None,
    run: Annotated[str | None, typer.Option(metavar="RUN", help="Another publication that is kept.")] = None,
    limit: Annotated[int, typer.Option(help="How many batches and rows to list.")] = 20,
) -> None:
    """Trace a mart to its run, its code, its batches and files; and a row of it to the rows of the files. Shows where, never what."""
    where = Home.at(home)
    name = run or current_run(where)
    folder = where.published / (name or "")
    if not name or not (folder / "goodwill.duckdb").exists():
        raise GoodwillError(f"there is no publication {name}" if name else "nothing is published yet", "goodwill status shows what is kept")
    _say_trace(trace(where, folder, mart, keys or [], limit), limit)


def _say_trace(found: Trace, limit: int) -> None:
    out = console()
    release = found.release
    out.print(
        f"[bold]{escape(found.mart)}[/bold]  run {release['run_id']}, as of {release['as_of']}, published {str(release['published_at'])[:19]} UTC"
    )
    out.print(f"code      {escape(release['code_version'])}")
    out.print(f"settings  {release['configuration_sha256']}")
    code = [each for each in found.made if each.file]
    out.print(f"made by   {len(code)} models" if code else "made by   (this publication kept no lineage)")
    for each in code[:limit]:
        out.print(f"          {each.sha256[:12]}  {escape(each.file)}")
    _rest(len(code) - limit)
    out.print(f"from      {', '.join(found.entities) or ('no entity' if found.made else 'every entity')}: {len(found.batches)} batches")
    for source, batch, file, sha256, rows, extracted in found.batches[:limit]:
        out.print(f"          {source} {batch}  {rows:,} rows of {escape(file)} ({sha256[:12]}), landed {str(extracted)[:16]}")
    _rest(len(found.batches) - limit)
    if found.said:
        out.print(f"rows      {escape(found.said)}")
    if found.behind:
        _say_behind(out, found, found.behind, limit)


def _say_behind(out: Console, found: Trace, behind: Behind, limit: int) -> None:
    """How many landed rows stand behind, the first of them, and how to go on from many to one."""
    total = sum(each.rows for each in behind.counts)
    people = f", {behind.people:,} people" if behind.people else ""
    out.print(f"rows      {total:,}, behind {found.found:,} of the mart{people}")
    if behind.said:
        out.print(f"          {escape(behind.said)}")
    for each in behind.counts:
        out.print(
            f"          {each.entity:<16} {each.rows:>12,} {escape(each.status)}, in {each.batches:,} {'batch' if each.batches == 1 else 'batches'}"
        )
    if behind.rows:
        out.print("where     file, row, batch")
    for row in behind.rows:
        out.print(f"          {row.entity:<16} {escape(row.file)}, row {row.row_no}  (batch {row.batch_id}, {row.status})")
    _rest(total - len(behind.rows))
    for mart, key in behind.examples.items():
        out.print(f"go on     goodwill audit explain {mart} {escape(key)}")


def _rest(left: int) -> None:
    if left > 0:
        console().print(f"          and {left:,} more (--limit)")


@app.command("export")
def export_(
    folder: Annotated[Path, typer.Argument(help="A new folder for the files.")],
    home: HomeOption = None,
    run: Annotated[str | None, typer.Option(metavar="RUN", help="Another publication that is kept.")] = None,
) -> None:
    """Write everything an auditor may want as CSV: the ledger, and the audit tables of a publication."""
    where = Home.at(home)
    for path, rows in export(where, where.published / (run or "current"), folder):
        console().print(f"wrote {escape(str(path))}: {rows:,} rows")


@app.command("rebuild")
def rebuild_(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run that was published.")],
    home: HomeOption = None,
    into: Annotated[Path | None, typer.Option(metavar="DIR", help="Keep what was rebuilt in this new folder.")] = None,
) -> None:
    """Make a past publication again from its batches, settings and day; say which tables differ, and by how many rows.

    Exit codes: 0 every table is as it was published, or differs by people forgotten since; 3 some differ, 1 it cannot be rebuilt.
    """
    where, out = Home.at(home), console()
    with tempfile.TemporaryDirectory() as scratch:
        done = rebuild(where, run, into or Path(scratch) / "home", lambda step: out.print(f"[dim]{step}[/dim]"))
    for note in done.notes:
        out.print(f"[yellow]note:[/yellow] {escape(note)}")
    for table, said in done.explained.items():
        out.print(f"[yellow]erased[/yellow] {table}: {said}")
    for table, said in done.differing.items():
        out.print(f"[red]✗[/red] {table}: {said}")
    if done.differing:
        raise typer.Exit(CHANGED)
    said = f"{len(done.explained)} differ by people forgotten since, the others are" if done.explained else "each is"
    out.print(f"[green]{done.tables} tables of {run}: {said} as published[/green]")
