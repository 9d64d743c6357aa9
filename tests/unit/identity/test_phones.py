"""A phone number in one notation, and each read once in its life."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from goodwill.errors import ConfigurationError
from goodwill.identity import numbers
from goodwill.identity.numbers import read_phone_numbers
from goodwill.identity.phones import international, known_region, region_of


@pytest.mark.parametrize(
    "written",
    [
        "06 12 34 56 78",
        "06.12.34.56.78",
        "+33 6 12 34 56 78",
        "+33 (0)6 12 34 56 78",
        "0033612345678",
        "tel:+33-6-12-34-56-78",
        "\u00a0+33\u202f6\u202f12\u202f34\u202f56\u202f78\u200b ",
        "\uff10\uff16 12 34 56 78",
    ],
)
def test_notations_of_one_number_are_one(written: str) -> None:
    assert international(written, "France", None) == "+33612345678"


@pytest.mark.parametrize(
    ("written", "country", "default", "expected"),
    [
        ("0612345678", "", "FR", "+33612345678"),
        ("0612345678", "", None, None),  # nobody says where
        ("0033612345678", "", None, "+33612345678"),
        ("020 7946 0018", "UK", "FR", "+442079460018"),  # the contact's country goes before the default
        ("020 7946 0018", "Atlantis", "GB", "+442079460018"),
        ("+33 1 23 45 67 89 ext. 12", "", None, "+33123456789;ext=12"),
        ("+999000000001", "", None, None),  # a country code nobody has
        ("12", "FR", None, None),
        ("call Ann", "FR", None, None),
        ("'; drop table contacts", "FR", None, None),
    ],
)
def test_what_a_number_becomes(written: str, country: str, default: str | None, expected: str | None) -> None:
    assert international(written, country, default) == expected


@pytest.mark.parametrize(
    ("country", "region"),
    [
        ("fr", "FR"),
        ("FR ", "FR"),
        ("France", "FR"),
        ("Allemagne", "DE"),
        ("DEUTSCHLAND", "DE"),
        ("Côte d\u2019Ivoire", "CI"),
        ("", None),
        ("Atlantis", None),
    ],
)
def test_a_country_is_understood_in_many_languages(country: str, region: str | None) -> None:
    assert region_of(country) == region


def test_a_default_region_that_is_no_country_is_refused() -> None:
    assert known_region("BE") == "BE"
    assert known_region(None) is None
    with pytest.raises(ConfigurationError, match="'XX' is no country"):
        known_region("XX")


@pytest.fixture
def night(tmp_path: Path) -> Path:
    path = tmp_path / "night.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema staging; create schema model")
        connection.execute(
            "create table staging.stg_contacts as select * from (values ('0612345678', 'FR'), ('0612345678', 'FR'), ('0612345678', null), "
            "(' ', 'FR'), (null, 'FR'), ('nonsense', 'FR')) as contacts (phone, country)"
        )
    return path


def _read(path: Path, accepted: Path, region: str | None = None) -> tuple[dict[str, int], set[tuple[str, str, str | None]]]:
    with duckdb.connect(str(path)) as connection:
        figures = read_phone_numbers(connection, accepted, region)
        return figures, set(connection.execute("select raw_phone, country, e164 from model.phone_numbers").fetchall())


def test_each_text_and_country_is_read_once(night: Path, tmp_path: Path) -> None:
    figures, rows = _read(night, tmp_path / "none.duckdb")
    assert rows == {("0612345678", "FR", "+33612345678"), ("0612345678", "", None), ("nonsense", "FR", None)}
    assert figures == {"phones": 3, "phones_read": 3, "phones_unreadable": 2}


def _accept(night: Path, tmp_path: Path, statement: str) -> Path:
    """The night as the accepted warehouse, and one of its numbers marked, to see whether it is taken over."""
    _read(night, tmp_path / "none.duckdb")
    accepted = tmp_path / "accepted.duckdb"
    accepted.write_bytes(night.read_bytes())
    with duckdb.connect(str(accepted)) as connection:
        connection.execute("update model.phone_numbers set e164 = 'known' where raw_phone = 'nonsense'")
        connection.execute(statement)
    with duckdb.connect(str(night)) as connection:
        connection.execute(
            "insert into staging.stg_contacts values ('0698765432', 'FR'); delete from staging.stg_contacts where country is null"
        )
    return accepted


def test_what_the_accepted_warehouse_has_read_is_taken_over(night: Path, tmp_path: Path) -> None:
    accepted = _accept(night, tmp_path, "select 1")
    figures, rows = _read(night, accepted)
    assert rows == {("0612345678", "FR", "+33612345678"), ("nonsense", "FR", "known"), ("0698765432", "FR", "+33698765432")}
    assert figures == {"phones": 3, "phones_read": 1, "phones_unreadable": 0}


@pytest.mark.parametrize(
    ("statement", "region"),
    [
        ("update model.phone_reading set library_version = '1.0'", None),
        ("select 1", "FR"),
        ("drop table model.phone_reading", None),
    ],
    ids=["another library", "another default region", "a warehouse of before"],
)
def test_numbers_are_read_again_when_the_reading_changes(night: Path, tmp_path: Path, statement: str, region: str | None) -> None:
    accepted = _accept(night, tmp_path, statement)
    figures, rows = _read(night, accepted, region)
    assert ("nonsense", "FR", None) in rows
    assert figures["phones_read"] == 3


def test_many_numbers_are_read_in_pieces(night: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbers, "_ROWS_AT_ONCE", 2)
    figures, rows = _read(night, tmp_path / "none.duckdb")
    assert len(rows) == figures["phones"] == figures["phones_read"] == 3
