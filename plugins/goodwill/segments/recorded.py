"""What the ledger of places holds, table by table, and how it comes back as `model.recorded_…`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from goodwill.sql import literals

__all__ = ["DIVISIONS", "RECORDED", "write_recorded"]

#: The four divisions of everyone, as their columns are called.
DIVISIONS = ("value_class", "life_cycle_stage", "distance", "rfm_group")

_MONEY = "decimal(18, 2)"
_SUM = "decimal(38, 2)"


@dataclass(frozen=True)
class RecordedTable:
    """One table of the ledger: its columns in the warehouse, and the query for tonight's part of it (`{day}` is tonight)."""

    columns: dict[str, str]
    tonight: str


def _placed(name: str) -> dict[str, str]:
    return {name: "varchar", f"{name}_since_on": "date", f"previous_{name}": "varchar"}


_CHANGES = {
    "as_of": "date",
    "person_id": "varchar",
    "is_gone": "boolean",
    **{column: kind for name in DIVISIONS for column, kind in _placed(name).items()},
    "value_class_reason": "varchar",
    "life_cycle_reason": "varchar",
    "outside_since_on": "date",
    "is_loss": "boolean",
    "churn_onset_on": "date",
    "churn_onset_reason": "varchar",
    "clv_12": _MONEY,
    "actual_value_amount": _MONEY,
}
_VALUES = {
    "recorded_on": "date",
    "person_id": "varchar",
    "clv_12": _MONEY,
    "value_class": "varchar",
    "life_cycle_stage": "varchar",
    "acquisition_channel": "varchar",
    "distance_at_acquisition": "varchar",
}
_SIZES = {
    "measured_on": "date",
    "division": "varchar",
    "segment": "varchar",
    "people_count": "bigint",
    "clv_12_amount": _SUM,
    "actual_value_amount": _SUM,
}
_EQUITY = {
    "measured_on": "date",
    "division": "varchar",
    "segment": "varchar",
    "customers_count": "bigint",
    "clv_12_amount": _SUM,
    "clv_24_amount": _SUM,
    "clv_36_amount": _SUM,
    "compared_with_on": "date",
    "previous_clv_12_amount": _SUM,
    "change_amount": _SUM,
    "new_amount": _SUM,
    "kept_amount": _SUM,
    "won_back_amount": _SUM,
    "lost_amount": _SUM,
    "moved_amount": _SUM,
    "new_customers_count": "bigint",
    "won_back_customers_count": "bigint",
    "lost_customers_count": "bigint",
}


def _of_the_mart(columns: dict[str, str], mart: str) -> str:
    return f"select {', '.join(columns)} from marts.{mart} where measured_on = {{day}} order by division, segment"


#: Name of the file → what it holds. `changes` and `values` are ordered by person, which is how they pack best.
RECORDED = {
    "changes": RecordedTable(_CHANGES, f"select {', '.join(_CHANGES)} from model.segment_changes order by person_id"),
    "values": RecordedTable(
        _VALUES,
        "select {day} as recorded_on, person_id, clv_12, value_class, life_cycle_stage, acquisition_channel, "
        "distance_at_acquisition from marts.dim_customers where clv_12 is not null and not is_guest order by person_id",
    ),
    "sizes": RecordedTable(_SIZES, _of_the_mart(_SIZES, "segment_sizes")),
    "equity": RecordedTable(_EQUITY, _of_the_mart(_EQUITY, "customer_equity")),
}


def write_recorded(
    connection: duckdb.DuckDBPyConnection, nights: Sequence[tuple[dt.date, str]], files: Mapping[str, Sequence[str]]
) -> None:
    """Write `model.recorded_nights` (as_of, run_id) and one `model.recorded_<name>` for each table of the ledger.

    Parameters
    ----------
    files : name of the table → the Parquet files it is read from, none on a first night. A column that an older file lacks is NULL.
    """
    connection.execute("create schema if not exists model")
    connection.execute("create or replace table model.recorded_nights (as_of date, run_id varchar)")
    if nights:
        connection.executemany("insert into model.recorded_nights values (?, ?)", [list(night) for night in nights])
    for name, table in RECORDED.items():
        columns = ", ".join(f"{column} {kind}" for column, kind in table.columns.items())
        connection.execute(f"create or replace table model.recorded_{name} ({columns})")
        if files.get(name):
            # two ids that an erasure made one, were both changed on one night: one of them speaks for the person
            once = (
                "qualify row_number() over (partition by as_of, person_id order by is_gone, life_cycle_stage, value_class, clv_12) = 1"
                if name == "changes"
                else ""
            )
            connection.execute(
                f"insert into model.recorded_{name} by name select * from read_parquet([{literals(files[name])}], union_by_name = true) {once}"
            )
