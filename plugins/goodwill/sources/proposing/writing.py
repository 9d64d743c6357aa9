"""The proposal as `sources.yml`: what is sure as lines, how sure and why as comments, what is left to a person as commented lines."""

from __future__ import annotations

import textwrap
from typing import Any

import yaml

from goodwill.sources.proposing.proposal import EntityProposal, SourceProposal

__all__ = ["sources_text"]

HEAD = """\
# Proposed by `goodwill init --from`, from the header and a sample of each file. Read it before you trust it:
# each line says how sure it is (high, medium, low) and why; lines to fill in and columns left over are comments.
# All settings, entities and ways to map a column: docs/reference/sources.md. Then: goodwill check

sources:
"""


def _flow(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, str) and value and not value.strip():
        return '"' + value.encode("unicode_escape").decode() + '"'  # a blank that nobody would see
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10_000, sort_keys=False).strip()
    return text.removesuffix("...").strip()


def _comment(text: str) -> str:
    return " ".join(text.split())


def _entity(entity: EntityProposal) -> list[str]:
    lines = [f"      {entity.name}:"]
    if entity.where:
        lines.append(f"        where: {_flow(entity.where)}")
    if entity.group_by:
        lines.append(f"        group_by: {_flow(entity.group_by)}")
    lines.append("        columns:")
    for line in entity.lines:
        mark = "# " if line.open else ""
        lines.append(f"          {mark}{line.column}: {_flow(line.how)}  # {line.sure}: {_comment(line.why)}")
    return lines


def _source(source: SourceProposal) -> list[str]:
    lines = [f"  - name: {source.name}", f"    path: {_flow(source.path)}"]
    if source.preset:
        lines.append(f"    preset: {source.preset}  # high: the header of {source.title}")
    lines += [f"    {key}: {_flow(value)}  # seen in the file" for key, value in source.settings.items()]
    lines += [f"    # {line}  # {_comment(question)}" for line, question in source.questions]
    if source.entities or source.lacking:
        lines.append("    entities:")
    for entity, missing in source.lacking.items():
        lines.append(f"      {entity}: null  # high: the file has no column {', '.join(map(_flow, missing))}")
    for proposed in source.entities:
        lines += _entity(proposed)
    return lines + _left_over(source)


def _left_over(source: SourceProposal, margin: str = "    ") -> list[str]:
    """The columns that feed nothing: those something is known of one by one, the others together."""
    told = [f"{margin}#   {_flow(column)}: {_comment(why)}" for column, why in source.unplaced if why]
    others = ", ".join(_flow(column) for column, why in source.unplaced if not why)
    rest = textwrap.wrap(others, 120, initial_indent=f"{margin}#   ", subsequent_indent=f"{margin}#   ", break_long_words=False)
    return [f"{margin}# columns that feed nothing:", *told, *rest] if source.unplaced else []


def sources_text(proposals: list[SourceProposal]) -> str:
    """The text of `sources.yml`."""
    blocks = []
    for source in proposals:
        if source.problem:
            lines = [f"  # {_flow(source.path)}: {_comment(source.problem)}"]
            lines += _left_over(source, "  ")
        else:
            lines = _source(source)
        blocks.append("\n".join(lines))
    empty = "" if any(not source.problem for source in proposals) else "  []\n"
    return HEAD + empty + "\n\n".join(blocks) + "\n"
