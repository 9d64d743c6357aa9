"""Rows without the people who were forgotten: their identifiers replaced, what else tells of them emptied, all amounts and times as they were.

One function for what lands tonight and for what landed years ago. It knows people by keyed hashes of what identifies them; whoever still
holds the clear text (an erasure while it runs) gives words to look for in every cell beside.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from goodwill.extract.mapping import Mapper
from goodwill.extract.roles import Role, Roles, address, roles_of
from goodwill.privacy.forgotten import Forgotten, email_of
from goodwill.privacy.hashing import HashKeys
from goodwill.sources import Source
from goodwill.sources.connectors.protocol import ROW_PLUMBING
from goodwill.sql import column_key, identifier, literal

__all__ = [
    "ERASED",
    "NO_WORDS",
    "Words",
    "forget",
    "is_number",
    "keys_in",
    "mask",
    "measured_over",
    "owned_rows",
    "recognised",
    "word_pattern",
]

#: What stands where somebody's words stood.
ERASED = "erased"

#: A telephone number, and what people write between its digits.
_NUMBER, _APART = r"\+?\d[\d\s./()-]{5,}\d", r"[\s./()-]*"
_ADDRESS = r'[^\s@<>()\[\],;:"]+@[^\s@<>()\[\],;:"]+'
#: An address with the name that mail programs write beside it: `Ann Smith <ann@x.org>`, `"Smith, Ann" <ann@x.org>`, `ann@x.org (Ann Smith)`.
_NAMED_ADDRESS = rf'(?:"[^"\n]{{1,80}}"\s*|[^<>,;:"\n]{{1,80}})<\s*{_ADDRESS}\s*>|{_ADDRESS}\s*\([^()\n]{{1,80}}\)'


@dataclass(frozen=True)
class Words:
    """Clear text to look for while it is still known: in every cell, and (single names) in the cells of their own rows only."""

    anywhere: frozenset[str] = frozenset()
    in_own_rows: frozenset[str] = frozenset()


#: Nothing to look for beside what the list recognises.
NO_WORDS = Words()


def is_number(word: str) -> bool:
    """Whether a word is looked for as a number: by its digits alone."""
    return re.fullmatch(_NUMBER, word) is not None


def word_pattern(words: Iterable[str]) -> str:
    """A regular expression of whole words, letter case aside, and of numbers however their digits are set apart; empty for none."""

    def edge(letter: str) -> str:
        return r"\b" if letter.isascii() and letter.isalnum() else ""

    def told(word: str) -> str:
        if is_number(word):
            return r"\+?\b" + _APART.join(re.sub(r"\D", "", word)) + r"\b"
        return f"{edge(word[0])}{re.escape(word)}{edge(word[-1])}"

    found = sorted({word.strip() for word in words} - {""}, key=lambda word: (-len(word), word))
    return "(?i)" + "|".join(dict.fromkeys(map(told, found))) if found else ""


class _Rows:
    """The rows of a batch on a connection, as the view `landed`, and whose they are.

    Names of our own begin with two underscores, as the plumbing does: a source may call its columns what it likes.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, roles: Roles, columns: dict[str, str], path: Path, listed: Forgotten) -> None:
        self.connection, self.roles, self.columns, self.listed = connection, roles, columns, listed
        self.named = [role for role in roles.roles if role.key]
        keys = "".join(f", {role.key} as __key_{number}" for number, role in enumerate(self.named))
        connection.execute(f"create view landed as select *{keys} from read_parquet({literal(str(path))})")
        connection.execute("create table keys (inner_key varchar, outer_key varchar)")
        connection.execute("insert into keys values (?, ?)", [listed.keys.inner, listed.keys.outer])
        connection.execute("create table listed (__hash varchar, __person varchar)")
        connection.execute("insert into listed select unnest(?), unnest(?)", [list(listed.people), list(listed.people.values())])

    def find(self) -> list[str]:
        """Fill `hits_<n>` of each role and `owners`; returns the addresses of forgotten people that stand in any cell, with names written beside them."""
        run = self.connection.execute
        for number, role in enumerate(self.named):
            # the orders of a file that says whose they are need not be known one by one: there may be millions
            only = f" and {self._names_nobody()}" if role.about == "order" else ""
            run(
                f"create table hits_{number} as select __key, __person from "
                f"(select distinct __key_{number} as __key from landed where __malformed is null{only}) "
                f"inner join listed on __hash = {HashKeys.sql('__key', 'keys')} where __key is not null"
            )
        run(
            f"create table owners as select __row_no as __owned, __person from (select __row_no, {self._owner()} as __person from landed "
            f"{self._hits()} where __malformed is null) where __person is not null"
        )
        texts = [identifier(name) for name, sql_type in self.columns.items() if sql_type == "VARCHAR"] + ["__line"]
        cells = " union ".join(f"select {name} as cell from landed where contains({name}, '@')" for name in texts)
        found = run(
            f"with cells as ({cells}), "
            f"written as (select distinct unnest(regexp_extract_all(cell, {literal(_ADDRESS)})) as said, said as address from cells "
            f"union select distinct trim(unnest(regexp_extract_all(cell, {literal(_NAMED_ADDRESS)}))) as said, regexp_extract(said, {literal(_ADDRESS)}) "
            "from cells where contains(cell, '<') or contains(cell, '(')) "
            f"select said from written inner join listed on __hash = {HashKeys.sql(address('address'), 'keys')}"
        )
        return [text for (text,) in found.fetchall()]

    def _hits(self) -> str:
        return " ".join(f"left join hits_{number} on landed.__key_{number} = hits_{number}.__key" for number in range(len(self.named)))

    def _owner(self) -> str:
        """Whose a row is. An id or an address says so; a number or an order only where the row names nobody by an id or address of theirs."""
        owning = [(number, role) for number, role in enumerate(self.named) if role.owns]
        strong = [number for number, role in owning if role.about in ("contact", "ref", "email")]
        weak = [number for number, role in owning if role.about in ("phone", "order")]
        nobody = self._names_nobody()
        persons = [f"hits_{number}.__person" for number in strong]
        persons += [f"case when {nobody} then hits_{number}.__person end" for number in weak]
        return f"coalesce({', '.join([*persons, 'null'])})" if persons else "cast(null as varchar)"

    def _names_nobody(self) -> str:
        naming = [number for number, role in enumerate(self.named) if role.owns and role.about in ("ref", "email")]
        return " and ".join(f"landed.__key_{number} is null" for number in naming) or "true"

    def any_found(self) -> bool:
        tables = ["owners", *(f"hits_{number}" for number in range(len(self.named)))]
        return any(self.connection.execute(f"select 1 from {table} limit 1").fetchone() for table in tables)

    def replace_ids(self) -> None:
        """Fill `ids`: what stands for each contact id that is on the list, or in a row of somebody who is."""
        every = " union ".join(
            f"select __key, __person, {literal(role.system or '')} from hits_{number} where __key like 'contact:%' "
            f"union select __key_{number}, __person, {literal(role.system or '')} from landed inner join owners on __row_no = __owned "
            f"where {'true' if role.owns else 'false'} and __key_{number} like 'contact:%'"
            for number, role in enumerate(self.named)
        )
        found = self.connection.execute(every).fetchall() if every else []
        made = {key: self._stands_for(key.removeprefix("contact:"), person, system) for key, person, system in sorted(found)}
        self.connection.execute("create table ids (__key varchar, __replacement varchar)")
        self.connection.execute("insert into ids select unnest(?), unnest(?)", [list(made), list(made.values())])

    def _stands_for(self, contact: str, person: str, system: str) -> str:
        if "@" in contact:
            return email_of(person)
        # an id that is written with its name space (a steward's decision) keeps it; elsewhere the mapping adds it
        space = system or (match[0][:-1] if (match := re.match(r"[a-z][a-z0-9_]{0,30}:", contact)) else "")
        return self.listed.contact(contact, space)

    def joined(self) -> str:
        """The rows beside whose they are and what stands for what."""
        ids = " ".join(f"left join ids as ids_{number} on landed.__key_{number} = ids_{number}.__key" for number in range(len(self.named)))
        return f"landed left join owners on landed.__row_no = owners.__owned {self._hits()} {ids}"


