"""The key of the audit ledger: from the environment, or a file that only its owner can read, made at first use. Never shown."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass, field

from goodwill.errors import ConfigurationError
from goodwill.files import sync
from goodwill.home import Home

__all__ = ["VARIABLE", "Key"]

#: The environment variable that holds the key, where it is kept away from the home.
VARIABLE = "GOODWILL_AUDIT_KEY"
_SHORTEST = 32


@dataclass(frozen=True)
class Key:
    """A secret that rows are signed with; `name` tells keys apart and gives nothing away."""

    _secret: bytes = field(repr=False)

    @classmethod
    def of(cls, home: Home) -> Key:
        """The key of a home: `$GOODWILL_AUDIT_KEY`, else `audit/key`, which is made if it is not there.

        Raises
        ------
        ConfigurationError : the key is too short, or others than its owner may read its file.
        """
        given = os.environ.get(VARIABLE)
        if given is not None:
            return cls(_long_enough(given, f"${VARIABLE}"))
        file = home.audit / "key"
        if not file.exists():
            _make(home)
        if file.stat().st_mode & 0o077:
            raise ConfigurationError(
                f"{file}: others may read the key of the audit ledger",
                f"chmod 600 {file}; whoever read it could have written rows: consider a new ledger (goodwill audit restart)",
            )
        return cls(_long_enough(file.read_text(encoding="ascii"), str(file)))

    @property
    def name(self) -> str:
        return self.sign(b"the name of this key")[:12]

    def sign(self, content: bytes) -> str:
        """HMAC-SHA256, in hexadecimal."""
        return hmac.new(self._secret, content, hashlib.sha256).hexdigest()

    def fits(self, content: bytes, signature: str) -> bool:
        return hmac.compare_digest(self.sign(content).encode(), signature.encode())


def _long_enough(text: str, where: str) -> bytes:
    secret = text.strip()
    if len(secret) < _SHORTEST:
        raise ConfigurationError(
            f"{where}: a key of the audit ledger has at least {_SHORTEST} characters", "make one with: openssl rand -hex 32"
        )
    return secret.encode()


def _make(home: Home) -> None:
    """Write a new key, whole or not at all; of two that try at once, one wins and both use it."""
    home.audit.mkdir(parents=True, exist_ok=True)
    beside = home.audit / f".key.{os.getpid()}.{secrets.token_hex(4)}"
    handle = os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as stream:
        stream.write(secrets.token_hex(32) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    try:
        os.link(beside, home.audit / "key")
    except FileExistsError:
        return
    finally:
        beside.unlink()
        sync(home.audit)
