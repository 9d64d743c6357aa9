"""Probable matches: pairs of contacts that a statistical model (Fellegi and Sunter's, by Splink) takes for one person."""

from __future__ import annotations

import importlib.util
import logging
from typing import Any

import duckdb

from goodwill.errors import ConfigurationError
from goodwill.settings.business import Identity

__all__ = ["find_probable_matches"]

#: What is compared, normalised: Splink's columns, in the order of how much they say.
_RECORDS = """
select
    contacts.contact_id as unique_id,
    nullif(lower(strip_accents(trim(nfc_normalize(contacts.first_name)))), '') as first_name,
    nullif(lower(strip_accents(trim(nfc_normalize(contacts.last_name)))), '') as last_name,
    case when position('@' in contacts.email) > 1 then lower(trim(nfc_normalize(contacts.email))) end as email,
    phones.e164 as phone,
    nullif(upper(replace(contacts.postcode, ' ', '')), '') as postcode,
    cast(contacts.birth_year as varchar) as birth_year
from staging.stg_contacts as contacts
left join model.phone_numbers as phones
    on contacts.phone = phones.raw_phone and coalesce(contacts.country, '') = phones.country
cross join control.night as night
where cast(timezone(night.company_business_time_zone, timezone('UTC', contacts.created_at)) as date) <= night.as_of
order by contacts.contact_id
"""
_COMPARED = ("first_name", "last_name", "email", "phone", "postcode", "birth_year")
#: Pairs that agree on all columns of one of these are compared; all others are taken to be different people.
_BLOCKS = (
    ("email",),
    ("phone",),
    ("first_name", "last_name"),
    ("last_name", "postcode"),
    ("first_name", "postcode"),
    ("last_name", "birth_year"),
    ("first_name", "birth_year"),
)
#: Each pass learns from pairs that agree on these columns how often the other columns of one person agree.
_LESSONS = (("first_name", "last_name"), ("email",), ("phone",), ("postcode", "birth_year"))
#: Pairs that are one person beyond doubt, and the share of all such pairs they are supposed to be.
_CERTAIN = (
    ("first_name", "last_name", "email"),
    ("first_name", "last_name", "phone"),
    ("first_name", "last_name", "postcode", "birth_year"),
)
_CERTAIN_SHARE = 0.6
#: First names that are known on both sides and are no spellings of one: of a household, however much else agrees. An initial may be any name that
#: begins so, and first and last name may have changed places.
_TWO_NAMES = """
one.first_name is not null and other.first_name is not null
and jaro_winkler_similarity(one.first_name, other.first_name) < 0.8
and not (one.first_name[1] = other.first_name[1] and (one.first_name[2:] in ('', '.') or other.first_name[2:] in ('', '.')))
and not coalesce(one.first_name = other.last_name and one.last_name = other.first_name, false)
"""
_SAMPLED_PAIRS = 2_000_000
_SEED = 20_240_229


def find_probable_matches(connection: duckdb.DuckDBPyConnection, settings: Identity) -> int:
    """Fill `model.probable_matches` with the pairs of at least `identity.match_probability`, without those of two first names; returns how many.

    The model learns from the night's own contacts, with a fixed seed: the same contacts give the same pairs. It needs two hundred contacts,
    and three columns that one contact in ten fills; with less nobody is matched.

    Raises
    ------
    ConfigurationError : Splink is not installed.
    """
    if importlib.util.find_spec("splink") is None:
        raise ConfigurationError(
            "goodwill.yml: identity.probabilistic is set, and the package splink is not installed",
            "install it with: pip install 'goodwill[matching]', or set identity.probabilistic to false",
        )
    records = connection.execute(_RECORDS).to_arrow_table()
    filled = [column for column in _COMPARED if records.num_rows and records[column].null_count <= 0.9 * records.num_rows]
    if records.num_rows < 200 or len(filled) < 3:
        return 0
    matches = _predict(records, filled, settings.match_probability)
    connection.register("found_matches", matches)
    connection.register("compared_records", records)
    (kept,) = connection.execute(
        "insert into model.probable_matches select least(unique_id_l, unique_id_r), greatest(unique_id_l, unique_id_r), match_probability "
        "from found_matches inner join compared_records as one on unique_id_l = one.unique_id "
        f"inner join compared_records as other on unique_id_r = other.unique_id where not ({_TWO_NAMES})"
    ).fetchall()[0]
    connection.unregister("found_matches")
    connection.unregister("compared_records")
    return int(kept)


def _predict(records: Any, filled: list[str], threshold: float) -> Any:
    """The pairs above `threshold`, as an Arrow table with `unique_id_l`, `unique_id_r`, `match_probability`."""
    import splink.comparison_library as compare
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on
    from splink.internals.exceptions import EMTrainingException

    how = {
        "first_name": compare.NameComparison,
        "last_name": compare.NameComparison,
        "email": compare.EmailComparison,
        "phone": lambda column: compare.LevenshteinAtThresholds(column, 1),
        "postcode": lambda column: compare.LevenshteinAtThresholds(column, 1),
        "birth_year": lambda column: compare.LevenshteinAtThresholds(column, 1),
    }

    def usable(blocks: tuple[tuple[str, ...], ...]) -> list[tuple[str, ...]]:
        return [block for block in blocks if set(block) <= set(filled)]

    with duckdb.connect() as scratch:
        api = DuckDBAPI(scratch)
        settings = SettingsCreator(
            link_type="dedupe_only",
            comparisons=[how[column](column) for column in filled],
            blocking_rules_to_generate_predictions=[block_on(*block) for block in usable(_BLOCKS)],
            retain_matching_columns=False,
        )
        linker = Linker(api.register(records, table_name="contacts"), settings, log_level=logging.ERROR)
        linker.training.estimate_probability_two_random_records_match(
            [block_on(*block) for block in usable(_CERTAIN)], recall=_CERTAIN_SHARE
        )
        linker.training.estimate_u_using_random_sampling(max_pairs=_SAMPLED_PAIRS, seed=_SEED)
        for lesson in usable(_LESSONS):
            try:
                linker.training.estimate_parameters_using_expectation_maximisation(block_on(*lesson))
            except EMTrainingException:
                continue  # no pair agrees on these columns: there is nothing to learn from them
        return linker.inference.predict(threshold_match_probability=threshold).as_pyarrow_table()
