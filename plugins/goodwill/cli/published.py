"""What `goodwill doctor` sees of publications, and of who may read and write what: rights, sizes, and contents as far as reading them is cheap."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import duckdb

from goodwill.audit.seals import last_seals
from goodwill.extract.quarantine import QUARANTINE
from goodwill.files import digest
from goodwill.home import Home
from goodwill.publish import publications
from goodwill.publish.personal import FOLDER
from goodwill.publish.publication import DATABASE
from goodwill.publish.swap import Publication, unreadable
from goodwill.segments.ledger import NAME, ledger_folder

__all__ = ["changed_publications", "loose_rights"]

#: Bytes of databases that are read again, the newest first: a second or two.
_READ = 2 << 30


def changed_publications(home: Home) -> Iterator[tuple[str, str]]:
    """Each kept publication that is not what was published, and how one sees it: its manifest by its seal, its files by size, its databases whole."""
    yield from ((path.parent.name, "its manifest cannot be read") for path in unreadable(home))
    left, seals = _READ, last_seals(home)
    for each in reversed(publications(home)):
        sealed = seals.get(each.manifest.relative_to(home.root).as_posix())
        listed = each.read().get("files", {})
        wrong = [name for name, said in listed.items() if not _has_size(each.folder / name, said["bytes"])]
        for name in (name for name in listed if name.endswith(DATABASE) and name not in wrong):
            left -= listed[name]["bytes"]
            if left >= 0 and digest(each.folder / name) != listed[name]["sha256"]:
                wrong.append(name)
        if sealed and sealed.sha256 and sealed.sha256 != digest(each.manifest):
            yield each.run_id, "its manifest was changed"
        elif wrong:
            yield each.run_id, f"{wrong[0]} was changed or is gone{f', and {len(wrong) - 1} more' if len(wrong) > 1 else ''}"
        elif not _is_its_own(each):
            yield each.run_id, "it holds the tables of another run"


def _has_size(file: Path, size: int) -> bool:
    return file.is_file() and file.stat().st_size == size


def _is_its_own(publication: Publication) -> bool:
    with duckdb.connect(str(publication.folder / DATABASE), read_only=True) as connection:
        return bool(connection.execute("select run_id from audit.release").fetchall()[0][0] == publication.run_id)


def loose_rights(home: Home) -> Iterator[tuple[str, str, str]]:
    """What more people may do than they should: the place, what they may, and the command that mends it."""
    ledgers = (ledger_folder(home), *sorted(home.root.glob(f"runs/*/{NAME}")))  # ids of the sources, with what they are worth
    for folder in (home.landing, home.warehouse, home.privacy, home.exports, *ledgers):
        if folder.exists() and _mode(folder) & 0o077:
            yield str(folder.relative_to(home.root)), f"others may enter it ({_mode(folder):04o})", f"chmod 700 {folder}"
    for file in sorted(home.root.glob(f"runs/*/{QUARANTINE}")):  # what sources say of people, as it was rejected
        if _mode(file) & 0o077:
            yield str(file.relative_to(home.root)), f"others may read it ({_mode(file):04o})", f"chmod 600 {file}"
    for each in publications(home):
        files = [path for path in each.folder.rglob("*") if path.is_file()]
        writable = [path for path in files if _mode(path) & 0o222]
        if writable:
            first = writable[0].relative_to(home.root)
            yield (
                str(first),
                f"may be written to ({_mode(writable[0]):04o}), as {len(writable)} of its files",
                f"chmod -R a-w {each.folder}",
            )
        for path in files:
            if path.parent.name == FOLDER and _mode(path) & 0o007:
                yield str(path.relative_to(home.root)), f"everybody may read people in clear ({_mode(path):04o})", f"chmod o= {path}"


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
