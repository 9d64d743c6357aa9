"""Parquet files: typed columns, copied as they are; a row with a NUL in a text is none, as in every other format."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb

from goodwill.errors import SourceError
from goodwill.sources.connectors.file.formats import Landed
from goodwill.sources.connectors.file.header import checked
from goodwill.sources.connectors.file.problems import problem
from goodwill.sources.connectors.file.settings import FileSource
from goodwill.sources.connectors.protocol import PARQUET, ROWS, Labels
from goodwill.sql import identifier, literal

__all__ = ["ParquetFile"]

#: The digits of the longest decimal that the engine reads as it is; longer ones it takes for floats, or misreads.
_DIGITS = 38


class ParquetFile:
    """A Parquet file."""

    def __init__(self, source: FileSource, path: Path, name: str) -> None:
        self.source, self.path, self.name = source, path, name
        self.spellings: dict[str, str] = {}

    def _broken(self, error: duckdb.Error) -> SourceError:
        return problem(self.source, self.name, f"is not a readable Parquet file ({str(error).splitlines()[0]})", "send the file again")

    def columns(self) -> dict[str, str]:
        try:
            with duckdb.connect() as connection:
                described = connection.execute(f"describe select * from read_parquet({literal(str(self.path))})").fetchall()
                wide = connection.execute(
                    f"select name, precision from parquet_schema({literal(str(self.path))}) where precision > {_DIGITS} order by all limit 1"
                ).fetchone()
        except duckdb.Error as error:
            raise self._broken(error) from None
        if wide:
            raise problem(
                self.source,
                self.name,
                f"column {wide[0]!r} holds decimals of {wide[1]} digits, which are read as other numbers",
                f"write it with {_DIGITS} digits at most, or as text, or leave it out",
            )
        columns = {name: sql_type for name, sql_type, *_ in described}
        checked(self.source, self.name, list(columns))
        return columns

    def write(self, folder: Path, columns: dict[str, str], labels: Labels) -> Landed:
        own = self.columns()
        listed = ", ".join(f"{identifier(name)} as {identifier(known)}" for name, known in zip(own, columns, strict=True))
        file = f"read_parquet({literal(str(self.path))}, file_row_number=true)"
        wrong = self._with_nul(own)
        relation = (
            f"select {listed}, file_row_number + 1 as __row_no, cast(null as varchar) as __malformed, cast(null as varchar) as __line "
            f"from {file}"
        )
        if wrong:
            test = " or ".join(f"coalesce({_has_nul(name, own[name])}, false)" for name in wrong)
            emptied = ", ".join(
                f"case when not ({test}) then {identifier(name)} end as {identifier(known)}"
                for name, known in zip(own, columns, strict=True)
            )
            whole = ", ".join(f"{literal(name)}: {identifier(name)}" for name in own)
            relation = (
                f"select {emptied}, file_row_number + 1 as __row_no, case when {test} then 'a NUL character' end as __malformed, "
                f"case when {test} then cast(to_json({{{whole}}}) as varchar) end as __line from {file}"
            )
        plumbing = (
            f"{literal(labels.batch_id)} as __batch_id, {literal(labels.file)} as __file, "
            f"timestamp {literal(labels.extracted_at)} as __extracted_at"
        )
        target = literal(str(folder / ROWS))
        try:
            with duckdb.connect(config={"threads": os.cpu_count() or 2}) as connection:
                connection.execute(f"copy (select *, {plumbing} from ({relation})) to {target} ({PARQUET})")
                ((rows, malformed),) = connection.execute(f"select count(*), count(__malformed) from read_parquet({target})").fetchall()
        except duckdb.Error as error:
            raise self._broken(error) from None
        return Landed(rows, malformed, relation)

    def _with_nul(self, columns: dict[str, str]) -> list[str]:
        """The columns with a NUL somewhere in a text: looked for once, so that files without one are read as they are."""
        texts = [name for name, sql_type in columns.items() if _holds_text(sql_type)]
        if not texts:
            return []
        tests = ", ".join(f"coalesce(bool_or({_has_nul(name, columns[name])}), false)" for name in texts)
        try:
            with duckdb.connect(config={"threads": os.cpu_count() or 2}) as connection:
                found = connection.execute(f"select {tests} from read_parquet({literal(str(self.path))})").fetchone() or ()
        except duckdb.Error as error:
            raise self._broken(error) from None
        return [name for name, has in zip(texts, found, strict=True) if has]


def _holds_text(sql_type: str) -> bool:
    """Whether a column holds texts, be it inside lists or structures."""
    return "VARCHAR" in sql_type or sql_type == "JSON"


def _has_nul(name: str, sql_type: str) -> str:
    value = identifier(name) if sql_type == "VARCHAR" else f"cast({identifier(name)} as varchar)"
    return f"contains({value}, chr(0))"
