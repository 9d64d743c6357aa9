"""Which code made a run: the package's version and, in a checkout, its commit."""

from __future__ import annotations

import subprocess
from functools import lru_cache
from pathlib import Path

from goodwill import __version__

__all__ = ["code_version"]


@lru_cache(maxsize=1)
def code_version() -> str:
    """`0.1.0+3f2a91c`, with `.changed` where the checkout differs from its commit; `0.1.0` outside a checkout."""
    folder = Path(__file__).resolve().parent
    try:
        described = subprocess.run(
            ["git", "-C", str(folder), "describe", "--always", "--dirty=.changed", "--abbrev=12", "--exclude=*"],  # noqa: S607
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return __version__
    return f"{__version__}+{described.stdout.strip()}"