def forget(
    source: Source,
    zone: str,
    columns: dict[str, str],
    path: Path,
    listed: Forgotten,
    words: Words = NO_WORDS,
    found: Callable[[frozenset[int]], None] = lambda _: None,
) -> frozenset[int] | None:
    """Rewrite the rows at `path` without the people on the list; `None` if none of them, nor any of the words, is in it.

    `found` is told right before the file is put in place which rows were somebody's.

    Returns
    -------
    The numbers of the rows that were somebody's.
    """
    if not columns or not (listed or words.anywhere):
        return None
    with duckdb.connect() as connection:
        connection.execute(f"set temp_directory = {literal(str(path.parent / 'spill'))}")
        rows = _Rows(connection, roles_of(source, columns, zone), columns, path, listed)
        everywhere = word_pattern([*words.anywhere, *rows.find()])
        if not rows.any_found() and not _holds(connection, columns, everywhere):
            return None
        rows.replace_ids()
        target = path.with_name(f".{path.name}.{os.getpid()}")
        connection.execute(
            f"copy ({_rewritten(rows, everywhere, word_pattern(words.in_own_rows))}) to {literal(str(target))} (format parquet, compression zstd)"
        )
        owned = frozenset(number for (number,) in connection.execute("select __owned from owners").fetchall())
    found(owned)
    os.replace(target, path)
    return owned


