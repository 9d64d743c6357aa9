"""Which files a path names."""

from __future__ import annotations

import glob
from pathlib import Path

from goodwill.errors import SourceError
from goodwill.sources.connectors.file.settings import FileSource

__all__ = ["find_files", "named"]


def find_files(root: Path, source: FileSource) -> list[Path]:
    """The files a source's path names now, in name order.

    Raises
    ------
    SourceError : there is no such file, or none matches.
    """
    pattern = str(root / source.path)  # an absolute path replaces the root
    found = sorted(Path(name) for name in glob.glob(pattern)) if glob.has_magic(pattern) else [Path(pattern)]
    if not found or not all(path.is_file() for path in found):
        what = "matches no file" if glob.has_magic(pattern) else "does not exist"
        raise SourceError(
            f"source {source.name!r}: {source.path} {what} (looked for {pattern})",
            f"put the file there, or mend 'path' of {source.name!r} in sources.yml",
        )
    return found


def named(root: Path, source: FileSource, path: Path) -> str:
    """How manifests name a file: relative to the home where the configuration does so."""
    return str(path) if Path(source.path).is_absolute() else str(path.relative_to(root))
