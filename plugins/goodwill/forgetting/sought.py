"""Words to be found in files of any size: a quick look at the bytes first, the regular expression only where it may find something."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import BinaryIO

from goodwill.extract.forgetting import is_number, word_pattern

__all__ = ["Sought"]

#: Bytes that are looked at together, and how many of them once more with the next: a word may stand across.
_CHUNK, _AGAIN = 1 << 20, 1 << 12
_NO_DIGITS = bytes(byte for byte in range(256) if not chr(byte).isdigit() or byte > 127)
#: The letters beyond ASCII that stand for one of it where letter case does not count: the long s, the sign of Kelvin, i with and without dots.
_FOLDED = {"\u017f": b"s", "\u212a": b"k", "\u0130": b"i", "\u0131": b"i"}
#: A piece of a word that is shorter tells nothing: it is everywhere.
_LEAST = 3


@dataclass(frozen=True)
class Sought:
    """What somebody is known by in clear; never shown."""

    words: frozenset[str] = field(default=frozenset(), repr=False)

    @cached_property
    def pattern(self) -> str:
        """The regular expression that finds them; empty for none."""
        return word_pattern(self.words)

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        return re.compile(self.pattern)

    @cached_property
    def _pieces(self) -> tuple[list[bytes], list[bytes]] | None:
        """Of each word the longest piece in ASCII letters, and of each number its digits; `None` where a word has too little of either."""
        texts, numbers = set(), set()
        for word in filter(None, map(str.strip, self.words)):
            if is_number(word):
                piece = re.sub(r"\D", "", word)
                numbers.add(piece)
            else:
                piece = max(re.findall(r"[\x20-\x7e]+", word), key=len, default="").lower()
                texts.add(piece)
            if len(piece) < _LEAST or not piece.isascii():
                return None
        return sorted(piece.encode() for piece in texts), sorted(piece.encode() for piece in numbers)

    def may_be_in(self, content: bytes) -> bool:
        """Whether it is worth looking: false only where none of them is."""
        if not self.pattern:
            return False
        if self._pieces is None:
            return True
        texts, numbers = self._pieces
        lower = content.lower()
        for letter, plain in _FOLDED.items():
            lower = lower.replace(letter.encode(), plain)
        if any(piece in lower for piece in texts):
            return True
        digits = content.translate(None, _NO_DIGITS) if numbers else b""
        return any(piece in digits for piece in numbers)

    def is_in(self, stream: BinaryIO) -> bool:
        """Whether any of them stands in what is read, as text in UTF-8 among whatever else."""
        return any(self.may_be_in(content) and self._regex.search(content.decode("utf-8", "ignore")) for content in _overlapping(stream))

    def replaced(self, text: str, by: str) -> str:
        """The text with each of them replaced."""
        return self._regex.sub(by, text) if self.pattern and self.may_be_in(text.encode("utf-8", "surrogateescape")) else text


def _overlapping(stream: BinaryIO) -> Iterator[bytes]:
    held = b""
    while chunk := stream.read(_CHUNK):
        yield held + chunk
        held = chunk[-_AGAIN:]
