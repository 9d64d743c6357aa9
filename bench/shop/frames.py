"""A table on its way to a file: raw arrays, and how each column of the entity is told from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from bench.shop.parameters import DAY_SECONDS, DAYS, DOMAINS, FIRST_NAMES, FIRST_SECOND, LAST_NAMES

__all__ = ["MACROS", "Array", "Frame", "day_of", "known_day", "money", "name_of", "second_of", "some", "stream"]

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Frame:
    """Rows of one entity.

    Parameters
    ----------
    entity : name in `goodwill.entities`.
    raw : arrays of equal length, in the order of the file.
    select : column of the entity → SQL over `raw`; a column named alike in `raw` needs none, any other is null.
    known : day index on which the row became known to the source system (only `--nights` looks at it).
    """

    entity: str
    raw: Mapping[str, Array | pa.Array]
    select: Mapping[str, str] = field(default_factory=dict)
    known: Array | None = None


def _listed(values: Sequence[str]) -> str:
    return "[" + ", ".join(f"'{value}'" for value in values) + "]"


#: SQL shared by several files: how a person is called everywhere.
MACROS = f"""
create macro contact_id(person) as printf('C%07d', person + 1);
create macro first_name(person) as list_extract({_listed(FIRST_NAMES)}, (person % {len(FIRST_NAMES)}) + 1);
create macro last_name(person) as list_extract({_listed(LAST_NAMES)}, ((person // {len(FIRST_NAMES)}) % {len(LAST_NAMES)}) + 1);
create macro email(person) as lower(first_name(person)) || '.' || lower(last_name(person)) || '.' || person || '@'
  || list_extract({_listed(DOMAINS)}, (person % {len(DOMAINS)}) + 1);
create macro referral_code(person) as printf('GIVE%06d', person + 1);
create macro campaign_id(campaign) as case when campaign >= 0 then printf('K%03d', campaign + 1) end;
create macro at_second(second) as make_timestamp(second::bigint * 1000000);
"""


def stream(seed: int, name: str) -> np.random.Generator:
    """A random stream of its own for each part of the shop: a change in one part leaves the others as they were."""
    return np.random.default_rng([seed, *name.encode()])


def money(cents: str) -> str:
    """SQL for an exact amount from whole cents."""
    return f"({cents} * 0.01::decimal(3,2))::decimal(18,2)"


def day_of(seconds: Array) -> Array:
    """Day index (0 = the first day of the history) of seconds since 1970."""
    days: Array = (seconds - FIRST_SECOND) // DAY_SECONDS
    return days


def second_of(days: Array) -> Array:
    """Seconds since 1970 of a day index that may have a fraction."""
    seconds: Array = (FIRST_SECOND + days * DAY_SECONDS).astype(np.int64)
    return seconds


def known_day(rng: np.random.Generator, days: Array, late_share: float) -> Array:
    """The day on which the source heard of it: the same day, or for a few rows up to ten days later."""
    late = rng.random(len(days)) < late_share
    known: Array = np.minimum(days + np.where(late, rng.integers(1, 11, len(days)), 0), DAYS - 1)
    return known


def some(rng: np.random.Generator, count: int, share: float | Array) -> Array:
    """A random yes/no for each of `count`, yes with probability `share`."""
    chosen: Array = rng.random(count) < share
    return chosen


def name_of(codes: Array, names: Sequence[str]) -> pa.Array:
    """Codes → names; a negative code is null."""
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32), mask=codes < 0), pa.array(list(names)))
