"""How much room the disks of a home have, and how much a night may need."""

from __future__ import annotations

import shutil
from pathlib import Path

from goodwill.home import Home

__all__ = ["FULL", "WANTED", "folder_bytes", "free_bytes", "needed_bytes", "room"]

#: Bytes below which a disk is called full: no night can end in less.
FULL = 1 << 24
#: Bytes that should be free at least, however small a home is: dbt, Airflow and the database write beside what the night keeps.
WANTED = 1 << 28


def free_bytes(home: Home) -> int:
    """What is free where a night writes: on the fullest of the disks, should its folders lie on several."""
    return min(shutil.disk_usage(path).free for path in (home.root, home.warehouse, home.published, home.audit) if path.exists())


def needed_bytes(home: Home) -> int:
    """What a night may need: twice what the accepted warehouse and the largest publication take."""
    kept = [path for path in home.published.glob("*") if path.is_dir() and not path.is_symlink()]
    return 2 * (folder_bytes(home.accepted.parent) + max(map(folder_bytes, kept), default=0))


def room(home: Home) -> str:
    """`218 MB free; a night may need 117 MB, and 268 MB should be free at least`."""
    need = needed_bytes(home)
    least = f", and {_size(WANTED)} should be free at least" if need < WANTED else ""
    return f"{_size(free_bytes(home))} free; a night may need {_size(need)}{least}"


def folder_bytes(folder: Path) -> int:
    """The size of all files in a folder; 0 where it is not there."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if folder.exists() else 0


def _size(count: int) -> str:
    return f"{count / 1e6:,.0f} MB" if count < 1e9 else f"{count / 1e9:,.1f} GB"
