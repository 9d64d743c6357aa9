"""What the commands share: the option that names the home, and where they print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

__all__ = ["HomeOption", "console"]

HomeOption = Annotated[Path | None, typer.Option("--home", help="The home; without it $GOODWILL_HOME.")]


def console() -> Console:
    """Standard output: no line is cut, nothing is coloured by guess."""
    return Console(highlight=False, soft_wrap=True)
