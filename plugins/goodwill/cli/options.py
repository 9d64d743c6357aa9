"""What the commands share: the option that names the home, and where they print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

__all__ = ["ByOption", "HomeOption", "WhyOption", "console"]

HomeOption = Annotated[Path | None, typer.Option("--home", help="The home; without it $GOODWILL_HOME.")]
ByOption = Annotated[str, typer.Option("--by", metavar="NAME", help="Who answers for it.")]
WhyOption = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why.")]


def console() -> Console:
    """Standard output: no line is cut, nothing is coloured by guess."""
    return Console(highlight=False, soft_wrap=True)
