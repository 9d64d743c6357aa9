"""The key of the audit ledger: from the environment, where an auditor keeps it apart, else made of the home's secret. Never shown."""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass, field

from goodwill.errors import ConfigurationError
from goodwill.home import Home
from goodwill.privacy import key

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
        """The key of a home: `$GOODWILL_AUDIT_KEY`, else the key for this purpose that is made of the home's secret.

        Raises
        ------
        ConfigurationError : the key or the secret is too short, or others than its owner may read it.
        """
        given = os.environ.get(VARIABLE)
        if given is None:
            return cls(key(home, "audit"))
        if len(given.strip()) < _SHORTEST:
            raise ConfigurationError(
                f"${VARIABLE}: a key of the audit ledger has at least {_SHORTEST} characters", "make one with: openssl rand -hex 32"
            )
        return cls(given.strip().encode())

    @property
    def name(self) -> str:
        return self.sign(b"the name of this key")[:12]

    def sign(self, content: bytes) -> str:
        """HMAC-SHA256, in hexadecimal."""
        return hmac.new(self._secret, content, hashlib.sha256).hexdigest()

    def fits(self, content: bytes, signature: str) -> bool:
        return hmac.compare_digest(self.sign(content).encode(), signature.encode())
