"""`goodwill init`: the configuration a new home begins with, commented or proposed from the files themselves."""

from __future__ import annotations

import shutil
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from goodwill.errors import ConfigurationError
from goodwill.sources.presets import read_preset
from goodwill.sources.proposing import SourceProposal, propose, sources_text

__all__ = ["show_proposal", "write_proposal", "write_templates"]

TEMPLATES = Path(__file__).parent / "templates"


def _free(folder: Path) -> tuple[Path, Path]:
    targets = folder / "goodwill.yml", folder / "sources.yml"
    there = [target for target in targets if target.exists()]
    if there:
        raise ConfigurationError(f"{', '.join(map(str, there))}: already there", "choose another folder, or edit what is there")
    return targets


def write_templates(folder: Path) -> list[Path]:
    """Write `goodwill.yml` and `sources.yml` to `folder`.

    Raises
    ------
    ConfigurationError : one of them is there already; nothing is overwritten.
    """
    targets = _free(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for target in targets:
        shutil.copyfile(TEMPLATES / target.name, target)
    return list(targets)


def write_proposal(folder: Path, files: list[Path]) -> tuple[list[Path], list[SourceProposal]]:
    """Write `goodwill.yml` and a `sources.yml` proposed from `files` to `folder`.

    Raises
    ------
    ConfigurationError : one of them is there already (nothing is overwritten), a file is not there, or none can be read.
    """
    business, sources = _free(folder)
    if absent := [str(file) for file in files if not file.exists()]:
        raise ConfigurationError(f"no such file: {', '.join(absent)}", "name files that are there; nothing was written")
    proposals = propose(folder, files)
    if not any(proposal.rows for proposal in proposals):
        raise ConfigurationError("\n".join(proposal.problem for proposal in proposals), "name files that can be read; nothing was written")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(TEMPLATES / business.name, business)
    sources.write_text(sources_text(proposals), encoding="utf-8")
    return [business, sources], proposals


_COLOURS = {"high": "green", "medium": "yellow", "low": "red"}


def _shown(how: object) -> str:
    """How a column comes, in short: `Price times Quantity`, `a constant`."""
    if isinstance(how, str):
        return how
    parts = dict(how) if isinstance(how, dict) else {}
    if "value" in parts:
        return f"always {parts['value']}"
    way = next(iter(parts))
    names = parts[way] if isinstance(parts[way], list) else [parts[way]]
    text = ", ".join(map(str, names)) if way != "total" else " + ".join(map(str, names))
    text = text if way in ("column", "total") else f"{way} of {text}"
    return text + "".join(
        f" {mark} {parts[key]}"
        for key, mark in (("followed_by", "and"), ("minus", "less"), ("times", "times"), ("format", "as"))
        if key in parts
    )


def show_proposal(console: Console, proposal: SourceProposal) -> None:
    """Print what is proposed for one source."""
    many = f" ({proposal.files} files)" if proposal.files > 1 else ""
    console.print(f"\n[bold]{escape(proposal.name)}[/bold]  {escape(proposal.path)}{many}")
    if proposal.problem:
        console.print(f"  [red]not placed:[/red] {escape(proposal.problem)}")
        return
    if proposal.settings:
        console.print("  read with " + escape(", ".join(f"{key} {value!r}" for key, value in proposal.settings.items())))
    if proposal.preset:
        fed = [entity for entity in read_preset(proposal.preset).settings["entities"] if entity not in proposal.lacking]
        console.print(f"  [green]high[/green]  preset {proposal.preset}: {escape(proposal.title)}; feeds {', '.join(fed)}")
    table = Table("feeds", "from", "sure", "why", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for entity in proposal.entities:
        for line in entity.lines:
            name = f"{entity.name}.{line.column}"
            sure = "[red]open[/red]" if line.open else f"[{_COLOURS[line.sure]}]{line.sure}[/]"
            table.add_row(escape(name), escape(_shown(line.how)), sure, escape(line.why))
    if table.rows:
        console.print(table)
    for setting, question in proposal.questions:
        console.print(f"  [yellow]question:[/yellow] {escape(question)}: {escape(setting)}")
    if proposal.unplaced:
        console.print(f"  feed nothing: {escape(', '.join(column for column, _ in proposal.unplaced))}", style="dim")
