"""Keyed hashes: what stands for an e-mail address or a person's id where neither may be read, nor guessed by trying.

The construction is that of HMAC with SHA-256: an outer hash over an inner one, each begun by a key that fills a whole block (64 characters).
It is written in two functions every engine has, so that SQL (the macro `keyed_hash`) and Python make the same of the same text.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field

from goodwill.home import Home
from goodwill.privacy.keys import key

__all__ = ["KEYS_TABLE", "HashKeys", "hash_keys"]

#: Where the warehouse holds the keys: a table of one row that is never published.
KEYS_TABLE = "control.keys"

#: Characters of a hash: 128 bits, too many to try and to meet by chance.
_LENGTH = 32


@dataclass(frozen=True)
class HashKeys:
    """The two keys of a hash, each of 64 hexadecimal digits; never shown."""

    inner: str = field(repr=False)
    outer: str = field(repr=False)

    def hash(self, text: str) -> str:
        """The keyed hash of a text: 32 hexadecimal digits."""
        inside = hashlib.sha256((self.inner + text).encode()).hexdigest()
        return hashlib.sha256((self.outer + inside).encode()).hexdigest()[:_LENGTH]

    @staticmethod
    def sql(value: str, table: str = KEYS_TABLE) -> str:
        """The same in SQL; the keys are read from `table`, so that no statement, and no error that quotes one, holds them."""
        inner, outer = f"(select k.inner_key from {table} as k)", f"(select k.outer_key from {table} as k)"
        return f"substr(sha256(concat({outer}, sha256(concat({inner}, {value})))), 1, {_LENGTH})"


def hash_keys(home: Home, purpose: str = "pseudonyms") -> HashKeys:
    """The keys of the home's hashes for one purpose."""
    made = key(home, purpose)
    return HashKeys(*(hmac.digest(made, side, hashlib.sha256).hex() for side in (b"inner", b"outer")))
