"""What every source declares, whatever its connector: how its values read, how it loads, which entities it feeds. No SQL, no code."""

from __future__ import annotations

import datetime as dt
from collections.abc import Container
from typing import Annotated, Any, ClassVar, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from goodwill.entities import ENTITIES, Column, Entity
from goodwill.sql import column_key

__all__ = ["ISO_TIME", "ColumnMapping", "Condition", "EntityMapping", "Source"]

#: A day, or a moment, as ISO 8601 writes it, the `T` left out or not: what is read where no format is declared.
ISO_TIME = r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.]\d+)?)?( ?(?:Z|UTC|[+-]\d{2}(?::?\d{2})?))?)?"


class Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _as_names(value: Any) -> Any:
    """`basket_id` and `[basket_id]` say the same thing."""
    return (value,) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_as_names)]
#: What a cell is compared with: a text as it stands; a number, however the cell writes it; yes or no.
Cell = bool | int | float | str


class Condition(Declared):
    """One condition on a source row; all conditions of a mapping must hold."""

    column: str
    equals: Cell | None = None
    is_not: Cell | None = None
    among: tuple[Cell, ...] | None = None
    not_among: tuple[Cell, ...] | None = None
    below: float | None = None
    at_least: float | None = None
    starts_with: str | None = None
    not_starts_with: str | None = None
    empty: bool | None = None

    @model_validator(mode="after")
    def _one_test(self) -> Condition:
        if len(self.tests()) != 1:
            raise ValueError(
                f"the condition on {self.column!r} needs exactly one of: equals, is_not, among, not_among, below, at_least, "
                "starts_with, not_starts_with, empty"
            )
        return self

    def tests(self) -> dict[str, Any]:
        return {name: value for name, value in self.model_dump(exclude={"column"}).items() if value is not None}


class Share(Declared):
    """A share of a row's amounts: `part` in `of` (the VAT in what was paid)."""

    part: str
    of: str


