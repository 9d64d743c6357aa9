"""The portability rules, over every model, macro and singular test; and each rule on a line that breaks it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.structure.project import ROOT, files
from tests.structure.sql_rules import RULES, bare_sql, problems

MODELS = files("dbt_project/models", "*.sql", at_least=40)
MACROS = [path for path in files("dbt_project/macros", "*.sql", at_least=5) if "dialect" not in path.parts and path.name != "dialect.sql"]
TESTS = sorted((ROOT / "dbt_project/tests").rglob("*.sql"))


@pytest.mark.parametrize("path", [*MODELS, *MACROS, *TESTS], ids=lambda path: str(path.relative_to(ROOT / "dbt_project")))
def test_sql_means_the_same_everywhere(path: Path) -> None:
    assert problems(path.read_text(encoding="utf-8")) == []


GOOD = """
{#- the clock's now() in a comment, "quoted" -#}
-- grain: person; it's fine to say current_date here
with
people as (
    select * from {{ ref('int_people') }}
)
select
    person_id,
    cast(date_trunc('month', first_on) as date) as first_month,
    revenue / nullif(orders, 0) as mean_amount,
    revenue / 100 as hundredths,
    'a "text" -- with // everything [1] \\n'' now()' as label,
    count(*) filter (where is_open) as open_count,
    row_number() over (partition by person_id order by at_on desc nulls last, order_id nulls last) as rank,
    sum(amount) over (order by at_on nulls first rows between 3 preceding and current row) as running,
    percentile_cont(0.5) within group (order by amount) as middle,
    {{ days_between('a', 'b') }} / {{ setting('cohorts_age_days') }} as age
from people
""".replace("\\n", "")


def test_good_sql_passes() -> None:
    assert problems(GOOD) == []


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        ("quoting", 'select "person" from x'),
        ("clock", "select current_date from x"),
        ("clock", "select now() from x"),
        ("clock", "where at < Today()"),
        ("forbidden", "group by  all"),
        ("forbidden", "with recursive tree as (select 1)"),
        ("forbidden", "select distinct on (a) a"),
        ("forbidden", "qualify x = 1"),
        ("forbidden", "select * exclude (a) from x"),
        ("forbidden", "a // 2"),
        ("forbidden", "select [1, 2]"),
        ("forbidden", "from a asof join b"),
        ("forbidden", "f(x -> x)"),
        ("forbidden", "select a\\b"),
        ("functions", "strftime(a, b)"),
        ("functions", "list_transform(a, b)"),
        ("functions", "select unnest(a)"),
        ("functions", "date_diff(a, b, c)"),
        ("functions", "regexp_replace(a, b, c)"),
        ("functions", "first(a)"),
        ("functions", "struct_pack(a)"),
        ("functions", "log(a)"),
        ("functions", "timezone(a, b)"),
        ("ordering", "row_number() over (order by a)"),
        ("ordering", "row_number() over (order by a nulls last, b)"),
        ("ordering", "select a from x order by a nulls last"),
        ("ordering", "array_agg(a order by f(a, b) desc)"),
        ("dates", "date_trunc('month', a)"),
        ("dates", "cast(a as date) = date_trunc('month', a)"),
        ("arithmetic", "a / b"),
        ("arithmetic", "a / (b + c)"),
        ("arithmetic", "sum(is_open)"),
        ("letters", "SELECT a"),
        ("letters", "a AS b"),
    ],
)
def test_each_rule_finds_its_line(rule: str, line: str) -> None:
    """The line breaks this rule and no other."""
    sql = bare_sql(f"-- head\n{line}\n")
    found = {each.__name__: each(sql) for each in RULES}
    assert {name for name, lines in found.items() if lines} == {rule}
    assert all(problem.startswith("line 2: ") for problem in found[rule])


def test_rules_see_through_jinja_but_not_into_it() -> None:
    assert problems('{% if x %}\nselect {{ f("now()") }}, current_date\n{% endif %}') == ["line 2: current_date: the day is {{ as_of() }}"]
