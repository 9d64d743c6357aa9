"""`goodwill erase` and `goodwill export`: what a person may ask for."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.markup import escape

from goodwill import audit
from goodwill.cli.options import HomeOption, console
from goodwill.errors import GoodwillError
from goodwill.home import Home

__all__ = ["erase", "export", "retain"]

PersonOption = Annotated[
    str | None, typer.Option("--person", metavar="ID", help="person_id of the marts, a contact's id, or a publication's key.")
]
EmailOption = Annotated[
    str | None, typer.Option("--email", metavar="ADDRESS", help="An e-mail address; - asks for it, so that no shell keeps it.")
]
PhoneOption = Annotated[str | None, typer.Option("--phone", metavar="NUMBER", help="A phone number, in any notation; - asks for it.")]


def _given(value: str | None, what: str) -> str | None:
    return typer.prompt(what, hide_input=True) if value == "-" else value


def erase(
    home: HomeOption = None,
    person: PersonOption = None,
    email: EmailOption = None,
    phone: PhoneOption = None,
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who answers for it.")] = "",
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; nothing about the person.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether it is meant.")] = False,
    lift: Annotated[bool, typer.Option("--lift", help="They came back: no longer keep this identifier out.")] = False,
) -> None:
    """Forget a person, in everything that landed and all that was made of it, and keep them out; their orders stay as those of nobody."""
    from goodwill import forgetting

    where = Home.at(home)
    request = forgetting.Request(by, reason)
    asked = forgetting.Asked(person, _given(email, "e-mail address"), _given(phone, "phone number"))
    out = console()
    if lift:
        taken = forgetting.lift(where, asked, request)
        out.print(f"{taken} entries taken off the list: what lands from now on is read as it is" if taken else "it is not on the list")
        return
    if not yes:
        typer.confirm("This cannot be taken back. Erase the person everywhere?", abort=True)
    done = forgetting.erase(where, asked, request)
    out.print(f"{done.erasure}: erased from {done.batches} batches ({done.rows} rows) and {done.files} other files")
    out.print("the proof is in the audit ledger; the sources' own files and what was copied elsewhere are not in our reach")
    if done.left:
        raise GoodwillError(
            f"{len(done.left)} files still hold a word of theirs:\n" + "\n".join(f"  - {each}" for each in done.left),
            "look at them by hand",
        )


def export(
    home: HomeOption = None,
    person: PersonOption = None,
    email: EmailOption = None,
    phone: PhoneOption = None,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="PATH", help="A new file or folder; without it in exports/ of the home.")
    ] = None,
    masked: Annotated[
        bool, typer.Option("--masked", help="Instead: a home for developers, with everybody's rows and nobody in them.")
    ] = False,
    form: Annotated[Literal["json", "csv"], typer.Option("--format", help="One JSON file, or a folder of CSV files.")] = "json",
) -> None:
    """Write all that is held about a person, for them to read; or a masked copy of the home."""
    from goodwill.forgetting import Asked
    from goodwill.forgetting.masking import write_masked_copy
    from goodwill.forgetting.subject import collect, write

    where = Home.at(home)
    if masked:
        if to is None or person or email or phone:
            raise GoodwillError("a masked copy is of everybody, and needs a place", "goodwill export --masked --to FOLDER")
        audit.append(where, "export", {"export": "masked copy"})
        files = write_masked_copy(where, to)
        console().print(f"wrote {len(files)} files to {to}; next: goodwill run --home {to}")
        return
    content = collect(where, Asked(person, _given(email, "e-mail address"), _given(phone, "phone number")))
    name = secrets.token_hex(6)
    rows = sum(len(some) for part in ("landed", "made_of_it") for some in content[part].values())
    audit.append(where, "export", {"export": f"a person's own data {name}", "format": form, "rows": rows})
    if to is None:
        where.exports.mkdir(mode=0o700, exist_ok=True)
    for path in write(content, to or where.exports / (f"{name}.json" if form == "json" else name), form):
        console().print(f"wrote {path}")


def retain(
    home: HomeOption = None,
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who answers for it.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list whose time is over, and count the rows that are.")] = False,
) -> None:
    """Forget the people of whom nothing was heard for as long as the settings say, and whose old rows were; off unless they do (retention)."""
    from goodwill.forgetting.periods import retain_rows, rows_over
    from goodwill.forgetting.retention import expired
    from goodwill.forgetting.retention import retain as forget
    from goodwill.settings import load_business

    where, out = Home.at(home), console()
    if dry_run:
        people = expired(where, load_business(where.business_file))
        for person in people:
            out.print(person, markup=False)
        out.print(f"{len(people)} people: their time is over")
        for source, rows in rows_over(where).items():
            out.print(f"{escape(source)}: {rows:,} rows are older than their entity's period", highlight=False)
        return
    done = forget(where, by)
    out.print(
        f"{done.erasure}: {done.people} people forgotten, {done.rows} rows in {done.batches} batches" if done else "nobody's time is over"
    )
    if rows := retain_rows(where, by):
        out.print(
            f"{rows:,} rows were older than their entity's period, and are nobody's; the next night builds from them", highlight=False
        )
