"""Where the project's files are, for the tests that read them as text. A pattern that finds nothing is an error, not a pass."""

from __future__ import annotations

import subprocess
from pathlib import Path

__all__ = ["ROOT", "files", "project_files"]

ROOT = Path(__file__).resolve().parents[2]


def files(folder: str, pattern: str, at_least: int = 1) -> list[Path]:
    """The files under a folder of the project that fit a pattern, at least so many of them."""
    found = sorted(path for path in (ROOT / folder).rglob(pattern) if "__pycache__" not in path.parts and "target" not in path.parts)
    assert len(found) >= at_least, f"{folder}/**/{pattern}: {len(found)} files found, at least {at_least} expected"
    return found


def project_files() -> list[Path]:
    """Every file git would commit: tracked or new, and not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout
    found = [ROOT / name for name in listed.decode().split("\0") if name]
    assert len(found) > 100
    return [path for path in found if path.is_file()]
