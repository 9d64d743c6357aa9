"""`goodwill init`: the commented configuration a new home begins with."""

from __future__ import annotations

import shutil
from pathlib import Path

from goodwill.errors import ConfigurationError

__all__ = ["write_templates"]

TEMPLATES = Path(__file__).parent / "templates"


def write_templates(folder: Path) -> list[Path]:
    """Write `goodwill.yml` and `sources.yml` to `folder`.

    Raises
    ------
    ConfigurationError : one of them is there already; nothing is overwritten.
    """
    targets = [folder / "goodwill.yml", folder / "sources.yml"]
    there = [target for target in targets if target.exists()]
    if there:
        raise ConfigurationError(f"{', '.join(map(str, there))}: already there", "choose another folder, or edit what is there")
    folder.mkdir(parents=True, exist_ok=True)
    for target in targets:
        shutil.copyfile(TEMPLATES / target.name, target)
    return targets