def measured_over(mapped: Mapping[str, Mapper], relation: str, path: Path, owned: frozenset[int] | None) -> dict[str, str]:
    """Entity → the relation its control totals are measured over: the source, but the rows where they were rewritten and are read in groups.

    Two addresses of one person become one, and with them two groups: no fault of the landing.
    """
    rows = f"select * exclude (__row_no, __batch_id, __file, __extracted_at) from read_parquet({literal(str(path))})"
    return {name: rows if owned and mapper.mapping.group_by else relation for name, mapper in mapped.items()}


def owned_rows(source: Source, zone: str, columns: dict[str, str], path: Path, listed: Forgotten) -> list[dict[str, object]]:
    """The rows at `path` that are of somebody on the list, as the source wrote them."""
    with duckdb.connect() as connection:
        rows = _Rows(connection, roles_of(source, columns, zone), columns, path, listed)
        rows.find()
        names = ["__row_no", *columns]
        found = connection.execute(
            f"select {', '.join(map(identifier, names))} from landed where __row_no in (select __owned from owners) order by __row_no"
        ).fetchall()
    return [dict(zip(["row", *columns], each, strict=True)) for each in found]


def recognised(source: Source, zone: str, columns: dict[str, str], path: Path, listed: Forgotten) -> dict[str, str]:
    """Identifier in the rows at `path`, as the list knows it → the person on the list it was of."""
    with duckdb.connect() as connection:
        rows = _Rows(connection, roles_of(source, columns, zone), columns, path, listed)
        rows.find()
        found = " union ".join(f"select __key, __person from hits_{number}" for number in range(len(rows.named)))
        return dict(connection.execute(found).fetchall()) if found else {}


def keys_in(source: Source, zone: str, columns: dict[str, str], path: Path) -> set[str]:
    """Every identifier in the rows at `path`, as the list of the forgotten would know it."""
    with duckdb.connect() as connection:
        rows = _Rows(connection, roles_of(source, columns, zone), columns, path, Forgotten(path, HashKeys("", ""), {}))
        found = " union ".join(f"select __key_{number} from landed" for number in range(len(rows.named)))
        return {key for (key,) in connection.execute(found).fetchall() if key} if found else set()


def mask(source: Source, zone: str, columns: dict[str, str], path: Path, target: Path, everybody: Forgotten) -> None:
    """Write the rows at `path` to `target` with everybody replaced, whatever tells of people emptied, and only the columns that are read."""
    roles = roles_of(source, columns, zone)
    with duckdb.connect() as connection:
        rows = _Rows(connection, roles, columns, path, everybody)
        rows.find()
        rows.replace_ids()
        shown = []
        for name, sql_type in columns.items():
            if column_key(name) in roles.read:
                abouts = {role.about for role in roles.of_column(name)}
                emptied = abouts & {"phone", "value", "text"} and not abouts & {"contact", "ref", "code", "email", "order"}
                value = f"cast(null as {sql_type})" if emptied else _column(rows, name, sql_type, f"(?i){_ADDRESS}", "")
                shown.append(f"{value} as {identifier(name)}")
        connection.execute(
            f"copy (select {', '.join(shown)} from {rows.joined()} order by landed.__row_no) to {literal(str(target))} (format parquet, compression zstd)"
        )


def _holds(connection: duckdb.DuckDBPyConnection, columns: dict[str, str], pattern: str) -> bool:
    if not pattern:
        return False
    texts = [identifier(name) for name, sql_type in columns.items() if sql_type == "VARCHAR"] + ["__line"]
    tests = " or ".join(f"coalesce(regexp_matches({name}, {literal(pattern)}), false)" for name in texts)
    return bool(connection.execute(f"select 1 from landed where {tests} limit 1").fetchone())


