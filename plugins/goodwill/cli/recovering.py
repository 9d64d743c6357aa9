"""`goodwill rollback`: show readers an earlier publication again."""

from __future__ import annotations

from typing import Annotated

import typer

from goodwill.cli.options import ByOption, HomeOption, WhyOption, console
from goodwill.home import Home
from goodwill.publish.rollback import roll_back

__all__ = ["rollback"]


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
    out.print(f"readers see {shown.run_id} (as of {shown.as_of}) instead of {before}")
    out.print("the next accepted night takes its place; until the cause is mended, pause the schedule or block that source")