class ColumnMapping(Declared):
    """How one column of an entity comes from the source: exactly one of the ways below.

    `column` copies; `value` is a constant; `total` adds numeric columns of a row (over a group: of all its rows) less the
    columns of `minus`; `first`, `lowest`, `highest` choose within a group; `count` counts a group's rows; `hash` makes a key
    from content and occurrence; `occurrence` numbers the rows that share the named columns.

    `otherwise` names columns read, in order, where the first is not there or its cell is empty; `followed_by` names columns whose texts
    stand behind the first's, `between` in the midst (a day and its time, a shop and its receipt number); `without_prefix` is taken off a
    text; `without_share` takes the same share off an amount that another has in a third (a refund without its VAT); `once` says
    that the rows of a group repeat a `total`, so it is taken, not added up; `times` multiplies a `total`, row by row; `optional`: empty where the source lacks a column.
    """

    column: str | None = None
    otherwise: Names = ()
    followed_by: Names = ()
    between: str = " "
    value: bool | int | float | str | None = None
    total: Names | None = None
    minus: Names = ()
    first: str | None = None
    lowest: str | None = None
    highest: str | None = None
    count: bool | None = None
    hash: Names | None = None
    occurrence: Names | None = None
    once: bool = False
    times: str | None = None
    divided_by: str | None = None
    without_share: Share | None = None
    without_prefix: str | None = None
    negate: bool = False
    format: str | None = None
    translate: dict[str, str] = Field(default_factory=dict)
    optional: bool = False

    @model_validator(mode="after")
    def _one_way(self) -> ColumnMapping:
        if len(self.ways()) != 1:
            raise ValueError("a column needs exactly one of: column, value, total, first, lowest, highest, count, hash, occurrence")
        if (self.otherwise or self.followed_by or self.without_prefix or self.without_share) and not self.chosen:
            raise ValueError(
                "'otherwise', 'followed_by', 'without_prefix' and 'without_share' go with one of: column, first, lowest, highest"
            )
        if self.followed_by and (self.otherwise or self.without_prefix):
            raise ValueError("'followed_by' goes with neither 'otherwise' nor 'without_prefix': which columns make the value must be plain")
        if not self.followed_by and "between" in self.model_fields_set:
            raise ValueError("'between' goes with 'followed_by'")
        if (self.once or self.times) and not self.total:
            raise ValueError("'once' and 'times' go with 'total'")
        return self

    @property
    def chosen(self) -> tuple[str, ...]:
        """The columns of which the first that says something is read."""
        name = self.column or self.first or self.lowest or self.highest
        return (name, *self.otherwise) if name else ()

    @model_serializer(mode="wrap")
    def _as_before(self, written: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """What says nothing of what came with a later version is written as it was before: files that have landed are not read again."""
        return {name: value for name, value in written(self).items() if self.followed_by or name not in ("followed_by", "between")}

    def ways(self) -> list[str]:
        names = ("column", "value", "total", "first", "lowest", "highest", "count", "hash", "occurrence")
        return [name for name in names if getattr(self, name) is not None]

    def source_columns(self) -> set[str]:
        """Every source column this mapping reads."""
        return self._needed() | set(self.chosen)

    def _needed(self) -> set[str]:
        share = (self.without_share.part, self.without_share.of) if self.without_share else ()
        single = {name for name in (self.divided_by, self.times) if name}
        return single | {*share, *self.followed_by, *(self.total or ()), *self.minus, *(self.hash or ()), *(self.occurrence or ())}

    def missing(self, present: Container[str]) -> set[str]:
        """The columns this mapping cannot do without that are not `present` (names in lower case)."""

        def absent(name: str) -> bool:
            return column_key(name) not in present

        lacking = {name for name in self._needed() if absent(name)}
        return lacking | {self.chosen[0]} if self.chosen and all(map(absent, self.chosen)) else lacking


def _may_be_joined(where: str, column: Column, how: ColumnMapping) -> None:
    """Refuse a value of several columns where it could not be taken apart again, or would be no value."""
    if not how.followed_by:
        return
    if column.about in ("contact", "ref", "code", "email", "phone"):
        raise ValueError(
            f"{where}: 'followed_by' cannot make what tells who somebody is: an erasure must be able to put another in its place; give it one column"
        )
    if column.kind not in ("id", "text", "timestamp", "date"):
        raise ValueError(f"{where}: 'followed_by' makes ids, texts, days and times, not numbers: use 'total'")
    if column.kind == "id" and not how.between:
        raise ValueError(f"{where}: an id of several columns needs a mark 'between' them, or 1 and 23 would be 12 and 3")


def _as_mapping(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("YAML reads yes, no, on and off without quotes as true or false: write the name of the column in quotes ('no')")
    return {"column": value} if isinstance(value, str) else value


def _as_columns(value: Any) -> Any:
    """A list names columns that are called the same in the source."""
    return {name: name for name in value} if isinstance(value, (list, tuple)) else value


class EntityMapping(Declared):
    """How one source feeds one entity."""

    columns: Annotated[dict[str, Annotated[ColumnMapping, BeforeValidator(_as_mapping)]], BeforeValidator(_as_columns)]
    where: tuple[Condition, ...] = ()
    group_by: Names = ()

    def source_columns(self) -> set[str]:
        return self._rows().union(*(mapping.source_columns() for mapping in self.columns.values()))

    def missing(self, present: Container[str]) -> set[str]:
        """The columns the mapping cannot do without that are not `present` (names in lower case)."""
        absent = {name for name in self._rows() if column_key(name) not in present}
        return absent.union(*(mapping.missing(present) for mapping in self.columns.values() if not mapping.optional))

    def spared(self, entity: Entity, present: Container[str]) -> set[str]:
        """Those of the columns `missing` that only feed what the entity can do without."""
        needed = {name for name, mapping in self.columns.items() if entity.by_name[name].required}
        held = self._rows().union(*(mapping.missing(present) for name, mapping in self.columns.items() if name in needed))
        return self.missing(present) - held

    def _rows(self) -> set[str]:
        """The columns that choose and group the rows."""
        return set(self.group_by) | {condition.column for condition in self.where}


Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class Source(Declared):
    """What every source declares. A connector adds its own settings in a subclass; in `sources.yml` they stand side by side.

    `load` says what a night reads: `files` (each new or changed file adds), `full` (all of it, and only the newest counts) or
    `incremental` (what `cursor` says is new, reaching back by `look_back`: days, or units of a number; and all of it again every
    `full_every_days`, which finds rows that were changed or removed behind the cursor's back).
    """

    name: Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,62}$")]
    connector: str = "file"
    preset: str | None = None
    system: Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,30}$")] | None = None
    decimal: Literal[".", ","] = "."
    thousands: Literal["", ",", ".", " ", "'", "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"] = ""
    amounts: Literal["plain", "written"] = "plain"
    null_values: tuple[str, ...] = ("",)
    time_zone: str | None = None
    timestamp_format: str | None = None
    dst_gap: Literal["later", "earlier"] = "later"
    dst_overlap: Literal["later", "earlier"] = "earlier"
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] | None = None
    load: Literal["files", "full", "incremental"] = "full"
    cursor: str | None = None
    look_back: Annotated[float, Field(ge=0)] = 1.0
    full_every_days: Annotated[float, Field(gt=0)] | None = 7.0
    duplicates: Literal["keep", "drop", "reject"] = "keep"
    drift: Literal["warn", "block", "adopt"] = "warn"
    rows_between: tuple[Annotated[float, Field(ge=0)], Annotated[float, Field(gt=0)]] | None = None
    volume: Literal["warn", "block"] = "warn"
    expected_every_days: Annotated[float, Field(gt=0)] | None = None
    freshness: Literal["warn", "block"] = "warn"
    closed_on: tuple[Weekday | dt.date, ...] = ()
    empty_allowed: bool = False
    quarantine_share: Annotated[float, Field(ge=0, le=1)] | None = None
    entities: dict[str, EntityMapping]

    #: Settings that say what is done with rows, not how they are read: changing one reads nothing again.
    POLICIES: ClassVar[frozenset[str]] = frozenset(
        {
            "quarantine_share",
            "empty_allowed",
            "drift",
            "rows_between",
            "volume",
            "expected_every_days",
            "freshness",
            "closed_on",
            "look_back",
            "full_every_days",
        }
    )

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                ZoneInfo(value)
            except (ZoneInfoNotFoundError, ValueError, OSError):
                raise ValueError(f"unknown time zone {value!r}; use an IANA name such as Europe/Paris") from None
        return value

    @model_validator(mode="after")
    def _fits_entities(self) -> Source:
        if not self.entities:
            raise ValueError(f"source {self.name!r} feeds no entity; add one under 'entities'")
        if self.decimal == self.thousands:
            raise ValueError(f"source {self.name!r}: decimal and thousands are both {self.decimal!r}")
        for entity_name, mapping in self.entities.items():
            entity = ENTITIES.get(entity_name)
            if entity is None:
                raise ValueError(f"unknown entity {entity_name!r}; known: {', '.join(ENTITIES)}")
            unknown = [column for column in mapping.columns if column not in entity.by_name]
            if unknown:
                raise ValueError(f"{entity_name} has no column {', '.join(map(repr, unknown))}; it has: {', '.join(entity.by_name)}")
            missing = [column.name for column in entity.columns if column.required and column.name not in mapping.columns]
            if missing:
                raise ValueError(f"{entity_name}: required column not mapped: {', '.join(missing)}; map it under 'columns'")
            grouped_only = {"first", "lowest", "highest", "count"}
            for column, how in mapping.columns.items():
                _may_be_joined(f"{entity_name}.{column}", entity.by_name[column], how)
                if not mapping.group_by and grouped_only & set(how.ways()):
                    raise ValueError(f"{entity_name}.{column}: {how.ways()[0]!r} needs 'group_by'")
                if how.once and not mapping.group_by:
                    raise ValueError(f"{entity_name}.{column}: 'once' needs 'group_by'")
                if how.optional and entity.by_name[column].required:
                    raise ValueError(f"{entity_name}.{column} is required, so it cannot be 'optional'")
                if mapping.group_by and {"hash", "occurrence"} & set(how.ways()):
                    raise ValueError(f"{entity_name}.{column}: {how.ways()[0]!r} cannot be used with 'group_by'; the group is the key")
        return self

    @model_validator(mode="after")
    def _band_has_a_width(self) -> Source:
        if self.rows_between and self.rows_between[0] >= self.rows_between[1]:
            raise ValueError(f"source {self.name!r}: 'rows_between' goes from the lower share to the higher, as in [0.5, 2]")
        return self

    @model_validator(mode="after")
    def _cursor_and_load_agree(self) -> Source:
        if self.load == "incremental" and not self.cursor:
            raise ValueError(f"source {self.name!r}: 'load: incremental' needs a 'cursor', the column that grows (updated_at, an id)")
        if self.cursor and self.load != "incremental":
            raise ValueError(f"source {self.name!r}: a 'cursor' is read only with 'load: incremental'")
        return self

    @property
    def writes_points(self) -> bool:
        """Whether its numbers come with a point whatever mark is declared."""
        return False

    def owns(self, name: str) -> bool:
        """Whether a batch of this name (a file, a table) is still one of this source's; connectors that rename their parts say so."""
        return True

    def reading(self) -> str:
        """Everything that decides how rows are read, as text: two batches read alike share it."""
        return self.model_dump_json(exclude=set(self.POLICIES))
