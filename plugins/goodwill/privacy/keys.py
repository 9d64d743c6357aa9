"""The one secret of a home, and the keys that are made of it: one for each purpose, so that none of them tells another.

The secret is `$GOODWILL_SECRET`, else the file `secret.key` of the home, made at first use and readable by its owner alone. It is never
logged, published or handed from task to task. Whoever loses it loses what was keyed with it: pseudonyms change, and people who were
forgotten are no longer recognised. So one that was lost is not replaced by another.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path

from goodwill.errors import ConfigurationError
from goodwill.files import sync
from goodwill.home import Home

__all__ = ["VARIABLE", "key"]

#: The environment variable that holds the secret, where it is not to lie in the home.
VARIABLE = "GOODWILL_SECRET"

_SHORTEST = 32


def key(home: Home, purpose: str) -> bytes:
    """The key of 32 bytes for one purpose (`audit`, `pseudonyms`, …): HMAC-SHA256 of the purpose under the home's secret.

    Raises
    ------
    ConfigurationError : the secret is too short, cannot be read or made, or others can read it.
    """
    return hmac.digest(_secret(home), b"goodwill:" + purpose.encode(), hashlib.sha256)


def _secret(home: Home) -> bytes:
    given = os.environ.get(VARIABLE)
    if given:
        return _long_enough(given, f"${VARIABLE}")
    path = home.secret_file
    try:
        if not path.exists():
            _refuse_another(home)
            _make(path)
        mode = path.stat().st_mode & 0o777
        if mode & 0o077:
            raise ConfigurationError(f"{path} can be read by others (mode {mode:04o})", f"chmod 600 {path}")
        return _long_enough(path.read_text(encoding="ascii").strip(), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"the home's secret {path} cannot be read or made ({type(error).__name__})", f"mend its rights, or set {VARIABLE}"
        ) from None


def _refuse_another(home: Home) -> None:
    """A home whose people were hashed, or forgotten, had a secret: another one would fit nothing of it."""
    made = [path for path in (home.forgotten_file, home.accepted, home.current) if path.exists()]
    if made:
        raise ConfigurationError(
            f"the secret of this home is missing: there is neither {home.secret_file} nor ${VARIABLE}, and {made[0]} was made with it",
            f"bring {home.secret_file.name} back from where it was kept apart, or set {VARIABLE}; nothing was changed",
        )


def _long_enough(secret: str, place: str) -> bytes:
    if len(secret) < _SHORTEST:
        raise ConfigurationError(f"the secret in {place} is shorter than {_SHORTEST} characters", "use: openssl rand -hex 32")
    return secret.encode()


def _make(path: Path) -> None:
    """Write a new secret, whole or not at all; should two processes make one at once, the first one's is it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            stream.write(secrets.token_hex(32) + "\n")
        sync(beside)
        with suppress(FileExistsError):
            os.link(beside, path)
        sync(path.parent)
    finally:
        beside.unlink()
