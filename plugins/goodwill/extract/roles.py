"""What the columns of a source tell of people, by the entities they feed: which of them say whose a row is, and what stands in them."""

from __future__ import annotations

from dataclasses import dataclass

from goodwill.entities import About
from goodwill.extract.structure import mappers
from goodwill.privacy.forgotten import WRAPPED_ADDRESS
from goodwill.sources import Source
from goodwill.sql import column_key, literal

__all__ = ["Role", "Roles", "roles_of"]

#: Columns that name somebody else than the person the row is about.
_OTHERS = frozenset({"referred_by", "merged_into"})


@dataclass(frozen=True)
class Role:
    """A column of an entity that tells of a person, and the columns of the source it is read from.

    `key` is SQL over the source's rows: the identifier as the list of the forgotten knows it, NULL where there is none; empty for what
    identifies nobody. `owns`: it says whose the row is. `system`: the name space that the mapping puts before it.
    """

    entity: str
    column: str
    about: About
    reads: frozenset[str]
    key: str
    owns: bool
    system: str | None


@dataclass(frozen=True)
class Roles:
    """All roles of a source; `read` are the columns any mapping reads, `held` those that choose, group or number its rows."""

    roles: tuple[Role, ...]
    read: frozenset[str]
    held: frozenset[str]

    def of_column(self, name: str) -> list[Role]:
        return [role for role in self.roles if column_key(name) in role.reads]


_CLEAN = (
    "trim(regexp_replace(nfc_normalize({0}), "
    "'[\\x{{00AD}}\\x{{034F}}\\x{{061C}}\\x{{180E}}\\x{{200B}}-\\x{{200F}}\\x{{202A}}-\\x{{202E}}\\x{{2060}}-\\x{{2064}}\\x{{2066}}-\\x{{2069}}\\x{{FEFF}}]', '', 'g'))"
)


#: What is written around an address, if anything is: most have nothing, and are told from the others at a tenth of the cost.
_WRAPPING = r"""[<>:;,"'?\s]|[.]$"""


def address(value: str) -> str:
    """SQL of the key of an address, NULL where it is none."""
    text = f"replace(lower({_CLEAN.format(value)}), '\uff20', '@')"
    unwrapped = f"regexp_replace({text}, {literal(WRAPPED_ADDRESS)}, '\\1')"
    text = f"case when regexp_matches({text}, {literal(_WRAPPING)}) then {unwrapped} else {text} end"
    return f"case when position('@' in {text}) >= 2 then concat('email:', {text}) end"


def _key(about: About, value: str, system: str | None) -> str:
    value = f"cast({value} as varchar)"
    if about == "code":  # whoever names a code as their referrer names it in the name space of their system
        return f"{literal(f'contact:{system}:' if system else 'contact:')} || nullif(trim({value}), '')"
    if about == "contact":
        return f"'contact:' || nullif({value}, '')"
    if about == "ref":
        return f"case when contains({value}, '@') or contains({value}, '\uff20') then {address(value)} else 'contact:' || nullif({value}, '') end"
    if about == "email":
        return address(value)
    if about == "phone":
        return f"'phone:' || nullif(regexp_replace({value}, '[^0-9]', '', 'g'), '')"
    if about == "order":
        return f"'order:' || nullif({value}, '')"
    return ""


def roles_of(source: Source, columns: dict[str, str], zone: str) -> Roles:
    """The roles of the columns of a part with these columns (name → SQL type)."""
    found, read, held = [], set[str](), set[str]()
    for entity, mapper in mappers(source, columns, zone).items():
        mapping = mapper.mapping
        read |= {column_key(name) for name in mapping.source_columns()}
        held |= {column_key(name) for name in (*mapping.group_by, *(each.column for each in mapping.where))}
        for how in mapping.columns.values():
            held |= {column_key(name) for name in (*(how.hash or ()), *(how.occurrence or ()))}
        for each in mapper.reads():
            reads = frozenset(column_key(name) for name in (*each.how.chosen, *each.how.followed_by))
            if each.column.about and reads:
                about: About = each.column.about
                owns = about in ("contact", "ref", "email", "phone", "order")
                owns = owns and each.column.name not in _OTHERS and entity != "identity_decisions"
                system = source.system if each.column.kind in ("id", "ref") or about == "code" else None
                found.append(Role(entity, each.column.name, about, reads, _key(about, each.typed, system), owns, system))
    return Roles(tuple(found), frozenset(read), frozenset(held))
