"""Which local files a path names, and which of them are ready to be read."""

from __future__ import annotations

import datetime as dt
import glob
import time
from pathlib import Path

from goodwill.clock import now
from goodwill.errors import SourceError
from goodwill.files import name_order
from goodwill.sources.connectors.file.problems import problem
from goodwill.sources.connectors.file.settings import FileSource

__all__ = ["find_files", "is_ready", "named", "settled"]


def _outside(root: Path, source: FileSource, path: Path) -> bool:
    """Whether a file that the configuration places under its folder lies elsewhere in truth."""
    if Path(source.path).is_absolute():
        fixed = Path(source.path)
        while glob.has_magic(str(fixed)):
            fixed = fixed.parent
        home = fixed if fixed.is_dir() else fixed.parent
    else:
        home = root
    return not path.resolve().is_relative_to(home.resolve())


def find_files(root: Path, source: FileSource) -> list[Path]:
    """The files a source's path names now, in name order.

    Raises
    ------
    SourceError : there is no such file, none matches, or one lies outside its folder (`../`, a symbolic link).
    """
    if not Path(source.path).is_absolute() and ".." in Path(source.path).parts:
        raise SourceError(f"source {source.name!r}: the path {source.path} leaves the home", "write it relative to the home, or in full")
    pattern = str(root / source.path)  # an absolute path replaces the root
    found = [Path(name) for name in sorted(glob.glob(pattern), key=name_order)] if glob.has_magic(pattern) else [Path(pattern)]
    if source.ready_marker is not None:
        found = [path for path in found if not _is_marker(source, path)]
    if not found or not all(path.is_file() for path in found):
        what = "matches no file" if glob.has_magic(pattern) else "does not exist"
        raise SourceError(
            f"source {source.name!r}: {source.path} {what} (looked for {pattern})",
            f"put the file there, or mend 'path' of {source.name!r} in sources.yml",
        )
    for path in found:
        if _outside(root, source, path):
            raise problem(source, named(root, source, path), "is a link that leads out of its folder", "put the file itself there")
    return found


def _is_marker(source: FileSource, path: Path) -> bool:
    before, after = (source.ready_marker or "").split("{file}", 1)
    return path.name.startswith(before) and path.name.endswith(after)


def is_ready(source: FileSource, path: Path) -> bool:
    """Whether the marker beside a file says that it is whole; true where the source uses none."""
    return source.ready_marker is None or path.with_name(source.ready_marker.replace("{file}", path.name)).exists()


def settled(source: FileSource, path: Path, name: str, shrunk: bool) -> None:
    """Look twice at a file that changed a moment ago (`settle_seconds`), or that is smaller than when it landed.

    Raises
    ------
    SourceError : it is still being written.
    """
    before = path.stat()
    age = now().replace(tzinfo=dt.UTC).timestamp() - before.st_mtime
    wait = source.settle_seconds if age < source.settle_seconds else 0.2 if shrunk and age < 60 else 0.0
    if not wait:
        return
    time.sleep(wait)
    after = path.stat()
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        what = f"is still being written ({before.st_size:,} bytes, then {after.st_size:,})"
        raise problem(source, name, what, "wait until it is written whole, then run again; 'ready_marker' says when it is")


def named(root: Path, source: FileSource, path: Path) -> str:
    """How manifests name a file: relative to the home where the configuration does so."""
    return str(path) if Path(source.path).is_absolute() else str(path.relative_to(root))
