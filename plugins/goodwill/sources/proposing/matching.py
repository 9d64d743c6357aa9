"""Which column of a file feeds which column of an entity: by its name, and by whether its values look the part."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from goodwill.entities import ENTITIES, Column
from goodwill.sources.presets import read_synonyms
from goodwill.sources.proposing.looks import Look
from goodwill.sources.proposing.names import Kinship, kinship, meant, normal, speaks_for
from goodwill.sources.proposing.proposal import Sure

__all__ = ["Fit", "Match", "fit"]

_WEIGHT: dict[Kinship, float] = {"sure": 1.0, "unsure": 0.6, "near": 0.5}
_NUMBERS = ("money", "price", "quantity", "integer", "number")

#: Names the bank knows that are no column of their entity: they help to make one.
_HELPERS = {"orders": {"gross_paid": Column("gross_paid", "money")}}

#: Words by which a column says that it numbers something.
_NUMBER_WORDS = {"no", "nr", "num", "number", "id", "ref", "reference", "code", "key", "record", "n", "numero", "identifiant"}
#: Required columns that can be made where no column has them.
MADE = {
    "orders": {"order_id"}, "order_lines": {"line_no"}, "refunds": {"refund_id"}, "contacts": {"created_at"}, "contact_events": {"event_id"},
}  # fmt: skip


@dataclass(frozen=True)
class Match:
    """A column of the file for a column of an entity; `clock`: the one beside it that has the time of its day, and how it is written."""

    source: str
    look: Look
    kin: Kinship
    sure: Sure
    why: str
    clock: str = ""
    clock_format: str = ""


@dataclass
class Fit:
    """How well a file fits an entity; `refused`: columns called right whose values do not look the part; `spare`: those that feed nothing."""

    entity: str
    score: float
    matches: dict[str, Match] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    spare: dict[str, Look] = field(default_factory=dict)

    @property
    def missing(self) -> list[str]:
        """Required columns that nothing gives and nothing can make."""
        made = MADE.get(self.entity, set())
        found = {"timestamp": len(self.spare_times) == 1, "id": bool(self.spare_numbers)}
        required = (column for column in ENTITIES[self.entity].columns if column.required and not found.get(column.kind))
        return [column.name for column in required if column.name not in self.matches and column.name not in made]

    @property
    def spare_numbers(self) -> list[str]:
        """Columns that feed nothing and may number the rows: called so, and no value twice."""
        return [source for source, look in self.spare.items() if _numbers_rows(source, look)]

    @property
    def spare_times(self) -> list[str]:
        """Columns of dates that feed nothing: one alone is what a required date is read from."""
        return [source for source, look in self.spare.items() if look.shape == "time"]


def _agrees(column: Column, look: Look) -> bool | None:
    """Whether values look the part; `None` where there are none to tell."""
    if look.shape == "empty":
        return None
    if column.kind in _NUMBERS:
        return look.shape == "number" and (column.kind != "integer" or look.whole)
    if column.kind in ("timestamp", "date"):
        return look.shape == "time"
    if column.kind == "boolean":
        return look.shape == "boolean" or (bool(look.few) and set(look.few) <= {"0", "1"})
    if column.name == "email":
        return look.shape == "email"
    if column.kind in ("id", "ref"):
        return look.shape in ("text", "number", "email") and (look.shape != "number" or look.whole or column.kind == "ref")
    return look.shape != "time"


def _is_called(column: Column, look: Look) -> bool:
    """Whether a column that should say who somebody is says what they are called."""
    return column.kind == "ref" and look.names


def _numbers_rows(source: str, look: Look) -> bool:
    """Whether a column may be the number of its rows."""
    named = _NUMBER_WORDS & set(normal(source).split())
    return bool(named) and look.unique and (look.shape == "text" or (look.shape == "number" and look.whole))


def _looks_like(look: Look) -> str:
    words = {"time": "dates", "number": "numbers", "email": "e-mail addresses", "boolean": "yes and no", "text": "texts", "empty": "empty"}
    return words[look.shape]


def _sureness(kin: Kinship, agrees: bool | None, column: Column, look: Look) -> tuple[Sure, str]:
    name = {"sure": "called so", "unsure": "the name may mean something else", "near": "a name almost like it"}[kin]
    if agrees is None:
        return ("medium" if kin == "sure" else "low"), f"{name}; empty in the sample"
    if _is_called(column, look):
        return ("medium" if kin == "sure" else "low"), f"{name}; but the values are names: two people of one name would be one person"
    values = f"values are {_looks_like(look)}" if column.kind not in ("text", "id", "ref") or look.shape == "email" else ""
    if not values:
        values = "no value twice" if look.unique else ""
    return ("high" if kin == "sure" else "medium"), "; ".join(word for word in (name, values) if word)


def _set_clock(found: Fit) -> None:
    """Put the only column with times of day beside the days of when it happened."""
    clocks = [source for source, look in found.spare.items() if look.clock]
    when = next((column.name for column in ENTITIES[found.entity].columns if column.required and column.kind == "timestamp"), "")
    match = found.matches.get(when)
    if match and match.look.shape == "time" and not match.look.has_time and len(clocks) == 1:
        found.matches[when] = replace(
            match, clock=clocks[0], clock_format=found.spare.pop(clocks[0]).clock, why=f"{match.why}; {clocks[0]} has the time of day"
        )
        found.refused.pop(clocks[0], None)


def fit(entity: str, stem: str, looks: dict[str, Look]) -> Fit:
    """Fit a file (`stem` of its name, column → look) to an entity: each of its columns feeds at most one of the entity."""
    columns = {column.name: column for column in ENTITIES[entity].columns} | _HELPERS.get(entity, {})
    generic = set(read_synonyms()["generic"])
    names, about = meant(looks)
    spoken = speaks_for(f"{stem} {about}", entity)
    candidates: list[tuple[float, int, int, str, str, Kinship]] = []
    found = Fit(entity, 3.0 if spoken else 0.0)
    for place, (source, look) in enumerate(looks.items()):
        for order, column in enumerate(columns.values()):
            kin = kinship(names[source], entity, column.name)
            if kin is None:
                continue
            agrees = _agrees(column, look)
            if agrees is False:
                found.refused.setdefault(
                    source, f"called like {entity}.{column.name}, but its values are {_looks_like(look)} ({look.example!r})"
                )
                continue
            quality = 0.5 if _is_called(column, look) else 1.0 if agrees else 0.8
            # what every row needs is read from a column that is filled, and of two alike the fuller one is read
            filled = look.filled if column.required else 0.95 + 0.05 * look.filled
            candidates.append((_WEIGHT[kin] * quality * filled, -order, -place, source, column.name, kin))
    taken: set[str] = set()
    for quality, _, _, source, name, kin in sorted(candidates, reverse=True):
        if source in taken or name in found.matches:
            continue
        taken.add(source)
        column, look = columns[name], looks[source]
        sure, why = _sureness(kin, _agrees(column, look), column, look)
        found.matches[name] = Match(source, look, kin, sure, why)
        weight = (3.0 if column.required else 1.0) * (0.3 if names[source] in generic and not spoken else 1.0)
        found.score += weight * quality
    found.spare = {source: look for source, look in looks.items() if source not in taken}
    _set_clock(found)
    found.score -= 3.0 * len(found.missing)
    return found
