"""The commands and what they print; the work is done elsewhere."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from goodwill import __version__
from goodwill.audit import read_runs
from goodwill.causes import explained
from goodwill.cli import auditing, checking, driving, people, quarantine, recovering, reviewing, starting
from goodwill.cli.failing import is_at_work
from goodwill.cli.options import HomeOption, console
from goodwill.errors import GoodwillError
from goodwill.home import Home
from goodwill.publish import current_run, publications

__all__ = ["main"]

PUBLISHED, FAILED, BLOCKED = 0, 1, 2

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Goodwill, the customer-equity warehouse. Exit codes: 0 published or fine, 2 blocked by a quality gate, 1 failed.",
)
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(auditing.app, name="audit")
app.command("rollback")(recovering.rollback)
app.command("doctor")(recovering.doctor)
app.command("housekeeping")(recovering.housekeeping)
app.command()(reviewing.review)
app.command()(people.erase)
app.command()(people.export)
app.command()(people.retain)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="A new folder, or one without a configuration.")],
    more: Annotated[list[Path] | None, typer.Argument(metavar="[FILE]...", help="Further files for --from.")] = None,
    given: Annotated[
        list[Path] | None,
        typer.Option("--from", metavar="FILE", help="Propose sources.yml from these files: --from orders.csv clients.csv"),
    ] = None,
) -> None:
    """Write a goodwill.yml and a sources.yml to a folder, commented, or with --from proposed from your files: the beginning of a home."""
    if more and not given:
        raise GoodwillError(f"{more[0]}: a file, but for what?", f"to propose sources from it: goodwill init {folder} --from {more[0]}")
    if not given:
        for path in starting.write_templates(folder):
            console().print(f"wrote {path}")
        console().print(f"next: describe your files in {folder / 'sources.yml'}, then: goodwill check --home {folder}")
        return
    written, proposals = starting.write_proposal(folder, [*given, *(more or ())])
    out = console()
    for proposal in proposals:
        starting.show_proposal(out, proposal)
    out.print()
    for path in written:
        out.print(f"wrote {path}")
    left = sum(len(proposal.to_fill) + len(proposal.questions) for proposal in proposals)
    out.print(f"next: read {written[-1]}{f' ({left} lines to fill in or answer)' if left else ''}, then: goodwill check --home {folder}")


@app.command()
def demo(
    name: Annotated[str, typer.Argument(help="grocer, cdnow or shop")], folder: Annotated[Path, typer.Argument(help="The home to make.")]
) -> None:
    """Make a demo home: real data that came with the installation, or the generated shop."""
    from goodwill.demo import make_demo_home

    console().print(f"made {make_demo_home(name, folder)}")


@app.command()
def check(home: HomeOption = None) -> None:
    """Validate the configuration and show what would be read: rows, mapped columns, errors. Nothing is landed. Exit code 1: the night would stop."""
    where, out = Home.at(home), console()
    with out.status("reading the sources") as status:
        findings = checking.check_home(where, lambda name: status.update(f"reading {escape(name)}"))
    for finding in findings:
        checking.show(out, finding)
    if any(finding.error for finding in findings):
        raise typer.Exit(FAILED)
    out.print(
        "\nnot judged here, but by the night: amounts below zero, currencies and their rates, days to come or long past, what other rows say of"
    )
    out.print(f"these; and of a table or a service only the first {checking.LOOK:,} rows are looked at")
    out.print(f"ready: goodwill run --home {where.root}")


@app.command()
def run(
    home: HomeOption = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="DATE", help="The day to stand at (YYYY-MM-DD); without it the settings decide.")
    ] = None,
    make_current: Annotated[
        bool, typer.Option("--make-current", help="Show readers this day even if it is earlier than what they see.")
    ] = False,
    full: Annotated[
        bool, typer.Option("--full", help="Build everything from landing, not only what changed since the last night.")
    ] = False,
) -> None:
    """Run the night through Airflow and follow it stage by stage."""
    where = Home.at(home)
    if as_of:
        try:
            as_of = dt.date.fromisoformat(as_of).isoformat()
        except ValueError:
            raise GoodwillError(f"--as-of {as_of!r} is not a date", "write it as YYYY-MM-DD") from None
    verdict = driving.run_night(where, as_of, console(), make_current, full)
    raise typer.Exit({"published": PUBLISHED, "blocked": BLOCKED}.get(verdict, FAILED))


@app.command()
def status(home: HomeOption = None, last: Annotated[int, typer.Option(help="How many runs.")] = 10) -> None:
    """Show the last runs and which one is published."""
    where = Home.at(home)
    runs = read_runs(where)
    if not runs:
        console().print(f"no night has run yet: goodwill run --home {where.root}")
        return
    present, kept = current_run(where), {each.run_id for each in publications(where)}
    dead = {each["run_id"] for each in runs if each.get("verdict") == "running" and not is_at_work(where, each)}
    table = Table("run", "as of", "started (UTC)", "verdict", "at", box=None, pad_edge=False)
    for each in runs[-last:]:
        mark = " ◀ current" if each["run_id"] == present else " (kept)" if each["run_id"] in kept else ""
        table.add_row(
            each["run_id"],
            str(each.get("as_of") or ""),
            str(each.get("started_at", ""))[:19],
            ("cut off" if each["run_id"] in dead else each.get("verdict", "")) + mark,
            each.get("blocked_at") or "",
        )
    console().print(table)
    if dead:
        console().print("cut off: its process ended without a word; the next run says so in its record, and nothing has to be cleaned up")
    if len(kept) > 1:
        console().print(
            "readers see ◀ current; those that are kept can be shown again: goodwill rollback [--to RUN] --by NAME --reason TEXT"
        )


@app.command()
def version() -> None:
    """Print the version."""
    console().print(__version__)


def main() -> None:
    """Run the command line; an error a person can act on, the machine's own among them, is printed without a traceback."""
    try:
        with explained(sys.argv[1] if len(sys.argv) > 1 else "goodwill"):
            app()
    except GoodwillError as error:
        console(stderr=True, markup=False).print(f"goodwill: {error}")
        sys.exit(FAILED)
