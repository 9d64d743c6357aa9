"""Files on a storage that a URL names (`s3://`, `gs://`, `https://` …), through fsspec: copied here once, whole, and checked."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from goodwill.errors import SourceError
from goodwill.sources.connectors.file.problems import problem
from goodwill.sources.connectors.file.settings import FileSource
from goodwill.sources.credentials import Credentials

__all__ = ["RemoteFile", "find_remote", "options_of"]

_NAMES = {"s3": ("key", "secret"), "s3a": ("key", "secret")}
_CLIENT = ("endpoint_url", "region_name")


def options_of(scheme: str, credentials: Credentials | None) -> dict[str, Any]:
    """What a connection's URI says, as fsspec's options: user and password under the names the storage uses, its query beside them."""
    if credentials is None:
        return {}
    uri = urlsplit(credentials.uri)
    user, password = _NAMES.get(scheme, ("username", "password"))
    given = {user: unquote(uri.username or ""), password: unquote(uri.password or ""), **dict(parse_qsl(uri.query))}
    if scheme in ("ftp", "sftp", "smb"):
        given |= {"host": uri.hostname or ""}
    client = {name: given.pop(name) for name in _CLIENT if name in given}
    return {name: value for name, value in given.items() if value} | ({"client_kwargs": client} if client else {})


@dataclass(frozen=True)
class RemoteFile:
    """A file on a storage: its URL, its size, and a number that stands for its version there."""

    source: FileSource
    url: str
    size: int
    version: int
    system: Any

    def fetch(self, folder: Path) -> Path:
        """A local copy in `folder`; one of this very version that is there already is used again.

        Raises
        ------
        SourceError : the storage does not answer, or the copy is not as long as the file.
        """
        target = folder / f"{self.version:x}" / PurePosixPath(self.url.split("?")[0]).name
        if target.exists() and target.stat().st_size == self.size:
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.partial")
        try:
            self.system.get_file(self.url, str(partial))
        except Exception as error:  # each storage has errors of its own
            raise _refused(self.source, self.url, error) from None
        if partial.stat().st_size != self.size:
            what = f"is {partial.stat().st_size:,} bytes here and {self.size:,} at the storage"
            raise problem(self.source, self.url, what, "run again when it is written whole")
        os.replace(partial, target)
        return target

    def moved(self) -> bool:
        """Whether the file at the storage is another by now."""
        try:
            return _described(self.source, self.system, self.url).version != self.version
        except SourceError:
            return True


def _refused(source: FileSource, url: str, error: Exception) -> SourceError:
    # the error's own text may carry a signed URL or a key: its kind is said, not its words
    return SourceError(
        f"source {source.name!r}: {url} cannot be read ({type(error).__name__})",
        "check the path, the connection, and that the storage answers",
    )


def _described(source: FileSource, system: Any, url: str) -> RemoteFile:
    try:
        facts = system.info(url)
        marks = [str(facts.get(key)) for key in ("ETag", "etag", "md5Hash", "LastModified", "mtime", "created", "size") if key in facts]
    except Exception as error:
        raise _refused(source, url, error) from None
    version = int(hashlib.sha256("\n".join([url, *marks]).encode()).hexdigest()[:15], 16)
    return RemoteFile(source, url, int(facts.get("size") or 0), version, system)


def find_remote(source: FileSource, credentials: Callable[[str], Credentials] | None) -> Iterator[RemoteFile]:
    """The files a URL names now, in name order.

    Raises
    ------
    SourceError : nothing can reach such a storage, it does not answer, or there is no such file.
    """
    import fsspec

    scheme = source.path.split("://", 1)[0]
    known = credentials(source.connection) if source.connection and credentials else None
    try:
        system = fsspec.filesystem(scheme, **options_of(scheme, known), skip_instance_cache=True)
    except (ImportError, ValueError):
        raise SourceError(
            f"source {source.name!r}: nothing here reads {scheme}:// addresses",
            "install the package that does: pip install 'goodwill[storage]' for s3, or the fsspec package of that storage",
        ) from None
    try:
        paths = sorted(system.glob(source.path)) if any(mark in source.path for mark in "*?[") else [source.path]
        found = [path for path in paths if system.isfile(path)]
    except Exception as error:
        raise _refused(source, source.path, error) from None
    if source.ready_marker is not None:
        folder = {path: (str(PurePosixPath(path).parent), PurePosixPath(path).name) for path in found}
        beside = {path: f"{parent}/{source.ready_marker.replace('{file}', name)}" for path, (parent, name) in folder.items()}
        found = [path for path in found if beside[path] in found or (path not in beside.values() and system.exists(beside[path]))]
        if not found:
            return
    if not found:
        raise SourceError(f"source {source.name!r}: {source.path} matches no file", f"mend 'path' of {source.name!r} in sources.yml")
    for path in found:
        yield _described(source, system, path if "://" in path else f"{scheme}://{path.lstrip('/')}")
