"""A file of text as UTF-8 bytes: unpacked, decoded as declared, without byte-order mark, in segments that end where a line ends.

A byte that is not text in the declared encoding stays in as it is, an invalid byte of UTF-8: the readers see it and its row pays.
"""

from __future__ import annotations

import codecs
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from goodwill.sources.connectors.file.contents import check_text, packing_of, zip_member
from goodwill.sources.connectors.file.problems import problem
from goodwill.sources.connectors.file.settings import FileSource

__all__ = ["HEAD", "TextFile"]

_BOM = codecs.BOM_UTF8
#: Bytes at the beginning of a file by which it is judged.
HEAD = 1 << 20


@dataclass(frozen=True)
class TextFile:
    """A file of text of a source; `name` as the configuration names it."""

    source: FileSource
    path: Path
    name: str

    @property
    def is_plain(self) -> bool:
        """Whether the bytes on disk are the bytes read: not packed, UTF-8."""
        return not packing_of(self.name) and self.source.is_utf8

    @property
    def looks_utf8(self) -> bool:
        """Whether the bytes are UTF-8 beyond ASCII though another encoding is declared: text of one byte a letter hardly ever is."""
        if self.source.is_utf8 or self.source.encoding.lower().startswith(("utf", "u8", "u16", "u32")):
            return False
        decoder, beyond = codecs.getincrementaldecoder("utf-8")(), False
        try:
            with self._unpacked() as stream:
                while chunk := stream.read(1 << 22):
                    beyond = beyond or not chunk.isascii()
                    decoder.decode(chunk)
                decoder.decode(b"", True)
        except UnicodeDecodeError:
            return False
        return beyond

    @contextmanager
    def _unpacked(self) -> Iterator[BinaryIO]:
        packing = packing_of(self.name)
        if packing == "gz":
            with gzip.open(self.path, "rb") as stream:
                yield cast(BinaryIO, stream)
        elif packing == "zip":
            archive, member = zip_member(self.source, self.name, self.path)
            with archive, archive.open(member) as packed:
                yield cast(BinaryIO, packed)
        else:
            with self.path.open("rb") as plain:
                yield plain

    def _decoded(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        if self.source.is_utf8:
            yield from chunks
            return
        decoder = codecs.getincrementaldecoder(self.source.encoding)("surrogateescape")
        for chunk in chunks:
            yield decoder.decode(chunk).encode("utf-8", "surrogateescape")
        yield decoder.decode(b"", True).encode("utf-8", "surrogateescape")

    def chunks(self, size: int) -> Iterator[bytes]:
        """The text as UTF-8, about `size` bytes at a time.

        Raises
        ------
        SourceError : the packing is broken, or the text cannot be decoded at all.
        """
        first = True
        try:
            with self._unpacked() as stream:

                def raw() -> Iterator[bytes]:
                    while chunk := stream.read(size):
                        yield chunk

                given = raw()
                head = next(given, b"")
                if head:
                    check_text(self.source, self.name, head[:1024])
                for chunk in self._decoded(_chain(head, given)):
                    if first and chunk:
                        first = False
                        chunk = chunk.removeprefix(_BOM)
                    yield chunk
        except (zlib.error, zipfile.BadZipFile, EOFError, NotImplementedError) as error:
            raise problem(self.source, self.name, f"is a broken compressed file ({error})", "send the file again") from None
        except UnicodeError as error:
            raise problem(
                self.source,
                self.name,
                f"is not {self.source.encoding} text ({getattr(error, 'reason', error)})",
                "declare the file's 'encoding' (utf-8, latin-1, cp1252, utf-16 …), or send it again if it was cut",
            ) from None
        except OSError as error:
            what = f"cannot be read ({error.strerror})" if error.strerror else f"is a broken compressed file ({error})"
            raise problem(self.source, self.name, what, "check that it is whole and that the night's user may read it") from None

    def head(self, size: int = HEAD) -> bytes:
        """The first bytes of the text, at least `size` of them where there are as many."""
        found = io.BytesIO()
        chunks = self.chunks(size)
        for chunk in chunks:
            found.write(chunk)
            if found.tell() >= size:
                break
        chunks.close()  # type: ignore[attr-defined]
        return found.getvalue()

    def segments(self, skip: int, quote: bytes, size: int = 1 << 24) -> Iterator[bytes]:
        """The text after `skip` bytes, in pieces that end with a line; outside quotes where there are any and they are in order."""
        held = rest = b""
        for chunk in self.chunks(size):
            if skip:
                chunk, skip = chunk[skip:], max(0, skip - len(chunk))
            rest += chunk
            cut = _cut(rest, quote, size)
            if cut:
                if held:
                    yield held
                held, rest = rest[:cut], rest[cut:]
        if held and len(rest) > size // 16:
            yield held
            held = b""
        if held or rest:  # the last lines are not left alone: a trailer row and blank lines behind it come together
            yield held + rest


def _chain(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from rest


def _cut(text: bytes, quote: bytes, size: int) -> int:
    """Where `text` may be cut: behind its last line end that stands outside quotes, 0 to wait for more.

    Where quotes are out of order there is no such place, and text is not collected for ever: any line end must do.
    """
    mark = b"\n" if b"\n" in text else b"\r"
    end = text.rfind(mark, 0, len(text) - 1) + 1  # a lone CR at the very end may be half of a CRLF
    if not quote:
        return end
    last = end
    for _ in range(64):
        inside = text.count(quote, 0, end) % 2
        if not inside:
            return end
        opened = text.rfind(quote, 0, end)
        end = text.rfind(mark, 0, opened) + 1
        if not end:
            break
    return last if len(text) > 4 * size else 0
