"""SQL that means the same on every engine, and reads alike: rules over the text of a model."""

from __future__ import annotations

import re
from collections.abc import Callable

__all__ = ["RULES", "bare_sql", "problems"]

#: Functions of one engine, or that mean another thing on another engine: they live behind a macro in `macros/dialect/`.
ENGINE_FUNCTIONS = (
    "arg_max",
    "arg_min",
    "array_to_string",
    "cardinality",
    "date_add",
    "date_diff",
    "date_part",
    "date_sub",
    "datediff",
    "dayofweek",
    "day_of_week",
    "epoch",
    "epoch_ms",
    "explode",
    "filter",
    "first",
    "flatten",
    "format",
    "from_unixtime",
    "generate_series",
    "group_concat",
    "hash",
    "isodow",
    "json_extract",
    "json_extract_string",
    "last",
    "len",
    "list",
    "listagg",
    "log",
    "make_timestamp",
    "map",
    "months_between",
    "product",
    "printf",
    "quantile",
    "quantile_cont",
    "quantile_disc",
    "range",
    "read_csv",
    "read_parquet",
    "regexp_extract",
    "regexp_full_match",
    "regexp_matches",
    "regexp_replace",
    "row",
    "sequence",
    "sha256",
    "sha2",
    "string_agg",
    "strftime",
    "strptime",
    "to_date",
    "to_days",
    "to_months",
    "to_timestamp",
    "timezone",
    "transform",
    "try_strptime",
    "unnest",
    "week",
    "weekday",
    "xxhash64",
)
CLOCK = ("current_date", "current_timestamp", "current_time", "localtimestamp", "localtime")
CLOCK_FUNCTIONS = ("now", "today", "getdate", "sysdate", "get_current_timestamp", "transaction_timestamp")
FORBIDDEN = (
    "group by all",
    "order by all",
    "with recursive",
    "distinct on",
    "qualify",
    "asof join",
    "asof left join",
    "positional join",
    "pivot",
    "unpivot",
    "sample",
    "using sample",
    "ilike",
    "glob",
    "similar to",
)
KEYWORDS = (
    "SELECT",
    "FROM",
    "WHERE",
    "JOIN",
    "LEFT",
    "INNER",
    "GROUP",
    "ORDER",
    "BY",
    "WITH",
    "AS",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "UNION",
    "ALL",
    "AND",
    "OR",
    "NOT",
    "NULL",
    "OVER",
    "PARTITION",
    "HAVING",
    "CAST",
    "COALESCE",
    "SUM",
    "COUNT",
    "MIN",
    "MAX",
)


def bare_sql(text: str) -> str:
    """The SQL without comments, Jinja and literals, of the same line structure: a Jinja expression is the word `jinja_`, a literal `''`."""

    def blank(match: re.Match[str], instead: str = " ") -> str:
        return instead + "\n" * match.group().count("\n")

    text = re.sub(r"\{#.*?#\}", blank, text, flags=re.S)
    text = re.sub(r"\{%.*?%\}", blank, text, flags=re.S)
    text = re.sub(r"\{\{.*?\}\}", lambda match: blank(match, " jinja_ "), text, flags=re.S)
    text = re.sub(r"/\*.*?\*/", blank, text, flags=re.S)
    # literals before line comments: a literal may hold two dashes, a comment may hold an apostrophe
    return re.sub(r"'(?:[^']|'')*'|--[^\n]*", lambda match: "''" if match.group().startswith("'") else " ", text)


def _lines(sql: str, pattern: str, say: str) -> list[str]:
    return [
        f"line {sql[: match.start()].count(chr(10)) + 1}: {say.format(*match.groups())}" for match in re.finditer(pattern, sql, flags=re.I)
    ]


def _words(words: tuple[str, ...]) -> str:
    return "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in words)


def _inside(sql: str, start: int) -> str:
    """The text from `start` to the bracket that closes the one it stands in, or to the end."""
    depth = 0
    for position in range(start, len(sql)):
        depth += {"(": 1, ")": -1}.get(sql[position], 0)
        if depth < 0:
            return sql[start:position]
    return sql[start:]


def _top_level_parts(text: str) -> list[str]:
    parts, depth, begin = [], 0, 0
    for position, letter in enumerate(text):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            parts.append(text[begin:position])
            begin = position + 1
    return [*parts, text[begin:]]


