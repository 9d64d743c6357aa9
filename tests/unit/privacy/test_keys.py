"""The secret of a home: made once, for its owner alone, one key a purpose."""

from __future__ import annotations

import hashlib
import hmac
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from goodwill.errors import ConfigurationError
from goodwill.home import Home
from goodwill.privacy.keys import VARIABLE as SECRET
from goodwill.privacy.keys import key


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.delenv(SECRET, raising=False)
    return Home(tmp_path)


def test_a_secret_is_made_once_and_for_its_owner_alone(home: Home) -> None:
    first = key(home, "audit")
    assert home.secret_file.stat().st_mode & 0o777 == 0o600
    assert key(home, "audit") == first
    assert [path.name for path in home.root.iterdir()] == [home.secret_file.name]
    expected = hmac.digest(home.secret_file.read_bytes().strip(), b"goodwill:audit", hashlib.sha256)
    assert first == expected
    assert len(first) == 32


def test_every_purpose_and_every_home_has_a_key_of_its_own(home: Home, tmp_path: Path) -> None:
    other = Home(tmp_path / "other")
    other.root.mkdir()
    assert len({key(where, purpose) for where in (home, other) for purpose in ("audit", "pseudonyms")}) == 4


def test_the_environment_goes_before_the_file(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRET, "s" * 32)
    given = key(home, "audit")
    assert not home.secret_file.exists()
    monkeypatch.delenv(SECRET)
    assert key(home, "audit") != given


def test_processes_that_make_it_at_once_agree(home: Home) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: key(home, "audit"), range(32)))) == 1


@pytest.mark.parametrize("secret", ["short", "é" * 4])
def test_a_short_secret_is_refused_and_never_shown(home: Home, monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    monkeypatch.setenv(SECRET, secret)
    with pytest.raises(ConfigurationError, match="shorter than 32") as refused:
        key(home, "audit")
    assert secret not in str(refused.value).replace("shorter", "")


def test_a_secret_that_others_can_read_is_refused(home: Home) -> None:
    key(home, "audit")
    home.secret_file.chmod(0o640)
    with pytest.raises(ConfigurationError, match="can be read by others"):
        key(home, "audit")


def test_a_secret_that_is_no_file_is_refused(home: Home) -> None:
    home.secret_file.mkdir(mode=0o700)
    with pytest.raises(ConfigurationError, match="cannot be read or made"):
        key(home, "audit")


def test_a_lost_secret_is_not_replaced(home: Home) -> None:
    """Another one would recognise none of the forgotten, and fit no pseudonym."""
    key(home, "audit")
    home.privacy.mkdir()
    home.forgotten_file.write_text("{}")
    home.secret_file.unlink()
    with pytest.raises(ConfigurationError, match="the secret of this home is missing"):
        key(home, "audit")
    assert not home.secret_file.exists()
