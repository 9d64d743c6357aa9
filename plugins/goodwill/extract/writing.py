"""Write a batch to landing: whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import duckdb

from goodwill.errors import GoodwillError
from goodwill.extract.batches import MANIFEST, Manifest
from goodwill.faults import fault
from goodwill.files import sync
from goodwill.home import Home
from goodwill.sources.connectors.protocol import ROWS

__all__ = ["write_batch"]


def write_batch(home: Home, manifest: Callable[[Path], Manifest | None], source: str) -> Manifest | None:
    """Write a batch whole or not at all: `manifest` fills a scratch folder with `ROWS` and returns the manifest, or nothing to land."""
    shelf = home.landing / source
    try:
        shelf.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".landing-", dir=shelf))
    except OSError as error:
        raise _unwritten(source, shelf, error) from error
    try:
        fault("landing: before the rows")
        written = manifest(folder)
        if written is None:
            return None
        fault("landing: after the rows")
        for extra in folder.iterdir():
            if extra.name != ROWS:
                extra.unlink()
        if (folder / ROWS).exists():
            sync(folder / ROWS)
        fault("landing: before the manifest")
        (folder / MANIFEST).write_text(written.to_json(), encoding="utf-8")
        sync(folder / MANIFEST)
        fault("landing: after the manifest")
        target = shelf / written.batch_id
        if target.exists():  # the same bytes were superseded in between and are back: this batch is the newer one
            shutil.rmtree(target)
            fault("landing: before the rename")
        os.rename(folder, target)
        fault("landing: after the rename")
        sync(shelf)
        return written
    except (OSError, duckdb.IOException) as error:
        raise _unwritten(source, shelf, error) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unwritten(source: str, shelf: Path, error: Exception) -> GoodwillError:
    said = str(error).splitlines()[0]
    return GoodwillError(
        f"source {source!r}: its batch could not be written: {said}",
        f"see that {shelf} can be written and has room for files, then run again",
    )