def _rewritten(rows: _Rows, everywhere: str, own: str) -> str:
    """The select of the rows without them, in the order and with the columns they had."""
    shown = []
    for name, sql_type in rows.columns.items():
        shown.append(f"{_column(rows, name, sql_type, everywhere, own)} as {identifier(name)}")
    for name in ROW_PLUMBING:
        if name == "__line" and everywhere:
            shown.append(f"case when regexp_matches(__line, {literal(everywhere)}) then {literal(ERASED)} else __line end as __line")
        else:
            shown.append(f"landed.{name}")
    return f"select {', '.join(shown)} from {rows.joined()} order by landed.__row_no"


def _column(rows: _Rows, name: str, sql_type: str, everywhere: str, own: str) -> str:
    cell = f"landed.{identifier(name)}"
    mine = [(number, role) for number, role in enumerate(rows.named) if column_key(name) in role.reads and role.about != "order"]
    kept = _cell(cell, sql_type, everywhere, own)
    cases = [
        case
        for number, role in mine
        if role.about in ("contact", "ref", "code", "email")
        for case in _replaced(rows, number, role, cell, sql_type)
    ]
    roles = rows.roles.of_column(name)
    if not cases and any(role.about == "order" for role in roles):
        return kept  # the orders of a day would be one order: what tells of somebody beside it is in columns of its own
    if not cases and {role.about for role in roles} & {"phone", "value", "text"}:
        held = column_key(name) in rows.roles.held and sql_type == "VARCHAR"
        empty = f"case when {cell} is not null then {literal(ERASED)} end" if held else f"cast(null as {sql_type})"
        # what is written where somebody is named may tell of them, whoever's row it is
        entities = {role.entity for role in roles if role.about == "text"}
        hit = [f"hits_{number}.__person is not null" for number, role in enumerate(rows.named) if role.entity in entities]
        cases = [f"when {' or '.join(['owners.__person is not null', *hit])} then {empty}"]
    elif not cases and column_key(name) not in rows.roles.read:
        cases = [f"when owners.__person is not null then cast(null as {sql_type})"]
    return f"case {' '.join(cases)} else {kept} end" if cases else kept


def _replaced(rows: _Rows, number: int, role: Role, cell: str, sql_type: str) -> list[str]:
    """The cases in which an identifier in a column is replaced: it is on the list, or it is that of a row's own person."""
    nobody = "concat('erased-', {0}, '@erased.invalid')"
    cases = []
    if role.about in ("contact", "ref", "code"):
        # the id without its name space: what the source's own column holds
        bare = f"ids_{number}.__replacement"
        if role.system:
            space = literal(f"{role.system}:")
            bare = f"case when starts_with({bare}, {space}) then substr({bare}, {len(role.system) + 2}) else {bare} end"
        cases.append(f"when ids_{number}.__replacement is not null then {_as(bare, sql_type)}")
    if role.about == "code":
        cases.append(f"when owners.__person is not null then cast(null as {sql_type})")
    if role.about in ("ref", "email"):
        cases.append(f"when hits_{number}.__person is not null then {_as(nobody.format(f'hits_{number}.__person'), sql_type)}")
        if role.owns:  # all contacts of a person keep an address in common: they stay one person; a contact's e-mail is one
            ids = [
                f"landed.__key_{each}" for each, other in enumerate(rows.named) if other.about == "contact" and other.entity == role.entity
            ]
            known = (
                f"({cell} is not null or coalesce({', '.join(ids)}, null) is not null)"
                if role.about == "email" and ids
                else f"contains(cast({cell} as varchar), '@')"
            )
            cases.append(f"when owners.__person is not null and {known} then {_as(nobody.format('owners.__person'), sql_type)}")
    return cases


def _as(value: str, sql_type: str) -> str:
    """A replacement in the type of its column; what has no place there is empty."""
    return value if sql_type == "VARCHAR" else f"try_cast({value} as {sql_type})"


def _cell(cell: str, sql_type: str, everywhere: str, own: str) -> str:
    """A cell that stays, without the words."""
    if sql_type != "VARCHAR" or not (everywhere or own):
        return cell
    kept = f"regexp_replace({cell}, {literal(everywhere)}, {literal(ERASED)}, 'g')" if everywhere else cell
    if own:
        kept = f"case when owners.__person is not null then regexp_replace({kept}, {literal(own)}, {literal(ERASED)}, 'g') else {kept} end"
    return kept