def quoting(sql: str) -> list[str]:
    """A double-quoted word is an identifier here and a text on Spark."""
    return _lines(sql, r'"', "a double quote; identifiers are written bare")


def clock(sql: str) -> list[str]:
    """A model is a function of its batch set and its day."""
    return _lines(sql, rf"\b({_words(CLOCK)})\b", "{0}: the day is {{{{ as_of() }}}}") + _lines(
        sql, rf"\b({_words(CLOCK_FUNCTIONS)})\s*\(", "{0}(): the day is {{{{ as_of() }}}}"
    )


def forbidden(sql: str) -> list[str]:
    """Clauses that other engines lack."""
    found = _lines(sql, rf"\b({_words(FORBIDDEN)})\b", "{0} is not portable")
    found += _lines(sql, r"\b(exclude|replace)\s*\(\s*\w+\s*\)\s*(?:,|from)", "* {0} is not portable; list the columns")
    found += _lines(sql, r"//", "// is not portable; use floor of a division")
    found += _lines(sql, r"(?<![\w\])])\[", "a list literal is not portable")
    found += _lines(sql, r"->|\blambda\b", "a lambda is not portable")
    return found + _lines(sql, r"\\", "a backslash means another thing on another engine")


def functions(sql: str) -> list[str]:
    """Engine-specific functions belong to `macros/dialect/`."""
    found = _lines(sql, rf"(?<![\w.])({_words(ENGINE_FUNCTIONS)})\s*\((?!\s*where\b)", "{0}() belongs to macros/dialect/")
    return found + _lines(sql, r"(?<![\w.])((?:list|struct|map|json|regr)_\w+)\s*\(", "{0}() belongs to macros/dialect/")


def ordering(sql: str) -> list[str]:
    """Every ordering says where nulls go; a model itself is not ordered."""
    found = []
    for match in re.finditer(r"\border\s+by\b", sql, flags=re.I):
        line = sql[: match.start()].count("\n") + 1
        if sql[: match.start()].count("(") == sql[: match.start()].count(")"):
            found.append(f"line {line}: a model is not ordered")
            continue
        if re.search(r"within\s+group\s*\(\s*$", sql[: match.start()], flags=re.I):
            continue
        inside = re.split(r"\b(?:rows|range|groups)\s+between\b", _inside(sql, match.end()), flags=re.I)[0]
        for part in _top_level_parts(inside):
            if (
                part.strip()
                and not re.search(r"\bnulls\s+(?:first|last)\b", part, flags=re.I)
                and not re.fullmatch(r"\s*(?:jinja_\s*)+", part)
            ):
                found.append(f"line {line}: 'order by {part.strip()}' does not say nulls first or last")
    return found


def dates(sql: str) -> list[str]:
    """`date_trunc` gives a timestamp on one engine and a date on another."""
    return [
        f"line {sql[: match.start()].count(chr(10)) + 1}: date_trunc() is not cast to a date"
        for match in re.finditer(r"\bdate_trunc\s*\(", sql, flags=re.I)
        if not re.search(r"\bcast\s*\(\s*$", sql[: match.start()], flags=re.I)
    ]


def arithmetic(sql: str) -> list[str]:
    """A division by nothing is an error on one engine and null on another; a sum of booleans is an error on most."""
    found = _lines(sql, r"(?<!/)/(?!/)\s*(?!nullif\b|jinja_|\d|\(?\s*\d)(\S+)", "division by {0} without nullif")
    return found + _lines(sql, r"\b(?:sum|avg)\s*\(\s*((?:is|has)_\w+)\s*\)", "a sum over the boolean {0}; use count_if")


def letters(sql: str) -> list[str]:
    """Lower case, so that a difference is a difference."""
    return [
        f"line {sql[: match.start()].count(chr(10)) + 1}: {match.group()} is written in lower case"
        for match in re.finditer(rf"\b(?:{'|'.join(KEYWORDS)})\b", sql)
    ]


RULES: tuple[Callable[[str], list[str]], ...] = (quoting, clock, forbidden, functions, ordering, dates, arithmetic, letters)


def problems(text: str) -> list[str]:
    """Everything the rules find in the text of a model or macro."""
    sql = bare_sql(text)
    return [problem for rule in RULES for problem in rule(sql)]
