"""Files on a storage that a URL names (`s3://`, `gs://`, `https://` …), through fsspec: copied here once, whole, and checked."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from goodwill.errors import ConfigurationError, SourceError
from goodwill.files import name_order
from goodwill.sources.connectors.file.problems import problem
from goodwill.sources.connectors.file.settings import FileSource
from goodwill.sources.credentials import Credentials

__all__ = ["RemoteFile", "find_remote", "options_of"]

_NAMES = {"s3": ("key", "secret"), "s3a": ("key", "secret")}
_CLIENT = ("endpoint_url", "region_name")
#: What storages call a mark of a file's version.
_MARKS = (
    *("ETag", "etag", "md5Hash", "generation", "Content-MD5", "Digest"),
    *("LastModified", "Last-Modified", "last_modified", "updated", "modified", "mtime", "created"),
)


def options_of(path: str, credentials: Credentials | None) -> dict[str, Any]:
    """What a connection's URI says, as fsspec's options: user and password under the names the storage uses, its query beside them.

    Raises
    ------
    ConfigurationError : the connection is of another web server than the path.
    """
    if credentials is None:
        return {}
    scheme, uri = path.split("://", 1)[0], urlsplit(credentials.uri)
    if scheme in ("http", "https"):
        return _web_options(urlsplit(path).hostname or "", credentials)
    user, password = _NAMES.get(scheme, ("username", "password"))
    given = {user: unquote(uri.username or ""), password: unquote(uri.password or ""), **dict(parse_qsl(uri.query))}
    if scheme in ("ftp", "sftp", "smb"):
        given |= {"host": uri.hostname or ""}
    client = {name: given.pop(name) for name in _CLIENT if name in given}
    return {name: value for name, value in given.items() if value} | ({"client_kwargs": client} if client else {})


def _web_options(host: str, credentials: Credentials) -> dict[str, Any]:
    """`https://user:password@host`, or `https://:token@host?auth=bearer`, as the header that says so; it goes to that host alone."""
    uri = urlsplit(credentials.uri)
    if uri.hostname and uri.hostname != host:
        raise ConfigurationError(
            f"{credentials} is of {uri.hostname}, and the files are on {host}",
            "name the connection of that host; its secrets are sent nowhere else",
        )
    user, password = unquote(uri.username or ""), unquote(uri.password or "")
    if not user and not password:
        return {}
    bearer = dict(parse_qsl(uri.query)).get("auth") == "bearer"
    basic = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"headers": {"Authorization": f"Bearer {password or user}" if bearer else f"Basic {basic}"}}


@dataclass(frozen=True)
class RemoteFile:
    """A file on a storage: its URL, its size, and a number that stands for its version there; `None` for what the storage does not tell."""

    source: FileSource
    url: str
    size: int | None
    version: int | None
    system: Any

    def is_like(self, size: int, version: int | None) -> bool:
        """Whether it is what landed with this size and version; a storage that tells no version is asked for the bytes."""
        return self.version is not None and self.version == version and self.size in (None, size)

    def _kept_in(self, folder: Path) -> Path:
        """The folder of its copy."""
        return folder / hashlib.sha256(f"{self.url}\n{self.version}".encode()).hexdigest()[:16]

    def forget(self, folder: Path) -> None:
        """Remove its copy."""
        shutil.rmtree(self._kept_in(folder), ignore_errors=True)

    def fetch(self, folder: Path) -> Path:
        """A local copy in `folder`; one of this very version that is there already is used again.

        Raises
        ------
        SourceError : the storage does not answer, or the copy is not as long as the file.
        """
        target = self._kept_in(folder) / PurePosixPath(self.url.split("?")[0]).name
        if target.exists() and self.is_like(target.stat().st_size, self.version):
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.partial")
        try:
            self.system.get_file(self.url, str(partial))
        except Exception as error:  # each storage has errors of its own
            raise _refused(self.source, self.url, error) from None
        if self.size is not None and partial.stat().st_size != self.size:
            what = f"is {partial.stat().st_size:,} bytes here and {self.size:,} at the storage"
            raise problem(self.source, self.url, what, "run again when it is written whole")
        os.replace(partial, target)
        return target

    def moved(self) -> bool:
        """Whether the file at the storage is another by now."""
        try:
            self.system.invalidate_cache()  # what the storage said when it listed the files is old by now
            now = _described(self.source, self.system, self.url)
        except SourceError:
            return True
        return (now.size, now.version) != (self.size, self.version)


def _refused(source: FileSource, url: str, error: Exception) -> SourceError:
    # the error's own text may carry a signed URL or a key: its kind is said, not its words
    cause = error.__cause__ or error
    status = getattr(cause, "status", None)
    if status in (404, 410) or (status is None and isinstance(cause, FileNotFoundError)):
        return SourceError(f"source {source.name!r}: {url} does not exist", f"put the file there, or mend 'path' of {source.name!r}")
    return SourceError(
        f"source {source.name!r}: {url} cannot be read ({f'the server answers {status}' if status else type(cause).__name__})",
        "check the path, the connection, and that the storage answers",
    )


def _described(source: FileSource, system: Any, url: str) -> RemoteFile:
    try:
        facts = system.info(url)
        marks = [f"{key}={facts[key]}" for key in _MARKS if facts.get(key) is not None]
    except Exception as error:
        raise _refused(source, url, error) from None
    size = facts.get("size")
    version = int(hashlib.sha256("\n".join([url, *marks]).encode()).hexdigest()[:15], 16) if marks else None
    return RemoteFile(source, url, None if size is None else int(size), version, system)


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
        system = fsspec.filesystem(scheme, **options_of(source.path, known), skip_instance_cache=True)
    except (ImportError, ValueError):
        raise SourceError(
            f"source {source.name!r}: nothing here reads {scheme}:// addresses",
            "install the package that does: pip install 'goodwill[storage]' for s3 and https, or the fsspec package of that storage",
        ) from None
    if not any(mark in source.path for mark in "*?[") and source.ready_marker is None:
        yield _described(source, system, source.path)
        return
    try:
        paths = sorted(system.glob(source.path), key=name_order) if any(mark in source.path for mark in "*?[") else [source.path]
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
