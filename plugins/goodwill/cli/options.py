"""What the commands share: the option that names the home, and where they print."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

__all__ = ["ByOption", "HomeOption", "WhyOption", "console"]

#: What a terminal obeys instead of showing it, and what turns the order of letters: a name of a file or a column may hold it.
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

HomeOption = Annotated[Path | None, typer.Option("--home", help="The home; without it $GOODWILL_HOME.")]
ByOption = Annotated[str, typer.Option("--by", metavar="NAME", help="Who answers for it.")]
WhyOption = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why.")]


class _Inert(Console):
    """A console on which data are only ever seen."""

    def print(self, *objects: Any, **options: Any) -> None:
        super().print(*(_OBEYED.sub(_written, each) if isinstance(each, str) else each for each in objects), **options)


def _written(letter: re.Match[str]) -> str:
    """`\\x1b` for the letter that begins a command to a terminal."""
    return letter[0].encode("unicode_escape").decode("ascii")


def console(stderr: bool = False, markup: bool = True) -> Console:
    """Standard output, or that for errors: no line is cut, nothing is coloured by guess, and nothing in the data is a command to the terminal."""
    return _Inert(stderr=stderr, markup=markup, highlight=False, soft_wrap=True)
