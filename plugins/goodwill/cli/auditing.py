"""`goodwill audit`: prove that nothing was changed, and trace a figure to the files it comes from."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from goodwill.audit.ledger import Head, read_entries
from goodwill.audit.ledger import head as ledger_head
from goodwill.audit.proving import prove
from goodwill.audit.restarting import restart
from goodwill.cli.options import ByOption, HomeOption, WhyOption, console
from goodwill.errors import GoodwillError
from goodwill.home import Home

__all__ = ["app"]

CHANGED = 3

app = typer.Typer(no_args_is_help=True, help="Prove that nothing was changed; trace a figure to its files.")


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
    if not read_entries(where) and not head:
        raise GoodwillError("this home has no ledger yet", "the next night begins one; if there was one, give its last head with --head")
    proof = prove(where, Head.parse(head) if head else None, contents)
    out = console()
    for problem in proof.problems:
        out.print(f"[red]✗[/red] {escape(problem)}")
    for note in proof.notes:
        out.print(f"[yellow]note:[/yellow] {escape(note)}")
    out.print(f"{len(proof.chain.entries):,} rows of the ledger, {proof.files:,} files, {proof.bytes / 1e6:,.1f} MB")
    if proof.problems:
        out.print(
            f"[red]changed[/red]: {len(proof.problems)} found; what to do: restore what is named from a backup, and find out who and why"
        )
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
    console().print(f"a new ledger begins; the old one is {old}")
