"""`goodwill rollback`, `doctor`, `housekeeping`: what a person does when something is wrong, and so that nothing will be."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from goodwill.cli.doctoring import FINE, PROBLEM, WARNING, examine
from goodwill.cli.options import ByOption, HomeOption, WhyOption, console
from goodwill.home import Home
from goodwill.publish import find_old, tidy
from goodwill.publish.rollback import roll_back
from goodwill.settings import load_business
from goodwill.sources import load_sources

__all__ = ["doctor", "housekeeping", "rollback"]

_MARK = {FINE: "[green]✓[/green]", WARNING: "[yellow]![/yellow]", PROBLEM: "[red]✗[/red]"}


def rollback(
    by: ByOption,
    reason: WhyOption,
    home: HomeOption = None,
    to: Annotated[
        str | None, typer.Option(metavar="RUN", help="The run to go to; without it the one that readers saw before this one.")
    ] = None,
) -> None:
    """Show readers an earlier publication again, in one step; it stays until the next night is accepted."""
    before, shown = roll_back(Home.at(home), to, by, reason)
    out = console()
    out.print(f"readers see {shown.run_id} (as of {shown.as_of}) instead of {before or 'nothing'}")
    out.print("the next accepted night takes its place; until the cause is mended, pause the schedule or block that source")


def doctor(home: HomeOption = None) -> None:
    """Look at the health of a home: lock, disk, nights, ledger, publications, landing, versions; say what to do about each finding.

    Exit codes: 0 all is fine, 2 there are warnings, 1 there are problems.
    """
    found = examine(Home.at(home))
    out = console()
    for each in found:
        out.print(f"{_MARK[each.level]} {each.about:<13} {escape(each.said)}")
        if each.remedy:
            out.print(f"                {escape(f'remedy: {each.remedy}')}")
    levels = {each.level for each in found}
    if levels - {FINE}:
        raise typer.Exit(1 if PROBLEM in levels else 2)


def housekeeping(
    home: HomeOption = None, dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would go.")] = False
) -> None:
    """Remove what is old, as the settings of retention say; never what a kept publication needs."""
    where, out = Home.at(home), console()
    sources, retention = load_sources(where.sources_file), load_business(where.business_file).retention
    if dry_run:
        old = find_old(where, sources, retention)
        for each in old:
            out.print(f"{each.kind:<20} {escape(str(each.path.relative_to(where.root)))}  {each.bytes() / 1e6:,.1f} MB")
    else:
        old = tidy(where, sources, retention)
    out.print(f"{len(old)} {'would go' if dry_run else 'removed'}" if old else "nothing is old")
