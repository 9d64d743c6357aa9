"""Every place but landing that may tell of a person: the accepted warehouse, publications, the runs' files, exports, logs.

The sources' own files are not ours, nor is what somebody copied elsewhere.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

import duckdb

from goodwill.extract.forgetting import ERASED
from goodwill.extract.inert import undone
from goodwill.extract.quarantine import QUARANTINE
from goodwill.files import digest, sync
from goodwill.forgetting.sought import Sought
from goodwill.forgetting.tables import Traces, rewrite_database, rewrite_parquet
from goodwill.home import Home
from goodwill.segments import ledger_folder, renew
from goodwill.sql import identifier, literal

__all__ = ["clear", "left"]

_TEXTS = frozenset({".csv", ".html", ".json", ".jsonl", ".log", ".md", ".sql", ".txt", ".xml", ".yml"})


def _places(home: Home) -> list[Path]:
    """The folders that Goodwill fills; what the list and the audit ledger hold is nobody's, and theirs to keep."""
    return [home.accepted.parent, home.published, home.root / "runs", ledger_folder(home), home.exports, home.logs, home.airflow]


def _files(home: Home) -> Iterator[Path]:
    for place in _places(home):
        yield from (path for path in sorted(place.rglob("*")) if path.is_file() and not path.is_symlink())


def _known_by(export: Path) -> set[str]:
    """What the person of a subject-access export is known by, as the export says."""
    try:
        if export.is_dir():
            with (export / "known_by.csv").open(encoding="utf-8", newline="") as stream:
                return {undone(line["value"]) for line in csv.DictReader(stream)}
        return {value for values in json.loads(export.read_text(encoding="utf-8"))["known_by"].values() for value in values}
    except (OSError, ValueError, LookupError, AttributeError, TypeError):
        return set()  # not one of ours: looked through as any text is


def _drop_exports(home: Home, traces: Traces) -> int:
    """What was exported for the person to read is about nobody else: all of it goes."""
    about = [path for path in sorted(home.exports.glob("*")) if not _known_by(path).isdisjoint(traces.ids)]
    for path in about:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    return len(about)


def clear(home: Home, traces: Traces, changing: Callable[[Path], None]) -> int:
    """Take a person out of every file; returns how many were changed, or removed because they were made for the person.

    `changing` is called right before a file is changed; exports are sealed by nothing, and go without it.
    """
    changed = _drop_exports(home, traces)
    for path in _files(home):
        if path.suffix == ".duckdb":
            changed += rewrite_database(path, traces, changing)
        elif path.suffix == ".parquet":
            changed += rewrite_parquet(path, traces, changing)
        elif path.name == QUARANTINE:
            changed += _write(path, _rewritten_list(path, traces), changing)
        elif path.suffix in _TEXTS and not (path.name == "manifest.json" and path.parent.parent == home.published):
            changed += _write(path, _rewritten_bytes(path.read_bytes(), traces), changing)
    for manifest in (*home.published.glob("*/manifest.json"), *home.root.glob("runs/*/*/manifest.json")):
        if not manifest.parent.is_symlink():
            _write(manifest, _renewed_manifest(manifest), changing)
    renew(home, changing)
    return changed


def _write(path: Path, content: bytes, changing: Callable[[Path], None]) -> bool:
    """Put other content in a file's place, whole or not at all; nothing where it is the same."""
    if content == path.read_bytes():
        return False
    changing(path)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as stream:
        stream.write(content)
    beside.chmod(path.stat().st_mode & 0o777)
    sync(beside)
    os.replace(beside, path)
    return True


def _rewritten_text(text: str, traces: Traces) -> str:
    text = traces.sought.replaced(text, ERASED)
    hashed = {old: new for old, new in traces.ids.items() if old.startswith(("p_", "email:"))}
    if hashed:
        text = re.sub("|".join(map(re.escape, hashed)), lambda match: hashed[match[0]], text)
    return text


def _rewritten_bytes(content: bytes, traces: Traces) -> bytes:
    # surrogates carry bytes that are no text through unchanged
    return _rewritten_text(content.decode("utf-8", "surrogateescape"), traces).encode("utf-8", "surrogateescape")


def _rewritten_list(path: Path, traces: Traces) -> bytes:
    """The rejected rows of a run: values of the person's rows are emptied, whatever they are."""
    content = path.read_bytes()
    lines = list(csv.DictReader(io.StringIO(content.decode(), newline="")))
    if not lines or "batch_id" not in lines[0]:
        return _rewritten_bytes(content, traces)
    values = [
        ""
        if line["row_no"].isdigit() and (line["batch_id"], int(line["row_no"])) in traces.rows
        else _rewritten_text(line["value"], traces)
        for line in lines
    ]
    if values == [line["value"] for line in lines]:
        return content
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({**line, "value": value} for line, value in zip(lines, values, strict=True))
    return out.getvalue().encode()


def _renewed_manifest(path: Path) -> bytes:
    """The manifest of a publication, or of a run's documents, with the digests of its files as they are now; those that have changed are named."""
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:  # damaged: its seal names it, and what it lists is read by nobody
        return path.read_bytes()
    differing = {}
    for name, was in manifest.get("files", {}).items():
        file = path.parent / name
        if file.is_file():
            is_now = {"bytes": file.stat().st_size, "sha256": digest(file)}
            if is_now["sha256"] != was["sha256"]:
                differing[name] = is_now
    if not differing:
        return path.read_bytes()
    manifest["files"] |= differing
    manifest["erased_in"] = sorted({*manifest.get("erased_in", []), *differing})
    return json.dumps(manifest, indent=1, default=str).encode()


def left(home: Home, traces: Traces) -> list[str]:
    """The files of the home that still hold one of the words, packed ones unpacked; landing, the list and the ledger looked through too."""
    if not traces.sought.pattern:
        return []
    return [
        str(path.relative_to(home.root)) if path.is_relative_to(home.root) else path.name
        for place in (*_places(home), home.landing, home.audit)
        for path in sorted(place.rglob("*"))
        if path.is_file() and not path.is_symlink() and _holds(path, traces.sought)
    ]


def _holds(path: Path, sought: Sought) -> bool:
    """Whether the bytes of a file hold one of the words, or what is packed in it does."""
    with path.open("rb") as plain:
        if sought.is_in(plain):
            return True
    if path.suffix == ".gz":
        with gzip.open(path, "rb") as unpacked:
            return sought.is_in(cast(BinaryIO, unpacked))
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            return any(sought.is_in(cast(BinaryIO, archive.open(name))) for name in archive.namelist())
    return path.suffix in (".parquet", ".duckdb") and _cells_hold(path, sought)


def _cells_hold(path: Path, sought: Sought) -> bool:
    with duckdb.connect() as connection:
        if path.suffix == ".parquet":
            connection.execute(f"create view t as select * from read_parquet({literal(str(path))})")
            tables = ["t"]
        else:
            connection.execute(f"attach {literal(str(path))} as it (read_only)")
            listed = connection.execute("select schema_name, table_name from duckdb_tables() where database_name = 'it'").fetchall()
            tables = [f"it.{identifier(schema)}.{identifier(table)}" for schema, table in listed]
        for table in tables:
            described = connection.execute(f"describe select * from {table}").fetchall()
            texts = [identifier(column) for column, sql_type, *_ in described if sql_type == "VARCHAR" or not sql_type.isidentifier()]
            tests = " or ".join(f"coalesce(regexp_matches(cast({text} as varchar), {literal(sought.pattern)}), false)" for text in texts)
            if texts and connection.execute(f"select 1 from {table} where {tests} limit 1").fetchone():
                return True
    return False
