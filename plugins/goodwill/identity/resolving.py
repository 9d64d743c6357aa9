"""The stage before people are made: phone numbers read, and probable matches found where the settings want them."""

from __future__ import annotations

from pathlib import Path

import duckdb

from goodwill.identity.matching import find_probable_matches
from goodwill.identity.numbers import read_phone_numbers
from goodwill.identity.phones import known_region
from goodwill.settings.business import Identity

__all__ = ["resolve"]


def resolve(connection: duckdb.DuckDBPyConnection, settings: Identity, accepted: Path) -> dict[str, int]:
    """Write the tables that the identity models read: `model.phone_numbers` and `model.probable_matches`.

    Parameters
    ----------
    connection : the night's warehouse, its contacts staged.
    accepted : the last accepted warehouse, from which known phone numbers are taken over; it need not exist.

    Raises
    ------
    ConfigurationError : the default region is no country, or probable matches are wanted and Splink is not installed.
    """
    region = known_region(settings.default_region)
    figures = read_phone_numbers(connection, accepted, region) if settings.match_by_phone else _no_phones(connection)
    connection.execute("create or replace table model.probable_matches (contact_id varchar, other_contact_id varchar, probability double)")
    if settings.probabilistic:
        figures["probable_matches"] = find_probable_matches(connection, settings)
    return figures


def _no_phones(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    connection.execute("create or replace table model.phone_numbers (raw_phone varchar, country varchar, e164 varchar)")
    return {}
