"""What a file is by its first bytes, against what its name and the configuration say."""

from __future__ import annotations

import zipfile
from pathlib import Path

from goodwill.sources.connectors.file.problems import problem
from goodwill.sources.connectors.file.settings import FileSource

__all__ = ["Packing", "check_contents", "packing_of", "zip_member"]

#: How bytes are packed: as they are, `gz`, or `zip`.
Packing = str

_MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"PAR1", "parquet"),
    (b"\xd0\xcf\x11\xe0", "old Excel (.xls)"),
    (b"%PDF", "PDF"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


def packing_of(name: str) -> Packing:
    """The packing a name says."""
    lower = name.lower()
    return "gz" if lower.endswith(".gz") else "zip" if lower.endswith(".zip") else ""


def _looks_like(first: bytes) -> str:
    """What the first bytes are, where they tell; else nothing."""
    for magic, kind in _MAGIC:
        if first.startswith(magic):
            return kind
    if first.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith((b"<!doctype html", b"<html")):
        return "html"
    if len(first) >= 8 and (not any(first[1:64:2]) or not any(first[0:64:2])):
        return "utf-16"
    return ""


def check_text(source: FileSource, name: str, first: bytes) -> None:
    """Refuse what cannot be text in the declared encoding, or is a page instead of data; `first` are unpacked bytes."""
    kind = _looks_like(first)
    if kind == "html":
        raise problem(
            source, name, "is a web page (HTML) with no column of the source", "look at what the export answered, and send it again"
        )
    wide = source.encoding.lower().replace("_", "-").startswith(("utf-16", "utf-32"))
    if kind in ("utf-16", "utf-32"):
        if not wide:
            raise problem(source, name, f"is not {source.encoding} text: it looks like {kind}", f"set 'encoding: {kind}' for this source")
    elif kind:
        raise problem(source, name, f"is a {kind} file, not text", "name it by what it is, or set 'format' for this source")


def check_contents(source: FileSource, name: str, first: bytes) -> None:
    """Refuse a file whose first bytes are not what its name and the configuration say.

    Raises
    ------
    SourceError : packed but not named so, named so but not packed, another format than expected.
    """
    kind, packing, expected = _looks_like(first), packing_of(name), source.format_of(name)
    if packing == "gz":
        if kind != "gzip":
            raise problem(source, name, "is named .gz but is not compressed", "rename it without .gz, or compress it")
    elif packing == "zip":
        if kind != "zip":
            raise problem(source, name, "is named .zip but is not a zip archive", "rename it without .zip, or pack it")
    elif kind == "gzip":
        raise problem(source, name, "is gzip-compressed but its name does not end in .gz", "rename it with .gz")
    elif expected == "parquet":
        if kind != "parquet":
            raise problem(source, name, f"is not a readable Parquet file{_is(kind)}", "send the file again")
    elif expected == "excel":
        if kind != "zip":
            raise problem(source, name, f"is not an Excel workbook (.xlsx){_is(kind)}", "save it as .xlsx, or name it by what it is")
    elif kind == "zip":
        raise problem(
            source,
            name,
            "is a zip archive or an Excel workbook but its name does not say so",
            "rename it with .zip or .xlsx, or set 'format: excel' for this source",
        )
    else:
        check_text(source, name, first)
    if packing and expected in ("parquet", "excel"):
        raise problem(source, name, f"is a packed {expected} file, which is compressed already", "send it unpacked")


def _is(kind: str) -> str:
    return f" (it is {kind})" if kind else ""


def _of_the_system(name: str) -> bool:
    """Whether a file in an archive is what a system leaves beside the files of people (`.DS_Store`, `Thumbs.db`)."""
    last = name.rpartition("/")[2]
    return name.startswith("__MACOSX/") or last.startswith(".") or last.lower() in ("thumbs.db", "desktop.ini")


def zip_member(source: FileSource, name: str, path: Path) -> tuple[zipfile.ZipFile, zipfile.ZipInfo]:
    """The one file in a zip archive.

    Raises
    ------
    SourceError : not a whole archive, none or several files in it, or a password on it.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise problem(source, name, f"is a broken zip archive ({error})", "send the file again") from None
    members = [member for member in archive.infolist() if not member.is_dir() and not _of_the_system(member.filename)]
    if len(members) != 1:
        found = ", ".join(member.filename for member in members) or "nothing"
        archive.close()
        raise problem(source, name, f"holds {len(members)} files ({found}), not one", "pack each file on its own")
    if members[0].flag_bits & 1:
        archive.close()
        raise problem(source, name, "is a zip archive with a password", "pack it without")
    return archive, members[0]
